"""How accurate a recognizer is, and how well calibrated, on images and on drawings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from digitcanvas.data.mnist import Mnist
from digitcanvas.data.pen import PenDigits, place_at_random
from digitcanvas.data.unipen import Unipen
from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array, IntArray
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading.recognizer import ACCEPTED, Recognizer

Metrics = dict[str, Any]
"""The result of `compute_metrics`; `evaluate` adds the name of the data as `data`."""

BINS = 15
"""Of the expected calibration error: as in C. Guo et al., ICML 2017."""

REPORT_EVERY = 1000
"""Images read between two reports of progress."""

OUTCOMES = ("wrong", "right", "all")


@dataclass(frozen=True)
class ErrorRate:
    """How many of so many images are misread."""

    wrong: int
    count: int

    @property
    def share(self) -> float:
        return self.wrong / self.count

    @property
    def interval(self) -> list[float]:
        """The 95 % confidence interval of the share (see `wilson_interval`)."""
        return wilson_interval(self.wrong, self.count)


@dataclass(frozen=True)
class Predictions:
    """A network's predictions for N images: probabilities (N, 10), is_digit (N,), labels (N,)."""

    probabilities: Float32Array
    is_digit: Float32Array
    labels: IntArray

    @cached_property
    def predicted(self) -> IntArray:
        """The most probable digit of each image, (N,)."""
        predicted: IntArray = self.probabilities.argmax(axis=1)
        return predicted

    @cached_property
    def metrics(self) -> Metrics:
        """The result of `compute_metrics`."""
        return compute_metrics(self.probabilities, self.is_digit, self.labels)

    @cached_property
    def errors(self) -> ErrorRate:
        """How many of all images are misread."""
        return ErrorRate(int((self.predicted != self.labels).sum()), len(self.labels))

    @cached_property
    def errors_by_digit(self) -> list[ErrorRate]:
        """Ten: how often each true digit is misread."""
        return self.errors_by(self.labels, 10)

    def errors_by(self, groups: IntArray, count: int) -> list[ErrorRate]:
        """How often those of each group are misread; `groups` (N,) are 0 to `count` - 1."""
        wrong = np.bincount(groups[self.predicted != self.labels], minlength=count)
        counts = np.bincount(groups, minlength=count)
        return [ErrorRate(*pair) for pair in zip(wrong.tolist(), counts.tolist(), strict=True)]

    def select(
        self, outcome: str = "all", label: int | None = None, predicted: int | None = None
    ) -> IntArray:
        """The indices of the images that are read "right" or "wrong", or of "all".

        With `label` or `predicted`, only those of this true digit, or read as this digit. The
        images with the highest top probability come first.
        """
        correct = self.predicted == self.labels
        selected = {"right": correct, "wrong": ~correct, "all": np.ones_like(correct)}[outcome]
        if label is not None:
            selected = selected & (self.labels == label)
        if predicted is not None:
            selected = selected & (self.predicted == predicted)
        indices = np.flatnonzero(selected)
        return indices[np.argsort(-self.probabilities[indices].max(axis=1), kind="stable")]


