"""Training runs as real processes, on the bundled sample."""

import errno
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from digitcanvas import Recognizer
from digitcanvas.data import mnist
from digitcanvas.data.mnist import MnistMissing
from digitcanvas.learning import training, worker
from digitcanvas.reading import registry
from digitcanvas.runs import jobs, rate_finder
from digitcanvas.runs.jobs import FIND_RATE, MARKER, ROOT, SCRATCH, TRAIN, JobError, Jobs, Run
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import TUTORIAL, Recipe
from tests.data.test_mnist_and_pen import save_mnist

QUICK = Recipe("plain-mlp", epochs=2, **TUTORIAL | {"hidden": (16,), "sample": True})
LONG = replace(QUICK, epochs=500)
CAN_SPARE_CORES = hasattr(psutil.Process, "cpu_affinity")

SERVER = f"""
import sys, time
from pathlib import Path
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.recipes import Recipe

jobs = Jobs(Path(sys.argv[1]))
jobs.find_rate({LONG!r}) if "search" in sys.argv else jobs.start({LONG!r}, "mine")
while not jobs.latest().training_since:
    time.sleep(0.02)
print("training", flush=True)
time.sleep(600)
"""


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.02)
    return value


def workers_of(server=None):
    """The training processes that a server has started: this process, or that of another id."""
    workers = []
    for process in psutil.Process(server).children():
        with suppress(psutil.Error):
            if "digitcanvas.learning.worker" in process.cmdline():
                workers.append(process)
    return workers


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def left_in(home):
    return sorted(path.name for path in home.iterdir())


def until_it_trains(jobs):
    return wait_for(lambda: (run := jobs.latest()).training_since and run)


def until_it_ends(jobs):
    return wait_for(lambda: (run := jobs.latest()).state != "running" and run)


def cancel(jobs):
    if run := jobs.latest():
        jobs.cancel(run.id)


@pytest.fixture
def runs(home, monkeypatch):
    """The runs that publish to `home`."""
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)
    runs = Jobs(home)
    yield runs
    cancel(runs)


@dataclass
class Seen:
    """How a run stood at one moment; its curve grows, so its length is noted."""

    run: Run
    points: int


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run from its start to its end: its home, what was seen, and how its process was set."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITCANVAS_HOME", str(home))
        patch.delenv("DIGITCANVAS_PEN", raising=False)
        runs = Jobs(home)
        runs.start(QUICK, "mine")
        (process,) = workers_of()
        seen, priorities, cores = [], set(), set()
        while not seen or seen[-1].run.state == "running":
            run = runs.latest()
            seen.append(Seen(run, len(run.curve.training)))
            with suppress(psutil.Error):
                priorities.add(process.nice())
                if CAN_SPARE_CORES:
                    cores.add(tuple(process.cpu_affinity()))
            time.sleep(0.02)
    return SimpleNamespace(home=home, seen=seen, priorities=priorities, cores=cores)


def test_a_run_goes_from_running_to_done(finished):
    states = [seen.run.state for seen in finished.seen]
    assert states == ["running"] * (len(states) - 1) + ["done"]
    end = finished.seen[-1].run
    assert (end.name, end.recipe, end.problem, end.failure) == ("mine", QUICK, "", "")
    assert {seen.run.id for seen in finished.seen} == {end.id}


def test_its_stages_are_told_one_after_the_other(finished):
    told = list(dict.fromkeys(seen.run.stage for seen in finished.seen))
    training = ["Starting TensorFlow", "", "Measuring and publishing"]
    expected = ["Starting", "Fetching the digits", *training]
    assert told == [stage for stage in expected if stage in told]
    assert set(training) <= set(told)


