"""Reads numbers: several digits side by side, drawn in any order.

The strokes are cut wherever one digit may end and another begin, the network judges every sensible
group of pieces, and the best way to divide the drawing into groups is taken: Y. LeCun et al.,
"Gradient-based learning applied to document recognition", Proc. IEEE 1998, section V, "heuristic
over-segmentation".
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from digitcanvas.drawing.arrays import Float32Array, FloatArray
from digitcanvas.drawing.pieces import Piece, cut_strokes, ink_of, mend, whole_strokes
from digitcanvas.drawing.preprocess import check_widths, image_from_strokes
from digitcanvas.drawing.strokes import Stroke, check_strokes
from digitcanvas.reading.lattice import (
    FEATURES,
    Kind,
    Layout,
    Parts,
    best_way,
    features,
    height_of,
    lay_out,
    parts_of,
)
from digitcanvas.reading.recognizer import Prediction, Recognizer
from digitcanvas.reading.words import certainty

WEIGHTS = {
    "overlap": -11.63,
    "wide": -1.95,
    "low": -10.2,
    "crossing": -0.75,
    "cut": -3.0,
    "rise": -1.96,
    "digit": 3.34,
    "many": -1.45,
    "between": -5.16,
    "whole": 3.67,
    "dash": 1.85,
    "point": 2.67,
    "sign's overlap": -3.79,
    "sign's nearness": -6.9,
    "join": 3.0,
    "unfinished": -3.0,
    "probability": 1.86,
    "doubt": -6.72,
    "no number": 5.97,
    "length": -3.06,
}
"""What each feature of a part counts for: `python -m tests.benchmarks.number_weights` fits them to
numbers, digits and letters by the training writers, so that a way's score is about the logarithm of
its probability."""

JUDGEMENT = ("probability", "doubt")
"""The network's features of a part: the logarithm of its top probability, and 1 - `is_digit`."""

NO_NUMBER = ("no number", "length")
"""Features of the whole as no number, but a letter, say, which is read as one digit and refused: 1,
and its width in its own heights."""

SHORT, LONG = 0.8, 3.0
"""The least and the greatest of these widths that counts: half of all letters are narrower."""

LEAST = 1e-4
"""Probabilities below are taken for this one: a network is not that sure."""

AT_ONCE = 4
"""Images that the network sees at once. It is always as many, since LiteRT allocates memory anew
for another number, and so few that hardly any are blank and people who draw meanwhile wait 1 ms."""

SLIM, ABOVE = 0.8, 0.5
"""A drawing so narrow, in its own heights, whose strokes lie above one another by so much of the
narrower one's width, is one digit: most 4s, 5s and 7s are, which need no look at their parts then.
"""

PIECES, PARTS = 60, 250
"""The most that are judged. A drawing of more pieces is read as one digit: it is a scribble."""

HOPELESS = -2.0
"""A part that scores less before the network sees it is left out, but for single pieces and the
whole: so are half of the parts. With -5 the numbers by half A are read no better."""

SPACE, LONE_SPACE, WIDER = 0.8, 1.1, 2.0
"""Between two numbers, the least gap in heights of a digit, and how many times as wide it is as the
other gaps; and the least if there is no other."""

