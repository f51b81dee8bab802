import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas import Prediction
from digitcanvas.data.mnist import load_sample
from digitcanvas.data.pen import PenDigits
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading.evaluation import (
    BINS,
    OUTCOMES,
    REPORT_EVERY,
    Predictions,
    compute_metrics,
    evaluate,
    evaluate_drawings,
    expected_calibration_error,
    predict_images,
    wilson_interval,
)
from tests.data.test_mnist_and_pen import DRAWINGS
from tests.digits import DIGITS


class AlwaysThree:
    """91 % sure of a 3 for any image, and rejects every third image.

    It keeps the strokes.
    """

    def __init__(self):
        self.probabilities = np.full(10, 0.01)
        self.probabilities[3] = 0.91
        self.strokes = []

    def classify_batch(self, images):
        assert images.dtype == np.float32 and images.max() == 1
        is_digit = np.where(np.arange(len(images)) % 3 == 2, 0.49, 0.5)
        return np.tile(self.probabilities, (len(images), 1)), is_digit

    def predict_strokes(self, strokes):
        self.strokes.append(strokes)
        is_digit = 0.49 if len(self.strokes) % 3 == 0 else 0.5
        return Prediction(self.probabilities, np.zeros((28, 28)), is_digit)


LABELS = [3, 3, 3, 5]
EXPECTED = {
    "accuracy": 0.75,
    "interval": pytest.approx([0.3006, 0.9544], abs=1e-4),
    "loss": pytest.approx(-(3 * np.log(0.91) + np.log(0.01)) / 4),
    "count": 4,
    "expected_calibration_error": pytest.approx(0.16),
    "confidence_when_wrong": pytest.approx(0.91),
    "rejected": 0.25,
    "used": 0.5,
    "accuracy_by_digit": [None, None, None, 1.0, None, 0.0, None, None, None, None],
    "confusion": [
        [{(3, 3): 3, (5, 3): 1}.get((true, read), 0) for read in range(10)] for true in range(10)
    ],
}


def test_images_are_measured():
    images = np.full((4, 28, 28), 255, np.uint8)
    assert predict_images(AlwaysThree(), images, np.array(LABELS, np.uint8)).metrics == EXPECTED


def test_drawings_are_measured_as_placed_on_a_canvas():
    recognizer = AlwaysThree()
    large = [stroke * 10 for stroke in DIGITS[8]]
    drawings = [Drawing(large, label, writer=1) for label in LABELS]
    assert evaluate_drawings(recognizer, drawings) == EXPECTED
    for strokes in recognizer.strokes:
        points = np.concatenate(strokes)
        assert points.min() >= 0 and points.max() <= 280


def test_the_seed_decides_where_drawings_are_placed():
    placed = []
    for seed in (0, 0, 1):
        recognizer = AlwaysThree()
        evaluate_drawings(recognizer, DRAWINGS, seed=seed)
        placed.append(np.concatenate([np.concatenate(strokes) for strokes in recognizer.strokes]))
    np.testing.assert_array_equal(placed[0], placed[1])
    assert not np.allclose(placed[0], placed[2])


def test_the_test_digits_and_any_validation_drawings_are_measured():
    mnist = load_sample()
    assert list(evaluate(AlwaysThree(), mnist, None)) == ["test"]
    metrics = evaluate(AlwaysThree(), mnist, PenDigits(DRAWINGS, DRAWINGS[3:5], ""))
    assert metrics["test"]["data"] == mnist.test_set and metrics["test"]["count"] == 1000
    assert metrics["pen"]["data"] and metrics["pen"]["count"] == 2
    assert (metrics["test"]["accuracy"], metrics["pen"]["accuracy"]) == (0.1, 0.5)


def test_without_errors_there_is_no_confidence_when_wrong():
    metrics = compute_metrics(np.eye(10), np.ones(10), np.arange(10))
    assert metrics["accuracy"] == 1 and metrics["confidence_when_wrong"] is None
    assert metrics["loss"] == 0 and metrics["expected_calibration_error"] == 0
    assert metrics["confusion"] == np.eye(10).tolist()