def test_its_progress_moves_and_its_curve_grows(finished):
    done = [seen.run.progress.epochs_done for seen in finished.seen if seen.run.progress]
    assert done == sorted(done) and len(set(done)) >= 3 and done[-1] == QUICK.epochs
    points = [seen.points for seen in finished.seen]
    assert points == sorted(points) and len(set(points)) >= 3 and points[0] == 0
    curve = finished.seen[-1].run.curve
    assert [done for done, *_ in curve.validation] == [1, 2]
    assert curve.training[0][1] > curve.training[-1][1]


def test_its_model_can_be_read_and_tells_what_training_brought(finished):
    card = registry.read_card(finished.home / "mine")
    assert Recipe(**card.recipe) == QUICK
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


def test_a_second_run_is_refused_while_one_is_under_way(runs, home):
    first = runs.start(LONG, "mine")
    with pytest.raises(JobError, match="'mine' is in training: one at a time"):
        runs.start(QUICK, "other")
    assert runs.latest().id == first.id and runs.latest().state == "running"


def starts_at_once(starters):
    """What each of the functions gave or raised, all called at the same moment."""
    barrier, results = threading.Barrier(len(starters)), []

    def call(start):
        barrier.wait()
        try:
            results.append(start())
        except JobError as error:
            results.append(error)

    threads = [threading.Thread(target=call, args=(start,)) for start in starters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_many_who_start_at_the_same_moment_one_wins(runs):
    names = [f"mine-{number}" for number in range(8)]
    results = starts_at_once([lambda name=name: runs.start(LONG, name) for name in names])
    (won,) = (result for result in results if isinstance(result, Run))
    assert len(results) == 8 and won.id == runs.latest().id
    assert len(workers_of()) == 1


def test_of_many_servers_that_start_at_the_same_moment_one_wins(home):
    servers = [Jobs(home) for _ in range(4)]
    try:
        results = starts_at_once([lambda s=server: s.start(LONG, "mine") for server in servers])
        assert sum(isinstance(result, Run) for result in results) == 1
        for refused in (result for result in results if isinstance(result, JobError)):
            assert "Another server trains here" in str(refused)
        assert left_in(home) == [SCRATCH]
    finally:
        for server in servers:
            cancel(server)


def test_all_who_ask_for_a_home_s_runs_get_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "Jobs", lambda home: time.sleep(0.1) or object())
    answers = starts_at_once([lambda: jobs.jobs_in(tmp_path)] * 4)
    assert len(set(map(id, answers))) == 1


def test_a_cancelled_run_is_gone_within_two_seconds_and_leaves_nothing(runs, home):
    runs.start(LONG, "mine")
    until_it_trains(runs)
    (process,), start = workers_of(), time.monotonic()
    cancel(runs)
    assert time.monotonic() - start < 2
    assert not psutil.pid_exists(process.pid)
    assert runs.latest().state == "cancelled" and left_in(home) == []
    cancel(runs)
    assert runs.latest().state == "cancelled"


def test_a_run_can_be_cancelled_as_soon_as_it_starts(runs, home):
    for name in ("mine", "mine", "other"):
        runs.start(LONG, name)
        cancel(runs)
        assert (runs.latest().state, runs.latest().name) == ("cancelled", name)
        assert left_in(home) == [] and workers_of() == []


def test_there_may_be_nothing_to_cancel_nor_to_publish_again(runs):
    runs.cancel("nothing")
    runs.publish_again("nothing")
    assert runs.latest() is None


def test_a_run_is_not_cancelled_by_who_means_another(runs):
    run = runs.start(LONG, "mine")
    runs.cancel("another")
    assert runs.latest().state == "running" and runs.latest().id == run.id


def test_a_run_cancelled_as_it_publishes_leaves_nothing_anywhere(
    runs, home, monkeypatch, tmp_path_factory
):
    elsewhere = tmp_path_factory.mktemp("tmp")
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.setenv(name, str(elsewhere))
    runs.start(QUICK, "mine")
    wait_for(lambda: list((home / SCRATCH).glob(".publishing-*/new/*")))
    cancel(runs)
    assert runs.latest().state == "cancelled"
    assert left_in(home) == [] and left_in(elsewhere) == []


