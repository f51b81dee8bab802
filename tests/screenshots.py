"""Take pictures of the app.

    python -m tests.screenshots                # those of the README and the documentation
    python -m tests.screenshots --all FOLDER   # every page on five screens, light and dark

The second also runs axe-core on each, prints what it finds, and fails if it finds anything.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.driver import (
    PHONE,
    PLOTS,
    ROOT,
    App,
    canvas,
    chromium,
    draw,
    network,
    open_page,
    retrain,
    serve,
    touch,
    wait_for,
    wait_for_digit,
    wait_for_number,
    wait_until_drawn,
)
from tests.digits import DIGITS, on_canvas

DOCS = ROOT / "docs"
DESKTOP = {"viewport": {"width": 1100, "height": 720}}
LOOKS = {
    "light": DESKTOP,
    "dark": DESKTOP | {"color_scheme": "dark"},
    "phone": PHONE,
}
TALL = 1400
"""The height in pixels of what is shown of a longer page; on a phone it is as high as a phone."""

SCREENS = {
    "laptop": (1280, 900),
    "projector": (1920, 1080),
    "tablet": (820, 1180),
    "phone": (390, 664),
    "phone-on-its-side": (844, 390),
}
"""Widths and heights in pixels. All but the first two have touch screens."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Take pictures of the app.")
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="of every page and screen")
    folder = parser.parse_args().all
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        if folder is None:
            take_for_docs(browser, app)
            return 0
        folder.mkdir(parents=True, exist_ok=True)
        found = [line for page in take_all(browser, app, folder) for line in page]
    print("\n".join(found) or "axe-core finds nothing.")
    return 1 if found else 0


def take_all(browser: Browser, app: App, folder: Path) -> Iterator[list[str]]:
    """Take each page on each screen, light and dark. Gives what axe-core finds on each."""
    for screen, (width, height) in SCREENS.items():
        touches = screen not in ("laptop", "projector")
        for scheme in ("light", "dark"):
            page = open_page(
                browser,
                app,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                has_touch=touches,
                is_mobile=touches,
            )
            for title in PLOTS:
                name = f"{title.lower()}-{screen}-{scheme}"
                if title == "Draw":
                    page.screenshot(path=folder / f"empty-{screen}-{scheme}.png")
                    read(page, touch if touches else draw, 4)
                else:
                    page.goto(f"{app.url}/{title.lower()}")
                    wait_until_drawn(page, title)
                    time.sleep(1)
                page.screenshot(path=folder / f"{name}.png")
                yield [f"{name}: {rule['id']} {rule['help']}" for rule in violations(page)]
            page.context.close()


def violations(page: Page) -> list[dict]:
    return Axe().run(page).response["violations"]


def take_for_docs(browser: Browser, app: App) -> None:
    DOCS.mkdir(exist_ok=True)
    pages = {look: open_page(browser, app, **context) for look, context in LOOKS.items()}
    for (look, page), digit in zip(pages.items(), (7, 5, 3), strict=True):
        page.get_by_role("button", name="Skip").click()
        read(page, touch if look == "phone" else draw, digit)
        page.screenshot(path=DOCS / f"draw-{look}.png")
        if look != "phone":
            page.set_viewport_size(DESKTOP["viewport"] | {"height": TALL})
    take_number(browser, app)
    retrain(pages["light"], "mine", epochs=5)
    network(pages["light"], "mine").wait_for(timeout=120_000)
    for name in ("train", "data", "evaluate"):
        for look, page in pages.items():
            page.goto(f"{app.url}/{name}")
            wait_until_drawn(page, name.capitalize())
            time.sleep(1)
            page.screenshot(path=DOCS / f"{name}-{look}.png")
    take_study(browser, app)


def take_study(browser: Browser, app: App) -> None:
    """A study of thirty trials on the bundled sample, once it has ended."""
    page = open_page(browser, app, **LOOKS["light"])
    page.set_viewport_size(DESKTOP["viewport"] | {"height": TALL})
    page.goto(f"{app.url}/tune?recipe=mlp-128&data=sample")
    page.locator(".st-key-start_study button").click()
    page.get_by_text("30 of 30 trials have ended").wait_for(timeout=900_000)
    page.locator(".st-key-study_importances .main-svg").first.wait_for()
    page.locator(".st-key-close button").click()
    page.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    page.mouse.move(1, 1)
    time.sleep(1)
    page.screenshot(path=DOCS / "tune-light.png")
    page.context.close()


def take_number(browser: Browser, app: App) -> None:
    """A number on the wide canvas, and one in a picture."""
    page = open_page(browser, app, **LOOKS["light"])
    page.get_by_role("button", name="Skip").click()
    page.locator(".st-key-wide label").click()
    wait_for(lambda: canvas(page).evaluate("canvas => canvas.width > 2 * canvas.height"))
    draw(page, on_canvas("2026", 40, sides=3))
    wait_for_number(page, "2026")
    wait_for(lambda: bars_stand(page))
    page.screenshot(path=DOCS / "number-light.png")
    page.get_by_role("tab", name="Picture").click()
    page.get_by_role("button", name="A number on squared paper").click()
    page.locator(".st-key-frame img").wait_for()
    wait_for_number(page, "2026")
    wait_for(lambda: bars_stand(page))
    page.screenshot(path=DOCS / "picture-light.png")
    page.context.close()


def bars_stand(page: Page) -> bool:
    """Whether Plotly has drawn the bars of an answer."""
    plot = page.locator(".st-key-probabilities .plot")
    return bool(plot.evaluate("plot => Math.max(...plot.data[0].y) > 50"))


def read(page: Page, pen: Callable, digit: int) -> None:
    """Draw a digit, and wait until the page has told all that it has to tell."""
    pen(page, DIGITS[digit])
    wait_for_digit(page)
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    page.mouse.move(1, 1)
    time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
