"""Film a hand that draws and the bars that follow, for the README: python -m tests.film"""

import io
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from tests.browser.driver import (
    ROOT,
    aim,
    chromium,
    clear,
    coarse,
    on_screen,
    open_settled,
    serve,
    wait_for_digit,
)
from tests.digits import DIGITS

FILM = ROOT / "docs" / "drawing.gif"
SCREEN = {"width": 1280, "height": 800}
WIDTH = 1120
"""Of the film, in pixels: about what a README shows, and small enough to load at once."""

FRAME = 80
"""Milliseconds that a frame is shown. A GIF counts in hundredths of a second."""

PACE = 20
"""Canvas pixels that the pen moves in a frame: 250 in a second, as a hand does."""

HOLD, PAUSE = 1400, 500
"""Milliseconds for which an answer and an empty canvas are shown."""

SHOWN = (7, 3, 5)

Colour = tuple[int, ...]

MOST = 1_500_000
"""Bytes: a README loads it on every visit."""

PEN = """
() => {
  const pen = document.createElement("div");
  pen.id = "pen";
  pen.innerHTML = `<svg width="64" height="64" viewBox="0 0 24 24">
    <path d="M1 23l2-7L16 3a3 3 0 0 1 5 5L8 21z" fill="#fbbf24" stroke="#1f2937"/>
    <path d="M1 23l2-7 5 5z" fill="#1f2937"/></svg>`;
  pen.style = "position:fixed;z-index:1000000;pointer-events:none;transform:translate(-3px,-61px)";
  document.body.append(pen);
}
"""
"""A pen, as a screenshot does not hold the mouse pointer."""

MOVE = """
async ([x, y]) => {
  Object.assign(document.getElementById("pen").style, { left: `${x}px`, top: `${y}px` });
  await new Promise((done) => setTimeout(done, 120));
}
"""
"""Moves the pen, and waits as long as the bars take to stand still."""


def main() -> None:
    for name in ("DIGITCANVAS_PEN", "DIGITCANVAS_UNIPEN"):
        os.environ.pop(name, None)  # what newcomers see, who have no pen drawings
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        frames = list(film(open_settled(browser, app, viewport=SCREEN)))
    write(frames)
    print(f"{FILM.relative_to(ROOT)}: {len(frames)} frames, {FILM.stat().st_size / 1000:.0f} kB")


def film(page: Page) -> Iterator[tuple[Image.Image, int]]:
    """The frames, each with the milliseconds that it is shown."""
    page.locator(".tour .skip").click()
    page.evaluate(PEN)
    for digit in SHOWN:
        place = aim(page, *DIGITS[digit][0][0])
        for stroke in DIGITS[digit]:
            for number, point in enumerate(coarse(stroke, PACE)):
                spot = place(*point)
                page.mouse.move(*spot)
                if number == 0:
                    page.mouse.down()
                page.evaluate(MOVE, spot)
                yield shoot(page), FRAME
            page.mouse.up()
        wait_for_digit(page)
        page.evaluate(MOVE, on_screen(page)(250, 250))
        yield shoot(page), HOLD
        clear(page)
        page.mouse.move(*on_screen(page)(250, 250))
        page.evaluate(MOVE, on_screen(page)(250, 250))
        yield shoot(page), PAUSE


def shoot(page: Page) -> Image.Image:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    size = WIDTH, round(WIDTH * picture.height / picture.width)
    return picture.resize(size, Image.Resampling.LANCZOS)


def write(frames: list[tuple[Image.Image, int]]) -> None:
    """Write a GIF that loops, in the colours that the frames hold most of.

    Raises ValueError if it is larger than MOST.
    """
    pictures, durations = zip(*frames, strict=True)
    colours = Image.new("P", (1, 1))
    colours.putpalette([part for colour in most_common(pictures) for part in colour])
    first, *others = [
        picture.quantize(palette=colours, dither=Image.Dither.NONE) for picture in pictures
    ]
    first.save(FILM, save_all=True, append_images=others, duration=durations, loop=0, optimize=True)
    if FILM.stat().st_size > MOST:
        raise ValueError(f"{FILM} is larger than {MOST / 1e6} MB: film less, or smaller.")


def most_common(pictures: Sequence[Image.Image]) -> list[Colour]:
    """The most common 256 colours that Pillow tells apart: it compares the upper five bits."""
    counts: Counter[Colour] = Counter()
    for picture in pictures:
        counts.update({colour: count for count, colour in picture.getcolors(1 << 24)})
    chosen: dict[Colour, Colour] = {}
    for colour, _ in counts.most_common():
        chosen.setdefault(tuple(part >> 3 for part in colour), colour)
    return list(chosen.values())[:256]


if __name__ == "__main__":
    main()
