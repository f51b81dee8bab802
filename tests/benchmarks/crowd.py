"""How long a crowd waits for answers: python -m tests.benchmarks.crowd [PEOPLE]

PEOPLE (10) draw at the same time on one server: one in a real browser, the others as clients that
send what a browser would. When the browser has drawn 20 digits after its first, prints a JSON
object: how many digits were drawn; milliseconds from the pen's last lift to the message with the
answer, at the clients, and to the painted answer, in the browser (median and 95th percentile,
without anybody's first drawing); while the browser draws its 20, the answers a second to all, and
the cores that the server uses; errors, and answers that were not the digit drawn. Exits with 1 if
there were any of these two.
"""

import asyncio
import json
import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil
from playwright.sync_api import Page, WebSocket
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from digitcanvas.app.canvas.companion import LiveStroke
from tests.benchmarks.page import WATCH, summary
from tests.browser import driver
from tests.digits import DIGITS

DRAWINGS = 20
ONE_STROKE = [digit for digit, strokes in DIGITS.items() if len(strokes) == 1]
"""What the browser draws: with other digits, an earlier lift's answer could be what is painted."""

PACE, LATE = 0.12, 1  # seconds, as in companion.js; its SPACING is less than that of our points
REPORT = 0.2  # seconds from the pen's lift to the canvas' report, if it is not lifted again
PAUSE = 1  # second in which a person looks at the answer
HOVER = 0.4  # seconds from Clear to the next stroke
PATIENCE = 10  # seconds in which anything has to be answered


class Session:
    """What a page learns from the server's messages."""

    def __init__(self) -> None:
        self.ids, self.fragments = {}, {}  # by the app's keys
        self.background = self.words = ""
        self.runs = self.answers = self.received = self.confirmed = 0
        self.errors: list[str] = []

    def receive(self, payload: bytes) -> None:
        message = ForwardMsg.FromString(payload)
        place, element = list(message.metadata.delta_path), message.delta.new_element
        kind = element.WhichOneof("type")
        content = getattr(element, kind) if kind else None
        if message.HasField("script_finished"):
            self.runs += 1
        elif message.HasField("auto_rerun"):
            self.interval = message.auto_rerun.interval
            self.fragments["clock"] = message.auto_rerun.fragment_id
        elif message.delta.add_block.id.endswith("-prediction"):
            self.place_of_words = [*place, 0]
        elif kind == "html" and place == self.place_of_words:
            self.words = content.body
        elif kind == "exception" or (kind == "alert" and content.format == Alert.ERROR):
            self.errors.append(f"{kind}: {' '.join(str(content).split())}")
        elif kind in ("bidi_component", "button"):
            key = content.id.rsplit("-", 1)[-1]
            self.ids[key], self.fragments[key] = content.id, message.delta.fragment_id
            if key == "canvas":
                self.background = json.loads(content.json)["initialDrawing"]["background"]
            elif key == "companion":
                data = json.loads(content.json)
                self.received, self.confirmed = data["received"] or 0, data["confirmed"]
                self.answers += 1


class Client(Session):
    """A person who draws, without a browser: sends what companion.js and the canvas would."""

    def __init__(self, sent: list[bytes]) -> None:
        """`sent` is what a browser sent first, and last: of that one we take the widgets."""
        super().__init__()
        self.hello, self.pattern = sent[0], BackMsg.FromString(sent[-1])
        states = self.pattern.rerun_script.widget_states
        mine = "json_value", "trigger_value"
        others = [widget for widget in states.widgets if widget.WhichOneof("value") not in mine]
        states.CopyFrom(type(states)(widgets=others))
        self.states, self.strokes, self.objects = {}, [], []
        self.turn, self.told, self.took = 0, -math.inf, 0
        self.drawings, self.misread, self.waited = 0, 0, []
        self.news = asyncio.Event()

    async def live(self, url: str, digits: list[int], stop: threading.Event) -> None:
        try:
            async with (
                connect(url, subprotocols=["streamlit"]) as self.socket,
                asyncio.TaskGroup() as self.group,
            ):
                listening = self.group.create_task(self.listen())
                await self.socket.send(self.hello)
                await self.until(lambda: self.runs > 0, "hello")
                ticking = self.group.create_task(self.tick())
                await self.draw(digits, stop)
                listening.cancel()
                ticking.cancel()
        except Exception as error:  # whatever it was, this person draws no more
            self.errors.append(repr(error))

    async def listen(self) -> None:
        while True:
            before = self.received
            self.receive(await self.socket.recv())
            if before < self.received == self.turn:
                self.took = time.monotonic() - self.told
            self.news.set()

    async def tick(self) -> None:
        """Rerun what the page reruns by the clock."""
        while True:
            await asyncio.sleep(self.interval)
            self.send("clock")

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for it; without it, a person goes on all the same."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            self.errors.append(f"no answer to {what} in {PATIENCE} s")

    async def draw(self, digits: list[int], stop: threading.Event) -> None:
        while not stop.is_set():
            digit = digits[self.drawings % len(digits)]
            for stroke in DIGITS[digit]:
                await self.draw_stroke(stroke)
                asyncio.get_running_loop().call_later(REPORT, self.report, len(self.objects))
            await self.until(lambda: self.received == self.turn, "the lift")
            self.waited.append((time.monotonic() - self.told) * 1000)
            await asyncio.sleep(PAUSE)
            self.drawings += 1
            self.misread += f">{digit}</div>" not in self.words
            self.objects, before = [], self.background
            self.send("clear")
            await self.until(lambda before=before: self.background != before, "Clear")
            self.report(strokes=0)
            await asyncio.sleep(HOVER)

    async def draw_stroke(self, stroke: np.ndarray) -> None:
        points, started = [stroke[0]], round(time.time() * 1000)
        live = {"started": started, "lifted": False, "points": stroke[0].tolist()}
        self.strokes.append(live)
        for point in driver.on_the_way(stroke):
            await asyncio.sleep(driver.FRAME)
            points.append(point)
            live["points"] += point.round(1).tolist()
            since = time.monotonic() - self.told
            answered = self.received == self.turn
            if since >= (max(PACE, 2 * self.took) if answered else LATE):
                self.tell()
        live["lifted"] = True
        self.tell()
        drawn = LiveStroke(started, lifted=True, points=np.array(points))
        self.objects = [*self.objects, drawn.as_object(driver.STEP)]

    def tell(self) -> None:
        self.strokes = [stroke for stroke in self.strokes if stroke["started"] > self.confirmed]
        self.told, self.turn = time.monotonic(), self.turn + 1
        live = {"turn": self.turn, "strokes": self.strokes}
        self.states["companion"] = json.dumps({"live": live})
        self.send("companion")

    def report(self, strokes: int) -> None:
        """What the canvas reports, if it holds so many strokes still."""
        if len(self.objects) != strokes:
            return
        raw = {"objects": self.objects, "background": self.background}
        self.states["canvas"] = json.dumps({"drawing": {"raw": raw, "data": None}})
        self.send("canvas")

    def send(self, cause: str) -> None:
        """Ask for a rerun of the fragment that this is in; if it is a button, press it."""
        message = BackMsg()
        message.CopyFrom(self.pattern)
        rerun = message.rerun_script
        rerun.fragment_id, rerun.is_auto_rerun = self.fragments[cause], cause == "clock"
        for key, state in self.states.items():
            rerun.widget_states.widgets.add(id=self.ids[key], json_value=state)
        if cause == "clear":
            rerun.widget_states.widgets.add(id=self.ids[cause], trigger_value=True)
        self.group.create_task(self.socket.send(message.SerializeToString()))


