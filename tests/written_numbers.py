"""Numbers made of one person's drawings of digits, as that person might have written them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from digitcanvas.drawing.strokes import Drawing, Stroke

WIDE, HIGH = 840, 280
"""The canvas in pixels."""

GAPS = (-0.1, 0.6)
"""Between two neighbours, in widths of a digit: a negative gap is an overlap."""

HEIGHTS, BASELINE, SLOPE = 0.25, 0.1, np.radians(8)
"""The most by which a digit's height and its foot's place differ, in heights, and the slope."""

SPACES = (1.0, 2.5)
"""Between two numbers, in heights of a digit."""

ROOM = (0.1, 0.4)
"""On either side of a sign, in heights of a digit."""

SIGN = -1

NESTED = 0.35
"""The most by which touching neighbours overlap, in widths of the narrower."""

OUT_OF_ORDER, LATE = 0.15, 0.2
"""The share of numbers whose digits come in any order, and of those that end with a stroke of a
digit before the last."""


@dataclass(frozen=True)
class WrittenNumber:
    """`strokes` are in the order of writing. The digits stand from left to right.

    `owners` holds the place of each stroke's digit, or SIGN. If a stroke joins a digit to the next,
    `joint` holds its number and how many of its points belong to the left one, as whose it counts.
    """

    strokes: list[Stroke]
    text: str
    owners: list[int]
    joint: tuple[int, int] | None = None


def write_number(
    drawings: Sequence[Drawing],
    rng: np.random.Generator,
    touching: bool = False,
    late: bool | None = None,
    joined: bool = False,
    marks: Mapping[int, str] = MappingProxyType({}),
) -> WrittenNumber:
    """Write these digits side by side on the canvas.

    If they are `touching`, each touches or crosses the one before it. `late` says whether one
    stroke of a digit of several is added last; without it, chance decides. If two are `joined`, the
    pen was not lifted between them. `marks` holds what stands before a digit by its place: "-", "."
    or " ", a wide gap.
    """
    digits: list[list[Stroke]] = []
    before: dict[int, list[Stroke]] = {}
    right = 0.0
    widths = [_width(drawing) for drawing in drawings]
    for place, drawing in enumerate(drawings):
        strokes = _upright(drawing, np.exp(rng.uniform(*np.log([1 - HEIGHTS, 1 + HEIGHTS]))))
        foot = rng.uniform(-BASELINE, BASELINE)
        gap = rng.uniform(*GAPS) * float(np.mean(widths))
        if touching and place:
            lowered = [np.add(stroke, (0, foot)) for stroke in strokes]
            narrower = min(np.ptp(np.concatenate(own)[:, 0]) for own in (digits[-1], strokes))
            gap = _touch(digits[-1], lowered, right) - rng.uniform(0, 0.05)
            gap = max(gap, -NESTED * narrower)
        if place in marks:
            mark, gap = _mark(marks[place], rng)
            before[place] = [stroke + np.array([right, 0]) for stroke in mark]
        strokes = [np.add(stroke, (right + gap, foot)) for stroke in strokes]
        digits.append(strokes)
        right = max(right, np.concatenate(strokes)[:, 0].max())
    order = list(range(len(digits)))
    if rng.random() < OUT_OF_ORDER and not joined:
        rng.shuffle(order)
    pieces = []
    for place in order:
        pieces += [(stroke, SIGN) for stroke in before.get(place, [])]
        pieces += [(stroke, place) for stroke in digits[place]]
    joint = None
    if joined:
        pieces, joint = _join(pieces, int(rng.integers(len(digits) - 1)))
    can_wait = [i for i, own in enumerate(digits) if len(own) > 1]
    if can_wait and (rng.random() < LATE if late is None else late) and not joined:
        waits = int(rng.choice(can_wait))
        last = max(i for i, (_, owner) in enumerate(pieces) if owner == waits)
        pieces.append(pieces.pop(last))
    strokes = _on_canvas([stroke for stroke, _ in pieces], rng)
    owners = [owner for _, owner in pieces]
    text = "".join(marks.get(i, "") + str(drawing.label) for i, drawing in enumerate(drawings))
    return WrittenNumber(strokes, text, owners, joint)


def _mark(mark: str, rng: np.random.Generator) -> tuple[list[Stroke], float]:
    """A mark's strokes, from where the digit before it ends, and how far on the next one starts."""
    if mark == " ":
        return [], rng.uniform(*SPACES)
    left, right = rng.uniform(*ROOM, 2)
    if mark == ".":
        length, middle, slant = rng.uniform(0, 0.08), rng.uniform(-0.1, 0.05), rng.uniform(-2, 2)
    else:
        length, middle, slant = rng.uniform(0.25, 0.6), rng.uniform(-0.6, -0.4), rng.normal(0, 0.1)
    along = np.linspace(0, 1, 8)
    line = np.stack([left + along * length, middle + (along - 0.5) * slant * length], axis=1)
    return [line + rng.normal(0, 0.005, line.shape)], left + length + right


