"""Draw: a canvas or a picture, and beside it what the network reads."""

from io import BytesIO
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from digitcanvas.app import state
from digitcanvas.app.canvas import canvas, companion
from digitcanvas.app.parts import answer, run_panel
from digitcanvas.app.reply import Reply, reply_to
from digitcanvas.app.state import Key
from digitcanvas.drawing import pictures
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.reading.recognizer import Recognizer

SUFFIXES = ["png", "jpg", "jpeg", "bmp", "webp"]

CENTRING = (
    "MNIST's digits are centred, and networks that learned from them know no others, so your "
    "drawing is moved and scaled as they were. Switch this off, draw a 1 at the edge, and see what "
    "happens."
)

SOFTMAX = (
    "Logits are the ten numbers that the network computes, one for each digit, here relative to "
    "the largest. Softmax turns them into probabilities: it raises e to the power of each and "
    "divides by the sum, so that they add up to 1."
)

DRAW = "Draw a digit on the black square to see the answer here."
UPLOAD = "Upload a picture of a digit to see the answer here."


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The first of the recognizers, by label, answers; a second is compared with it."""
    st.html(Path(__file__).with_name("draw.css"))
    _draw(recognizers)
    run_panel.show()


@st.fragment
def _draw(recognizers: dict[str, Recognizer]) -> None:
    with st.container(key=Key.BOARD, horizontal=True, gap="medium"):
        left, right = st.container(key=Key.SHEET), st.container(key=Key.READING)
    with left:
        drawing, picture = st.tabs(["Draw", "Picture"], key=Key.INPUT, on_change="rerun")
        with drawing:
            canvas.show(st.session_state[Key.PEN_WIDTH])
            below = st.container()
        with picture:
            file = st.file_uploader(
                "A photo or a scan of one handwritten digit", SUFFIXES, key=Key.PICTURE
            )
        with st.container(horizontal=True):
            centred = st.toggle(
                "Centre the digit", True, key=Key.CENTRED, help=CENTRING, persist_state="session"
            )
            logits = st.toggle("Show logits", key=Key.LOGITS, help=SOFTMAX, persist_state="session")
    with right:
        if not recognizers:
            st.error("No network can be used. Restore `models/`, then reload the page.")
        elif picture.open:
            reply = _read_picture(recognizers, file, picture, centred)
            answer.show(list(recognizers), UPLOAD, logits, reply)
        else:
            answer.show(list(recognizers), DRAW, logits)
            with below:
                names = state.session().reading
                companion.show(st.session_state[Key.PEN_WIDTH], names, centred, logits)


def _read_picture(
    recognizers: dict[str, Recognizer], file: BytesIO | None, tab: DeltaGenerator, centred: bool
) -> Reply:
    if file is None:
        return reply_to({})
    try:
        picture = pictures.read_picture(file.getvalue())
        tab.image(picture, width=CANVAS)
        predictions = {
            label: recognizer.predict_image(picture, centred)
            for label, recognizer in recognizers.items()
        }
    except ValueError as error:
        return {"error": str(error)}
    return reply_to(predictions, with_logits=True)
