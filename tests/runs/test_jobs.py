"""Runs as processes: started, watched and cancelled, with a process that stands in for training."""

import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import psutil
import pytest

from digitcanvas.reading import registry
from digitcanvas.runs import jobs
from digitcanvas.runs.jobs import DESCRIPTION, LOCK, PATIENCE, ROOT, SCRATCH, JobError, Jobs
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import TUTORIAL, Recipe
from digitcanvas.runs.run import RateSearch, Run, Training, task_to_json

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
QUICK = Recipe("plain-mlp", epochs=2, **TUTORIAL | {"hidden": (16,), "sample": True})
LONG = replace(QUICK, epochs=500)

SERVER = f"""
import sys, time
from pathlib import Path
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import RateSearch, Training

jobs = Jobs(Path(sys.argv[1]), {FAKE!r})
recipe = {LONG!r}
jobs.start(RateSearch(recipe) if "search" in sys.argv else Training(recipe, "mine"))
while not jobs.latest().training_since:
    time.sleep(0.02)
print("training", flush=True)
time.sleep(600)
"""


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.01)
    return value


def workers_of(server=None):
    """The processes that a server has started: this process, or that of another id."""
    workers = []
    for process in psutil.Process(server).children():
        with suppress(psutil.Error):
            if FAKE[1] in process.cmdline():
                workers.append(process)
    return workers


def gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def left_in(home):
    """What is there but the lock, which stays."""
    return sorted(path.name for path in home.iterdir() if path.name != LOCK)


def until_it_trains(runs):
    return wait_for(lambda: (run := runs.latest()).training_since and run)


def until_it_ends(runs):
    *_, end = runs.follow(runs.latest().id)
    return end


def cancel(runs):
    if run := runs.latest():
        runs.cancel(run.id)


def mine(recipe=LONG):
    return Training(recipe, "mine")


@pytest.fixture
def runs(home):
    """The runs that publish to `home`."""
    runs = Jobs(home, FAKE)
    yield runs
    cancel(runs)


@pytest.mark.parametrize(
    ("task", "stages", "result", "left"),
    [
        (mine(QUICK), ["Starting TensorFlow", "", "Measuring and publishing"], "mine", ["mine"]),
        (RateSearch(QUICK), ["Starting TensorFlow", ""], "", []),
    ],
    ids=["training", "search"],
)
def test_a_run_goes_from_running_to_done(runs, home, task, stages, result, left):
    first = runs.start(task)
    seen = list(runs.follow(first.id))
    assert {run.id for run in seen} == {first.id} and {run.task for run in seen} == {task}
    assert [run.state for run in seen] == ["running"] * (len(seen) - 1) + ["done"]
    told = list(dict.fromkeys(run.stage for run in seen if run.stage != "Starting"))
    assert told == [stage for stage in stages if stage in told] and "" in told
    end = seen[-1]
    assert (end.result, end.problem, end.error, end.offline) == (result, "", "", False)
    assert runs.latest() == end and left_in(home) == left


def test_a_snapshot_stays_as_it_was_taken(runs):
    runs.start(mine())
    early = wait_for(lambda: (run := runs.latest()).curve.validation and run)
    points = early.curve.training, early.curve.validation
    later = wait_for(lambda: (run := runs.latest()).progress.epoch > early.progress.epoch and run)
    assert len(later.curve.validation) > len(early.curve.validation)
    assert (early.curve.training, early.curve.validation) == points


def test_a_search_s_curve_holds_a_point_for_each_rate(runs):
    runs.start(RateSearch(QUICK))
    end = until_it_ends(runs)
    assert end.curve.points == ((1e-4, 1.0), (2e-4, 0.5))


def test_what_a_run_published_is_found_under_the_name_that_it_has_now(runs, home):
    """Also if somebody renamed it while its process was leaving."""
    run = runs.start(mine(QUICK))
    wait_for((home / "mine").exists)
    registry.rename("mine", "ours")
    end = until_it_ends(runs)
    assert end.state == "done" and end.error == ""
    assert runs.result(run.id) == "ours"
    registry.remove("ours")
    assert runs.result(run.id) is None


def test_the_results_of_runs_are_known_after_others_have_run(runs):
    first = runs.start(mine(QUICK))
    until_it_ends(runs)
    second = runs.start(Training(LONG, "other"))
    cancel(runs)
    assert runs.result(first.id) == "mine" and runs.result(second.id) is None


def test_a_name_that_is_taken_meanwhile_gets_a_number(runs, home):
    runs.start(mine(QUICK))
    (home / "mine").mkdir()
    end = until_it_ends(runs)
    assert (end.state, end.result) == ("done", "mine-2")


