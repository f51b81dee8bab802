"""The runs of this server for all pages: the latest, how far it is, and its curves."""

import threading
import time
from typing import Any

from digitcanvas.figures.charts import Figure
from digitcanvas.reading import registry
from digitcanvas.reading.words import duration
from digitcanvas.runs.jobs import Jobs, jobs_in
from digitcanvas.runs.run import Run

CURVES = 3.0
"""Seconds for which one picture of the curves serves: a new one keeps each browser busy."""

_lock = threading.Lock()
_drawn: tuple[tuple[str, str], float, Figure | None] = ("", ""), 0.0, None


def jobs() -> Jobs:
    return jobs_in(registry.home())


def progress(run: Run) -> dict[str, Any]:
    """How far the run is, as run_panel.js paints it: its "id", the "share" from 0 to 1, "words"."""
    return {"id": run.id, "share": run.share, "words": _where(run)}


def _where(run: Run) -> str:
    """What the run is doing, in words."""
    if run.stage or not run.progress:
        return f"{run.stage} …"
    where = f"{run.task.step} {run.progress.epoch} of {run.progress.epochs}"
    left = run.seconds_left
    return where if left is None else f"{where}, {duration(left)} left"


def figure(run: Run) -> Figure | None:
    """The run's curves so far, one picture for all; None before there are any."""
    global _drawn
    key = run.id, run.state
    with _lock:
        drawn, since, picture = _drawn
        if drawn != key or picture is None or time.monotonic() - since >= CURVES:
            picture = run.figure
            _drawn = key, time.monotonic(), picture
        return picture
