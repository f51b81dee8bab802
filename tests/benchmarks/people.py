"""The people of the crowd benchmark: each is what a browser sends, by the rules of live.js.

A person opens the page, waits for the end of its first run, and draws digits at a hand's pace, with
a second's pause to look at each answer. All live on one event loop, in a process of their own.
"""

import asyncio
import gc
import json
import math
import random
import re
import time
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

import numpy as np
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin, Subprotocol

from tests.digits import DIGITS

SPACING, STEP = 3.0, 0.008
"""Pixels and seconds from a point to the next: a mouse's rate, and a digit a second."""

FRAME = 1 / 60
"""Seconds between two looks of a browser at its pointer."""

HOP = 0.25
"""Seconds from a lift to the next stroke of the same digit."""

PAUSE, HOVER = 1.0, 0.4
"""Seconds for which a person looks at an answer; and from Clear to the next touch."""

LATE = 5.0
RETRIES = 0.5, 1, 2, 4, 8
"""Seconds, as in live.js: when a message is given up, and before each attempt to connect again."""

OPENING = 1.0
"""Seconds that the live socket may take to open, as in live.js."""

PATIENCE = 30.0
"""Seconds in which a connection is made, and in which the page's first run ends."""

OPTIONS = '"models":["cnn"],"centred":true,"logits":false,"numbers":true,'


class Way:
    """A digit as a pen draws it: its points in the order of time, and messages about them in JSON.

    All times are in seconds since the touch.
    """

    def __init__(self, strokes: list[np.ndarray]) -> None:
        self.times: list[float] = []
        self.lifts: list[int] = []
        """How many points there are by the end of each stroke."""
        self._texts, self._ends = [], []  # a stroke's row, and where in it each point ends
        began = 0.0
        for stroke in strokes:
            along = np.append(0, np.cumsum(np.hypot(*np.diff(stroke, axis=0).T)))
            steps = np.linspace(0, along[-1], math.ceil(along[-1] / SPACING) + 1)
            points = np.stack([np.interp(steps, along, axis) for axis in stroke.T], axis=1)
            texts = [f"{x},{y}" for x, y in points.round(2).tolist()]
            self._texts.append(",".join(texts))
            self._ends.append((np.cumsum([len(text) + 1 for text in texts]) - 1).tolist())
            # A browser reports points with its next frame.
            frames = np.ceil(np.arange(len(points)) * STEP / FRAME) * FRAME
            self.times += (began + frames).tolist()
            self.lifts.append(len(self.times))
            began = self.times[-1] + HOP

    def arrived(self, since: float) -> int:
        """How many points the browser has by then."""
        return bisect_right(self.times, since)

    def lift_after(self, known: int) -> float:
        """When the stroke of the first point that is not known ends."""
        return self.times[self.lifts[bisect_right(self.lifts, known)] - 1]

    def message(self, known: int, arrived: int) -> str:
        """The fields of the message that has the points from `known` to `arrived`."""
        first = bisect_right(self.lifts, known)
        start = self.lifts[first - 1] if first else 0
        point, rows = known - start, []
        for text, ends, lift in zip(
            self._texts[first:], self._ends[first:], self.lifts[first:], strict=True
        ):
            if arrived <= start:
                break
            low = max(known - start, 0)
            high = min(arrived, lift) - start
            rows.append(text[ends[low - 1] + 1 if low else 0 : ends[high - 1]])
            start = lift
        widths = ",".join(["16"] * len(rows))
        down = json.dumps(arrived not in self.lifts)
        start = f'"down":{down},"from":[{first},{point}]'
        return f'{start},"points":[[{"],[".join(rows)}]],"widths":[{widths}]'


WAYS = {digit: Way(strokes) for digit, strokes in DIGITS.items()}
NOTHING = '"from":[0,0],"points":[],"widths":[]'


@dataclass
class Digit:
    """How a digit was answered."""

    answered: float
    """When its last answer came."""
    first: float
    """Milliseconds from the touch to the first answer."""
    waited: float
    """Milliseconds from the last lift to the last answer."""
    rate: float
    """Answers a second from the touch to the last lift."""
    down: int
    up: int
    """Bytes of messages."""


@dataclass
class Notes:
    """What happened to the people. Each time is of time.monotonic()."""

    answers: list[float] = field(default_factory=list)
    """When each answer came."""
    digits: list[Digit] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    """Seconds from each person's coming to the end of the page's first run."""
    misread: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    turned_away: int = 0
    """How often the server gave the waiting page instead of the page."""
    news: int = 0
    """Messages about what concerns everybody, each counted for everybody who got it."""
    silences: list[float] = field(default_factory=list)
    """Each person's longest time between two answers, in seconds: pauses are part of it."""
    late: int = 0
    """Live sockets that took longer to open than a browser waits before it draws by reruns."""

    def add(self, other: "Notes") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


