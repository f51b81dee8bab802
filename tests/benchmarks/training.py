"""How a training disturbs those who draw: python -m tests.benchmarks.training [RECIPE]

Opens the app in a browser, draws 20 digits, presses Retrain, draws 20 more while the network trains
on all of MNIST, and presses Cancel. Prints a JSON object: milliseconds from the pen's lift to the
answer painted (median and 95th percentile) before and during the training; seconds from the press
to the first moving progress, and from Cancel to the process gone; the training process's share of a
core, and the server's. Needs DIGITCANVAS_MNIST.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

from digitcanvas.runs.recipes import TITLES
from tests.benchmarks.page import WATCH, summary, time_drawings
from tests.browser.driver import (
    choose,
    chromium,
    open_page,
    open_settings,
    press,
    serve,
    share,
    wait_for,
)


def main() -> None:
    recipe = sys.argv[1] if len(sys.argv) > 1 else "cnn"
    with chromium() as browser, tempfile.TemporaryDirectory() as home, serve(Path(home)) as app:
        page = open_page(browser, app, viewport={"width": 1280, "height": 1000})
        page.evaluate(WATCH)
        server = psutil.Process(app.process.pid)
        time_drawings(page, 5)
        before = time_drawings(page, 20)
        choose(page, "recipe", TITLES[recipe])
        open_settings(page)
        time.sleep(1)
        page.locator(".st-key-epochs input").fill("100")
        page.locator(".st-key-epochs input").press("Enter")
        time.sleep(1)
        press(page, "retrain")
        pressed = time.monotonic()
        wait_for(lambda: share(page) > 0, 60)
        moved = time.monotonic() - pressed
        page.get_by_text("Epoch 1 of 100").wait_for(timeout=120_000)
        (worker,) = server.children()
        used = [sum(process.cpu_times()[:2]) for process in (worker, server)]
        start = time.monotonic()
        during = time_drawings(page, 20)
        shares = [
            (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - start)
            for process, before in zip((worker, server), used, strict=True)
        ]
        press(page, "cancel")
        pressed = time.monotonic()
        worker.wait(timeout=30)
        gone = time.monotonic() - pressed
    print(
        json.dumps(
            {
                "idle_lift_to_painted_ms": summary(before),
                "lift_to_painted_ms": summary(during),
                "press_to_progress_s": round(moved, 1),
                "cancel_to_gone_s": round(gone, 2),
                "trainer_cores": round(shares[0], 2),
                "server_cores": round(shares[1], 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
