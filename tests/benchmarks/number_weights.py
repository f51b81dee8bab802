"""Fits the weights of reading/numbers: python -m tests.benchmarks.number_weights [--count N]

Makes N (500) numbers of each kind from the drawings of the training writers, and finds the weights
under which the right ways to cut them are the likeliest: a conditional random field (J. Lafferty et
al., ICML 2001), by gradient descent (L-BFGS). Prints them. Both shipped networks judge the pieces.

"join" and "cut" are not taken from here: which pieces of a join are right is a matter of taste. Of
-1 to 5 and -5 to -3.3, they are those that read the most joined numbers by half A of the validation
writers without a loss on others. "unfinished" only counts while the pen is down.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.pieces import mend
from digitcanvas.reading import numbers
from digitcanvas.reading.lattice import FEATURES, Kind, Layout, Parts, height_of, lay_out
from tests.benchmarks.numbers import KINDS, written
from tests.written_numbers import SIGN, WrittenNumber

WEIGHT = {"numbers": 1.5, "joined": 0.5, "apart": 0.7, "minus": 0.4, "point": 0.4, "single": 3.0}
"""Of a number of each kind; 1 of the others. Most drawings are single digits."""

PULL = 0.5
"""On the square of each weight."""

SHORT = 0.12
"""The most of a digit, in heights, that a piece of the join may hold."""

STEPS, MEMORY = 60, 8
NAMES = (*FEATURES, *numbers.JUDGEMENT)


@dataclass(frozen=True)
class Example:
    """A number's parts: their features (G, F), which of them are right, and how they follow."""

    features: np.ndarray
    right: np.ndarray
    edges: list[tuple[int, int, int]]
    """From a state, by a part, to a state; the last state is the end."""
    weight: float


def examples(
    number: WrittenNumber, recognizers: Sequence[Recognizer], weight: float
) -> list[Example]:
    strokes = number.strokes
    pieces = numbers._pieces(strokes)
    if len(pieces) < 2:
        return []
    layout = lay_out(pieces, strokes, height_of(strokes))
    parts, _ = numbers._worth_a_look(layout, None)
    right = right_parts(number, layout, parts)
    edges = edges_of(parts)
    if not is_possible(edges, right):
        return []
    judged = np.flatnonzero(parts.kinds == Kind.DIGIT)
    inks = [mend(layout.pieces[i] for i in np.flatnonzero(row)) for row in parts.members[judged]]
    images = np.stack([numbers._image(ink, strokes, None) for ink in inks])
    found = []
    for recognizer in recognizers:
        said = np.zeros((len(parts.kinds), len(numbers.JUDGEMENT)))
        said[judged] = numbers.judgement(*numbers._classify(recognizer, images))
        known = numbers.features(layout, parts)
        found.append(Example(np.hstack([known, said]), right, edges, weight))
    return found


def right_parts(number: WrittenNumber, layout: Layout, parts: Parts) -> np.ndarray:
    """Which parts are all of one digit, or a sign, or nothing but a join."""
    owners = np.array([_owner(number, layout, piece) for piece in range(len(layout.pieces))])
    right = []
    for row, kind in zip(parts.members, parts.kinds, strict=True):
        own = set(owners[row].tolist()) - {None}
        if kind == Kind.DIGIT:
            (digit,) = own if len(own) == 1 else (SIGN,)
            whole = digit != SIGN and not ((owners == digit) & ~row).any()
            right.append(whole and digit in range(len(number.text)))
        elif kind == Kind.JOIN:
            right.append(not own)
        else:
            right.append(own == {SIGN} and numbers.TEXTS[Kind(kind)] in number.text)
    return np.array(right)


def _owner(number: WrittenNumber, layout: Layout, place: int) -> int | float | None:
    """The digit that a piece belongs to: None for the join of two, infinity for some of both."""
    piece = layout.pieces[place]
    owner = number.owners[piece.stroke]
    if number.joint is None or number.joint[0] != piece.stroke:
        return owner
    points = number.strokes[piece.stroke][piece.first : piece.last + 1]
    lengths = np.hypot(*np.diff(points, axis=0).T) / layout.height
    joint = number.joint[1] - piece.first  # the join runs from the point before to this one
    sides = lengths[: max(0, joint - 1)].sum(), lengths[max(0, joint) :].sum()
    held = [owner + side for side, length in enumerate(sides) if length > SHORT]
    return np.inf if len(held) > 1 else held[0] if held else None


