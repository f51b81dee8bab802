"""Runs as processes: started, watched and cancelled, with a process that stands in for training."""

import json
import os
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

from digitcanvas.data.store import Store, StoreError, database_url
from digitcanvas.data.store.runs import NewRun
from digitcanvas.reading import registry
from digitcanvas.runs import capacity, jobs, process, servers, tuning
from digitcanvas.runs.doing import SCRATCH
from digitcanvas.runs.jobs import JobError, Jobs
from digitcanvas.runs.process import ROOT
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import TUTORIAL, Recipe
from digitcanvas.runs.run import RateSearch, Run, Training, task_to_text

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
task = RateSearch(recipe) if "search" in sys.argv else Training(recipe, "mine")
run = jobs.start(task, is_bound="bound" in sys.argv)
while not jobs.get(run.id).training_since:
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
    for child in psutil.Process(server).children():
        with suppress(psutil.Error):
            if FAKE[1] in child.cmdline():
                workers.append(child)
    return workers


def gone(pid):
    """Whether the process has ended, even if its parent has not taken note yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def left_in(home):
    """What is there but the store."""
    names = sorted(path.name for path in home.iterdir())
    return [name for name in names if not name.startswith("drawings.sqlite")]


def latest(runs):
    """The run under way, or else the one that waits or that ended last; None without any."""
    return next(iter(runs.runs()), None)


def until_it_trains(runs):
    return wait_for(lambda: (run := latest(runs)).training_since and run)


def until_it_ends(runs, run=None):
    *_, end = runs.follow((run or latest(runs)).id)
    return end


def cancel(runs):
    for run in runs.runs():
        if run.is_live:
            runs.cancel(run.id)


def names(runs, state):
    """What the runs in this state are to be called, in their order."""
    return [run.task.name for run in runs.runs() if run.state == state]


def mine(recipe=LONG, name="mine"):
    return Training(recipe, name)


@pytest.fixture
def runs(home):
    """The runs that publish to `home`."""
    runs = Jobs(home, FAKE)
    yield runs
    cancel(runs)
    runs.close()


@pytest.fixture
def elsewhere(home, monkeypatch):
    """The same runs as another server has them, on another machine; `dies` ends that badly."""
    monkeypatch.setattr(servers, "machine", lambda: "elsewhere")
    elsewhere = Jobs(home, FAKE)
    monkeypatch.undo()
    yield elsewhere
    elsewhere.close()


@pytest.fixture
def one_at_a_time(monkeypatch):
    monkeypatch.setenv(capacity.VARIABLE, "1")


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
    states = [run.state for run in seen]
    assert list(dict.fromkeys(states))[-2:] == ["running", "done"] and states.count("done") == 1
    of_process = [run.stage for run in seen if run.is_running and run.stage != "Starting"]
    told = list(dict.fromkeys(of_process))
    assert told == [stage for stage in stages if stage in told] and "" in told
    end = seen[-1]
    assert (end.result, end.problem, end.error, end.offline) == (result, "", "", False)
    assert latest(runs) == end and left_in(home) == left


def test_a_snapshot_stays_as_it_was_taken(runs):
    runs.start(mine())
    early = wait_for(lambda: (run := latest(runs)).curve.validation and run)
    points = early.curve.training, early.curve.validation
    later = wait_for(lambda: (run := latest(runs)).progress.epoch > early.progress.epoch and run)
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
    until_it_ends(runs, first)
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
    assert str(error.value) == process.training_needs() and latest(runs) is None
    monkeypatch.undo()
    assert process.training_needs() is None


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
    assert latest(runs).state == "cancelled" and left_in(home) == []
    cancel(runs)
    assert latest(runs).state == "cancelled"
    assert runs.start(mine()).curve == mine().no_curve


def test_a_run_can_be_cancelled_as_soon_as_it_starts(runs, home):
    for name in ("mine", "mine", "other"):
        run = runs.start(Training(LONG, name))
        runs.cancel(run.id)
        assert (runs.get(run.id).state, run.task.name) == ("cancelled", name)
        wait_for(lambda: left_in(home) == [] and workers_of() == [])


def test_there_may_be_nothing_to_cancel_nor_to_publish_again_nor_to_follow(runs):
    runs.cancel("nothing")
    runs.publish_again("nothing")
    assert list(runs.follow("nothing")) == []
    assert latest(runs) is None


def test_a_run_is_not_cancelled_by_who_means_another(runs):
    run = runs.start(mine())
    runs.cancel("another")
    assert until_it_trains(runs).id == run.id


def test_a_cancelled_run_is_not_done_because_its_name_was_taken(runs, home):
    runs.start(mine())
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    cancel(runs)
    assert latest(runs).state == "cancelled" and left_in(home) == ["mine"]


def test_starts_and_cancels_at_once_leave_nothing(runs, home):
    """Each run's process is followed to its end, and nobody clears away another's files."""

    def start_and_cancel(name):
        for _ in range(5):
            runs.cancel(runs.start(Training(LONG, name)).id)

    threads = [threading.Thread(target=start_and_cancel, args=[f"mine-{i}"]) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert {run.state for run in runs.runs()} == {"cancelled"} and len(runs.runs()) == 20
    wait_for(lambda: left_in(home) == [] and workers_of() == [])
    assert until_it_ends(runs, runs.start(RateSearch(QUICK))).state == "done"


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


@pytest.fixture
def server(home):
    """Starts a server that does a run for ever; gives its process once that is under way."""
    started = []

    def start(*options):
        command = [sys.executable, "-c", SERVER, str(home), *options]
        started.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout.readline() == "training\n"
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


def test_a_run_dies_with_its_server_and_the_next_server_begins_it_again(home, runs, server):
    first = server()
    (process,) = workers_of(first.pid)
    first.kill()
    wait_for(lambda: gone(process.pid), seconds=3)
    assert left_in(home) == [SCRATCH]
    runs.serve()  # though nobody has waited for the dead server yet
    again = wait_for(lambda: (run := latest(runs)) and run.training_since and run)
    assert (again.state, again.task, again.result) == ("running", mine(), "")
    assert os.listdir(home / SCRATCH) == [again.id]
    assert len(workers_of()) == 1


def test_a_run_that_killed_two_servers_is_not_begun_a_third_time(home, runs, server, monkeypatch):
    monkeypatch.setenv(capacity.VARIABLE, "2")
    for _ in range(2):
        server().kill()  # the second takes the first one's run over, and has one of its own
    runs.serve()
    failed = wait_for(lambda: next((run for run in runs.runs() if run.state == "failed"), None))
    assert "The process that did the training stopped" in failed.error


@pytest.mark.parametrize(
    ("option", "task", "word"), [("", mine(), "training"), ("search", RateSearch(LONG), "search")]
)
def test_a_shell_s_run_ends_with_it(home, runs, server, option, task, word):
    server("bound", option).kill()
    runs.serve()
    run = wait_for(lambda: (run := latest(runs)) and not run.is_live and run)
    assert (run.state, run.task) == ("failed", task)
    assert f"The process that did the {task.kind} stopped" in run.error and word in run.error
    wait_for(lambda: left_in(home) == [])


def leave(home, run, text=None, state="running"):
    """What a dead server leaves of a run. Gives the store's runs."""
    queue = Store(database_url(home)).runs
    text = task_to_text(run.task) if text is None else text
    queue.add([NewRun(run.id, "", text, 1.0, "")])
    if state == "running":
        queue.take(f"{servers.machine()}/{2**22}/dead")  # no process has so high a number
    (home / SCRATCH / run.id).mkdir(parents=True)
    (home / SCRATCH / run.id / "half a model").write_text("")
    return queue


