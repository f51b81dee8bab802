"""A training run, or a search for a learning rate, as a process of its own: start, watch, cancel.

The process is `worker`, one at a time. It talks to the server over pipes, and dies with it. While
it runs, there is a directory `.training` beside the retrained models: it holds what is being
written, and tells which server the run belongs to.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import psutil

from digitcanvas.reading import registry
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import Recipe

SCRATCH = ".training"
MARKER = "server.json"
NEEDED = 50_000_000
"""Bytes that must be free to start with: more than most networks' files take."""

CLOCK_STEP = 2
"""Seconds by which a process' start may seem to move."""

DATA = ("DIGITCANVAS_MNIST", "DIGITCANVAS_PEN", "KERAS_HOME")
ROOT = Path(__file__).parents[2]

TRAIN, FIND_RATE = "train", "find-rate"
"""The tasks that the process knows."""


class JobError(ValueError):
    """A run that cannot be started; the message says why and what to do."""


@dataclass(frozen=True)
class Run:
    """How a training run stands, or a search for a learning rate, which has no `name`.

    Its `state` is "running", "done", "failed" or "cancelled". Of a running one, `stage` says what
    it does when it is not training, and `problem` what keeps it from publishing; of a failed one,
    `failure` says why, and `offline` that MNIST could not be had. `started` and `training_since`
    are times in seconds, as `time.time` gives them.
    """

    id: str
    name: str
    recipe: Recipe
    task: str = TRAIN
    state: str = "running"
    stage: str = "Starting"
    progress: Progress | None = None
    curve: LearningCurve = field(default_factory=LearningCurve)
    rates: RateCurve = field(default_factory=RateCurve)
    problem: str = ""
    failure: str = ""
    offline: bool = False
    started: float = field(default_factory=time.time)
    training_since: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Of training, judged by the batches so far; None before there are enough of them."""
        if not self.progress or self.training_since is None or self.progress.share < 0.01:
            return None
        share = self.progress.share
        return (time.time() - self.training_since) / share * (1 - share)


def jobs_in(home: Path) -> "Jobs":
    """The server's runs that publish to `home`: the same for all threads that ask."""
    with _asking:
        return _jobs_in(home)


_asking = threading.Lock()  # a cache alone makes two, where two ask at once


@cache
def _jobs_in(home: Path) -> "Jobs":
    return Jobs(home)


