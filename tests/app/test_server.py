"""What Streamlit's server gets from us, and one that runs."""

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pandas as pd
import pytest
import streamlit as st
import uvicorn
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit import dataframe_util
from streamlit.components.v2.bidi_component import serialization
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from digitcanvas import Recognizer
from digitcanvas.app import assets, gate, news, server, turns
from digitcanvas.app.parts import shared_models
from tests.browser.driver import ROOT, free_port, serve, wait_for
from tests.digits import DIGITS


@pytest.fixture
def base(monkeypatch):
    """Has the app served below a path."""
    get_option = st.get_option

    def serve_below(path):
        def option(name):
            return path if name == "server.baseUrlPath" else get_option(name)

        monkeypatch.setattr(st, "get_option", option)

    return serve_below


@pytest.mark.parametrize(
    ("given", "path"),
    [("", ""), ("/", ""), ("digits", "/digits"), ("/digits/", "/digits"), ("a/b", "/a/b")],
)
def test_all_that_is_ours_is_below_the_app_s_path(base, given, path):
    base(given)
    assert server.base() == path
    paths = [route.path for route in server.routes()]
    assert f"{path}/live" in paths
    assert {f"{path}/api/predict", f"{path}/api/models"} <= set(paths)
    assert all(each.startswith(f"{path}/") for each in paths)
    kinds = {entry.cls: entry.kwargs for entry in server.middleware()}
    assert kinds[assets.Compressed]["base"] == kinds[gate.Gate]["base"] == path
    assert kinds[gate.Gate]["slots"] is turns.slots


@pytest.fixture
def spared(monkeypatch):
    """Keeps what the lifespan does to this process, which is no server, to the lifespan's own."""
    for change in ("_allow_many_files", "_end_in_time", "_spare_pandas"):
        monkeypatch.setattr(server, change, lambda: None)
    yield monkeypatch
    gc.unfreeze()


def test_before_the_first_visitor_comes_all_is_loaded_and_news_is_watched(spared):
    done = []
    spared.setattr(assets, "warm", lambda: done.append("files"))
    spared.setattr(server, "_send_at_once", lambda port: done.append(port))
    shared_models.load_recognizer.cache_clear()
    tasks = []

    async def watch(self):
        tasks.append("watching")
        try:
            await asyncio.Event().wait()
        finally:
            tasks.append("ended")

    spared.setattr(news.Watcher, "watch", watch)
    with TestClient(Starlette(lifespan=server.lifespan)):
        assert done == ["files", st.get_option("server.port")]
        assert shared_models.load_recognizer.cache_info().currsize == 1
        assert gc.get_freeze_count() > 0
        until(lambda: tasks == ["watching"])
    assert tasks == ["watching", "ended"]


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_connections_send_at_once_those_there_are_and_those_to_come():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)), listening.accept()[0] as present:
            server._send_at_once(port)
            with socket.create_connection(("127.0.0.1", port)), listening.accept()[0] as later:
                for connection in (present, later):
                    assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(server.resource is None, reason="this system has no such limits")
def test_a_server_may_open_as_many_files_as_the_system_lets_it():
    """In a process of its own: what is allowed here stays as it is."""
    script = (
        "import resource; from digitcanvas.app import server; kind = resource.RLIMIT_NOFILE;"
        "_, most = resource.getrlimit(kind); resource.setrlimit(kind, (256, most));"
        "server._allow_many_files(); assert resource.getrlimit(kind) == (most, most) != (256, most)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_components_data_are_not_looked_at_by_pandas_and_data_frames_still_are(monkeypatch):
    before, asked = serialization.is_dataframe_like, []
    monkeypatch.setattr(
        dataframe_util, "is_dataframe_like", lambda value: asked.append(value) or before(value)
    )
    monkeypatch.setattr(serialization, "is_dataframe_like", before)  # put back in the end
    server._spare_pandas()
    assert serialization.is_dataframe_like is not before
    frame = pd.DataFrame({"digit": [1, 2]})
    assert serialization.is_dataframe_like(frame) and before(frame)
    for value in ({"figure": {"data": [1]}}, [1, 2], {}, "text", None, 7):
        assert not serialization.is_dataframe_like(value)
    assert not any(isinstance(value, dict | list) for value in asked)


class Signals:
    """Stands in for the process's signal handlers."""

    SIGTERM, SIGINT = signal.SIGTERM, signal.SIGINT

    def __init__(self, handler):
        self.handlers = dict.fromkeys((self.SIGTERM, self.SIGINT), handler)
        self.alarms = []

    def getsignal(self, number):
        return self.handlers[number]

    def signal(self, number, handler):
        self.handlers[number] = handler

    def alarm(self, seconds):
        self.alarms.append(seconds)


def test_a_server_that_is_asked_to_end_does_so_in_time(monkeypatch):
    running = uvicorn.Server(uvicorn.Config(Starlette()))
    signals = Signals(running.handle_exit)
    monkeypatch.setattr(server, "signal", signals)
    server._end_in_time()
    assert running.config.timeout_graceful_shutdown == server.GRACE
    assert not running.should_exit
    signals.handlers[signal.SIGTERM](signal.SIGTERM, None)
    assert running.should_exit and signals.alarms == [server.LAST]
    signals.handlers[signal.SIGINT](signal.SIGINT, None)
    assert running.force_exit


@pytest.mark.parametrize("handler", [signal.SIG_DFL, None, lambda number, frame: None])
def test_the_signals_of_another_server_are_left_alone(monkeypatch, handler):
    signals = Signals(handler)
    monkeypatch.setattr(server, "signal", signals)
    server._end_in_time()
    assert set(signals.handlers.values()) == {handler}


# One that runs


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("home"), base="some/digits") as app:
        yield app


