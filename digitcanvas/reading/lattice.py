"""The ways in which the pieces of a drawing may make up digits from left to right.

A part is some of the pieces, and what they would be: a digit, a sign, the join between two digits.
A way is parts that hold each piece once. Its score is the sum of its parts' scores, and the best
way is found from left to right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import exp, inf, log1p
from operator import itemgetter

import numpy as np

from digitcanvas.drawing.arrays import BoolArray, FloatArray, IntArray
from digitcanvas.drawing.pieces import Piece, ink_of
from digitcanvas.drawing.strokes import Stroke

# All lengths are in heights of a digit
WIDEST = 2.2
"""No digit is wider."""

STROKES = 4
"""No digit has more strokes."""

LOW, WIDE = 0.9, 1.1
"""A digit that is lower or wider is less likely, the more so the lower or wider it is."""

AHEAD, BETWEEN, LINK = 9, 2, 0.3
"""How far on in the order of the pieces a digit's last may be; how many that are not its own may
lie between; and how near to another of its own each must lie then."""

BESIDE, COMMON = 0.5, 0.7
"""Of the narrower one's width: two inks that overlap by more than BESIDE hardly stand side by side,
and by COMMON or more, if they cross, are rather one digit."""

POINTS = 16
"""Of each piece, for crossings and distances."""

DASH_HEIGHT, DASH_WIDTHS = 0.25, (0.12, 1.3)
"""The most height of a dash, and its least and most width. It lies above its neighbour's foot and
below its head."""

POINT_SIZE, POINT_FROM = 0.2, 0.6
"""The largest point, and how far down its neighbour it begins."""

CLEAR = 0.2
"""How far a sign stands clear of everything: what is nearer may be a bar or a foot of a digit."""

TALL = 0.5
"""The least height of a neighbour that tells where a sign lies."""

BEAM = 100
"""Beginnings of ways that are followed at each piece: a number has about five, a scribble many."""


class Kind(IntEnum):
    DIGIT = 0
    DASH = 1
    POINT = 2
    JOIN = 3
    UNFINISHED = 4


SIGNS = (Kind.DASH, Kind.POINT)


@dataclass(frozen=True)
class Layout:
    """Where P pieces lie, from left to right by their middles; lengths in heights of a digit."""

    pieces: list[Piece]
    boxes: FloatArray
    """(P, 4): left, top, right, bottom."""
    crossings: IntArray
    """(P, P): how often the two cross."""
    distances: FloatArray
    """(P, P): the least between points of the two."""
    joined: BoolArray
    """(P, P): whether a cut parts the two."""
    falls: FloatArray
    """(P,): how far below its first point the piece's last one lies."""
    height: float
    """That of a digit, in the strokes' unit."""


@dataclass(frozen=True)
class Parts:
    """G parts of P pieces."""

    members: BoolArray
    """(G, P)"""
    kinds: IntArray
    """(G,)"""

    def __getitem__(self, chosen: IntArray) -> "Parts":
        return Parts(self.members[chosen], self.kinds[chosen])


def height_of(strokes: Sequence[Stroke]) -> float:
    """About the height of the digits, in the strokes' unit: most strokes are as high as a digit.

    Short strokes count little, and digits on a slope do not count together.
    """
    y = np.concatenate(strokes)[:, 1]
    heights = [np.ptp(stroke[:, 1]) for stroke in strokes]
    return float(max(np.percentile(heights, 75), np.ptp(y) / 2, 1.0))


def lay_out(pieces: Sequence[Piece], strokes: Sequence[Stroke], height: float) -> Layout:
    inks = [ink / height for ink in ink_of(pieces, strokes)]
    boxes = np.array([[*ink.min(axis=0), *ink.max(axis=0)] for ink in inks])
    dense = np.stack([_resample(ink) for ink in inks])
    order = np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")
    pieces, boxes, dense = [pieces[i] for i in order], boxes[order], dense[order]
    ends = np.array([[piece.stroke, piece.first, piece.last] for piece in pieces])
    follows = (ends[:, None, 0] == ends[:, 0]) & (ends[:, None, 2] == ends[:, 1])
    np.fill_diagonal(follows, False)
    joined = follows | follows.T
    return Layout(
        pieces,
        boxes,
        np.where(joined, 0, _crossings(dense)),
        np.where(joined, 0, _distances(dense)),
        joined,
        np.array([ink[-1, 1] - ink[0, 1] for ink in inks])[order],
        height,
    )