def test_confidence_when_wrong_is_that_of_the_wrong_readings_alone():
    probabilities = np.full((3, 10), 0.01)
    probabilities[range(3), [0, 1, 2]] = [0.9, 0.5, 0.7]
    metrics = compute_metrics(probabilities, np.ones(3), np.array([0, 8, 8]))
    assert metrics["confidence_when_wrong"] == pytest.approx(0.6)


def test_the_loss_of_certain_errors_is_finite():
    metrics = compute_metrics(np.eye(10), np.zeros(10), (np.arange(10) + 1) % 10)
    assert metrics["loss"] == pytest.approx(-np.log(1e-7)) and metrics["rejected"] == 1
    assert metrics["expected_calibration_error"] == metrics["confidence_when_wrong"] == 1
    assert metrics["confusion"][2] == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("right", "count", "expected"),
    [
        (0, 10, [0, 0.2775]),
        (5, 10, [0.2366, 0.7634]),
        (10, 10, [0.7225, 1]),
        (1, 1, [0.2065, 1]),
        (9949, 10_000, [0.9933, 0.9961]),
    ],
)
def test_the_interval_is_wilson_s(right, count, expected):
    assert wilson_interval(right, count) == pytest.approx(expected, abs=5e-5)


COUNTS = st.integers(1, 100_000).flatmap(
    lambda count: st.tuples(st.integers(0, count), st.just(count))
)


@given(COUNTS)
def test_the_interval_s_ends_are_1_96_deviations_from_the_share(counts):
    """Wilson's definition: the observed share is 1.96 deviations from the true share p."""
    right, count = counts
    low, high = wilson_interval(right, count)
    assert 0 <= low < high <= 1
    for p, side in ((low, 1), (high, -1)):
        deviation = np.sqrt(p * (1 - p) / count)
        assert side * (right / count - p) == pytest.approx(1.96 * deviation, abs=1e-7)


@given(COUNTS)
def test_the_interval_of_the_errors_mirrors_that_of_the_accuracy(counts):
    right, count = counts
    low, high = wilson_interval(count - right, count)
    assert wilson_interval(right, count) == pytest.approx([1 - high, 1 - low])


def test_the_gap_between_confidence_and_accuracy_is_weighed_by_count():
    """Bins end at multiples of 1/15: 0.61 and 0.65 share one, 0.95 and 1.0 another."""
    confidence = np.array([0.61, 0.65, 0.95, 1.0, 1.0])
    right = np.array([False, True, True, True, False])
    expected = (abs(1 - 1.26) + abs(2 - 2.95)) / 5
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)


def test_confidence_equal_to_accuracy_is_no_calibration_error():
    confidence = np.repeat([0.25, 0.5, 0.75, 1.0], 4)
    right = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], bool)
    assert expected_calibration_error(confidence, right) == pytest.approx(0)


def test_too_much_confidence_in_one_bin_is_not_offset_by_another():
    confidence, right = np.array([0.5] * 2 + [0.9] * 2), np.array([True, True, False, True])
    assert expected_calibration_error(confidence, right) == pytest.approx((1 + 0.8) / 4)


READINGS = st.lists(
    st.tuples(st.integers(0, BINS - 1), st.floats(0.1, 0.9), st.booleans()), min_size=1
)


@given(READINGS)
def test_the_calibration_error_is_the_textbook_s(readings):
    """A sum over 15 bins of their share times the gap of their means."""
    bins, positions, right = map(np.array, zip(*readings, strict=True))
    confidence = (bins + positions) / 15
    expected = sum(
        np.mean(bins == b) * abs(right[bins == b].mean() - confidence[bins == b].mean())
        for b in set(bins)
    )
    assert expected_calibration_error(confidence, right) == pytest.approx(expected)


