"""What reading along brings, in a real browser: python -m tests.benchmarks.live

Draws 20 digits in the app, and 20 in the app without the canvas' companion, by turns. Prints a JSON
object, for both: milliseconds from the pen's lift to the painted answer to the whole drawing
(median and 95th percentile); of the strokes longer than half a second, how many were answered while
the pen was down, and the median milliseconds from the pen's press to that answer; the server's
share of a core while one person draws. Then draws 200 more in each, which takes a while, and prints
in how many the canvas committed the same strokes.
"""

import json
import statistics
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Page

from digitcanvas.drawing.fabric import strokes_from_canvas
from tests.benchmarks.page import WATCH, summary
from tests.browser.driver import (
    WITHOUT_COMPANION,
    App,
    chromium,
    clear,
    draw,
    open_watched,
    serve,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

TIMED, DRAWN = 20, 200
LONG = 500
"""Milliseconds of a stroke in which a first answer is expected."""


def main() -> None:
    with chromium() as browser, ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        scripts = {"with": "streamlit_app.py", "without": WITHOUT_COMPANION}
        apps = {name: stack.enter_context(serve(Path(home), s)) for name, s in scripts.items()}
        pages = {name: open_watched(browser, app) for name, app in apps.items()}
        for page in pages.values():
            page.evaluate(WATCH)
        figures = {name: Figures() for name in pages}
        for number in range(TIMED):
            for name, page in pages.items():
                figures[name].add(*time_drawing(page, apps[name], DIGITS[number % 10]))
        result = {name: each.summary() for name, each in figures.items()}
        print(json.dumps(result, indent=1), flush=True)
        same = 0
        for number in range(DRAWN):
            one, other = (_committed(page, DIGITS[number % 10]) for page in pages.values())
            same += one == other
    print(json.dumps({"drawn": DRAWN, "committed_the_same": same}))


class Figures:
    def __init__(self) -> None:
        self.strokes, self.lifted, self.cpu, self.seconds = [], [], 0.0, 0.0

    def add(self, strokes: list[dict], cpu: float, seconds: float) -> None:
        self.strokes += strokes
        self.lifted.append(strokes[-1]["final"] - strokes[-1]["up"])
        self.cpu += cpu
        self.seconds += seconds

    def summary(self) -> dict:
        long = [stroke for stroke in self.strokes if stroke["up"] - stroke["down"] > LONG]
        waits = [stroke["first"] - stroke["down"] for stroke in long if "first" in stroke]
        return {
            "lift_to_painted_ms": summary(self.lifted),
            "long_strokes": len(long),
            "answered_while_down": len(waits),
            "press_to_first_answer_ms": round(statistics.median(waits)) if waits else None,
            "server_cores": round(self.cpu / self.seconds, 3),
        }


def time_drawing(page: Page, app: App, strokes: list[np.ndarray]) -> tuple[list, float, float]:
    """Draw once. Gives what happened to each stroke, and CPU and wall seconds of the drawing."""
    clear(page)
    time.sleep(0.5)
    page.evaluate("() => { strokes.length = 0; }")
    server = psutil.Process(app.process.pid)
    cpu, start = sum(server.cpu_times()[:2]), time.monotonic()
    draw(page, strokes)
    wait_for_digit(page)
    time.sleep(0.5)
    used, seconds = sum(server.cpu_times()[:2]) - cpu, time.monotonic() - start
    return page.evaluate("strokes"), used, seconds


def _committed(page: Page, strokes: list[np.ndarray]) -> list[list]:
    """What the canvas commits of a drawing, in the page's own pixels."""
    clear(page)
    page.sent.forget()
    draw(page, strokes)
    wait_for(partial(_told_of, page, len(strokes)))
    committed = strokes_from_canvas({"objects": page.sent.drawing()})
    return [stroke.tolist() for stroke in committed]


def _told_of(page: Page, strokes: int) -> bool:
    return len(page.sent.drawing()) == strokes


if __name__ == "__main__":
    main()
