"""The live socket: answers while the hand moves, beside Streamlit (live.js is the browser's side).

A browser sends JSON objects, one at a time, and waits for the answer to each:

- "turn": a number, which the answer repeats;
- "from": [stroke, point], "points": rows of x, y, x, y, ... in canvas pixels, and "widths" of the
  pen: from that point of that stroke on, the drawing is replaced by these rows, each a stroke but
  for the first, which goes on with the stroke that it starts in;
- "models", "centred", "logits", "numbers": how to read, and "down": whether the pen is down; what a
  message leaves out is as it was;
- "told": what the person says that the drawing is, 0 to 9, or 10 for no digit, "place": which digit
  of a number is told of, from the left, and "correcting": the id of a drawing told before, if this
  corrects it; or "forget": its id, to take it back;
- "room": the code of the room in which it draws, or null, kept as how to read is; and "rest": true
  when the pen is at rest, so that the drawing goes to the room's wall.

An answer is what `reply_to` gives, or {"error": ...}, with the turn and the "pace": the
milliseconds to wait before the next message. To what was told it is the answer of the network that
has learnt it, and has "told" (`live_drawing.finish`). A message that does not fit the drawing
before it ends the connection: the next one begins with all of the drawing.

What concerns everybody (news.py) is sent unasked, and what concerns a room (walls.py) to those who
draw in it or look at its wall: {"watch": its code}, or null, is a message without an answer.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit.web.server.starlette.starlette_websocket import _is_origin_allowed

from digitcanvas.app import metrics, visitor
from digitcanvas.app.live_drawing import LiveDrawing, Misfit, begin, finish, tells
from digitcanvas.app.reply import Reply
from digitcanvas.app.rooms import is_code
from digitcanvas.app.walls import walls

PATH = "/live"

LARGEST = 2 * 1024 * 1024
"""Characters of a message, at most: the longest drawing that is read is smaller."""

IDLE = 30 * 60
"""Seconds without a message after which a socket is closed; the browser opens another when used."""

SOCKETS = 3000
"""Browsers, at most; each costs 60 kB."""

CAPACITY = 600
"""Answers a second to all, at most, which take half a core of a machine of 2026; the pages need the
rest."""

SHARE = 0.8
"""The share of the time, at most, that the server spends on reading drawings.

It is measured by the clock: whatever else the machine does makes reading take longer, and so the
pace slower. Three servers share a machine's cores this way without knowing of each other.

With 200 people on three servers and two cores, the 95th percentile from lift to answer was 496 ms
without this bound, 137 to 233 ms with 0.8, and 35 to 44 ms with 0.6. But on one server with 50
people, each got 10 answers a second while drawing with 0.8, and 8 with 0.6.
"""

LONG = 0.02
"""The most seconds that one message counts for in everybody's pace. Whoever draws a page full waits
by OTHERS, and those who draw a digit do not wait for them."""

SMOOTH = 30
"""Answers a second to one, at most: the eye sees no more, and a digit stays below 20 kB."""

RECENT = 0.3
"""Seconds after a message, or two paces if that is longer, in which a browser counts as drawing."""

FASTEST = 200
"""Messages a second that are read of one browser, whatever pace it keeps."""

OTHERS = 4
"""A browser waits this many times as long as its message took to read: a long drawing, which takes
a hundred times as long as a digit, leaves the others their share."""

UNUSED, BUSY = 4000, 1013
"""Codes with which a socket is closed: nobody used it; there are too many."""

_logger = logging.getLogger(__name__)

_readers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")
"""One thread reads for all: Python runs one at a time, and pages get their share of that."""

_learners = ThreadPoolExecutor(max_workers=1, thread_name_prefix="learn")
"""One thread learns what people tell: who draws meanwhile does not wait for it."""

_finders = ThreadPoolExecutor(max_workers=2, thread_name_prefix="hands")
"""These find the hands of those who come, and do not wait for those who tell something."""


class Crowd:
    """Everybody who has a socket: how fast they may draw, and what they are all told."""

    def __init__(self) -> None:
        self.sockets: set[WebSocket] = set()
        self.news: dict[str, str] = {}
        """The newest message of each kind, in JSON; who comes later gets them all."""
        self._drew: dict[WebSocket, float] = {}
        self._pace = 0.0
        self._took = 0.0  # seconds to read a message: a moving average

    def enter(self, socket: WebSocket) -> None:
        self.sockets.add(socket)

    def leave(self, socket: WebSocket) -> None:
        self.sockets.discard(socket)
        self._drew.pop(socket, None)

    def pace(self, socket: WebSocket, took: float) -> int:
        """The milliseconds for which this browser waits, so that all have the same share.

        `took` is how long reading its message took, in seconds by the clock.
        """
        now = time.monotonic()
        self._drew.pop(socket, None)
        self._drew[socket] = now  # last: they stay in the order of time
        recent = max(RECENT, 2 * self._pace)
        while now - next(iter(self._drew.values())) > recent:
            del self._drew[next(iter(self._drew))]
        self._took += (min(took, LONG) - self._took) / 100
        self._pace = max(1 / SMOOTH, len(self._drew) * max(1 / CAPACITY, self._took / SHARE))
        return round(1000 * self._pace)

    async def tell(self, kind: str, value: object, only: str = "") -> None:
        """Send news to every browser, and to those who come later; or `only` to a visitor's."""
        text = json.dumps({kind: value})
        sockets = list(self.sockets)
        if only:
            sockets = [each for each in sockets if visitor.token_in(each.cookies) == only]
        else:
            self.news[kind] = text
        await asyncio.gather(*map(partial(_send, text=text), sockets))


