"""A bound on the script runs under way. Whoever comes beyond it waits, and costs nothing meanwhile.

Each run of a page's script is a thread, and all threads share one interpreter: dozens of them
starve the event loop, until it no longer learns that people have left. So `Gate`, around the app,
holds back a session's request for a run until one of the `Slots` is free: first come, first served.
The event loop goes on reading what a waiting client sends, so that a client that leaves is gone at
once, with all that it has asked for.
"""

import asyncio
import math
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from digitcanvas.app import metrics
from digitcanvas.app.turns import Slots, Turn

DEVELOPERS = {"clear_cache", "load_git_info", "set_run_on_save"}
"""What a developer's menu asks for, and our page never does: the first empties everybody's caches,
and the second tells the files of the server's repository. A heartbeat goes to Streamlit instead.
"""

HEARTBEAT = BackMsg(app_heartbeat=True).SerializeToString()

START = 0.5
"""Seconds in which a run begins. None does, and no message says so, if the fragment is gone."""

STALL = 0.2
"""Seconds for which a client may keep a run's messages waiting before it loses the slot."""

FRAMES, BYTES = 256, 8_000_000
"""What is kept of a client that waits, at most: one that floods the server is disconnected."""

SMALL = 4096
"""Bytes of the longest message looked at: those at a run's start and end have 401 and 44."""

PATIENCE = 5.0
"""Seconds that a newcomer may wait for a page; one who would wait longer gets the waiting page."""

ARRIVAL = 10.0
"""Seconds in which a browser that was given the page asks for a run, or never will."""

ONCE = {"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"}
NOT_PAGES = {"_stcore", "api", "component", "media", "static"}
WAITING_PAGE = Path(__file__).with_name("waiting.html").read_text(encoding="utf-8")


class Stream:
    """A session's connection: what the client asks for, what it is sent, and the session's turn.

    The messages to the client show a run: a new session when it begins, and in the end that the
    script has finished, unless that is for another run. What is asked for during a run is handed on
    at once, as part of the same turn: Streamlit stops the run for it, or lets the run end first.

    Streamlit merges requests that come together, and two presses of a button become one. Requests
    that have waited come together, so a press has a run to itself: the next request waits for its
    end. Of other requests for the same run, the last holds all that those before it held: they are
    dropped.
    """

    def __init__(self, slots: Slots, receive: Receive, send: Send) -> None:
        self._slots, self._receive, self._send = slots, receive, send
        self._turn: Turn | None = None
        self._asked = self._running = self._held_back = self._cut_off = False
        self._press: asyncio.Future[None] | None = None  # done when the last press' run has ended
        self._unread: deque[tuple[Message, _Request | None]] = deque()
        self._reading: asyncio.Future[Message] | None = None

    async def receive(self) -> Message:
        """The client's next message; one that asks for a run only when it may have one."""
        if not self._unread:
            self._unread.append(_understood(await self._read()))
        if self._unread[0][1]:
            end = await self._turn_for_request()
            if end:
                return end
        message, request = self._unread.popleft()
        if request:
            self._asked = True
            self._press = asyncio.get_running_loop().create_future() if request.press else None
        if request and self._turn and not self._running:
            self._turn.limit(START)
        return message

    async def send(self, message: Message) -> None:
        """Send a message to the client. Raises OSError if it was cut off because of a flood."""
        if self._cut_off:
            raise OSError("The client was cut off.")
        self._note(message)
        stalled = None
        if self._turn and not self._turn.ended:
            stalled = asyncio.get_running_loop().call_later(STALL, self._turn.end)
        try:
            await self._send(message)
        finally:
            if stalled:
                stalled.cancel()

    def close(self) -> None:
        """The connection has ended."""
        if self._turn:
            self._turn.end()
        if self._reading:
            self._reading.cancel()

    async def _turn_for_request(self) -> Message | None:
        """Wait for a turn, and for the end of a press' run. Gives what `_wait` gives."""
        if self._press and self._turn and not self._turn.ended:
            self._held_back = True
            end = await self._wait(self._press, self._turn.over)
            self._held_back = False
            if end:
                return end
        if self._turn and not self._turn.ended:
            return None
        turn = self._slots.ask()
        try:
            end = await self._wait(turn.granted)
            if not end:
                self._turn = turn
            return end
        finally:
            if self._turn is not turn:
                turn.end()

    async def _wait(self, *until: asyncio.Future[Any]) -> Message | None:
        """Read on until one of these is done. If the client leaves first, gives its end."""
        while not any(future.done() for future in until):
            self._reading = self._reading or asyncio.ensure_future(self._receive())
            await asyncio.wait([*until, self._reading], return_when=asyncio.FIRST_COMPLETED)
            if self._reading.done():
                message = await self._read()
                if message["type"] == "websocket.disconnect":
                    return message
                self._keep(message)
                if len(self._unread) > FRAMES:
                    return await self._disconnect(1008)
                if sum(_size(each) for each, _ in self._unread) > BYTES:
                    return await self._disconnect(1009)
        return None

    async def _read(self) -> Message:
        if not self._reading:
            return await self._receive()
        reading, self._reading = self._reading, None
        return await reading

    def _keep(self, message: Message) -> None:
        """Let a message wait, and drop one that it makes superfluous."""
        message, request = _understood(message)
        if request:
            superfluous = request._replace(press=False)
            self._unread = deque(each for each in self._unread if each[1] != superfluous)
        self._unread.append((message, request))

    async def _disconnect(self, code: int) -> Message:
        with suppress(OSError):
            await self._send({"type": "websocket.close", "code": code})
        self._cut_off = True
        return {"type": "websocket.disconnect", "code": code}

    def _note(self, message: Message) -> None:
        """See in a message to the client whether a run begins or ends."""
        content = message.get("bytes") or b""
        if len(content) > SMALL:
            return
        news = ForwardMsg.FromString(content)
        match news.WhichOneof("type"):
            case "new_session":
                self._running, self._asked = True, False
                if self._turn:
                    self._turn.limit()
            case "script_finished" if news.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self._running = False
                if self._press and not self._asked and not self._press.done():
                    self._press.set_result(None)
                if self._turn and (self._asked or self._held_back):
                    self._turn.limit(START)
                elif self._turn:
                    self._turn.end()