def test_what_a_dead_server_left_is_cleared_away(runs, home):
    run = Run.of(RateSearch(QUICK))
    leave(home, run)
    runs.serve()
    assert until_it_ends(runs, run).state == "done" and left_in(home) == []


def test_a_run_that_was_published_as_its_server_died_is_done(home, runs):
    run = runs.start(mine(QUICK))
    until_it_ends(runs, run)
    registry.rename("mine", "ours")
    late = replace(run, id="late")
    card = registry.read_card(home / "ours")
    registry.write_card(home / "ours", replace(card, run="late"))
    leave(home, late)
    end = wait_for(lambda: (found := runs.get("late")) and not found.is_live and found)
    assert (end.state, end.result) == ("done", "ours") and left_in(home) == ["ours"]


@pytest.mark.parametrize("is_its_own", [True, False])
def test_a_dead_shell_s_output_is_looked_at_too(runs, home, tmp_path_factory, is_its_own):
    output = shutil.copytree(registry.SHIPPED / "cnn", tmp_path_factory.mktemp("m") / "ours")
    run = Run.of(Training(QUICK, "ours", str(output)))
    card = registry.read_card(output)
    registry.write_card(output, replace(card, run=run.id if is_its_own else "another's"))
    leave(home, run)
    runs.serve()
    trained = until_it_ends(runs, run)
    assert trained.state == "done" and (trained.progress is None) == is_its_own