def test_the_results_of_runs_are_known_after_others_have_run(runs):
    first = runs.start(QUICK, "mine")
    until_it_ends(runs)
    second = runs.start(LONG, "other")
    cancel(runs)
    assert runs.result(first.id) == "mine" and runs.result(second.id) is None


def test_a_start_waits_until_a_cancelled_run_has_left(runs, monkeypatch):
    wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", lambda self: time.sleep(0.5) or wait(self))
    runs.start(LONG, "mine")
    cancelling = threading.Thread(target=cancel, args=[runs])
    cancelling.start()
    wait_for(lambda: runs.latest().state == "cancelled")
    assert runs.start(LONG, "next").name == "next"
    cancelling.join(5)
    assert not cancelling.is_alive() and runs.latest().state == "running"


def test_a_run_that_is_killed_fails_with_a_word_why(runs, home):
    runs.start(LONG, "mine")
    until_it_trains(runs)
    workers_of()[0].kill()
    run = until_it_ends(runs)
    assert run.state == "failed"
    assert "was killed" in run.failure and "memory" in run.failure
    assert left_in(home) == []


def test_a_run_that_lost_its_way_says_to_lower_the_learning_rate(runs, home):
    runs.start(replace(QUICK, optimizer="sgd", learning_rate=10, weight_decay=1), "mine")
    run = until_it_ends(runs)
    assert run.state == "failed" and "lower learning rate" in run.failure
    assert left_in(home) == []


def test_a_run_dies_with_its_server_and_the_next_server_tells_of_it(home, runs):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout.readline() == "training\n"
    (process,) = workers_of(server.pid)
    server.kill()
    wait_for(lambda: gone(process), seconds=3)
    assert left_in(home) == [SCRATCH]
    run = runs.latest()  # though nobody has waited for the dead server yet
    assert (run.state, run.name, run.recipe) == ("failed", "mine", LONG)
    assert "The server stopped" in run.failure
    assert left_in(home) == [] and runs.latest() == run
    server.communicate()
    assert runs.start(LONG, "mine").state == "running"


def marker_of(process, **changes):
    marker = {"pid": process.pid, "created": process.create_time(), "name": "mine", "started": 0.0}
    return json.dumps(marker | {"task": TRAIN, "recipe": asdict(QUICK)} | changes)


def leave(home, marker):
    (home / SCRATCH).mkdir()
    (home / SCRATCH / MARKER).write_text(marker)
    (home / SCRATCH / "half a model").write_text("")


@pytest.fixture
def stranger():
    """A process that is not ours, and may be another server."""
    stranger = subprocess.Popen(["sleep", "600"])
    yield psutil.Process(stranger.pid)
    stranger.kill()
    stranger.wait()


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_another_server_s_run_is_left_alone_while_it_lives(runs, home, stranger, step):
    """Also where the clock was set by a second."""
    leave(home, marker_of(stranger, created=stranger.create_time() + step))
    assert runs.latest() is None
    with pytest.raises(JobError, match="Another server trains here"):
        runs.start(QUICK, "other")
    assert left_in(home) == [SCRATCH] and len(list((home / SCRATCH).iterdir())) == 2
    stranger.kill()
    wait_for(lambda: gone(stranger))
    assert runs.latest().state == "failed" and left_in(home) == []


def test_a_server_s_number_may_be_another_process_by_now(runs, home, stranger):
    leave(home, marker_of(stranger, created=stranger.create_time() - 3600))
    assert runs.latest().state == "failed" and left_in(home) == []


