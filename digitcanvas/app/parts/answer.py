"""The answer: the digit and how sure, what the network saw, and the ten probabilities."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

import cv2
import numpy as np
import streamlit as st

from digitcanvas.app.parts import plot
from digitcanvas.app.state import Key
from digitcanvas.drawing.arrays import Float32Array
from digitcanvas.figures.charts import comparison_chart, probability_chart
from digitcanvas.reading.recognizer import Prediction

SOFTMAX = (
    "Logits are the ten numbers that the network computes, one for each digit, here relative to "
    "the largest. Softmax turns them into probabilities: it raises e to the power of each and "
    "divides by the sum, so that they add up to 1."
)

VIEW, SMALL_VIEW = 140, 112
"""Sides of what the network saw, beside one answer and beside two: both fit a 375-pixel phone."""


def show(
    predictions: dict[str, Prediction],
    invitation: str,
    provisional: bool = False,
    pen_down: bool = False,
    trail: Sequence[int] = (),
) -> None:
    """The answers by their networks' labels, or an invitation, and below them the chart.

    All keep their place and size. A `provisional` answer never says that a drawing does not look
    like a digit: what becomes one often does not look like one at first. `trail` are the digits
    that the drawing has looked like.
    """
    compared = len(predictions) > 1
    with st.container(horizontal=True, vertical_alignment="center"):
        if not predictions:
            with st.container(key=Key.PREDICTION):
                st.html(_box(escape(invitation), "100%"))
        keys = [Key.PREDICTION, Key.COMPARISON]
        for key, (label, prediction) in zip(keys, predictions.items(), strict=False):
            with st.container(key=key, width="content"):
                st.html(_words(prediction, label if compared else "", provisional, pen_down))
        if predictions:
            first, *_ = predictions.values()
            with st.container(key=Key.MODEL_VIEW, width="content"):
                st.html(_view(first.image, SMALL_VIEW if compared else VIEW))
    with st.container(key=Key.TRAIL):
        words = " … ".join(map(str, trail)) if len(trail) > 1 else ""
        st.html(f'<div style="height: 1.5rem; opacity: 0.6">{words}</div>')
    plot.show(_chart(predictions, provisional), key=Key.PROBABILITIES)
    if (
        st.toggle("Show logits", key=Key.LOGITS, help=SOFTMAX, persist_state="session")
        and predictions
    ):
        label, prediction = next(iter(predictions.items()))
        _logits(label, prediction)


def _logits(label: str, prediction: Prediction) -> None:
    """Ten numbers, and what the softmax makes of them."""
    st.table(
        {
            "digit": [str(digit) for digit in range(10)],
            f"logit of {label}": [f"{logit:.2f}" for logit in prediction.logits],
            "probability": [f"{share * 100:.2f} %" for share in prediction.probabilities],
        }
    )


def _box(words: str, width: str, pen: str = "pen-up") -> str:
    """Words as HTML, in a box as high as the network's view."""
    style = f"width: {width}; height: 10.5rem; display: flex; flex-direction: column"
    return f'<div class="{pen}" style="{style}; justify-content: center">{words}</div>'


def _words(prediction: Prediction, label: str, provisional: bool, pen_down: bool) -> str:
    """The answer as HTML: the digit and how sure, or a rejection; and the network's label.

    If a provisional answer would be a rejection, the digit is pale instead.
    """
    if prediction.rejected and not provisional:
        size = "0.875rem" if label else "1.25rem"
        words = (
            f'<div style="font-size: {size}">This does not look like a digit '
            f"to me (nearest:&nbsp;{prediction.digit}).</div>"
        )
    else:
        pale = "; opacity: 0.3" if prediction.rejected else ""
        sure = "not sure yet" if prediction.rejected else f"{prediction.certainty} sure"
        words = (
            f'<div style="font-size: 6rem; line-height: 1{pale}">{prediction.digit}</div>'
            f"<div>{sure}</div>"
        )
    if label:
        words += f'<div style="overflow-wrap: anywhere"><b>{escape(label)}</b></div>'
    return _box(words, "6rem" if label else "10.5rem", "pen-down" if pen_down else "pen-up")


def _view(image: Float32Array, side: int) -> str:
    """What the network saw, (28, 28) in [0, 1], as HTML with the image inside."""
    _, png = cv2.imencode(".png", np.rint(image * 255).astype(np.uint8))
    source = f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"
    style = f"width: {side}px; height: {side}px; image-rendering: pixelated; border-radius: 0.5rem"
    words = "what the network saw"
    caption = f'<div style="font-size: 0.875rem; opacity: 0.6; text-align: center">{words}</div>'
    picture = f'<img src="{source}" alt="{words}" style="{style}">'
    return f'<div style="width: {side}px">{picture}{caption}</div>'


def _chart(predictions: dict[str, Prediction], provisional: bool) -> dict[str, Any]:
    probabilities = {label: prediction.probabilities for label, prediction in predictions.items()}
    if len(predictions) > 1:
        return comparison_chart(probabilities)
    if not predictions:
        return probability_chart(np.zeros(10, np.float32))
    (prediction,) = predictions.values()
    return probability_chart(prediction.probabilities, prediction.rejected and not provisional)
