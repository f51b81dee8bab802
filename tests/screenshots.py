"""Take the README's pictures of the app: python -m tests.screenshots"""

import tempfile
import time
from pathlib import Path

from tests.browser import ROOT, chromium, draw, open_page, serve, touch, wait_for_digit
from tests.digits import DIGITS

DOCS = ROOT / "docs"
DESKTOP = {"viewport": {"width": 1100, "height": 640}}
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}


def main() -> None:
    DOCS.mkdir(exist_ok=True)
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        for name, pen, digit, context in (
            ("light", draw, 7, DESKTOP),
            ("dark", draw, 5, DESKTOP | {"color_scheme": "dark"}),
            ("phone", touch, 3, PHONE),
        ):
            page = open_page(browser, app, **context)
            pen(page, DIGITS[digit])
            wait_for_digit(page)
            page.locator(".st-key-probabilities .bars").wait_for(state="attached")
            page.mouse.move(1, 1)
            time.sleep(1)
            page.screenshot(path=DOCS / f"draw-{name}.png")
            page.context.close()


if __name__ == "__main__":
    main()
