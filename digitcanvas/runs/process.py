"""One run as a process of its own, `learning.worker`, which talks over pipes.

It dies with the process that started it.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from digitcanvas.reading import registry
from digitcanvas.runs.run import Run, task_to_json

WORKER = (sys.executable, "-m", "digitcanvas.learning.worker")

DATA = (
    "DIGITCANVAS_MNIST",
    "DIGITCANVAS_MNIST_WRITERS",
    "DIGITCANVAS_PEN",
    "DIGITCANVAS_UNIPEN",
    "KERAS_HOME",
)
ROOT = Path(__file__).parents[2]

RAY = "DIGITCANVAS_RAY"
"""Names the address of a Ray cluster that does the runs instead of this machine."""

IS_LINUX_X86 = (platform.system(), platform.machine()) == ("Linux", "x86_64")
TENSORFLOW = "tensorflow-cpu" if IS_LINUX_X86 else "tensorflow"
"""What pip calls it on this machine, as requirements.txt does."""

Event = dict[str, Any]


def training_needs() -> str | None:
    """What to install before this installation can train, as a sentence; None if it can."""
    if os.environ.get(RAY):
        what, package, install = "Training on a cluster", "Ray", 'pip install "ray[client]>=2.60"'
        own = '"digitcanvas[ray]"'
    else:
        what, package, install = "Training", "TensorFlow", "pip install -r requirements.txt"
        own = TENSORFLOW
    if find_spec("ray" if package == "Ray" else "tensorflow") is not None:
        return None
    if registry.IS_INSTALLED:  # perhaps by pipx, in an environment whose pip nobody else calls
        install = f"{sys.executable} -m pip install {own}"
    return f"{what} needs {package}, which is not installed: run {install}, then try again."


class Process:
    """The process of a run, and what it writes while it works: its scratch folder."""

    def __init__(
        self,
        run: Run,
        scratch: Path,
        environment: Mapping[str, str],
        command: Sequence[str],
        hear: Callable[[str, Event], None],
        ended: Callable[[str, int], None],
    ) -> None:
        """Start it. `hear` gets the run's id and each event, then `ended` the id and its status.

        Raises OSError if it cannot be started, or the scratch folder not be made.
        """
        self.run_id, self._scratch, self._hear, self._ended = run.id, scratch, hear, ended
        scratch.mkdir(parents=True)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
                env=os.environ | _environment(environment, scratch),
                start_new_session=True,  # a Ctrl-C is meant for us
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows
            )
        except BaseException:
            clear(scratch)
            raise
        request = {"id": run.id, "task": task_to_json(run.to_do), "scratch": str(scratch)}
        self._send(request)
        threading.Thread(target=self._watch, daemon=True).start()

    def kill(self) -> None:
        self._process.kill()

    def publish_again(self) -> None:
        """Ask it to try again, if it met a problem in publishing."""
        self._send({})

    def _send(self, message: Event) -> None:
        assert self._process.stdin
        with suppress(OSError):  # it is gone: the watcher will say so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _watch(self) -> None:
        """Follow the process to its end."""
        assert self._process.stdin and self._process.stdout
        for line in self._process.stdout:
            with suppress(json.JSONDecodeError):  # its death cut the line short
                self._hear(self.run_id, json.loads(line))
        status = self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        clear(self._scratch)
        self._ended(self.run_id, status)


def clear(scratch: Path) -> None:
    """Remove what a run wrote, and the folder of all runs with the last one."""
    shutil.rmtree(scratch, ignore_errors=True)
    with suppress(OSError):
        scratch.parent.rmdir()


def data_paths(sources: Mapping[str, str]) -> dict[str, str]:
    """Where the data is, by environment variable, also for a process in another directory."""
    named = {name: os.environ[name] for name in DATA if os.environ.get(name)} | dict(sources)
    return {name: os.path.abspath(path) if path else "" for name, path in named.items()}


def _environment(sources: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """Where the process finds and leaves things."""
    return data_paths(sources) | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