ANOTHER, FEWER = 4.0, 20.0
"""While the pen is down, how much better a way with another digit must be, or with one less.

So 80 % of the digits by half A are shown before the pen lifts, and no single digit of 220 is ever
shown as two. With 3 it is 90 %, but the number of digits falls in one number of 30; with 5, 65 %.
"""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in canvas pixels."""

TEXTS = {Kind.DASH: "-", Kind.POINT: "."}
NAMES = {Kind.DASH: "a minus sign or a dash", Kind.POINT: "a point"}


@dataclass(frozen=True)
class Sign:
    """Something beside the digits that is none: "-" or ".", and the `name` that people give it.

    `place` is the number of digits that stand to the left of it.
    """

    text: str
    name: str
    place: int
    box: Box
    pieces: list[Piece]


@dataclass(frozen=True)
class Number:
    """What is read of a drawing: one digit or several, from left to right.

    `boxes` holds where each digit lies, and `pieces` what belongs to it: the strokes by their
    numbers, each from its first to its last point. `text` has the digits, and spaces between
    numbers that stand apart. `signs` holds what was found to be no digit, and `text_with_signs` has
    it in its place. `confidence`, in [0, 1], is how sure the whole is.
    """

    text: str
    digits: list[Prediction]
    boxes: list[Box]
    pieces: list[list[Piece]]
    signs: list[Sign]
    confidence: float

    @property
    def text_with_signs(self) -> str:
        """The text as it was written: "-12.5" for 125 with two signs."""
        at = [
            "".join(sign.text for sign in self.signs if sign.place == place)
            for place in range(len(self.digits) + 1)
        ]
        written, place = at[0], 0
        for character in self.text:
            if character != " ":
                place += 1
                written += character + at[place]
            elif not at[place]:
                written += " "
        return written

    @property
    def certainty(self) -> str:
        """The confidence in words."""
        return certainty(self.confidence)

    @property
    def rejected(self) -> bool:
        """Whether something in it is judged to be no digit."""
        return any(digit.rejected for digit in self.digits)


def read_number(
    recognizer: Recognizer,
    strokes: Sequence[Stroke],
    widths: Sequence[float] | None = None,
    before: Number | None = None,
) -> Number:
    """Read a drawing of one digit or more: arrays (n, 2) of canvas pixels, x right and y down.

    Of a single digit, the prediction is that of `predict_strokes`, to which the `widths` go too.
    While the pen is down, give what was read a moment ago as the number `before`: then the last
    stroke, which is not finished, adds a digit only once it clearly is one.

    Raises ValueError as `predict_strokes` does.
    """
    strokes = check_strokes(strokes)
    check_widths(widths, strokes)
    pieces = _pieces(strokes)
    if len(pieces) < 2:
        return _single(recognizer, strokes, widths)
    layout = lay_out(pieces, strokes, height_of(strokes))
    parts, scores = _worth_a_look(layout, len(strokes) - 1 if before else None)
    inks = [mend(layout.pieces[i] for i in np.flatnonzero(row)) for row in parts.members]
    judged = np.flatnonzero(parts.kinds == Kind.DIGIT)
    images = np.stack([_image(inks[part], strokes, widths) for part in judged])
    probabilities, is_digit = _classify(recognizer, images)
    scores[judged] += judgement(probabilities, is_digit) @ [WEIGHTS[name] for name in JUDGEMENT]
    whole = parts.members.all(axis=1)
    other = no_number(layout) @ [WEIGHTS[name] for name in NO_NUMBER]
    scores[whole] = np.logaddexp(scores[whole], other)
    way = best_way(parts, scores, len(before.digits) if before else None, ANOTHER, FEWER)
    if parts.members[way.parts[0]].all():
        return _single(recognizer, strokes, widths)
    predictions = {
        int(part): Prediction(probabilities[i], images[i], float(is_digit[i]))
        for i, part in enumerate(judged)
    }
    return _number(
        [
            _Found(
                Kind(parts.kinds[part]),
                inks[part],
                _box(inks[part], strokes),
                predictions.get(part),
            )
            for part in way.parts
        ],
        layout.height,
        way.share,
    )


def judgement(probabilities: Float32Array, is_digit: Float32Array) -> FloatArray:
    """What the network says of N parts: (N, 2), one for each of JUDGEMENT."""
    top = probabilities.max(axis=1).astype(float).clip(LEAST)
    return np.stack([np.log(top), 1 - is_digit.astype(float)], axis=1)


def no_number(layout: Layout) -> FloatArray:
    """What speaks for the whole being no number: (2,), one for each of NO_NUMBER."""
    width, height = layout.boxes[:, 2:].max(axis=0) - layout.boxes[:, :2].min(axis=0)
    return np.array([1, np.clip(width, SHORT * height, LONG * height) / max(height, 1e-6)])


@dataclass(frozen=True)
class _Found:
    """A part of the best way."""

    kind: Kind
    pieces: list[Piece]
    box: Box
    prediction: Prediction | None


def _pieces(strokes: Sequence[Stroke]) -> list[Piece]:
    """The strokes in pieces, or whole if those are too many; none if it is surely one drawing."""
    if not 0 < len(strokes) <= PIECES or _is_slim(strokes):
        return []
    pieces = cut_strokes(strokes, height_of(strokes))
    return pieces if len(pieces) <= PIECES else whole_strokes(strokes)


def _is_slim(strokes: Sequence[Stroke]) -> bool:
    """Whether there is no room for two digits side by side; see SLIM."""
    boxes = sorted([*stroke.min(axis=0), *stroke.max(axis=0)] for stroke in strokes)
    left, top, right, bottom = boxes[0]
    for x0, y0, x1, y1 in boxes[1:]:
        if min(right, x1) - x0 < ABOVE * min(right - left, x1 - x0):
            return False
        top, right, bottom = min(top, y0), max(right, x1), max(bottom, y1)
    return bool(right - left <= SLIM * (bottom - top))


def _single(
    recognizer: Recognizer, strokes: Sequence[Stroke], widths: Sequence[float] | None
) -> Number:
    """The whole drawing as one digit."""
    prediction = recognizer.predict_strokes(strokes, widths=widths)
    pieces = whole_strokes(strokes)
    return _number([_Found(Kind.DIGIT, pieces, _box(pieces, strokes), prediction)], 1.0, 1.0)


def _worth_a_look(layout: Layout, unfinished: int | None) -> tuple[Parts, FloatArray]:
    """The parts that the network is to judge, and what their scores are without it."""
    parts = parts_of(layout, unfinished)
    scores = features(layout, parts) @ [WEIGHTS[name] for name in FEATURES]
    size = parts.members.sum(axis=1)
    worth = np.where((size == 1) | (size == parts.members.shape[1]), np.inf, scores)
    chosen = np.flatnonzero(worth > HOPELESS)
    if len(chosen) > PARTS:
        chosen = np.sort(np.argsort(-worth, kind="stable")[:PARTS])
    return parts[chosen], scores[chosen]


def _image(
    pieces: Sequence[Piece], strokes: Sequence[Stroke], widths: Sequence[float] | None
) -> Float32Array:
    return image_from_strokes(
        ink_of(pieces, strokes),
        widths=None if widths is None else [widths[piece.stroke] for piece in pieces],
    )


def _classify(recognizer: Recognizer, images: Float32Array) -> tuple[Float32Array, Float32Array]:
    """As `classify_batch`, AT_ONCE images at a time; those that are missing are blank."""
    blank = np.zeros((-len(images) % AT_ONCE, *images.shape[1:]), np.float32)
    filled = np.concatenate([images, blank])
    answers = [
        recognizer.classify_batch(filled[i : i + AT_ONCE]) for i in range(0, len(filled), AT_ONCE)
    ]
    probabilities, is_digit = (np.concatenate(answer) for answer in zip(*answers, strict=True))
    return probabilities[: len(images)], is_digit[: len(images)]


def _box(pieces: Sequence[Piece], strokes: Sequence[Stroke]) -> Box:
    points = np.concatenate(ink_of(pieces, strokes))
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return left, top, right, bottom


def _number(found: Sequence[_Found], height: float, share: float) -> Number:
    """The number that these parts make up; `height` is that of a digit in canvas pixels."""
    found = sorted(found, key=lambda part: part.box[0] + part.box[2])
    own = [part for part in found if part.prediction]
    digits = [part.prediction for part in own if part.prediction]
    spaces = _spaces([part.box for part in own], height)
    text = "".join(
        " " * space + str(digit.digit) for space, digit in zip(spaces, digits, strict=True)
    )
    signs = [
        Sign(
            TEXTS[part.kind],
            NAMES[part.kind],
            sum(before.prediction is not None for before in found[:place]),
            part.box,
            part.pieces,
        )
        for place, part in enumerate(found)
        if part.kind in TEXTS
    ]
    sure = np.prod([digit.probabilities.max() * digit.is_digit for digit in digits])
    return Number(
        text,
        digits,
        [part.box for part in own],
        [part.pieces for part in own],
        signs,
        float(sure * share),
    )


def _spaces(boxes: Sequence[Box], height: float) -> list[bool]:
    """Whether there is a space before each box: a gap that is wide for this number."""
    rights = np.maximum.accumulate([right for _, _, right, _ in boxes])
    gaps = ([left for left, *_ in boxes[1:]] - rights[:-1]) / height
    spaces = [False]
    for place, gap in enumerate(gaps):
        others = np.delete(gaps, place).clip(0)
        least = max(SPACE, WIDER * float(np.median(others))) if len(others) else LONE_SPACE
        spaces.append(bool(gap > least))
    return spaces