@pytest.mark.parametrize(
    "text",
    [
        *["", "[]", "null", "{}", '{"id": "x", "ta', '{"kind": "dance"}'],
        json.dumps({"kind": "training", "name": "mine", "recipe": {"architecture": "rnn"}}),
        json.dumps(json.loads(task_to_text(mine())) | {"haste": 1}),
    ],
)
@pytest.mark.parametrize("state", ["running", "waiting"])
def test_a_damaged_run_is_passed_over(runs, home, text, state):
    leave(home, Run.of(mine()), text, state)
    assert until_it_ends(runs, runs.start(RateSearch(QUICK))).state == "done"
    assert len(runs.runs()) == 1


def test_a_server_elsewhere_is_dead_when_it_gives_no_sign_of_life(runs, home, monkeypatch):
    run = Run.of(RateSearch(QUICK))
    queue = leave(home, run, state="waiting")
    queue.take("elsewhere/1/alive")
    monkeypatch.setattr(servers, "STALE", 1.5)
    runs.serve()
    for _ in range(5):
        time.sleep(0.4)
        queue.report("elsewhere/1/alive", {})
        assert runs.get(run.id).state == "running" and not workers_of()
    assert until_it_ends(runs, run).state == "done"


def test_a_server_whose_run_was_given_to_another_lets_it_go(runs, home):
    """It was taken for dead, as it slept."""
    run = runs.start(mine())
    until_it_trains(runs)
    (own,) = queue_of(home).busy()
    assert queue_of(home).give_back(run.id, own, "")
    assert queue_of(home).take("elsewhere/1/other").id == run.id
    wait_for(lambda: not workers_of())
    wait_for(lambda: runs.get(run.id).is_running)
    queue_of(home).end(run.id, "elsewhere/1/other", "failed", "")


def queue_of(home):
    return Store(database_url(home)).runs


# The queue


def test_runs_wait_for_their_turn_and_a_second_of_one_person_for_the_first_of_others(
    runs, one_at_a_time
):
    for owner, name in (("ann", "a1"), ("ann", "a2"), ("ann", "a3"), ("bob", "b1")):
        runs.start(Training(LONG, name), owner)
    wait_for(lambda: names(runs, "running") == ["a1"])
    assert names(runs, "waiting") == ["b1", "a2", "a3"]
    runs.start(Training(LONG, "c1"), "cem")
    assert names(runs, "waiting") == ["b1", "c1", "a2", "a3"]
    runs.put_first(next(run.id for run in runs.runs() if run.task.name == "a3"))
    assert names(runs, "waiting") == ["a3", "b1", "c1", "a2"]
    for expected in ("a3", "b1", "c1", "a2"):
        runs.cancel(next(run.id for run in runs.runs() if run.is_running))
        wait_for(lambda name=expected: names(runs, "running") == [name])
        assert len(workers_of()) == 1
    assert names(runs, "waiting") == []


def test_as_many_go_on_beside_each_other_as_there_is_room_for(runs, monkeypatch):
    monkeypatch.setenv(capacity.VARIABLE, "3")
    for number in range(5):
        runs.start(Training(LONG, f"mine-{number}"))
    wait_for(lambda: len(names(runs, "running")) == len(workers_of()) == 3)
    assert len(names(runs, "waiting")) == 2 and runs.slots() == 3
    runs.cancel(latest(runs).id)
    wait_for(lambda: len(names(runs, "running")) == 3 and len(names(runs, "waiting")) == 1)


def test_a_server_on_the_same_machine_does_not_begin_more(runs, home, one_at_a_time):
    runs.start(mine())
    until_it_trains(runs)
    other = Jobs(home, FAKE)
    other.start(Training(LONG, "other"))
    time.sleep(1.2)  # more than a look
    assert names(other, "running") == ["mine"] and names(other, "waiting") == ["other"]
    other.close()


