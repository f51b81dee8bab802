"""The bound on script runs: who waits, for what, and what a client that waits is."""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from digitcanvas.app import gate, turns
from digitcanvas.app.gate import Gate
from digitcanvas.app.turns import Slots

LONG = 30
"""Seconds of a lease that does not end in most tests."""

FINISHED, FOR_RERUN = ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_EARLY_FOR_RERUN


def rerun(query: str = "", fragment: str = "") -> bytes:
    """A request for a run; `query` tells it from others."""
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.fragment_id = fragment
    return message.SerializeToString()


def press(button: str = "a", **kind) -> bytes:
    """The same because of something that happens once."""
    message = BackMsg()
    message.rerun_script.widget_states.widgets.add(id="b", int_value=1)
    message.rerun_script.widget_states.widgets.add(id=button, **kind or {"trigger_value": True})
    return message.SerializeToString()


def begins() -> bytes:
    message = ForwardMsg()
    message.new_session.name = "app"
    return message.SerializeToString()


def ends(status: ForwardMsg.ScriptFinishedStatus = FINISHED) -> bytes:
    return ForwardMsg(script_finished=status).SerializeToString()


HEARTBEAT = BackMsg(app_heartbeat=True).SerializeToString()
LEFT = {"type": "websocket.disconnect", "code": 1001}


class Visitor:
    """A client at the gate, and what Streamlit gets from it."""

    def __init__(self, gate: Gate) -> None:
        self.to_server: asyncio.Queue[dict] = asyncio.Queue()
        self.reached: list[dict] = []  # what Streamlit has received
        self.sent: list[dict] = []  # what the client has received
        self.slow = asyncio.Event()
        self.slow.set()
        scope = {"type": "websocket", "path": "/_stcore/stream", "app": self}
        self.task = asyncio.create_task(gate(scope, self.to_server.get, self._take))

    async def _take(self, message: dict) -> None:
        await self.take(message)

    async def take(self, message: dict) -> None:
        """A message from the server."""
        await self.slow.wait()
        self.sent.append(message)

    async def ask(self, *frames: bytes) -> None:
        for frame in frames:
            self.to_server.put_nowait({"type": "websocket.receive", "bytes": frame})
        await settle()

    async def leave(self) -> None:
        self.to_server.put_nowait(LEFT)
        await settle()

    async def stream(self, receive, send) -> None:
        """Streamlit's side of the connection."""
        self.send = send
        while not self.reached or self.reached[-1]["type"] != "websocket.disconnect":
            self.reached.append(await receive())

    async def answer(self, *frames: bytes) -> None:
        for frame in frames:
            await self.send({"type": "websocket.send", "bytes": frame})
        await settle()

    @property
    def frames(self) -> list[bytes]:
        return [message["bytes"] for message in self.reached if "bytes" in message]


async def settle() -> None:
    """Let everything happen that is about to."""
    for _ in range(20):
        await asyncio.sleep(0)


async def pass_by(seconds: float) -> None:
    """Let time pass. In these tests nothing else does."""
    now = asyncio.get_running_loop().time() + seconds
    asyncio.get_running_loop().time = lambda: now
    await settle()


async def streamlit(scope, receive, send) -> None:
    await scope["app"].stream(receive, send)


def at_gate(test: Callable[..., Awaitable[None]], slots: Slots, visitors: int = 2) -> None:
    """Run a test with so many visitors. They leave in the end, and all slots are free again."""

    async def run() -> None:
        await pass_by(0)
        entry = Gate(streamlit, slots)
        people = [Visitor(entry) for _ in range(visitors)]
        await settle()
        free = slots._free
        await test(*people)
        for person in people:
            await person.leave()
        for person in people:
            with suppress(asyncio.CancelledError):
                await person.task
        assert slots.waiting == 0 and slots._free == free

    asyncio.run(run())


def slots(count: int = 1, lease: float = LONG) -> Slots:
    return Slots(count, lease)


def test_runs_beyond_the_slots_wait_and_start_in_order_of_arrival():
    async def test(*people):
        for person in people:
            await person.ask(rerun())
        running = [len(person.frames) for person in people]
        assert running == [1, 1, 0, 0, 0]
        await people[1].answer(begins(), ends())
        assert [len(person.frames) for person in people] == [1, 1, 1, 0, 0]
        await people[0].answer(begins(), ends())
        await people[2].answer(begins(), ends())
        assert [len(person.frames) for person in people] == [1, 1, 1, 1, 1]

    at_gate(test, slots(2), visitors=5)


