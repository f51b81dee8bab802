"""Handwriting synthesis: drawings as other hands might have made them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from digitcanvas.drawing.arrays import FloatArray
from digitcanvas.drawing.strokes import Drawing, Stroke

EXTENT = 200
"""About the size of the drawings that are made, in canvas pixels."""

PEN_WIDTHS = (0.9, 2.0)
"""The range of the pen widths to learn from, in pixels of the 28x28 image."""

# For a drawing whose longer side is 1. Standard deviations, unless something else is stated
ASPECT = 0.15
SLANT = 0.15
TURN = np.radians(5)
STRAY = 0.04  # of the shift of a stroke against the others
REACH = 0.08  # the most by which a stroke starts or ends too early or too late
TREMOR = 0.012
STEPS = (0.015, 0.08)  # the range of the distance between points, from slow hands to hasty ones
GAP_CHANCE, GAP_LENGTH = 0.05, 0.05  # the probability and the length of a gap in a stroke
ROUNDING = 0.05  # the most length on each side of a point that is averaged, which rounds corners

SAME_HAND = 0.5
"""By how much one hand's drawings vary, as a share of how much other hands' do."""

# Some hands are harder to read: the chance of each hardship for a drawing, and its extent
HARDSHIP = 0.12
SQUASH = 0.7  # the most, either way, of the logarithm of width to height
LEAN = np.radians(25)  # the most, either way
SHAKE = 0.03  # the most by which points stray
HASTE = 0.4  # the longest distance between points: a handful of them in a stroke

# Habits: the chance that a digit which others write otherwise is given one
SLASH = 0.12  # across a 0
FLAG, BASE = 0.12, 0.08  # of a 1
CROSSBAR = 0.1  # of a 7
UPSTROKE = 0.08  # at the foot of a 1, 4, 7 or 9, from a pen lifted late
OVERSHOOT = 0.12  # of the end of a 0, 6 or 8, which crosses out of its loop
SLENDER = 0.35  # a 1 that is wider, for its height, has a flag already

BLEND = 0.6  # the largest share of the difference to another drawing that is added or subtracted
ALIKE = 0.25  # the largest mean distance between the points of two drawings that are blended
TRIES = 4  # to find a drawing that is alike
POINTS = 32  # of each stroke of a blended drawing


def augment_strokes(
    strokes: Sequence[Stroke], rng: np.random.Generator, same_hand: bool = False
) -> list[Stroke]:
    """The drawing as another hand might make it: arrays (n, 2) -> the same, centred at about 0.

    It keeps its size. Its proportions and slant change; its strokes shift against each other, start
    and end too early or too late, tremble, lose their corners, and are interrupted. Now and then it
    is squashed, turned, shaky or made of few points. If the `same_hand` draws it again, it varies
    in its proportions, slant and shifts by half as much, and is none of the latter.
    """
    middle, size = middle_and_size(strokes)
    hardship, extent = (0.0, SAME_HAND) if same_hand else (HARDSHIP, 1.0)
    squashed, turned, shaken, hasty = rng.random(4) < hardship
    stretch = rng.uniform(-SQUASH, SQUASH) if squashed else rng.normal(0, ASPECT * extent)
    turn = rng.uniform(-LEAN, LEAN) if turned else rng.normal(0, TURN * extent)
    slant = rng.normal(0, SLANT * extent)
    matrix = affine(turn, slant, np.exp(stretch * np.array([0.5, -0.5])))
    slowest, fastest = (STEPS[1], HASTE) if hasty else STEPS
    step = np.exp(rng.uniform(np.log(slowest), np.log(fastest)))
    rounding = int(rng.uniform(0, ROUNDING) / step)
    tremor = rng.uniform(TREMOR, SHAKE) if shaken else TREMOR * min(1, step / 0.03)
    paths = []
    for stroke in strokes:
        path = _retrace((stroke - middle) / size, step, rng)
        path = _smooth(path, rounding) + rng.normal(0, tremor, path.shape)
        path = path @ matrix.T + rng.normal(0, STRAY * extent, 2) * (len(strokes) > 1)
        if rng.random() < GAP_CHANCE and len(path) > 2 and len(path) * step > 8 * GAP_LENGTH:
            cut, gap = rng.integers(1, len(path) - 1), max(1, round(GAP_LENGTH / step))
            paths += [path[:cut], path[cut + gap :]]
        else:
            paths.append(path)
    return [path * size for path in paths if len(path)]


def add_habits(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """The digit as people with another habit write it, now and then; else as it is.

    A 0 of one stroke is given a slash, a plain 1 a flag and a base, a 7 of one stroke a crossbar,
    the foot of a 1, 4, 7 or 9 a mark upwards, and the loop of a 0, 6 or 8 an end that crosses it.
    """
    middle, size = middle_and_size(drawing.strokes)
    strokes = [(stroke - middle) / size for stroke in drawing.strokes]
    low, high = _corners(strokes)
    width, height = high - low
    added: list[Stroke] = []
    chance = rng.random(4)
    match drawing.label:
        case 0 if len(strokes) == 1 and chance[0] < SLASH:
            added = [_slash(low, high, rng)]
        case 1 if len(strokes) == 1 and width < SLENDER * height:
            based = chance[1] < BASE
            if chance[0] < FLAG:
                strokes[0] = _flagged(strokes[0], based, rng)
            if based:
                foot = strokes[0][strokes[0][:, 1].argmax()]
                reach = rng.uniform(0.1, 0.3, 2) * [-1, 1]
                added = [np.stack([foot[0] + reach, foot[1] + rng.normal(0, 0.02, 2)], axis=1)]
        case 7 if len(strokes) == 1 and chance[0] < CROSSBAR:
            added = [_crossbar(strokes[0], rng)]
    if drawing.label in (1, 4, 7, 9) and chance[3] < UPSTROKE:
        strokes[-1] = _lifted_late(strokes[-1], rng)
    if drawing.label in (0, 6, 8) and chance[2] < OVERSHOOT:
        strokes[0] = _longer(strokes[0], rng)
    return replace(drawing, strokes=[stroke * size for stroke in strokes + added])


def _corners(strokes: Sequence[Stroke]) -> tuple[FloatArray, FloatArray]:
    points = np.concatenate(strokes)
    return points.min(axis=0), points.max(axis=0)


def _slash(low: FloatArray, high: FloatArray, rng: np.random.Generator) -> Stroke:
    """From the ring's lower left to its upper right, most of the time, and often beyond.

    Some slashes are steep.
    """
    start = np.array([low[0], high[1]])
    end = np.array([high[0], low[1]])
    inwards = rng.uniform(0, 0.4) * (end[0] - start[0])
    start[0], end[0] = start[0] + inwards, end[0] - inwards
    if rng.random() < 0.1:  # the other way
        start[0], end[0] = end[0], start[0]
    elif rng.random() < 0.1:  # level
        start[1] = end[1] = (low[1] + high[1]) / 2
    middle = (start + end) / 2
    reach = rng.uniform(0.6, 1.25, (2, 1))
    ends = middle + (np.stack([start, end]) - middle) * reach + rng.normal(0, 0.05, (2, 2))
    slash: Stroke = ends[:: rng.choice([-1, 1])]
    return slash


def _flagged(stroke: Stroke, based: bool, rng: np.random.Generator) -> Stroke:
    """The upright with a short line that rises to its top, in one stroke.

    If it has a base, nobody takes it for a 7, and the flag may be level.
    """
    downwards = stroke if stroke[0, 1] < stroke[-1, 1] else stroke[::-1]
    length = rng.uniform(0.12, 0.4)
    angle = rng.uniform(np.radians(-5 if based else 35), np.radians(65))
    start = downwards[0] + length * np.array([-np.cos(angle), np.sin(angle)])
    return np.vstack([start, downwards])


def _crossbar(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """Across the stem, a little above the middle."""
    lengths = _arc_lengths(stroke)
    stem = _interpolate(stroke, lengths, np.linspace(lengths[-1] / 3, lengths[-1], 2 * POINTS))
    level = rng.uniform(-0.15, 0.15)
    x = stem[np.abs(stem[:, 1] - level).argmin(), 0]
    reach = rng.uniform(0.12, 0.3, 2) * [-1, 1]
    tilt = rng.uniform(-0.08, 0.03)
    return np.array([[x + reach[0], level - tilt], [x + reach[1], level + tilt]])


def _lifted_late(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """A stroke that ends at its lowest, with a mark from there up and mostly to the right."""
    if stroke[-1, 1] < stroke[:, 1].max() - 0.1:
        return stroke
    length = rng.uniform(0.06, 0.25)
    angle = rng.uniform(np.radians(15), np.radians(100))
    return np.vstack([stroke, stroke[-1] + length * np.array([np.cos(angle), -np.sin(angle)])])


def _longer(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """A stroke that goes on as it ended."""
    lengths = _arc_lengths(stroke)
    before = _interpolate(stroke, lengths, np.array([lengths[-1] - REACH]))[0]
    direction = (stroke[-1] - before) / max(np.hypot(*(stroke[-1] - before)), 1e-9)
    return np.vstack([stroke, stroke[-1] + direction * rng.uniform(REACH, 0.3)])


def blend_drawings(drawings: Sequence[Drawing], rng: np.random.Generator) -> list[Drawing]:
    """Each drawing as a hand between two hands, or beyond one of them, would make it.

    Every drawing is moved point by point part of the way towards a drawing of the same digit with
    as many strokes, or away from it. It is left as it is if none of a few such drawings is alike.
    (If chance picks the drawing itself, only the distances between its points change.)
    """
    paths = [_resample(drawing.strokes) for drawing in drawings]
    comparable = defaultdict(list)
    for i, drawing in enumerate(drawings):
        comparable[drawing.label, len(drawing.strokes)].append(i)
    blended = []
    for drawing, path in zip(drawings, paths, strict=True):
        for other in rng.choice(comparable[drawing.label, len(drawing.strokes)], TRIES):
            difference = paths[other] - path
            if np.hypot(difference[..., 0], difference[..., 1]).mean() < ALIKE:
                path = path + difference * rng.uniform(-BLEND, BLEND)
                drawing = replace(drawing, strokes=list(path * EXTENT))
                break
        blended.append(drawing)
    return blended


def _resample(strokes: Sequence[Stroke]) -> FloatArray:
    """S strokes as (S, POINTS, 2), evenly spaced, with the drawing's longer side 1 around 0."""
    middle, size = middle_and_size(strokes)
    paths = []
    for stroke in strokes:
        lengths = _arc_lengths(stroke)
        paths.append(_interpolate(stroke, lengths, np.linspace(0, lengths[-1], POINTS)))
    return (np.array(paths) - middle) / size


