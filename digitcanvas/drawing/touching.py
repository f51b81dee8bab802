"""Joins strokes whose ink touches on the canvas, for a network that sees a finer pen."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from digitcanvas.drawing.arrays import FloatArray
from digitcanvas.drawing.strokes import Stroke

POINTS = 400
"""The points that strokes are compared at, about: with more it would take longer than to read."""

COMPARISONS = 200_000
"""Of points, at most, 2 ms: a scribble that needs more is not a digit, and stays as it is."""


def bridges(strokes: Sequence[Stroke], widths: Sequence[float], gap: float) -> list[Stroke]:
    """Lines (2, 2) between strokes that touch on the canvas, at their nearest points.

    The strokes (n, 2) and the `widths` that they were drawn with, one for each, are in canvas
    pixels. Two strokes touch if they are nearer than half the sum of their widths. Those nearer
    than `gap` touch in the network's image too, and need no bridge.
    """
    if len(strokes) < 2 or max(widths) <= gap:
        return []
    lengths = [np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes]
    step = max(min(widths) / 4, sum(lengths) / POINTS)
    if sum(map(len, strokes)) > 10 * POINTS:
        return []
    dense = [_resample(stroke, step) for stroke in strokes]
    reach = np.add.outer(widths, widths) / 2
    pairs = _neighbours(dense, reach)
    if sum(len(dense[i]) * len(dense[j]) for i, j in pairs) > COMPARISONS:
        return []
    found = []
    for i, j in pairs:
        steps = dense[i][:, np.newaxis] - dense[j]
        squares = np.einsum("ijk,ijk->ij", steps, steps)  # (points of i, points of j)
        nearest = np.unravel_index(squares.argmin(), squares.shape)
        if gap < squares[nearest] ** 0.5 < reach[i, j]:
            found.append(np.stack([dense[i][nearest[0]], dense[j][nearest[1]]]))
    return found


def _neighbours(strokes: Sequence[Stroke], reach: FloatArray) -> list[tuple[int, int]]:
    """The pairs of strokes whose boxes are within `reach`, (strokes, strokes), of each other."""
    low = np.array([stroke.min(axis=0) for stroke in strokes])
    high = np.array([stroke.max(axis=0) for stroke in strokes])
    apart = (low[:, np.newaxis] - high).max(axis=2)  # how far i lies right of or below j, or less
    near = np.maximum(apart, apart.T) < reach
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(near, 1))]


def _resample(stroke: Stroke, step: float) -> FloatArray:
    """The stroke with points at most about `step` apart, its own among them."""
    pieces = [stroke[:1]]
    for start, end in pairwise(stroke):
        count = max(1, round(float(np.hypot(*(end - start))) / step))
        pieces.append(start + (end - start) * np.linspace(0, 1, count + 1)[1:, np.newaxis])
    return np.concatenate(pieces)
