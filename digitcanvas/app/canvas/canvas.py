"""The canvas, with buttons to undo, redo and clear that a finger can press.

The canvas has such buttons in a toolbar of its own, but shows that only under a mouse. Ours give it
another initial drawing, which it loads and reports like any drawing. (With another key a new canvas
would come up, and lose what is drawn meanwhile.)
"""

import math
import re
import time
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitcanvas.app import state
from digitcanvas.app.canvas import companion
from digitcanvas.app.canvas.companion import LiveStroke
from digitcanvas.app.state import Key
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.drawing.strokes import Stroke

LATE = 1.0
"""Seconds after the press of a button by which the canvas has long reported its effect."""


@dataclass
class History:
    """What our buttons did to the drawing; its strokes are objects of the canvas' JSON."""

    initial: list[dict[str, Any]] = field(default_factory=list)
    """What the canvas was given to load."""
    undone: list[dict[str, Any]] = field(default_factory=list)
    """What Redo can bring back, the next one last."""
    changes: int = 0
    """How often a button has changed the drawing."""
    changed: float = math.inf
    """When it did so last, in seconds of the monotonic clock."""
    shown: list[dict[str, Any]] = field(default_factory=list)
    """The drawing that was read last, with the strokes that the canvas has not reported yet."""
    confirmed: int = 0
    """When the newest live stroke started that the canvas has reported, or that a list here has."""

    @property
    def background(self) -> str:
        """Black. Its opacity counts the changes: browsers take any opacity above 1 for 1.

        The canvas sends it back with each report, and so shows which changes that includes.
        """
        return f"rgba(0, 0, 0, {1 + self.changes})"

    def is_known_to(self, reported: object) -> bool:
        """Whether the report includes the last change. One with a background not ours does."""
        if not isinstance(reported, dict):
            return False
        shade = re.fullmatch(r"rgba\(0, 0, 0, (\d+)\)", str(reported.get("background")))
        return shade is None or int(shade[1]) == 1 + self.changes

    def committed(self, reported: object) -> list[dict[str, Any]]:
        """The strokes that the canvas holds, or is about to load."""
        if not isinstance(reported, dict) or not self.is_known_to(reported):
            return self.initial
        strokes = reported.get("objects")
        strokes = strokes if isinstance(strokes, list) else []
        if len(strokes) > len(self.initial):
            self.undone = []
        return strokes

    def live(self, committed: list[Stroke]) -> list[LiveStroke]:
        """The companion's strokes that the canvas does not hold yet.

        If the canvas' newest strokes match the companion's oldest, one by one, it has confirmed
        them, and they are never live again.
        """
        received = [stroke for stroke in companion.strokes() if stroke.started > self.confirmed]
        lifted = [stroke for stroke in received if stroke.lifted]
        for count in range(min(len(lifted), len(committed)), 0, -1):
            if all(map(LiveStroke.is_near, lifted[:count], committed[-count:])):
                self.confirmed = lifted[count - 1].started
                break
        return [stroke for stroke in received if stroke.started > self.confirmed]

    def undo(self) -> None:
        strokes = self._strokes()
        self._replace(strokes[:-1], self.undone + strokes[-1:])

    def redo(self) -> None:
        self._replace(self._strokes() + self.undone[-1:], self.undone[:-1])

    def clear(self) -> None:
        self._strokes()
        self._replace([], [])

    def put_away(self) -> None:
        """Keep the drawing while another page is open, for the canvas of the next visit.

        By then Streamlit has forgotten what the canvas and its companion reported.
        """
        if self.shown != self.initial:
            self._replace(self.shown, self.undone)
        self.changed = math.inf  # no canvas is there that could miss the change

    def _strokes(self) -> list[dict[str, Any]]:
        """The strokes at the press of a button, which the page's last run may not know all of."""
        objects = self.committed(_last_report())
        try:
            live = self.live(strokes_from_canvas({"objects": objects}))
        except ValueError:
            live = []
        live = [stroke for stroke in live if stroke.lifted]  # an open one simply goes on
        if live:
            self.undone = []
            self.confirmed = live[-1].started
        return objects + as_objects(live)

    def _replace(self, initial: list[dict[str, Any]], undone: list[dict[str, Any]]) -> None:
        self.initial = self.shown = initial
        self.undone = undone
        self.changes += 1
        self.changed = time.monotonic()


def missed_a_press() -> bool:
    """Whether the canvas has not reported the effect of a button in time; then it gets more time.

    Streamlit drops the last messages of a run if another run is requested just as it ends.
    """
    past = history()
    late = time.monotonic() - past.changed > LATE and not past.is_known_to(_last_report())
    if late:
        past.changed = time.monotonic()
    return late


def _last_report() -> object:
    return (st.session_state.get(Key.CANVAS, {}).get("drawing") or {}).get("raw")


def as_objects(live: list[LiveStroke]) -> list[dict[str, Any]]:
    """What the canvas will make of these strokes, in the present width of the pen."""
    return [stroke.as_object(st.session_state[Key.PEN_WIDTH]) for stroke in live]


def history() -> History:
    """This session's."""
    session = state.session()
    if session.history is None:
        session.history = History()
    return session.history


def show(pen_width: int) -> list[dict[str, Any]]:
    """The canvas and its buttons. Gives the strokes that the canvas holds, as objects of its JSON.

    `pen_width` is in canvas pixels.
    """
    past = history()
    reported = st_canvas(
        stroke_width=pen_width,
        stroke_color="#ffffff",
        background_color=past.background,
        width=CANVAS,
        height=CANVAS,
        initial_drawing={"objects": past.initial},
        key=Key.CANVAS,
    ).json_data
    objects = past.committed(reported)
    with st.container(horizontal=True, gap="small"):
        for label, key, press, possible in (
            ("Undo", Key.UNDO, past.undo, bool(objects)),
            ("Redo", Key.REDO, past.redo, bool(past.undone)),
            ("Clear", Key.CLEAR, past.clear, True),
        ):
            st.button(label, key=key, on_click=press, disabled=not possible, width="stretch")
    return objects
