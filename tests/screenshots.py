"""Take the README's pictures of the app: python -m tests.screenshots"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.driver import (
    PHONE,
    ROOT,
    chromium,
    draw,
    open_page,
    retrain,
    serve,
    touch,
    wait_for_digit,
    wait_until_drawn,
)
from tests.digits import DIGITS

DOCS = ROOT / "docs"
DESKTOP = {"viewport": {"width": 1100, "height": 720}}
LOOKS = {
    "light": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE,
}
TALL = 1400
"""The height in pixels of what is shown of a longer page; on a phone it is as high as a phone."""


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        pages = {look: open_page(browser, app, **context) for look, context in LOOKS.items()}
        for (look, page), digit in zip(pages.items(), (7, 5, 3), strict=True):
            read(page, touch if look == "phone" else draw, digit)
            page.screenshot(path=DOCS / f"draw-{look}.png")
            if look != "phone":
                page.set_viewport_size(DESKTOP["viewport"] | {"height": TALL})
        retrain(pages["light"], "mine", epochs=5)
        pages["light"].get_by_text("Epoch 5 of 5").wait_for(timeout=120_000)
        for name in ("train", "data", "evaluate"):
            for look, page in pages.items():
                page.goto(f"{app.url}/{name}")
                wait_until_drawn(page, name.capitalize())
                time.sleep(1)
                page.screenshot(path=DOCS / f"{name}-{look}.png")


def read(page: Page, pen: Callable, digit: int) -> None:
    """Draw a digit, and wait until the page has told all that it has to tell."""
    pen(page, DIGITS[digit])
    wait_for_digit(page)
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    page.mouse.move(1, 1)
    time.sleep(1)


if __name__ == "__main__":
    main()
