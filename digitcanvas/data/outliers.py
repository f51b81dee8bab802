"""Outliers: drawings that are not a digit, from which a network learns what to reject.

Each kind is a function of a random generator and of some digits, copies of which it may distort.
It returns strokes of about unit size, arrays (n, 2), y down.
"""

import string
from collections.abc import Callable, Sequence
from functools import cache

import cv2
import numpy as np
from HersheyFonts import HersheyFonts

from digitcanvas.data.handwriting import EXTENT, middle_and_size
from digitcanvas.drawing.arrays import Float32Array, FloatArray
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Drawing, Stroke

Kind = Callable[[np.random.Generator, Sequence[Drawing]], list[Stroke]]

NOT_A_DIGIT = 10
"""The label of an outlier, after those of the ten digits."""

LETTERS = sorted(set(string.ascii_letters) - set("BDGIJLOQSUZabgijloqsyz"))
"""Letters that are rarely mistaken for a digit."""

# A. Hershey's fonts
FONTS = ("futural", "scripts", "cursive", "timesr")
CAPITAL = 21
"""The height of the fonts' capitals, in their own units."""

MIRRORED = {3: "x", 4: "xy", 6: "x", 7: "xy", 9: "x"}
"""The digits that do not become another digit when mirrored, and along which axes."""

MARKED = (2, 3, 5, 6, 8, 9)
"""The digits that no two marks make another: a 1 may have a flag and a base."""

TRIES = 10
"""The most times that an outlier is made again."""

LIKENESS = 0.94
"""An outlier is made again if the cosine of its image and a digit's, both blurred, is higher.

Of the digits by writers kept out, nine in ten are as near as that to another writer's digit, and of
their letters one in eight. Without it, pentagons and hexagons taught that a 0 is none.
"""

BLUR = 1.2
"""Standard deviation in pixels, so that strokes a pixel apart still overlap."""

BLOCK = 2000
"""Outliers compared with the digits at once: their cosines are to fit in memory."""


def make_outliers(count: int, digits: Sequence[Drawing], rng: np.random.Generator) -> list[Drawing]:
    """`count` outliers, of all kinds in turn.

    The kinds made from digits take part only if each of the ten is among `digits`. One that looks
    like one of `digits` is made again, unless it is of LETTER_LIKE.
    """
    kinds = OF_DIGITS + FREE if len({digit.label for digit in digits}) == 10 else FREE
    chosen = [kinds[number % len(kinds)] for number in range(count)]
    outliers = [_made(kind, digits, rng) for kind in chosen]
    doubtful = np.array([kind not in LETTER_LIKE for kind in chosen], bool)
    known = _features([digit.strokes for digit in digits])
    for _ in range(TRIES):
        again = np.flatnonzero(doubtful)
        doubtful[again] = _nearest([outliers[number] for number in again], known) > LIKENESS
        if not doubtful.any():
            break
        for number in np.flatnonzero(doubtful):
            outliers[number] = _made(chosen[number], digits, rng)
    return [Drawing(strokes, NOT_A_DIGIT, writer=0) for strokes in outliers]


def _made(kind: Kind, digits: Sequence[Drawing], rng: np.random.Generator) -> list[Stroke]:
    return [stroke * EXTENT for stroke in kind(rng, digits)]


