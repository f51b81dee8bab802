"""The process of a run: the real one on the bundled sample, and its parts."""

import errno
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from digitcanvas.data.mnist import MnistMissing
from digitcanvas.data.told import ALL_ROOMS
from digitcanvas.learning import training, worker
from digitcanvas.reading import registry
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs import rate_finder, tuning
from digitcanvas.runs.doing import SCRATCH
from digitcanvas.runs.jobs import JobError, Jobs
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import RateSearch, Training, task_to_json
from tests.data.test_mnist_and_pen import save_mnist
from tests.data.test_told import drawings, tell
from tests.runs.test_jobs import QUICK, cancel, latest, left_in, mine, until_it_ends, wait_for

pytestmark = pytest.mark.training

EAGER = (
    sys.executable,
    "-c",
    "from digitcanvas.learning import worker; worker.lower_priority = int; worker.main()",
)
"""The real process, but for its low priority: beside other tests it would hardly move."""

CAN_SPARE_CORES = hasattr(psutil.Process, "cpu_affinity")
SEARCHED = replace(QUICK, batch_size=1024, validation_share=0.9)
"""Of 400 digits: a step at each rate."""


@pytest.fixture
def runs(home):
    """The runs that publish to `home`, by the real process."""
    runs = Jobs(home, EAGER)
    yield runs
    cancel(runs)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A training from its start to its end: its home, what was seen, how its process was set."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITCANVAS_HOME", str(home))
        runs, others = Jobs(home), psutil.Process().children()  # such as a browser's
        run = runs.start(mine(QUICK))
        (process,) = wait_for(lambda: set(psutil.Process().children()) - set(others))
        seen, priorities, cores = [], set(), set()
        for snapshot in runs.follow(run.id):
            seen.append(snapshot)
            with suppress(psutil.Error):
                priorities.add(process.nice())
                if CAN_SPARE_CORES:
                    cores.add(tuple(process.cpu_affinity()))
    return SimpleNamespace(home=home, seen=seen, priorities=priorities, cores=cores)


def test_a_training_s_stages_are_told_one_after_the_other(finished):
    told = list(dict.fromkeys(run.stage for run in finished.seen))
    trains = ["Starting TensorFlow", "", "Measuring and publishing"]
    expected = ["Starting", "Fetching the digits", *trains]
    assert told == [stage for stage in expected if stage in told]
    assert set(trains) <= set(told)
    end = finished.seen[-1]
    assert (end.state, end.result, end.problem, end.error) == ("done", "mine", "", "")


def test_its_progress_moves_and_its_curve_grows(finished):
    done = [run.progress.epochs_done for run in finished.seen if run.progress]
    assert done == sorted(done) and len(set(done)) >= 3 and done[-1] == QUICK.epochs
    points = [len(run.curve.training) for run in finished.seen]
    assert points == sorted(points) and len(set(points)) >= 3 and points[0] == 0
    curve = finished.seen[-1].curve
    assert [done for done, *_ in curve.validation] == [1, 2]
    assert curve.training[0][1] > curve.training[-1][1]


def test_its_model_can_be_read_and_tells_what_training_brought(finished):
    card = registry.read_card(finished.home / "mine")
    assert Recipe(**card.recipe) == QUICK and card.run == finished.seen[-1].id
    assert card.untrained["accuracy"] < 0.3 and card.test["accuracy"] > 0.6
    assert Recognizer.load(finished.home / "mine")


def test_nothing_else_is_left(finished):
    assert left_in(finished.home) == ["mine"]


def test_its_process_comes_last(finished):
    assert max(finished.priorities) == 19


@pytest.mark.skipif(not CAN_SPARE_CORES, reason="processes take any core here")
def test_its_process_leaves_a_core_to_the_page(finished):
    ours = set(psutil.Process().cpu_affinity())
    theirs = set(min(finished.cores, key=len))
    assert theirs <= ours and len(theirs) == max(1, len(ours) - 1)


def test_a_search_reports_every_rate_and_publishes_nothing(runs, home):
    run = runs.start(RateSearch(SEARCHED))
    seen = list(runs.follow(run.id))
    end = seen[-1]
    assert (end.state, end.result, end.problem, end.error) == ("done", "", "", "")
    expected = [rate_finder.rate_of(epoch) for epoch in range(rate_finder.COUNT)]
    assert end.curve.rates == pytest.approx(expected, rel=1e-4)
    assert min(end.curve.losses) < end.curve.losses[0]
    points = [len(snapshot.curve.points) for snapshot in seen]
    assert points == sorted(points) and points[0] == 0 and len(set(points)) >= 5
    assert left_in(home) == [] and runs.result(end.id) is None


