"""The app as a person meets it: its server as a process, and a browser that draws on it."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import psutil
from playwright.sync_api import (
    Browser,
    Page,
    WebSocket,
    expect,
    sync_playwright,
)
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.reading import registry

ROOT = Path(__file__).parents[2]
APP = "streamlit_app.py"
INSTALL = "apt-get update && apt-get install -y chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True, "is_mobile": True}
STEP = 6
"""Pixels between two mouse events; a browser that gets them faster than its frames drops some."""
FRAME = 0.008
COARSE = 20
"""Pixels between two events where a few do: each takes the browser 15 to 40 ms."""


def find_chromium() -> str:
    """Chromium's path; it is installed first where that can be done.

    Raises RuntimeError with the command that installs it.
    """
    if not shutil.which("chromium") and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(INSTALL, shell=True, capture_output=True)
    path = shutil.which("chromium")
    if not path:
        raise RuntimeError(f"The browser tests need Chromium. Install it: {INSTALL}")
    return path


@contextmanager
def chromium() -> Iterator[Browser]:
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class App:
    """A running `streamlit run streamlit_app.py`."""

    def __init__(self, process: subprocess.Popen, url: str, home: Path, started: float) -> None:
        self.process, self.url, self.home, self.started = process, url, home, started

    def memory(self) -> float:
        """The server's resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def maps(self) -> str:
        """The files mapped into the server's memory: its native libraries among them."""
        return Path(f"/proc/{self.process.pid}/maps").read_text()

    def workers(self) -> list[psutil.Process]:
        """The training processes: one at the most, if all is well."""
        workers = []
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):
                if "digitcanvas.learning.worker" in child.cmdline():
                    workers.append(child)
        return workers


@contextmanager
def serve(
    home: Path, base: str = "", port: int | None = None, script: str = APP, ttl: int | None = None
) -> Iterator[App]:
    """Start the app on a port, any if none is given, with retrained models in `home`; stop it.

    `ttl` are the seconds for which the server keeps a session whose browser has left.
    """
    port = port or free_port()
    options = [f"--server.port={port}", "--server.address=127.0.0.1", "--server.headless=true"]
    options += [f"--server.baseUrlPath={base}"]
    options += [f"--server.disconnectedSessionTTL={ttl}"] if ttl else []
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script, *options],
        cwd=ROOT,
        env=os.environ | {"DIGITCANVAS_HOME": str(home)},
        stdout=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/{base}".rstrip("/")
        while not _healthy(url):
            if process.poll() is not None or time.monotonic() - started > 60:
                raise RuntimeError("streamlit did not start")
            time.sleep(0.05)
        yield App(process, url, home, started)
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def new_page(browser: Browser, **options) -> Page:
    """An empty page in a browser with these options, in which nobody has been anywhere yet.

    `page.sent` is what the page sends.
    """
    page = browser.new_context(**options).new_page()
    page.sent = Sent(page)
    return page


def go_to(page: Page, app: App) -> None:
    """Open the app, and wait until its canvas can be drawn on."""
    page.goto(app.url)
    canvas(page).wait_for()


def settle(page: Page) -> None:
    """Wait until the bars are there too, and nothing on the page moves under the pen any more."""
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    page.wait_for_function(RESTS)
    page.sent.forget()


def open_page(browser: Browser, app: App, **options) -> Page:
    """Open the app in a session of its own, and wait until its canvas can be drawn on."""
    page = new_page(browser, **options)
    go_to(page, app)
    return page


def open_settled(browser: Browser, app: App, **options) -> Page:
    """Open the app in a session of its own, and wait until nothing on it moves any more."""
    page = open_page(browser, app, **options)
    settle(page)
    return page


