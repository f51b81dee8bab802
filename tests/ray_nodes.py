"""A Ray cluster of processes on this machine, for the tests and a benchmark."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest import mock

import psutil

from digitcanvas.runs import process
from digitcanvas.runs.capacity import MEMORY

STORE = 80_000_000  # bytes of shared memory, the least that Ray takes


class Nodes:
    """A head that does no runs, and nodes that do so many each."""

    def __init__(self, runs: Sequence[int]) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster()
        # So that a node is taken for dead after about 3 s, and not after 15
        health = {"initial_delay_ms": 0, "period_ms": 1000, "failure_threshold": 2}
        config = {f"health_check_{name}": value for name, value in health.items()}
        self._add(0, _system_config=config, include_dashboard=False)
        self._nodes = [self._add(count) for count in runs]

    @property
    def address(self) -> str:
        return self._cluster.address

    def kill(self, number: int) -> None:
        psutil.Process(self._nodes[number].all_processes["raylet"][0].process.pid).kill()

    def end(self) -> None:
        self._cluster.shutdown()

    def _add(self, runs: int, **settings):
        memory = max(1, runs) * MEMORY
        room = {"num_cpus": runs, "memory": memory, "object_store_memory": STORE}
        return self._cluster.add_node(**room, **settings)


@contextmanager
def ray_nodes(runs: Sequence[int]) -> Iterator[Nodes]:
    """Such a cluster, which reports nothing to anybody and leaves nothing behind.

    In the meantime, TMPDIR is a folder of its own.
    """
    place = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # the paths of sockets are short
    settings = {
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(process.ROOT),
        "TMPDIR": place,
    }
    with mock.patch.dict(os.environ, settings):
        nodes = Nodes(runs)
        try:
            yield nodes
        finally:
            nodes.end()
            shutil.rmtree(place, ignore_errors=True)