@st.composite
def readings(draw, least=0):
    """Predictions for up to 60 images, some with exactly the same certainty."""
    count = draw(st.integers(least, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    powers = rng.integers(1, 6, (count, 10)).astype(np.float32)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return Predictions(
        probabilities,
        rng.random(count, np.float32),
        rng.integers(0, draw(st.integers(1, 10)), count).astype(np.uint8),
    )


chosen = st.none() | st.integers(0, 9)


@given(readings(), st.sampled_from(OUTCOMES), chosen, chosen)
def test_a_selection_holds_every_image_asked_for_and_no_other(readings, outcome, true, read):
    expected = [
        index
        for index, label in enumerate(readings.labels)
        for answer in [np.argmax(readings.probabilities[index])]
        if outcome == "all" or (outcome == "right") == (answer == label)
        if true is None or label == true
        if read is None or answer == read
    ]
    assert sorted(readings.select(outcome, true, read)) == expected


@given(readings(), st.sampled_from(OUTCOMES), chosen, chosen)
def test_a_selection_starts_with_the_surest_image_and_ties_keep_their_order(
    readings, outcome, true, read
):
    indices = readings.select(outcome, true, read)
    order = [(-readings.probabilities[index].max(), index) for index in indices]
    assert order == sorted(order)


@given(readings(), chosen, chosen)
def test_right_and_wrong_together_are_all(readings, true, read):
    right, wrong, every = (set(readings.select(o, true, read)) for o in ("right", "wrong", "all"))
    assert right | wrong == every and not right & wrong


@given(readings(least=1))
def test_the_sizes_of_selections_are_the_confusion_matrix(readings):
    counts = [[len(readings.select("all", t, r)) for r in range(10)] for t in range(10)]
    assert counts == readings.metrics["confusion"]
    assert len(readings.select("wrong")) == len(readings.labels) - np.trace(counts)


@given(readings(least=1))
def test_predictions_have_the_metrics_of_their_arrays(readings):
    expected = compute_metrics(readings.probabilities, readings.is_digit, readings.labels)
    assert readings.metrics == expected
    assert readings.metrics["accuracy"] == (readings.predicted == readings.labels).mean()


def test_another_outcome_is_refused():
    with pytest.raises(KeyError):
        Predictions(np.eye(10), np.ones(10), np.arange(10)).select("doubtful")


@pytest.mark.parametrize(
    "count", [1, REPORT_EVERY - 1, REPORT_EVERY, REPORT_EVERY + 1, 2 * REPORT_EVERY + 700]
)
def test_images_are_read_in_parts_and_progress_is_reported(count):
    class Dim:
        """Sees nothing but the first pixel."""

        def classify_batch(self, images):
            assert len(images) <= REPORT_EVERY
            first = np.rint(images[:, 0, 0] * 255).astype(int)
            return np.eye(10, dtype=np.float32)[first % 10], images[:, 0, 0]

    images = np.zeros((count, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(count) % 251
    shares = []
    found = predict_images(Dim(), images, np.arange(count) % 10, shares.append)
    assert shares == sorted(set(shares)) and shares[-1] == 1 and shares[0] > 0
    assert len(shares) == -(-count // REPORT_EVERY)
    np.testing.assert_array_equal(found.predicted, np.arange(count) % 251 % 10)
    np.testing.assert_allclose(found.is_digit, np.arange(count) % 251 / 255, atol=1e-6)


def test_parts_are_read_as_one_batch_is(recognizer):
    mnist = load_sample()
    found = predict_images(recognizer, mnist.x_train[::3], mnist.y_train[::3])
    probabilities, is_digit = recognizer.classify_batch(mnist.x_train[::3].astype(np.float32) / 255)
    np.testing.assert_allclose(found.probabilities, probabilities, atol=1e-5)
    np.testing.assert_allclose(found.is_digit, is_digit, atol=1e-5)
    np.testing.assert_array_equal(found.labels, mnist.y_train[::3])
    assert found.metrics["accuracy"] > 0.98
