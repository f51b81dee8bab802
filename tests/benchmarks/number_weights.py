"""Fits the weights of reading/numbers: python -m tests.benchmarks.number_weights [--count N]

Makes N (600) numbers of each kind from the drawings of the training writers, takes six times as
many of their single digits and of their letters, and finds the weights under which the right ways
to cut them are the likeliest: a conditional random field (J. Lafferty et al., ICML 2001), by
gradient descent (L-BFGS). Prints them. Both shipped networks judge the parts.

HELD are not taken from here: which pieces of a join are right is a matter of taste. Of 2.3 to 5.5
and -4 to -2.5, "join" and "cut" are those that read the most joined numbers by half A of the
validation writers without a loss on others. "unfinished" only counts while the pen is down.
"""

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.pieces import mend
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import numbers
from digitcanvas.reading.lattice import FEATURES, Kind, Layout, Parts, height_of, lay_out, parts_of
from tests.benchmarks.numbers import KINDS, written
from tests.written_numbers import SIGN, WrittenNumber

WEIGHT = {
    "numbers": 1.5,
    "joined": 3.5,
    "apart": 0.7,
    "minus": 0.4,
    "point": 0.4,
    "single": 3.0,
    "letter": 1.0,
}
"""Of a drawing of each kind; 1 of the others. Of 0.2 to 2 for letters and 0.5 to 6 for joined
numbers, these refuse about as many letters by half A as single readings do, at the least cost."""

HELD = ("join", "cut", "unfinished")

PULL = 0.5
"""On the square of each weight."""

SHORT = 0.12
"""The most of a digit, in heights, that a piece of the join may hold."""

MOST_PARTS = 500
"""Drawings with more are left out: their ways are too many."""

STEPS, MEMORY = 80, 8
NAMES = (*FEATURES, *numbers.JUDGEMENT, *numbers.NO_NUMBER)
NEVER = -1e6


@dataclass(frozen=True)
class Example:
    """A drawing's parts, and the whole as no number: their features (G, F), which are right, and
    how they follow each other."""

    features: np.ndarray
    right: np.ndarray
    edges: list[tuple[int, int, int, int]]
    """Each from a state, by a part, to a state, of a level that is higher than the first one's."""
    weight: float


def examples(
    drawing: WrittenNumber | Drawing, recognizers: Sequence[Recognizer], weight: float
) -> list[Example]:
    """What each of the networks makes of a number, or of a letter, which is none."""
    strokes = drawing.strokes
    pieces = numbers._pieces(strokes)
    if len(pieces) < 2:
        return []
    layout = lay_out(pieces, strokes, height_of(strokes))
    parts = parts_of(layout)
    if len(parts.kinds) > MOST_PARTS:
        return []
    if isinstance(drawing, Drawing):
        right = np.append(np.zeros(len(parts.kinds), bool), True)
    else:
        right = np.append(right_parts(drawing, layout, parts), False)
    edges = edges_of(np.vstack([parts.members, np.ones(len(pieces), bool)]))
    if not is_possible(edges, right):
        return []
    judged = np.flatnonzero(parts.kinds == Kind.DIGIT)
    inks = [mend(layout.pieces[i] for i in np.flatnonzero(row)) for row in parts.members[judged]]
    images = np.stack([numbers._image(ink, strokes, None) for ink in inks])
    known = numbers.features(layout, parts)
    found = []
    for recognizer in recognizers:
        features = np.zeros((len(right), len(NAMES)))
        features[:-1, : len(FEATURES)] = known
        said = numbers.judgement(*numbers._classify(recognizer, images))
        features[judged, len(FEATURES) : -len(numbers.NO_NUMBER)] = said
        features[-1, -len(numbers.NO_NUMBER) :] = numbers.no_number(layout)
        found.append(Example(features, right, edges, weight))
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


def edges_of(members: np.ndarray) -> list[tuple[int, int, int, int]]:
    """How parts (G, P) follow each other. The first state is 0 and the last has the most pieces."""
    masks = [sum(1 << int(i) for i in np.flatnonzero(row)) for row in members]
    starting = defaultdict(list)
    for part, row in enumerate(members):
        starting[int(row.argmax())].append(part)
    edges, states, levels = [], {0: 0}, defaultdict(list, {0: [0]})
    for free in range(members.shape[1]):
        for held in levels[free]:
            for part in starting[free]:
                now = held | masks[part]
                if masks[part] & held:
                    continue
                level = (~now & (now + 1)).bit_length() - 1
                if now not in states:
                    states[now] = len(states)
                    levels[level].append(now)
                edges.append((states[held], part, states[now], level))
    return edges


def is_possible(edges: list[tuple[int, int, int, int]], right: np.ndarray) -> bool:
    reached = {0}
    for before, part, after, _ in edges:
        if before in reached and right[part]:
            reached.add(after)
    end, _ = max(((after, level) for _, _, after, level in edges), key=lambda edge: edge[1])
    return end in reached