def _width(drawing: Drawing) -> float:
    """In heights of the digit."""
    width, height = np.ptp(np.concatenate(drawing.strokes), axis=0)
    return float(width / max(height, 0.5 * width, 1))


def _upright(drawing: Drawing, height: float) -> list[Stroke]:
    """The digit that high, its foot at 0 and its left side at 0."""
    points = np.concatenate(drawing.strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    width, tall = high - low
    scale = height / max(tall, 0.5 * width, 1)
    return [(stroke - [low[0], high[1]]) * scale for stroke in drawing.strokes]


def _touch(left: Sequence[Stroke], right: Sequence[Stroke], edge: float) -> float:
    """How far from `edge` the right digit starts where its ink meets the left one's."""
    profiles = []
    for strokes, sign in ((left, 1), (right, -1)):
        dense = np.concatenate([_dense(stroke) for stroke in strokes])
        rows = np.rint(dense[:, 1] * 25).astype(int)  # in 25ths of a height
        profiles.append({row: (sign * dense[rows == row, 0]).max() for row in set(rows.tolist())})
    shared = profiles[0].keys() & profiles[1].keys()
    if not shared:
        return 0.0
    return float(max(profiles[0][row] + profiles[1][row] for row in shared) - edge)


def _dense(stroke: Stroke) -> Stroke:
    """The stroke with points 0.02 apart."""
    if len(stroke) == 1:
        return stroke
    lengths = np.hypot(*np.diff(stroke, axis=0).T)
    along = np.concatenate([[0], np.cumsum(lengths)])
    steps = np.linspace(0, along[-1], int(along[-1] / 0.02) + 2)
    return np.stack([np.interp(steps, along, stroke[:, axis]) for axis in (0, 1)], axis=1)


def _join(
    pieces: Sequence[tuple[Stroke, int]], place: int
) -> tuple[list[tuple[Stroke, int]], tuple[int, int]]:
    """The stroke that ends one digit goes on as that which starts the next; and its joint."""
    end = max(i for i, (_, owner) in enumerate(pieces) if owner == place)
    (left, _), (right, _) = pieces[end : end + 2]
    line = np.concatenate([left, right])
    return [*pieces[:end], (line, place), *pieces[end + 2 :]], (end, len(left))


def _on_canvas(strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """On a slope, and as large as a person would write on the canvas, somewhere on it."""
    slope = rng.uniform(-SLOPE, SLOPE)
    turn = np.array([[np.cos(slope), np.sin(slope)], [-np.sin(slope), np.cos(slope)]])
    strokes = [stroke @ turn for stroke in strokes]
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
    scale = rng.uniform(0.5, 0.9) * min(WIDE / extent[0], HIGH / extent[1])
    corner = rng.uniform(0, [WIDE, HIGH] - extent * scale)
    return [(stroke - low) * scale + corner for stroke in strokes]
