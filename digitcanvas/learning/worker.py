"""A run's process: python -m digitcanvas.learning.worker, as `runs.jobs` starts it.

Its standard input is lines of JSON. The first is the request: the run's id, its task and a scratch
directory. The input then stays open for as long as the server lives; each further line asks to try
publishing again. Its standard output is lines of JSON: a "stage", a "progress", a "problem" to be
solved before it publishes, and at last what was "done" or why it "failed".
"""

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import psutil

from digitcanvas.data.mnist import Mnist, MnistMissing, find_mnist, load_sample
from digitcanvas.data.pen import PenDigits, load_pen_digits
from digitcanvas.data.told import load_told
from digitcanvas.data.unipen import Unipen, load_unipen
from digitcanvas.quiet import hide_native_messages
from digitcanvas.reading import registry
from digitcanvas.runs.progress import Diverged, Progress
from digitcanvas.runs.publishing import Send, publish_patiently
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import RateSearch, Training, Trial, task_from_json

PAUSE = 0.1
"""Seconds between two reports of progress, except for those at an epoch's end."""

THREADS = "TF_NUM_INTRAOP_THREADS"
"""The environment variable that tells TensorFlow on how many cores it computes."""

log = logging.getLogger(__name__)

Drawings = TypeVar("Drawings", PenDigits, Unipen)


def main() -> None:
    """Do the task that is asked for, or say why not."""
    lower_priority()
    hide_native_messages()
    send = _reserve_output()
    if not (line := sys.stdin.readline()):
        return  # whoever started this is gone
    request = json.loads(line)
    again = _watch_input()
    try:
        match task_from_json(request["task"]):
            case Training() as task:
                published = train(task, request["id"], Path(request["scratch"]), send, again)
                send({"done": published})
            case RateSearch(recipe):
                find_rate(recipe, send)
                send({"done": ""})
            case Trial(recipe):
                try_out(recipe, send)
                send({"done": ""})
    except MemoryError:
        send({"failed": "The memory is full: train a smaller network, or with a smaller batch."})
    except MnistMissing as error:
        send({"failed": str(error), "offline": True})
    except (ValueError, OSError) as error:
        send({"failed": str(error)})
    except Exception as error:
        log.exception("the run failed")
        send(
            {"failed": f"The run failed unexpectedly ({error!r:.200}). The server's log says more."}
        )


def lower_priority() -> None:
    """Take the lowest priority, and leave one core to others where the system allows it.

    Where THREADS is set, whoever started this has decided how many cores it takes.
    """
    process = psutil.Process()
    process.nice(psutil.IDLE_PRIORITY_CLASS if psutil.WINDOWS else 19)
    if hasattr(os, "SCHED_IDLE"):  # Linux: yields at once, where a nice process lingers
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if os.environ.get(THREADS):
        return
    if hasattr(process, "cpu_affinity"):
        cores = process.cpu_affinity()
        process.cpu_affinity(cores[1:] or cores)
    else:  # macOS
        os.environ[THREADS] = str(max(1, (os.cpu_count() or 1) - 1))


def train(task: Training, run_id: str, scratch: Path, send: Send, again: threading.Event) -> str:
    """Train and publish. Gives the name of the model, or the directory if the task has an output.

    If the model cannot be written, the trained network waits until `again` is set.
    """
    training, trained = learn(task.recipe, send)

    def publish(target: Path) -> None:
        send({"stage": "Measuring and publishing"})
        scratch.mkdir(parents=True, exist_ok=True)
        training.publish(trained, target, None if task.output else scratch, run_id)

    return publish_patiently(task, publish, send, again)


def learn(recipe: Recipe, send: Send) -> tuple[ModuleType, Any]:
    """Train a network. Gives `learning.training`, and what its `train` gives."""
    room = recipe.room
    told = load_told(room, registry.home(), alone=recipe.room_only) if room else None
    mnist = _load_digits(recipe, send)
    learns_from_drawings = recipe.pen_copies > 0
    pen = _load_drawings(load_pen_digits, learns_from_drawings)
    unipen = _load_drawings(load_unipen, learns_from_drawings)
    training = _start_tensorflow(send)
    return training, training.train(recipe, mnist, pen, _reporting(send), unipen, told)


def try_out(recipe: Recipe, send: Send) -> None:
    """Train a network that is not kept. Say that it is poor if its loss becomes infinite."""
    try:
        learn(replace(recipe, calibrated=False), send)
    except Diverged:
        send({"is_poor": True})


def find_rate(recipe: Recipe, send: Send) -> None:
    mnist = _load_digits(recipe, send)
    training = _start_tensorflow(send)
    training.find_rate(recipe, mnist, _reporting(send))


def _start_tensorflow(send: Send) -> ModuleType:
    send({"stage": "Starting TensorFlow"})
    try:
        from digitcanvas.learning import training
    except (ImportError, OSError) as error:  # as a library of its own, where the memory is short
        raise ValueError(
            "TensorFlow could not be loaded: the memory may be full, or the installation damaged "
            f"({error!s:.200}). Free some memory, then try again."
        ) from error
    return training


def _reporting(send: Send) -> Callable[[Progress], None]:
    """Sends progress every `PAUSE`, and at the end of every epoch."""
    sent = 0.0

    def report(progress: Progress) -> None:
        nonlocal sent
        if progress.ends_epoch or time.monotonic() - sent > PAUSE:
            send({"progress": asdict(progress)})
            sent = time.monotonic()

    return report


def _load_digits(recipe: Recipe, send: Send) -> Mnist:
    """MNIST or its sample. Raises MnistMissing if MNIST is unavailable for any reason."""
    send({"stage": "Fetching the digits"})
    if recipe.sample:
        return load_sample()
    try:
        return find_mnist()
    except ValueError as error:
        raise MnistMissing(str(error)) from error


def _load_drawings(load: Callable[[], Drawings | None], needed: bool) -> Drawings | None:
    """Drawings by `load`. A run that only measures on them goes on without unreadable ones."""
    try:
        return load()
    except ValueError as error:
        if needed:
            raise
        log.warning("not measured on drawings: %s", error)
        return None


def _reserve_output() -> Send:
    """Keep standard output for events: what libraries print goes where native messages go."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    return send


def _watch_input() -> threading.Event:
    """Gives the event that each further line of input sets. At its end the server is gone: exit."""
    again = threading.Event()

    def read() -> None:
        for _ in sys.stdin:
            again.set()
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return again


if __name__ == "__main__":
    main()