def test_the_messages_are_handed_on_byte_for_byte_and_in_order():
    async def test(first, second):
        await first.ask(rerun())
        asked = [HEARTBEAT, rerun("one"), HEARTBEAT, rerun("two", "fragment"), b"\xff", HEARTBEAT]
        await second.ask(*asked)
        assert second.frames == asked[:1]
        await first.answer(begins(), ends())
        assert second.frames == asked
        answers = [begins(), b"x" * 10_000, ForwardMsg(heartbeat_ack=True).SerializeToString()]
        await second.answer(*answers, ends())
        assert second.sent == [
            {"type": "websocket.send", "bytes": frame} for frame in [*answers, ends()]
        ]

    at_gate(test, slots())


def test_what_is_no_request_for_a_run_waits_for_nothing():
    async def test(first, second):
        await first.ask(rerun())
        await second.ask(HEARTBEAT, HEARTBEAT)
        assert second.frames == [HEARTBEAT] * 2

    at_gate(test, slots())


@pytest.mark.parametrize("asked", ["clear_cache", "load_git_info", "set_run_on_save"])
def test_what_only_developers_ask_for_never_reaches_streamlit(asked):
    """However it comes: alone, behind a long request for a run, and while a run is waited for."""
    forged = BackMsg(**{asked: True}).SerializeToString()
    padded = rerun("x" * 10_000) + forged  # of the two, the last one counts

    async def test(first: Visitor, second: Visitor) -> None:
        await first.ask(forged, padded, rerun())
        assert first.frames == [HEARTBEAT, HEARTBEAT, rerun()]
        await second.ask(rerun(), forged, padded)
        await first.answer(begins(), ends())
        assert second.frames == [rerun(), HEARTBEAT, HEARTBEAT]

    at_gate(test, slots())


def test_a_client_that_leaves_while_it_waits_is_gone_with_all_that_it_asked_for():
    async def test(first, second, third):
        await first.ask(rerun())
        await second.ask(rerun(), HEARTBEAT, rerun())
        await third.ask(rerun())
        await second.leave()
        assert second.task.done() and second.reached == [LEFT]
        assert third.frames == []
        await first.answer(begins(), ends())
        assert third.frames == [rerun()]

    at_gate(test, slots(), visitors=3)


def test_a_client_that_leaves_during_its_run_frees_the_slot():
    async def test(first, second):
        await first.ask(rerun())
        await second.ask(rerun())
        await first.answer(begins())
        await first.leave()
        assert second.frames == [rerun()]

    at_gate(test, slots())


def test_a_client_that_leaves_in_the_instant_of_its_turn_frees_the_slot():
    async def test(first, second, third):
        await first.ask(rerun())
        await second.ask(rerun())
        await third.ask(rerun())
        second.to_server.put_nowait(LEFT)
        await first.answer(begins(), ends())
        assert second.reached == [LEFT] and third.frames == [rerun()]

    at_gate(test, slots(), visitors=3)


def test_a_connection_cancelled_while_it_waits_leaves_the_line():
    async def test(first, second):
        await first.ask(rerun())
        await second.ask(rerun())
        second.task.cancel()
        await settle()
        await first.answer(begins(), ends())

    at_gate(test, slots())


def test_a_run_that_ends_for_the_next_one_keeps_the_slot():
    async def test(first, second):
        await first.ask(rerun())
        await second.ask(rerun())
        await first.answer(begins(), ends(FOR_RERUN), begins())
        assert second.frames == []
        await first.answer(ends(ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY))
        assert second.frames == [rerun()]

    at_gate(test, slots())


def test_a_request_during_a_run_is_handed_on_and_its_run_belongs_to_the_same_turn():
    async def test(first, second):
        await first.ask(rerun("one"))
        await second.ask(rerun())
        await first.answer(begins())
        await first.ask(rerun("two"))
        assert first.frames == [rerun("one"), rerun("two")]
        await first.answer(ends(), begins())
        assert second.frames == []
        await first.answer(ends())
        assert second.frames == [rerun()]

    at_gate(test, slots())


def test_after_its_run_a_session_waits_again_behind_the_others():
    async def test(first, second):
        await first.ask(rerun("one"))
        await second.ask(rerun())
        await first.answer(begins(), ends())
        await first.ask(rerun("two"))
        assert first.frames == [rerun("one")] and second.frames == [rerun()]
        await second.answer(begins(), ends())
        assert first.frames == [rerun("one"), rerun("two")]

    at_gate(test, slots())


