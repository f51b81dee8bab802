"""How good a recognizer is, on images and on drawings."""

from collections.abc import Sequence

import numpy as np

from digitcanvas.datasets import Mnist, PenDigits, place_at_random
from digitcanvas.recognizer import Recognizer
from digitcanvas.strokes import Drawing


def evaluate(recognizer: Recognizer, mnist: Mnist, pen: PenDigits | None) -> dict[str, dict]:
    """Measure on the test digits ("test") and on the writers kept out of training ("pen")."""
    test = evaluate_images(recognizer, mnist.x_test, mnist.y_test)
    metrics = {"test": {"data": mnist.test_set} | test}
    if pen:
        metrics["pen"] = {"data": "drawings by writers kept out"} | evaluate_drawings(
            recognizer, pen.validation
        )
    return metrics


def evaluate_images(recognizer: Recognizer, images: np.ndarray, labels: np.ndarray) -> dict:
    """Measure on uint8 images (N, 28, 28), ink 255, with labels (N,).

    Gives the accuracy (0-1), the mean cross-entropy loss (nats) and the count.
    """
    probabilities = recognizer.predict_batch(images.astype(np.float32) / 255)
    return _metrics(probabilities, labels)


def evaluate_drawings(recognizer: Recognizer, drawings: Sequence[Drawing], seed: int = 0) -> dict:
    """Measure on drawings, each put at random on a 280-pixel canvas, 35-80 % of its side.

    Each is read by `predict_strokes`, as the app would. Gives the same as `evaluate_images`.
    """
    rng = np.random.default_rng(seed)
    probabilities = [
        recognizer.predict_strokes(place_at_random(drawing, rng).strokes).probabilities
        for drawing in drawings
    ]
    return _metrics(np.array(probabilities), np.array([drawing.label for drawing in drawings]))


def _metrics(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    chosen = probabilities[np.arange(len(labels)), labels]
    return {
        "accuracy": float((probabilities.argmax(axis=1) == labels).mean()),
        "loss": float(-np.log(np.maximum(chosen, 1e-7)).mean()),
        "count": len(labels),
    }
