"""The canvas' companion: an unseen component that tells of strokes while they are drawn.

The canvas reports 0.2 s after the pen's lift, and nothing before. The companion (its script is
companion.js) listens to the pen itself, and sends the strokes that the canvas may not have reported
yet: while the pen is down at most every 0.12 s, and not before the last message was answered or a
second has gone; and at once when it is lifted. The canvas' report stays the truth: it is what a
stroke becomes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from digitcanvas.drawing.strokes import Stroke, check_strokes

NEAR = 3
"""Canvas pixels between the ends of a stroke as the companion and as the canvas tell of them."""

_companion = st.components.v2.component(
    "digitcanvas.companion", js=Path(__file__).with_name("companion.js").read_text()
)


@dataclass(frozen=True)
class LiveStroke:
    """A stroke as the companion saw it, thinned out.

    `started` is when, in milliseconds of the browser's clock; it tells strokes apart.
    """

    started: int
    lifted: bool
    points: Stroke

    def is_near(self, other: Stroke) -> bool:
        """Whether the other begins and ends where this one does."""
        ends = self.points[[0, -1]] - other[[0, -1]]
        return bool((np.hypot(*ends.T) < NEAR).all())

    def as_object(self, width: int) -> dict:
        """What the canvas makes of it: an object of its JSON, round between the points."""
        points = self.points.tolist()
        middles = ((self.points[:-1] + self.points[1:]) / 2).tolist()
        curves = [["Q", *point, *middle] for point, middle in zip(points, middles, strict=False)]
        return {
            "type": "Path",
            "path": [["M", *points[0]], *curves, ["L", *points[-1]]],
            "originX": "center",
            "originY": "center",
            "fill": None,
            "stroke": "#ffffff",
            "strokeWidth": width,
            "strokeLineCap": "round",
            "strokeLineJoin": "round",
        }


def listen(settled: int) -> None:
    """Put the companion on the page; of strokes that started until `settled` it need not tell."""
    turn = _message().get("turn")
    _companion(
        data={"heard": turn, "settled": settled}, key="companion", on_live_change=lambda: None
    )


def strokes() -> list[LiveStroke]:
    """What it told last, the oldest first. A message that makes no sense tells nothing."""
    try:
        return [_live_stroke(**stroke) for stroke in _message().get("strokes", [])]
    except (TypeError, ValueError, OverflowError):
        return []


def _message() -> dict:
    message = st.session_state.get("companion", {}).get("live")
    return message if isinstance(message, dict) else {}


def _live_stroke(started: int, lifted: bool, points: list[float]) -> LiveStroke:
    (stroke,) = check_strokes([np.reshape(points, (-1, 2))])
    return LiveStroke(int(started), bool(lifted), stroke)
