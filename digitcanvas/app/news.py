"""What changes for everybody: noticed in one place, and sent once to each browser.

All sessions show the latest run, and the models and digits on disk. One task looks at them each
second, and sends by the live socket (`Crowd.tell`):

- {"news": {"run", "busy", "models", "mnist": the version of each, "spread"}} when one has changed.
  The fragments that show it rerun once (parts/follower.py), within the spread in milliseconds;
- {"crowded": true} while many people wait for their pages (gate.py);
- {"run": ...}, as of `shared_runs.progress`, and {"curves": {"version", "figure"}} while a run is
  under way. Scripts in the page paint these: no fragment reruns.

So no script runs because time has passed, and an idle session costs nothing.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from digitcanvas.app import live
from digitcanvas.app.gate import slots
from digitcanvas.app.parts import shared_mnist, shared_runs
from digitcanvas.figures.charts import Figure
from digitcanvas.reading import registry
from digitcanvas.runs.run import Run

INTERVAL = 1.0
"""Seconds between two looks."""

SPREAD = 30
"""Milliseconds that each browser adds to the spread: three times what its reruns take."""

SLOW = 1.0
"""Seconds that a browser may take to receive news, for example a phone that has fallen asleep."""

KINDS = "run", "busy", "models", "mnist"

_logger = logging.getLogger(__name__)


class Watcher:
    """Looks at what all sessions show. Scripts may have it look too: it serves many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, object] = {}
        self._versions = dict.fromkeys(KINDS, 0)
        self._run: Run | None = None
        self._logged: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._sent: dict[str, object] = {}

    @property
    def versions(self) -> dict[str, int]:
        """A number for each kind, which rises when that has changed, also over a restart."""
        return dict(self._versions)

    def look(self) -> None:
        """Raise the version of each kind that has changed, and have it sent."""
        with self._lock:
            try:
                seen = self._see()
            except Exception as error:  # whatever it is, the next look may succeed
                self._log("The runs and models cannot be looked at", error)
                return
            before = self._seen or dict.fromkeys(KINDS, self)
            changed = [kind for kind in KINDS if seen[kind] != before[kind]]
            number = max(*self._versions.values(), time.time_ns() // 1_000_000) + 1
            self._versions |= dict.fromkeys(changed, number)
            self._seen = seen
        if changed and self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _see(self) -> dict[str, object]:
        jobs = shared_runs.jobs()
        run = self._run = jobs.latest()
        has_curves = run is not None and run.curve != run.task.no_curve
        return {
            "run": run and (run.id, run.state, run.problem, has_curves),
            "busy": jobs.busy(),
            "models": registry.snapshot(),
            "mnist": shared_mnist.snapshot(),
        }

    def _log(self, what: str, error: Exception) -> None:
        """Log a failure, but not again each second."""
        if self._logged.get(what) != repr(error):
            self._logged[what] = repr(error)
            _logger.warning("%s: %r", what, error)

    async def watch(self) -> None:
        """Look and send for ever."""
        self._loop = asyncio.get_running_loop()
        while True:
            await asyncio.to_thread(self.look)
            self._wake.clear()
            try:
                await self._send_all()
            except Exception as error:  # likewise
                self._log("News cannot be sent", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), INTERVAL)

    async def _send_all(self) -> None:
        versions, run = self.versions, self._run
        if slots.busy != self._sent.get("crowded", False):
            self._sent["crowded"] = slots.busy
            await _send("crowded", slots.busy)
        if versions != self._sent.get("versions"):
            self._sent["versions"] = versions
            await _send("news", versions | {"spread": SPREAD * len(live.crowd.sockets)})
        if run is None or not run.is_running:
            for kind in ("run", "curves"):  # whoever comes later must not paint them
                self._sent.pop(kind, None)
                live.crowd.news.pop(kind, None)
            return
        progress = shared_runs.progress(run)
        if progress != self._sent.get("run"):
            self._sent["run"] = progress
            await _send("run", progress)
        figure = await asyncio.to_thread(shared_runs.figure, run)
        if figure is not None and figure is not self._sent.get("curves"):
            self._sent["curves"] = figure
            await _send("curves", curves(run, figure))


async def _send(kind: str, value: object) -> None:
    """Send to all, and wait no longer for those who are slow to receive."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SLOW):
            await live.crowd.tell(kind, value)


def curves(run: Run, figure: Figure) -> dict[str, Any]:
    return {"version": [run.id, run.share], "figure": figure}


watcher = Watcher()


@asynccontextmanager
async def watching() -> AsyncIterator[None]:
    """Watch while the block runs, once all has been looked at."""
    await asyncio.to_thread(watcher.look)
    task = asyncio.create_task(watcher.watch())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