def test_a_run_may_publish_elsewhere(runs, home, tmp_path_factory):
    output = tmp_path_factory.mktemp("models") / "ours"
    runs.start(Training(QUICK, "any name!", str(output)))
    end = until_it_ends(runs)
    assert (end.state, end.result) == ("done", str(output))
    assert registry.read_card(output) and left_in(home) == []


@pytest.mark.parametrize(
    ("task", "words"),
    [(mine(), "“mine” is being trained"), (RateSearch(LONG), "A learning rate is being searched")],
)
@pytest.mark.parametrize("other", [Training(QUICK, "other"), RateSearch(QUICK)])
def test_a_second_run_is_refused_while_one_is_under_way(runs, home, task, words, other):
    first = runs.start(task)
    with pytest.raises(JobError, match=f"{words}.*at a time: wait for it, or cancel it"):
        runs.start(other)
    elsewhere = Jobs(home, FAKE)  # as in another process
    with pytest.raises(JobError, match=f"{words}.*: another process started it"):
        elsewhere.start(other)
    assert elsewhere.latest() is None
    assert runs.latest().id == first.id and runs.latest().is_running
    assert len(workers_of()) == 1


@pytest.mark.parametrize(
    ("is_installed", "words"),
    [
        (False, ["TensorFlow, which is", "pip install -r requirements.txt,"]),
        (True, [sys.executable, "-m pip install tensorflow"]),
    ],
)
def test_an_installation_that_cannot_train_says_what_to_install(
    runs, home, monkeypatch, is_installed, words
):
    monkeypatch.setattr(registry, "IS_INSTALLED", is_installed)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(JobError) as error:
        runs.start(RateSearch(QUICK))
    assert all(word in str(error.value) for word in words)
    assert str(error.value) == jobs.training_needs() and runs.latest() is None
    monkeypatch.undo()
    assert jobs.training_needs() is None


def test_looking_at_runs_does_not_wait_for_another_process(runs, home):
    runs.start(mine())
    elsewhere = Jobs(home, FAKE)
    start = time.monotonic()
    assert [elsewhere.latest() for _ in range(20)] == [None] * 20
    assert time.monotonic() - start < PATIENCE
    assert elsewhere.busy() == runs.busy() == mine()
    cancel(runs)
    assert elsewhere.busy() is None and runs.busy() is None


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
    tasks = [Training(LONG, f"mine-{number}") for number in range(8)]
    results = starts_at_once([lambda task=task: runs.start(task) for task in tasks])
    (won,) = (result for result in results if isinstance(result, Run))
    assert len(results) == 8 and won.id == runs.latest().id
    assert len(workers_of()) == 1


def test_of_many_servers_that_start_at_the_same_moment_one_wins(home):
    servers = [Jobs(home, FAKE) for _ in range(4)]
    try:
        results = starts_at_once([lambda s=server: s.start(mine()) for server in servers])
        assert sum(isinstance(result, Run) for result in results) == 1
        for refused in (result for result in results if isinstance(result, JobError)):
            assert "another process" in str(refused).lower()
        assert left_in(home) == [SCRATCH]
    finally:
        for server in servers:
            cancel(server)


def test_all_who_ask_for_a_home_s_runs_get_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "Jobs", lambda home: time.sleep(0.1) or object())
    answers = starts_at_once([lambda: jobs.jobs_in(tmp_path)] * 4)
    assert len(set(map(id, answers))) == 1


@pytest.mark.parametrize("task", [mine(), RateSearch(LONG)])
def test_a_cancelled_run_is_gone_within_two_seconds_and_leaves_nothing(runs, home, task):
    runs.start(task)
    until_it_trains(runs)
    (process,), start = workers_of(), time.monotonic()
    cancel(runs)
    assert time.monotonic() - start < 2
    assert not psutil.pid_exists(process.pid)
    assert runs.latest().state == "cancelled" and left_in(home) == []
    cancel(runs)
    assert runs.latest().state == "cancelled"
    assert runs.start(mine()).curve == mine().no_curve


def test_a_run_can_be_cancelled_as_soon_as_it_starts(runs, home):
    for name in ("mine", "mine", "other"):
        runs.start(Training(LONG, name))
        cancel(runs)
        assert (runs.latest().state, runs.latest().task.name) == ("cancelled", name)
        assert left_in(home) == [] and workers_of() == []


def test_there_may_be_nothing_to_cancel_nor_to_publish_again_nor_to_follow(runs):
    runs.cancel("nothing")
    runs.publish_again("nothing")
    assert list(runs.follow("nothing")) == []
    assert runs.latest() is None


def test_a_run_is_not_cancelled_by_who_means_another(runs):
    run = runs.start(mine())
    runs.cancel("another")
    assert runs.latest().is_running and runs.latest().id == run.id


def test_a_cancelled_run_is_not_done_because_its_name_was_taken(runs, home):
    runs.start(mine())
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    cancel(runs)
    assert runs.latest().state == "cancelled" and left_in(home) == ["mine"]


