"""Reads numbers in pictures: a row of handwritten digits on paper."""

from itertools import islice

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array, FloatArray
from digitcanvas.drawing.ink_rows import Row, find_rows
from digitcanvas.reading.lattice import Kind, Parts, best_way
from digitcanvas.reading.numbers import LEAST, Number
from digitcanvas.reading.recognizer import ACCEPTED, Prediction, Recognizer

MOST_PIECES = 4
"""In one digit."""

PIECES = 60
"""The most that are judged: a row of more is writing, or dirt."""

# Lengths in heights of the row's digits
WIDEST = 1.6
"""No digit is wider."""

WEIGHTS = {"probability": 4.8, "is_digit": 2.4, "low": -20.0, "parted": -0.6}
"""Fitted on 390 photos of numbers by the validation writers. Gaps within a digit, its width, and
how much ink a cut parts, brought nothing once a piece that looks like a digit is kept whole.
"""

FAR_FETCHED = 0.5
"""Digits cut out of one piece of ink are read only if they are surer: it may be a letter."""

LOW = 0.6
"""Digits are at least this high."""

ROWS = 8
"""The most rows that are compared: polarities, axes of colour, windows and cuts."""

GOOD = 0.95
"""A row whose digits are so sure on average is taken without a look at others."""

MORE = 0.3
"""A row with twice as many digits may be so much less sure on average, in logarithms."""

HIGHER = 0.15
"""A row of digits twice as high may be so much less sure: in small windows, parts of a digit's
outline are a lower row of 1s.
"""


def read_number_image(recognizer: Recognizer, picture: ByteArray) -> Number:
    """Read a picture of one digit or more in a row: uint8 (H, W), (H, W, 3) or (H, W, 4).

    What is one digit is read as `predict_image` reads it. The boxes are in the picture's pixels.

    Raises ValueError as `predict_image` does.
    """
    best, number, is_cut = -np.inf, None, False
    for row in islice(find_rows(picture), ROWS):
        if len(row.boxes) > PIECES:
            continue
        trust, read = _read(recognizer, row)
        worth = np.log(max(trust, LEAST)) + MORE * np.log2(len(read.digits))
        worth += HIGHER * np.log2(row.height)
        if worth > best:
            best, number, is_cut = worth, read, bool(row.cuts.all())
        if trust > GOOD:
            break
    if number and len(number.digits) > 1 and not number.rejected and not is_cut:
        return number
    single = _number_of(recognizer.predict_image(picture), picture)
    if number is None or len(number.digits) == 1 or not single.rejected:
        return single
    return single if is_cut and _is_far_fetched(number) else number


def _is_far_fetched(number: Number) -> bool:
    """Whether digits that were cut out of one piece of ink are not sure, or one is a line.

    Nine in ten letters that may be cut into digits have a part that reads as a 1, such as the legs
    of an H.
    """
    return number.confidence < FAR_FETCHED or "1" in number.text


def _number_of(prediction: Prediction, picture: ByteArray) -> Number:
    assert prediction.ink
    left, top, width, height = cv2.boundingRect(prediction.ink.mask)
    scale = picture.shape[0] / prediction.ink.mask.shape[0]
    box = (left * scale, top * scale, (left + width) * scale, (top + height) * scale)
    return Number(str(prediction.digit), [prediction], [box], [[]], [], prediction.trust)


def _read(recognizer: Recognizer, row: Row) -> tuple[float, Number]:
    """The row as a number, and how sure its digits are on average."""
    groups = _groups(row)
    images = np.stack([row.image(*group) for group in groups])
    probabilities, is_digit = recognizer.classify_batch(images)
    scores = features(row, groups, probabilities, is_digit) @ list(WEIGHTS.values())
    members = np.zeros((len(groups), len(row.boxes)), bool)
    for mask, (first, last) in zip(members, groups, strict=True):
        mask[first : last + 1] = True
    way = best_way(Parts(members, np.full(len(groups), Kind.DIGIT)), scores)
    digits = [Prediction(probabilities[i], images[i], float(is_digit[i])) for i in way.parts]
    boxes = [row.box(*groups[i]) for i in way.parts]
    trusts = np.array([digit.trust for digit in digits])
    number = Number(
        "".join(str(digit.digit) for digit in digits),
        digits,
        [(float(x0), float(y0), float(x1), float(y1)) for x0, y0, x1, y1 in boxes],
        [[] for _ in digits],
        [],
        float(trusts.prod() * way.share),
    )
    return float(np.exp(np.log(trusts.clip(LEAST)).mean())), number


def _groups(row: Row) -> list[tuple[int, int]]:
    """The first and last piece of each group of neighbours that may be a digit."""
    count = len(row.boxes)
    found = {
        (first, last)
        for first in range(count)
        for last in range(first, min(first + MOST_PIECES, count))
        if first == last or _extent(row, first, last)[0] <= WIDEST
    }
    return sorted(found | set(_connected(row)))


def _connected(row: Row) -> list[tuple[int, int]]:
    """The first and last piece of each connected piece of ink."""
    ends = [*np.flatnonzero(~row.cuts).tolist(), len(row.boxes) - 1]
    return list(zip([0, *(end + 1 for end in ends[:-1])], ends, strict=True))


def _extent(row: Row, first: int, last: int) -> tuple[float, float]:
    left, top, right, bottom = row.box(first, last) / row.scale / row.height
    return right - left, bottom - top


def features(
    row: Row, groups: list[tuple[int, int]], probabilities: Float32Array, is_digit: Float32Array
) -> FloatArray:
    """What speaks for and against each of G groups: (G, F), one for each of WEIGHTS."""
    top = probabilities.max(axis=1).clip(LEAST)
    share = is_digit.clip(LEAST)
    whole = {group: float(share[groups.index(group)]) for group in _connected(row)}
    parted = [0.0] * len(row.cuts)  # how much each cut parts what looks like a digit
    for (first, last), looks in whole.items():
        parted[first:last] = [looks * (looks > ACCEPTED)] * (last - first)
    found = []
    for i, (first, last) in enumerate(groups):
        _, height = _extent(row, first, last)
        ends = [end for end in (first - 1, last) if 0 <= end < len(row.cuts)]
        apart = sum(parted[end] for end in ends) / 2
        found.append((np.log(top[i]), np.log(share[i]), max(0, LOW - height), apart))
    return np.array(found, float)
