"""The news that all browsers get: what is sent, when, and to whom."""

import asyncio
import json
import logging
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from digitcanvas.app import live, news, visitor
from digitcanvas.app.news import Watcher
from digitcanvas.app.parts import shared_mnist, shared_runs
from digitcanvas.reading import registry
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Run, Training
from tests.apptest import FakeJobs, a_run, publish

CURVE = LearningCurve(((0.5, 2.0, 0.25), (1.0, 1.0, 0.5)), ())
SOON = 0.2
"""Seconds in which what is due at once is done, and what is due later is not."""


@pytest.fixture
def jobs(home, monkeypatch):
    jobs = FakeJobs()
    monkeypatch.setattr(shared_runs, "jobs", lambda: jobs)
    return jobs


@pytest.fixture
def crowd(monkeypatch):
    crowd = live.Crowd()
    monkeypatch.setattr(live, "crowd", crowd)
    return crowd


class Browser:
    """A socket, and what it was sent by kind."""

    def __init__(self, crowd, token=""):
        self.received, self.token = {}, token
        self.cookies = {visitor.COOKIE: token}
        crowd.enter(self)

    async def send_text(self, text):
        for kind, value in json.loads(text).items():
            self.received.setdefault(kind, []).append(value)


class Asleep(Browser):
    """A phone that takes nothing in, and does not say that it is gone."""

    async def send_text(self, text):
        await asyncio.Event().wait()


def watched(actions, watcher=None):
    """Run the coroutine while a watcher is at work. Gives the watcher."""
    watcher = watcher or Watcher()

    async def run():
        task = asyncio.create_task(watcher.watch())
        try:
            await actions(watcher)
            assert not task.done()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    asyncio.run(run())
    return watcher


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def rises(watcher, change):
    """The kinds whose version a change raises, seen at the next look; "own" for a run's own."""
    before = watcher.versions
    change()
    watcher.look()
    assert all(watcher.versions[kind] >= before[kind] for kind in news.KINDS)
    risen = {kind for kind, version in watcher.versions.items() if version > before[kind]}
    return {kind if kind in news.KINDS else "own" for kind in risen}


def test_a_version_rises_when_what_is_shown_changes_and_only_then(jobs, home, monkeypatch):
    watcher = Watcher()
    monkeypatch.setattr(shared_mnist, "download", shared_mnist.Download())
    mnist = home / "mnist.npz"
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(mnist))

    def change(**fields):
        return lambda: setattr(jobs, "run", replace(jobs.run, **fields))

    assert rises(watcher, lambda: None) == {"run", "live", "models", "mnist"}
    assert rises(watcher, lambda: None) == set()
    assert rises(watcher, lambda: jobs.start(Training(RECIPES["quick"], "mine"))) == {
        "run",
        "live",
        "own",
    }
    assert rises(watcher, change(stage="", progress=Progress(1, 2, 5, 10, {}))) == set()
    assert rises(watcher, change(curve=CURVE)) == {"run", "own"}
    assert rises(watcher, change(curve=replace(CURVE, validation=((1.0, 1.0, 0.5),)))) == set()
    assert rises(watcher, change(problem="The disk is full.")) == {"run", "own"}
    assert rises(watcher, lambda: publish(home, "mine")) == {"models"}
    assert rises(watcher, change(state="done", problem="")) == {"run", "live", "own"}
    assert rises(watcher, lambda: registry.rename("mine", "ours")) == {"models"}
    assert rises(watcher, lambda: registry.remove("ours")) == {"models"}
    assert rises(watcher, lambda: mnist.write_bytes(b"")) == {"mnist"}
    assert rises(watcher, lambda: shared_mnist.download._note(0.51)) == {"mnist"}
    assert rises(watcher, lambda: shared_mnist.download._note(0.55)) == set()


def test_versions_rise_over_a_restart_of_the_server(jobs):
    first, second = Watcher(), Watcher()
    for watcher in (first, second):
        watcher.look()
        time.sleep(0.002)
    assert all(second.versions[kind] > version for kind, version in first.versions.items())