class Lattices:
    """The ways of all examples as one graph, so that NumPy sums over all of them at once."""

    def __init__(self, data: Sequence[Example]) -> None:
        self.features = np.concatenate([example.features for example in data])
        self.right = np.concatenate([example.right for example in data])
        self.weights = np.array([example.weight for example in data])
        edges, starts, ends, states, parts = [], [], [], 0, 0
        for example in data:
            own = np.array(example.edges)
            starts.append(states)
            ends.append(states + own[own[:, 3].argmax(), 2])
            edges.append(np.add(own, [states, parts, states, 0]))
            states += own[:, 2].max() + 1
            parts += len(example.right)
        every = np.concatenate(edges)
        self.before, self.part, self.after, level = every[np.lexsort(every[:, 2:].T)].T
        self.starts, self.ends, self.states = np.array(starts), np.array(ends), states
        bounds = [*np.flatnonzero(np.diff(level, prepend=-1)).tolist(), len(level)]
        self.levels = [slice(*pair) for pair in pairwise(bounds)]

    def sums(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The logarithm of each example's sum over its ways, and each part's share, weighted."""
        reached = np.full(self.states, -np.inf)
        reached[self.starts] = 0
        steps = scores[self.part]
        for level in self.levels:
            after, first, same = np.unique(
                self.after[level], return_index=True, return_inverse=True
            )
            sums = reached[self.before[level]] + steps[level]
            high = np.maximum.reduceat(sums, first)
            reached[after] = high + np.log(np.add.reduceat(np.exp(sums - high[same]), first))
        ahead, shares = np.zeros(self.states), np.zeros(len(steps))
        ahead[self.ends] = self.weights
        for level in reversed(self.levels):
            before, after = self.before[level], self.after[level]
            gone = np.exp(reached[before] + steps[level] - reached[after])
            shares[level] = ahead[after] * gone
            ahead += np.bincount(before, shares[level], self.states)
        return reached[self.ends], np.bincount(self.part, shares, len(scores))

    def loss(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """What the right ways lack in likelihood, and its gradient."""
        scores = self.features @ weights
        everything, shares = self.sums(scores)
        of_right, right_shares = self.sums(np.where(self.right, scores, NEVER))
        lack = self.weights @ (everything - of_right) + PULL * weights @ weights
        slope = self.features.T @ (shares - right_shares) + 2 * PULL * weights
        slope[[NAMES.index(name) for name in HELD]] = 0
        return float(lack), slope


def descend(weights: np.ndarray, data: Lattices) -> np.ndarray:
    """L-BFGS: J. Nocedal, Mathematics of Computation 1980."""
    now, slope = data.loss(weights)
    moves: list[tuple[np.ndarray, np.ndarray]] = []
    for step in range(STEPS):
        way, factors = slope.copy(), []
        for moved, turned in reversed(moves):
            factors.append(moved @ way / (moved @ turned))
            way -= factors[-1] * turned
        way *= moves[-1][0] @ moves[-1][1] / (moves[-1][1] @ moves[-1][1]) if moves else 1e-4
        for (moved, turned), factor in zip(moves, reversed(factors), strict=True):
            way += moved * (factor - turned @ way / (moved @ turned))
        length = 1.0
        while (found := data.loss(weights - length * way))[0] > now and length > 1e-4:
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
    parser.add_argument("--count", type=int, default=600, help="numbers of each kind")
    count = parser.parse_args().count
    unipen = load_unipen()
    own = defaultdict(list)
    for file, drawings in enumerate((load_pen_digits().train, unipen.digits.train)):
        for drawing in drawings:
            own[file, drawing.writer].append(drawing)
    hands = list(own.values())
    recognizers = [Recognizer.load(name) for name in ("cnn", "mlp")]
    data = []
    for kind in KINDS:
        for number in written(kind, count, hands):
            data += examples(number, recognizers, WEIGHT.get(kind, 1.0))
    rng = np.random.default_rng(0)
    digits, letters = list(chain(*hands)), unipen.others.train
    for i in rng.permutation(len(digits))[: 6 * count]:
        strokes = digits[i].strokes
        single = WrittenNumber(strokes, str(digits[i].label), [0] * len(strokes))
        data += examples(single, recognizers, WEIGHT["single"])
    for i in rng.permutation(len(letters))[: 6 * count]:
        data += examples(letters[i], recognizers, WEIGHT["letter"])
    print(f"{len(data)} examples", flush=True)
    start = np.array([numbers.WEIGHTS[name] * (name in HELD) for name in NAMES])
    for name, weight in zip(NAMES, descend(start, Lattices(data)), strict=True):
        print(f"{name:16} {weight:6.2f}  (now {numbers.WEIGHTS[name]})")


if __name__ == "__main__":
    main()
