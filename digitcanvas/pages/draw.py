"""Draw: a digit drawn or a picture of one, and beside it what the network reads."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas

from digitcanvas import pictures
from digitcanvas.charts import probability_chart
from digitcanvas.recognizer import Prediction, Recognizer
from digitcanvas.strokes import strokes_from_canvas

CANVAS = 280
ANSWER = 380
"""Widths in pixels: side by side where both fit, one above the other on a phone."""

ENLARGE = 5


@st.fragment
def show(recognizer: Recognizer | None) -> None:
    """The page's drawing part: a stroke reruns this and nothing else."""
    st.header("Draw a digit", anchor=False)
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        left, right = st.container(width=CANVAS), st.container(width=ANSWER)
    with left:
        drawing, picture = st.tabs(["Draw", "Picture"], key="input", on_change="rerun")
        with drawing:
            json_data = _canvas()
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit",
                ["png", "jpg", "jpeg", "bmp", "webp"],
                key="picture",
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


def _canvas() -> dict | None:
    """The canvas and its Clear button. Gives the drawing as the canvas' JSON."""
    cleared = st.session_state.setdefault("cleared", {"times": 0, "drawing": None})
    result = st_canvas(
        stroke_width=st.session_state["pen_width"],
        stroke_color="#ffffff",
        background_color="#000000",
        width=CANVAS,
        height=CANVAS,
        initial_drawing={"objects": [], "cleared": cleared["times"]},
        key="canvas",
    )
    drawing = result.json_data
    st.button(
        "Clear",
        key="clear",
        icon=":material/delete:",
        on_click=_clear,
        args=(drawing,),
        width="stretch",
    )
    return None if drawing == cleared["drawing"] else drawing


def _clear(drawing: dict | None) -> None:
    """A changed initial drawing empties the canvas; until it says so, it still reports the old."""
    times = st.session_state["cleared"]["times"] + 1
    st.session_state["cleared"] = {"times": times, "drawing": drawing}


def _read_drawing(recognizer: Recognizer, json_data: dict | None) -> Prediction | None:
    strokes = strokes_from_canvas(json_data)
    return recognizer.predict_strokes(strokes) if strokes else None


def _read_picture(recognizer: Recognizer, file, tab) -> Prediction | None:
    if file is None:
        return None
    picture = pictures.read_picture(file.getvalue())
    tab.image(picture, width=CANVAS)
    return recognizer.predict_image(picture)


def _answer(prediction: Prediction | None, what: str) -> None:
    """The answer as text comes first: the browser paints it before the slower chart."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        with st.container(key="prediction", width="content"):
            if prediction is None:
                invitation = {
                    "drawing": "Draw a digit on the black square, and read the answer here.",
                    "picture": "Upload a picture of a digit, and read the answer here.",
                }
                st.markdown(invitation[what])
                return
            sure = prediction.probabilities.max()
            st.html(
                f'<div style="font-size: 6rem; line-height: 1">{prediction.digit}</div>'
                f"<div>{sure:.1%} sure</div>"
            )
        with st.container(key="model_view", width="content"):
            st.image(prediction.image.repeat(ENLARGE, 0).repeat(ENLARGE, 1), "what the network saw")
    st.plotly_chart(
        probability_chart(prediction.probabilities),
        key="probabilities",
        config={"displayModeBar": False},
    )