def test_a_start_waits_until_a_cancelled_run_has_left(runs, monkeypatch):
    wait = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", lambda self: time.sleep(0.5) or wait(self))
    runs.start(mine())
    cancelling = threading.Thread(target=cancel, args=[runs])
    cancelling.start()
    wait_for(lambda: runs.latest().state == "cancelled")
    assert runs.start(Training(LONG, "next")).task.name == "next"
    cancelling.join(5)
    assert not cancelling.is_alive() and runs.latest().is_running


def test_starts_and_cancels_at_once_leave_one_run_or_none(runs, home):
    """Each run's process is followed to its end, and nobody clears away another's files."""

    def start_and_cancel(name):
        for _ in range(5):
            with suppress(JobError):
                runs.cancel(runs.start(Training(LONG, name)).id)

    threads = [threading.Thread(target=start_and_cancel, args=[f"mine-{i}"]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert runs.latest().state == "cancelled" and left_in(home) == [] and workers_of() == []
    elsewhere = Jobs(home, FAKE)
    assert elsewhere.start(RateSearch(QUICK)).is_running
    until_it_ends(elsewhere)


@pytest.mark.parametrize("task", [mine(), RateSearch(LONG)])
def test_a_run_that_is_killed_fails_with_a_word_why(runs, home, task):
    runs.start(task)
    until_it_trains(runs)
    (process,) = workers_of()
    process.kill()
    run = until_it_ends(runs)
    assert run.state == "failed"
    assert "was killed" in run.error and "memory" in run.error
    assert left_in(home) == []


@pytest.mark.parametrize(
    ("task", "option", "word"), [(mine(), "", "training"), (RateSearch(LONG), "search", "search")]
)
def test_a_run_dies_with_its_server_and_the_next_server_tells_of_it(home, runs, task, option, word):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), option],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout.readline() == "training\n"
    (process,) = workers_of(server.pid)
    server.kill()
    wait_for(lambda: gone(process), seconds=3)
    assert left_in(home) == [SCRATCH]
    wait_for(lambda: runs.latest() is not None, seconds=3)  # the dead server's lock is gone
    run = runs.latest()  # though nobody has waited for the dead server yet
    assert (run.state, run.task) == ("failed", task)
    assert f"The process that did the {task.kind} stopped" in run.error and word in run.error
    assert left_in(home) == [] and runs.latest() == run
    server.communicate()
    assert runs.start(mine()).is_running


def leave(home, run, **changes):
    """What a dead server leaves of a run."""
    description = {"id": run.id, "task": task_to_json(run.task)} | changes
    (home / SCRATCH).mkdir()
    (home / SCRATCH / DESCRIPTION).write_text(json.dumps(description))
    (home / SCRATCH / "half a model").write_text("")


@pytest.mark.parametrize("begin", [Jobs.latest, lambda runs: runs.start(RateSearch(LONG))])
def test_what_a_dead_server_left_is_cleared_away(runs, home, begin):
    leave(home, Run.of(mine()))
    begin(runs)
    assert not (home / SCRATCH / "half a model").exists()


def test_a_run_that_was_published_as_its_server_died_is_done(runs, home):
    run = runs.start(mine(QUICK))
    until_it_ends(runs)
    leave(home, run)
    registry.rename("mine", "ours")
    late = Jobs(home, FAKE).latest()
    assert (late.id, late.state, late.result) == (run.id, "done", "ours")
    assert left_in(home) == ["ours"]


@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_dead_shell_s_output_is_looked_at_too(runs, home, tmp_path_factory, is_its_own):
    output = shutil.copytree(registry.SHIPPED / "cnn", tmp_path_factory.mktemp("m") / "ours")
    run = Run.of(Training(LONG, "ours", str(output)))
    card = registry.read_card(output)
    registry.write_card(output, replace(card, run=run.id if is_its_own else "another's"))
    leave(home, run)
    assert runs.latest().state == ("done" if is_its_own else "failed")


def test_a_home_that_vanishes_ends_the_run(runs, home):
    runs.start(mine())
    until_it_trains(runs)
    shutil.rmtree(home)
    (process,) = workers_of()
    process.kill()
    assert until_it_ends(runs).state == "failed"
    home.mkdir()


def test_a_dead_server_s_search_is_not_done_because_there_are_models(runs, home):
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")  # its card has no run's id
    leave(home, Run.of(RateSearch(LONG)))
    assert runs.latest().state == "failed" and left_in(home) == ["mine"]


@pytest.mark.parametrize(
    "changes",
    [
        {"task": None},
        {"task": {}},
        {"task": {"kind": "dance"}},
        {"task": {"kind": "training", "name": "mine", "recipe": {"architecture": "rnn"}}},
        {"task": task_to_json(mine()) | {"haste": 1}},
    ],
)
def test_a_damaged_description_is_cleared_away(runs, home, changes):
    leave(home, Run.of(mine()), **changes)
    assert runs.latest() is None and left_in(home) == []


