"""The canvas' companion: an invisible component that sends strokes while they are drawn.

The canvas reports a stroke 0.2 s after the pen is lifted, and nothing before. The companion (its
script is companion.js) listens to the pen itself, and sends the strokes that the canvas may not
have reported yet: at once when the pen is lifted, and while it is down at most every 0.12 s, once
the last message was answered or a second has passed. The canvas' report stays the truth, and
confirms the strokes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from digitcanvas.app.state import Key
from digitcanvas.drawing.strokes import Stroke, check_strokes

NEAR = 3
"""Canvas pixels by which the ends of a stroke may differ between companion and canvas."""

_companion = st.components.v2.component(
    "digitcanvas.companion", js=Path(__file__).with_name("companion.js").read_text()
)


@dataclass(frozen=True)
class LiveStroke:
    """A stroke as the companion sent it: all its points once lifted, fewer before.

    `started` is its start in milliseconds of the browser's clock, and identifies it.
    """

    started: int
    lifted: bool
    points: Stroke

    def is_near(self, other: Stroke) -> bool:
        """Whether the other stroke begins and ends where this one does."""
        ends = self.points[[0, -1]] - other[[0, -1]]
        return bool((np.hypot(*ends.T) < NEAR).all())

    def as_object(self, width: int) -> dict[str, Any]:
        """The object of its JSON that the canvas makes of it: a curve through the midpoints."""
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


def listen(confirmed: int) -> None:
    """Put the companion on the page. It sends only strokes that started after `confirmed`."""
    data = {"received": _message().get("turn"), "confirmed": confirmed}
    _companion(data=data, key=Key.COMPANION, on_live_change=lambda: None)


def strokes() -> list[LiveStroke]:
    """The strokes of its last message, oldest first; [] if the message makes no sense."""
    try:
        return [_live_stroke(**stroke) for stroke in _message().get("strokes", [])]
    except (TypeError, ValueError, OverflowError):
        return []


def _message() -> dict[str, Any]:
    message = st.session_state.get(Key.COMPANION, {}).get("live")
    return message if isinstance(message, dict) else {}


def _live_stroke(started: int, lifted: bool, points: list[float]) -> LiveStroke:
    (stroke,) = check_strokes([np.reshape(points, (-1, 2))])
    return LiveStroke(int(started), bool(lifted), stroke)
