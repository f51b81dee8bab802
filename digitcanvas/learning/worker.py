"""The training process: python -m digitcanvas.learning.worker, as `jobs` starts it.

On its standard input stands the request, a line of JSON, with the task: to train, or to find a
learning rate; then it stays open for as long as the server lives, and a further line asks to try
the publishing again. Its standard output is lines of JSON: a "stage", a "progress", the "name" that
the model gets, a "problem" to be solved before publishing is tried again, or why it "failed".
"""

import errno
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import psutil

from digitcanvas.data.mnist import Mnist, MnistMissing, find_mnist, load_sample
from digitcanvas.data.pen import PenDigits, load_pen_digits
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import FIND_RATE
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe

PAUSE = 0.1
"""Seconds between two reports of progress, but for those at an epoch's end."""

TIMEOUT = 20
"""Seconds without an answer after which a download is given up."""

log = logging.getLogger(__name__)


def main() -> None:
    """Train as asked and publish what was learnt, or say why not."""
    lower_priority()
    send = _claim_output()
    request = json.loads(sys.stdin.readline())
    again = _obey_the_server()
    try:
        recipe = Recipe(**request["recipe"])
        if request["task"] == FIND_RATE:
            find_rate(recipe, send)
        else:
            train(recipe, request["name"], Path(request["scratch"]), send, again)
    except MemoryError:
        send({"failed": "The memory is full: train a smaller network, or with a smaller batch."})
    except MnistMissing as error:
        send({"failed": str(error), "offline": True})
    except (ValueError, OSError) as error:
        send({"failed": str(error)})
    except Exception as error:
        log.exception("training failed")
        send({"failed": f"Training broke off ({error!r:.200}). The server's log tells more."})


def lower_priority() -> None:
    """Take the lowest priority, and leave one core to others where that can be done."""
    process = psutil.Process()
    process.nice(psutil.IDLE_PRIORITY_CLASS if psutil.WINDOWS else 19)
    if hasattr(os, "SCHED_IDLE"):  # Linux: yields at once, where a nice process lingers
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    if hasattr(process, "cpu_affinity"):
        cores = process.cpu_affinity()
        process.cpu_affinity(cores[1:] or cores)
    else:  # macOS
        os.environ["TF_NUM_INTRAOP_THREADS"] = str(max(1, os.cpu_count() - 1))


def train(
    recipe: Recipe,
    name: str,
    scratch: Path,
    send: Callable[[dict], None],
    again: threading.Event,
) -> None:
    mnist = _digits(recipe, send)
    pen = _load_pen_digits(needed=recipe.pen_copies > 0)
    send({"stage": "Starting TensorFlow"})
    from digitcanvas.learning import training

    trained = training.train(recipe, mnist, pen, _reporting(send))
    while True:
        again.clear()
        free = registry.free_name(name)
        send({"stage": "Measuring and publishing", "name": free})
        try:
            scratch.mkdir(parents=True, exist_ok=True)
            training.publish(trained, registry.home() / free, scratch)
        except Exception as error:  # TensorFlow has its own for a full disk
            log.warning("publishing failed: %s", error)
            if free in registry.model_names():  # somebody took it meanwhile
                continue
            send({"problem": _explain(error)})
            again.wait()
        else:
            return


def find_rate(recipe: Recipe, send: Callable[[dict], None]) -> None:
    mnist = _digits(recipe, send)
    send({"stage": "Starting TensorFlow"})
    from digitcanvas.learning import training

    training.find_rate(recipe, mnist, _reporting(send))


def _reporting(send: Callable[[dict], None]) -> Callable[[Progress], None]:
    """Sends progress now and then, and at the end of every epoch."""
    sent = 0.0

    def report(progress: Progress) -> None:
        nonlocal sent
        if progress.ends_epoch or time.monotonic() - sent > PAUSE:
            send({"progress": asdict(progress)})
            sent = time.monotonic()

    return report


def _digits(recipe: Recipe, send: Callable[[dict], None]) -> Mnist:
    send({"stage": "Fetching the digits"})
    socket.setdefaulttimeout(TIMEOUT)
    return load_sample() if recipe.sample else _fetch_mnist()


def _fetch_mnist() -> Mnist:
    """All of MNIST. Raises MnistMissing where it cannot be had, for whatever reason."""
    try:
        return find_mnist()
    except ValueError as error:
        raise MnistMissing(str(error)) from error


def _load_pen_digits(needed: bool) -> PenDigits | None:
    """The pen drawings; without them, if they cannot be read, goes a run that only measures."""
    try:
        return load_pen_digits()
    except ValueError as error:
        if needed:
            raise
        log.warning("not measured on pen drawings: %s", error)
        return None


def _explain(error: Exception) -> str:
    if os.strerror(errno.ENOSPC) in str(error):
        return f"The disk is full: free some space where {registry.home()} is, then try again."
    return f"The network could not be written ({error}). Mend that, then try again."


def _claim_output() -> Callable[[dict], None]:
    """Standard output for events alone: what libraries print goes to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(event: dict) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    return send


def _obey_the_server() -> threading.Event:
    """Gives what is set by another line of input; at its end the server is gone: so are we."""
    again = threading.Event()

    def read() -> None:
        for _ in sys.stdin:
            again.set()
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return again


if __name__ == "__main__":
    main()
