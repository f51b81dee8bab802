"""Hands of all kinds of networks, as Keras builds and exports them."""

import numpy as np
import pytest

from digitcanvas import Recognizer, fit_hand
from digitcanvas.data.mnist import load_sample
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning.keras_networks import build
from digitcanvas.runs.recipes import RECIPES
from tests.digits import DIGITS

pytestmark = pytest.mark.training

TOLD = [Drawing(strokes, digit, writer=1) for digit, strokes in DIGITS.items()]


@pytest.mark.parametrize(
    ("name", "bias"), [("quick", 0), ("cnn-28", 0.1), ("tiny-raw", 0.1), ("mlp-10-10", 0.1)]
)
def test_every_kind_of_network_learns_a_hand(tmp_path, name, bias):
    """A bias of zeros is not in the file. Layers of ten neurons look like the last one."""
    model = build(RECIPES[name])
    kernel, zeros = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, np.random.default_rng(0).normal(0, bias, zeros.shape)])
    model.export(tmp_path / "model.tflite", format="litert", verbose=False)
    recognizer = Recognizer((tmp_path / "model.tflite").read_bytes())
    came = recognizer.last_layer.served
    np.testing.assert_array_equal(came.kernel, kernel.T)
    images = np.divide(load_sample().x_test[::10], 255, dtype=np.float32)
    read = came.probabilities(recognizer.last_layer.features(images))
    np.testing.assert_allclose(read[:, :10].argmax(1), recognizer.predict_batch(images).argmax(1))
    hand = fit_hand(recognizer, TOLD)
    reader = recognizer.with_hand(hand)
    assert len(hand.bias) == RECIPES[name].classes
    before, after = (
        sum(one.predict_strokes(drawing.strokes).digit == drawing.label for drawing in TOLD)
        for one in (recognizer, reader)
    )
    assert after > before or name == "tiny-raw"  # four features of random weights tell few apart
