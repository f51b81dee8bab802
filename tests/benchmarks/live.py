"""What the live socket brings, in a real browser: python -m tests.benchmarks.live [DRAWINGS]

Draws DRAWINGS (40) digits in the app, and as many in the app without the socket, by turns. Prints a
JSON object, for both: milliseconds from the pen's lift to the answer in the page, and to the answer
painted (median and 95th percentile); of the strokes longer than half a second, how many answers
came a second while the pen was down, and the median milliseconds from the pen's press to the first
one painted; the server's share of a core while one person draws.
"""

import json
import re
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page

from tests.benchmarks.page import WATCH, summary
from tests.browser.driver import App, canvas, chromium, clear, draw, serve, wait_for_digit
from tests.digits import DIGITS

LONG = 500
"""Milliseconds of a stroke in which answers are counted."""


@dataclass
class Figures:
    """What was noted of the drawings on one page."""

    strokes: list[dict] = field(default_factory=list)
    lifted: list[dict] = field(default_factory=list)
    cpu: float = 0
    seconds: float = 0

    def add(self, strokes: list[dict], cpu: float, seconds: float) -> None:
        self.strokes += strokes
        self.lifted.append(strokes[-1])
        self.cpu += cpu
        self.seconds += seconds

    def summary(self) -> dict:
        long = [stroke for stroke in self.strokes if stroke["up"] - stroke["down"] > LONG]
        down = sum(stroke["up"] - stroke["down"] for stroke in long) / 1000
        waits = [stroke["first"] - stroke["down"] for stroke in long if "first" in stroke]
        return {
            "lift_to_answer_ms": summary([last["answered"] - last["up"] for last in self.lifted]),
            "lift_to_painted_ms": summary([last["final"] - last["up"] for last in self.lifted]),
            "answers_per_s_of_stroke": round(sum(s.get("answers", 0) for s in long) / down, 1),
            "press_to_first_painted_ms": round(statistics.median(waits)) if waits else None,
            "server_cores": round(self.cpu / self.seconds, 3),
        }


def main() -> None:
    drawings = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with chromium() as browser, ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        apps = {way: stack.enter_context(serve(home)) for way in ("socket", "reruns")}
        pages = {way: open_one(browser, app, way) for way, app in apps.items()}
        figures = {way: Figures() for way in pages}
        for number in range(drawings):
            for way, page in pages.items():
                figures[way].add(*time_drawing(page, apps[way], number % 10))
    print(json.dumps({way: each.summary() for way, each in figures.items()}, indent=1))


def open_one(browser: Browser, app: App, way: str) -> Page:
    """A page whose live socket is blocked if it is to work by reruns."""
    page = browser.new_context().new_page()
    if way == "reruns":
        page.route_web_socket(re.compile("/live$"), lambda socket: socket.close(code=1011))
    page.goto(app.url)
    canvas(page).wait_for()
    page.evaluate(WATCH)
    draw(page, DIGITS[7])
    wait_for_digit(page)
    return page


def time_drawing(page: Page, app: App, digit: int) -> tuple[list[dict], float, float]:
    """Draw once. Gives what was noted of each stroke, and the drawing's CPU and wall seconds."""
    clear(page)
    time.sleep(0.5)
    page.evaluate("() => { strokes.length = 0; }")
    server = psutil.Process(app.process.pid)
    cpu, start = sum(server.cpu_times()[:2]), time.monotonic()
    draw(page, DIGITS[digit])
    wait_for_digit(page)
    time.sleep(0.5)
    used, seconds = sum(server.cpu_times()[:2]) - cpu, time.monotonic() - start
    return page.evaluate("strokes"), used, seconds


if __name__ == "__main__":
    main()
