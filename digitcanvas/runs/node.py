"""A run on a node of a Ray cluster: the same worker, in a folder that has all that it needs.

Ray gets this module's text from the server, so that a node without digitcanvas, or with another,
can still say so. It therefore imports nothing but Python's own library.
"""

import json
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PREFIX = "digitcanvas-run-"
"""What the folders of runs are called on a node, before the process that made each."""

HOME, DATA = "home", "data"
"""The models and the data in a run's folder."""

PAUSE = 0.2
"""Seconds for which a run's events are collected: progress comes ten times a second."""


class Node:
    """Does one run, and dies with it. A worker on its input's end dies with this process."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | int] = queue.Queue()

    def begin(
        self,
        request: Mapping[str, Any],
        variables: Mapping[str, str],
        command: Sequence[str],
        threads: int,
        version: str,
        paths: Sequence[str],
        *contents: bytes,
    ) -> str:
        """Start the worker, with files of these contents in its folder. Gives why not, or "".

        `variables` are the environment's: each that is a path in the folder will name that.
        `command` are Python's arguments, and `version` is the server's digitcanvas.
        """
        if why := _unfit(version):
            return why
        _clear_dead()
        folder = self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        (folder / HOME).mkdir()
        for name, content in zip(paths, contents, strict=True):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        environment = {
            name: str(folder / path) if path and (folder / path).exists() else path
            for name, path in variables.items()
        }
        environment |= {
            "DIGITCANVAS_HOME": str(folder / HOME),
            "DIGITCANVAS_DATABASE": "",
            "TF_NUM_INTRAOP_THREADS": str(threads),
            **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder)),
        }
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_root(),
            env=os.environ | environment,
        )
        self._send({**request, "scratch": str(folder / "scratch")})
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return ""

    def hear(self) -> list[str | int]:
        """The next lines that the worker has written, at least one; its status comes last."""
        lines = [self._lines.get()]
        time.sleep(PAUSE)
        with suppress(queue.Empty):
            while True:
                lines.append(self._lines.get_nowait())
        return lines

    def publish_again(self) -> None:
        self._send({})

    def model(self, name: str) -> dict[str, bytes]:
        """The files of a model that the run published, by name."""
        assert self._folder
        files = (self._folder / HOME / name).iterdir()
        return {path.name: path.read_bytes() for path in files}

    def leave(self) -> None:
        """Leave nothing of the run here."""
        assert self._process and self._folder and self._process.stdin and self._process.stdout
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            self._process.stdin.close()
        self._watcher.join()
        self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _send(self, message: Mapping[str, Any]) -> None:
        assert self._process and self._process.stdin
        with suppress(OSError):  # it is gone: the watcher will say so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def _watch(self) -> None:
        assert self._process and self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(self._process.wait())


def _unfit(version: str) -> str:
    """Why this node cannot do a run of a server with this version of digitcanvas, "" if it can."""
    name = socket.gethostname()
    spec = find_spec("digitcanvas")
    if spec is None or spec.origin is None:
        return (
            f"The cluster's node {name} has no digitcanvas: install version {version} there, as "
            f'by pip install "digitcanvas[train,ray]=={version}", then start the run again.'
        )
    if (here := _version(Path(spec.origin))) != version:
        return (
            f"The cluster's node {name} has digitcanvas {here}, and this server has {version}: "
            "install the same on both, then start the run again."
        )
    if find_spec("tensorflow") is None:
        return (
            f"The cluster's node {name} has no TensorFlow: install it there, as by "
            f'pip install "digitcanvas[train,ray]=={version}", then start the run again.'
        )
    return ""


def _version(module: Path) -> str:
    """What a module says in its text: to import digitcanvas takes a second."""
    found = re.search(r'^__version__ = "(.+)"', module.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "of an unknown version"


def _root() -> str | None:
    """Where the worker starts, so that it finds the digitcanvas that this process has found."""
    spec = find_spec("digitcanvas")
    return str(Path(spec.origin).parents[1]) if spec and spec.origin else None


def _clear_dead() -> None:
    """Remove what processes have left that were killed, with the node or by Ray."""
    import psutil  # comes with digitcanvas

    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        process = folder.name.removeprefix(PREFIX).partition("-")[0]
        if process.isdecimal() and not psutil.pid_exists(int(process)):
            shutil.rmtree(folder, ignore_errors=True)