def parts_of(layout: Layout, unfinished: int | None = None) -> Parts:
    """All parts that are worth a look. `unfinished` is the number of the stroke being drawn."""
    count = len(layout.pieces)
    near = (layout.distances <= LINK) & ~np.eye(count, dtype=bool)
    links = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in near]
    digits = [m for i in range(count) for m in _grow(layout, links, [i], *layout.boxes[i, [0, 2]])]
    if len(digits) and list(range(count)) not in digits:
        digits.append(list(range(count)))
    members = _masks(digits, count)
    found = [Parts(members, np.full(len(members), Kind.DIGIT))]
    for kind, which in (
        (Kind.DASH, _dashes(layout)),
        (Kind.POINT, _points(layout)),
        (Kind.JOIN, layout.joined.sum(axis=1) == 2),
    ):
        alone_here = np.flatnonzero(which) if count > 1 else np.empty(0, int)
        found.append(Parts(np.eye(count, dtype=bool)[alone_here], np.full(len(alone_here), kind)))
    if unfinished is not None:
        mask = np.array([[piece.stroke == unfinished for piece in layout.pieces]])
        if mask.any() and not mask.all():
            found.append(Parts(mask, np.full(1, Kind.UNFINISHED)))
    return Parts(
        np.concatenate([parts.members for parts in found]),
        np.concatenate([parts.kinds for parts in found]),
    )


FEATURES = (
    "overlap",
    "wide",
    "low",
    "crossing",
    "cut",
    "rise",
    "digit",
    "many",
    "between",
    "whole",
    "dash",
    "point",
    "sign's overlap",
    "sign's nearness",
    "join",
    "unfinished",
)


