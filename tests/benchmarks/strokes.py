"""Whether strokes are lost: python -m tests.benchmarks.strokes [DRAWINGS] [SEED]

Draws DRAWINGS (2,000) digits in a real browser by turns with a mouse and with a finger. Each stroke
ends in a way chosen at random: lifted as usual, over a disabled button or outside the window; with
another button pressed, the menu asked for or a second finger; cancelled; the window left, the page
hidden, reloaded, or another page opened. Between strokes the socket may be cut, and Undo, Redo and
Clear may be pressed. After each drawing compares the canvas' ink, the tab's drawing and the answer
on the page with what was drawn. Prints a JSON object: the ways and how often they were taken, and
the drawings in which something was lost or did not agree, each with what was done in it. Exits with
1 if there were any.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page

from digitcanvas import Recognizer
from tests.browser import driver
from tests.digits import DIGITS

WIDTH = 16
FAR = 11
"""Canvas pixels from a stroke's middle line beyond which it leaves no ink."""

CUT = """
() => {
  const Native = window.WebSocket;
  window.sockets = [];
  window.WebSocket = class extends Native {
    constructor(...options) {
      super(...options);
      if (/live$/.test(this.url)) window.sockets.push(this);
    }
  };
}
"""


@dataclass
class Person:
    """Someone who draws on a page, and what should be on it."""

    page: Page
    rng: np.random.Generator
    strokes: list[np.ndarray] = field(default_factory=list)
    undone: list[np.ndarray] = field(default_factory=list)
    current: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    """The stroke that is being drawn."""
    done: list[str] = field(default_factory=list)
    """What was done in this drawing."""

    def draw(self, digit: int) -> None:
        for stroke in DIGITS[digit]:
            points = self.current = driver.coarse(stroke, 12)
            if self.rng.random() < 0.3:
                self.trace_by_finger(points)
            else:
                self.trace_by_mouse(points)
            self.strokes.append(self.current)
            self.undone = []
            if self.rng.random() < 0.2:
                self.do(self.press_something)
            if self.rng.random() < 0.05:
                self.do(self.cut_socket)

    def do(self, action: Callable[[], None]) -> None:
        self.done.append(action.__name__)
        action()

    def trace_by_mouse(self, points: np.ndarray) -> None:
        mouse = self.page.mouse
        place = driver.aim(self.page, *points[0])
        mouse.move(*place(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*place(*point))
        ways = [self.lift, self.lift_over_button, self.press_other_button, self.leave_window]
        ways += [self.hide, self.reload, self.turn_page, self.open_picture, self.lift_unheard]
        self.do(ways[self.rng.choice(len(ways), p=[0.3, 0.1, 0.1, 0.1, 0.1, 0.05, 0.1, 0.05, 0.1])])
        mouse.up()

    def lift(self) -> None:
        self.page.mouse.up()

    def lift_over_button(self) -> None:
        """Over Redo, which is disabled; the way there is a part of the stroke."""
        box = self.page.locator(".st-key-redo button").bounding_box()
        spot = np.array([box["x"] + box["width"] / 2, box["y"] + box["height"] / 2])
        sheet = driver.canvas(self.page).bounding_box()
        corner, scale = np.array([sheet["x"], sheet["y"]]), driver.CANVAS / sheet["width"]
        tail = driver.coarse(np.stack([self.current[-1], (spot - corner) * scale]), 12)[1:]
        for point in tail / scale + corner:
            self.page.mouse.move(*point)
        self.page.mouse.up()
        self.current = np.vstack([self.current, tail])

    def press_other_button(self) -> None:
        button = self.rng.choice(["right", "middle"])
        self.page.mouse.down(button=button)
        self.page.mouse.up(button=button)

    def leave_window(self) -> None:
        self.page.evaluate("window.dispatchEvent(new Event('blur'))")

    def hide(self) -> None:
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def lift_unheard(self) -> None:
        """The next that the page hears of the mouse is a move without its button."""
        self.page.evaluate(
            """document.dispatchEvent(new PointerEvent("pointermove",
               {pointerId: 1, isPrimary: true, buttons: 0, bubbles: true}))"""
        )

    def reload(self) -> None:
        self.page.reload()
        driver.canvas(self.page).wait_for()

    def turn_page(self) -> None:
        self.page.mouse.up()
        self.page.get_by_role("link", name="Train", exact=True).click()
        self.page.locator(".st-key-histories .main-svg").first.wait_for()
        self.page.get_by_role("link", name="Draw", exact=True).click()
        driver.canvas(self.page).wait_for()

    def open_picture(self) -> None:
        self.page.evaluate("document.querySelectorAll('[role=tab]')[1].click()")
        self.page.locator(".st-key-picture").wait_for()
        self.page.mouse.up()
        self.page.get_by_role("tab", name="Canvas").click()
        driver.canvas(self.page).wait_for()

    def trace_by_finger(self, points: np.ndarray) -> None:
        place = driver.aim(self.page, *points[0])
        client = self.page.context.new_cdp_session(self.page)

        def send(kind: str, *touched: np.ndarray) -> None:
            spots = [dict(zip("xy", place(*point), strict=True)) for point in touched]
            named = [spot | {"id": number} for number, spot in enumerate(spots)]
            client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})

        for number, point in enumerate(points):
            send("touchMove" if number else "touchStart", point)
        end = str(self.rng.choice(["touch_end", "touch_cancel", "second_finger"]))
        self.done.append(end)
        if end == "second_finger":
            send("touchStart", points[-1], np.array([250.0, 250.0]))
            send("touchMove", points[-1], np.array([200.0, 250.0]))
        send("touchCancel" if end == "touch_cancel" else "touchEnd")
        client.detach()

    def press_something(self) -> None:
        actions = ["undo", "redo", "undo_redo", "clear"]
        action = str(self.rng.choice(actions, p=[0.3, 0.2, 0.4, 0.1]))
        self.done.append(action)
        for key in action.split("_"):
            driver.press_if_enabled(self.page, key)
            if key == "undo" and self.strokes:
                self.undone.append(self.strokes.pop())
            elif key == "redo" and self.undone:
                self.strokes.append(self.undone.pop())
            elif key == "clear":
                self.strokes, self.undone = [], []

    def cut_socket(self) -> None:
        self.page.evaluate("window.sockets.at(-1)?.close()")

    def problems(self, recognizer: Recognizer) -> list[str]:
        """What does not agree, once it had time to."""
        found: list[str] = []

        def agrees() -> bool:
            found[:] = self._problems(recognizer)
            return not found

        with suppress(TimeoutError):
            driver.wait_for(agrees, 5)
        return found

    def _problems(self, recognizer: Recognizer) -> list[str]:
        drawn = driver.kept(self.page)
        if len(drawn) != len(self.strokes):
            return [f"{len(self.strokes)} strokes drawn, {len(drawn)} kept"]
        problems = [
            f"stroke {number} differs"
            for number, (one, other) in enumerate(zip(drawn, self.strokes, strict=True))
            if not is_along(one, other)
        ]
        ink = driver.ink(self.page)
        if not is_ink_of(drawn, ink):
            problems.append("the ink differs from the drawing")
        words = driver.answer(self.page)
        if not drawn:
            return problems + ([] if words.startswith("Draw a digit") else ["an answer to nothing"])
        prediction = recognizer.predict_strokes(drawn, widths=[WIDTH] * len(drawn))
        expected = f"{prediction.digit}\n{prediction.certainty} sure"
        if prediction.rejected:
            expected = f"This does not look like a digit to me (nearest: {prediction.digit})."
        return problems + ([] if words == expected else [f"{words!r} instead of {expected!r}"])


