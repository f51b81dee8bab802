"""When runs that wait begin, how many have room, and which servers live."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.runs import capacity, servers
from digitcanvas.runs.forecast import forecast
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Run, Training

TASK = Training(RECIPES["quick"], "mine")


def a_run(state="waiting", seconds=60.0, **fields):
    return Run.of(TASK, state=state, seconds=seconds, **fields)


def test_each_takes_the_place_that_is_free_first():
    half = a_run("running", 100.0, stage="", progress=Progress(1, 2, 10, 10, {}))
    new = a_run("running", 30.0)
    first, second, third = a_run(seconds=10.0), a_run(seconds=60.0), a_run()
    found = forecast([half, new, first, second, third], 2)
    places = [found[run.id].place for run in (first, second, third)]
    starts = [found[run.id].start for run in (first, second, third)]
    assert places == [1, 2, 3] and starts == pytest.approx([30.0, 40.0, 45.0])
    assert found[second.id].end == pytest.approx(100.0)


def test_a_run_in_training_is_judged_by_how_fast_it_was():
    progress = Progress(1, 2, 5, 10, {"loss": 1.0, "accuracy": 0.5})
    running = a_run("running", 9.0, stage="", progress=progress, training_since=time.time() - 10)
    waits = a_run()
    assert forecast([running, waits], 1)[waits.id].start == pytest.approx(30.0, abs=0.5)


def test_with_room_a_run_begins_at_once_and_there_is_always_some():
    waits = a_run()
    assert forecast([waits], 3)[waits.id].start == 0 == forecast([waits], 0)[waits.id].start


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1e4))), st.integers(0, 9))
def test_whoever_comes_first_begins_first(rows, slots):
    runs = [a_run("waiting" if waits else "running", seconds) for waits, seconds in rows]
    found = forecast(runs, slots)
    waiting = [run for run in runs if run.state == "waiting"]
    starts = [found[run.id].start for run in waiting]
    assert starts == sorted(starts) and [found[run.id].place for run in waiting] == [
        *range(1, len(waiting) + 1)
    ]
    assert all(found[run.id].end == found[run.id].start + run.seconds for run in waiting)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Sets this machine's cores and free memory in GB, and its limits as a container."""

    def set_up(cores=8, free=64, **limits):
        monkeypatch.setattr(
            psutil.Process, "cpu_affinity", lambda self: range(cores), raising=False
        )
        memory = type("Memory", (), {"available": free * 1e9})
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        monkeypatch.setattr(capacity, "CGROUP", tmp_path)
        for name, text in limits.items():
            (tmp_path / name.replace("_", ".")).write_text(text + "\n")

    monkeypatch.delenv(capacity.VARIABLE, raising=False)
    return set_up


@pytest.mark.parametrize(
    ("about", "running", "expected"),
    [
        ({}, 0, 7),
        ({}, 7, 7),
        ({"cores": 2}, 0, 1),
        ({"cores": 1}, 0, 1),
        ({"free": 0.5}, 0, 1),
        ({"free": 5}, 0, 2),
        ({"free": 5}, 2, 4),
        ({"free": 0.5}, 3, 2),
        ({"cpu_max": "200000 100000"}, 0, 1),
        ({"cpu_max": "max 100000"}, 0, 7),
        ({"memory_max": "6000000000", "memory_current": "1000000000"}, 0, 2),
        ({"memory_max": "max", "memory_current": "1"}, 0, 7),
    ],
)
def test_cores_and_memory_say_how_many_runs_have_room(machine, about, running, expected):
    machine(**about)
    assert capacity.slots(running) == expected


@pytest.mark.parametrize(("text", "slots"), [("3", 3), ("0", 0), (" 2 ", 2), ("", 7), ("many", 7)])
def test_a_person_may_say_how_many(machine, monkeypatch, text, slots):
    machine()
    monkeypatch.setenv(capacity.VARIABLE, text)
    assert capacity.slots(0) == slots


@pytest.mark.parametrize("text", ["\u00b2", "-1", "1.5"])
def test_a_number_that_is_none_is_passed_over(machine, monkeypatch, text):
    machine()
    monkeypatch.setenv(capacity.VARIABLE, text)
    assert capacity.slots(0) == 7


def test_a_server_whose_process_has_left_is_dead_at_once():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    name = servers.new_name()
    left = name.replace(f"/{os.getpid()}/", f"/{gone.pid}/")
    assert servers.is_here(name) and servers.Watch().dead({name: 1, left: 1}) == [left]


def test_a_server_elsewhere_is_dead_when_its_beat_stands_still(monkeypatch):
    now = 100.0
    monkeypatch.setattr(servers.time, "monotonic", lambda: now)
    watch = servers.Watch()
    assert watch.dead({"elsewhere/1/a": 7, "elsewhere/2/b": 7}) == []
    now += servers.STALE / 2 + 1
    assert watch.dead({"elsewhere/1/a": 8, "elsewhere/2/b": 7}) == []
    now += servers.STALE / 2
    assert watch.dead({"elsewhere/1/a": 8, "elsewhere/2/b": 7}) == ["elsewhere/2/b"]
    assert watch.dead({"elsewhere/1/a": 8}) == []


def test_odd_names_of_servers_are_of_another_machine():
    assert servers.Watch().dead({"": 1, "a": 1, "a/b": 1, f"{servers.machine()}/x/y": 1}) == []


def test_names_are_unique_even_in_one_process():
    assert len({servers.new_name() for _ in range(10)}) == 10


def test_a_run_s_snapshot_brings_it_back():
    run = a_run("running", owner="ann", stage="", training_since=1.5)
    metrics = {"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}
    for epoch in (1, 2):
        run = run.extended(Progress(epoch, 2, 10, 10, metrics))
    fields = {"id": run.id, "owner": "ann", "state": "running", "seconds": 60.0}
    assert Run.restored(run.to_json(), TASK, **fields) == run
    assert Run.restored("", TASK, id="x") == Run.of(TASK, id="x")
    failed = replace(run, error="No luck.", offline=True, curve=TASK.no_curve, progress=None)
    assert Run.restored(failed.to_json(), TASK, **fields) == failed