def test_a_run_cancelled_as_it_publishes_leaves_nothing_anywhere(
    runs, home, monkeypatch, tmp_path_factory
):
    elsewhere = tmp_path_factory.mktemp("tmp")
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(elsewhere))
    runs.start(mine(QUICK))
    wait_for(lambda: list((home / SCRATCH).glob("*/.publishing-*/new/*")))
    cancel(runs)
    assert latest(runs).state == "cancelled"
    assert left_in(home) == [] and left_in(elsewhere) == []


def test_without_data_and_network_a_run_says_to_use_the_sample(
    runs, home, monkeypatch, tmp_path_factory
):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = "http://{}:{}".format(*closed.getsockname())
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, nowhere)
    for name in ("DIGITCANVAS_MNIST", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    runs.start(mine(replace(QUICK, sample=False)))
    run = until_it_ends(runs)
    assert run.state == "failed" and run.offline
    assert "the bundled sample" in run.error and "DIGITCANVAS_MNIST" in run.error
    assert left_in(home) == []


@pytest.mark.parametrize("task", [mine, RateSearch])
def test_an_mnist_that_cannot_be_read_offers_the_sample(runs, monkeypatch, task):
    monkeypatch.setenv("DIGITCANVAS_MNIST", "gone.npz")
    runs.start(task(replace(QUICK, sample=False)))
    run = until_it_ends(runs)
    assert run.state == "failed" and run.offline and "gone.npz" in run.error


@pytest.mark.parametrize("given", [True, False])
def test_data_are_found_where_the_server_would_find_them(
    runs, monkeypatch, tmp_path_factory, given
):
    """Named by the environment, or as a source."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    name = save_mnist(Path("mine.npz")).name
    monkeypatch.setenv("DIGITCANVAS_MNIST", "gone.npz" if given else name)
    sources = {"DIGITCANVAS_MNIST": name} if given else None
    runs.start(mine(replace(QUICK, sample=False)), sources=sources, is_bound=given)
    run = wait_for(
        lambda: (run := latest(runs)).stage == "Starting TensorFlow" or (run.error and run)
    )
    assert run is True or run.error == ""


@pytest.fixture
def small_disk(monkeypatch, tmp_path):
    """A disk of 60 MB as the home, and a function that fills it and gives the file to remove."""
    home = tmp_path / "disk"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(home)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    monkeypatch.setenv("DIGITCANVAS_HOME", str(home))

    def fill():
        with suppress(OSError), open(home / "films", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1_000_000))
        return home / "films"

    yield home, fill
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_on_a_full_disk_a_trained_network_waits_for_space(small_disk, finished):
    home, fill = small_disk
    shutil.copytree(finished.home / "mine", home / "other")
    runs = Jobs(home, EAGER)
    runs.start(mine(QUICK))
    try:
        films = fill()
        for _ in range(2):
            run = wait_for(lambda: (run := latest(runs)).problem and run)
            assert run.is_running and "disk is full" in run.problem
            assert str(home) in run.problem
            assert left_in(home) == [SCRATCH, "films", "other"]
            runs.publish_again(latest(runs).id)
        wait_for(lambda: latest(runs).problem)
        films.unlink()
        runs.publish_again(latest(runs).id)
        assert until_it_ends(runs).state == "done"
        assert left_in(home) == ["mine", "other"]
        assert Recognizer.load(home / "mine") and Recognizer.load(home / "other")
    finally:
        cancel(runs)


def test_an_almost_full_disk_is_told_before_a_run(small_disk):
    home, fill = small_disk
    fill()
    with pytest.raises(JobError, match=f"disk is almost full: free some space where {home}"):
        Jobs(home).start(mine(QUICK))
    assert left_in(home) == ["films"]


def test_a_model_can_be_removed_from_a_full_disk(small_disk, finished):
    home, fill = small_disk
    shutil.copytree(finished.home / "mine", home / "mine")
    fill()
    registry.remove("mine")
    assert left_in(home) == ["films"]


@pytest.fixture
def work(home, monkeypatch):
    """Does a training's work here; what it publishes and how, the test says. Gives its events."""
    monkeypatch.setattr(training, "train", lambda *_: None)

    def work(publish=lambda trained, target, *_: target.mkdir(), task=None):
        events, again = [], threading.Event()

        def send(event):
            events.append(event)
            if "problem" in event:
                again.set()

        monkeypatch.setattr(training, "publish", publish)
        result = worker.train(task or mine(QUICK), "its id", home / SCRATCH, send, again)
        return [*events, {"done": result}]

    return work


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the address space")
def test_a_process_without_the_memory_for_tensorflow_says_so(home):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_AS, (600_000_000,) * 2); "
    runs = Jobs(home, [*EAGER[:2], limit + EAGER[2]])
    end = until_it_ends(runs, runs.start(mine(QUICK)))
    assert end.state == "failed"
    assert re.search("memory (may be|is) full|may have run out of memory", end.error), end.error
    runs.close()


