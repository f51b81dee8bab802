"""What each network makes of the digits that it is measured on, read once for all sessions."""

from weakref import WeakKeyDictionary

import streamlit as st

from digitcanvas.reading.digit_sets import DigitSet
from digitcanvas.reading.evaluation import Predictions, predict_images
from digitcanvas.reading.recognizer import Recognizer

SETS = 3
"""The sets of digits whose predictions are remembered: MNIST's, and some rooms'."""

_predictions: WeakKeyDictionary[Recognizer, dict[str, Predictions]] = WeakKeyDictionary()
"""By recognizer: what it made of the digits with this hash, the newest last."""


def load(label: str, recognizer: Recognizer, digits: DigitSet) -> Predictions:
    """The network's predictions; a bar shows how far it is if it reads these digits first."""
    known = _predictions.get(recognizer, {})
    predictions = known.get(digits.sha256)
    if predictions is None:
        bar = st.progress(0.0, f"{label} is reading the {digits.one}s …")

        def show_progress(share: float) -> None:
            bar.progress(share)

        predictions = predict_images(recognizer, digits.images, digits.labels, show_progress)
        bar.empty()
        newest = [*known.items(), (digits.sha256, predictions)][-SETS:]
        _predictions[recognizer] = dict(newest)
    return predictions
