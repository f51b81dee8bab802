"""Runs as processes of their own: start, watch, cancel.

The process is `learning.worker`, one at a time for each home of retrained models: whoever starts a
run, a server or a shell, holds a file lock there until it ends. The process talks over pipes and
dies with whoever started it. A directory `.training` beside the models holds what the run writes,
and a description of the run, from which the next server learns of one whose server died.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from digitcanvas.reading import registry
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.run import Run, Task, Training, task_from_json, task_to_json

WORKER = (sys.executable, "-m", "digitcanvas.learning.worker")
SCRATCH, LOCK = ".training", ".training.lock"
DESCRIPTION = "run.json"

NEEDED = 50_000_000
"""Bytes that must be free to start with: more than most networks' files take."""

PATIENCE = 0.3
"""Seconds to wait for the lock: another server may hold it for an instant to see if it is free."""

DATA = (
    "DIGITCANVAS_MNIST",
    "DIGITCANVAS_MNIST_WRITERS",
    "DIGITCANVAS_PEN",
    "DIGITCANVAS_UNIPEN",
    "KERAS_HOME",
)
ROOT = Path(__file__).parents[2]

IS_LINUX_X86 = (platform.system(), platform.machine()) == ("Linux", "x86_64")
TENSORFLOW = "tensorflow-cpu" if IS_LINUX_X86 else "tensorflow"
"""What pip calls it on this machine, as requirements.txt does."""


class JobError(ValueError):
    """A run that cannot be started; the message says why and what to do."""


class NotNow(JobError):
    """A run that cannot be started yet, but may be later without anything being changed here."""


def training_needs() -> str | None:
    """What to install before this installation can train, as a sentence; None if it can."""
    if find_spec("tensorflow") is not None:
        return None
    if registry.IS_INSTALLED:  # perhaps by pipx, in an environment whose pip nobody else calls
        install = f"{sys.executable} -m pip install {TENSORFLOW}"
    else:
        install = "pip install -r requirements.txt"
    return f"Training needs TensorFlow, which is not installed: run {install}, then try again."


_all: dict[Path, "Jobs"] = {}
_asking = threading.Lock()


def jobs_in(home: Path) -> "Jobs":
    """This process' runs that publish to `home`: the same object for all threads that ask."""
    with _asking:
        if home not in _all:
            _all[home] = Jobs(home)
        return _all[home]


