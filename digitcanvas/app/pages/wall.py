"""Wall: open a room or join one, and show on a projector what is drawn in it."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import numpy as np
import segno
import streamlit as st
from streamlit.navigation.page import StreamlitPage

from digitcanvas.app import roles, state, visitor
from digitcanvas.app.hands import need_store
from digitcanvas.app.parts import plot, room, run_panel, wall
from digitcanvas.app.rooms import code_in, rooms
from digitcanvas.app.state import Key
from digitcanvas.app.walls import confusion_of
from digitcanvas.data.store import Room, StoreError

ABOUT = (
    "Open a room, and show this page to everybody: what the people in the room draw appears here "
    "as they draw it, with how it was read. They join by a code, and no one has to give a name."
)

KEPT = (
    "The drawings are kept on this server, and everybody in the room sees them. Those whose people "
    "said what they are can be seen on Evaluate, and trained on, by all who use this server. "
    "Everybody can delete their own, and whoever opened the room can hide each."
)

HERE_ALONE = (
    "This address works on this machine alone. Open the page by the machine's name or IP address "
    "instead of *{host}*, and others can join."
)

GAME = (
    "Everyone draws the digit that is asked, and the wall counts whose is read, and who fools the "
    "network."
)

OWN_MACHINE = "localhost", "127.0.0.1", "::1"

LONGEST = 12
"""Characters of a code with blanks and dashes that can be typed."""


def show(draw: StreamlitPage) -> None:
    """The page. Whoever is in a room finds a link to `draw`."""
    for sheet in ("wide.css", "wall.css"):
        st.html(Path(__file__).with_name(sheet))
    code = state.session().chosen[Key.ROOM]
    if code is None:
        try:
            _show_door()
        except StoreError as error:
            _warn(error)
    else:
        _show_room(code, draw)
    run_panel.show()


def _warn(error: StoreError) -> None:
    st.warning(str(error), icon=":material/warning:")


def _enter(code: str) -> None:
    state.session().chosen[Key.ROOM] = code
    state.session().hidden.clear()


def _show_door() -> None:
    """For those in no room. Raises StoreError."""
    st.header("A wall for your room", anchor=False)
    st.markdown(ABOUT)
    token = visitor.token()
    if refused := roles.refusal("open rooms"):
        st.caption(refused)
    elif st.button("Open a room", key=Key.OPEN_ROOM, type="primary", icon=":material/add:"):
        roles.check_room(need_store())
        _enter(need_store().rooms.open(token, "Room").code)
        st.rerun()
    for own in [own for own in need_store().rooms.of(token) if not own.ended][:1]:
        label = f"Back to your room {own.code}"
        st.button(label, key=Key.OWN_ROOM, on_click=_enter, args=[own.code])
    st.subheader("Join a room", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Its code", key=Key.CODE, max_chars=LONGEST, placeholder="ABCDE", width=180
        )
        pressed = st.button("Join", key=Key.JOIN)
    if pressed and text:
        code = code_in(text)
        if code is None:
            raise StoreError("A code has five letters: look at it again.")
        _enter(need_store().rooms.join(code).code)
        st.rerun()
    st.caption(KEPT)


@st.fragment
def _show_room(code: str, draw: StreamlitPage) -> None:
    try:
        _show_wall(code, draw)
    except StoreError as error:
        _warn(error)
        _show_way_out()


def _show_way_out() -> None:
    if st.button("Leave the room", key=Key.LEAVE):
        room.leave()
        st.rerun()


def _show_wall(code: str, draw: StreamlitPage) -> None:
    """The room's wall, and beside it how to join, what its leader can do, and the confusion.

    Raises StoreError.
    """
    found, token = rooms.find(code), visitor.token()
    is_leader = rooms.leads(code, token)
    with st.container(key=Key.ROOM_PAGE):
        main, side = st.container(), st.container()
    with side:
        if found.ended:
            st.info(f"Room {code} has ended. Its drawings stay where they are.")
        else:
            _show_code(found)
        if is_leader:
            _show_what_a_leader_can_do(found, token)
        if not found.ended:
            st.page_link(draw, label="Draw a digit for this wall", icon=":material/draw:")
        _show_way_out()
        st.subheader("What is read as what", anchor=False)
        nothing, key = confusion_of(np.zeros((11, 11), np.int64)), Key.ROOM_CONFUSION
        plot.show(nothing, key=key, follows=key, version=(code, 0))
        st.caption("Of the drawings whose people said what they are.")
    with main:
        room.show_error()
        wall.show(
            code, is_leader, on_hide=lambda drawing: _try(lambda: _hide(code, drawing, token))
        )


def _show_code(found: Room) -> None:
    address = address_of(found.code, st.context.url)
    with st.container(key=Key.QR):
        st.html(
            f'<p class="code">{found.code}</p><img src="{qr_of(address)}" alt="QR code to join">'
        )
        st.caption(f"Scan it, or open {address}")
    host = urlsplit(address).hostname
    if host in OWN_MACHINE:
        st.caption(HERE_ALONE.format(host=host))


def address_of(code: str, page: str | None) -> str:
    """Where people join, from this page's own address, whatever the app is served below."""
    parts = urlsplit(page or "")
    path = parts.path.rstrip("/").removesuffix("/wall")
    return urlunsplit((parts.scheme, parts.netloc, f"{path}/", f"{Key.ROOM}={code}", ""))


def qr_of(address: str) -> str:
    """The QR code as SVG in a data URL, dark on white in both themes, as phones read it best."""
    code = segno.make(address, error="m", micro=False)
    return code.svg_data_uri(border=4, light="#fff", omitsize=True)


def _show_what_a_leader_can_do(found: Room, token: str) -> None:
    session = state.session()
    if not found.ended:
        st.button(
            "Play the game of two minutes",
            key=Key.PLAY,
            type="primary",
            icon=":material/timer:",
            on_click=_try,
            args=[lambda: rooms.play(found.code, token)],
        )
        st.caption(GAME)
    if session.hidden:
        count = len(session.hidden)
        st.button(
            f"Show the last of {count} hidden again" if count > 1 else "Show the hidden one again",
            key=Key.SHOW_AGAIN,
            on_click=_try,
            args=[lambda: _show_again(found.code, token)],
        )
    else:
        st.caption("Press a drawing to hide it.")
    with st.popover("Empty or end the room", key=Key.LEAD):
        st.markdown("Emptied, the wall is bare; the drawings stay with those who drew them.")
        st.button(
            "Empty it", key=Key.EMPTY_ROOM, on_click=_try, args=[lambda: _empty(found.code, token)]
        )
        if not found.ended:
            st.markdown("Ended, the room takes no more drawings, for good.")
            st.button(
                "End it",
                key=Key.END_ROOM,
                on_click=_try,
                args=[lambda: rooms.end(found.code, token)],
            )


def _try(do: Callable[[], None]) -> None:
    """What the store refuses is told on the page that runs next."""
    try:
        do()
    except StoreError as error:
        state.session().wall_error = str(error)


def _hide(code: str, drawing: int, token: str) -> None:
    """Raises StoreError."""
    rooms.hide(code, drawing, token)
    state.session().hidden.append(drawing)


def _show_again(code: str, token: str) -> None:
    """Raises StoreError."""
    rooms.hide(code, state.session().hidden.pop(), token, hidden=False)


def _empty(code: str, token: str) -> None:
    """Raises StoreError."""
    rooms.empty(code, token)
    state.session().hidden.clear()