def test_a_run_that_waits_is_cancelled_at_once_and_never_begins(runs, home, one_at_a_time):
    runs.start(mine())
    waiting = runs.start(Training(QUICK, "other"))
    runs.cancel(waiting.id)
    assert runs.get(waiting.id).state == "cancelled"
    cancel(runs)
    time.sleep(0.2)
    assert left_in(home) == [] and not workers_of()


def test_another_server_sees_a_run_and_may_cancel_it_and_have_it_publish_again(
    runs, home, elsewhere
):
    run = runs.start(mine(), "ann")
    early = wait_for(lambda: (found := elsewhere.get(run.id)).curve.validation and found)
    wait_for(lambda: elsewhere.get(run.id).share > early.share or None, 5)
    assert early.owner == elsewhere.owner(run.id) == "ann"
    elsewhere.cancel(run.id)
    wait_for(lambda: elsewhere.get(run.id).state == "cancelled", 5)
    wait_for(lambda: not workers_of(), 5)


def test_another_server_may_have_a_run_publish_again(home, elsewhere):
    code = """if True:
        import json
        input()
        print(json.dumps({"problem": "The disk is full."}), flush=True)
        input()
        print(json.dumps({"done": "old"}), flush=True)
    """
    runs = Jobs(home, [sys.executable, "-c", code])
    run = runs.start(mine())
    wait_for(lambda: elsewhere.get(run.id).problem)
    elsewhere.publish_again(run.id)
    wait_for(lambda: elsewhere.get(run.id).state == "done", 5)
    runs.close()


def test_a_queue_outlives_its_server(runs, home, one_at_a_time):
    first = runs.start(mine(), "ann")
    second = runs.start(Training(QUICK, "other"), "bob")
    until_it_trains(runs)
    runs.close()
    wait_for(lambda: not workers_of())
    again = Jobs(home, FAKE)
    assert [(run.id, run.state) for run in again.runs()] == [
        (first.id, "waiting"),
        (second.id, "waiting"),
    ]
    again.serve()
    wait_for(lambda: again.get(first.id).training_since)
    again.cancel(first.id)
    assert until_it_ends(again, second).result == "other"
    again.close()


def test_an_orderly_end_of_a_server_does_not_count_as_an_attempt(home, runs):
    for _ in range(4):
        server = Jobs(home, FAKE)
        if not server.runs():
            server.start(mine())
        server.serve()
        until_it_trains(server)
        server.close()
    assert latest(runs).state == "waiting"


def test_two_who_choose_one_name_get_two(runs, one_at_a_time):
    tasks = [runs.start(mine(QUICK), owner).task.name for owner in ("ann", "bob", "cem")]
    assert tasks == ["mine", "mine-2", "mine-3"]
    for run in list(runs.runs()):
        assert until_it_ends(runs, run).result == run.task.name


def test_many_who_start_at_once_all_run(runs, home):
    tasks = [Training(QUICK, "mine") for _ in range(8)]
    started = starts_at_once([lambda task=task: runs.start(task) for task in tasks])
    assert len({run.task.name for run in started}) == 8
    ends = [until_it_ends(runs, run) for run in started]
    assert {end.state for end in ends} == {"done"}
    assert left_in(home) == sorted(run.task.name for run in started)


def test_many_servers_that_start_at_once_do_each_run_once(home):
    several = [Jobs(home, FAKE) for _ in range(4)]
    try:
        starts = [lambda s=server: (s, s.start(mine(QUICK))) for server in several]
        started = starts_at_once(starts)
        for server, run in started:
            assert until_it_ends(server, run).state == "done"
        runs = {registry.read_card(home / name).run for name in left_in(home)}
        assert runs == {run.id for _, run in started}
    finally:
        for server in several:
            server.close()


def test_what_ended_before_a_server_began_is_no_news(runs, home):
    run = runs.start(mine(QUICK), "ann")
    until_it_ends(runs, run)
    wait_for(lambda: not queue_of(home).busy())
    late = Jobs(home, FAKE)
    assert late.runs() == [] and late.owner(run.id) == "ann" and late.result(run.id) == "mine"
    assert late.owner("another") == late.owner("") == ""
    assert late.count_of("ann", [run.id, "another"]) == 1 and late.count_of("bob", [run.id]) == 0


