import keras
import numpy as np
import pytest

from digitcanvas.learning.calibration import (
    CAUTION,
    REJECTION_RATE,
    SHARPEST,
    calibrate,
    fit_temperature,
)
from digitcanvas.reading.recognizer import ACCEPTED, split_softmax

pytestmark = pytest.mark.training


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def sample(count, scale=2.0, classes=10):
    """Logits, and digits drawn with the probabilities that they stand for."""
    rng = np.random.default_rng(count)
    logits = rng.normal(0, scale, (count, classes))
    labels = np.array([rng.choice(10, p=p) for p in softmax(logits[:, :10])])
    return logits, labels


def network(classes):
    """A network whose logits are its images' first pixels."""
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    model.set_weights([np.eye(784, classes), np.zeros(classes)])
    return model


def images(logits):
    pixels = np.zeros((len(logits), 784), np.float32)
    pixels[:, : logits.shape[1]] = logits
    return pixels.reshape(-1, 28, 28)


def judgement(model, logits):
    return split_softmax(model.predict(images(logits), verbose=0))


LOGITS, LABELS = sample(5_000)


def test_a_calibrated_network_has_a_temperature_of_one():
    assert fit_temperature([LOGITS], [LABELS]) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("factor", [0.5, 1.7, 6])
def test_the_temperature_is_proportional_to_the_logits(factor):
    logits, labels = LOGITS[:1000], LABELS[:1000]
    expected = factor * fit_temperature([logits], [labels])
    assert fit_temperature([logits * factor], [labels]) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("claim", "share"), [(4.0, 0.8), (2.0, 0.7), (1.0, 0.9)])
def test_the_temperature_of_two_classes_is_the_textbook_s(claim, share):
    """For two classes with logits `claim` apart, the sigmoid of claim / T is the share."""
    logits = np.full((100, 10), -1e4)
    logits[:, :2] = claim, 0
    labels = np.array([0] * round(100 * share) + [1] * round(100 * (1 - share)))
    expected = claim / np.log(share / (1 - share))
    assert fit_temperature([logits], [labels]) == pytest.approx(expected, rel=0.01)


def test_a_constant_added_to_a_row_of_logits_makes_no_difference():
    moved = LOGITS[:500] + np.linspace(-90, 90, 500)[:, np.newaxis]
    assert fit_temperature([moved], [LABELS[:500]]) == fit_temperature(
        [LOGITS[:500]], [LABELS[:500]]
    )


def test_each_set_counts_the_same_however_large():
    small, large = (LOGITS[:300] * 3, LABELS[:300]), (LOGITS[300:600], LABELS[300:600])
    once = fit_temperature(*zip(small, large, strict=True))
    often = (np.tile(large[0], (20, 1)), np.tile(large[1], 20))
    assert fit_temperature(*zip(small, often, strict=True)) == once
    assert fit_temperature([large[0]], [large[1]]) < once < fit_temperature([small[0]], [small[1]])


@pytest.mark.parametrize("classes", [10, 11])
def test_calibrating_divides_the_digits_logits_by_a_cautious_temperature(classes):
    logits, labels = sample(2000, classes=classes)
    model = network(classes)
    calibrate(model, [(images(logits * 2.5), labels)])
    temperature = fit_temperature([logits[:, :10] * 2.5], [labels])
    probabilities, _ = judgement(model, logits * 2.5)
    expected = softmax(logits[:, :10] * 2.5 / (temperature * CAUTION))
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert temperature == pytest.approx(2.5, rel=0.1)


@pytest.mark.parametrize("classes", [10, 11])
def test_no_prediction_changes(classes):
    logits, labels = sample(1000, scale=8, classes=classes)
    model = network(classes)
    before, _ = judgement(model, logits)
    calibrate(model, [(images(logits), labels)])
    after, _ = judgement(model, logits)
    np.testing.assert_array_equal(after.argmax(axis=1), before.argmax(axis=1))


@pytest.mark.parametrize("sizes", [(50,), (400, 1000), (1499,), (1000, 250, 350)])
@pytest.mark.parametrize("bias", [-20, 0, 20])
def test_at_most_the_rejection_rate_of_each_set_is_rejected_and_about_that_of_one(sizes, bias):
    """However much or little the network rejected before."""
    sets = []
    for number, size in enumerate(sizes):
        logits, labels = sample(size, classes=11)
        logits[:, 10] += bias + number
        sets.append((logits, labels))
    model = network(11)
    calibrate(model, [(images(logits), labels) for logits, labels in sets])
    shares = [(judgement(model, logits)[1] < ACCEPTED).mean() for logits, _ in sets]
    assert max(shares) <= REJECTION_RATE
    reach = max(share + 2 / size for share, size in zip(shares, sizes, strict=True))
    assert reach >= REJECTION_RATE


def test_certain_networks_are_calibrated_too():
    """Their other classes' probabilities are 0 in float32."""
    logits = np.full((200, 11), -500.0)
    labels = np.arange(200) % 10
    logits[np.arange(200), labels] = 500
    model = network(11)
    calibrate(model, [(images(logits), labels)])
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    probabilities, is_digit = judgement(model, logits)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), labels)
    assert (is_digit >= ACCEPTED).all()


def test_a_small_set_is_ignored_beside_a_large_one():
    """Even one that is misread and does not look like digits at all."""
    logits, labels = sample(1000, classes=11)
    bad = np.zeros((3, 11))
    bad[:, 10], bad[:, 0] = 30, 20
    alone, beside = network(11), network(11)
    calibrate(alone, [(images(logits), labels)])
    calibrate(beside, [(images(logits), labels), (images(bad), np.array([1, 2, 3]))])
    for ours, theirs in zip(alone.get_weights(), beside.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_network_without_errors_is_hardly_sharpened():
    logits = np.zeros((300, 10))
    labels = np.arange(300) % 10
    logits[np.arange(300), labels] = 3
    model = network(10)
    calibrate(model, [(images(logits), labels)])
    np.testing.assert_allclose(model.get_weights()[0], np.eye(784, 10) / SHARPEST, rtol=1e-6)