class Sent:
    """What a page sends to the server from now on, by both of its sockets, and what comes back."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._runs: list[bytes] = []
        self._asked_at: int | None = None
        self._live: list[dict] = []
        self._replies: list[dict] = []
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        if socket.url.endswith("/live"):
            socket.on("framesent", lambda frame: self._live.append(json.loads(frame)))
            socket.on("framereceived", lambda frame: self._replies.append(json.loads(frame)))
        else:
            socket.on("framesent", self._note_sent)
            socket.on("framereceived", lambda frame: self._runs.append(frame))

    def _note_sent(self, frame: bytes) -> None:
        if BackMsg.FromString(frame).HasField("rerun_script"):
            self._asked_at = len(self._runs)

    def forget(self) -> None:
        for frames in (self._runs, self._live, self._replies):
            frames.clear()
        self._asked_at = None

    def live(self) -> list[dict]:
        """The messages to the live socket."""
        self._pump()
        return self._live

    def replies(self) -> list[dict]:
        """The answers of the live socket, without the news."""
        self._pump()
        return [reply for reply in self._replies if "turn" in reply]

    def has_asked(self) -> bool:
        """Whether the page has asked Streamlit for a run."""
        self._pump()
        return self._asked_at is not None

    def is_answered(self) -> bool:
        """Whether the page has asked for a run since `forget`, and its last one has ended."""
        if not self.has_asked():
            return False
        messages = iter(ForwardMsg.FromString(frame) for frame in self._runs[self._asked_at :])
        began = any(message.WhichOneof("type") == "new_session" for message in messages)
        return began and any(
            message.WhichOneof("type") == "script_finished"
            and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
            for message in messages
        )

    def received(self) -> list[bytes]:
        """Streamlit's messages."""
        self._pump()
        return self._runs

    def _pump(self) -> None:
        self._page.wait_for_timeout(10)  # Playwright reports frames only while it waits


def wait_for(condition: Callable, seconds: float = 60):
    """Wait until the condition gives something true. Gives that."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.02)
    return value


def ink(page: Page) -> np.ndarray:
    """The canvas' picture on the page, without its edge: True where there is a stroke."""
    png = page.locator(".st-key-canvas canvas.dc-canvas.lower-canvas").screenshot()
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)
    inked = cv2.resize(picture, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA) > 128
    inked[[*range(5), *range(-5, 0)]] = inked[:, [*range(5), *range(-5, 0)]] = False
    return inked


def kept(page: Page) -> list[np.ndarray]:
    """The strokes of the drawing that the browser's tab keeps."""
    text = page.evaluate("sessionStorage.getItem('digitcanvas.drawing')")
    strokes = json.loads(text)["strokes"] if text else []
    return [np.reshape(stroke["points"], (-1, 2)) for stroke in strokes]


def canvas(page: Page):
    return page.locator(".st-key-canvas canvas.upper-canvas")


def on_screen(page: Page) -> Callable[..., list[float]]:
    """What gives a canvas pixel's place on the screen, for the canvas as it stands now."""
    box = canvas(page).bounding_box()
    scale = box["height"] / CANVAS
    return lambda x, y: [box["x"] + x * scale, box["y"] + y * scale]


def draw(
    page: Page, strokes: Sequence[np.ndarray], halfway: Callable[[], None] = lambda: None
) -> None:
    """Draw strokes with the mouse at a hand's pace; `halfway` is called in the last one's middle.

    The strokes are in canvas pixels.
    """
    _draw(page, strokes, [list(on_the_way(stroke)) for stroke in strokes], halfway, FRAME)


def sketch(
    page: Page,
    strokes: Sequence[np.ndarray],
    halfway: Callable[[], None] = lambda: None,
    spacing: float = COARSE,
) -> None:
    """Draw strokes as `draw` does, but fast: where a test is not about the stroke itself."""
    _draw(page, strokes, [coarse(stroke, spacing)[1:] for stroke in strokes], halfway, 0)


def _draw(page, strokes, ways, halfway, pause: float) -> None:
    place = aim(page, *strokes[0][0])
    for number, (stroke, points) in enumerate(zip(strokes, ways, strict=True), 1):
        page.mouse.move(*place(*stroke[0]))
        page.mouse.down()
        for index, point in enumerate(points):
            if index == len(points) // 2 and number == len(strokes):
                halfway()
            page.mouse.move(*place(*point))
            time.sleep(pause)
        page.mouse.up()


def aim(page: Page, x: float, y: float) -> Callable[..., list[float]]:
    """Wait until the canvas stands still, and nothing covers that canvas pixel of it.

    On a phone the sidebar closes over the page that it has opened. Gives `on_screen`.
    """
    boxes = [None]

    def is_at_rest() -> bool:
        if boxes[-1]:
            page.evaluate("new Promise((done) => requestAnimationFrame(done))")
        boxes.append(canvas(page).bounding_box())
        free = boxes[-1] and canvas(page).evaluate(IS_UNDER, on_screen(page)(x, y))
        return bool(free) and boxes[-1] == boxes[-2]

    wait_for(is_at_rest, 10)
    return on_screen(page)


IS_UNDER = "(canvas, [x, y]) => canvas.getRootNode().elementFromPoint(x, y) === canvas"