def test_a_command_s_run_that_is_cancelled_before_it_began_is_forgotten(runs, one_at_a_time):
    runs.start(mine())
    until_it_trains(runs)
    waiting = runs.start(Training(LONG, "other"), sources={"KERAS_HOME": "x"}, is_bound=True)
    assert waiting.id in runs._server._sources
    runs.cancel(waiting.id)
    wait_for(lambda: waiting.id not in runs._server._sources)


def test_a_flood_is_refused(runs, monkeypatch, one_at_a_time):
    monkeypatch.setattr(jobs, "MOST", 2)
    monkeypatch.setattr(jobs, "MOST_IN_ALL", 3)
    runs.start(mine(), "ann")
    wait_for(lambda: names(runs, "running"))
    for _ in range(2):
        runs.start(mine(), "ann")
    with pytest.raises(JobError, match="2 of your runs may wait at most, and 2 do: cancel some"):
        runs.start(mine(), "ann")
    runs.start(mine(), "bob")
    with pytest.raises(JobError, match="3 runs wait, and no more can: try again later"):
        runs.start(mine(), "cem")


def test_looking_makes_no_store(runs, home):
    assert runs.runs() == [] and runs.get("x") is None and runs.owner("x") == ""
    runs.serve()
    time.sleep(0.1)
    assert list(home.iterdir()) == []


def test_a_store_that_fails_is_logged_once_and_keeps_what_was_seen(runs, monkeypatch, caplog):
    run = runs.start(mine())
    until_it_trains(runs)
    store = runs._opened()

    def fail(*arguments):
        raise StoreError("The store is away.")

    for name in ("versions", "report", "cancel", "put_first", "add", "owners"):
        monkeypatch.setattr(store.runs, name, fail)
    monkeypatch.setattr(jobs, "FRESH", 0.0)
    for _ in range(3):
        assert runs.get(run.id).is_running
    time.sleep(1.2)
    assert [record.message.split(":")[0] for record in caplog.records].count(
        "The queue of runs cannot be read"
    ) == 1
    for act in (lambda: runs.put_first("x"), lambda: runs.start(mine()), lambda: runs.cancel("x")):
        with pytest.raises(JobError, match="The store is away"):
            act()
    assert runs.owner(run.id) == ""
    monkeypatch.undo()
    assert wait_for(lambda: latest(runs).progress.epoch > run.share)


def test_a_home_that_vanishes_ends_the_run(runs, home):
    runs.start(mine())
    until_it_trains(runs)
    shutil.rmtree(home)
    (process,) = workers_of()
    process.kill()
    assert until_it_ends(runs).state == "failed"
    home.mkdir()


@pytest.mark.parametrize("name", ["", "a b", "../mine", ".training", "cnn", "taken"])
def test_a_bad_name_and_a_taken_one_are_refused(runs, home, name):
    shutil.copytree(registry.SHIPPED / "mlp", home / "taken")
    with pytest.raises(registry.ModelError, match="name"):
        runs.start(Training(QUICK, name))
    assert latest(runs) is None and left_in(home) == ["taken"]


def test_a_home_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        monkeypatch.setenv("DIGITCANVAS_HOME", str(home))
        assert Jobs(home).runs() == []
        with pytest.raises(JobError, match="cannot be written to"):
            Jobs(home).start(mine(QUICK))


@pytest.mark.parametrize("name", ["DIGITCANVAS_UNIPEN", "DIGITCANVAS_MNIST_WRITERS"])
def test_the_process_finds_data_named_from_the_server_s_folder(home, monkeypatch, name):
    monkeypatch.chdir(home)
    monkeypatch.setenv(name, "data")
    tell = f"import json, os; print(json.dumps({{'failed': os.environ[{name!r}]}}))"
    runs = Jobs(home, (sys.executable, "-c", tell))
    assert until_it_ends(runs, runs.start(mine(QUICK))).error == str(home / "data")
    runs.close()


def test_a_process_that_cannot_be_started_is_told(home):
    runs = Jobs(home, [str(home / "gone")])
    end = until_it_ends(runs, runs.start(mine(QUICK)))
    assert end.state == "failed" and "could not be started" in end.error and left_in(home) == []
    runs.close()