def live(app):
    return connect(app.url.replace("http", "ws") + "/live")


def ask(browser, strokes, **options):
    rows = [stroke.ravel().tolist() for stroke in strokes]
    message = {"turn": 1, "from": [0, 0], "points": rows, "widths": [16] * len(rows)}
    browser.send(json.dumps(message | options))
    while True:
        answer = json.loads(browser.recv(timeout=10))
        if "turn" in answer:
            return answer


def test_a_running_server_answers_by_the_socket(app):
    with live(app) as browser:
        (answer,) = ask(browser, DIGITS[7], models=["cnn"])["answers"]
    expected = Recognizer.load("cnn").predict_strokes(DIGITS[7], widths=[16])
    assert (answer["digit"], answer["certainty"]) == (expected.digit, expected.certainty)


@pytest.mark.parametrize(
    ("sent", "code"),
    [("garbage", 1007), (b"\0", 1007), (" " * (2 * 1024 * 1024 + 1), 1009)],
    ids=["garbage", "binary", "too large"],
)
def test_a_running_server_ends_a_connection_that_makes_no_sense_and_no_other(app, sent, code):
    with live(app) as other, live(app) as browser:
        browser.send(sent)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                browser.recv(timeout=10)
        assert closed.value.rcvd.code == code
        assert ask(other, DIGITS[1], models=["mlp"])["answers"][0]["digit"] == 1


def test_a_running_server_has_page_files_and_api_below_its_path(app):
    def status(path):
        try:
            with urllib.request.urlopen(app.url + path, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    paths = ("/", "/api/models", "/" + assets.url(assets.PLOTLY))
    assert [status(path) for path in paths] == [200] * 3


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_running_server_ends_in_time_though_browsers_hold_on(tmp_path):
    with serve(tmp_path) as app, live(app) as first, live(app) as second:
        assert ask(first, DIGITS[1], models=["mlp"])["answers"]
        began = time.monotonic()
        app.process.send_signal(signal.SIGTERM)
        app.process.wait(timeout=5)
        assert time.monotonic() - began < 5
        with pytest.raises(ConnectionClosed):
            while True:
                second.recv(timeout=5)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit of open files")
def test_a_flood_of_idle_connections_writes_little_and_is_survived(home):
    """The server runs out of descriptors, as it would anywhere with enough of them."""
    port, log = free_port(), home / "log"
    options = [f"--server.port={port}", "--server.headless=true", "--server.address=127.0.0.1"]
    command = ["bash", "-c", 'ulimit -n 120 && exec "$@"', "", sys.executable, "-m", "streamlit"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "run", "streamlit_app.py", *options], cwd=ROOT, stdout=output, stderr=output
        )
    address, health = ("127.0.0.1", port), f"http://127.0.0.1:{port}/_stcore/health"

    def is_well():
        with suppress(OSError), urllib.request.urlopen(health, timeout=1):
            return True
        return False

    try:
        wait_for(is_well)
        idle = []
        for _ in range(200):
            with suppress(OSError):
                idle.append(socket.create_connection(address, timeout=1))
        time.sleep(1.5)  # as it tries to accept them
        assert log.stat().st_size < 20_000
        for connection in idle:
            connection.close()
        wait_for(is_well, 10)
        assert server.poll() is None and log.stat().st_size < 20_000
    finally:
        server.terminate()
        server.wait(10)