@pytest.mark.parametrize("before", [0, 1])
def test_a_request_that_begins_no_run_frees_the_slot(before):
    async def test(first, second):
        for _ in range(before):
            await first.ask(rerun())
            await first.answer(begins(), ends())
        await first.ask(rerun())
        await second.ask(rerun())
        await pass_by(0.9 * gate.START)
        assert second.frames == []
        await pass_by(0.2 * gate.START)
        assert second.frames == [rerun()]

    at_gate(test, slots())


def test_a_request_during_a_run_that_begins_none_frees_the_slot_after_the_run():
    async def test(first, second):
        await first.ask(rerun())
        await first.answer(begins())
        await first.ask(rerun())
        await second.ask(rerun())
        await pass_by(1.1 * gate.START)
        assert second.frames == []
        await first.answer(ends())
        assert second.frames == []
        await pass_by(1.1 * gate.START)
        assert second.frames == [rerun()]

    at_gate(test, slots())


def test_a_run_that_takes_longer_than_the_lease_blocks_nobody():
    async def test(first, second):
        await first.ask(rerun())
        await first.answer(begins())
        await second.ask(rerun())
        await pass_by(1)
        assert second.frames == []
        await first.answer(ends(FOR_RERUN), begins())
        await pass_by(1)
        assert second.frames == [rerun()]
        await first.ask(rerun())
        assert len(first.frames) == 1, "it has no slot any more"
        await first.answer(ends())
        assert len(first.frames) == 1, "another's slot is not freed by its run"
        await second.answer(begins(), ends())
        assert len(first.frames) == 2

    at_gate(test, slots(lease=1.5))


def test_a_client_that_does_not_take_its_messages_loses_the_slot():
    async def test(first, second):
        await first.ask(rerun())
        await first.answer(begins())
        await second.ask(rerun())
        first.slow.clear()
        sending = asyncio.create_task(first.answer(b"x" * 100_000))
        await settle()
        await pass_by(0.9 * gate.STALL)
        assert second.frames == []
        await pass_by(0.2 * gate.STALL)
        assert second.frames == [rerun()]
        first.slow.set()
        await sending

    at_gate(test, slots())


def test_of_requests_for_the_same_run_that_wait_only_the_last_is_handed_on():
    async def test(first, second):
        await first.ask(rerun())
        old = [rerun("1"), rerun("2", "panel"), rerun("3", "panel"), rerun("4")]
        new = [HEARTBEAT, rerun("5", "panel"), press(), rerun("6")]
        await second.ask(*old, *new)
        await first.answer(begins(), ends())
        await second.answer(begins(), ends(), begins(), ends())
        assert second.frames == new

    at_gate(test, slots())


def test_requests_that_do_not_wait_are_all_handed_on():
    async def test(first, second):
        await first.ask(rerun(), rerun(), rerun())
        await first.answer(begins())
        await first.ask(rerun(), rerun())
        assert len(first.frames) == 5

    at_gate(test, slots())


ONCE = [
    {"trigger_value": True},
    {"json_trigger_value": "{}"},
    {"string_trigger_value": {"data": "a"}},
    {"chat_input_value": {"data": "a"}},
]


@pytest.mark.parametrize("kind", ONCE, ids=lambda kind: next(iter(kind)))
def test_each_press_that_has_waited_has_a_run_to_itself_all_in_one_turn(kind):
    async def test(first, second, third):
        await first.ask(rerun())
        asked = [press("a", **kind), press("a", **kind), press("b", **kind), rerun()]
        await second.ask(*asked)
        await third.ask(rerun())
        await first.answer(begins(), ends())
        for number in range(1, 4):
            assert second.frames == asked[:number]
            await second.answer(begins())
            assert second.frames == asked[:number]
            await second.answer(ends())
        assert second.frames == asked and third.frames == []
        await second.answer(begins(), ends())
        assert third.frames == [rerun()]

    at_gate(test, slots(), visitors=3)


def test_the_browsers_way_back_has_a_run_to_itself():
    back = BackMsg()
    back.rerun_script.is_history_navigation = True

    async def test(first, second):
        await first.ask(back.SerializeToString(), rerun())
        assert first.frames == [back.SerializeToString()]
        await first.answer(begins(), ends())
        assert first.frames == [back.SerializeToString(), rerun()]

    at_gate(test, slots())


def test_a_press_during_a_run_is_handed_on_and_the_next_one_waits_for_its_run():
    async def test(first, second):
        await first.ask(rerun())
        await first.answer(begins())
        await first.ask(press("a"), press("b"))
        assert first.frames == [rerun(), press("a")]
        await first.answer(ends())
        assert first.frames == [rerun(), press("a")], "that was not its run"
        await first.answer(begins(), ends())
        assert first.frames == [rerun(), press("a"), press("b")]

    at_gate(test, slots())


