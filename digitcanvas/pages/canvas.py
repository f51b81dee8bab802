"""The canvas, with buttons to undo, redo and clear that a finger can press.

The canvas has such buttons in a toolbar of its own, but shows it only under a mouse. Ours give it
another initial drawing, which it loads and reports as any drawing. A changed key would lose
strokes that are drawn while the new canvas comes up.
"""

from dataclasses import dataclass, field

import streamlit as st
from streamlit_drawable_canvas import st_canvas

SIDE = 280
"""The canvas' side in pixels: it fits a phone of 320."""


@dataclass
class History:
    """What our buttons did to the drawing; its strokes are Fabric.js paths."""

    initial: list = field(default_factory=list)
    undone: list = field(default_factory=list)
    replaced: dict | None = None
    changes: int = 0

    def now(self, reported: dict | None) -> dict | None:
        """The drawing; for a moment the canvas still reports the one that a button replaced."""
        if reported is not None and reported == self.replaced:
            return {"objects": self.initial}
        if len(strokes_in(reported)) > len(self.initial):
            self.undone = []
        return reported

    def replace(self, reported: dict | None, initial: list, undone: list) -> None:
        self.replaced, self.initial, self.undone = reported, initial, undone
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
    strokes, undone = strokes_in(drawing), history.undone
    with st.container(horizontal=True, gap="small"):
        for label, possible, initial, left in (
            ("Undo", bool(strokes), strokes[:-1], undone + strokes[-1:]),
            ("Redo", bool(undone), strokes + undone[-1:], undone[:-1]),
            ("Clear", True, [], []),
        ):
            st.button(
                label,
                key=label.lower(),
                on_click=history.replace,
                args=(reported, initial, left),
                disabled=not possible,
                width="stretch",
            )
    return drawing


def strokes_in(drawing: dict | None) -> list:
    objects = drawing.get("objects") if isinstance(drawing, dict) else None
    return objects if isinstance(objects, list) else []