@pytest.mark.parametrize("source", ["DIGITCANVAS_PEN", "DIGITCANVAS_UNIPEN"])
def test_drawings_that_cannot_be_read_stop_those_alone_who_learn_from_them(
    work, monkeypatch, source
):
    monkeypatch.setenv(source, "gone.tra")
    assert work()[-1] == {"done": "mine"}
    with pytest.raises(ValueError, match=r"gone\.tra"):
        work(task=mine(replace(QUICK, pen_copies=1)))


def test_a_room_s_drawings_are_read_from_the_store_before_anything_else(work, home, monkeypatch):
    learnt = []
    monkeypatch.setattr(training, "train", lambda *request: learnt.append(request[-1]))
    room = tell(home, drawings(people=6))
    tell(home, drawings(people=2))
    for code, count in ((room, 30), (ALL_ROOMS, 60)):
        work(task=mine(replace(QUICK, room=code)))
        told = learnt.pop()
        assert len(told.train) + len(told.validation) == count
    work()
    assert learnt.pop() is None


@pytest.mark.parametrize(
    ("stored", "room", "complaint"),
    [
        (None, "all", "There are 0 told drawings in all rooms, and a training takes 30 at least"),
        (None, "XXXXX", "There is no room 'XXXXX'"),
        (b"damaged" * 1000, "all", "the file is damaged"),
    ],
)
def test_without_a_room_s_drawings_a_run_fails_before_anything_is_made(
    asked, home, stored, room, complaint
):
    if stored:
        (home / "drawings.sqlite").write_bytes(stored)
    (event,) = asked(mine(replace(QUICK, room=room)))
    assert complaint in event["failed"] and "\n" not in event["failed"]
    assert [path for path in home.iterdir() if path.is_dir()] == []


def test_a_name_that_is_taken_while_it_is_published_gets_a_number(work):
    def publish(trained, target, scratch, run_id):
        if target.name == "mine":
            target.mkdir()
            raise OSError(errno.ENOTEMPTY, "Directory not empty")

    events = work(publish)
    assert events[-1] == {"done": "mine-2"}
    assert not any("problem" in event for event in events)


def test_an_output_is_published_where_it_is_asked_for(work, tmp_path):
    published = []
    output = str(tmp_path / "ours")
    events = work(lambda *request: published.append(request), Training(QUICK, "mine", output))
    assert published == [(None, Path(output), None, "its id")]
    assert events[-1] == {"done": output}


def test_what_keeps_a_network_from_being_written_is_told(work):
    failures = [
        OSError(errno.EACCES, "Permission denied"),
        registry.ModelError("is not a model"),
        RuntimeError("RESOURCE_EXHAUSTED: x; No space left on device"),  # as TensorFlow says it
    ]

    def publish(*_):
        if failures:
            raise failures.pop(0)

    problems = [event["problem"] for event in work(publish) if "problem" in event]
    assert len(problems) == 3 and "disk is full" in problems[2]
    assert "Permission denied" in problems[0] and "is not a model" in problems[1]


def test_a_worker_listens_as_long_as_there_is_a_server(monkeypatch):
    ours, server = os.pipe()
    statuses = []
    with os.fdopen(ours) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(os, "_exit", statuses.append)
        again = worker._watch_input()
        assert not again.wait(0.1)
        os.write(server, b"{}\n")
        assert again.wait(10) and statuses == []
        os.close(server)
        assert wait_for(lambda: statuses) == [1]