def test_a_run_that_was_published_as_its_server_died_is_done(runs, home, finished, stranger):
    shutil.copytree(finished.home / "mine", home / "mine")
    leave(home, marker_of(stranger, created=0))
    assert runs.latest().state == "done" and left_in(home) == ["mine"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda marker: "",
        lambda marker: marker[:50],
        lambda marker: "[]",
        lambda marker: "null",
        lambda marker: "{}",
        lambda marker: marker.replace("plain-mlp", "rnn"),
        lambda marker: marker.replace('"epochs"', '"eons"'),
        lambda marker: json.dumps(json.loads(marker) | {"pid": "x"}),
        lambda marker: json.dumps(json.loads(marker) | {"pid": -1}),
    ],
)
def test_a_damaged_marker_is_cleared_away(runs, home, stranger, damage):
    leave(home, damage(marker_of(stranger, created=0)))
    assert runs.latest() is None and left_in(home) == []


def test_what_was_half_cleared_away_is_cleared_away(runs, home):
    leave(home, "")
    (home / SCRATCH / MARKER).unlink()
    assert runs.start(LONG, "mine").state == "running"


@pytest.mark.parametrize("name", ["", "a b", "../mine", ".training", "cnn", "taken"])
def test_a_bad_name_and_a_taken_one_are_refused(runs, home, name):
    shutil.copytree(registry.SHIPPED / "mlp", home / "taken")
    with pytest.raises(registry.ModelError, match="name"):
        runs.start(QUICK, name)
    assert runs.latest() is None and left_in(home) == ["taken"]


def test_a_home_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        monkeypatch.setenv("DIGITCANVAS_HOME", str(home))
        assert Jobs(home).latest() is None
        with pytest.raises(JobError, match="No model can be written"):
            Jobs(home).start(QUICK, "mine")


def test_a_process_that_cannot_be_started_is_told(runs, home, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(home / "gone"))
    with pytest.raises(JobError, match="could not be started"):
        runs.start(QUICK, "mine")
    assert runs.latest() is None and left_in(home) == []


