"""How a network reads a hand: as it came, and with what it has learnt of other drawings of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitcanvas.drawing.arrays import BoolArray, IntArray
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading.hand import fit_hand
from digitcanvas.reading.recognizer import Recognizer

PARTS = 3
"""A third is left out at a time: of three rounds, one. So a hand is fitted three times."""

NO_DIGIT = 10


@dataclass(frozen=True)
class Row:
    """Of `count` drawings, how many were read right as the network `came`, and once `taught`.

    `taught` is None where nothing else could teach it the digit; then the `count` is of all.
    """

    count: int
    came: int
    taught: int | None


@dataclass(frozen=True)
class HandReport:
    """What a network makes of N told drawings, in their order.

    `labels` (N,) are 0 to 9, and 10 for no digit. `came` (N,) says which were read right as the
    network came, `taught` (N,) which were by a hand that learned from the others alone; it counts
    where `measured` (N,) says that there were others of the same digit.
    """

    labels: IntArray
    came: BoolArray
    taught: BoolArray
    measured: BoolArray

    def row(self, label: int | None = None) -> Row:
        """The numbers for a digit, or for all; if some could be measured, then for these."""
        own = np.ones_like(self.came) if label is None else self.labels == label
        measured = own & self.measured
        if not measured.any():
            return Row(int(own.sum()), int((own & self.came).sum()), None)
        came, taught = (int((measured & right).sum()) for right in (self.came, self.taught))
        return Row(int(measured.sum()), came, taught)


def parts(labels: Sequence[int]) -> IntArray:
    """Which part each drawing is left out with, (N,), 0 to 2: the digit's first, second, third ...

    A digit's only drawing is never left out (-1): nothing else would teach that digit.
    """
    counts, turns = Counter(labels), Counter[int]()
    result = np.full(len(labels), -1)
    for place, label in enumerate(labels):
        if counts[label] > 1:
            result[place] = turns[label] % PARTS
            turns[label] += 1
    return result


def report_on_hand(recognizer: Recognizer, drawings: Sequence[Drawing]) -> HandReport:
    """Read a hand's drawings with a network as it came, and as it reads this hand.

    A drawing is read by a hand that was fitted without it, and without a third of the others: what
    it learned by heart does not count. No digit is read right if it is rejected.

    Raises ValueError for a network that cannot learn a hand, if there are drawings.
    """
    labels = [drawing.label for drawing in drawings]
    part = parts(labels)
    taught = np.zeros(len(drawings), bool)
    for out in range(PARTS):
        is_out = part == out
        if is_out.any():
            others = [one for one, left in zip(drawings, is_out, strict=True) if not left]
            reader = recognizer.with_hand(fit_hand(recognizer, others))
            left_out = [one for one, left in zip(drawings, is_out, strict=True) if left]
            taught[is_out] = _right(reader, left_out)
    return HandReport(np.array(labels, int), _right(recognizer, drawings), taught, part >= 0)


def _right(recognizer: Recognizer, drawings: Sequence[Drawing]) -> BoolArray:
    read = [recognizer.predict_strokes(drawing.strokes) for drawing in drawings]
    said = [NO_DIGIT if one.rejected else one.digit for one in read]
    return np.array([a == one.label for a, one in zip(said, drawings, strict=True)], bool)
