"""When the runs that wait will begin and end: each takes the place that becomes free first."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from digitcanvas.runs.run import Run


@dataclass(frozen=True)
class Forecast:
    """`place` counts the runs that wait, from 1 for the next; `start` and `end` are seconds from
    now, roughly."""

    place: int
    start: float
    end: float


def forecast(runs: Sequence[Run], slots: int) -> dict[str, Forecast]:
    """For each run that waits, by id. `runs` are in the order in which they will be taken.

    `slots` are how many go on beside each other; more may be under way already.
    """
    ends = [_rest(run) for run in runs if run.is_running]
    ends += [0.0] * (max(slots, 1) - len(ends))
    heapq.heapify(ends)
    waiting = [run for run in runs if run.state == "waiting"]
    found = {}
    for place, run in enumerate(waiting, 1):
        start = ends[0]
        end = start + run.seconds
        heapq.heapreplace(ends, end)
        found[run.id] = Forecast(place, start, end)
    return found


def _rest(run: Run) -> float:
    """Seconds until a run under way ends."""
    left = run.seconds_left
    return (1 - run.share) * run.seconds if left is None else left
