"""Joins strokes whose ink touches on the canvas, for a network that sees a finer pen."""

from collections.abc import Sequence

import numpy as np

from digitcanvas.drawing.arrays import BoolArray, FloatArray
from digitcanvas.drawing.strokes import Stroke

POINTS = 400
"""The points that strokes are compared at, about: with more it would take longer than to read."""

COMPARISONS = 200_000
"""Of points, at most, 2 ms: a scribble that needs more is not a digit, and stays as it is."""

PAIR = 1000
"""Comparisons that take as long as what else is done for a pair of strokes."""


def bridges(strokes: Sequence[Stroke], widths: Sequence[float], gap: float) -> list[Stroke]:
    """Lines (2, 2) between strokes that touch on the canvas, at their nearest points.

    The strokes (n, 2) and the `widths` that they were drawn with, one for each, are in canvas
    pixels. Two strokes touch if they are nearer than half the sum of their widths. Those nearer
    than `gap` touch in the network's image too, and need no bridge.
    """
    if len(strokes) < 2 or max(widths) <= gap:
        return []
    dense = _resample(strokes, min(gap, min(widths) / 4))
    reach = np.add.outer(widths, widths) / 2
    near = _neighbours(dense, reach)
    sizes = [len(stroke) for stroke in dense]
    if (np.outer(sizes, sizes) + PAIR)[near].sum() > COMPARISONS:
        return []
    found = []
    for i, j in np.argwhere(near):
        steps = dense[i][:, np.newaxis] - dense[j]
        squares = np.einsum("ijk,ijk->ij", steps, steps)  # (points of i, points of j)
        nearest = np.unravel_index(squares.argmin(), squares.shape)
        if gap < squares[nearest] ** 0.5 < reach[i, j]:
            found.append(np.stack([dense[i][nearest[0]], dense[j][nearest[1]]]))
    return found


def _neighbours(strokes: Sequence[Stroke], reach: FloatArray) -> BoolArray:
    """Which boxes of strokes are within `reach` of a later one's: both (strokes, strokes)."""
    low = np.array([stroke.min(axis=0) for stroke in strokes])
    high = np.array([stroke.max(axis=0) for stroke in strokes])
    apart = (low[:, np.newaxis] - high).max(axis=2)  # how far i lies right of or below j, or less
    return np.triu(np.maximum(apart, apart.T) < reach, 1)


def _resample(strokes: Sequence[Stroke], step: float) -> list[FloatArray]:
    """The strokes with points about `step` apart, or POINTS in all, and their own among them."""
    points, ends = np.concatenate(strokes), np.cumsum([len(stroke) for stroke in strokes])
    moves = np.diff(points, axis=0, append=points[-1:])
    moves[ends - 1] = 0  # from a stroke to the next the pen is up
    lengths = np.hypot(*moves.T)
    step = max(step, lengths.sum() / POINTS) or 1.0
    counts = np.maximum(1, np.rint(lengths / step).astype(int))  # of points, from each on
    starts = np.cumsum(counts) - counts
    along = (np.arange(counts.sum()) - np.repeat(starts, counts)) / np.repeat(counts, counts)
    dense = np.repeat(points, counts, axis=0) + np.repeat(moves, counts, axis=0) * along[:, None]
    return np.split(dense, starts[ends[:-1]])