def is_along(points: np.ndarray, stroke: np.ndarray) -> bool:
    """Whether a stroke has these ends, and this extent."""
    ends = np.abs(points[[0, -1]] - stroke[[0, -1]]).max() < 1.5
    low = np.abs(points.min(axis=0) - stroke.min(axis=0)).max() < 1.5
    return bool(ends and low and np.abs(points.max(axis=0) - stroke.max(axis=0)).max() < 1.5)


def is_ink_of(strokes: list[np.ndarray], ink: np.ndarray) -> bool:
    """Whether the ink (280, 280) covers the strokes, and nothing else."""
    lines = np.zeros(ink.shape, np.uint8)
    cv2.polylines(lines, [np.rint(stroke).astype(np.int32) for stroke in strokes], False, 1, 1)
    drawn = lines.copy()
    lines[[*range(6), *range(-6, 0)]] = lines[:, [*range(6), *range(-6, 0)]] = 0  # as in `ink`
    near = cv2.dilate(drawn, np.ones((2 * FAR + 1, 2 * FAR + 1), np.uint8))
    # The canvas rounds corners
    inked = cv2.dilate(ink.astype(np.uint8), np.ones((9, 9), np.uint8))
    return bool(inked[lines > 0].all() and not ink[near == 0].any())


def main() -> None:
    drawings = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    recognizer, taken, lost = Recognizer.load("cnn"), Counter[str](), []
    with (
        driver.chromium() as browser,
        tempfile.TemporaryDirectory() as home,
        driver.serve(Path(home)) as app,
    ):
        page = browser.new_context(has_touch=True).new_page()
        page.add_init_script(f"({CUT})()")
        page.goto(app.url)
        driver.canvas(page).wait_for()
        for number in range(drawings):
            person = Person(page, rng)
            person.draw(number % 10)
            taken.update(person.done)
            if problems := person.problems(recognizer):
                lost.append({"drawing": number, "done": person.done, "problems": problems})
                print(json.dumps(lost[-1]), file=sys.stderr, flush=True)
            driver.clear(page)
            if number % 100 == 99:
                print(number + 1, file=sys.stderr, flush=True)
    print(json.dumps({"drawings": drawings, "ways": dict(taken), "lost": lost}, indent=1))
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
