"""Draw: a digit drawn or a picture of one, and beside it what the network reads."""

import base64
from collections.abc import Sequence
from html import escape

import cv2
import numpy as np
import streamlit as st

from digitcanvas import pictures
from digitcanvas.charts import comparison_chart, probability_chart
from digitcanvas.pages import canvas, companion, plot
from digitcanvas.pages.companion import LiveStroke
from digitcanvas.recognizer import Prediction, Recognizer
from digitcanvas.strokes import strokes_from_canvas

ANSWER = 392
"""The answer's width in pixels: beside the canvas where it fits, below it on a phone."""

SUFFIXES = ["png", "jpg", "jpeg", "bmp", "webp"]
VIEW = 140
"""The side, in pixels, of what the network saw."""

TRAIL = 8
"""Digits of the trail: more do not fit beside each other."""


@st.fragment
def show(readers: dict[str, Recognizer]) -> None:
    """The page's drawing part: a stroke reruns this and nothing else.

    Of the readers, by label, the first answers; a second is compared with it.
    """
    st.header("Draw a digit", anchor=False)
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        left, right = st.container(width=canvas.SIDE), st.container(width=ANSWER)
    with left:
        drawing, picture = st.tabs(["Draw", "Picture"], key="input", on_change="rerun")
        with drawing:
            objects = canvas.show(st.session_state["pen_width"])
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit", SUFFIXES, key="picture"
            )
    with right:
        if not readers:
            st.error("No network can be used. Restore `models/`, then reload the page.")
        elif picture.open:
            _read_picture(readers, file, picture)
        else:
            _read_along(readers, objects)


def _read_picture(readers: dict[str, Recognizer], file, tab) -> None:
    predictions = {}
    try:
        if file is not None:
            picture = pictures.read_picture(file.getvalue())
            tab.image(picture, width=canvas.SIDE)
            predictions = {
                label: reader.predict_image(picture) for label, reader in readers.items()
            }
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
        return
    _answer(predictions, "Upload a picture of a digit, and read the answer here.")


@st.fragment
def _read_along(readers: dict[str, Recognizer], objects: list) -> None:
    """Read what the canvas holds and what is being drawn: a part of a stroke reruns only this."""
    answer = st.container()
    try:
        committed = strokes_from_canvas({"objects": objects})
        live = canvas.history().live(committed)
        strokes = committed + strokes_from_canvas({"objects": canvas.as_objects(live)})
        predictions = {}
        if strokes:
            predictions = {
                label: reader.predict_strokes(strokes) for label, reader in readers.items()
            }
        with answer:
            invitation = "Draw a digit on the black square, and read the answer here."
            _answer(predictions, invitation, live)
    except ValueError as error:
        answer.error(str(error), icon=":material/warning:")
    companion.listen(canvas.history().settled)


def _answer(
    predictions: dict[str, Prediction], invitation: str, live: Sequence[LiveStroke] = ()
) -> None:
    """The answers, or an invitation, in the same place and size; below them the chart."""
    compared = len(predictions) > 1
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if not predictions:
            with st.container(key="prediction"):
                st.html(_box(escape(invitation), "100%"))
        keys = ["prediction", "comparison"]
        for key, (label, prediction) in zip(keys, predictions.items(), strict=False):
            with st.container(key=key, width="content"):
                st.html(_words(prediction, label if compared else "", live))
        for prediction in [*predictions.values()][:1]:
            with st.container(key="model_view", width="content"):
                st.html(_view(prediction.image))
    _trail(predictions)
    plot.show(_chart(predictions, live), key="probabilities")


def _box(words: str, width: str, pen: str = "pen-up") -> str:
    """Words in a box as high as the network's view, however few they are."""
    style = f"width: {width}; height: 10.5rem; display: flex; flex-direction: column"
    return f'<div class="{pen}" style="{style}; justify-content: center">{words}</div>'


def _words(prediction: Prediction, label: str, live: Sequence[LiveStroke]) -> str:
    """The answer as HTML: the digit and how sure, or that it is none; and who says so.

    Much that becomes a digit is none yet: until the drawing rests, the digit is only pale.
    """
    if prediction.rejected and not live:
        size = "1rem" if label else "1.25rem"
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
        words += f"<div><b>{escape(label)}</b></div>"
    pen = "pen-up" if all(stroke.lifted for stroke in live) else "pen-down"
    return _box(words, "6.5rem" if label else "10.5rem", pen)


def _view(image: np.ndarray) -> str:
    """What the network saw, (28, 28) in [0, 1], as HTML that the browser need not fetch."""
    _, png = cv2.imencode(".png", np.rint(image * 255).astype(np.uint8))
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    style = f"width: {VIEW}px; height: {VIEW}px; image-rendering: pixelated; border-radius: 0.5rem"
    words = "what the network saw"
    caption = f'<div style="font-size: 0.875rem; opacity: 0.6; text-align: center">{words}</div>'
    return f'<img src="{source}" alt="{words}" style="{style}">{caption}'


def _trail(predictions: dict[str, Prediction]) -> None:
    """The digits that the drawing looked like on its way: how the network changed its mind."""
    label, prediction = next(iter(predictions.items()), (None, None))
    of, digits = st.session_state.get("trail", (None, []))
    if of != label:
        digits = []
    if prediction and not prediction.rejected and digits[-1:] != [prediction.digit]:
        digits = [*digits, prediction.digit][-TRAIL:]
    st.session_state["trail"] = label, digits
    words = " … ".join(map(str, digits)) if len(digits) > 1 else ""
    with st.container(key="trail"):
        st.html(f'<div style="height: 1.5rem; opacity: 0.6">{words}</div>')


def _chart(predictions: dict[str, Prediction], live: Sequence[LiveStroke]) -> dict:
    probabilities = {label: prediction.probabilities for label, prediction in predictions.items()}
    if len(predictions) > 1:
        return comparison_chart(probabilities)
    if not predictions:
        return probability_chart(np.zeros(10))
    (prediction,) = predictions.values()
    return probability_chart(prediction.probabilities, prediction.rejected and not live)
