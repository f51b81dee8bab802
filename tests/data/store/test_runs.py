"""The queue of runs: who is next, who does it, and what becomes of it."""

import threading

import pytest

from digitcanvas.data.store import StoreError, runs
from digitcanvas.data.store.runs import RUNNING, WAITING, NewRun


@pytest.fixture
def queue(store):
    return store.runs


def add(queue, *names, owner="ann", seconds=10.0, study="", **options):
    for name in names:
        queue.add([NewRun(name, owner, f"train {name}", seconds, "", study)], **options)


def waiting(queue):
    return [entry.id for entry in entries(queue) if entry.state == WAITING]


def entries(queue):
    versions = queue.versions(10)
    found = {entry.id: entry for entry in queue.get(versions)}
    return [found[run] for run in versions]


def take_all(queue, server="here"):
    taken = []
    while entry := queue.take(server):
        taken.append(entry.id)
    return taken


def test_a_run_is_kept_as_it_came_and_taken_once(queue):
    assert queue.take("here") is None and not queue.waits()
    add(queue, "one", owner="bob", seconds=2.5)
    assert queue.waits()
    entry = queue.take("here")
    assert (entry.id, entry.owner, entry.task, entry.seconds) == ("one", "bob", "train one", 2.5)
    assert (entry.state, entry.server, entry.attempts, entry.wish) == (RUNNING, "here", 1, "")
    assert queue.take("there") is None and queue.busy() == {"here": 1} and not queue.waits()
    with pytest.raises(StoreError):
        add(queue, "one")


def test_who_asks_for_one_run_goes_before_the_second_of_somebody_else(queue):
    add(queue, "a1", "a2", "a3")
    assert queue.take("here").id == "a1"
    add(queue, "b1", "b2", owner="bob")
    assert waiting(queue) == ["b1", "a2", "b2", "a3"]
    assert queue.take("here").id == "b1"
    add(queue, "c1", owner="cem")
    assert take_all(queue) == ["c1", "a2", "b2", "a3"]


def test_a_long_run_counts_for_more_than_short_ones(queue):
    add(queue, "long", seconds=100.0)
    add(queue, "again", seconds=100.0)
    add(queue, *(f"b{number}" for number in range(5)), owner="bob", seconds=10.0)
    assert take_all(queue) == ["long", "b0", "b1", "b2", "b3", "b4", "again"]


def test_who_has_run_much_is_not_kept_waiting_behind_everybody_for_ever(queue):
    add(queue, *(f"a{number}" for number in range(20)))
    take_all(queue)
    add(queue, "late", owner="bob")
    add(queue, "a-new")
    assert take_all(queue) == ["late", "a-new"]


def test_a_run_can_be_put_first_and_another_before_that(queue):
    add(queue, "one", "two", "three")
    queue.put_first("three")
    queue.put_first("two")
    assert waiting(queue) == ["two", "three", "one"]
    taken = queue.take("here").id
    for run in (taken, "unknown"):
        with pytest.raises(StoreError, match="does not wait any more"):
            queue.put_first(run)


def test_a_bound_run_is_for_its_server_alone(queue):
    add(queue, "bound", server="shell")
    add(queue, "free", owner="bob")
    assert queue.take("here").id == "free" and queue.take("here") is None
    assert queue.take("shell", any_run=False).id == "bound"


def test_a_server_that_does_only_its_own_leaves_the_others(queue):
    add(queue, "free")
    assert queue.take("shell", any_run=False) is None and queue.take("here").id == "free"


def test_a_version_rises_with_each_change_but_a_sign_of_life(queue):
    add(queue, "one")
    versions = [queue.versions(10)["one"]]

    def rises(change, does=True):
        change()
        versions.append(queue.versions(10)["one"])
        return (versions[-1] > versions[-2]) == does

    assert rises(lambda: queue.put_first("one"))
    assert rises(lambda: queue.take("here"))
    assert rises(lambda: queue.report("here", {"one": "half"}))
    assert rises(lambda: queue.report("here", {}), does=False)
    assert rises(lambda: queue.wish("one", "again"))
    assert rises(lambda: queue.end("one", "here", "done", "all"))