def _nearest(drawings: Sequence[list[Stroke]], known: Float32Array) -> Float32Array:
    """For each drawing, the cosine of its features with the nearest of the known ones, (N,)."""
    if not len(known):
        return np.zeros(len(drawings), np.float32)
    parts = np.array_split(_features(drawings), 1 + len(drawings) // BLOCK)
    nearest: Float32Array = np.concatenate([(part @ known.T).max(axis=1) for part in parts])
    return nearest


def _features(drawings: Sequence[Sequence[Stroke]]) -> Float32Array:
    """Each drawing's image, blurred and halved, as a vector of length 1: float32 (N, 196)."""
    features = np.empty((len(drawings), 14, 14), np.float32)
    for feature, strokes in zip(features, drawings, strict=True):
        image = image_from_strokes(strokes)
        blurred = cv2.GaussianBlur(image, (0, 0), BLUR)
        cv2.resize(blurred, (14, 14), dst=feature, interpolation=cv2.INTER_AREA)
    flat = features.reshape(-1, 14 * 14)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    return flat


def scribble(rng: np.random.Generator, digits: Sequence[Drawing] = ()) -> list[Stroke]:
    """One to three smooth curves through random points."""
    return [_curve(rng.random((rng.integers(4, 12), 2))) for _ in range(rng.integers(1, 4))]


def polygon(rng: np.random.Generator, digits: Sequence[Drawing] = ()) -> list[Stroke]:
    """A triangle, a square or a star of three to six corners: a hexagon is nearly a 0."""
    if rng.random() < 0.5:
        corners = rng.integers(3, 5)
        return [_polar(np.linspace(0, 1, corners + 1) + rng.random(), 1)]
    corners = rng.integers(3, 7)
    radii = np.where(np.arange(2 * corners + 1) % 2, rng.uniform(0.3, 0.6), 1)
    return [_polar(np.linspace(0, 1, 2 * corners + 1) + rng.random(), radii)]


def spiral(rng: np.random.Generator, digits: Sequence[Drawing] = ()) -> list[Stroke]:
    """A spiral from the middle outwards, of 1.8 to 4 turns."""
    turns = np.linspace(0, rng.uniform(1.8, 4), 80)
    return [_polar(turns * rng.choice([-1, 1]) + rng.random(), turns / turns[-1])]


def lines(rng: np.random.Generator, digits: Sequence[Drawing] = ()) -> list[Stroke]:
    """Two to five straight strokes: a star, parallels, or at random."""
    count = rng.integers(2, 5)
    layouts = [
        [_polar(np.array([0, 0.5]) + i / count / 2, 1) for i in range(count)],
        [np.array([[0, i], [1, i]]) for i in range(count)],
        list(rng.random((count + 1, 2, 2))),
    ]
    turn = _rotation(rng.choice([0, 0.25, rng.random()]))
    return [line @ turn for line in layouts[rng.integers(3)]]


def letter(rng: np.random.Generator, digits: Sequence[Drawing] = ()) -> list[Stroke]:
    """One of LETTERS in one of FONTS."""
    return glyph(str(rng.choice(FONTS)), str(rng.choice(LETTERS)))


def glyph(font: str, character: str) -> list[Stroke]:
    """A character of a font, its capitals 1 high."""
    strokes = [list(stroke) for stroke in _font(font).strokes_for_text(character)]
    return [np.array(stroke, float) / CAPITAL for stroke in strokes if stroke]


@cache
def _font(name: str) -> HersheyFonts:
    fonts = HersheyFonts()
    fonts.load_default_font(name)
    return fonts


def scrambled(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    """A digit cut into pieces, each rotated and moved."""
    strokes = _random_digit(digits, rng).strokes
    pieces = [
        piece
        for stroke in strokes
        for piece in np.array_split(stroke, rng.integers(2, 5))
        if len(piece)
    ]
    return [
        (piece - piece.mean(axis=0)) @ _rotation(rng.random()) + rng.random(2) * 0.8
        for piece in pieces
    ]


def mirrored(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    """One of the digits MIRRORED, mirrored."""
    digit = _random_digit(digits, rng, tuple(MIRRORED))
    axis = rng.choice(list(MIRRORED[digit.label]))
    return [stroke * ([-1, 1] if axis == "x" else [1, -1]) for stroke in digit.strokes]


def marked(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    """A ring, or another digit of MARKED, with two to four marks in it or across it.

    A ring with one mark may be a slashed 0; with more, it is a face, a wheel or a clock.
    """
    labels = (0,) if rng.random() < 0.5 else MARKED
    strokes = _random_digit(digits, rng, labels).strokes
    low, high = (reduce(np.concatenate(strokes), axis=0) for reduce in (np.min, np.max))
    for _ in range(rng.integers(2, 5)):
        middle = low + (high - low) * rng.uniform(0.2, 0.8, 2)
        mark = _curve(rng.normal(0, 1, (rng.integers(2, 4), 2)), steps=6)
        strokes = [*strokes, middle + mark * rng.uniform(0.08, 0.22)]
    return strokes


def pair(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    """Two digits side by side, or one over the other: but no 0 or 1, for some slash their 0s."""
    one, other = _random_digit(digits, rng), _random_digit(digits, rng)
    left, right = one.strokes, other.strokes
    width = np.ptp(np.concatenate(left)[:, 0]) / 2 + np.ptp(np.concatenate(right)[:, 0]) / 2
    beside = np.array([width + rng.uniform(0.05, 0.4), rng.normal(0, 0.1)])
    over = _polar(rng.random(1), rng.uniform(0.2, 0.5))[0]
    slashed = {one.label, other.label} & {0, 1}
    offset = beside if rng.random() < 0.6 or slashed else over
    return left + [stroke * rng.uniform(0.8, 1.2) + offset for stroke in right]


FREE = (scribble, polygon, spiral, lines, letter, letter)
OF_DIGITS = (scrambled, mirrored, marked, pair)
LETTER_LIKE = (letter, lines)
"""Kinds of which some look like a digit to a blurred eye, a T like a 7, and are none."""


def _random_digit(
    digits: Sequence[Drawing], rng: np.random.Generator, labels: Sequence[int] = tuple(range(10))
) -> Drawing:
    """A random one of the digits with these labels, its longer side 1 around 0.

    At least one digit must have such a label.
    """
    digit = digits[int(rng.integers(len(digits)))]
    while digit.label not in labels:
        digit = digits[int(rng.integers(len(digits)))]
    middle, size = middle_and_size(digit.strokes)
    strokes = [(stroke - middle) / size for stroke in digit.strokes]
    return Drawing(strokes, digit.label, digit.writer)


def _curve(points: FloatArray, steps: int = 12) -> Stroke:
    """A Catmull-Rom spline through the points (n, 2), with `steps` points on each of its pieces."""
    p = np.vstack([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, steps)[:, np.newaxis]
    return np.concatenate(
        [
            b
            + t * (c - a) / 2
            + t**2 * (a - 2.5 * b + 2 * c - d / 2)
            + t**3 * (1.5 * (b - c) + (d - a) / 2)
            for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
        ]
    )


def _polar(turns: FloatArray, radii: FloatArray | float) -> Stroke:
    """The points (n, 2) at these angles, in whole turns, and radii."""
    angles = 2 * np.pi * turns
    return np.stack([np.cos(angles) * radii, np.sin(angles) * radii], axis=1)


def _rotation(turn: float) -> FloatArray:
    """The matrix (2, 2) of a rotation by a share of a whole turn."""
    cos, sin = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    return np.array([[cos, -sin], [sin, cos]])
