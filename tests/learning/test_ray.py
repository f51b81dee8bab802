"""Runs on a real Ray cluster: a head and two nodes that do a run each, all on this machine."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest

from digitcanvas.reading import registry
from digitcanvas.runs import node, process
from digitcanvas.runs.jobs import Jobs
from tests.ray_nodes import ray_nodes
from tests.runs.test_jobs import (
    FAKE,
    QUICK,
    cancel,
    gone,
    left_in,
    mine,
    until_it_ends,
    until_it_trains,
    wait_for,
)

pytestmark = pytest.mark.training


@pytest.fixture(scope="module")
def nodes():
    with ray_nodes([1, 1]) as nodes:
        yield nodes


@pytest.fixture
def runs_of(nodes, home, monkeypatch):
    monkeypatch.setenv(process.RAY, nodes.address)
    for name in process.DATA:
        monkeypatch.delenv(name, raising=False)
    started = []

    def start(worker=process.WORKER):
        started.append(Jobs(home, worker))
        return started[-1]

    yield start
    for runs in started:
        cancel(runs)
        runs.close()


def actors():
    """The process of each run's actor, by the folder that it has on its node."""
    folders = Path(os.environ["TMPDIR"]).glob(f"{node.PREFIX}*")
    return {folder: int(folder.name.removeprefix(node.PREFIX).split("-")[0]) for folder in folders}


def stages_of(runs, run):
    """What the run says that it does, each once, in a list that grows."""
    stages = []

    def follow():
        for snapshot in runs.follow(run.id):
            if snapshot.stage not in stages:
                stages.append(snapshot.stage)

    threading.Thread(target=follow, daemon=True).start()
    return stages


def test_a_cancelled_run_leaves_nothing_and_one_that_dies_twice_says_so(runs_of, home):
    runs = runs_of(FAKE)
    runs.start(mine())
    until_it_trains(runs)
    ((folder, actor),) = actors().items()
    worker = psutil.Process(actor).children()[0].pid
    began = time.monotonic()
    cancel(runs)
    assert time.monotonic() - began < 5
    wait_for(lambda: gone(worker) and not folder.exists(), 5)
    assert left_in(home) == []

    run = runs.start(mine())
    stages = stages_of(runs, run)
    for _ in range(2):
        (new,) = wait_for(lambda: [pid for pid in actors().values() if not gone(pid)])
        wait_for(lambda: runs.get(run.id).training_since)
        os.kill(new, signal.SIGKILL)
        wait_for(lambda pid=new: gone(pid))
        wait_for(lambda: not (now := runs.get(run.id)).is_live or now.training_since is None)
    end = until_it_ends(runs, run)
    assert end.state == "failed" and "stopped, and so did the next one" in end.error
    assert any("begins again" in stage for stage in stages) and left_in(home) == []


def test_two_runs_train_and_the_one_whose_node_dies_begins_again(runs_of, nodes, home):
    runs = runs_of()
    both = [runs.start(mine(QUICK, name)) for name in ("one", "two")]
    stages = [stages_of(runs, run) for run in both]
    wait_for(lambda: len(actors()) == 2)
    wait_for(lambda: all(runs.get(run.id).training_since for run in both))
    nodes.kill(0)
    ends = [until_it_ends(runs, run) for run in both]
    assert [(end.state, end.error) for end in ends] == [("done", "")] * 2
    assert sum(any("begins again" in stage for stage in each) for each in stages) == 1
    for run, name in zip(both, ("one", "two"), strict=True):
        card = registry.read_card(home / name)
        assert card.run == run.id and card.test["accuracy"] > 0.6
        assert len(runs.get(run.id).curve.validation) == QUICK.epochs
    assert left_in(home) == ["one", "two"]
    wait_for(lambda: runs.slots() == 1)
