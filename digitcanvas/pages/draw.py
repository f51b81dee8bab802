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
ENLARGE = 5

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
            prediction = (
                _read_picture(recognizer, file, picture)
                if picture.open
                else _read_drawing(recognizer, json_data)
            )
        except ValueError as error:
            st.error(str(error), icon=":material/warning:")
            return
        _answer(prediction, "picture" if picture.open else "drawing")


def _read_drawing(recognizer: Recognizer, json_data: dict | None) -> Prediction | None:
    strokes = strokes_from_canvas(json_data)
    return recognizer.predict_strokes(strokes) if strokes else None


def _read_picture(recognizer: Recognizer, file, tab) -> Prediction | None:
    if file is None:
        return None
    picture = pictures.read_picture(file.getvalue())
    tab.image(picture, width=canvas.SIDE)
    return recognizer.predict_image(picture)


def _answer(prediction: Prediction | None, what: str) -> None:
    """The answer as text, with a head start on the slower picture and chart."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key="prediction", width="content"):
            if prediction is None:
                invitation = {
                    "drawing": "Draw a digit on the black square, and read the answer here.",
                    "picture": "Upload a picture of a digit, and read the answer here.",
                }
                st.markdown(invitation[what])
                return
            st.html(
                f'<div style="font-size: 6rem; line-height: 1">{prediction.digit}</div>'
                f"<div>{prediction.certainty} sure</div>"
            )
        time.sleep(PAINT)
        with st.container(key="model_view", width="content"):
            st.image(prediction.image.repeat(ENLARGE, 0).repeat(ENLARGE, 1), "what the network saw")
    st.plotly_chart(
        probability_chart(prediction.probabilities),
        key="probabilities",
        config={"displayModeBar": False},
    )
