"""Draw: a digit drawn or a picture of one, and beside it what the network reads."""

import time

import streamlit as st

from digitcanvas import pictures
from digitcanvas.charts import probability_chart
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
def show(recognizer: Recognizer | None) -> None:
    """The page's drawing part: a stroke reruns this and nothing else."""
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
        if recognizer is None:
            st.error("No network can be used. Restore `models/`, then reload the page.")
            return
        try:
            if picture.open:
                invitation = "Upload a picture of a digit, and read the answer here."
                prediction = _read_picture(recognizer, file, picture)
            else:
                invitation = "Draw a digit on the black square, and read the answer here."
                prediction = _read_drawing(recognizer, json_data)
        except ValueError as error:
            st.error(str(error), icon=":material/warning:")
            return
        if prediction is None:
            st.container(key="prediction").markdown(invitation)
        else:
            _answer(prediction)


def _read_drawing(recognizer: Recognizer, json_data: dict | None) -> Prediction | None:
    strokes = strokes_from_canvas(json_data)
    return recognizer.predict_strokes(strokes) if strokes else None


def _read_picture(recognizer: Recognizer, file, tab) -> Prediction | None:
    if file is None:
        return None
    picture = pictures.read_picture(file.getvalue())
    tab.image(picture, width=canvas.SIDE)
    return recognizer.predict_image(picture)


def _answer(prediction: Prediction) -> None:
    """The answer as text, with a head start on the slower picture and chart."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key="prediction", width="content"):
            st.html(_words(prediction))
        time.sleep(PAINT)
        with st.container(key="model_view", width="content"):
            pixels = prediction.image.repeat(ENLARGE, axis=0).repeat(ENLARGE, axis=1)
            st.image(pixels, "what the network saw", width=28 * ENLARGE // 2)
    st.plotly_chart(
        probability_chart(prediction.probabilities, prediction.rejected),
        key="probabilities",
        config={"displayModeBar": False},
    )


def _words(prediction: Prediction) -> str:
    """The answer as HTML: the digit and how sure, or that it is none."""
    if prediction.rejected:
        return (
            '<div style="font-size: 1.25rem; max-width: 10.5rem">This does not look like a digit '
            f"to me (nearest:&nbsp;{prediction.digit}).</div>"
        )
    return (
        f'<div style="font-size: 6rem; line-height: 1">{prediction.digit}</div>'
        f"<div>{prediction.certainty} sure</div>"
    )
