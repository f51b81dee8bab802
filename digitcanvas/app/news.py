"""What changes for everybody: noticed in one place, and sent once to each browser.

All sessions show the latest run, and the models and digits on disk. One task looks at them each
second, and sends by the live socket (`Crowd.tell`):

- {"news": {"run", "live", "models", "mnist", the id of each run: the version of each, "spread"}}
  when one has changed. The fragments that show it rerun once (parts/follower.py), within the spread
  in milliseconds. "run" is the run that everybody sees who has none, "live" whether there is any
  under way or waiting;
- {"crowded": true} while many people wait for their pages (gate.py);
- {"runs": [...]}, as of `shared_runs.progress`, and {"queue": [...]}, as of `shared_runs.queue`,
  while runs are under way; and {"curves": {"version", "figure"}} of the run that everybody sees, or
  of a person's own. Scripts in the page paint these: no fragment reruns.

So no script runs because time has passed, and an idle session costs nothing.
"""

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from digitcanvas.app import live
from digitcanvas.app.parts import shared_mnist, shared_runs
from digitcanvas.app.turns import slots
from digitcanvas.figures.charts import Figure
from digitcanvas.reading import registry
from digitcanvas.runs.run import Run

INTERVAL = 1.0
"""Seconds between two looks."""

SPREAD = 30
"""Milliseconds that each browser adds to the spread: three times what its reruns take."""

SLOW = 1.0
"""Seconds that a browser may take to receive news, for example a phone that has fallen asleep."""

KINDS = "run", "live", "models", "mnist"

QUEUE = 5.0
"""Seconds for which the list of runs stays as it was sent, unless one comes, begins or ends."""

_logger = logging.getLogger(__name__)


class Watcher:
    """Looks at what all sessions show. Scripts may have it look too: it serves many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, object] = {}
        self._versions = dict.fromkeys(KINDS, 0)
        self._runs: list[Run] = []
        self._logged: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._sent: dict[str, object] = {}
        self._queue: tuple[list[tuple[str, str]], float] = [], 0.0
        self._curves: dict[str, Figure] = {}
        """The curves that were sent last, by the run's id."""

    @property
    def versions(self) -> dict[str, int]:
        """A number for each kind, which rises when that has changed, also over a restart."""
        return defaultdict(int, self._versions)

    def look(self) -> None:
        """Raise the version of each kind that has changed, and have it sent."""
        with self._lock:
            try:
                seen = self._see()
            except Exception as error:  # whatever it is, the next look may succeed
                self._log("The runs and models cannot be looked at", error)
                return
            changed = [kind for kind in seen if seen[kind] != self._seen.get(kind, self)]
            number = max(*self._versions.values(), time.time_ns() // 1_000_000) + 1
            versions = self._versions | dict.fromkeys(changed, number)
            self._versions = {kind: versions[kind] for kind in seen}
            self._seen = seen
        if changed and self._loop:
            self._loop.call_soon_threadsafe(self._wake.set)

    def _see(self) -> dict[str, object]:
        runs = self._runs = shared_runs.jobs().runs()
        looks = {run.id: _look_of(run) for run in runs}
        shown = shared_runs.of_all(runs)
        return {
            "run": shown and looks[shown.id],
            "live": any(run.is_live for run in runs),
            "models": registry.snapshot(),
            "mnist": shared_mnist.snapshot(),
        } | looks

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
        versions, runs = self.versions, self._runs
        if slots.busy != self._sent.get("crowded", False):
            self._sent["crowded"] = slots.busy
            await _send("crowded", slots.busy)
        if versions != self._sent.get("versions"):
            self._sent["versions"] = versions
            await _send("news", versions | {"spread": SPREAD * len(live.crowd.sockets)})
        running = [run for run in runs if run.is_running]
        await self._send_new("runs", [shared_runs.progress(run) for run in running])
        await self._send_queue([run for run in runs if run.is_live])
        shown = shared_runs.of_all(runs)
        self._curves = {run.id: self._curves[run.id] for run in running if run.id in self._curves}
        for run in running:
            await self._send_curves(run, is_for_all=run is shown)
        if not running:
            live.crowd.news.pop("curves", None)  # whoever comes later must not paint them

    async def _send_new(self, kind: str, value: object) -> None:
        """Send what differs from what was sent last; at first that is nothing."""
        if value != self._sent.get(kind, []):
            self._sent[kind] = value
            await _send(kind, value)

    async def _send_queue(self, live: list[Run]) -> None:
        order: list[tuple[str, str]] = [(run.id, run.state) for run in live]
        sent, since = self._queue
        if order != sent or time.monotonic() - since > QUEUE:
            self._queue = order, time.monotonic()
            await self._send_new("queue", shared_runs.queue(live, shared_runs.jobs().slots()))

    async def _send_curves(self, run: Run, is_for_all: bool) -> None:
        if not is_for_all and not run.owner:
            return
        figure = await asyncio.to_thread(shared_runs.figure, run)
        if figure is None or figure is self._curves.get(run.id):
            return
        self._curves[run.id] = figure
        await _send("curves", curves(run, figure), "" if is_for_all else run.owner)


async def _send(kind: str, value: object, visitor: str = "") -> None:
    """Send to all, or to a visitor, and wait no longer for those who are slow to receive."""
    with suppress(TimeoutError):
        async with asyncio.timeout(SLOW):
            await live.crowd.tell(kind, value, visitor)


def _look_of(run: Run) -> object:
    """What a fragment shows of a run, but for how far it is."""
    return run.id, run.state, run.problem, run.curve != run.task.no_curve


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