def test_without_data_and_network_a_run_says_to_take_the_sample(
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
    runs.start(replace(QUICK, sample=False), "mine")
    run = until_it_ends(runs)
    assert run.state == "failed" and run.offline
    assert "take the bundled sample" in run.failure and "DIGITCANVAS_MNIST" in run.failure
    assert left_in(home) == []


def test_a_connection_that_says_nothing_is_given_up(monkeypatch, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://{}:{}".format(*silent.getsockname()))
        for name in ("DIGITCANVAS_MNIST", "no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setattr(mnist, "TIMEOUT", 0.5)
        try:
            with pytest.raises(MnistMissing, match="timed out"):
                worker.train(
                    replace(QUICK, sample=False), "mine", tmp_path, print, threading.Event()
                )
        finally:
            socket.setdefaulttimeout(None)


def test_an_mnist_that_cannot_be_read_offers_the_sample(runs, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_MNIST", "gone.npz")
    runs.start(replace(QUICK, sample=False), "mine")
    run = until_it_ends(runs)
    assert run.state == "failed" and run.offline and "gone.npz" in run.failure


def test_pen_drawings_that_cannot_be_read_stop_those_alone_who_learn_from_them(
    work, monkeypatch, home
):
    monkeypatch.setenv("DIGITCANVAS_PEN", "gone.tra")
    assert not any("problem" in event for event in work())
    with pytest.raises(ValueError, match=r"gone\.tra"):
        work(recipe=replace(QUICK, pen_copies=1))


def test_data_are_found_where_the_server_would_find_them(runs, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("DIGITCANVAS_MNIST", save_mnist(Path("mine.npz")).name)
    runs.start(replace(QUICK, sample=False), "mine")
    wait_for(lambda: runs.latest().stage == "Starting TensorFlow" or runs.latest().failure)
    assert runs.latest().failure == ""


def test_a_name_that_is_taken_meanwhile_gets_a_number(runs, home):
    runs.start(QUICK, "mine")
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    run = until_it_ends(runs)
    assert (run.state, run.name) == ("done", "mine-2")
    assert left_in(home) == ["mine", "mine-2"]
    assert Recipe(**registry.read_card(home / "mine-2").recipe) == QUICK
    card = (home / "mine" / registry.CARD).read_bytes()
    assert card == (registry.SHIPPED / "mlp" / registry.CARD).read_bytes()


def test_a_cancelled_run_is_not_done_because_its_name_was_taken(runs, home):
    runs.start(LONG, "mine")
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    cancel(runs)
    assert runs.latest().state == "cancelled" and left_in(home) == ["mine"]


def test_a_cancelled_run_is_not_done_because_an_older_one_like_it_took_its_name(
    runs, home, finished
):
    run = runs.start(QUICK, "other")
    card = registry.read_card(finished.home / "mine")
    shutil.copytree(finished.home / "mine", home / "other")
    old = datetime.fromtimestamp(run.started - 5, UTC).isoformat(timespec="seconds")
    registry.write_card(home / "other", replace(card, trained_at=old))
    cancel(runs)
    assert runs.latest().state == "cancelled"


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


def test_on_a_full_disk_a_trained_network_waits_for_space(small_disk, monkeypatch, finished):
    home, fill = small_disk
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)
    shutil.copytree(finished.home / "mine", home / "other")
    runs = Jobs(home)
    runs.start(QUICK, "mine")
    try:
        films = fill()
        for _ in range(2):
            run = wait_for(lambda: (run := runs.latest()).problem and run)
            assert run.state == "running" and "disk is full" in run.problem
            assert str(home) in run.problem
            assert left_in(home) == [SCRATCH, "films", "other"]
            runs.publish_again(runs.latest().id)
        wait_for(lambda: runs.latest().problem)
        films.unlink()
        runs.publish_again(runs.latest().id)
        assert until_it_ends(runs).state == "done"
        assert left_in(home) == ["mine", "other"]
        assert Recognizer.load(home / "mine") and Recognizer.load(home / "other")
    finally:
        cancel(runs)


def test_an_almost_full_disk_is_told_before_a_run(small_disk):
    home, fill = small_disk
    fill()
    with pytest.raises(JobError, match=f"disk is almost full: free some space where {home}"):
        Jobs(home).start(QUICK, "mine")
    assert left_in(home) == ["films"]


def test_a_model_can_be_removed_from_a_full_disk(small_disk, finished):
    home, fill = small_disk
    shutil.copytree(finished.home / "mine", home / "mine")
    fill()
    registry.remove("mine")
    assert left_in(home) == ["films"]


@pytest.fixture
def work(home, monkeypatch):
    """Does a worker's work here; what it publishes and how, the test says. Gives its events."""
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)
    monkeypatch.setattr(training, "train", lambda *_: None)

    def work(publish=lambda trained, target, scratch: target.mkdir(), recipe=QUICK):
        events, again = [], threading.Event()

        def send(event):
            events.append(event)
            if "problem" in event:
                again.set()

        monkeypatch.setattr(training, "publish", publish)
        worker.train(recipe, "mine", home / SCRATCH, send, again)
        return events

    return work


def test_a_name_that_is_taken_while_it_is_published_gets_a_number(work, home):
    def publish(trained, target, scratch):
        if target.name == "mine":
            target.mkdir()
            raise OSError(errno.ENOTEMPTY, "Directory not empty")

    events = work(publish)
    assert [event["name"] for event in events if "name" in event] == ["mine", "mine-2"]
    assert not any("problem" in event for event in events)


def test_what_keeps_a_network_from_being_written_is_told(work):
    failures = [
        OSError(errno.EACCES, "Permission denied"),
        registry.ModelError("is no model"),
        RuntimeError("RESOURCE_EXHAUSTED: x; No space left on device"),  # as TensorFlow says it
    ]

    def publish(trained, target, scratch):
        if failures:
            raise failures.pop(0)

    problems = [event["problem"] for event in work(publish) if "problem" in event]
    assert len(problems) == 3 and "disk is full" in problems[2]
    assert "Permission denied" in problems[0] and "is no model" in problems[1]


def test_a_worker_listens_as_long_as_there_is_a_server(monkeypatch):
    ours, server = os.pipe()
    statuses = []
    monkeypatch.setattr(sys, "stdin", os.fdopen(ours))
    monkeypatch.setattr(os, "_exit", statuses.append)
    again = worker._obey_the_server()
    assert not again.wait(0.1)
    os.write(server, b"{}\n")
    assert again.wait(10) and statuses == []
    os.close(server)
    assert wait_for(lambda: statuses) == [1]


def test_progress_is_told_now_and_then_and_at_every_epoch_s_end(work, monkeypatch):
    def train(recipe, mnist, pen, report):
        for epoch in (1, 2):
            for batch in range(1, 1001):
                report(Progress(epoch, 2, batch, 1000, {"loss": 1.0}))
            report(Progress(epoch, 2, 1000, 1000, {"loss": 1.0, "val_loss": 1.0}))

    monkeypatch.setattr(training, "train", train)
    told = [event["progress"] for event in work() if "progress" in event]
    assert 3 <= len(told) < 100
    assert sum("val_loss" in progress["metrics"] for progress in told) == 2


@pytest.mark.parametrize(
    ("batch", "since", "left"), [(50, 10, 30), (150, 30, 10), (0, 10, None), (1, 10, None)]
)
def test_the_time_left_is_judged_by_the_batches_so_far(batch, since, left):
    epoch, batch = divmod(batch, 100)
    run = Run("id", "mine", QUICK, training_since=time.time() - since)
    run = replace(run, progress=Progress(epoch + 1, 2, batch, 100, {}))
    assert run.seconds_left == (left and pytest.approx(left, rel=0.01))


def test_before_training_nothing_is_known_of_the_time_left():
    assert Run("id", "mine", QUICK).seconds_left is None
    drawings = Run("id", "mine", QUICK, progress=Progress(0, 2, 50, 100, {}))
    assert drawings.seconds_left is None


SEARCHED = replace(QUICK, batch_size=1024, validation_share=0.9)
"""Of 400 digits: a step at each rate."""


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """A search from its start to its end: its home, and what was seen."""
    home = tmp_path_factory.mktemp("home")
    runs, seen = Jobs(home), []
    runs.find_rate(SEARCHED)
    while not seen or seen[-1].run.state == "running":
        run = runs.latest()
        seen.append(Seen(run, len(run.rates.losses)))
        time.sleep(0.02)
    return SimpleNamespace(home=home, seen=seen, runs=runs)


def test_a_search_goes_from_running_to_done_and_tells_every_rate(searched):
    states = [seen.run.state for seen in searched.seen]
    assert states == ["running"] * (len(states) - 1) + ["done"]
    end = searched.seen[-1].run
    assert (end.task, end.name, end.recipe) == (FIND_RATE, "", SEARCHED)
    assert (end.problem, end.failure, end.offline) == ("", "", False)
    expected = [rate_finder.rate_of(epoch) for epoch in range(rate_finder.COUNT)]
    assert end.rates.rates == pytest.approx(expected, rel=1e-4)
    assert len(end.rates.losses) == rate_finder.COUNT
    assert min(end.rates.losses) < end.rates.losses[0]


def test_a_search_s_rates_come_one_by_one_and_its_progress_counts_them(searched):
    points = [seen.points for seen in searched.seen]
    assert points == sorted(points) and points[0] == 0 and len(set(points)) >= 5
    done = [seen.run.progress.epochs_done for seen in searched.seen if seen.run.progress]
    assert done == sorted(done) and done[-1] == rate_finder.COUNT
    told = list(dict.fromkeys(seen.run.stage for seen in searched.seen))
    expected = ["Starting", "Fetching the digits", "Starting TensorFlow", ""]
    assert told == [stage for stage in expected if stage in told] and told[-1] == ""


def test_a_search_publishes_nothing_and_leaves_nothing(searched):
    assert left_in(searched.home) == []
    end = searched.seen[-1].run
    assert searched.runs.result(end.id) is None and searched.runs.latest() == end


def test_while_a_rate_is_searched_nothing_else_is_started(runs, home):
    first = runs.find_rate(LONG)
    for start in (lambda: runs.start(QUICK, "mine"), lambda: runs.find_rate(QUICK)):
        with pytest.raises(JobError, match="A learning rate is being searched: one at a time"):
            start()
    assert runs.latest().id == first.id and runs.latest().state == "running"
    with pytest.raises(JobError, match="Another server trains here"):
        Jobs(home).start(QUICK, "mine")
    assert len(workers_of()) == 1


def test_while_a_network_trains_no_rate_is_searched(runs):
    first = runs.start(LONG, "mine")
    with pytest.raises(JobError, match="'mine' is in training: one at a time"):
        runs.find_rate(QUICK)
    assert runs.latest().id == first.id and runs.latest().task == TRAIN


def test_a_search_can_be_cancelled_and_a_training_started(runs, home):
    runs.find_rate(LONG)
    found = wait_for(lambda: (run := runs.latest()).rates.rates and run)
    (process,) = workers_of()
    runs.cancel(found.id)
    assert runs.latest().state == "cancelled" and left_in(home) == []
    assert not psutil.pid_exists(process.pid)
    assert runs.start(LONG, "mine").state == "running"
    assert runs.latest().rates.rates == []


def test_a_search_that_is_killed_fails_though_rates_were_found(runs, home):
    runs.find_rate(LONG)
    wait_for(lambda: runs.latest().rates.rates)
    workers_of()[0].kill()
    run = until_it_ends(runs)
    assert run.state == "failed" and "was killed" in run.failure and left_in(home) == []


def test_a_search_dies_with_its_server_and_the_next_server_tells_of_it(home, runs):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), "search"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout.readline() == "training\n"
    (process,) = workers_of(server.pid)
    server.kill()
    wait_for(lambda: gone(process), seconds=3)
    run = runs.latest()
    assert (run.state, run.task, run.recipe) == ("failed", FIND_RATE, LONG)
    assert "The server stopped in the middle of the search" in run.failure
    assert left_in(home) == [] and runs.latest() == run
    server.communicate()


def test_a_dead_server_s_search_is_not_done_because_there_are_models(
    runs, home, finished, stranger
):
    shutil.copytree(finished.home / "mine", home / "mine")
    leave(home, marker_of(stranger, created=0, task=FIND_RATE, name=""))
    assert runs.latest().state == "failed" and left_in(home) == ["mine"]


def test_a_search_without_digits_offers_the_sample(runs, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_MNIST", "gone.npz")
    runs.find_rate(replace(QUICK, sample=False))
    run = until_it_ends(runs)
    assert run.state == "failed" and run.offline and "gone.npz" in run.failure


@pytest.fixture
def acted(runs, monkeypatch):
    """Starts a run whose process, in the worker's place, says these lines and then leaves."""

    def act(start, *events, status=0):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        code = f"import sys; sys.stdin.readline(); print({lines!r}, end=''); sys.exit({status})"
        popen = subprocess.Popen
        monkeypatch.setattr(
            subprocess,
            "Popen",
            lambda command, **options: popen([sys.executable, "-c", code], **options),
        )
        start()
        return until_it_ends(runs)

    return act


def told(epoch, **metrics):
    metrics = {"loss": 1.0, "accuracy": 0.5} | metrics
    return {"progress": asdict(Progress(epoch, 80, 1, 1, metrics))}


def test_a_search_is_done_where_its_process_left_in_peace_with_rates(runs, acted):
    """Also where it ended early, for the loss diverged."""
    ends = [told(1), told(1, learning_rate=1e-4), told(2, learning_rate=2e-4, loss=0.5)]
    run = acted(lambda: runs.find_rate(QUICK), *ends)
    assert run.state == "done" and run.failure == ""
    assert (run.rates.rates, run.rates.losses) == ([1e-4, 2e-4], [1.0, 0.5])


@pytest.mark.parametrize(
    ("events", "status", "failure"),
    [
        ([told(1, learning_rate=1e-4)], 1, "was killed (status 1)"),
        ([told(1)], 0, "was killed (status 0)"),
        ([{"failed": "No luck."}], 0, "No luck."),
        ([told(1, learning_rate=1e-4), {"failed": "No memory."}], 0, "No memory."),
    ],
    ids=["killed", "no rate", "failed", "failed with rates"],
)
def test_a_search_that_broke_off_has_failed(runs, acted, events, status, failure):
    run = acted(lambda: runs.find_rate(QUICK), *events, status=status)
    assert run.state == "failed" and failure in run.failure


def test_a_training_that_published_nothing_is_not_done_though_it_told_of_rates(runs, acted):
    run = acted(lambda: runs.start(QUICK, "mine"), told(1, val_loss=1.0, val_accuracy=0.5))
    assert run.state == "failed" and run.rates.rates == []


def test_the_worker_does_the_task_it_is_asked_for(monkeypatch, home):
    done = []
    monkeypatch.setattr(worker, "lower_priority", lambda: None)
    monkeypatch.setattr(worker, "_claim_output", lambda: done.append)
    monkeypatch.setattr(worker, "_obey_the_server", threading.Event)
    monkeypatch.setattr(worker, "train", lambda *request: done.append(("train", request[:3])))
    monkeypatch.setattr(worker, "find_rate", lambda *request: done.append(("search", request[0])))
    for task in (TRAIN, FIND_RATE):
        request = {"task": task, "recipe": asdict(QUICK), "name": "mine", "scratch": str(home)}
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request) + "\n"))
        worker.main()
    assert done == [("train", (QUICK, "mine", home)), ("search", QUICK)]


