"""The canvas, with buttons to undo, redo and clear that a finger can press.

The canvas has such buttons in a toolbar of its own, but shows it only under a mouse. Ours give it
another initial drawing, which it loads and reports as any drawing. (Another key would lose what is
drawn while the new canvas comes up.)
"""

import math
import re
import time
from dataclasses import dataclass, field

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitcanvas.app.canvas import companion
from digitcanvas.app.canvas.companion import LiveStroke
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.drawing.strokes import Stroke

LATE = 1.0
"""Seconds after a button's press when the canvas has long reported what became of it."""


@dataclass
class History:
    """What our buttons did to the drawing, in lists of strokes as the canvas reports them."""

    initial: list = field(default_factory=list)
    undone: list = field(default_factory=list)
    changes: int = 0
    changed: float = math.inf
    """When the last was made, in seconds of the monotonic clock."""
    shown: list = field(default_factory=list)
    """All strokes that were drawn when they were read last, also those not reported yet."""
    settled: int = 0
    """When the newest live stroke started that is in the canvas' report, or in one of our lists."""

    @property
    def background(self) -> str:
        """Black, in a shade of opacity that says how many changes were made: any above 1 is 1.

        The canvas sends it back, and so tells whether its report knows of the last change.
        """
        return f"rgba(0, 0, 0, {1 + self.changes})"

    def is_known_to(self, reported: dict | None) -> bool:
        """Whether the report knows of the last change; one with a background not ours does."""
        if not isinstance(reported, dict):
            return False
        shade = re.fullmatch(r"rgba\(0, 0, 0, (\d+)\)", str(reported.get("background")))
        return shade is None or int(shade[1]) == 1 + self.changes

    def committed(self, reported: dict | None) -> list:
        """The strokes that the canvas holds, or is about to load."""
        if not self.is_known_to(reported):
            return self.initial
        strokes = reported.get("objects")
        strokes = strokes if isinstance(strokes, list) else []
        if len(strokes) > len(self.initial):
            self.undone = []
        return strokes

    def live(self, committed: list[Stroke]) -> list[LiveStroke]:
        """The companion's strokes that are not yet among those that the canvas holds.

        Those that are its newest, one by one, are settled: they do not live again.
        """
        told = [stroke for stroke in companion.strokes() if stroke.started > self.settled]
        lifted = [stroke for stroke in told if stroke.lifted]
        for count in range(min(len(lifted), len(committed)), 0, -1):
            if all(map(LiveStroke.is_near, lifted[:count], committed[-count:])):
                self.settled = lifted[count - 1].started
                break
        return [stroke for stroke in told if stroke.started > self.settled]

    def undo(self) -> None:
        strokes = self._strokes()
        self._replace(strokes[:-1], self.undone + strokes[-1:])

    def redo(self) -> None:
        self._replace(self._strokes() + self.undone[-1:], self.undone[:-1])

    def clear(self) -> None:
        self._strokes()
        self._replace([], [])

    def put_away(self) -> None:
        """Keep the drawing where another page is shown, for the canvas of the next visit.

        By then Streamlit has forgotten what the canvas and its companion told.
        """
        if self.shown != self.initial:
            self._replace(self.shown, self.undone)
        self.changed = math.inf  # there is no canvas that could miss it

    def _strokes(self) -> list:
        """The strokes as a button's press finds them, newer than those of the page's last run."""
        objects = self.committed(_last_report())
        try:
            live = self.live(strokes_from_canvas({"objects": objects}))
        except ValueError:
            live = []
        live = [stroke for stroke in live if stroke.lifted]  # an open one goes on all the same
        if live:
            self.undone = []
            self.settled = live[-1].started
        return objects + as_objects(live)

    def _replace(self, initial: list, undone: list) -> None:
        self.initial = self.shown = initial
        self.undone = undone
        self.changes += 1
        self.changed = time.monotonic()


def missed_a_press() -> bool:
    """Whether the canvas has not heard of a button's press for a while; then not for a while more.

    Streamlit drops what a run has sent last if another is asked for just as it ends.
    """
    done = history()
    late = time.monotonic() - done.changed > LATE and not done.is_known_to(_last_report())
    if late:
        done.changed = time.monotonic()
    return late


def _last_report() -> dict | None:
    return (st.session_state.get("canvas", {}).get("drawing") or {}).get("raw")


def as_objects(live: list[LiveStroke]) -> list[dict]:
    """What the canvas will make of them, in the pen's width of now."""
    return [stroke.as_object(st.session_state["pen_width"]) for stroke in live]


def history() -> History:
    """This session's."""
    return st.session_state.setdefault("history", History())


def show(pen_width: int) -> list:
    """The canvas and its buttons. Gives the objects that the canvas holds, as in its JSON."""
    done = history()
    reported = st_canvas(
        stroke_width=pen_width,
        stroke_color="#ffffff",
        background_color=done.background,
        width=CANVAS,
        height=CANVAS,
        initial_drawing={"objects": done.initial},
        key="canvas",
    ).json_data
    objects = done.committed(reported)
    with st.container(horizontal=True, gap="small"):
        for label, press, possible in (
            ("Undo", done.undo, bool(objects)),
            ("Redo", done.redo, bool(done.undone)),
            ("Clear", done.clear, True),
        ):
            st.button(
                label, key=label.lower(), on_click=press, disabled=not possible, width="stretch"
            )
    return objects
