"""Draw: a digit drawn or a picture of one, and beside it what the network reads."""

import streamlit as st

from digitcanvas.app.canvas import canvas, companion
from digitcanvas.app.parts import answer, run_panel
from digitcanvas.drawing import pictures
from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.reading.recognizer import Prediction, Recognizer

ANSWER = 392
"""The answer's width in pixels: beside the canvas where it fits, below it on a phone."""

SUFFIXES = ["png", "jpg", "jpeg", "bmp", "webp"]

CENTRING = (
    "MNIST's digits are centred, so a network knows no others: what is drawn is moved and scaled "
    "as they were. Switch that off, draw a 1 at the edge, and see."
)

TRAIL = 8
"""Digits of the trail: more do not fit beside each other."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. Of the recognizers, by label, the first answers; a second is compared with it."""
    _draw(recognizers)
    run_panel.show(is_stale=canvas.missed_a_press)


@st.fragment
def _draw(recognizers: dict[str, Recognizer]) -> None:
    """The page's drawing part: a stroke reruns this and nothing else."""
    st.header("Draw a digit", anchor=False)
    with st.container(horizontal=True, horizontal_alignment="center", gap="medium"):
        left, right = st.container(width=CANVAS), st.container(width=ANSWER)
    with left:
        drawing, picture = st.tabs(["Draw", "Picture"], key="input", on_change="rerun")
        with drawing:
            objects = canvas.show(st.session_state["pen_width"])
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit", SUFFIXES, key="picture"
            )
        centred = st.toggle(
            "Centre the digit", True, key="centred", help=CENTRING, persist_state="session"
        )
    with right:
        if not recognizers:
            st.error("No network can be used. Restore `models/`, then reload the page.")
        elif picture.open:
            _read_picture(recognizers, file, picture, centred)
        else:
            _read_along(recognizers, objects, centred)


def _read_picture(recognizers: dict[str, Recognizer], file, tab, centred: bool) -> None:
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
    answer.show(predictions, "Upload a picture of a digit, and read the answer here.")


@st.fragment
def _read_along(recognizers: dict[str, Recognizer], objects: list, centred: bool) -> None:
    """Read what the canvas holds and what is being drawn: a part of a stroke reruns only this."""
    place = st.container()
    try:
        committed = strokes_from_canvas({"objects": objects})
        live = canvas.history().live(committed)
        drawn = canvas.as_objects(live)
        canvas.history().shown = objects + drawn
        strokes = committed + strokes_from_canvas({"objects": drawn})
        predictions = {}
        if strokes:
            for label, recognizer in recognizers.items():
                predictions[label] = recognizer.predict_strokes(strokes, centred)
        with place:
            invitation = "Draw a digit on the black square, and read the answer here."
            answer.show(predictions, invitation, live, _trail(predictions))
    except ValueError as error:
        place.error(str(error), icon=":material/warning:")
    companion.listen(canvas.history().settled)


def _trail(predictions: dict[str, Prediction]) -> list[int]:
    """The digits that this drawing looked like to this network, one after the other."""
    label, prediction = next(iter(predictions.items()), (None, None))
    of, digits = st.session_state.get("trail", (None, []))
    if of != label:
        digits = []
    if prediction and not prediction.rejected and digits[-1:] != [prediction.digit]:
        digits = [*digits, prediction.digit][-TRAIL:]
    st.session_state["trail"] = label, digits
    return digits
