"""The runs of all people for all pages: which to show, how far each is, and its curves."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from digitcanvas.figures.charts import Figure
from digitcanvas.reading import registry
from digitcanvas.reading.words import duration
from digitcanvas.runs.forecast import Forecast, forecast
from digitcanvas.runs.jobs import Jobs, jobs_in
from digitcanvas.runs.run import Run, Trial

CURVES = 3.0
"""Seconds for which one picture of a run's curves serves: a new one keeps each browser busy."""

KEPT = 50
"""Runs whose picture is kept, at most."""

STUDY = "study:"

_lock = threading.Lock()
_drawn: dict[str, tuple[str, float, Figure | None]] = {}


def jobs() -> Jobs:
    return jobs_in(registry.home())


def of_all(runs: Sequence[Run]) -> Run | None:
    """The run that everybody sees who has none: the oldest under way, or else the last that ended.

    `runs` are as `Jobs.runs` gives them.
    """
    return next((run for run in runs if run.state != "waiting"), None)


def of(visitor: str, runs: Sequence[Run]) -> Run | None:
    """A visitor's own run: under way, or else the last, of which the end is news, or waiting."""
    own = [run for run in runs if run.owner == visitor]
    return of_all(own) or next(iter(own), None)


def by_state() -> dict[str, int]:
    """How many runs are under way, and how many wait, on all servers."""
    states = [run.state for run in jobs().runs()]
    return {state: states.count(state) for state in ("running", "waiting")}


def progress(run: Run) -> dict[str, Any]:
    """How far the run is, as run_panel.js paints it: its "id", the "share" from 0 to 1, "words"."""
    return {"id": run.id, "share": run.share, "words": _where(run)}


def _where(run: Run) -> str:
    """What the run is doing, in words."""
    if run.state == "waiting":
        return "Waiting …"
    if run.stage or not run.progress:
        return f"{run.stage} …"
    where = f"{run.task.step} {run.progress.epoch} of {run.progress.epochs}"
    left = run.seconds_left
    return where if left is None else f"{where}, {duration(left)} left"


def queue(runs: Sequence[Run], slots: int) -> list[dict[str, Any]]:
    """The runs under way and those that wait, as queue.js lists them.

    Each has its "id", its "name", its "state", and in "words" when it begins. One stands for all
    trials of a study that wait: "count" is their number, and its id is STUDY and the study's.
    """
    forecasts = forecast(runs, slots)
    waiting = Counter(trial.study for trial in map(_waiting_trial, runs) if trial)
    rows, listed = [], set()
    for run in runs:
        trial = _waiting_trial(run)
        if not run.is_live or (trial and trial.study in listed):
            continue
        row_id, name, count = run.id, run.task.title, 1
        if trial and waiting[trial.study] > 1:
            listed.add(trial.study)
            count = waiting[trial.study]
            row_id, name = f"{STUDY}{trial.study}", f"{count} trials of {trial.base}"
        words = in_line(forecasts[run.id], run) if run.id in forecasts else ""
        row = {"id": row_id, "name": name, "state": run.state, "words": words, "count": count}
        rows.append(row)
    return rows


def studies(ids: Collection[str], runs: Sequence[Run]) -> set[str]:
    """The studies that the runs of these ids belong to."""
    return {run.task.study for run in runs if run.id in ids and isinstance(run.task, Trial)}


def _waiting_trial(run: Run) -> Trial | None:
    return run.task if run.state == "waiting" and isinstance(run.task, Trial) else None


def in_line(place: Forecast, run: Run) -> str:
    """When a run that waits begins, in words."""
    before = place.place - 1
    ahead = f"{before} {'run goes' if before == 1 else 'runs go'} before it" if before else "Next"
    why = f"{run.stage}. " if run.stage else ""
    if place.start < 1:
        return f"{why}{ahead}."
    return f"{why}{ahead}: it starts in about {duration(place.start)}."


def figure(run: Run) -> Figure | None:
    """The run's curves so far, one picture for all; None before there are any."""
    with _lock:
        state, since, picture = _drawn.get(run.id, ("", 0.0, None))
        if state != run.state or picture is None or time.monotonic() - since >= CURVES:
            picture = run.figure
            _drawn[run.id] = run.state, time.monotonic(), picture
            while len(_drawn) > KEPT:
                del _drawn[next(iter(_drawn))]
        return picture
