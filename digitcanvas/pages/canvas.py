"""The canvas, with buttons to undo, redo and clear that a finger can press.

The canvas has such buttons in a toolbar of its own, but shows it only under a mouse. Ours give it
another initial drawing, which it loads and reports as any drawing. (Another key would lose what is
drawn while the new canvas comes up.) It reports 0.2 s after the pen's lift: a press before that
does not know of the last stroke, and drops it.
"""

from dataclasses import dataclass, field

import streamlit as st
from streamlit_drawable_canvas import st_canvas

SIDE = 280
"""The canvas' side in pixels: it fits a phone of 320."""


@dataclass
class History:
    """What our buttons did to the drawing, in lists of strokes as the canvas reports them."""

    initial: list = field(default_factory=list)
    undone: list = field(default_factory=list)
    replaced: list = field(default_factory=list)
    changes: int = 0

    def now(self, reported: dict | None) -> dict | None:
        """The drawing; for a moment the canvas still reports one that a button replaced."""
        strokes = strokes_in(reported)
        if strokes in self.replaced and strokes != self.initial:
            return {"objects": self.initial}
        self.replaced = []
        if len(strokes) > len(self.initial):
            self.undone = []
        return reported

    def undo(self) -> None:
        strokes = self._strokes()
        self._replace(strokes, strokes[:-1], self.undone + strokes[-1:])

    def redo(self) -> None:
        strokes = self._strokes()
        self._replace(strokes, strokes + self.undone[-1:], self.undone[:-1])

    def clear(self) -> None:
        self._replace(self._strokes(), [], [])

    def _strokes(self) -> list:
        """The strokes as a button's press finds them, newer than those of the page's last run."""
        report = st.session_state.get("canvas", {}).get("drawing") or {}
        return strokes_in(self.now(report.get("raw")))

    def _replace(self, strokes: list, initial: list, undone: list) -> None:
        self.replaced = [*self.replaced, strokes]
        self.initial, self.undone = initial, undone
        self.changes += 1


def show(pen_width: int) -> dict | None:
    """The canvas and its buttons. Gives the drawing as the canvas' JSON."""
    history = st.session_state.setdefault("history", History())
    reported = st_canvas(
        stroke_width=pen_width,
        stroke_color="#ffffff",
        background_color="#000000",
        width=SIDE,
        height=SIDE,
        initial_drawing={"objects": history.initial, "changes": history.changes},
        key="canvas",
    ).json_data
    drawing = history.now(reported)
    with st.container(horizontal=True, gap="small"):
        for label, press, possible in (
            ("Undo", history.undo, bool(strokes_in(drawing))),
            ("Redo", history.redo, bool(history.undone)),
            ("Clear", history.clear, True),
        ):
            st.button(
                label, key=label.lower(), on_click=press, disabled=not possible, width="stretch"
            )
    return drawing


def strokes_in(drawing: dict | None) -> list:
    objects = drawing.get("objects") if isinstance(drawing, dict) else None
    return objects if isinstance(objects, list) else []