def test_a_press_that_begins_no_run_or_a_long_one_holds_the_next_up_no_longer_than_its_turn():
    async def test(first, second):
        await first.ask(press("a"), press("b"))
        await pass_by(1.1 * gate.START)
        assert first.frames == [press("a"), press("b")]
        await first.answer(begins())
        await first.ask(press("c"))
        await pass_by(LONG / 2)
        assert first.frames == [press("a"), press("b")]
        await pass_by(LONG / 2)
        assert first.frames == [press("a"), press("b"), press("c")]

    at_gate(test, slots())


def test_a_client_that_leaves_while_its_press_is_run_is_gone():
    async def test(first, second):
        await first.ask(press("a"), press("b"))
        await second.ask(rerun())
        await first.leave()
        assert first.task.done() and first.reached[1:] == [LEFT]
        assert second.frames == [rerun()]

    at_gate(test, slots())


@pytest.mark.parametrize(("name", "code"), [("FRAMES", 1008), ("BYTES", 1009)])
def test_a_flood_from_a_client_that_waits_ends_its_connection(monkeypatch, name, code):
    monkeypatch.setattr(gate, name, 4 if name == "FRAMES" else 4 * len(press()))

    async def test(first, second):
        await first.ask(rerun())
        await second.ask(press(), press(), press(), press())
        assert second.reached == [] and second.sent == []
        await second.ask(press())
        assert second.reached == [{"type": "websocket.disconnect", "code": code}]
        assert second.sent == [{"type": "websocket.close", "code": code}]
        with pytest.raises(OSError):
            await second.answer(b"")

    at_gate(test, slots())


def test_a_flood_from_a_client_that_has_just_gone_ends_its_connection(monkeypatch):
    monkeypatch.setattr(gate, "FRAMES", 1)

    async def gone(message):
        raise OSError

    async def test(first, second):
        await first.ask(rerun())
        second.take = gone
        await second.ask(press(), press())
        assert second.reached == [{"type": "websocket.disconnect", "code": 1008}]

    at_gate(test, slots())


def test_the_slots_know_how_many_wait_and_whether_for_long():
    line = slots()

    async def test(first, second, third):
        await first.ask(rerun())
        await first.answer(begins())
        assert line.waiting == 0 and not line.busy
        await pass_by(2 * turns.BUSY)
        assert not line.busy, "nobody waits"
        await second.ask(rerun())
        await third.ask(rerun())
        assert line.waiting == 2 and not line.busy
        await pass_by(1.1 * turns.BUSY)
        assert line.busy
        await first.answer(ends())
        assert line.waiting == 1 and line.busy
        await second.answer(begins(), ends())
        assert line.waiting == 0 and not line.busy

    at_gate(test, line, visitors=3)


async def _ignore(*_) -> None:
    pass


def get(entry: Gate, path: str, accept: str = "text/html,*/*", method: str = "GET"):
    """The status, headers and body of an answer; 200 is the app's."""
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"accept", accept.encode())]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    asyncio.run(entry(scope, None, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, sent[1]["body"].decode()


async def page(scope, receive, send) -> None:
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the page"})


class Crowded(Slots):
    """Slots with a line in which everybody, and whoever arrives, waits for a second."""

    line = 7

    def seconds(self, arriving: int = 0) -> float:
        return self.line + arriving


def crowded(base: str = "") -> Gate:
    return Gate(page, Crowded(), base)


@pytest.mark.parametrize("path", ["/", "/train", "/no-such-page"])
def test_a_newcomer_who_would_wait_for_long_gets_a_page_that_comes_back_by_itself(path):
    status, headers, body = get(crowded(), path)
    assert status == 503
    assert headers["content-type"].startswith("text/html")
    assert headers["retry-after"] == "7" and headers["cache-control"] == "no-store"
    assert "7 * 1000" in body and "SECONDS" not in body


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/_stcore/health", {}),
        ("/api/predict", {}),
        ("/static/js/index.js", {}),
        ("/component/a/index.html", {}),
        ("/favicon.png", {}),
        ("/", {"accept": "*/*"}),
        ("/", {"method": "POST"}),
    ],
)
def test_whatever_is_not_a_page_is_never_held_back(path, more):
    assert get(crowded(), path, **more)[0] == 200