class Lost(Exception):
    """The live socket was closed while an answer was awaited."""


class Person:
    """Somebody with a browser."""

    def __init__(self, url: str, first: int, notes: Notes) -> None:
        """They draw all ten digits again and again, beginning with the first given."""
        self.url, self.first, self.notes = url, first, notes
        self.down = self.up = self.turn = self.failures = 0
        self.pace, self.sent = 0.0, -math.inf
        self.live: ClientConnection | None = None
        self.answer: asyncio.Future[dict] | None = None
        self.followers: dict[str, tuple[str, dict[str, int]]] = {}
        """The components that follow news: their fragments, and the versions that these show."""
        self.has_drawn = False
        self.cookie = ""
        self.heard = math.inf
        self.silence = 0.0

    async def stay(self, delay: float) -> None:
        """Come after so many seconds, and draw until cancelled; come back if thrown out."""
        while True:
            await asyncio.sleep(delay)
            try:
                await self.visit()
            except* Exception as errors:  # whatever it was, a browser would try again
                self.notes.errors += [f"thrown out: {error!r}" for error in errors.exceptions]
            finally:
                if self.live:
                    live, self.live = self.live, None
                    await live.close()
            delay = random.uniform(1, 3)

    async def visit(self) -> None:
        came = time.monotonic()
        while retry := await self.open_page():
            self.notes.turned_away += 1
            await asyncio.sleep(retry * random.uniform(0.75, 1.25))
        async with asyncio.TaskGroup() as self.tasks:
            ran = asyncio.Event()
            self.tasks.create_task(self.keep_page(ran))
            async with asyncio.timeout(PATIENCE):
                await ran.wait()
            self.notes.arrivals.append(time.monotonic() - came)
            for number in count(self.first):
                await self.draw(number % 10)
                self.has_drawn = True

    async def keep_page(self, ran: asyncio.Event) -> None:
        """Run the page, and connect again if its server is gone: drawing goes on meanwhile."""
        while True:
            try:
                async with self.socket("_stcore/stream", [Subprotocol("streamlit")]) as page:
                    self.page, self.followers = page, {}
                    await self.rerun()
                    await self.watch(page, ran)
            except (OSError, InvalidHandshake, ConnectionClosed) as error:
                if not ran.is_set():
                    raise
                self.notes.errors.append(f"page: {error!r}")
                await asyncio.sleep(random.uniform(0.5, 1.5))

    async def open_page(self) -> float:
        """Ask for the page. Gives the seconds after which to ask again, or 0 if it was given."""
        parts = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        request = f"GET {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/html"
        known = [f"Cookie: {self.cookie}"] if self.cookie else []
        writer.write("\r\n".join([*request, *known, "Connection: close", "", ""]).encode())
        head, _, _ = (await reader.read()).decode().partition("\r\n\r\n")
        writer.close()
        if given := re.search(r"set-cookie: (digitcanvas=[\w-]+)", head, re.IGNORECASE):
            self.cookie = given[1]
        status, *lines = head.lower().split("\r\n")
        if " 200 " in status:
            return 0
        headers = dict(line.split(": ", 1) for line in lines)
        if " 503 " in status and "retry-after" in headers:
            return float(headers["retry-after"])
        raise OSError(f"The page was answered by {status}")

    def socket(self, path: str, subprotocols: list[Subprotocol] | None = None) -> connect:
        return connect(
            f"{self.url.replace('http', 'ws', 1)}/{path}",
            origin=Origin(self.url),
            subprotocols=subprotocols,
            additional_headers={"Cookie": self.cookie} if self.cookie else None,
            proxy=None,
            open_timeout=PATIENCE,
            ping_interval=None,
            close_timeout=1,
            max_size=None,
        )

    async def rerun(self, fragment: str = "") -> None:
        message = BackMsg(rerun_script=ClientState(fragment_id=fragment)).SerializeToString()
        self.up += len(message)
        await self.page.send(message)

    async def watch(self, page: ClientConnection, ran: asyncio.Event) -> None:
        """See runs end, errors come, and what follows news: nothing else matters here."""
        async for payload in page:
            self.down += len(payload)
            message = ForwardMsg.FromString(payload)
            match message.WhichOneof("type"):
                case "script_finished":
                    ran.set()
                case "delta":
                    element = message.delta.new_element
                    if element.HasField("exception"):
                        self.notes.errors.append(f"exception: {element.exception.message}")
                    elif element.HasField("alert") and element.alert.format == Alert.ERROR:
                        self.notes.errors.append(f"alert: {element.alert.body}")
                    elif "-news_" in element.bidi_component.id:
                        known = json.loads(element.bidi_component.json)["known"]
                        key = element.bidi_component.id
                        self.followers[key] = message.delta.fragment_id, known
        raise OSError("The server closed the page's connection.")

    async def draw(self, label: int) -> None:
        """Draw a digit, look at the answer, and press Clear."""
        way, known, touched = WAYS[label], 0, time.monotonic()
        down, up, answers, first, reply = self.down, self.up, 0, 0.0, {}
        lifted = now = touched + way.times[-1]
        while known < len(way.times):
            now = time.monotonic()
            arrived, lift = way.arrived(now - touched), touched + way.lift_after(known)
            if arrived == known:
                await asyncio.sleep(touched + way.times[known] - now)
            elif now < min(lift, self.sent + self.pace):
                await asyncio.sleep(min(lift, self.sent + self.pace) - now)
            else:
                reply = await self.ask(way.message(known, arrived), way.message(0, arrived))
                known, now = arrived, time.monotonic()
                self.notes.answers.append(now)
                first = first or now - touched
                answers += now < lifted
        await asyncio.sleep(PAUSE)
        self.check(label, reply)
        await self.ask(NOTHING, NOTHING)
        rate = answers / way.times[-1]
        down, up = self.down - down, self.up - up
        digit = Digit(now, first * 1000, (now - lifted) * 1000, rate, down, up)
        self.notes.digits.append(digit)
        await asyncio.sleep(HOVER)

    def check(self, label: int, reply: dict) -> None:
        if "error" in reply:
            self.notes.errors.append(f"{label}: {reply['error']}")
        elif not (answers := reply["answers"]) or answers[0]["digit"] != label:
            self.notes.misread.append(f"{label}: {answers}")

    async def ask(self, news: str, everything: str) -> dict:
        """Send the news, or everything if the server knows nothing yet. Gives the reply."""
        while True:
            try:
                if not self.live:
                    await self.connect()
                    news = OPTIONS + everything
                self.turn += 1
                text = f'{{"turn":{self.turn},{news}}}'
                self.answer = asyncio.get_running_loop().create_future()
                self.sent = time.monotonic()
                async with asyncio.timeout(LATE):
                    await self.live.send(text)
                    self.up += len(text)
                    reply = await self.answer
                self.silence = max(self.silence, time.monotonic() - self.heard)
                self.heard = time.monotonic()
                return reply
            except Lost:
                pass
            except (TimeoutError, OSError, InvalidHandshake, ConnectionClosed) as error:
                self.lose(error)
            pause = RETRIES[min(self.failures, len(RETRIES) - 1)]
            self.failures += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))

    async def connect(self) -> None:
        began = time.monotonic()
        self.live = await self.socket("live")
        self.notes.late += time.monotonic() > began + OPENING
        self.failures = 0
        self.tasks.create_task(self.listen(self.live))

    async def listen(self, live: ClientConnection) -> None:
        """Take in answers and news, until the socket is closed."""
        error: Exception = OSError("The server closed the connection.")
        try:
            async for text in live:
                self.down += len(text)
                message = json.loads(text)
                if "turn" not in message:
                    self.notes.news += 1
                    if "news" in message:
                        self.tasks.create_task(self.follow(message["news"]))
                elif self.is_awaiting and message["turn"] == self.turn:
                    self.pace = message["pace"] / 1000
                    self.answer.set_result(message)
        except ConnectionClosed as closed:
            error = closed
        if self.live is live:
            self.lose(error)

    async def follow(self, news: dict[str, int]) -> None:
        """Rerun what shows something older, when it is this browser's turn, as in follower.js."""
        await asyncio.sleep(news["spread"] / 1000 * random.random())
        for fragment, known in list(self.followers.values()):
            if any(news.get(kind, 0) > version for kind, version in known.items()):
                with suppress(ConnectionClosed):  # the page is opened anew
                    await self.rerun(fragment)

    @property
    def is_awaiting(self) -> bool:
        return self.answer is not None and not self.answer.done()

    def lose(self, error: Exception) -> None:
        """The live socket cannot be had, or not any more."""
        self.notes.errors.append(f"live socket: {error!r}")
        if self.live:
            self.live.transport.abort()
            self.live = None
        if self.is_awaiting:
            self.answer.set_exception(Lost())


def draw_together(
    url: str,
    numbers: range,
    spread: float,
    leave: Event,
    drawn: "Synchronized[int]",
    pipe: Connection,
) -> None:
    """Be the people of these numbers: come within `spread` seconds, and stay until told to leave.

    `drawn` is how many of them have drawn a digit so far. Sends the notes into the pipe in the end.
    """

    async def stay() -> Notes:
        notes = Notes()
        people = [Person(url, number, notes) for number in numbers]
        visits = [asyncio.create_task(person.stay(spread * random.random())) for person in people]
        while not leave.is_set():
            await asyncio.sleep(0.1)
            drawn.value = sum(person.has_drawn for person in people)
        for visit in visits:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        notes.silences = [person.silence for person in people]
        return notes

    gc.freeze()
    pipe.send(asyncio.run(stay()))