def coarse(stroke: np.ndarray, spacing: float = COARSE) -> np.ndarray:
    """A stroke (n, 2) in points that lie at most `spacing` pixels apart along it."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(stroke, axis=0).T)))
    points = np.linspace(0, along[-1], int(np.ceil(along[-1] / spacing)) + 1)
    return np.stack([np.interp(points, along, axis) for axis in stroke.T], axis=1)


def on_the_way(stroke: np.ndarray) -> Iterator[np.ndarray]:
    for start, end in pairwise(stroke):
        steps = int(np.ceil(np.hypot(*(end - start)) / STEP))
        yield from np.linspace(start, end, steps + 1)[1:]


SURE = re.compile(r"^\d.*% sure", re.DOTALL)
"""What the page says of a digit, unless it is in doubt."""


def answer(page: Page) -> str:
    return page.locator(".st-key-prediction").inner_text()


def wait_for_digit(page: Page, timeout: float = 10) -> int:
    """Wait until the page shows the answer to all that was drawn. Gives its digit."""
    line = page.locator(".st-key-prediction.pen-up")
    expect(line).to_have_text(SURE, timeout=timeout * 1000, use_inner_text=True)
    return int(answer(page)[0])


def wait_for_number(page: Page, text: str, seconds: float = 10) -> None:
    """Wait until the page shows this number as the answer to all that was drawn."""
    line = page.locator(".st-key-prediction.pen-up .digit")
    expect(line).to_have_text(text, timeout=seconds * 1000)


def wait_for_rejection(page: Page) -> None:
    """Wait until the page says that the drawing is no digit."""
    page.locator(".st-key-prediction").get_by_text("does not look like a digit").wait_for()


def wait_until_empty(page: Page) -> None:
    page.wait_for_function(
        "() => /^\\D/.test(document.querySelector('.st-key-prediction')?.innerText ?? '')"
    )


def press(page: Page, key: str) -> None:
    page.locator(f".st-key-{key} button").click()


def press_if_enabled(page: Page, key: str) -> None:
    """Press a button that may be disabled, when the page has come to a decision on that."""
    page.locator(f".st-key-{key} button").evaluate("button => button.click()")


def choose_pen(page: Page, name: str) -> None:
    """Choose a pen on a watched page: Thin, Medium or Broad."""
    with answered(page):
        page.get_by_role("radio", name=f"{name} pen").click()


def clear(page: Page) -> None:
    """Have an empty canvas. The button to clear it is disabled while it is one."""
    press_if_enabled(page, "clear")
    wait_until_empty(page)


def wipe(page: Page) -> None:
    """Clear a page for the next test."""
    page.mouse.up()
    clear(page)
    wait_for(lambda: not ink(page).any(), 10)
    page.sent.forget()


def touch(page: Page, strokes: Sequence[np.ndarray], spacing: float = COARSE) -> None:
    """Draw strokes, in canvas pixels, with a finger."""
    place = aim(page, *strokes[0][0])
    client = page.context.new_cdp_session(page)
    for stroke in strokes:
        for number, point in enumerate(coarse(stroke, spacing)):
            x, y = place(*point)
            client.send(
                "Input.dispatchTouchEvent",
                {
                    "type": "touchMove" if number else "touchStart",
                    "touchPoints": [{"x": x, "y": y}],
                },
            )
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    client.detach()


PLOTS = {
    "Draw": {"probabilities"},
    "Data": {"classes", "images", "pixels", "values"},
    "Train": {"histories", "diagram"},
    "Tune": set(),
    "Evaluate": {
        "by_digit",
        "confusion",
        "gallery",
        "test_image",
        "test_probabilities",
    },
    "Your hand": set(),
    "Wall": set(),
}
"""The pages by their titles, and the plots that each shows, by their keys."""

PLOTTED = """
() => [...document.querySelectorAll(".stMain .plot")].map((plot) => [
  plot.closest('[class*="st-key-"]').className.match(/st-key-(\\S+)/)[1],
  Boolean(plot.querySelector(".main-svg")),
])
"""
"""The keys of the page's plots, and whether each is drawn."""

READY = f"""
(keys) => {{
  const app = document.querySelector('[data-testid="stApp"]');
  const plots = ({PLOTTED})();
  return app?.dataset.testScriptState === "notRunning" && plots.every(([_, drawn]) => drawn)
    && keys.every((key) => plots.some(([own]) => own === key))
    && plots.every(([own]) => keys.includes(own) || own === "curves");
}}
"""

RESTS = """
() => document.querySelector('[data-testid="stApp"]')?.dataset.testScriptState === "notRunning"
"""

