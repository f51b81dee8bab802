"""How fast the page is, in a real browser: python -m tests.benchmarks.page

Prints a JSON object: seconds from `streamlit run` to a canvas that can be drawn on, and until a
second visitor has one, for the app and for a page with only a canvas and a text, by turns (medians
of 3); milliseconds from the pen's lift to the answer painted (median and 95th percentile of 20
drawings); the server's memory in MB, after 50 drawings and after the other pages; for each of these
the seconds from the press of its link to its last plot, the first time in the server's life and
again; and what the first load and a reload of a browser take over the wire, in MB and in HTTP
requests, by kind of file in kB.
"""

import base64
import json
import re
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.driver import (
    APP,
    App,
    canvas,
    chromium,
    clear,
    draw,
    open_page,
    serve,
    turn_to,
    wait_for_digit,
    wait_until_drawn,
)
from tests.digits import DIGITS

WATCH = """
() => {
  const strokes = (window.strokes = []);
  const last = () => strokes.at(-1) ?? {};
  const now = () => performance.now();
  addEventListener("pointerdown", () => strokes.push({ down: now() }), true);
  addEventListener("pointerup", () => { last().up = now(); }, true);
  const painted = (note) => requestAnimationFrame(() => requestAnimationFrame(note));
  new MutationObserver((changes) => {
    const answer = document.querySelector(".st-key-prediction");
    if (!/^\\d/.test(answer?.innerText ?? "")) return;
    const stroke = last();
    if (stroke.up && answer.classList.contains("pen-up")) {
      stroke.answered ??= now();
      painted(() => { stroke.final ??= now(); });
    } else if (!stroke.up && answer.classList.contains("pen-down")) {
      const isNew = changes.some(({ target }) => target.matches?.(".st-key-model_view img"));
      if (isNew) stroke.answers = (stroke.answers ?? 0) + 1;
      painted(() => { if (!stroke.up) stroke.first ??= now(); });
    }
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}
"""
"""Notes of each stroke: when the pen went down, when an answer was first painted while it was, and
how many were; when it was lifted, when the lasting answer was in the page, and when it was painted,
two frames later.
"""

KINDS = {
    "plotly": r"/plotly\.min\.js$",
    "canvas": r"/_stcore/bidi-components/",
    "ours": r"/digitcanvas/",
    "fonts": r"\.woff2$",
    "streamlit": r"/static/",
    "rest": r"^http",
}
"""The kinds of what is loaded over HTTP, each with a pattern: the first that fits an address."""


PLAIN = "tests/benchmarks/plain.py"


def main() -> None:
    with chromium() as browser:
        launched = launches(browser)
        with tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
            page = open_page(browser, app)
            page.evaluate(WATCH)
            lifted = time_drawings(page, 50)
            drawn = app.memory()
            titles = ["Data", "Train", "Evaluate", "Draw"]
            first_time, again = ([round(turn_to(page, title), 2) for title in titles] for _ in "12")
            opened = zip(first_time, again, strict=True)
            figures = {
                **launched,
                "lift_to_painted_ms": summary(lifted[-20:]),
                "memory_after_50_drawings_mb": round(drawn),
                "memory_after_all_pages_mb": round(app.memory()),
                "page_opened_s": dict(zip(titles, opened, strict=True)),
                **loads(browser, app),
            }
    print(json.dumps(figures, indent=1))


def launches(browser: Browser, count: int = 3) -> dict[str, dict[str, float]]:
    """Seconds until the first visitor of a new server has a canvas, and until the second has."""
    first: dict[str, list[float]] = {APP: [], PLAIN: []}
    second: dict[str, list[float]] = {APP: [], PLAIN: []}
    for _ in range(count):
        for script in first:
            with tempfile.TemporaryDirectory() as home, serve(Path(home), script=script) as app:
                open_page(browser, app).context.close()
                first[script].append(time.monotonic() - app.started)
                start = time.monotonic()
                open_page(browser, app).context.close()
                second[script].append(time.monotonic() - start)
    return {
        "start_to_canvas_s": {script: _median(taken) for script, taken in first.items()},
        "second_visitor_s": {script: _median(taken) for script, taken in second.items()},
    }


def _median(values: list[float]) -> float:
    return round(statistics.median(values), 2)


def time_drawings(page: Page, count: int) -> list[float]:
    """Draw so many digits. Gives milliseconds from the pen's lift to the answer painted."""
    lifted = []
    for number in range(count):
        clear(page)
        draw(page, DIGITS[number % 10])
        wait_for_digit(page)
        page.wait_for_function("strokes.at(-1).final")
        stroke = page.evaluate("strokes.at(-1)")
        lifted.append(stroke["final"] - stroke["up"])
    return lifted


def loads(browser: Browser, app: App) -> dict[str, dict]:
    """What the Draw page takes over the wire in a browser's first load, and in a reload."""
    page = browser.new_context().new_page()
    wire = Wire(page)
    taken = {}
    for name, load in (("first_load", lambda: page.goto(app.url)), ("reload", page.reload)):
        wire.forget()
        load()
        canvas(page).wait_for()
        wait_until_drawn(page, "Draw")
        page.wait_for_timeout(2000)  # for what is loaded in the background
        taken[name] = wire.summary()
    page.context.close()
    return taken


class Wire:
    """What a page takes over the wire: by HTTP with its headers, by sockets their messages."""

    def __init__(self, page: Page) -> None:
        self.forget()
        client = page.context.new_cdp_session(page)
        client.on("Network.requestWillBeSent", self._note_request)
        client.on("Network.requestServedFromCache", self._note_cached)
        client.on("Network.responseReceived", self._note_response)
        client.on("Network.loadingFinished", self._note_size)
        for way in ("Sent", "Received"):
            client.on(f"Network.webSocketFrame{way}", self._note_frame)
        client.send("Network.enable")

    def forget(self) -> None:
        self._urls: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._cached: set[str] = set()
        self._socket = 0

    def _note_request(self, event: dict) -> None:
        if event["request"]["url"].startswith("http"):  # not a blob
            self._urls[event["requestId"]] = event["request"]["url"]

    def _note_cached(self, event: dict) -> None:
        self._cached.add(event["requestId"])

    def _note_response(self, event: dict) -> None:
        if event["response"].get("fromDiskCache"):
            self._cached.add(event["requestId"])

    def _note_size(self, event: dict) -> None:
        self._sizes[event["requestId"]] = round(event["encodedDataLength"])

    def _note_frame(self, event: dict) -> None:
        content = event["response"]["payloadData"]
        is_text = event["response"]["opcode"] == 1
        self._socket += len(content.encode() if is_text else base64.b64decode(content))

    def summary(self) -> dict:
        taken = self._urls.keys() - self._cached
        kinds = dict.fromkeys([*KINDS, "sockets"], 0)
        for request in taken:
            url = self._urls[request]
            kind = next(kind for kind, pattern in KINDS.items() if re.search(pattern, url))
            kinds[kind] += self._sizes.get(request, 0)
        kinds["sockets"] = self._socket
        return {
            "mb": round(sum(kinds.values()) / 1e6, 2),
            "requests": len(taken),
            "kb_by_kind": {kind: round(size / 1000) for kind, size in kinds.items()},
        }


def summary(values: list[float]) -> dict:
    return {
        "median": round(statistics.median(values)),
        "p95": round(statistics.quantiles(values, n=20)[-1]),
    }


if __name__ == "__main__":
    main()
