"""Drawings made anew as other hands might make them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from digitcanvas.drawing.arrays import FloatArray
from digitcanvas.drawing.strokes import Drawing, Stroke
from digitcanvas.learning.augment import affine

EXTENT = 200
"""About the size of drawings made here, in canvas pixels."""

# Of a drawing whose longer side is 1; standard deviations, but where something else is said
ASPECT = 0.15
SLANT = 0.15
TURN = np.radians(5)
STRAY = 0.04  # by which a stroke lies beside its place
REACH = 0.08  # the most by which a stroke's end is cut or overshot
TREMOR = 0.012
STEPS = (0.015, 0.08)  # the range of the distances between points: slow hands to hasty ones
GAP_CHANCE, GAP_LENGTH = 0.05, 0.05  # of a gap in a stroke
ROUNDING = 0.05  # the most of the way on each side over which corners are cut

BLEND = 0.6  # the most of the way to another drawing, or away from it
ALIKE = 0.25  # the most that two drawings' points lie apart to be blended
TRIES = 4
POINTS = 32


def augment_strokes(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """A drawing as another hand might make it: arrays (n, 2) -> the same, its middle at about 0.

    It keeps its size. Its proportions and slant change; strokes stray from their places, begin and
    end too early or too late, tremble, lose their corners, and are interrupted.
    """
    middle, size = middle_and_size(strokes)
    aspect = np.exp(rng.normal(0, ASPECT) * np.array([0.5, -0.5]))
    matrix = affine(rng.normal(0, TURN), rng.normal(0, SLANT), aspect)
    step = np.exp(rng.uniform(*np.log(STEPS)))
    rounding = int(rng.uniform(0, ROUNDING) / step)
    bent = []
    for stroke in strokes:
        path = _walk((stroke - middle) / size, step, rng)
        path = _rounded(path, rounding) + rng.normal(0, TREMOR, path.shape) * min(1, step / 0.03)
        path = path @ matrix.T + rng.normal(0, STRAY, 2) * (len(strokes) > 1)
        if rng.random() < GAP_CHANCE and len(path) > 2 and len(path) * step > 8 * GAP_LENGTH:
            cut, gap = rng.integers(1, len(path) - 1), max(1, round(GAP_LENGTH / step))
            bent += [path[:cut], path[cut + gap :]]
        else:
            bent.append(path)
    return [path * size for path in bent if len(path)]


def blend_drawings(drawings: Sequence[Drawing], rng: np.random.Generator) -> list[Drawing]:
    """Each drawing as a hand would make it that lies between two hands, or beyond one of them.

    Every drawing is moved part of the way towards one of the same digit and as many strokes, or
    away from it, point by point; where none of a few is alike, it is left as it is. (By chance that
    one is the drawing itself, which then changes in nothing but its points' distances.)
    """
    paths = [_evenly(drawing.strokes) for drawing in drawings]
    same = defaultdict(list)
    for i, drawing in enumerate(drawings):
        same[drawing.label, len(drawing.strokes)].append(i)
    blended = []
    for drawing, path in zip(drawings, paths, strict=True):
        for other in rng.choice(same[drawing.label, len(drawing.strokes)], TRIES):
            way = paths[other] - path
            if np.hypot(way[..., 0], way[..., 1]).mean() < ALIKE:
                path = path + way * rng.uniform(-BLEND, BLEND)
                drawing = replace(drawing, strokes=list(path * EXTENT))
                break
        blended.append(drawing)
    return blended


def _evenly(strokes: Sequence[Stroke]) -> FloatArray:
    """The strokes as (S, POINTS, 2), at even distances along each, the longer side 1 around 0."""
    middle, size = middle_and_size(strokes)
    paths = []
    for stroke in strokes:
        way = _way(stroke)
        places = np.linspace(0, way[-1], POINTS)
        paths.append(np.stack([np.interp(places, way, axis) for axis in stroke.T], axis=1))
    return (np.array(paths) - middle) / size


def _way(stroke: Stroke) -> FloatArray:
    """How far along the stroke each of its points lies."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])


def _walk(stroke: Stroke, step: float, rng: np.random.Generator) -> Stroke:
    """Points along the stroke at even distances, from near its one end to near the other."""
    way = _way(stroke)
    if way[-1] < 4 * REACH:
        return stroke
    near = [
        [np.interp(place, way, axis) for axis in stroke.T] for place in (REACH, way[-1] - REACH)
    ]
    beyond = 2 * stroke[[0, -1]] - near
    longer = np.vstack([beyond[:1], stroke, beyond[1:]])
    marks = np.concatenate([[-REACH], way, [way[-1] + REACH]])
    start, end = rng.uniform(-REACH, REACH, 2) * (rng.random(2) < 0.5)
    places = np.linspace(start, way[-1] + end, max(2, round(way[-1] / step)) + 1)
    return np.stack([np.interp(places, marks, axis) for axis in longer.T], axis=1)


def _rounded(path: Stroke, neighbours: int) -> Stroke:
    if not neighbours or len(path) < 2 * neighbours + 1:
        return path
    padded = np.pad(path, ((neighbours, neighbours), (0, 0)), mode="edge")
    windows = [padded[i : i + len(path)] for i in range(2 * neighbours + 1)]
    means: FloatArray = np.mean(windows, axis=0)
    return means


def middle_and_size(strokes: Sequence[Stroke]) -> tuple[FloatArray, float]:
    """The middle (2,) of a drawing's box, and the length of its longer side, over 0."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, max((high - low).max(), 1e-9)
