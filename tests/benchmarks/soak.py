"""A long soak of one server: python -m tests.benchmarks.soak [--minutes 60]

Evenly over the time, 100 people draw 20 digits each, 300 sessions come and go in classes of 20, and
3 networks are trained (`quick` on the bundled sample). Prints a line for each sixth of the time:
what was done by its end, and the medians of the server's memory in MB, its threads and its open
files. The memory is what the server has written to, swapped out or not: pages of files, such as the
code of libraries, the system drops and fetches as it likes.

Exits with 1 if something went wrong, or if one of the three medians rises by more than 5 % after
the first sixth, in which the server fetches and compiles what it keeps for good.
"""

import argparse
import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

import psutil

from tests.benchmarks.leaks import TOGETHER, TTL, come_and_go, draw
from tests.benchmarks.people import Notes
from tests.benchmarks.queue import Learner, trained
from tests.browser.driver import App, serve

PEOPLE, DIGITS_EACH, SESSIONS, TRAININGS = 100, 20, 300, 3
MEMORY = re.compile(r"^(Anonymous|Swap): +(\d+) kB$", re.MULTILINE)
WINDOWS = 6
RISE = 0.05


@dataclass(frozen=True)
class State:
    memory_mb: float
    threads: float
    files: float


@dataclass
class Done:
    """What has been done so far, and what went wrong."""

    drawings: int = 0
    sessions: int = 0
    trainings: int = 0
    errors: list[str] = field(default_factory=list)


def look(app: App) -> State:
    process = psutil.Process(app.process.pid)
    memory = dict(MEMORY.findall(Path(f"/proc/{process.pid}/smaps_rollup").read_text()))
    kilobytes = int(memory["Anonymous"]) + int(memory["Swap"])
    return State(1.024 * kilobytes / 1000, process.num_threads(), process.num_fds())


def medians(states: Sequence[State]) -> State:
    return State(*map(statistics.median, zip(*map(astuple, states), strict=True)))


def risen(windows: Sequence[State]) -> dict[str, float]:
    """What rises by more than RISE from the first window to a later one, and by which share."""
    rises = {
        kind.name: max(getattr(window, kind.name) for window in windows)
        / getattr(windows[0], kind.name)
        - 1
        for kind in fields(State)
    }
    return {name: rise for name, rise in rises.items() if rise > RISE}


def show(*figures: float) -> None:
    print(" ".join(f"{figure:10,.5g}" for figure in figures), flush=True)


async def soak(app: App, seconds: float) -> tuple[list[State], Done]:
    """Gives the medians of each window."""
    url, done, notes = app.url.replace("http", "ws", 1), Done(), Notes()

    async def spread(count: int, job: Callable[[], Awaitable[None]]) -> None:
        """Do a job so often; each begins at its own moment, or once the one before has ended."""
        began = time.monotonic()
        for number in range(count):
            await asyncio.sleep(began + number * seconds / count - time.monotonic())
            try:
                await job()
            except Exception as error:
                done.errors.append(repr(error))

    async def one_draws() -> None:
        await draw(url, DIGITS_EACH)
        done.drawings += DIGITS_EACH

    async def class_comes() -> None:
        await come_and_go(url, TOGETHER - 1)  # and a last one
        done.sessions += TOGETHER

    async def one_trains() -> None:
        before = len(trained(app.home))
        learner = asyncio.create_task(Learner(app.url, before, notes).learn(0))
        while len(trained(app.home)) == before and not learner.done():
            await asyncio.sleep(1)
        learner.cancel()
        with suppress(asyncio.CancelledError):
            await learner
        if len(trained(app.home)) == before:
            raise TimeoutError("a network was not trained within an hour")
        done.trainings += 1

    jobs = asyncio.gather(
        spread(PEOPLE, one_draws),
        spread(SESSIONS // TOGETHER, class_comes),
        spread(TRAININGS, one_trains),
    )
    windows, began = [], time.monotonic()
    for number in range(1, WINDOWS + 1):
        states = []
        while time.monotonic() < began + number * seconds / WINDOWS:
            states.append(look(app))
            await asyncio.sleep(1)
        windows.append(medians(states))
        minutes = number * seconds / WINDOWS / 60
        show(minutes, done.drawings, done.sessions, done.trainings, *astuple(windows[-1]))
    await jobs
    done.errors += notes.errors
    return windows, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--minutes", type=float, default=60)
    seconds = 60 * parser.parse_args().minutes
    names = "minutes", "drawings", "sessions", "trainings", *(kind.name for kind in fields(State))
    print(" ".join(f"{name:>10}" for name in names))
    with tempfile.TemporaryDirectory() as home, serve(Path(home), ttl=TTL) as app:
        os.environ["DIGITCANVAS_HOME"] = home
        windows, done = asyncio.run(soak(app, seconds))
    for name, rise in (rises := risen(windows[1:])).items():
        print(f"{name} rises by {rise:.0%}", file=sys.stderr)
    for error in done.errors:
        print(error, file=sys.stderr)
    sys.exit(bool(rises or done.errors))


if __name__ == "__main__":
    main()
