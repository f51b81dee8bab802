"""Take the README's pictures of the app: python -m tests.screenshots"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import (
    PHONE,
    ROOT,
    chromium,
    draw,
    open_page,
    retrain,
    serve,
    touch,
    wait_for_digit,
)
from tests.digits import DIGITS

DOCS = ROOT / "docs"
DESKTOP = {"viewport": {"width": 1100, "height": 690}}
TALL = {"viewport": {"width": 1100, "height": 960}}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        for name, pen, digit, context in (
            ("light", draw, 7, DESKTOP),
            ("dark", draw, 5, DESKTOP | {"color_scheme": "dark"}),
            ("phone", touch, 3, PHONE),
        ):
            page = open_page(browser, app, **context)
            read(page, pen, digit)
            page.screenshot(path=DOCS / f"draw-{name}.png")
            page.context.close()
        pages = {
            "light": open_page(browser, app, **TALL),
            "dark": open_page(browser, app, **TALL | {"color_scheme": "dark"}),
            "phone": open_page(browser, app, **PHONE),
        }
        for name, page in pages.items():
            read(page, touch if name == "phone" else draw, 3)
        retrain(pages["light"], "mine", epochs=5)
        pages["light"].get_by_text("Epoch 5 of 5").wait_for(timeout=120_000)
        for name, page in pages.items():
            page.locator(".st-key-training").scroll_into_view_if_needed()
            page.screenshot(path=DOCS / f"train-{name}.png")


def read(page: Page, pen: Callable, digit: int) -> None:
    """Draw a digit, and wait until the page has told all that it has to tell."""
    pen(page, DIGITS[digit])
    wait_for_digit(page)
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    page.mouse.move(1, 1)
    time.sleep(1)


if __name__ == "__main__":
    main()