def test_progress_is_reported_now_and_then_and_at_every_epoch_s_end(work, monkeypatch):
    def train(recipe, mnist, pen, report, unipen, told):
        for epoch in (1, 2):
            for batch in range(1, 1001):
                report(Progress(epoch, 2, batch, 1000, {"loss": 1.0}))
            report(Progress(epoch, 2, 1000, 1000, {"loss": 1.0, "val_loss": 1.0}))

    monkeypatch.setattr(training, "train", train)
    reports = [event["progress"] for event in work() if "progress" in event]
    assert 3 <= len(reports) < 100
    assert sum("val_loss" in progress["metrics"] for progress in reports) == 2


def test_every_rate_is_reported_and_batches_now_and_then(monkeypatch):
    def find_rate(recipe, mnist, report):
        for epoch in range(1, 81):
            for batch in range(1, 101):
                report(Progress(epoch, 80, batch, 100, {"loss": 1.0}))
            report(Progress(epoch, 80, 100, 100, {"loss": 1.0, "learning_rate": epoch / 100}))

    monkeypatch.setattr(training, "find_rate", find_rate)
    events = []
    worker.find_rate(QUICK, events.append)
    assert [event["stage"] for event in events if "stage" in event] == [
        "Fetching the digits",
        "Starting TensorFlow",
    ]
    reports = [event["progress"]["metrics"] for event in events if "progress" in event]
    ends = [metrics["learning_rate"] for metrics in reports if "learning_rate" in metrics]
    assert ends == [epoch / 100 for epoch in range(1, 81)] and len(reports) < 400


@pytest.fixture
def asked(monkeypatch, home):
    """Has the worker do a task here. Gives what it sends."""
    events = []
    monkeypatch.setattr(worker, "lower_priority", lambda: None)
    monkeypatch.setattr(worker, "hide_native_messages", lambda: None)
    monkeypatch.setattr(worker, "_reserve_output", lambda: events.append)
    monkeypatch.setattr(worker, "_watch_input", threading.Event)

    def ask(task):
        request = {"id": "its id", "task": task_to_json(task), "scratch": str(home)}
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request) + "\n"))
        events.clear()
        worker.main()
        return list(events)

    return ask


def test_the_worker_does_the_task_that_it_is_asked_for(asked, monkeypatch, home):
    done = []
    monkeypatch.setattr(worker, "train", lambda *request: done.append(request[:3]) or "mine")
    monkeypatch.setattr(worker, "find_rate", lambda *request: done.append(request[0]))
    assert asked(mine(QUICK)) == [{"done": "mine"}]
    assert asked(RateSearch(QUICK)) == [{"done": ""}]
    assert done == [(mine(QUICK), "its id", home), QUICK]


def test_a_trial_learns_and_leaves_nothing(runs, home):
    first, _ = runs.start_all(tuning.plan(QUICK, "quick", 2, ["learning_rate"]))
    end = until_it_ends(runs, first)
    assert (end.state, end.error, end.is_poor) == ("done", "", False)
    assert tuning.accuracy(end) > 0.6 and len(end.curve.validation) == QUICK.epochs
    cancel(runs)
    assert left_in(home) == []


def test_a_trial_whose_loss_becomes_infinite_is_a_poor_one(asked, monkeypatch):
    def diverge(recipe, send):
        assert not recipe.calibrated
        raise training.Diverged("The loss is no longer a number")

    monkeypatch.setattr(worker, "learn", diverge)
    trial, _ = tuning.plan(replace(QUICK, calibrated=True), "quick", 2, ["learning_rate"])
    assert asked(trial) == [{"is_poor": True}, {"done": ""}]


@pytest.mark.parametrize(
    ("error", "words", "offline"),
    [
        (training.Diverged("The loss is no longer a number"), "no longer a number", False),
        (MemoryError(), "memory is full", False),
        (MnistMissing("MNIST could not be downloaded"), "could not be downloaded", True),
        (RuntimeError("odd"), "odd", False),
    ],
)
def test_a_worker_says_why_it_broke_off(asked, monkeypatch, error, words, offline):
    def fail(*_):
        raise error

    monkeypatch.setattr(worker, "find_rate", fail)
    (event,) = asked(RateSearch(QUICK))
    assert words in event["failed"] and ("offline" in event) is offline