PLACE = """
(plot, [trace, point]) => {
  const { x, y, type } = plot.data[trace];
  const { xaxis, yaxis } = plot._fullData[trace];
  const across = plot._fullLayout[xaxis.replace("x", "xaxis")];
  const down = plot._fullLayout[yaxis.replace("y", "yaxis")];
  const [row, column] = [].concat(point);
  const pixels = type === "heatmap"
    ? [across.c2p(column), down.c2p(row)]
    : [across.d2p(x[point]), (down.d2p(y[point]) + (type === "bar" ? down._length : 0))];
  if (type === "bar") pixels[1] /= 2;
  const box = plot.querySelector(".main-svg").getBoundingClientRect();
  return [box.x + across._offset + pixels[0], box.y + down._offset + pixels[1]];
}
"""
"""Where a plot's point is on the screen: of a heatmap the cell, of a bar its middle."""


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """Wait until the server has answered what is done within, on a watched page."""
    page.sent.forget()
    yield
    wait_for(page.sent.is_answered, 20)
    page.wait_for_function(RESTS)


def watch(page: Page) -> list[str]:
    """What goes wrong on a page from now on: in its scripts, and with its requests."""
    problems = []

    def note_answer(response) -> None:
        if response.status >= 400:
            problems.append(f"{response.status} {response.url}")

    def note_words(message) -> None:
        if message.type == "error":
            problems.append(message.text)

    page.on("console", note_words)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("requestfailed", lambda request: problems.append(f"{request.failure} {request.url}"))
    page.on("response", note_answer)
    return problems


def turn_to(page: Page, title: str) -> float:
    """Open the page of that title by its link. Gives the seconds until its last plot was drawn."""
    link = page.get_by_role("link", name=title, exact=True)
    if page.viewport_size["width"] <= PHONE["viewport"]["width"]:
        page.get_by_test_id("stExpandSidebarButton").click()
        link.wait_for()
    start = time.monotonic()
    link.click()
    wait_until_drawn(page, title)
    return time.monotonic() - start


def wait_until_drawn(page: Page, title: str, timeout: float = 30) -> None:
    """Wait until the page of that title has come to rest, with all its plots and no others."""
    try:
        page.wait_for_function(READY, arg=sorted(PLOTS[title]), timeout=timeout * 1000)
    except PlaywrightTimeout as error:
        app = page.get_by_test_id("stApp").get_attribute("data-test-script-state")
        shown = page.locator(".stMain").inner_text()
        raise AssertionError(f"{title}: {app}, {page.evaluate(PLOTTED)}, {shown}") from error


def plot(page: Page, key: str):
    return page.locator(f".st-key-{key} .plot")


def place_of(page: Page, key: str, point: int | list[int], trace: int = 0) -> list[float]:
    """Where on the screen a point of a plot is, once it is there and has stopped moving."""
    plot(page, key).scroll_into_view_if_needed()
    places = [None]

    def is_still() -> bool:
        page.wait_for_timeout(50)
        places.append(plot(page, key).evaluate(PLACE, [trace, point]))
        return places[-1] == places[-2]

    wait_for(is_still)
    return places[-1]


def choose(page: Page, key: str, option: str) -> None:
    """Choose from a selectbox, whose list is closed where the page runs meanwhile."""
    listed = page.get_by_role("option", name=option, exact=True)

    def is_open() -> bool:
        if not listed.is_visible():
            page.locator(f".st-key-{key} input").click()
            page.wait_for_timeout(50)
        return listed.is_visible()

    wait_for(is_open)
    listed.click()


def retrain(page: Page, name: str, epochs: int) -> None:
    """Press Retrain for a network that learns so long from the bundled sample."""
    fill_form(page, name, epochs)
    press(page, "retrain")


def fill_form(page: Page, name: str, epochs: int) -> None:
    choose(page, "data", "The bundled sample of MNIST")
    open_settings(page)
    page.locator(".st-key-epochs input").fill(str(epochs))
    page.locator(".st-key-name input").fill(name)


def open_settings(page: Page) -> None:
    """The form's, which are folded away at first."""
    if not page.locator(".st-key-epochs input").is_visible():
        page.locator(".st-key-settings summary").click()


def network(page: Page, name: str):
    """A network in the sidebar's switch."""
    return page.locator(".st-key-model").get_by_role("radio", name=name)


def publish(home: Path, name: str) -> None:
    """Put a copy of the MLP into a home as training does: whole, in one step."""
    shutil.copytree(registry.SHIPPED / "mlp", home / f".{name}")
    (home / f".{name}").rename(home / name)


def panel(page: Page):
    return page.locator(".st-key-training")


def share(page: Page) -> int:
    """Where the training's bar stands, in percent; 0 where there is none."""
    return page.evaluate(
        "() => Number(document.querySelector('.st-key-training [role=progressbar]')"
        "?.getAttribute('aria-valuenow') ?? 0)"
    )
