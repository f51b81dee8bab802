"""How good a recognizer is, and how honest, on images and on drawings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from digitcanvas.data.mnist import Mnist
from digitcanvas.data.pen import PenDigits, place_at_random
from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array, IntArray
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading.recognizer import ACCEPTED, Recognizer

Metrics = dict[str, Any]
"""What `compute_metrics` gives, and after `evaluate` the name of the data too."""

BINS = 15

AT_ONCE = 1000
"""Images read between two reports of how far the reading is."""

OUTCOMES = ("wrong", "right", "all")


@dataclass(frozen=True)
class Predictions:
    """What a network makes of N images: probabilities (N, 10), is_digit (N,), true labels (N,)."""

    probabilities: Float32Array
    is_digit: Float32Array
    labels: IntArray

    @cached_property
    def digits(self) -> IntArray:
        """What each image is read as, (N,)."""
        digits: IntArray = self.probabilities.argmax(axis=1)
        return digits

    @cached_property
    def metrics(self) -> Metrics:
        """`compute_metrics`'s figures."""
        return compute_metrics(self.probabilities, self.is_digit, self.labels)

    def gallery(
        self, outcome: str = "all", true: int | None = None, read: int | None = None
    ) -> IntArray:
        """The places of the images that are read "right", "wrong" or as it comes ("all").

        Only those of a `true` digit, and those `read` as a digit, where these are given. The most
        confidently read come first.
        """
        right = self.digits == self.labels
        chosen = {"right": right, "wrong": ~right, "all": np.ones_like(right)}[outcome]
        if true is not None:
            chosen = chosen & (self.labels == true)
        if read is not None:
            chosen = chosen & (self.digits == read)
        places = np.flatnonzero(chosen)
        return places[np.argsort(-self.probabilities[places].max(axis=1), kind="stable")]


def predict_images(
    recognizer: Recognizer,
    images: ByteArray,
    labels: IntArray,
    on_progress: Callable[[float], None] = lambda share: None,
) -> Predictions:
    """Read uint8 images (N, 28, 28), ink 255, with labels (N,); tells the share done, 0 to 1."""
    parts = []
    for start in range(0, len(images), AT_ONCE):
        part = images[start : start + AT_ONCE].astype(np.float32) / np.float32(255)
        parts.append(recognizer.classify_batch(part))
        on_progress(min(1, (start + AT_ONCE) / len(images)))
    probabilities, is_digit = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Predictions(probabilities, is_digit, labels)


def evaluate(recognizer: Recognizer, mnist: Mnist, pen: PenDigits | None) -> dict[str, Metrics]:
    """Measure on the test digits ("test") and on the writers kept out of training ("pen")."""
    test = predict_images(recognizer, mnist.x_test, mnist.y_test).metrics
    metrics = {"test": {"data": mnist.test_set} | test}
    if pen:
        metrics["pen"] = {"data": "drawings by writers kept out"} | evaluate_drawings(
            recognizer, pen.validation
        )
    return metrics


def evaluate_drawings(
    recognizer: Recognizer, drawings: Sequence[Drawing], seed: int = 0
) -> Metrics:
    """Measure on drawings, each put at random on a 280-pixel canvas, 35-80 % of its side.

    Each is read by `predict_strokes`, as the app would. Gives `compute_metrics`'s figures.
    """
    rng = np.random.default_rng(seed)
    predictions = [
        recognizer.predict_strokes(place_at_random(drawing, rng).strokes) for drawing in drawings
    ]
    return compute_metrics(
        np.array([prediction.probabilities for prediction in predictions]),
        np.array([prediction.is_digit for prediction in predictions]),
        np.array([drawing.label for drawing in drawings]),
    )


def compute_metrics(
    probabilities: Float32Array, is_digit: Float32Array, labels: IntArray
) -> Metrics:
    """Figures of N >= 1 readings: probabilities (N, 10), is_digit (N,), true labels (N,).

    `accuracy` (0-1) with its 95 % `interval`, the mean cross-entropy `loss` (nats), the `count`;
    the `expected_calibration_error` (see below), the mean `confidence_when_wrong` (None if none
    is wrong), the share that is `rejected` as no digit; `accuracy_by_digit`, ten (None for a digit
    that does not occur), and the `confusion` matrix, ten rows, the true digits, of ten counts.
    What is rejected counts in the others as it was read.
    """
    read, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
    right = read == labels
    confusion = np.zeros((10, 10), int)
    np.add.at(confusion, (labels, read), 1)
    totals = confusion.sum(axis=1)
    chosen = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float(right.mean()),
        "interval": wilson_interval(int(right.sum()), len(right)),
        "loss": float(-np.log(np.maximum(chosen, 1e-7)).mean()),
        "count": len(labels),
        "expected_calibration_error": expected_calibration_error(confidence, right),
        "confidence_when_wrong": None if right.all() else float(confidence[~right].mean()),
        "rejected": float((is_digit < ACCEPTED).mean()),
        "accuracy_by_digit": [
            float(confusion[digit, digit] / totals[digit]) if totals[digit] else None
            for digit in range(10)
        ],
        "confusion": confusion.tolist(),
    }


def wilson_interval(right: int, count: int) -> list[float]:
    """The 95 % confidence interval of a share, `right` of `count` >= 1.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 1927.
    """
    z, share = 1.96, right / count
    middle = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return [
        float(np.clip(bound / (1 + z**2 / count), 0, 1)) for bound in (middle - half, middle + half)
    ]


def expected_calibration_error(confidence: Float32Array, right: BoolArray) -> float:
    """The mean gap between confidence and accuracy over 15 equal bins of confidence, by count.

    Both are (N,). Source: M. P. Naeini et al., "Obtaining well calibrated probabilities using
    Bayesian binning", AAAI 2015.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))
