"""How many runs a machine carries beside each other, with room left for the page."""

import os
from pathlib import Path

import psutil

VARIABLE = "DIGITCANVAS_RUNS"
"""Names how many runs a server does at once, where that is to be decided by a person."""

MEMORY = 1_800_000_000
"""Bytes that a run takes at most, with all of MNIST: `python -m tests.benchmarks.queue` measures
it."""

SPARE = 1_000_000_000
"""Bytes that are left for the page and for everything else."""

CGROUP = Path("/sys/fs/cgroup")
"""Where a container on Linux finds its limits: "max", or a number."""


def slots(running: int) -> int:
    """How many runs may be under way on this machine, where `running` are.

    The first core is left to the page. If the memory is short there is still one run at a time.
    """
    given = os.environ.get(VARIABLE, "").strip()
    if given.isdecimal():
        return int(given)
    by_memory = running + int((free_memory() - SPARE) // MEMORY)
    return max(1, min(cores() - 1, by_memory))


def cores() -> int:
    """The cores that this process may use."""
    try:
        own = len(psutil.Process().cpu_affinity() or [])
    except AttributeError:  # macOS
        own = 0
    own = own or os.cpu_count() or 1
    quota, _, period = _limit("cpu.max").partition(" ")
    if quota.isdecimal() and period.isdecimal():
        own = min(own, max(1, round(int(quota) / int(period))))
    return own


def free_memory() -> float:
    """The bytes that new processes may take."""
    free = float(psutil.virtual_memory().available)
    most, used = _limit("memory.max"), _limit("memory.current")
    if most.isdecimal() and used.isdecimal():
        free = min(free, int(most) - int(used))
    return free


def _limit(name: str) -> str:
    try:
        return (CGROUP / name).read_text().strip()
    except OSError:  # no container, or another system
        return ""
