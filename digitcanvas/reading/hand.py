"""A person's own last layer, refitted in NumPy from drawings that the person told the digit of.

The features before the last layer stay as they are, so this is a softmax regression that starts
from the network's own weights. Its loss is the cross-entropy on bent copies of the told drawings,
that on images which everybody's network is to read as before (`rehearsal`), and a pull towards the
weights as they came.

It always starts from the network as it came, with all that was told: taking a drawing back is
fitting without it, exactly.
"""

import hashlib
from collections.abc import Collection, Sequence
from functools import lru_cache

import numpy as np

from digitcanvas.data.handwriting import EXTENT, PEN_WIDTHS, augment_strokes, middle_and_size
from digitcanvas.data.outliers import NOT_A_DIGIT
from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array, IntArray
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Drawing, check_strokes
from digitcanvas.reading.last_layer import Hand, LastLayer, softmax
from digitcanvas.reading.recognizer import Recognizer

COPIES, ALL_COPIES = 20, 600
"""Of each drawing, and of all: from 31 drawings on, each has fewer. Fitting takes as long then.

They are bent as one hand's drawings vary. Bent as other hands' do, somebody's odd 6 had copies that
looked like others' 4s, and 2 % of other people's digits were misread with that hand.
"""

SHARE, FEW = 0.3, 15
"""Of the told drawings in the loss; it shrinks in proportion below fifteen drawings.

Shares of 0.1 to 0.5 give about the same.
"""

DOUBT = 0.05
"""The most "not a digit" that a copy is taught to be; where it looked like less, it stays at that.

Copies that were taught to be no such thing at all made the shipped MLP take 8.8 % of letters and
signs for digits. With this it is 7.8 %; as it came, 7.7 %.
"""

PULL = 1e-3
"""On the square of how far the weights move; 1e-4 to 1e-2 give about the same."""

STEPS = 80
RATE, LAST_RATE = 0.01, 0.001
"""Of Adam, over all images at once. 60 to 300 steps give about the same."""

LENGTH = 10.0
"""The length that features are scaled to, so that one rate suits every network."""

UNTHREADED = 2**18
"""Multiplications that OpenBLAS makes in one thread; matrices are multiplied in parts of so many.

Its threads wait for each other by spinning: on a machine whose cores are busy, they make the fit
take twenty times as long. In parts, a hand does not depend on the number of cores either.
"""

SURE = 0.6
"""The least probability with which a drawing that is doubted is read as another digit."""

PARTS = 3
"""Drawings are read by a hand that was fitted to the others but a third."""

KEPT = 2000
"""Drawings whose copies are kept, to fit the next hand sooner: 31 MB."""


def fit_hand(recognizer: Recognizer, drawings: Sequence[Drawing]) -> Hand:
    """Fit a hand to told drawings: their labels are 0 to 9, or 10 for "not a digit".

    The order of the drawings does not matter, nor does a hand that the recognizer reads with: the
    same drawings and the same network give the same hand, bit for bit. Without drawings, it is the
    last layer as it came. It takes 0.1 to 0.3 s, the first one in a process 0.6 s more, and can be
    done from many threads at once.

    A network of ten classes (`Recognizer.can_reject` is False) cannot learn what is not a digit, as
    it has no class for it: those drawings are left out.

    Raises ValueError for a drawing that cannot be read, for another label, and for a network that
    does not end in a dense layer with a softmax.
    """
    layer = recognizer.last_layer
    lesson = _Lesson(layer, drawings)
    return _fit(layer, lesson, np.ones(len(lesson.labels), bool))


def doubts(
    recognizer: Recognizer, drawings: Sequence[Drawing], asked: Collection[int] | None = None
) -> list[int | None]:
    """For each told drawing the digit, 0 to 9, that it rather looks like; None for most.

    Only those at the places that are `asked` about are looked at, or all of them.

    Two thirds of the drawings teach a hand that reads the other third. A drawing that is surely
    another digit then, by over 60 %, is doubted. What can be said of it is "this looks like your
    1s", so it takes some: the hand must have learnt from another drawing told to be that digit, and
    from another one told to be the same as this. So nothing is doubted that is told for the first
    time, though the network misreads it: that is why it is told. For the same reason nothing is
    doubted that is told to be not a digit: three in four of those are read as one until then.

    It takes up to three times as long as `fit_hand`, as long if one is asked about, and next to no
    time if nothing can be doubted.
    Raises ValueError as `fit_hand` does.
    """
    layer = recognizer.last_layer
    lesson = _Lesson(layer, drawings)
    parts = np.arange(len(lesson.labels)) % PARTS  # ordered by label: a label's are spread evenly
    wanted = np.isin(lesson.places, range(len(drawings)) if asked is None else list(asked))
    found: list[int | None] = [None] * len(drawings)
    for part in range(PARTS):
        known = set(lesson.labels[parts != part].tolist()) - {NOT_A_DIGIT}
        read = np.flatnonzero((parts == part) & wanted & np.isin(lesson.labels, list(known)))
        if len(known) < 2 or not len(read):
            continue
        probabilities = _fit(layer, lesson, parts != part).probabilities(lesson.features[read, 0])
        for place, own in zip(read, probabilities, strict=True):
            digit = int(own[:10].argmax())
            if digit in known and digit != lesson.labels[place] and own[digit] > SURE:
                found[lesson.places[place]] = digit
    return found


