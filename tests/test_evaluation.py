import numpy as np
import pytest

from digitcanvas import Prediction
from digitcanvas.evaluation import evaluate_drawings, evaluate_images
from digitcanvas.strokes import Drawing
from tests.digits import DIGITS


class AlwaysThree:
    """91 % sure of a 3, whatever it is shown; it keeps the strokes."""

    def __init__(self):
        self.probabilities = np.full(10, 0.01)
        self.probabilities[3] = 0.91
        self.strokes = []

    def predict_batch(self, images):
        assert images.dtype == np.float32 and images.max() == 1
        return np.tile(self.probabilities, (len(images), 1))

    def predict_strokes(self, strokes):
        self.strokes.append(strokes)
        return Prediction(self.probabilities, np.zeros((28, 28)))


EXPECTED = {
    "accuracy": 0.75,
    "loss": pytest.approx(-(3 * np.log(0.91) + np.log(0.01)) / 4),
    "count": 4,
}


def test_images_are_measured():
    images = np.full((4, 28, 28), 255, np.uint8)
    assert evaluate_images(AlwaysThree(), images, np.array([3, 3, 3, 5])) == EXPECTED


def test_drawings_are_measured_as_placed_on_a_canvas():
    recognizer = AlwaysThree()
    large = [stroke * 10 for stroke in DIGITS[8]]
    drawings = [Drawing(large, label, writer=1) for label in (3, 3, 3, 5)]
    assert evaluate_drawings(recognizer, drawings) == EXPECTED
    for strokes in recognizer.strokes:
        points = np.concatenate(strokes)
        assert points.min() >= 0 and points.max() <= 280