class Jobs:
    """The latest run, and the process behind it. Every method can be called from many threads."""

    def __init__(self, home: Path, worker: Sequence[str] = WORKER) -> None:
        self._home = home.absolute()
        self._scratch = self._home / SCRATCH
        self._command = worker
        self._claim = FileLock(self._home / LOCK, timeout=PATIENCE, thread_local=False)
        self._changed = threading.Condition()
        self._run: Run | None = None
        self._verdict: dict[str, Any] = {}
        """The process' last words: what it has "done", or why it "failed"."""
        self._process: subprocess.Popen[str] | None = None
        """None once it has left and everything of it is cleared away."""

    def latest(self) -> Run | None:
        """The run under way, or how the last one ended, including one that a dead server left."""
        with self._changed:
            if not self._claim.is_locked and (self._scratch / DESCRIPTION).exists():
                with suppress(Timeout, OSError), self._claim.acquire(timeout=0):
                    self._take_over()  # unless it is another server's, which lives
            return self._run

    def busy(self) -> Task | None:
        """What is being done in this home, here or by another process."""
        run = self.latest()
        if run and run.is_running:
            return run.task
        with suppress(OSError, ValueError, TypeError, KeyError):
            return None if self._claim.is_locked else self._described()[0]
        return None

    def follow(self, run_id: str) -> Iterator[Run]:
        """Every new snapshot of the run, until it has ended."""
        seen: Run | None = None
        while seen is None or seen.is_running:
            with self._changed:
                if self._run is seen:
                    self._changed.wait(timeout=0.5)  # so that Ctrl-C comes through
                run = self._run
            if run is None or run.id != run_id:
                return
            if run is not seen:
                seen = run
                yield run

    def result(self, run_id: str) -> str | None:
        """The name of the model that the run published, even if it was renamed since."""
        run = self._run
        likely = run.result if run and run.id == run_id else ""
        return registry.name_of_run(run_id, self._home, likely)

    def start(self, task: Task, sources: Mapping[str, str] | None = None) -> Run:
        """Start a process that does the task.

        `sources` are environment variables that say where its data is, by name.

        Raises JobError if this installation cannot train, a run is under way or the disk is full,
        and ModelError for a bad name.
        """
        if needs := training_needs():
            raise JobError(needs)
        if isinstance(task, Training) and not task.output:
            registry.check_name(task.name)
        with self._changed:
            self._wait_for_exit()
            if self._run and self._run.is_running:
                raise NotNow(f"{_one_at_a_time(self._run.task)}: wait for it, or cancel it.")
            self._occupy()
            run = Run.of(task)
            try:
                self._take_over()
                self._prepare(run)
                self._process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    cwd=ROOT,
                    env=os.environ | self._environment(sources or {}),
                    start_new_session=True,  # a Ctrl-C is meant for us
                    creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows
                )
            except BaseException as error:
                self._clear(run.id)
                self._claim.release()
                if isinstance(error, OSError):
                    raise JobError(f"The run's process could not be started ({error}).") from error
                raise
            self._run, self._verdict = run, {}
            self._send({"id": run.id, "task": task_to_json(task), "scratch": str(self._scratch)})
            threading.Thread(target=self._watch, args=[self._process, run.id], daemon=True).start()
            self._changed.notify_all()
            return run

    def cancel(self, run_id: str) -> None:
        """Stop that run, if it is under way, and keep nothing of it."""
        with self._changed:
            run = self._run
            if run and self._process and run.is_running and run.id == run_id:
                self._update(replace(run, state="cancelled"))
                self._process.kill()
            self._wait_for_exit()

    def publish_again(self, run_id: str) -> None:
        """Ask that run, if it met a problem in publishing, to try again."""
        with self._changed:
            run = self._run
            if run and run.is_running and run.id == run_id and run.problem:
                self._update(replace(run, problem=""))
                self._send({})

    def _update(self, run: Run) -> None:
        self._run = run
        self._changed.notify_all()

    def _wait_for_exit(self) -> None:
        """Wait until the process of a cancelled run has left, if there is one."""
        self._changed.wait_for(
            lambda: self._process is None or (self._run is not None and self._run.is_running)
        )

    def _occupy(self) -> None:
        """Take the lock. Raises JobError if another process has it or the home cannot be used."""
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            self._claim.acquire()
        except Timeout:
            task = self.busy()
            doing = _one_at_a_time(task) if task else "Another process is training here"
            raise NotNow(f"{doing}: another process started it. Wait for it to end.") from None
        except (OSError, NotImplementedError) as error:
            raise JobError(self._unusable(error)) from error

    def _unusable(self, error: Exception) -> str:
        return (
            f"No run can be started, since {self._home} cannot be written to ({error}): "
            "set DIGITCANVAS_HOME to a folder that can."
        )

    def _prepare(self, run: Run) -> None:
        """Describe the run on disk, where other processes and the next server find it."""
        try:
            if shutil.disk_usage(self._home).free < NEEDED:
                raise NotNow(f"The disk is almost full: free some space where {self._home} is.")
            self._scratch.mkdir()
            description = {"id": run.id, "task": task_to_json(run.task)}
            (self._scratch / DESCRIPTION).write_text(json.dumps(description), encoding="utf-8")
        except OSError as error:
            raise JobError(self._unusable(error)) from error

    def _described(self) -> tuple[Task, str]:
        """The run that is described on disk: its task and its id."""
        description = json.loads((self._scratch / DESCRIPTION).read_text(encoding="utf-8"))
        return task_from_json(description["task"]), str(description["id"])

    def _take_over(self) -> None:
        """Clear away what a dead server left, and keep its run: as failed unless it was done."""
        if not self._scratch.exists():
            return
        run = None
        with suppress(OSError, ValueError, TypeError, KeyError):  # half removed, or damaged
            task, run_id = self._described()
            run = Run.of(task, id=run_id)
        shutil.rmtree(self._scratch, ignore_errors=True)
        if run and (result := self._published(run)):
            self._update(replace(run, state="done", result=result))
        elif run:
            error = f"The process that did the {run.task.kind} stopped. No model was changed."
            self._update(replace(run, state="failed", error=f"{error} Start it again."))

    def _clear(self, run_id: str) -> None:
        """Remove what this run wrote, but not what belongs to another that came after it."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            if self._described()[1] != run_id:
                return
            (self._scratch / DESCRIPTION).unlink()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _published(self, run: Run) -> str | None:
        """The name of the model that the run published, or its output."""
        if not isinstance(run.task, Training):
            return None
        if not (output := run.task.output):
            return self.result(run.id)
        with suppress(registry.ModelError):
            return output if registry.read_card(Path(output)).run == run.id else None
        return None

    def _environment(self, sources: Mapping[str, str]) -> dict[str, str]:
        """Where the process, which starts in another directory, finds and leaves things."""
        data = {name: os.environ[name] for name in DATA if os.environ.get(name)} | dict(sources)
        return {
            **{name: os.path.abspath(path) if path else "" for name, path in data.items()},
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(self._scratch)),
            "DIGITCANVAS_HOME": str(self._home),
        }

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process and self._process.stdin
        with suppress(OSError):  # the process is gone: the watcher will say so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _watch(self, process: subprocess.Popen[str], run_id: str) -> None:
        """Follow the process to its end."""
        assert process.stdin and process.stdout
        for line in process.stdout:
            with self._changed, suppress(json.JSONDecodeError):  # its death cut the line short
                self._receive(json.loads(line))
        status = process.wait()
        with self._changed:
            with suppress(OSError):
                process.stdin.close()
            process.stdout.close()
            self._clear(run_id)
            self._claim.release()
            self._process = None
            self._end(status)

    def _receive(self, event: dict[str, Any]) -> None:
        assert self._run
        if "progress" in event:
            self._update(self._run.extended(Progress(**event["progress"])))
        elif "done" in event or "failed" in event:
            self._verdict = event
        else:  # a stage, or a problem
            self._update(replace(self._run, **event))

    def _end(self, status: int) -> None:
        run, verdict = self._run, self._verdict
        assert run
        published = verdict.get("done") or self._published(run)
        if published or "done" in verdict:
            run = replace(run, state="done", result=published or "")
        elif run.is_running:
            error = verdict.get("failed") or (
                f"The run's process was killed (status {status}): it may have run out of memory. "
                "No model was changed. Try again, or train a smaller network."
            )
            offline = bool(verdict.get("offline"))
            run = replace(run, state="failed", error=error, offline=offline)
        self._update(run)


def _one_at_a_time(task: Task) -> str:
    return f"{task.busy}, and one run goes on at a time"