def features(layout: Layout, parts: Parts) -> FloatArray:
    """What speaks for and against each part but the network: (G, F), one for each of FEATURES."""
    members, kinds, boxes = parts.members, parts.kinds, layout.boxes
    is_digit = kinds == Kind.DIGIT
    is_sign = np.isin(kinds, SIGNS)
    inked = is_digit | is_sign
    low = np.where(members[:, :, None], boxes[:, :2], inf).min(axis=1)
    high = np.where(members[:, :, None], boxes[:, 2:], -inf).max(axis=1)
    width, height = (high - low).T
    common = np.minimum(high[:, :1], boxes[:, 2]) - np.maximum(low[:, :1], boxes[:, 0])
    common = np.where(members, 0, common).clip(0)  # with each piece that is not its own
    narrower = np.minimum(width[:, None], boxes[:, 2] - boxes[:, 0])
    crossings = np.where(members, 0, members @ layout.crossings)
    strokes = np.array([piece.stroke for piece in layout.pieces])
    every, which = np.unique(strokes, return_inverse=True)
    of_stroke = (strokes[:, None] == every).astype(float)
    own = members @ of_stroke  # how many pieces of each stroke
    of_others = (own == 0)[:, which]  # pieces of strokes that the part has nothing of
    is_cut = (own > 0) & (own < of_stroke.sum(axis=0))
    rises = is_cut * -(members @ (layout.falls[:, None] * of_stroke))
    indices = np.arange(members.shape[1])
    first = members.argmax(axis=1)
    last = np.where(members, indices, -1).max(axis=1)
    nearest = np.where(np.eye(len(indices), dtype=bool), inf, layout.distances).min(axis=1)[first]
    columns = {
        "overlap": is_digit * ((common - BESIDE * narrower) * of_others).clip(0).sum(axis=1),
        "wide": is_digit * (width - WIDE).clip(0),
        "low": is_digit * (LOW - height).clip(0),
        "crossing": inked * (crossings * (common >= COMMON * narrower)).sum(axis=1).clip(0, 2),
        "cut": np.where(members, 0, members @ layout.joined).sum(axis=1) / 2,
        "rise": is_digit * rises.clip(0).sum(axis=1),  # of strokes that go on in another part
        "digit": is_digit,
        "many": is_digit * ((own > 0).sum(axis=1) - 2).clip(0),
        "between": is_digit * (last - first + 1 - members.sum(axis=1)),
        "whole": is_digit * members.all(axis=1),
        "dash": kinds == Kind.DASH,
        "point": kinds == Kind.POINT,
        "sign's overlap": is_sign * common.sum(axis=1),
        "sign's nearness": is_sign * (1 - nearest / CLEAR).clip(0),
        "join": kinds == Kind.JOIN,
        "unfinished": kinds == Kind.UNFINISHED,
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(float)


@dataclass(frozen=True)
class Way:
    """The parts of a way by their places among the parts, its score, and its share of all ways.

    `share`, in [0, 1], is the way's probability if the scores are logarithms of probabilities.
    """

    parts: list[int]
    score: float
    share: float


State = tuple[int, int]
"""The pieces that a beginning of a way holds, a bit for each, and the number of its digits."""

Reached = tuple[float, float, int, State]
"""Of all beginnings that lead to a state: the best score, the logarithm of the sum of their
exponentials, the last part of the best one, and the state before it."""


def best_way(
    parts: Parts,
    scores: FloatArray,
    digits: int | None = None,
    another: float = 0,
    fewer: float = 0,
) -> Way:
    """The way with the highest score.

    If a number of `digits` is given, `another` is taken off for each that a way has more, and
    `fewer` for each that it has less.

    The parts must hold each piece by itself, so that there is a way.
    """
    count = parts.members.shape[1]
    masks = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in parts.members]
    starting: list[list[int]] = [[] for _ in range(count)]
    for part, row in enumerate(parts.members):
        starting[int(row.argmax())].append(part)
    counted = (parts.kinds == Kind.DIGIT).tolist()
    worth = scores.tolist()
    levels: list[dict[State, Reached]] = [{} for _ in range(count + 1)]
    levels[0][0, 0] = (0.0, 0.0, -1, (0, 0))
    for free in range(count):
        states = levels[free]
        if len(states) > BEAM:
            kept = sorted(states, key=lambda state: -states[state][0])[:BEAM]
            levels[free] = states = {state: states[state] for state in kept}
        for state, (score, total, _, _) in states.items():
            held, number = state
            for part in starting[free]:
                if masks[part] & held:
                    continue
                now = held | masks[part]
                following = (now, number + counted[part])
                here = (score + worth[part], total + worth[part], part, state)
                level = levels[_first_free(now)]
                if following in level:
                    best = max(here, level[following], key=itemgetter(0))
                    sum_ = _log_sum(here[1], level[following][1])
                    here = (best[0], sum_, *best[2:])
                level[following] = here
    ends = levels[count]

    def worth_in_the_end(state: State) -> float:
        change = 0 if digits is None else state[1] - digits
        return ends[state][0] - another * max(0, change) - fewer * max(0, -change)

    end = max((state for state in ends if state[1]), key=worth_in_the_end)
    score, everything = ends[end][0], -inf
    for _, total, _, _ in ends.values():
        everything = _log_sum(everything, total)
    chosen: list[int] = []
    state = end
    while state[0]:
        _, _, part, state = levels[_first_free(state[0])][state]
        chosen.append(part)
    return Way(chosen[::-1], score, exp(min(0, score - everything)))


def _first_free(held: int) -> int:
    return (~held & (held + 1)).bit_length() - 1


def _grow(
    layout: Layout, links: Sequence[int], members: list[int], left: float, right: float
) -> Iterator[list[int]]:
    """These pieces, and with them all others that a digit may have to the right of the last.

    `links` has for each piece those that are near to it, a bit for each.
    """
    own = sum(1 << member for member in members)
    if members[-1] - members[0] + 1 == len(members) or all(links[i] & own for i in members):
        yield members
    for piece in range(members[-1] + 1, min(len(layout.pieces), members[0] + AHEAD)):
        grown = [*members, piece]
        if piece - members[0] + 1 - len(grown) > BETWEEN:
            return
        x0, x1 = min(left, layout.boxes[piece, 0]), max(right, layout.boxes[piece, 2])
        strokes = {layout.pieces[member].stroke for member in grown}
        if x1 - x0 <= WIDEST and len(strokes) <= STROKES:
            yield from _grow(layout, links, grown, x0, x1)


