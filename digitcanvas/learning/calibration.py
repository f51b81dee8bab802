"""Calibration that errs on the side of doubt, folded into a trained network's last layer.

Temperature: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
"""

from collections.abc import Sequence

import keras
import numpy as np

from digitcanvas.drawing.arrays import Float32Array, FloatArray, IntArray

TEMPERATURES = np.geomspace(0.25, 8, 400)

CAUTION = 1.05
"""The factor on the likeliest temperature: new writers differ more than the validation writers.

With 1.35, the calibration error was 0.9 % on strangers, all of it doubt where there was none. With
1.05 it is 0.3 to 0.6 % on writers kept out (models/README.md).
"""

SHARPEST = 0.6
"""The lowest temperature: a network that misreads none of a few digits is not thereby certain."""

REJECTION_RATE = 0.0075
"""The largest share of a validation set's digits that may be rejected.

Set on one group of UNIPEN's writers, it turned away 0.75 % of the digits by other groups, on other
devices (the mean of six pairs of groups, 0.2 to 1.6 %); with 0.01 it was 1.1 %. Of letters and
signs 7.3 % got in instead of 6.0 %.
"""

ENOUGH = 200
"""A set of fewer digits is ignored if there is a larger one."""

MARGIN = 1e-3
"""How far inside the threshold the last accepted digit lies, in logits: more than rounding."""


def calibrate(model: keras.Model, validation: Sequence[tuple[Float32Array, IntArray]]) -> None:
    """Adjust the last layer, a softmax over 10 or 11 classes, to the validation sets.

    Each set is images (N, 28, 28) and labels (N,), all of them digits. The logits are divided by
    the temperature that makes the labels likeliest (see `fit_temperature`), times CAUTION, and by
    SHARPEST at least. The logit of the 11th class, "not a digit", is shifted so that at most 0.75 %
    of each set are rejected. Sets of fewer than 200 digits are ignored if there is a larger one.
    """
    validation = [pair for pair in validation if len(pair[1]) >= ENOUGH] or validation
    logits = [
        np.log(np.maximum(model.predict(images, batch_size=1000, verbose=0), 1e-37))
        for images, _ in validation
    ]
    labels = [labels for _, labels in validation]
    temperature = max(SHARPEST, CAUTION * fit_temperature([z[:, :10] for z in logits], labels))
    kernel, bias = (weights / temperature for weights in model.layers[-1].get_weights())
    if len(bias) == 11:
        # A digit is rejected below log odds of 0. Shifted by the lowest cutoff, that is the rate
        # of one set and less of the others
        cutoffs = [
            np.quantile(_log_odds(z / temperature), REJECTION_RATE, method="lower") for z in logits
        ]
        bias[10] += min(cutoffs) - MARGIN
    model.layers[-1].set_weights([kernel, bias])


def fit_temperature(logits: Sequence[FloatArray], labels: Sequence[IntArray]) -> float:
    """The temperature, 0.25 to 8, that minimises the mean of the sets' mean cross-entropies.

    Each set is logits (N, 10), up to a constant in each row, and labels (N,).
    """
    losses = [
        np.mean([_cross_entropy(z / t, y) for z, y in zip(logits, labels, strict=True)])
        for t in TEMPERATURES
    ]
    return float(TEMPERATURES[np.argmin(losses)])


def _cross_entropy(logits: FloatArray, labels: IntArray) -> float:
    likelihood = logits[np.arange(len(labels)), labels] - _log_sum(logits)
    return float(-likelihood.mean())


def _log_odds(logits: FloatArray) -> FloatArray:
    """The log odds (N,) that an image is any digit rather than none, from logits (N, 11)."""
    return _log_sum(logits[:, :10]) - logits[:, 10]


def _log_sum(logits: FloatArray) -> FloatArray:
    sums: FloatArray = np.logaddexp.reduce(logits, axis=1)
    return sums
