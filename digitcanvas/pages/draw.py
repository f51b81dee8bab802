"""Draw: a digit drawn or a picture of one, and beside it what the network reads."""

import time
from html import escape

import streamlit as st

from digitcanvas import pictures
from digitcanvas.charts import comparison_chart, probability_chart
from digitcanvas.pages import canvas
from digitcanvas.recognizer import Prediction, Recognizer
from digitcanvas.strokes import strokes_from_canvas

ANSWER = 392
"""The answer's width in pixels: beside the canvas where it fits, below it on a phone."""

SUFFIXES = ["png", "jpg", "jpeg", "bmp", "webp"]
ENLARGE = 10
"""Twice what is shown, so that the pixels are crisp on a phone's dense screen too."""

PAINT = 0.02
"""Seconds in which the browser paints the answer, before it is busy with the chart."""


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
            json_data = canvas.show(st.session_state["pen_width"])
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit", SUFFIXES, key="picture"
            )
    with right:
        if not readers:
            st.error("No network can be used. Restore `models/`, then reload the page.")
            return
        try:
            if picture.open:
                invitation = "Upload a picture of a digit, and read the answer here."
                predictions = _read_picture(readers, file, picture)
            else:
                invitation = "Draw a digit on the black square, and read the answer here."
                predictions = _read_drawing(readers, json_data)
        except ValueError as error:
            st.error(str(error), icon=":material/warning:")
            return
        if predictions:
            _answer(predictions)
        else:
            st.container(key="prediction").markdown(invitation)


def _read_drawing(readers: dict[str, Recognizer], json_data: dict | None) -> dict[str, Prediction]:
    strokes = strokes_from_canvas(json_data)
    if not strokes:
        return {}
    return {label: reader.predict_strokes(strokes) for label, reader in readers.items()}


def _read_picture(readers: dict[str, Recognizer], file, tab) -> dict[str, Prediction]:
    if file is None:
        return {}
    picture = pictures.read_picture(file.getvalue())
    tab.image(picture, width=canvas.SIDE)
    return {label: reader.predict_image(picture) for label, reader in readers.items()}


def _answer(predictions: dict[str, Prediction]) -> None:
    """The answer as text, with a head start on the slower picture and chart."""
    (label, prediction), *others = predictions.items()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key="prediction", width="content"):
            st.html(_words(prediction, label if others else ""))
        for rival, compared in others:
            with st.container(key="comparison", width="content"):
                st.html(_words(compared, rival))
        time.sleep(PAINT)
        with st.container(key="model_view", width="content"):
            pixels = prediction.image.repeat(ENLARGE, axis=0).repeat(ENLARGE, axis=1)
            st.image(pixels, "what the network saw", width=28 * ENLARGE // 2)
    if others:
        figure = comparison_chart({name: p.probabilities for name, p in predictions.items()})
    else:
        figure = probability_chart(prediction.probabilities, prediction.rejected)
    st.plotly_chart(figure, key="probabilities", config={"displayModeBar": False})


def _words(prediction: Prediction, label: str) -> str:
    """The answer as HTML: the digit and how sure, or that it is none; and who says so."""
    if prediction.rejected:
        words = (
            '<div style="font-size: 1.25rem; max-width: 10.5rem">This does not look like a digit '
            f"to me (nearest:&nbsp;{prediction.digit}).</div>"
        )
    else:
        words = (
            f'<div style="font-size: 6rem; line-height: 1">{prediction.digit}</div>'
            f"<div>{prediction.certainty} sure</div>"
        )
    return f"{words}<div><b>{escape(label)}</b></div>" if label else words