@pytest.fixture
def acted(home):
    """Does a task by a process that says these lines and then leaves. Gives the run's end."""

    def act(task, *events, status=0):
        lines = "".join(json.dumps(event) + "\n" for event in events)
        code = f"import sys; sys.stdin.readline(); print({lines!r}, end=''); sys.exit({status})"
        runs = Jobs(home, [sys.executable, "-c", code])
        end = until_it_ends(runs, runs.start(task))
        runs.close()
        return end

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
    end = until_it_ends(runs, runs.start(mine(QUICK)))
    assert (end.state, end.stage) == ("failed", "x")
    runs.close()


STUDY = replace(QUICK, epochs=10, learning_rate=0.01)


def test_a_study_s_trials_try_values_in_turn_and_keep_nothing(runs, home, one_at_a_time):
    trials = tuning.plan(STUDY, "quick", 6, ["learning_rate"])
    started = runs.start_all(trials, "ann")
    for run in started:
        until_it_ends(runs, run)
    ended = runs.trials(trials[0].study)
    assert [run.task for run in ended] == trials
    assert {run.state for run in ended} == {"done"} and left_in(home) == []
    rates = [run.parameters["learning rate"] for run in ended]
    assert rates[0] == STUDY.learning_rate and len(set(rates)) == 6
    assert tuning.best(ended) is ended[0]  # which has the stand-in's best rate
    assert [run.task.study for run in runs.studies(5)] == [trials[0].study]
    assert runs.trials("another") == []


def test_a_poor_trial_is_stopped_and_the_next_one_begins(runs, monkeypatch, one_at_a_time):
    looked = []
    monkeypatch.setattr(tuning, "is_poor", lambda run, others: looked.append(run) or True)
    first, second = runs.start_all(tuning.plan(LONG, "quick", 2, ["learning_rate"]))
    end = until_it_ends(runs, first)
    assert (end.state, end.is_poor) == ("done", True) and looked[0].id == first.id
    assert end.parameters and tuning.accuracy(end)
    until_it_ends(runs, second)
    assert [run.is_poor for run in runs.trials(first.task.study)] == [True, True]


def test_a_trial_begins_again_if_its_server_dies(runs, elsewhere, monkeypatch, one_at_a_time):
    monkeypatch.setattr(servers, "STALE", 0.5)
    first, second = elsewhere.start_all(tuning.plan(LONG, "quick", 2, ["learning_rate"]))
    wait_for(lambda: elsewhere.get(first.id).parameters)
    elsewhere.cancel(second.id)
    elsewhere._server._is_closed = True  # it hangs
    runs.serve()
    wait_for(lambda: runs._server.current(first.id))
    assert runs.get(first.id).parameters


def test_a_trial_whose_values_cannot_be_chosen_fails_and_says_why(runs, monkeypatch):
    def fail(trial, others):
        raise StoreError("The database is away.")

    monkeypatch.setattr(tuning, "ask", fail)
    first, second = runs.start_all(tuning.plan(QUICK, "quick", 2, ["learning_rate"]))
    ends = [until_it_ends(runs, first), until_it_ends(runs, second)]
    assert {run.state for run in ends} == {"failed"}
    assert "No values to try could be chosen (The database is away.)" in ends[0].error


def test_a_study_is_put_in_whole_or_not_at_all(runs, monkeypatch, one_at_a_time):
    monkeypatch.setattr(jobs, "MOST", 4)
    runs.start_all(tuning.plan(LONG, "quick", 3, ["learning_rate"]), "ann")
    wait_for(lambda: sum(run.state == "running" for run in runs.runs()) == 1)
    with pytest.raises(JobError, match="4 of your runs may wait at most, and 2 do: cancel some"):
        runs.start_all(tuning.plan(LONG, "quick", 3, ["learning_rate"]), "ann")
    assert len(runs.runs()) == 3


def states(runs, study):
    return [run.state for run in runs.trials(study)]


def test_a_study_is_cancelled_whole_or_what_waits_of_it_and_no_other(runs, one_at_a_time):
    ours, theirs = (tuning.plan(LONG, "quick", 3, ["learning_rate"]) for _ in range(2))
    study = ours[0].study
    runs.start_all([*ours, *theirs])
    wait_for(lambda: states(runs, study)[0] == "running")
    runs.cancel_study(study, waiting_only=True)
    assert states(runs, study) == ["running", "cancelled", "cancelled"]
    assert states(runs, theirs[0].study) == ["waiting"] * 3
    runs.cancel_study(study)
    assert states(runs, study) == ["cancelled"] * 3
    assert "cancelled" not in states(runs, theirs[0].study)
