"""Runs on a Ray cluster, where DIGITCANVAS_RAY names one, instead of processes of this machine.

`bridge` speaks with the cluster, in a process that all runs of a server share. The models come
back to this server, which publishes them.
"""

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from digitcanvas.runs.capacity import VARIABLE
from digitcanvas.runs.process import RAY, ROOT, Event, clear, data_paths
from digitcanvas.runs.run import Run, task_to_json

AWAY = 10.0
"""Seconds after which a cluster that was lost is tried again, by one run."""

LOST = "The Ray cluster cannot be used, as the server's log tells"
"""What all people see: an address is nothing for them."""

BRIDGE = (sys.executable, "-m", "digitcanvas.runs.bridge")

FAREWELL = 4.0
"""Seconds that the bridge has to leave the cluster, before it is killed."""

log = logging.getLogger(__name__)

Hear = Callable[[str, Event], None]
Ended = Callable[[str, int], None]


class Cluster:
    """A Ray cluster as a server uses it. Every method can be called from many threads."""

    def __init__(
        self,
        address: str,
        home: Path,
        worker: Sequence[str],
        changed: Callable[[], None],
        bridge: Sequence[str] = BRIDGE,
    ) -> None:
        """`worker` is the command of a run, and `changed` called when the cluster carries more or
        fewer runs. Nothing is reached before `connect` or the first run."""
        self._address, self._home, self._worker = address, home, worker
        self._changed, self._command = changed, bridge
        self._bridge: _Bridge | None = None
        self._lock = threading.Lock()

    def connect(self) -> None:
        """Reach the cluster in the background."""
        with suppress(OSError):  # the first run will say so
            self._reached()

    def slots(self) -> int:
        """How many runs may be under way: 1 while that is unknown, 0 for a while if it is lost."""
        if self._bridge and self._bridge.is_over:
            return 0 if time.monotonic() < self._bridge.ended + AWAY else 1
        given = os.environ.get(VARIABLE, "").strip()
        if given.isdecimal():
            return int(given)
        return self._bridge.slots if self._bridge else 1

    def start(
        self, run: Run, scratch: Path, sources: Mapping[str, str], hear: Hear, ended: Ended
    ) -> "ClusterRun":
        """Start a run, as `Process` does. Raises OSError if that is not possible."""
        return ClusterRun(self._reached(), run, scratch, sources, self._worker[1:], hear, ended)

    def close(self) -> None:
        """Leave the cluster. The runs there end."""
        with self._lock:
            if self._bridge:
                self._bridge.close()

    def _reached(self) -> "_Bridge":
        with self._lock:
            if not self._bridge or self._bridge.is_over:
                self._bridge = _Bridge(self._command, self._address, self._home, self._changed)
            return self._bridge


class ClusterRun:
    """A run on the cluster, with what a `Process` can do."""

    def __init__(
        self,
        bridge: "_Bridge",
        run: Run,
        scratch: Path,
        sources: Mapping[str, str],
        command: Sequence[str],
        hear: Hear,
        ended: Ended,
    ) -> None:
        """Start it. `command` are Python's arguments on the node."""
        self.id, self._bridge, self._scratch = run.id, bridge, scratch
        self._hear, self._ended = hear, ended
        scratch.mkdir(parents=True)
        begin = {
            "task": task_to_json(run.to_do),
            "scratch": str(scratch),
            "sources": data_paths(sources),
            "command": list(command),
        }
        bridge.begin(self, begin)

    def kill(self) -> None:
        self._bridge.send(run=self.id, kill=True)

    def publish_again(self) -> None:
        """Ask it to try again, if it met a problem in publishing."""
        self._bridge.send(run=self.id, again=True)

    def hear(self, event: Event) -> None:
        self._hear(self.id, event)

    def end(self, status: int) -> None:
        clear(self._scratch)
        self._ended(self.id, status)


class _Bridge:
    """The process that speaks with the cluster. It dies with the process that started it."""

    def __init__(
        self, command: Sequence[str], address: str, home: Path, changed: Callable[[], None]
    ) -> None:
        """Raises OSError if it cannot be started."""
        self.slots, self.is_over, self.ended = 1, False, 0.0
        self._address, self._changed = address, changed
        self._runs: dict[str, ClusterRun] = {}
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*command, address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"DIGITCANVAS_HOME": str(home)},
            start_new_session=True,  # a Ctrl-C is meant for us
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # on Windows
        )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def begin(self, run: ClusterRun, begin: Mapping[str, Any]) -> None:
        with self._lock:
            self._runs[run.id] = run
        self.send(run=run.id, begin=begin)
        if self.is_over:  # since a moment ago
            threading.Thread(target=self._end_all, args=[""], daemon=True).start()

    def send(self, **message: Any) -> None:
        assert self._process.stdin
        with self._lock, suppress(OSError, ValueError):  # it is gone: the watcher will say so
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()

    def close(self) -> None:
        assert self._process.stdin
        with self._lock, suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._watcher.join()

    def _watch(self) -> None:
        """Follow the process to its end."""
        assert self._process.stdin and self._process.stdout
        lost = ""
        for line in self._process.stdout:
            with suppress(json.JSONDecodeError):  # its death cut the line short
                message = json.loads(line)
                lost = message.get("lost", lost)
                try:
                    self._hear(message)
                except Exception:  # one run's events must not end the others
                    log.exception("an event of a run could not be used")
        self._process.wait()
        self.ended, self.is_over = time.monotonic(), True
        with suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._end_all(lost)

    def _hear(self, message: Event) -> None:
        if "slots" in message:
            self.slots = message["slots"]
            self._changed()
            return
        if not (run := self._runs.get(message.get("run", ""))):
            return
        if "event" in message:
            run.hear(message["event"])
        else:
            self._forget(run).end(message["ended"])

    def _forget(self, run: ClusterRun) -> ClusterRun:
        with self._lock:
            return self._runs.pop(run.id)

    def _end_all(self, lost: str) -> None:
        why = lost or "the connection with it broke off"
        with self._lock:
            runs = list(self._runs.values())
            self._runs.clear()
        failed = (
            f"The Ray cluster at {self._address} cannot be used: {why}. No model was changed. See "
            "that the cluster runs (ray status), or have whoever leads this server set "
            f"{RAY} to another address or unset it, then try again."
        )
        if runs:
            log.warning(failed)
        for run in runs:
            run.hear({"failed": failed, "lost": LOST})
            run.end(1)
