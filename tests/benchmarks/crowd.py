"""A crowd that draws at once: python -m tests.benchmarks.crowd [PEOPLE] [--training] [--no-browser]

PEOPLE (10) draw on one server for a minute (`--seconds`), after all have come and have drawn a
digit: one in a real browser (or none), the others as clients that send what a browser would, but
load no files (people.py). With `--training`, a network learns meanwhile. Then all leave, and the
server is ended. Prints a JSON object:

- digits: how many the clients drew;
- lift_to_answer_ms, touch_to_answer_ms: from the last lift of a digit, and from its touch, to the
  answer at the clients (median and 95th percentile); answers_while_drawing_per_s: from a digit's
  touch to its last lift;
- lift_to_painted_ms: in the browser;
- answers_per_s to all, server_cores, server_ms_per_answer (the process' seconds over its answers),
  and client_cores, which ought to be small;
- arrival_s: from a client's coming to the end of the page's first run;
- digit_kb: what a digit takes down and up;
- memory_mb, threads: the server's before, at the peak, and after;
- turned_away: pages that the server put off; late: live sockets for which a browser would not wait;
  news: messages about what concerns everybody, at the clients;
- recovered_s: from everybody's leaving until the server is idle and answers; stopped_s: from
  SIGTERM to its end;
- errors, misread: what went wrong, and answers that were not the digit drawn.

Exits with 1 if there are any of these two.
"""

import argparse
import json
import math
import multiprocessing
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Error, Page, WebSocket
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from digitcanvas.runs.recipes import TITLES
from tests.benchmarks import people
from tests.benchmarks.page import WATCH
from tests.benchmarks.people import Notes
from tests.browser import driver
from tests.digits import DIGITS

ONE_STROKE = [digit for digit, strokes in DIGITS.items() if len(strokes) == 1]
"""What the browser draws: with other digits, an earlier lift's answer could be what is painted."""

RATE, SPREAD = 20, 10
"""So many people come in a second; but all come within so many seconds."""

READY = 40
"""Seconds after which the measurement begins, even if some have not drawn yet."""

PER_PROCESS = 400
"""Clients in a process, at most: so many take it 0.4 of a core."""

IDLE = 0.05
"""Of a core: what an idle server uses at most."""

RECOVERY, END = 120, 30
"""Seconds in which the server recovers; and in which it ends."""


class Watch:
    """The server's memory and threads, sampled, and its use of the processor."""

    def __init__(self, app: driver.App) -> None:
        self.app, self.process = app, psutil.Process(app.process.pid)
        self.before = self.peak = self.after = (app.memory(), self.process.num_threads())

    def sample(self) -> None:
        self.after = self.app.memory(), self.process.num_threads()
        self.peak = max(self.peak[0], self.after[0]), max(self.peak[1], self.after[1])

    def cpu(self) -> float:
        """Seconds of CPU until now, without those of a training."""
        return sum(self.process.cpu_times()[:2])

    @contextmanager
    def sampling(self) -> Iterator[None]:
        stop = threading.Event()

        def sample() -> None:
            while not stop.wait(0.5):
                self.sample()

        thread = threading.Thread(target=sample)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


class Crowd:
    """The clients, in as many processes as they need."""

    def __init__(self, url: str, count: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.count, self.leave = count, context.Event()
        spread = min(SPREAD, count / RATE)
        self.drawn, self.pipes, self.processes = [], [], []
        shares = math.ceil(count / PER_PROCESS)
        for share in range(shares):
            ours, theirs = context.Pipe(duplex=False)
            self.drawn.append(context.Value("i", 0))
            self.pipes.append(ours)
            numbers = range(share, count, shares)
            options = url, numbers, spread, self.leave, self.drawn[-1], theirs
            process = context.Process(target=people.draw_together, args=options, daemon=True)
            process.start()
            theirs.close()
            self.processes.append(process)

    def wait(self) -> None:
        """Wait until all have come and have drawn a digit, or a while longer than that takes."""
        with suppress(TimeoutError):
            driver.wait_for(lambda: sum(drawn.value for drawn in self.drawn) == self.count, READY)

    def cpu(self) -> float:
        """Seconds of CPU until now."""
        return sum(sum(psutil.Process(p.pid).cpu_times()[:2]) for p in self.processes)

    def end(self) -> Notes:
        """All leave. Gives what they noted."""
        self.leave.set()
        notes = Notes()
        for pipe in self.pipes:
            notes.add(pipe.recv())
        for process in self.processes:
            process.join()
        return notes


class Painter:
    """The one with a real browser."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 1000})
        self.errors: list[str] = []
        self.answers = 0
        self.painted: list[float] = []
        self.misread: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(f"browser: {error}"))
        self.page.on("websocket", self._listen)
        self.page.goto(url)
        driver.canvas(self.page).wait_for()
        self.page.evaluate(WATCH)

    def _listen(self, socket: WebSocket) -> None:
        if socket.url.endswith("/live"):
            socket.on("framereceived", self._count)

    def _count(self, text: str) -> None:
        self.answers += '"turn"' in text

    def draw(self, end: float) -> None:
        """Draw digits, the first at once, until `time.monotonic()` is past the end."""
        for digit in cycle(ONE_STROKE):
            try:
                self._draw(digit)
            except Error as error:  # whatever it was, a person would draw on
                self.errors.append(f"browser: {error}")
            if time.monotonic() > end:
                return

    def _draw(self, digit: int) -> None:
        driver.draw(self.page, DIGITS[digit])
        driver.wait_for_digit(self.page)
        self.page.wait_for_timeout(people.PAUSE * 1000)
        stroke, words = self.page.evaluate("strokes.at(-1)"), driver.answer(self.page)
        driver.clear(self.page)
        self.painted.append(stroke["final"] - stroke["up"])
        if not words.startswith(str(digit)):
            self.misread.append(f"browser, {digit}: {words}")


def train(page: Page) -> None:
    """Start a training that lasts, and wait until it learns."""
    driver.choose(page, "recipe", TITLES["quick"])
    driver.open_settings(page)
    page.wait_for_timeout(1000)
    page.locator(".st-key-epochs input").fill("100")
    page.locator(".st-key-epochs input").press("Enter")
    page.wait_for_timeout(1000)
    driver.press(page, "retrain")
    page.get_by_text("Epoch 1 of 100").wait_for(timeout=120_000)


def is_well(url: str) -> bool:
    """Whether the server answers a question about its health, and a newcomer's tap."""
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=0.5):
            pass
        began = time.monotonic()
        with connect(url.replace("http", "ws", 1) + "/live", open_timeout=0.5, proxy=None) as live:
            live.send(f'{{"turn":1,{people.OPTIONS}"from":[0,0],"points":[[9,9]],"widths":[9]}}')
            while '"answers"' not in live.recv(timeout=0.5):
                pass
        return time.monotonic() - began < 0.5
    except (OSError, WebSocketException):
        return False