def test_a_report_brings_wishes_once_and_is_a_sign_of_life(queue):
    add(queue, "one", "two")
    take_all(queue)
    (before,) = queue.beats().values()
    queue.wish("one", "again")
    assert queue.report("here", {"two": "half"}) == {"one": "again", "two": ""}
    assert queue.report("here", {}) == {"one": "", "two": ""}
    assert queue.beats() == {"here": before + 2}
    assert {entry.id: entry.snapshot for entry in entries(queue)} == {"one": "", "two": "half"}


def test_nobody_reports_on_another_s_run_nor_ends_it(queue):
    add(queue, "one")
    queue.take("here")
    assert queue.report("there", {"one": "mine now"}) == {}
    queue.end("one", "there", "done", "mine now")
    (entry,) = entries(queue)
    assert (entry.state, entry.server, entry.snapshot) == (RUNNING, "here", "")


def test_a_run_given_back_waits_again_twice_at_the_most(queue):
    add(queue, "one")
    queue.take("here")
    assert queue.give_back("one", "here", "again")
    assert queue.take("there").attempts == 2
    assert not queue.give_back("one", "there", "again")
    assert queue.give_back("one", "there", "again", counts=False)
    assert queue.take("here").attempts == 2


def test_a_bound_run_is_not_given_back_nor_one_of_another_server(queue):
    add(queue, "bound", server="shell")
    add(queue, "free")
    queue.take("shell", any_run=False)
    queue.take("here")
    assert not queue.give_back("bound", "shell", "")
    assert not queue.give_back("free", "there", "")
    assert queue.of("shell") == ["bound"] and queue.of("here") == ["free"]


def test_cancelling_ends_what_waits_and_asks_the_server_of_what_does_not(queue):
    add(queue, "one", "two")
    queue.take("here")
    for run in ("one", "two", "unknown"):
        queue.cancel(run, "stop")
    assert {entry.id: (entry.state, entry.wish) for entry in entries(queue)} == {
        "one": (RUNNING, "stop"),
        "two": ("cancelled", ""),
    }
    queue.end("one", "here", "done", "")
    queue.cancel("one", "stop")
    assert queue.get(["one"])[0].state == "done"


def test_those_that_ended_long_ago_are_forgotten_and_the_others_are_not(queue, monkeypatch):
    monkeypatch.setattr(runs, "KEPT", 3)
    add(queue, *(f"run{number}" for number in range(6)))
    add(queue, "waits", owner="bob")
    for _ in range(6):
        taken = queue.take("here").id
        if taken != "waits":
            queue.end(taken, "here", "done", "")
    add(queue, "new")
    kept = set(queue.versions(100))
    assert {"waits", "new"} < kept and len(kept) == 5 + 1
    owners = queue.owners(["waits", "new", "run0", "unknown"])
    assert owners == {"waits": "bob", "new": "ann"}


def test_the_newest_of_those_that_ended_come_first(queue):
    add(queue, *"abc")
    for _ in "abc":
        queue.end(queue.take("here").id, "here", "done", "")
    assert list(queue.versions(2)) == ["c", "b"]


def test_of_servers_that_take_at_once_each_gets_another(queue):
    names = [f"run{number}" for number in range(12)]
    add(queue, *names)
    taken, barrier = [], threading.Barrier(4)

    def take(server):
        barrier.wait()
        while queue.waits():
            if entry := queue.take(server):
                taken.append(entry.id)

    threads = [threading.Thread(target=take, args=[f"server{number}"]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == sorted(names)


def test_a_file_that_is_not_there_is_not_made_to_look(tmp_path):
    from digitcanvas.data.store import Store

    store = Store(f"sqlite:///{tmp_path / 'new.sqlite'}")
    assert not store.runs.is_there
    add(store.runs, "one")
    assert store.runs.is_there
    store.close()


def test_a_study_s_runs_are_found_together(queue):
    add(queue, "one", "two", study="a")
    add(queue, "alone")
    add(queue, "three", study="b")
    add(queue, "four", study="a")
    assert [entry.id for entry in queue.of_study("a")] == ["one", "two", "four"]
    assert [entry.id for entry in queue.studies(10)] == ["three", "one"]
    assert [entry.id for entry in queue.studies(1)] == ["three"]
    assert queue.of_study("c") == []


def test_several_runs_are_put_in_or_none(queue):
    add(queue, "one")
    twice = NewRun("one", "bob", "train", 1.0, "")
    with pytest.raises(StoreError):
        queue.add([NewRun("two", "bob", "train", 1.0, ""), twice])
    assert waiting(queue) == ["one"]
