"""Draw: a canvas or a picture, and beside it what the network reads."""

from io import BytesIO
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digitcanvas.app import state
from digitcanvas.app.canvas import canvas, companion
from digitcanvas.app.parts import answer, run_panel
from digitcanvas.app.state import Key
from digitcanvas.drawing import pictures
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.reading.recognizer import Prediction, Recognizer

ANSWER = 392
"""Width in pixels: beside the canvas if the window is wide enough, else below it."""

SUFFIXES = ["png", "jpg", "jpeg", "bmp", "webp"]

CENTRING = (
    "MNIST's digits are centred, and networks that learned from them know no others, so your "
    "drawing is moved and scaled as they were. Switch this off, draw a 1 at the edge, and see what "
    "happens."
)

TRAIL = 8
"""The most digits in the trail: more do not fit on its line."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The first of the recognizers, by label, answers; a second is compared with it."""
    _draw(recognizers)
    run_panel.show(is_stale=canvas.missed_a_press)


@st.fragment
def _draw(recognizers: dict[str, Recognizer]) -> None:
    """The page's drawing part: a stroke reruns this and nothing else."""
    st.header("Draw a digit", anchor=False)
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        left, right = st.container(width=CANVAS), st.container(width=ANSWER)
    with left:
        drawing, picture = st.tabs(["Draw", "Picture"], key=Key.INPUT, on_change="rerun")
        with drawing:
            objects = canvas.show(st.session_state[Key.PEN_WIDTH])
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit", SUFFIXES, key=Key.PICTURE
            )
        centred = st.toggle(
            "Centre the digit", True, key=Key.CENTRED, help=CENTRING, persist_state="session"
        )
    with right:
        if not recognizers:
            st.error("No network can be used. Restore `models/`, then reload the page.")
        elif picture.open:
            _read_picture(recognizers, file, picture, centred)
        else:
            _read_drawing(recognizers, objects, centred)


def _read_picture(
    recognizers: dict[str, Recognizer], file: BytesIO | None, tab: DeltaGenerator, centred: bool
) -> None:
    predictions = {}
    try:
        if file is not None:
            picture = pictures.read_picture(file.getvalue())
            tab.image(picture, width=CANVAS)
            for label, recognizer in recognizers.items():
                predictions[label] = recognizer.predict_image(picture, centred)
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
        return
    answer.show(predictions, "Upload a picture of a digit to see the answer here.")


@st.fragment
def _read_drawing(
    recognizers: dict[str, Recognizer], objects: list[dict[str, Any]], centred: bool
) -> None:
    """Read what the canvas holds and what is being drawn: the companion reruns only this."""
    container = st.container()
    history = canvas.history()
    try:
        committed = strokes_from_canvas({"objects": objects})
        live = history.live(committed)
        drawn = canvas.as_objects(live)
        history.shown = objects + drawn
        strokes = committed + strokes_from_canvas({"objects": drawn})
        predictions = {}
        if strokes:
            for label, recognizer in recognizers.items():
                predictions[label] = recognizer.predict_strokes(strokes, centred)
        with container:
            invitation = "Draw a digit on the black square to see the answer here."
            answer.show(
                predictions,
                invitation,
                provisional=bool(live),
                pen_down=not all(stroke.lifted for stroke in live),
                trail=_extend_trail(predictions),
            )
    except ValueError as error:
        container.error(str(error), icon=":material/warning:")
    companion.listen(history.confirmed)


def _extend_trail(predictions: dict[str, Prediction]) -> list[int]:
    """The digits that this drawing has looked like to the first network, in that order."""
    session = state.session()
    label, prediction = next(iter(predictions.items()), (None, None))
    reader, digits = session.trail
    if reader != label:
        digits = []
    if prediction and not prediction.rejected and digits[-1:] != [prediction.digit]:
        digits = [*digits, prediction.digit][-TRAIL:]
    session.trail = label, digits
    return digits
