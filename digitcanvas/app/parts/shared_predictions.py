"""What each network makes of MNIST's test digits, read once for all sessions."""

from weakref import WeakKeyDictionary

import streamlit as st

from digitcanvas.data.mnist import Mnist
from digitcanvas.reading.evaluation import Predictions, predict_images
from digitcanvas.reading.recognizer import Recognizer

_predictions: WeakKeyDictionary[Recognizer, tuple[str, Predictions]] = WeakKeyDictionary()
"""By recognizer: the hash of the digits that it has read, and what it made of them."""


def load(label: str, recognizer: Recognizer, mnist: Mnist) -> Predictions:
    """The network's predictions; a bar shows how far it is if it reads these digits first."""
    sha256, predictions = _predictions.get(recognizer, (None, None))
    if predictions is None or sha256 != mnist.sha256:
        bar = st.progress(0.0, f"{label} is reading the test digits …")

        def show_progress(share: float) -> None:
            bar.progress(share)

        predictions = predict_images(recognizer, mnist.x_test, mnist.y_test, show_progress)
        bar.empty()
        _predictions[recognizer] = mnist.sha256, predictions
    return predictions
