"""The line on Draw of those in a room: what becomes of their drawings, and the game (room.js)."""

from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, rooms, state, visitor
from digitcanvas.app.state import Key
from digitcanvas.data.store import StoreError

SHOWN = "what you draw appears on its wall."
NOT_KEPT = "it does not get your drawings, as you have switched off what keeps them."

_line = assets.component(
    "digitcanvas.room",
    Path(__file__).with_name("room.js"),
    html="""
    <div class="room">
      <p class="words" role="status"></p><strong class="asked"></strong>
      <span class="left" aria-hidden="true"></span>
    </div>
    """,
    css=Path(__file__).with_name("room.css").read_text(),
    isolate_styles=False,
)


def show() -> None:
    """The line, with a name for the wall and a way out; nothing for those in no room."""
    chosen = state.session().chosen
    code = chosen[Key.ROOM]
    if code is None:
        return
    show_error()
    with st.container(key=Key.ROOM, horizontal=True, vertical_alignment="center"):
        note = SHOWN if visitor.keeps() else NOT_KEPT
        _line(data={"code": code, "note": note}, key=Key.ROOM_LINE)
        _name()
        st.button("Leave", key=Key.LEAVE, on_click=leave)


def leave() -> None:
    """The session is in no room from the next run on."""
    state.session().chosen[Key.ROOM] = None


def show_error() -> None:
    """Tell once why what was done last in a room has failed."""
    session = state.session()
    if session.wall_error:
        st.warning(session.wall_error, icon=":material/warning:")
        session.wall_error = ""


def _name() -> None:
    """Offer to choose a name, which nobody has to, and which the server remembers."""
    values: Any = st.session_state
    token = visitor.token()
    known = rooms.rooms.name_of(token) or ""

    def choose() -> None:
        try:
            rooms.rooms.name(token, values[Key.NAME_ON_WALL] or "")
        except StoreError as error:
            state.session().wall_error = str(error)

    with st.popover(known or "Your name", icon=":material/person:", key=Key.NAMING):
        st.text_input(
            "What the wall calls you, if you like",
            known,
            key=Key.NAME_ON_WALL,
            max_chars=rooms.LONGEST_NAME,
            on_change=choose,
        )