def test_below_a_base_path_its_pages_are_held_back_and_no_others():
    entry = crowded("/digits")
    for path, status in {
        "/digits": 503,
        "/digits/": 503,
        "/digits/train": 503,
        "/digits/_stcore/health": 200,
        "/digits/api/models": 200,
        "/digitsummary": 200,
        "/": 200,
    }.items():
        assert get(entry, path)[0] == status, path


def test_the_page_is_given_out_while_the_wait_is_short():
    assert get(Gate(page, slots()), "/") == (200, {}, "the page")


def test_newcomers_who_are_on_their_way_count_until_they_have_come(monkeypatch):
    line = Crowded()
    line.line = 0
    entry = Gate(page, line)
    at_once = [get(entry, "/")[0] for _ in range(7)]
    assert at_once == [200] * 6 + [503]
    asyncio.run(entry({"type": "websocket", "path": "/_stcore/stream"}, None, _ignore))
    assert [get(entry, "/")[0] for _ in range(2)] == [200, 503]
    monkeypatch.setattr(gate, "ARRIVAL", 0)
    assert get(entry, "/")[0] == 200


def test_a_newcomer_waits_as_long_as_the_line_before_takes():
    line = slots(2)

    async def test(*people):
        for person in people:
            await person.ask(rerun())
        for person in people[:40]:
            await pass_by(0.2)
            await person.answer(begins(), ends())
        # Two at a time, each for 0.4 s: ten are left in the line
        assert line.seconds() == pytest.approx(2, rel=0.05)
        assert line.seconds(10) == pytest.approx(4, rel=0.05)

    at_gate(test, line, visitors=52)


def test_the_waiting_page_is_whole_and_fetches_nothing():
    for needed in ['lang="en"', "<title>", 'role="status"', "light dark", "width=device-width"]:
        assert needed in gate.WAITING_PAGE
    assert not re.search(r"https?:|//\w|src=|@import|url\(", gate.WAITING_PAGE)


APP = """
import streamlit as st
from starlette.middleware import Middleware
from digitcanvas.app.gate import Gate
from digitcanvas.app.turns import Slots

app = st.App("page.py", middleware=[Middleware(Gate, slots=Slots(1))])
"""

PAGE = """
import time
import streamlit as st

@st.cache_resource
def runs():
    return {"now": 0, "most": 0, "all": 0}

count = runs()
count["now"] += 1
count["all"] += 1
count["most"] = max(count["most"], count["now"])
time.sleep(0.1)
count["now"] -= 1
if "again" not in st.session_state:
    st.session_state.again = True
    st.rerun()
st.text(f"{count['most']} of {count['all']} at a time")
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The address of a server of Streamlit's with one slot."""
    place = tmp_path_factory.mktemp("gated")
    (place / "app.py").write_text(APP)
    (place / "page.py").write_text(PAGE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=place,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.DEVNULL,
    )
    try:
        while server.poll() is None:
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").read()
                break
            time.sleep(0.05)
        yield f"ws://127.0.0.1:{port}/_stcore/stream"
    finally:
        server.terminate()
        server.wait(10)


async def last_text(connection) -> str:
    """The text on the page when its run has finished."""
    text = ""
    async for frame in connection:
        message = ForwardMsg.FromString(frame)
        text = message.delta.new_element.text.body or text
        if message.WhichOneof("type") == "script_finished" and message.script_finished == FINISHED:
            return text
    raise AssertionError("the connection was closed")


def test_streamlit_runs_no_more_scripts_at_a_time_than_there_are_slots(app):
    async def visit() -> str:
        async with connect(app, subprotocols=["streamlit"]) as connection:
            await connection.send(rerun())
            return await last_text(connection)

    async def crowd() -> list[str]:
        async with asyncio.timeout(20):
            return await asyncio.gather(*(visit() for _ in range(6)))

    texts = asyncio.run(crowd())
    assert {text.split(" of ")[0] for text in texts} == {"1"}
    assert max(int(text.split()[2]) for text in texts) >= 12, "each session runs twice"


def test_a_rerun_of_a_fragment_that_is_gone_holds_a_slot_of_streamlits_for_an_instant(app):
    gone = BackMsg()
    gone.rerun_script.fragment_id = "gone"

    async def visit() -> float:
        async with asyncio.timeout(20), connect(app, subprotocols=["streamlit"]) as first:
            await first.send(gone.SerializeToString())
            async with connect(app, subprotocols=["streamlit"]) as second:
                began = time.monotonic()
                await second.send(rerun())
                await last_text(second)
                return time.monotonic() - began

    assert gate.START / 2 < asyncio.run(visit()) < gate.START + 1