class _Request(NamedTuple):
    """What a message asks for: a run of a fragment, or of the page if that is ""."""

    fragment: str
    press: bool
    """Whether something happens once in the run, such as a button's press."""

    @classmethod
    def of(cls, content: BackMsg) -> Self | None:
        """None if the message asks for no run."""
        if content.WhichOneof("type") != "rerun_script":
            return None
        rerun = content.rerun_script
        values = {widget.WhichOneof("value") for widget in rerun.widget_states.widgets}
        return cls(rerun.fragment_id, bool(values & ONCE) or rerun.is_history_navigation)


def _understood(message: Message) -> tuple[Message, _Request | None]:
    """A client's message as Streamlit may have it, and what run it asks for."""
    try:
        content = BackMsg.FromString(message.get("bytes") or b"")
    except Exception:  # a damaged message, for which Streamlit closes the connection
        return message, None
    if content.WhichOneof("type") in DEVELOPERS:
        return {**message, "bytes": HEARTBEAT}, None
    return message, _Request.of(content)


def _size(message: Message) -> int:
    return len(message.get("bytes") or message.get("text") or b"")


class Gate:
    """ASGI middleware: runs beyond the slots wait, and newcomers are shown the waiting page.

    `base` is the path that the app is served below, as in "/digits", or "" for none.
    """

    def __init__(self, app: ASGIApp, slots: Slots, base: str = "") -> None:
        self._app, self._slots, self._base = app, slots, base
        self._arriving: deque[float] = deque()  # when a page was given out, until its session asks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == f"{self._base}/_stcore/stream":
            if self._arriving:
                self._arriving.popleft()
            stream = Stream(self._slots, receive, send)
            try:
                with metrics.PAGES.track_inprogress():
                    await self._app(scope, stream.receive, stream.send)
            finally:
                stream.close()
        elif scope["type"] == "http" and self._is_page(scope):
            await (self._waiting_page() or self._app)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_page(self, scope: Scope) -> bool:
        if scope["method"] != "GET" or "text/html" not in Headers(scope=scope).get("accept", ""):
            return False
        path = f"{scope['path']}/"
        parts = path.removeprefix(self._base).strip("/").split("/")
        is_file = "." in parts[-1]
        return path.startswith(f"{self._base}/") and parts[0] not in NOT_PAGES and not is_file

    def _waiting_page(self) -> ASGIApp | None:
        """The page for a newcomer who would wait for too long; None for one who would not."""
        now = asyncio.get_running_loop().time()
        while self._arriving and self._arriving[0] < now - ARRIVAL:
            self._arriving.popleft()
        seconds = self._slots.seconds(len(self._arriving))
        if seconds <= PATIENCE:
            self._arriving.append(now)
            return None
        metrics.TURNED_AWAY.inc()
        retry = str(math.ceil(seconds))
        headers = {"Retry-After": retry, "Cache-Control": "no-store"}
        return HTMLResponse(WAITING_PAGE.replace("SECONDS", retry), 503, headers)