def edges_of(parts: Parts) -> list[tuple[int, int, int]]:
    masks = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in parts.members]
    starting = defaultdict(list)
    for part, row in enumerate(parts.members):
        starting[int(row.argmax())].append(part)
    edges, states, levels = [], {0: 0}, defaultdict(list, {0: [0]})
    for free in range(parts.members.shape[1]):
        for held in levels[free]:
            for part in starting[free]:
                now = held | masks[part]
                if masks[part] & held:
                    continue
                if now not in states:
                    states[now] = len(states)
                    levels[(~now & (now + 1)).bit_length() - 1].append(now)
                edges.append((states[held], part, states[now]))
    end = states[(1 << parts.members.shape[1]) - 1]
    last = len(states) - 1
    swap = {end: last, last: end}  # so that the end is the last
    return [(swap.get(a, a), part, swap.get(b, b)) for a, part, b in edges]


def is_possible(edges: list[tuple[int, int, int]], right: np.ndarray) -> bool:
    reached = {0}
    for before, part, after in edges:
        if before in reached and right[part]:
            reached.add(after)
    return max(after for _, _, after in edges) in reached


def likelihood(
    scores: list[float], edges: list[tuple[int, int, int]], end: int
) -> tuple[float, np.ndarray]:
    """The logarithm of the sum over all ways, and its gradient: each part's share of them."""
    reached = np.full(end + 1, -np.inf).tolist()
    reached[0] = 0.0
    for before, part, after in edges:
        reached[after] = np.logaddexp(reached[after], reached[before] + scores[part])
    ahead, shares = [0.0] * end + [1.0], np.zeros(len(scores))
    for before, part, after in reversed(edges):
        if ahead[after] and reached[before] > -np.inf:
            share = ahead[after] * exp(reached[before] + scores[part] - reached[after])
            ahead[before] += share
            shares[part] += share
    return float(reached[end]), shares


def loss(weights: np.ndarray, data: Sequence[Example]) -> tuple[float, np.ndarray]:
    """What the right ways lack in likelihood, and its gradient."""
    total, slope = PULL * (weights**2).sum(), 2 * PULL * weights
    for example in data:
        scores = (example.features @ weights).tolist()
        end = max(after for _, _, after in example.edges)
        everything, shares = likelihood(scores, example.edges, end)
        good = [edge for edge in example.edges if example.right[edge[1]]]
        of_right, right_shares = likelihood(scores, good, end)
        total += example.weight * (everything - of_right)
        slope = slope + example.weight * (example.features.T @ (shares - right_shares))
    return total, slope


def descend(weights: np.ndarray, data: Sequence[Example]) -> np.ndarray:
    """L-BFGS: J. Nocedal, Mathematics of Computation 1980."""
    now, slope = loss(weights, data)
    moves: list[tuple[np.ndarray, np.ndarray]] = []
    for step in range(STEPS):
        way, factors = slope.copy(), []
        for moved, turned in reversed(moves):
            factors.append(moved @ way / (moved @ turned))
            way -= factors[-1] * turned
        way *= moves[-1][0] @ moves[-1][1] / (moves[-1][1] @ moves[-1][1]) if moves else 0.01
        for (moved, turned), factor in zip(moves, reversed(factors), strict=True):
            way += moved * (factor - turned @ way / (moved @ turned))
        length = 1.0
        while (found := loss(weights - length * way, data))[0] > now and length > 1e-4:
            length /= 2
        moves = [*moves, (-length * way, found[1] - slope)][-MEMORY:]
        moves = [pair for pair in moves if pair[0] @ pair[1] > 1e-10]
        weights, done = weights - length * way, now - found[0] < 2e-5 * now
        now, slope = found
        print(f"step {step + 1}: {now:.1f}", flush=True)
        if done:
            break
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500, help="numbers of each kind")
    given = parser.parse_args()
    own = defaultdict(list)
    for file, drawings in enumerate((load_pen_digits().train, load_unipen().digits.train)):
        for drawing in drawings:
            own[file, drawing.writer].append(drawing)
    hands = list(own.values())
    recognizers = [Recognizer.load(name) for name in ("cnn", "mlp")]
    data = []
    for kind in KINDS:
        for number in written(kind, given.count, hands):
            data += examples(number, recognizers, WEIGHT.get(kind, 1.0))
    drawings = [drawing for hand in hands for drawing in hand]
    for i in np.random.default_rng(0).permutation(len(drawings))[: 5 * given.count]:
        strokes, label = drawings[i].strokes, drawings[i].label
        single = WrittenNumber(strokes, str(label), [0] * len(strokes))
        data += examples(single, recognizers, WEIGHT["single"])
    print(f"{len(data)} examples", flush=True)
    start = np.array([numbers.WEIGHTS[name] for name in NAMES])
    for name, weight in zip(NAMES, descend(start, data), strict=True):
        print(f"{name:16} {weight:6.1f}  (now {numbers.WEIGHTS[name]})")


if __name__ == "__main__":
    main()