@pytest.mark.parametrize("content", ["", "[]", "null", "{}", '{"id": "x", "ta'])
def test_so_is_one_that_was_cut_short(runs, home, content):
    leave(home, Run.of(mine()))
    (home / SCRATCH / DESCRIPTION).write_text(content)
    assert runs.latest() is None and left_in(home) == []


def test_what_was_half_cleared_away_is_cleared_away(runs, home):
    leave(home, Run.of(mine()))
    (home / SCRATCH / DESCRIPTION).unlink()
    assert runs.start(mine()).is_running


@pytest.mark.parametrize("name", ["", "a b", "../mine", ".training", "cnn", "taken"])
def test_a_bad_name_and_a_taken_one_are_refused(runs, home, name):
    shutil.copytree(registry.SHIPPED / "mlp", home / "taken")
    with pytest.raises(registry.ModelError, match="name"):
        runs.start(Training(QUICK, name))
    assert runs.latest() is None and left_in(home) == ["taken"]


def test_a_home_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        monkeypatch.setenv("DIGITCANVAS_HOME", str(home))
        assert Jobs(home).latest() is None
        with pytest.raises(JobError, match="cannot be written to"):
            Jobs(home).start(mine(QUICK))


@pytest.mark.parametrize("name", ["DIGITCANVAS_UNIPEN", "DIGITCANVAS_MNIST_WRITERS"])
def test_the_process_finds_data_named_from_the_server_s_folder(home, monkeypatch, name):
    monkeypatch.chdir(home)
    monkeypatch.setenv(name, "data")
    tell = f"import json, os; print(json.dumps({{'failed': os.environ[{name!r}]}}))"
    runs = Jobs(home, (sys.executable, "-c", tell))
    runs.start(mine(QUICK))
    assert until_it_ends(runs).error == str(home / "data")


def test_a_process_that_cannot_be_started_is_told(home):
    runs = Jobs(home, [str(home / "gone")])
    with pytest.raises(JobError, match="could not be started"):
        runs.start(mine(QUICK))
    assert runs.latest() is None and left_in(home) == []
    elsewhere = Jobs(home, FAKE)
    assert elsewhere.start(RateSearch(QUICK)).is_running  # the lock is free
    until_it_ends(elsewhere)


@pytest.fixture
def acted(home):
    """Does a task by a process that says these lines and then leaves. Gives the run's end."""

    def act(task, *events, status=0):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        code = f"import sys; sys.stdin.readline(); print({lines!r}, end=''); sys.exit({status})"
        runs = Jobs(home, [sys.executable, "-c", code])
        runs.start(task)
        return until_it_ends(runs)

    return act


def told(epoch, **metrics):
    metrics = {"loss": 1.0, "accuracy": 0.5} | metrics
    return {"progress": asdict(Progress(epoch, 80, 1, 1, metrics))}


def test_a_search_is_done_if_its_process_says_so_although_it_ended_early(acted):
    """It ends early where the loss diverges."""
    ends = [told(1), told(1, learning_rate=1e-4), told(2, learning_rate=2e-4, loss=0.5)]
    run = acted(RateSearch(QUICK), *ends, {"done": ""})
    assert (run.state, run.error) == ("done", "")
    assert (run.curve.rates, run.curve.losses) == ([1e-4, 2e-4], [1.0, 0.5])


@pytest.mark.parametrize("task", [RateSearch(QUICK), mine(QUICK)])
@pytest.mark.parametrize(
    ("events", "status", "error"),
    [
        ([told(1, learning_rate=1e-4)], 1, "was killed (status 1)"),
        ([told(1)], 0, "was killed (status 0)"),
        ([], 3, "was killed (status 3)"),
        ([{"failed": "No luck."}], 0, "No luck."),
        ([told(1), {"failed": "No memory."}], 0, "No memory."),
    ],
)
def test_a_run_that_broke_off_has_failed(acted, home, task, events, status, error):
    run = acted(task, *events, status=status)
    assert run.state == "failed" and error in run.error and not run.offline
    assert left_in(home) == []


def test_a_run_that_found_no_mnist_says_that_it_was_offline(acted):
    run = acted(mine(QUICK), {"failed": "MNIST could not be downloaded.", "offline": True})
    assert run.state == "failed" and run.offline


def test_a_line_cut_short_by_a_process_death_is_passed_over(home):
    runs = Jobs(
        home, [sys.executable, "-c", 'input(); print(\'{"stage": "x"}\'); print(\'{"prog\')']
    )
    runs.start(mine(QUICK))
    end = until_it_ends(runs)
    assert (end.state, end.stage) == ("failed", "x")
