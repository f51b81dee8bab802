"""The servers that share a queue of runs: what each is called, and whether it lives."""

import os
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

STALE = 20.0
"""Seconds without a sign of life after which a server on another machine is taken for dead."""

PROCESSES = Path("/proc/self/ns/pid")
"""What tells a container from another on Linux, where both may have the same process numbers."""


def new_name() -> str:
    """A name for a server that this process runs: its machine, its process, and what is unique."""
    return f"{machine()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def machine() -> str:
    """This machine's name, or this container's."""
    name = socket.gethostname().replace("/", "-")[:80]
    with suppress(OSError):
        return f"{name}-{PROCESSES.stat().st_ino}"
    return name


def is_here(server: str) -> bool:
    """Whether a server runs on this machine, and in this container."""
    return server.split("/")[0] == machine()


class Watch:
    """Tells which servers are dead, by what they leave in the queue as a sign of life.

    No clock but this process' own counts: others' may be wrong, and may be set back.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, float]] = {}

    def dead(self, beats: Mapping[str, int]) -> list[str]:
        """Those of these servers that have died. Each has a number that rises while it lives."""
        now = time.monotonic()
        self._seen = {
            server: self._seen[server]
            if server in self._seen and self._seen[server][0] == beat
            else (beat, now)
            for server, beat in beats.items()
        }
        return [
            server
            for server, (_, since) in self._seen.items()
            if now - since > STALE or _has_left(server)
        ]


def _has_left(server: str) -> bool:
    """Whether its process is gone, as far as can be told from here."""
    process = server.split("/")[1:2]
    if not is_here(server) or not process or not process[0].isdecimal():
        return False
    try:
        return bool(psutil.Process(int(process[0])).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False