async def _send(socket: WebSocket, text: str) -> None:
    """Send if it can be sent: `_serve` notices that a browser has left."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_text(text)


crowd = Crowd()
metrics.SOCKETS.set_function(lambda: len(crowd.sockets))
metrics.PEOPLE.set_function(
    lambda: len({visitor.token_in(one.cookies) for one in [*crowd.sockets]})
)


async def live(socket: WebSocket) -> None:
    """Serve one browser until it leaves."""
    origin, host = socket.headers.get("Origin"), socket.headers.get("Host")
    if not await asyncio.to_thread(_is_origin_allowed, origin, host):  # it may ask the Internet
        metrics.REFUSED.labels("origin").inc()
        await socket.close(1008)
        return
    if len(crowd.sockets) >= SOCKETS:
        metrics.REFUSED.labels("full").inc()
        await socket.close(BUSY)  # before it is accepted: the browser sees that it has none
        return
    crowd.enter(socket)
    try:
        with suppress(WebSocketDisconnect, RuntimeError):  # when it leaves, whatever is under way
            await socket.accept()
            for kind in list(crowd.news):
                if text := crowd.news.get(kind):  # the newest: it may change meanwhile
                    await _send(socket, text)
            await _serve(socket)
    finally:
        crowd.leave(socket)
        walls.leave(socket)


async def _serve(socket: WebSocket) -> None:
    cookies = socket.cookies
    token, keeps = visitor.token_in(cookies), visitor.keeps_in(cookies)
    drawing = LiveDrawing(visitor=token, keeps_at_first=keeps)
    loop = asyncio.get_running_loop()
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(IDLE):
                text = await socket.receive_text()
        except TimeoutError:
            await socket.close(UNUSED, "Nobody has used this for a while.")
            return
        except KeyError:
            await socket.close(1007, "The message is not text.")
            return
        if len(text) > LARGEST:
            await socket.close(1009, "The message is too large.")
            return
        came = time.monotonic()
        try:
            read = await loop.run_in_executor(_readers, _read, drawing, text)
        except Misfit as error:
            await socket.close(1007, str(error))
            return
        message, reply = read.message, read.reply
        if message.keys() == {"watch"}:
            walls.watch(socket, drawing.visitor, message["watch"])
        else:
            walls.join(socket, drawing.visitor, drawing.room)
            if reply is None:
                pool = _learners if tells(message) else _finders
                reply = await loop.run_in_executor(pool, finish, drawing, message)
            metrics.answered("live", _kind(reply), time.monotonic() - came)
            reply["pace"] = crowd.pace(socket, read.took)
            await socket.send_text(json.dumps(reply, separators=(",", ":")))
        await asyncio.sleep(max(OTHERS * read.worked, 1 / FASTEST - (time.monotonic() - began)))


def _kind(reply: Reply) -> str:
    """What the metrics call an answer."""
    if "error" in reply:
        return "error"
    if "told" in reply:
        return "told"
    if "digits" in reply:
        return "number"
    return "digit" if reply.get("answers") else "empty"


class _Read(NamedTuple):
    message: dict[str, Any]
    reply: Reply | None
    """What `begin` makes of the message."""
    took: float
    """Seconds by the clock."""
    worked: float
    """Seconds of the processor."""


def _read(drawing: LiveDrawing, text: str) -> _Read:
    """Take a message in. Raises Misfit."""
    clock, processor = time.monotonic(), time.thread_time()
    try:
        message = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Misfit("A message is JSON.") from error
    if isinstance(message, dict) and message.keys() == {"watch"}:
        if message["watch"] is not None and not is_code(message["watch"]):
            raise Misfit("A room has a code of five letters.")
        reply = None
    else:
        reply = begin(drawing, message)
    return _Read(message, reply, time.monotonic() - clock, time.thread_time() - processor)


def routes(base: str) -> Iterable[BaseRoute]:
    """The socket's route; `base` is the path that the app is served below, "" for none."""
    return [WebSocketRoute(base + PATH, live)]
