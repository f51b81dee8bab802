"""A drawing as arrays, and the checks that every drawing passes.

A stroke is a float64 array (n, 2), n >= 1: the pen's path from its press to its lift, in canvas
pixels, x to the right and y down.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike

from digitcanvas.drawing.arrays import FloatArray

Stroke = FloatArray

MAX_STROKES = 500
MAX_POINTS = 100_000
MAX_COORDINATE = 1e5


@dataclass(frozen=True)
class Drawing:
    """A labelled drawing: its strokes, the digit (0-9, or 10 for not a digit) and who drew it."""

    strokes: list[Stroke]
    label: int
    writer: int


def check_strokes(strokes: Iterable[ArrayLike]) -> list[Stroke]:
    """The strokes as float64 arrays (n, 2), n >= 1.

    Raises ValueError for a wrong shape or type, for more than 500 strokes or 100,000 points, and
    for a coordinate that is not a number or beyond +-100,000 pixels.
    """
    try:
        candidates = list(islice(strokes, MAX_STROKES + 1))
    except TypeError as error:
        raise ValueError("A drawing is a list of strokes, each an array (n, 2).") from error
    if len(candidates) > MAX_STROKES:
        raise ValueError(
            f"The drawing has more than {MAX_STROKES} strokes, too many for one digit: "
            "clear the canvas and draw again."
        )
    checked = []
    for number, stroke in enumerate(candidates, 1):
        try:
            points = np.asarray(stroke)
        except ValueError as error:
            raise ValueError(f"Stroke {number} is not a list of (x, y) points.") from error
        if points.dtype.kind not in "iuf":
            raise ValueError(f"Stroke {number} is not a list of (x, y) points.")
        points = points.astype(np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(
                f"Stroke {number} has the shape {points.shape}; a stroke is an array (n, 2)."
            )
        if not (np.abs(points) <= MAX_COORDINATE).all():
            raise ValueError(
                f"Stroke {number} has a coordinate that is not a number or is far off the canvas."
            )
        checked.append(points)
    if sum(map(len, checked)) > MAX_POINTS:
        raise ValueError(f"The drawing has more than {MAX_POINTS:,} points: draw it again.")
    return checked