def test_browsers_get_each_news_once_and_those_who_come_later_the_newest(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    browser, other = Browser(crowd), Browser(crowd)

    async def actions(watcher):
        await until(lambda: browser.received)
        await asyncio.sleep(SOON)
        assert len(browser.received["news"]) == 1
        jobs.start(Training(RECIPES["quick"], "mine"))
        await until(lambda: len(browser.received["news"]) == 2)
        await asyncio.sleep(SOON)
        assert browser.received["news"][1] == watcher.versions | {"spread": 2 * news.SPREAD}
        assert other.received["news"] == browser.received["news"]
        assert json.loads(crowd.news["news"])["news"] == browser.received["news"][-1]

    watched(actions)


def test_how_far_a_run_is_comes_as_it_goes_on_and_not_after_its_end(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    browser = Browser(crowd)
    jobs.run = a_run()

    async def actions(watcher):
        await until(lambda: "runs" in browser.received)
        await asyncio.sleep(SOON)
        assert browser.received["runs"] == [
            [{"id": jobs.run.id, "share": 0, "words": "Starting …"}],
        ]
        assert "curves" not in browser.received
        jobs.run = replace(jobs.run, stage="", progress=Progress(1, 2, 5, 10, {}), curve=CURVE)
        await until(lambda: "curves" in browser.received)
        assert browser.received["runs"][-1][0]["words"] == "Epoch 1 of 2"
        await asyncio.sleep(SOON)
        assert browser.received["curves"] == [
            {"version": [jobs.run.id, jobs.run.share], "figure": jobs.run.figure}
        ]
        assert {"runs", "curves", "queue"} < set(crowd.news)
        jobs.run = replace(jobs.run, state="done", result="mine")
        await until(lambda: len(browser.received["news"]) == 3)
        await asyncio.sleep(SOON)
        assert set(crowd.news) == {"news", "runs", "queue"}
        assert browser.received["runs"][-1] == browser.received["queue"][-1] == []

    watched(actions)


def test_each_sees_their_own_curves_and_the_others_those_of_the_oldest(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    ann, bob = Browser(crowd, "ann" * 8), Browser(crowd, "bob" * 8)
    jobs.run = a_run(owner=ann.token, curve=CURVE)
    jobs.others = [a_run(owner=bob.token, curve=CURVE)]

    async def actions(watcher):
        await until(lambda: len(bob.received.get("curves", [])) == 2)
        await asyncio.sleep(SOON)
        assert [sent["version"][0] for sent in ann.received["curves"]] == [jobs.run.id]
        assert [sent["version"][0] for sent in bob.received["curves"]] == [
            jobs.run.id,
            jobs.others[0].id,
        ]
        assert json.loads(crowd.news["curves"])["curves"]["version"][0] == jobs.run.id

    watched(actions)


def test_the_queue_is_sent_when_a_run_comes_and_not_for_each_second_of_it(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    browser = Browser(crowd)
    jobs.run = a_run(seconds=600.0)

    async def actions(watcher):
        await until(lambda: "queue" in browser.received)
        for batch in range(1, 10):
            jobs.run = replace(jobs.run, stage="", progress=Progress(1, 2, batch, 10, {}))
            await asyncio.sleep(0.02)
        assert len(browser.received["queue"]) == 1
        jobs.start(Training(RECIPES["quick"], "other"), "ann")
        await until(lambda: len(browser.received["queue"]) == 2)
        rows = [(row["name"], row["state"]) for row in browser.received["queue"][-1]]
        assert rows == [("mine", "running"), ("other", "waiting")]

    watched(actions)


def test_a_script_that_has_it_look_does_not_wait_for_the_next_look(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 60)
    browser = Browser(crowd)

    async def actions(watcher):
        await until(lambda: browser.received)
        jobs.start(Training(RECIPES["quick"], "mine"))
        before = watcher.versions
        thread = threading.Thread(target=watcher.look)
        thread.start()
        await until(lambda: len(browser.received["news"]) == 2)
        thread.join()
        assert watcher.versions["run"] > before["run"]

    watched(actions)


def test_a_look_that_fails_is_logged_once_and_the_next_ones_are_taken(
    jobs, crowd, monkeypatch, caplog
):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    browser = Browser(crowd)
    looks = []

    def fail():
        looks.append(1)
        raise OSError("The disk is broken.")

    async def actions(watcher):
        await until(lambda: browser.received)
        with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
            broken.setattr(registry, "snapshot", fail)
            await until(lambda: len(looks) > 5)
        assert [record.getMessage() for record in caplog.records] == [
            "The runs and models cannot be looked at: OSError('The disk is broken.')"
        ]
        jobs.start(Training(RECIPES["quick"], "mine"))
        await until(lambda: len(browser.received["news"]) == 2)

    watched(actions)


def test_news_that_cannot_be_made_does_not_end_the_watch(jobs, crowd, monkeypatch, caplog):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    browser = Browser(crowd)
    jobs.run = a_run(curve=CURVE)
    monkeypatch.setattr(Run, "figure", property(lambda run: 1 / 0))

    async def actions(watcher):
        await until(lambda: caplog.records)
        jobs.run = replace(jobs.run, state="failed")
        await until(lambda: len(browser.received["news"]) == 2)

    watched(actions)


def test_who_is_slow_to_receive_keeps_nobody_waiting(jobs, crowd, monkeypatch):
    monkeypatch.setattr(news, "INTERVAL", 0.01)
    monkeypatch.setattr(news, "SLOW", 0.05)
    Asleep(crowd)
    browser = Browser(crowd)

    async def actions(watcher):
        await until(lambda: browser.received)
        jobs.start(Training(RECIPES["quick"], "mine"))
        await until(lambda: len(browser.received["news"]) == 2 and "runs" in browser.received)

    watched(actions)


def test_a_page_knows_the_versions_before_the_first_visitor_comes(jobs, crowd, monkeypatch):
    watcher = Watcher()
    monkeypatch.setattr(news, "watcher", watcher)

    async def serve():
        async with news.watching():
            assert all(watcher.versions.values())
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(serve())


def test_curves_are_drawn_once_for_all_and_anew_after_a_while(monkeypatch):
    run = a_run(curve=CURVE)
    first = shared_runs.figure(run)
    assert first is not None and shared_runs.figure(run) is first
    assert shared_runs.figure(replace(run, state="failed")) is not first
    first = shared_runs.figure(run)
    monkeypatch.setattr(shared_runs, "CURVES", 0)
    assert shared_runs.figure(run) is not first
    assert shared_runs.figure(a_run()) is None