class _Lesson:
    """Told drawings as a network's last layer sees them, ordered by label and content.

    `places` (n,) are the drawings' places as they were given, `labels` (n,) what they are;
    `features` (n, k, F) are those of k copies, the first of which is the drawing as it is.
    """

    def __init__(self, layer: LastLayer, drawings: Sequence[Drawing]) -> None:
        classes = len(layer.served.bias)
        content = []
        for place, drawing in enumerate(drawings):
            if drawing.label not in range(NOT_A_DIGIT + 1):
                raise ValueError(
                    f"A told drawing has the label {drawing.label!r}: tell it a digit, 0 to 9, or "
                    f"{NOT_A_DIGIT} for not a digit."
                )
            if drawing.label < classes:
                strokes = tuple(stroke.tobytes() for stroke in check_strokes(drawing.strokes))
                content.append((drawing.label, strokes, place))
        content.sort()
        self.labels: IntArray = np.array([label for label, _, _ in content], int)
        self.places = [place for _, _, place in content]
        count = max(1, min(COPIES, ALL_COPIES // max(1, len(content))))
        images = np.empty((len(content), count, 28, 28), np.float32)
        for image, (_, strokes, _) in zip(images, content, strict=True):
            np.divide(_copies(strokes)[:count], 255, out=image)
        features = layer.features(images.reshape(-1, 28, 28))
        self.features: Float32Array = features.reshape(len(content), count, features.shape[1])


@lru_cache(KEPT)
def _copies(strokes: tuple[bytes, ...]) -> ByteArray:
    """The drawing as it is, then as its writer might draw it again: uint8 (COPIES, 28, 28).

    Chance comes from the strokes, each the bytes of float64 (n, 2).
    """
    arrays = [np.frombuffer(stroke).reshape(-1, 2) for stroke in strokes]
    digest = hashlib.sha256(b"".join(strokes)).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    images = [image_from_strokes(arrays)]
    _, size = middle_and_size(arrays)
    shrunk = [stroke * min(1, EXTENT / size) for stroke in arrays]  # bent, it still fits a canvas
    for _ in range(COPIES - 1):
        bent = augment_strokes(shrunk, rng, same_hand=True)
        images.append(image_from_strokes(bent, rng.uniform(*PEN_WIDTHS)))
    return np.rint(np.stack(images) * 255).astype(np.uint8)


def _fit(layer: LastLayer, lesson: _Lesson, chosen: BoolArray) -> Hand:
    """The hand that the chosen drawings teach."""
    labels, own = lesson.labels[chosen], lesson.features[chosen]
    if not len(labels):
        return layer.served
    came, rehearsed = layer.served, layer.rehearsal()
    labels = np.repeat(labels, own.shape[1])
    share = SHARE * min(1, len(own) / FEW)
    shares = np.array([share / len(labels), (1 - share) / len(rehearsed)], np.float32)
    weights = np.repeat(shares, [len(labels), len(rehearsed)])[:, np.newaxis]
    # Scaled, with a last feature of 1 that the bias weighs
    scale = _scale(rehearsed)
    features = np.concatenate([own.reshape(len(labels), -1), rehearsed]) / scale
    inputs = np.hstack([features, np.ones((len(features), 1), np.float32)])
    start = np.hstack([came.kernel * scale, came.bias[:, np.newaxis]])

    rows = max(1, UNTHREADED // start.size)
    inputs, weights = _stack(inputs, rows), _stack(weights, rows)
    targets = softmax(inputs @ start.T)
    flat = targets.reshape(-1, len(start))
    flat[: len(labels)] = _targets(labels, flat[: len(labels)])
    fitted = _adam(inputs, targets, weights, start)
    return Hand(fitted[:, :-1] / scale, fitted[:, -1].copy(), came.network)


def _targets(labels: IntArray, came: Float32Array) -> Float32Array:
    """What copies with these labels (N,) are taught to be, given what they came as (N, C): (N, C).

    A digit is its label, but for the share of "not a digit" that it keeps, up to DOUBT.
    """
    targets = np.eye(came.shape[1], dtype=np.float32)[labels]
    if came.shape[1] > NOT_A_DIGIT:
        kept = np.minimum(came[:, NOT_A_DIGIT], DOUBT) * (labels != NOT_A_DIGIT)
        targets *= 1 - kept[:, np.newaxis]
        targets[:, NOT_A_DIGIT] += kept
    return targets


def _stack(array: Float32Array, rows: int) -> Float32Array:
    """Matrices of so many rows: (N, F) -> (N / rows, rows, F), filled up with zeros."""
    missing = -len(array) % rows
    return np.pad(array, ((0, missing), (0, 0))).reshape(-1, rows, array.shape[1])


def _scale(features: Float32Array) -> np.float32:
    """What to divide features (N, F) by, so that their length is about LENGTH."""
    length = np.sqrt(np.square(features).sum(axis=1).mean())
    return np.float32(length / LENGTH if length > 0 else 1)


def _adam(
    inputs: Float32Array, targets: Float32Array, weights: Float32Array, start: Float32Array
) -> Float32Array:
    """Weights (C, F) that make the targets likely, beginning at `start`.

    In B stacks of R images, the inputs are (B, R, F), the targets (B, R, C), and how much each
    image weighs (B, R, 1). D. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR
    2015. The rate falls evenly from RATE to LAST_RATE.
    """
    fitted, mean, square = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for step, rate in enumerate(np.linspace(RATE, LAST_RATE, STEPS, dtype=np.float32), 1):
        error = (softmax(inputs @ fitted.T) - targets) * weights
        slope = (error.transpose(0, 2, 1) @ inputs).sum(axis=0)
        slope += np.float32(2 * PULL) * (fitted - start)
        mean += np.float32(0.1) * (slope - mean)
        square += np.float32(0.001) * (slope * slope - square)
        size = np.sqrt(square / np.float32(1 - 0.999**step)) + np.float32(1e-8)
        fitted -= rate * (mean / np.float32(1 - 0.9**step)) / size
    return fitted