class Jobs:
    """The latest run, and the process behind it. Every method can be called from many threads."""

    def __init__(self, home: Path) -> None:
        self._home = home.absolute()
        self._scratch = self._home / SCRATCH
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._process: subprocess.Popen | None = None
        self._watcher: threading.Thread | None = None
        self._results: dict[str, str] = {}

    def latest(self) -> Run | None:
        """The run under way, or how the last one ended; also one that a dead server left."""
        with self._lock:
            if not self._under_way():
                self._bury()
            return self._run

    def result(self, run_id: str) -> str | None:
        """The name of the model that a run published, also where others have run since."""
        return self._results.get(run_id)

    def start(self, recipe: Recipe, name: str) -> Run:
        """Start a process that trains, measures and publishes as `name`.

        Raises JobError where a run is under way or the disk is full, ModelError for a bad name.
        """
        registry.check_name(name)
        return self._start(name, recipe, TRAIN)

    def find_rate(self, recipe: Recipe) -> Run:
        """Start a process that searches the learning rate for networks of the recipe.

        What it finds is in the run's `rates`. Raises JobError as `start` does.
        """
        return self._start("", recipe, FIND_RATE)

    def _start(self, name: str, recipe: Recipe, task: str) -> Run:
        self._settle()
        with self._lock:
            if self._under_way():
                what = f"{self._run.name!r} is in training"
                if self._run.task == FIND_RATE:
                    what = "A learning rate is being searched"
                raise JobError(f"{what}: one at a time. Wait for it, or cancel it.")
            self._bury()
            run = Run(uuid.uuid4().hex, name, recipe, task)
            self._claim(run)
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "digitcanvas.learning.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env=os.environ | self._environment(),
                    start_new_session=True,  # a Ctrl-C is for the server
                )
            except OSError as error:
                shutil.rmtree(self._scratch, ignore_errors=True)
                raise JobError(f"The training process could not be started ({error}).") from error
            self._run = run
            self._tell(
                {
                    "task": run.task,
                    "recipe": asdict(run.recipe),
                    "name": run.name,
                    "scratch": str(self._scratch),
                }
            )
            self._watcher = threading.Thread(target=self._watch, daemon=True)
            self._watcher.start()
            return self._run

    def cancel(self, run_id: str) -> None:
        """Stop that run, if it is under way, and leave nothing of it."""
        with self._lock:
            if self._under_way() and self._run.id == run_id:
                self._run = replace(self._run, state="cancelled")
                self._process.kill()
        self._settle()

    def publish_again(self, run_id: str) -> None:
        """Ask that run, if it met a problem in publishing, to try again."""
        with self._lock:
            if self._under_way() and self._run.id == run_id and self._run.problem:
                self._run = replace(self._run, problem="")
                self._tell({})

    def _environment(self) -> dict[str, str]:
        """Where the process, which starts in another directory, finds things and leaves things."""
        data = [name for name in DATA if os.environ.get(name)]
        return {
            **{name: os.path.abspath(os.environ[name]) for name in data},
            **{name: str(self._scratch) for name in ("TMPDIR", "TEMP", "TMP")},
            "DIGITCANVAS_HOME": str(self._home),
        }

    def _under_way(self) -> bool:
        return self._run is not None and self._run.state == "running"

    def _settle(self) -> None:
        """Wait until a run that was cancelled has left."""
        with self._lock:
            leaving = None if self._under_way() else self._watcher
        if leaving:
            leaving.join()

    def _tell(self, message: dict) -> None:
        with suppress(OSError):  # it is gone: the watcher says so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _watch(self) -> None:
        """Follow the process to its end."""
        for line in self._process.stdout:
            with self._lock, suppress(json.JSONDecodeError):  # its death cut the line short
                self._hear(json.loads(line))
        status = self._process.wait()
        with self._lock:
            with suppress(OSError):
                self._process.stdin.close()
            self._process.stdout.close()
            shutil.rmtree(self._scratch, ignore_errors=True)
            run = self._run
            if self._published(run):
                self._run = replace(run, state="done")
                self._results[run.id] = run.name
            elif run.state == "running" and status == 0 and run.rates.points and not run.failure:
                self._run = replace(run, state="done")
            elif run.state == "running":
                failure = run.failure or (
                    f"The training process was killed (status {status}), perhaps for want of "
                    "memory. No model was changed. Try again, or a smaller network."
                )
                self._run = replace(run, state="failed", failure=failure)

    def _published(self, run: Run) -> bool:
        """Whether the model of its name is the run's, and not one that came there meanwhile."""
        if run.task == FIND_RATE:
            return False
        try:
            card = registry.read_card(self._home / run.name)
            trained_at = datetime.fromisoformat(card.trained_at).timestamp()
            return trained_at >= int(run.started) and Recipe(**card.recipe) == run.recipe
        except (ValueError, TypeError):
            return False

    def _hear(self, event: dict) -> None:
        run = self._run
        if "progress" in event:
            progress = Progress(**event["progress"])
            run.curve.add(progress)
            run.rates.add(progress)
            since = run.training_since or (time.time() if progress.epoch else None)
            stage = "" if progress.epoch else "Making drawings to learn from"
            self._run = replace(run, progress=progress, training_since=since, stage=stage)
        elif "failed" in event:
            self._run = replace(run, failure=event["failed"], offline="offline" in event)
        else:
            self._run = replace(run, **event)

    def _claim(self, run: Run) -> None:
        """Make the scratch directory, its marker in it, in one step: one server alone gets it."""
        server = psutil.Process()
        marker = {
            "pid": server.pid,
            "created": server.create_time(),
            "task": run.task,
            "name": run.name,
            "recipe": asdict(run.recipe),
            "started": run.started,
        }
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(self._home).free < NEEDED:
                raise JobError(f"The disk is almost full: free some space where {self._home} is.")
            with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=self._home) as folder:
                claim = Path(folder, "claim")
                claim.mkdir()
                (claim / MARKER).write_text(json.dumps(marker))
                claim.rename(self._scratch)
        except OSError as error:
            if self._scratch.exists():
                raise JobError("Another server trains here: wait until it is done.") from error
            raise JobError(f"No model can be written to {self._home} ({error}).") from error

    def _bury(self) -> None:
        """Clear away what a dead server left, and take its run over: as failed, if not done."""
        if not self._scratch.exists():
            return
        try:
            marker = json.loads((self._scratch / MARKER).read_text())
            if _lives(marker["pid"], marker["created"]):
                return
            recipe, started = Recipe(**marker["recipe"]), float(marker["started"])
            run = Run(
                uuid.uuid4().hex, marker["name"], recipe, marker["task"], "failed", started=started
            )
        except (FileNotFoundError, ValueError, TypeError, KeyError):  # half removed, or damaged
            run = None
        except OSError:  # it cannot be read now: that tells nothing
            return
        shutil.rmtree(self._scratch, ignore_errors=True)
        if run and self._published(run):
            self._run = replace(run, state="done")
        elif run:
            what = "search" if run.task == FIND_RATE else "training"
            self._run = replace(
                run,
                failure=f"The server stopped in the middle of the {what}. No model was changed. "
                "Start again.",
            )


def _lives(pid: int, created: float) -> bool:
    """Whether the process of that time is there and no zombie; clocks are set now and then."""
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and abs(process.create_time() - created) < CLOCK_STEP
    except psutil.NoSuchProcess:
        return False