def _masks(groups: Sequence[Sequence[int]], count: int) -> BoolArray:
    masks = np.zeros((len(groups), count), bool)
    for mask, group in zip(masks, groups, strict=True):
        mask[list(group)] = True
    return masks


def _dashes(layout: Layout) -> BoolArray:
    """Which pieces look like a minus sign: flat whole strokes beside their neighbours."""
    width, height = (layout.boxes[:, 2:] - layout.boxes[:, :2]).T
    top, bottom = _beside(layout)
    place = (layout.boxes[:, 1::2].mean(axis=1) - top) / np.maximum(bottom - top, 1e-6)
    flat: BoolArray = (
        (height <= np.minimum(DASH_HEIGHT, width / 2))
        & (width >= DASH_WIDTHS[0])
        & (width <= DASH_WIDTHS[1])
        & (place >= 0)
        & (place <= 1)
        & ~layout.joined.any(axis=1)
    )
    return flat


def _points(layout: Layout) -> BoolArray:
    """Which pieces look like a decimal point: small whole strokes at the foot of the neighbours."""
    top, bottom = _beside(layout)
    small: BoolArray = (
        ((layout.boxes[:, 2:] - layout.boxes[:, :2]).max(axis=1) <= POINT_SIZE)
        & (layout.boxes[:, 1] >= top + POINT_FROM * (bottom - top))
        & ~layout.joined.any(axis=1)
    )
    return small


def _beside(layout: Layout) -> tuple[FloatArray, FloatArray]:
    """The top and the bottom of the nearest tall piece to each: both (P,), NaN without any."""
    boxes = layout.boxes
    gaps = np.maximum(boxes[:, None, 0] - boxes[:, 2], boxes[:, 0] - boxes[:, None, 2])
    np.fill_diagonal(gaps, inf)
    gaps[:, boxes[:, 3] - boxes[:, 1] < TALL] = inf
    nearest = gaps.argmin(axis=1)
    found = np.isfinite(gaps.min(axis=1))
    return np.where(found, boxes[nearest, 1], np.nan), np.where(found, boxes[nearest, 3], np.nan)


def _resample(stroke: Stroke) -> FloatArray:
    """So many points at equal ways along the stroke: (POINTS, 2)."""
    along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
    ways = np.linspace(0, along[-1], POINTS)
    return np.stack([np.interp(ways, along, axis) for axis in stroke.T], axis=1)


def _crossings(dense: FloatArray) -> IntArray:
    """How often pieces (P, POINTS, 2) cross each other: (P, P).

    Two lines cross if the ends of each lie on different sides of the other.
    """
    count = len(dense)
    x, y = dense[:, :-1].reshape(-1, 2).T
    dx, dy = np.diff(dense, axis=1).reshape(-1, 2).T
    # Which points (P, POINTS) lie to the left of which lines
    left = dense @ np.stack([-dy, dx]) > dx * y - dy * x
    parted = (left[:, :-1] != left[:, 1:]).reshape(len(x), len(x))
    crossed = (parted & parted.T).reshape(count, POINTS - 1, count, POINTS - 1)
    times: IntArray = crossed.sum(axis=(1, 3))
    np.fill_diagonal(times, 0)
    return times


def _distances(dense: FloatArray) -> FloatArray:
    """The least distance between points of pieces (P, POINTS, 2): (P, P)."""
    points = dense.reshape(-1, 2)
    squares = (points**2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * points @ points.T
    count = len(dense)
    nearest = apart.reshape(count, POINTS, count, POINTS).min(axis=(1, 3))
    distances: FloatArray = np.sqrt(nearest.clip(0))
    return distances


def _log_sum(a: float, b: float) -> float:
    """The logarithm of exp(a) + exp(b)."""
    high, low = (a, b) if a > b else (b, a)
    return high + log1p(exp(low - high)) if low > -inf else high
