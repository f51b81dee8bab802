"""How fast the page is, in a real browser: python -m tests.benchmarks.page

Prints a JSON object: seconds from `streamlit run` to a canvas that can be drawn on and from the
end of the first stroke to its answer; milliseconds from the browser's send, and from the pen's
lift, to the painted answer (median and 95th percentile of 20 drawings); the server's memory in MB,
after 50 drawings and after 1,000 more reruns.
"""

import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import (
    chromium,
    clear,
    draw,
    open_page,
    press,
    serve,
    wait_for_digit,
    wait_until_empty,
)
from tests.digits import DIGITS

WATCH = """
() => {
  const times = (window.times = {sent: 0, lifted: 0, painted: 0});
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    times.sent = performance.now();
    return send.call(this, data);
  };
  addEventListener("pointerup", () => { times.lifted = performance.now(); }, true);
  addEventListener("mouseup", () => { times.lifted = performance.now(); }, true);
  let before = false;
  new MutationObserver(() => {
    const text = document.querySelector(".st-key-prediction")?.innerText ?? "";
    const shown = /^\\d/.test(text);
    if (shown && !before) {
      const sent = times.sent;
      requestAnimationFrame(() => setTimeout(() => {
        times.painted = performance.now();
        times.cause = sent;
      }));
    }
    before = shown;
  }).observe(document.documentElement, {subtree: true, childList: true, characterData: true});
}
"""


def main() -> None:
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        page = open_page(browser, app)
        ready = time.monotonic() - app.started
        page.evaluate(WATCH)
        draw(page, DIGITS[7])
        wait_for_digit(page)
        first = _times(page)
        sent, lifted = time_drawings(page, 50)
        drawn = app.memory()
        for _ in range(500):
            press(page, "undo")
            wait_until_empty(page)
            press(page, "redo")
            wait_for_digit(page)
        print(
            json.dumps(
                {
                    "start_to_canvas_s": round(ready, 2),
                    "first_stroke_to_answer_s": round(
                        (first["painted"] - first["lifted"]) / 1000, 2
                    ),
                    "send_to_painted_ms": summary(sent[-20:]),
                    "lift_to_painted_ms": summary(lifted[-20:]),
                    "memory_after_50_drawings_mb": round(drawn),
                    "memory_after_1000_reruns_mb": round(app.memory()),
                },
                indent=1,
            )
        )


def time_drawings(page: Page, count: int) -> tuple[list[float], list[float]]:
    """Draw so many digits. Gives milliseconds from send to painted, and from lift to painted."""
    sent, lifted = [], []
    for number in range(count):
        clear(page)
        draw(page, DIGITS[number % 10])
        wait_for_digit(page)
        times = _times(page)
        sent.append(times["painted"] - times["cause"])
        lifted.append(times["painted"] - times["lifted"])
    return sent, lifted


def _times(page) -> dict:
    time.sleep(0.6)  # a second stroke's answer may come yet
    return page.evaluate("window.times")


def summary(values: list[float]) -> dict:
    return {
        "median": round(statistics.median(values)),
        "p95": round(statistics.quantiles(values, n=20)[-1]),
    }


if __name__ == "__main__":
    main()