@contextmanager
def crowd(url: str, sent: list[bytes], count: int) -> Iterator[list[Client]]:
    """So many clients, in a thread of their own, when each has drawn its first digit."""
    clients, stop = [Client(sent) for _ in range(count)], threading.Event()

    async def arrive(number: int) -> None:
        await asyncio.sleep(number / count)
        await clients[number].live(url, [(number + turn) % 10 for turn in range(10)], stop)

    async def draw() -> None:
        await asyncio.gather(*map(arrive, range(count)))

    thread = threading.Thread(target=lambda: asyncio.run(draw()))
    thread.start()
    try:
        driver.wait_for(lambda: all(client.drawings or client.errors for client in clients))
        yield clients
    finally:
        stop.set()
        thread.join()


def watch(page: Page) -> tuple[Session, list[bytes]]:
    """What a page learns, and what it sends: a list that grows."""
    session, sent = Session(), []

    def listen(socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: sent.append(payload))
        socket.on("framereceived", session.receive)
        socket.on("close", lambda _: session.errors.append("the browser lost its connection"))

    page.on("websocket", listen)
    page.on("pageerror", lambda error: session.errors.append(str(error)))
    return session, sent


def draw_in(page: Page, digit: int) -> tuple[float, bool]:
    """Milliseconds from the lift to the painted answer, and whether it was misread in the end."""
    driver.draw(page, DIGITS[digit])
    driver.wait_for_digit(page)
    page.wait_for_timeout(PAUSE * 1000)
    stroke, words = page.evaluate("strokes.at(-1)"), driver.answer(page)
    driver.clear(page)
    return stroke["final"] - stroke["up"], not words.startswith(str(digit))


def measure(page: Page, url: str, server: psutil.Process, people: int) -> tuple[dict, list[str]]:
    """The figures and the errors."""
    session, sent = watch(page)
    page.goto(url)
    driver.canvas(page).wait_for()
    page.evaluate(WATCH)
    draw_in(page, ONE_STROKE[-1])
    with crowd(url.replace("http", "ws") + "/_stcore/stream", sent, people - 1) as clients:
        everybody = [session, *clients]

        def so_far() -> np.ndarray:
            answers = sum(person.answers for person in everybody)
            return np.array([time.monotonic(), sum(server.cpu_times()[:2]), answers])

        before = so_far()
        drawn = [draw_in(page, digit) for digit in islice(cycle(ONE_STROKE), DRAWINGS)]
        seconds, used, answers = so_far() - before
    painted, misread = zip(*drawn, strict=True)
    waited = [wait for client in clients for wait in client.waited[1:]]
    errors = [error for person in everybody for error in person.errors]
    return {
        "people": people,
        "drawings": len(painted) + len(waited),
        "clients_lift_to_answer_ms": summary(waited) if waited else None,
        "browser_lift_to_painted_ms": summary(list(painted)),
        "answers_per_s": round(answers / seconds, 1),
        "server_cores": round(used / seconds, 2),
        "errors": len(errors),
        "misread": sum(misread) + sum(client.misread for client in clients),
    }, errors


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with (
        driver.chromium() as chromium,
        tempfile.TemporaryDirectory() as home,
        driver.serve(Path(home)) as app,
    ):
        server = psutil.Process(app.process.pid)
        figures, errors = measure(chromium.new_page(), app.url, server, people)
    for error in errors:
        print(error, file=sys.stderr)
    print(json.dumps(figures, indent=1))
    sys.exit(bool(errors or figures["misread"]))


if __name__ == "__main__":
    main()