def test_a_worker_tells_why_it_broke_off_in_a_search(monkeypatch, home):
    told = []
    monkeypatch.setattr(worker, "lower_priority", lambda: None)
    monkeypatch.setattr(worker, "_claim_output", lambda: told.append)
    monkeypatch.setattr(worker, "_obey_the_server", threading.Event)
    request = {"task": FIND_RATE, "recipe": asdict(QUICK), "name": "", "scratch": str(home)}
    errors = [
        training.Diverged("The loss is no number any more"),
        MemoryError(),
        MnistMissing("MNIST could not be downloaded"),
        RuntimeError("odd"),
    ]
    for error in errors:

        def fail(recipe, send, error=error):
            raise error

        monkeypatch.setattr(worker, "find_rate", fail)
        monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(request) + "\n"))
        worker.main()
    reasons = [event["failed"] for event in told]
    words = ("no number any more", "memory is full", "could not be downloaded", "odd")
    assert all(word in reason for word, reason in zip(words, reasons, strict=True))
    assert ["offline" in event for event in told] == [False, False, True, False]


def test_every_rate_is_told_and_batches_now_and_then(monkeypatch):
    def find_rate(recipe, mnist, report):
        for epoch in range(1, 81):
            for batch in range(1, 101):
                report(Progress(epoch, 80, batch, 100, {"loss": 1.0}))
            report(Progress(epoch, 80, 100, 100, {"loss": 1.0, "learning_rate": epoch / 100}))

    monkeypatch.setattr(training, "find_rate", find_rate)
    events = []
    try:
        worker.find_rate(QUICK, events.append)
    finally:
        socket.setdefaulttimeout(None)
    assert [event["stage"] for event in events if "stage" in event] == [
        "Fetching the digits",
        "Starting TensorFlow",
    ]
    told = [event["progress"]["metrics"] for event in events if "progress" in event]
    ends = [metrics["learning_rate"] for metrics in told if "learning_rate" in metrics]
    assert ends == [epoch / 100 for epoch in range(1, 81)] and len(told) < 400