def predict_images(
    recognizer: Recognizer,
    images: ByteArray,
    labels: IntArray,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Predictions:
    """Read N >= 1 images, uint8 (N, 28, 28) with ink 255, whose labels (N,) are known.

    `on_progress` receives the share that is done, in (0, 1], after every 1,000 images.
    """
    parts = []
    for start in range(0, len(images), REPORT_EVERY):
        part = images[start : start + REPORT_EVERY].astype(np.float32) / np.float32(255)
        parts.append(recognizer.classify_batch(part))
        on_progress(min(1, (start + REPORT_EVERY) / len(images)))
    probabilities, is_digit = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Predictions(probabilities, is_digit, labels)


def evaluate(
    recognizer: Recognizer,
    mnist: Mnist,
    pen: PenDigits | None,
    on_progress: Callable[[float], None] = lambda share: None,
    unipen: Unipen | None = None,
    room: Sequence[Drawing] = (),
) -> dict[str, Metrics]:
    """The metrics on the test digits ("test"), and on the validation writers' drawings if given.

    Those of `pen` are "pen", those of `unipen`, on many devices, "unipen"; those of a `room` that
    are kept out are "room". `on_progress` receives the share of the test digits that is done, in
    (0, 1].
    """
    test = predict_images(recognizer, mnist.x_test, mnist.y_test, on_progress).metrics
    metrics = {"test": {"data": mnist.test_set} | test}
    if pen:
        metrics["pen"] = {"data": "drawings by writers kept out"} | evaluate_drawings(
            recognizer, pen.validation
        )
    if unipen:
        metrics["unipen"] = {"data": "drawings by UNIPEN's writers kept out"} | evaluate_drawings(
            recognizer, unipen.digits.validation
        )
    if room:
        metrics["room"] = {"data": "the room's drawings kept out"} | evaluate_drawings(
            recognizer, room
        )
    return metrics


def evaluate_drawings(
    recognizer: Recognizer, drawings: Sequence[Drawing], seed: int = 0
) -> Metrics:
    """The metrics of `predict_drawings`."""
    return predict_drawings(recognizer, drawings, seed).metrics


def predict_drawings(
    recognizer: Recognizer, drawings: Sequence[Drawing], seed: int = 0
) -> Predictions:
    """Read N >= 1 drawings, each placed at random on a canvas (see `place_at_random`).

    Each is read by `predict_strokes`, as in the app.
    """
    rng = np.random.default_rng(seed)
    predictions = [
        recognizer.predict_strokes(place_at_random(drawing, rng).strokes) for drawing in drawings
    ]
    return Predictions(
        np.array([prediction.probabilities for prediction in predictions]),
        np.array([prediction.is_digit for prediction in predictions]),
        np.array([drawing.label for drawing in drawings]),
    )


def compute_metrics(
    probabilities: Float32Array, is_digit: Float32Array, labels: IntArray
) -> Metrics:
    """Metrics of N >= 1 predictions: probabilities (N, 10), is_digit (N,), true labels (N,).

    - `accuracy` (0-1) with its 95 % `interval`, `count`, and the mean cross-entropy `loss` (nats);
    - `expected_calibration_error`, and the mean `confidence_when_wrong` (None if none is wrong);
    - `rejected`, the share judged not to be a digit, and `used`, the share read right and not
      rejected; the other metrics count those rejected as predicted;
    - `accuracy_by_digit`, ten (None for a digit that does not occur), and the `confusion` matrix,
      a row of ten counts for each true digit.
    """
    predicted, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    correct = predicted == labels
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, predicted), 1)
    totals = confusion.sum(axis=1)
    label_probabilities = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float(correct.mean()),
        "interval": wilson_interval(int(correct.sum()), len(correct)),
        "loss": float(-np.log(np.maximum(label_probabilities, 1e-7)).mean()),
        "count": len(labels),
        "expected_calibration_error": expected_calibration_error(confidence, correct),
        "confidence_when_wrong": None if correct.all() else float(confidence[~correct].mean()),
        "rejected": float((is_digit < ACCEPTED).mean()),
        "used": float((correct & (is_digit >= ACCEPTED)).mean()),
        "accuracy_by_digit": [
            float(confusion[digit, digit] / totals[digit]) if totals[digit] else None
            for digit in range(10)
        ],
        "confusion": confusion.tolist(),
    }


def wilson_interval(correct: int, count: int) -> list[float]:
    """Wilson's 95 % confidence interval [low, high] of a share, `correct` of `count` >= 1.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    z, share = 1.96, correct / count
    middle = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return [
        float(np.clip(bound / (1 + z**2 / count), 0, 1)) for bound in (middle - half, middle + half)
    ]


def expected_calibration_error(confidence: Float32Array, correct: BoolArray) -> float:
    """The mean gap between confidence and accuracy over 15 equal bins of confidence.

    Each bin is weighted by its count; both arrays are (N,). Source: M. P. Naeini et al., "Obtaining
    well calibrated probabilities using Bayesian binning", AAAI 2015.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    # A bin's sum of (correct - confidence) is its gap times its count
    gaps = np.bincount(bins, weights=correct - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(correct))