def recover(watch: Watch) -> float | None:
    """Seconds until the server is idle for a second and answers; None if that takes too long."""
    began = time.monotonic()
    while (since := time.monotonic()) - began < RECOVERY:
        used = watch.cpu()
        time.sleep(1)
        if watch.cpu() - used < IDLE * (time.monotonic() - since) and is_well(watch.app.url):
            return round(since - began, 1)
    return None


def stop(app: driver.App) -> float | None:
    """Seconds from SIGTERM until the server is gone; None if it is killed in the end."""
    began = time.monotonic()
    app.process.terminate()
    try:
        app.process.wait(END)
    except subprocess.TimeoutExpired:
        app.process.kill()
        return None
    return round(time.monotonic() - began, 1)


def summary(values: Sequence[float]) -> dict[str, float] | None:
    if len(values) < 2:
        return None
    p95 = statistics.quantiles(values, n=20, method="inclusive")[-1]
    return {"median": round(statistics.median(values), 1), "p95": round(p95, 1)}


def measure(app: driver.App, painter: Painter | None, options: argparse.Namespace) -> dict:
    """The figures, with the errors and the misread digits in words."""
    if painter:
        painter.draw(end=0)
        painter.painted.clear()
    else:
        first = Crowd(app.url, 1)
        first.wait()
        first.end()
    watch = Watch(app)
    crowd = Crowd(app.url, options.people - bool(painter))

    def so_far() -> tuple[float, ...]:
        return time.monotonic(), watch.cpu(), crowd.cpu(), painter.answers if painter else 0

    with watch.sampling():
        crowd.wait()
        before = so_far()
        if painter:
            painter.draw(before[0] + options.seconds)
        time.sleep(max(0, before[0] + options.seconds - time.monotonic()))
        after = so_far()
        if painter:
            painter.page.context.close()
        notes = crowd.end()
        recovered = recover(watch)
    stopped = stop(app)
    seconds, used, own, painted = (b - a for a, b in zip(before, after, strict=True))
    answers = painted + sum(before[0] < when < after[0] for when in notes.answers)
    digits = [digit for digit in notes.digits if before[0] < digit.answered < after[0]]
    memory, threads = zip(watch.before, watch.peak, watch.after, strict=True)
    errors = notes.errors + (painter.errors if painter else [])
    errors += [] if recovered is not None else [f"The server did not recover in {RECOVERY} s."]
    errors += [] if stopped is not None else [f"The server did not stop in {END} s."]
    return {
        "digits": len(digits),
        "lift_to_answer_ms": summary([digit.waited for digit in digits]),
        "touch_to_answer_ms": summary([digit.first for digit in digits]),
        "answers_while_drawing_per_s": summary([digit.rate for digit in digits]),
        "lift_to_painted_ms": summary(painter.painted) if painter else None,
        "answers_per_s": round(answers / seconds, 1),
        "server_cores": round(used / seconds, 2),
        "server_ms_per_answer": round(1000 * used / answers, 2) if answers else None,
        "client_cores": round(own / seconds, 2),
        "arrival_s": summary(notes.arrivals),
        "digit_kb": {
            way: summary([getattr(digit, way) / 1000 for digit in digits]) for way in ("down", "up")
        },
        "memory_mb": [round(mb) for mb in memory],
        "threads": threads,
        "turned_away": notes.turned_away,
        "late": notes.late,
        "news": notes.news,
        "recovered_s": recovered,
        "stopped_s": stopped,
        "errors": errors,
        "misread": notes.misread + (painter.misread if painter else []),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("people", type=int, nargs="?", default=10)
    parser.add_argument("--training", action="store_true", help="train a network meanwhile")
    parser.add_argument("--seconds", type=float, default=60, help="of drawing (60)")
    parser.add_argument("--no-browser", action="store_true", help="clients only")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each client has two sockets
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        app = stack.enter_context(driver.serve(home))
        painter = None
        if options.training or not options.no_browser:
            browser = stack.enter_context(driver.chromium())
            painter = Painter(browser, app.url)
            if options.training:
                train(painter.page)
        if options.no_browser and painter:
            painter.page.close()
            painter = None
        figures = measure(app, painter, options)
    for name in ("errors", "misread"):
        for words in figures[name]:
            print(words, file=sys.stderr)
        figures[name] = len(figures[name])
    print(json.dumps({"people": options.people} | figures, indent=1))
    sys.exit(bool(figures["errors"] or figures["misread"]))


if __name__ == "__main__":
    main()
