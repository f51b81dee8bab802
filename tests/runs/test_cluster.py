"""Runs on a cluster: with a process that stands in for Ray, and what a run takes along."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from digitcanvas.data import mnist
from digitcanvas.data.mnist import MnistMissing
from digitcanvas.data.store import StoreError
from digitcanvas.data.told import FILE, load_told
from digitcanvas.reading import registry
from digitcanvas.runs import capacity, cluster, doing, node, process, tuning
from digitcanvas.runs.jobs import JobError, Jobs
from digitcanvas.runs.luggage import MNIST, UNIPEN, pack
from digitcanvas.runs.run import RateSearch, Training, task_to_json
from tests.data.test_told import drawings, tell
from tests.runs.test_jobs import (
    FAKE,
    LONG,
    QUICK,
    cancel,
    gone,
    left_in,
    mine,
    names,
    until_it_ends,
    until_it_trains,
    wait_for,
)

BRIDGE = (sys.executable, str(Path(__file__).with_name("fake_bridge.py")))
WHOLE = replace(QUICK, sample=False)


@pytest.fixture
def runs_at(home, monkeypatch):
    """Gives the runs of a server whose cluster has this address."""
    started = []

    def start(address):
        monkeypatch.setenv(process.RAY, address)
        monkeypatch.delenv(capacity.VARIABLE, raising=False)
        made = cluster.Cluster
        monkeypatch.setattr(doing, "Cluster", lambda *request: made(*request, bridge=BRIDGE))
        started.append(Jobs(home, FAKE))
        return started[-1]

    yield start
    for runs in started:
        cancel(runs)
        runs.close()


def test_a_run_on_a_cluster_goes_to_its_end_and_says_that_it_began_again(runs_at, home):
    runs = runs_at("there")
    first = runs.start(RateSearch(QUICK))
    end = until_it_ends(runs, first)
    assert (end.state, end.error, end.id) == ("done", "", first.id)
    assert len(end.curve.points) <= 1 and end.progress.epoch == 1
    assert left_in(home) == []


def test_what_a_dead_node_s_run_had_learnt_is_forgotten(home):
    server = Jobs(home, FAKE)._server
    run = doing.Run.of(mine(), owner="ann", seconds=3.0)
    server._doing[run.id] = doing.Doing(run)
    progress = {"epoch": 1, "epochs": 9, "batch": 9, "batches": 9, "metrics": {"loss": 1.0}}
    server._hear(run.id, {"progress": progress | {"metrics": {"loss": 1.0, "accuracy": 0.5}}})
    assert server.current(run.id).curve.training
    server._hear(run.id, {"again": "Its node stopped"})
    assert server.current(run.id) == replace(run, stage="Its node stopped")


def test_what_is_decided_of_a_run_is_not_undone_by_what_comes_late(home):
    server = Jobs(home, FAKE)._server
    run = doing.Run.of(mine(), state="cancelled")
    server._doing[run.id] = doing.Doing(run)
    server._hear(run.id, {"again": "Its node stopped"})
    server._end(run.id, 1)
    assert server.current(run.id).state == "cancelled"
    search = doing.Run.of(RateSearch(QUICK))
    server._doing[search.id] = doing.Doing(search)
    server._hear(search.id, {"done": ""})
    server._hear(search.id, {"failed": "It is lost.", "lost": "It is lost."})
    server._end(search.id, 1)
    assert server.current(search.id).state == "done"


def test_a_run_whose_cluster_was_lost_can_be_cancelled(home):
    server = Jobs(home, FAKE)._server
    run = doing.Run.of(mine())
    server._doing[run.id] = doing.Doing(run)
    server._hear(run.id, {"failed": "It is lost.", "lost": "It is lost."})
    server._end(run.id, 1)
    assert server.current(run.id).state == "waiting"
    assert server.cancel(run.id) and server.current(run.id).state == "cancelled"


def test_as_many_runs_go_on_as_the_cluster_carries(runs_at, monkeypatch):
    runs = runs_at("there")
    for number in range(7):
        runs.start(mine(LONG, f"mine-{number}"))
    wait_for(lambda: len(names(runs, "running")) == 5)
    assert runs.slots() == 5 and len(names(runs, "waiting")) == 2
    monkeypatch.setenv(capacity.VARIABLE, "6")
    wait_for(lambda: len(names(runs, "running")) == 6)


def test_the_runs_of_all_servers_share_the_cluster(runs_at, home, monkeypatch):
    ours, theirs = runs_at("there"), runs_at("there")
    monkeypatch.setattr(theirs._server, "name", "elsewhere/1/theirs")
    for number in range(4):
        theirs.start(mine(LONG, f"theirs-{number}"))
    wait_for(lambda: len(names(theirs, "running")) == 4)
    for number in range(3):
        ours.start(mine(LONG, f"ours-{number}"))
    wait_for(lambda: len(names(ours, "running")) == 5)
    looks, has_room = [], ours._server._has_room

    def look(store):
        looks.append(has_room(store))
        return looks[-1]

    monkeypatch.setattr(ours._server, "_has_room", look)
    ours._server.hurry()
    wait_for(lambda: looks)
    assert not any(looks) and len(names(ours, "running")) == 5


def test_a_cancelled_run_is_gone_and_its_scratch_too(runs_at, home):
    runs = runs_at("there")
    run = runs.start(mine())
    until_it_trains(runs)
    assert os.listdir(home / doing.SCRATCH) == [run.id]
    cancel(runs)
    assert runs.get(run.id).state == "cancelled" and left_in(home) == []


@pytest.mark.parametrize(
    ("address", "why"),
    [("lost", "it does not answer"), ("dies", "the connection with it broke off")],
)
def test_a_cluster_that_is_lost_is_told_with_what_to_do_and_the_server_goes_on(
    runs_at, home, address, why, monkeypatch
):
    monkeypatch.setattr(cluster, "AWAY", 0.3)
    runs = runs_at(address)
    for _ in range(2):
        end = until_it_ends(runs, runs.start(mine(), is_bound=True))
        assert end.state == "failed" and why in end.error
        assert address in end.error and process.RAY in end.error and "ray status" in end.error
    assert left_in(home) == []


def test_runs_wait_for_a_cluster_that_is_lost_until_it_is_back(runs_at, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "AWAY", 0.3)
    address = tmp_path / "there"
    runs = runs_at(str(address))
    both = runs.start_all(tuning.plan(QUICK, "quick", 2, ["dropout"]))
    first = wait_for(lambda: (run := runs.get(both[0].id)).stage == cluster.LOST and run)
    assert (first.state, first.parameters) == ("waiting", {})
    assert runs.get(both[1].id).state == "waiting"
    address.touch()
    assert [until_it_ends(runs, run).state for run in both] == ["done", "done"]


def test_a_server_without_ray_says_what_to_install(runs_at, monkeypatch):
    runs = runs_at("there")
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(JobError, match="Ray, which is not installed: run pip install"):
        runs.start(mine())
    monkeypatch.setattr(registry, "IS_INSTALLED", True)
    assert '-m pip install "digitcanvas[ray]"' in process.training_needs()


def test_a_server_needs_no_tensorflow_where_a_cluster_trains(runs_at, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert runs_at("there").start(mine())


def test_neither_ray_nor_tensorflow_is_in_the_server(home):
    code = (
        "import sys; from digitcanvas.runs import jobs; "
        "assert not {'ray', 'tensorflow', 'digitcanvas.runs.bridge'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=process.ROOT, check=True)


@pytest.fixture
def clean(monkeypatch):
    """No data but what the test names."""
    for name in process.DATA:
        monkeypatch.delenv(name, raising=False)


def packed(home, recipe, **sources):
    return pack(task_to_json(Training(recipe, "mine", "/here/ours")), sources, home)


def test_a_run_on_the_sample_takes_nothing_along(home, clean, monkeypatch):
    monkeypatch.setenv(MNIST, "mnist.npz")
    luggage = packed(home, QUICK)
    assert luggage.items == {} and set(luggage.variables.values()) == {""}
    assert luggage.task == task_to_json(Training(QUICK, "mine"))


def test_a_run_takes_its_data_along_each_once(home, clean, monkeypatch, tmp_path):
    for name in ("mnist.npz", "pen.tra", "other.tra", "unipen-digits.npz", "unipen-others.npz"):
        (tmp_path / name).write_text(name)
    monkeypatch.setenv(MNIST, str(tmp_path / "mnist.npz"))
    monkeypatch.setenv("DIGITCANVAS_PEN", str(tmp_path / "pen.tra"))
    monkeypatch.setenv(UNIPEN, str(tmp_path))
    luggage = packed(home, WHOLE, DIGITCANVAS_PEN=str(tmp_path / "other.tra"))
    contents = {path: item.read().decode() for path, item in luggage.items.items()}
    assert sorted(map(os.path.basename, contents)) == sorted(contents.values())
    assert "other.tra" in contents.values() and "pen.tra" not in contents.values()
    for name, path in luggage.variables.items():
        assert path == "" or any(item.startswith(path) for item in contents), name
    again = packed(home, WHOLE)
    assert again.items[luggage.variables[MNIST]].key == luggage.items[luggage.variables[MNIST]].key
    (tmp_path / "mnist.npz").write_text("another")
    changed = packed(home, WHOLE).items[luggage.variables[MNIST]]
    assert changed.key != again.items[luggage.variables[MNIST]].key


def test_data_that_are_missing_keep_their_name(home, clean, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_PEN", "/gone.tra")
    monkeypatch.setenv(MNIST, "/gone.npz")
    luggage = packed(home, WHOLE)
    assert luggage.items == {}
    assert luggage.variables[MNIST] == "/gone.npz"
    assert luggage.variables["DIGITCANVAS_PEN"] == "/gone.tra"


def test_mnist_is_taken_from_the_cache_or_downloaded_here(home, clean, monkeypatch, tmp_path):
    def fail():
        raise MnistMissing("no network")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("digitcanvas.runs.luggage.download_mnist", fail)
    with pytest.raises(MnistMissing):
        packed(home, WHOLE)
    cached = mnist._keras_cache()
    cached.parent.mkdir()
    cached.write_text("mnist")
    luggage = packed(home, WHOLE)
    assert luggage.items[luggage.variables[MNIST]].read() == b"mnist"


def test_a_room_s_drawings_are_the_same_on_a_node(home, clean, monkeypatch, tmp_path_factory):
    room, elsewhere = tell(home, drawings(people=6)), tmp_path_factory.mktemp("node")
    luggage = packed(home, replace(QUICK, room=room))
    here = load_told(room, home)
    (elsewhere / "told.npz").write_bytes(luggage.items[luggage.variables[FILE]].read())
    monkeypatch.setenv(FILE, str(elsewhere / "told.npz"))
    there = load_told(room, elsewhere)
    assert (there.sha256, there.people) == (here.sha256, here.people)
    assert [d.writer for d in there.validation] == [d.writer for d in here.validation]
    with pytest.raises(StoreError, match="no room"):
        packed(home, replace(QUICK, room="XXXXX"))


def test_the_model_to_start_from_is_taken_along_unless_each_node_has_it(home, clean):
    assert packed(home, replace(QUICK, start="cnn")).items == {}
    shutil.copytree(registry.SHIPPED / "mlp", home / "ours")
    for start in ("ours", str(home / "ours")):
        luggage = packed(home, replace(QUICK, start=start))
        assert luggage.task["recipe"]["start"] == "ours"
        item = luggage.items[f"home/ours/{registry.TRAINABLE}"]
        assert item.read() == (home / "ours" / registry.TRAINABLE).read_bytes()
    with pytest.raises(registry.ModelError):
        packed(home, replace(QUICK, start="gone"))


@pytest.fixture
def at_node(tmp_path_factory, monkeypatch):
    """A node without a cluster, and where it makes its folders."""
    place = tmp_path_factory.mktemp("node")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return node.Node(), place


def begin(at, recipe=QUICK, command=FAKE[1:], version="0.2.0", **files):
    import digitcanvas

    request = {"id": "its id", "task": task_to_json(Training(recipe, "mine"))}
    version = digitcanvas.__version__ if version == "0.2.0" else version
    variables = {"DIGITCANVAS_PEN": "data/pen", UNIPEN: "/gone", MNIST: ""}
    return at.begin(request, variables, command, 1, version, list(files), *files.values())


def test_a_node_does_a_run_and_leaves_nothing(at_node):
    at, place = at_node
    assert begin(at) == ""
    lines = []
    while not lines or not isinstance(lines[-1], int):
        lines += at.hear()
    events = [json.loads(line) for line in lines[:-1]]
    assert (
        lines[-1] == 0 and events[-1] == {"done": "mine"} and any("progress" in e for e in events)
    )
    files = at.model("mine")
    assert set(files) == {registry.CARD, registry.SERVED, registry.TRAINABLE}
    assert json.loads(files[registry.CARD])["run"] == "its id"
    at.leave()
    assert list(place.iterdir()) == []


def test_a_node_s_worker_finds_its_data_in_its_folder(at_node, tmp_path):
    at, _ = at_node
    script = tmp_path / "tell.py"
    script.write_text(
        "import os, json; names = 'DIGITCANVAS_PEN', 'DIGITCANVAS_UNIPEN', 'DIGITCANVAS_MNIST', "
        "'TF_NUM_INTRAOP_THREADS'; print(json.dumps([os.environ[name] for name in names]))"
    )
    assert begin(at, command=[str(script)], **{"data/pen": b"drawings"}) == ""
    pen, *others = json.loads(at.hear()[0])
    assert Path(pen).read_bytes() == b"drawings" and others == ["/gone", "", "1"]
    at.leave()


def test_a_worker_dies_with_its_node_and_the_next_run_there_clears_up(at_node, tmp_path):
    code = (
        "import sys, os; sys.path.insert(0, '.'); from tests.runs import test_cluster as t; "
        "from digitcanvas.runs.node import Node; at = Node(); assert not t.begin(at, t.LONG); "
        "at.hear(); print(at._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    at, place = at_node
    environment = os.environ | {"TMPDIR": str(place)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=process.ROOT, env=environment, capture_output=True
    )
    worker = int(done.stdout)
    wait_for(lambda: gone(worker), 5)
    (left,) = place.iterdir()
    assert begin(at) == "" and not left.exists()
    at.leave()


@pytest.mark.parametrize(
    ("missing", "version", "words"),
    [
        ("", "0.0.9", ["this server has 0.0.9", "install the same on both"]),
        ("digitcanvas", "0.2.0", ["has no digitcanvas", "pip install"]),
        ("tensorflow", "0.2.0", ["has no TensorFlow", "pip install"]),
    ],
)
def test_a_node_that_cannot_do_a_run_says_why(at_node, monkeypatch, missing, version, words):
    at, place = at_node
    found = node.find_spec
    monkeypatch.setattr(node, "find_spec", lambda name: None if name == missing else found(name))
    why = begin(at, version=version)
    assert all(word in why for word in words) and list(place.iterdir()) == []