def _arc_lengths(stroke: Stroke) -> FloatArray:
    """The length of the stroke up to each of its points, (n,)."""
    return np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])


def _interpolate(stroke: Stroke, lengths: FloatArray, positions: FloatArray) -> Stroke:
    """The points at these positions (m,) along the stroke, whose own points are at `lengths`."""
    return np.stack([np.interp(positions, lengths, axis) for axis in stroke.T], axis=1)


def _retrace(stroke: Stroke, step: float, rng: np.random.Generator) -> Stroke:
    """Evenly spaced points along the stroke, which starts and ends up to REACH early or late.

    A stroke too short for that is returned as it is.
    """
    lengths = _arc_lengths(stroke)
    if lengths[-1] < 4 * REACH:
        return stroke
    # Extend the stroke by REACH at both ends: mirror the points that lie REACH inside them
    inside = _interpolate(stroke, lengths, np.array([REACH, lengths[-1] - REACH]))
    outside = 2 * stroke[[0, -1]] - inside
    longer = np.vstack([outside[:1], stroke, outside[1:]])
    longer_lengths = np.concatenate([[-REACH], lengths, [lengths[-1] + REACH]])
    # Half of the starts and ends stay where they are
    start, end = rng.uniform(-REACH, REACH, 2) * (rng.random(2) < 0.5)
    positions = np.linspace(start, lengths[-1] + end, max(2, round(lengths[-1] / step)) + 1)
    return _interpolate(longer, longer_lengths, positions)


def _smooth(path: Stroke, neighbours: int) -> Stroke:
    """The path with each point replaced by the mean of it and its neighbours on both sides."""
    if not neighbours or len(path) < 2 * neighbours + 1:
        return path
    padded = np.pad(path, ((neighbours, neighbours), (0, 0)), mode="edge")
    windows = [padded[i : i + len(path)] for i in range(2 * neighbours + 1)]
    means: FloatArray = np.mean(windows, axis=0)
    return means


def middle_and_size(strokes: Sequence[Stroke]) -> tuple[FloatArray, float]:
    """The middle (2,) of a drawing's bounding box, and the length of its longer side, above 0."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, max((high - low).max(), 1e-9)


def affine(
    rotation: float | FloatArray, shear: float | FloatArray, scale: FloatArray
) -> FloatArray:
    """The matrix (2, 2) that scales by (x, y), then shears, then rotates (radians).

    From arrays (N,) and a scale (2, N) come matrices (2, 2, N).
    """
    cos, sin = np.cos(rotation), np.sin(rotation)
    return np.array(
        [
            [cos * scale[0], (cos * shear - sin) * scale[1]],
            [sin * scale[0], (sin * shear + cos) * scale[1]],
        ]
    )
