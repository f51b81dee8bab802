"""Draw: a canvas or a picture, and beside it what the network reads."""

from pathlib import Path

import streamlit as st

from digitcanvas.app import hands, link, state, visitor
from digitcanvas.app.canvas import canvas, companion, tour
from digitcanvas.app.live_drawing import KEEPS_NOTHING
from digitcanvas.app.parts import answer, picture_source, room, run_panel, told
from digitcanvas.app.state import Key
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs import process

CANVAS, PICTURE = "Canvas", "Picture"

CENTRING = (
    "MNIST's digits are centred, and networks that learned from them know no others, so your "
    "drawing is moved and scaled as they were. Switch this off, draw a 1 at the edge, and see what "
    "happens. Several digits are read only with it, and a wide canvas always has it."
)

SOFTMAX = (
    "Logits are the ten numbers that the network computes, one for each digit, here relative to "
    "the largest. Softmax turns them into probabilities: it raises e to the power of each and "
    "divides by the sum, so that they add up to 1."
)

NOTE = "What you tell is kept on this server with your drawing, and teaches it your hand alone."
NOTE_IN_ROOM = (
    "What you tell is kept on this server with your drawing. It teaches your hand, is on the "
    "room's wall and on Evaluate, and networks can be trained on it."
)

DRAW = "Draw a digit or a number on the black canvas to see the answer here."
UPLOAD = "Choose a picture of a digit or a number to see the answer here."


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The first of the recognizers, by label, answers; a second is compared with it."""
    st.html(Path(__file__).with_name("draw.css"))
    _draw(recognizers)
    run_panel.show()


@st.fragment
def _draw(recognizers: dict[str, Recognizer]) -> None:
    if hands.keeps():
        room.show()
    with st.container(key=Key.BOARD, horizontal=True):
        sheet, reading = st.container(key=Key.SHEET), st.container(key=Key.READING)
        options = st.container(key=Key.OPTIONS)
    with sheet:
        drawing, picture = st.tabs([CANVAS, PICTURE], key=Key.INPUT, on_change="rerun")
        with drawing:
            is_wide = _toggle("Wide", Key.WIDE)
            pen_width = _choose_pen()
            canvas.show(pen_width, canvas.WIDE if is_wide else 1)
            tools = st.container(key=Key.TOOLS)
        with picture:
            places = picture_source.take(bool(picture.open))
    if hands.keeps() and not picture.open:
        with options:
            note = NOTE_IN_ROOM if state.session().chosen[Key.ROOM] else NOTE
            told.show(note if visitor.keeps() else KEEPS_NOTHING)
    needs_centring = is_wide and not picture.open
    with options, st.container(horizontal=True):
        chosen = _toggle("Centre the digit", Key.CENTRED, CENTRING, disabled=needs_centring)
        centred = chosen or needs_centring
        logits = _toggle("Show logits", Key.LOGITS, SOFTMAX)
    if not recognizers:
        reading.error("No network can be used. Restore `models/`, then reload the page.")
        return
    if picture.open:
        reply = picture_source.show(places, recognizers, centred)
        with reading:
            answer.show(list(recognizers), UPLOAD, reply)
        picture_source.show_list(places, recognizers, centred)
    else:
        with reading:
            answer.show(list(recognizers), DRAW)
    if logits:
        with options:
            answer.show_logits()
    with tools:
        if not picture.open:
            session = state.session()
            room_code = session.chosen[Key.ROOM]
            companion.show(pen_width, session.reading, centred, logits, room_code, numbers=centred)
        tour.show(can_train=process.training_needs() is None)
    link.show_in_fragment(Key.LINK_DRAW)


def _choose_pen() -> int:
    """Gives its width in canvas pixels."""
    chosen = state.session().chosen
    width: int = st.segmented_control(
        "Pen",
        list(canvas.PENS),
        default=chosen[Key.PEN_WIDTH],
        required=True,
        format_func=canvas.PENS.__getitem__,
        key=Key.PEN_WIDTH,
        label_visibility="collapsed",
        persist_state="session",
    )
    chosen[Key.PEN_WIDTH] = width
    return width


def _toggle(label: str, key: Key, help: str | None = None, disabled: bool = False) -> bool:
    chosen = state.session().chosen
    chosen[key] = st.toggle(
        label, chosen[key], key=key, help=help, disabled=disabled, persist_state="session"
    )
    return bool(chosen[key])
