"""Whose hand the networks read: everybody's, or one of this browser's own; and all about those."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from digitcanvas.app import hands, quota, state, visitor
from digitcanvas.app.literal import literal
from digitcanvas.app.parts import keeping, shelf
from digitcanvas.app.state import Key
from digitcanvas.data.store import (
    FIRST_NAME,
    Hand,
    Kept,
    Selection,
    Store,
    StoreError,
    checks,
)
from digitcanvas.drawing.hand_files import (
    LONGEST_NAME,
    HandFile,
    ToldDrawing,
    check_hand,
    pack_hand,
    unpack_hand,
)

EVERYBODY, EVERYBODY_S = 0, "Everybody's"
"""What stands in the place of a hand's id and name where none is on."""

KEPT = (
    "What you tell is kept, with the drawing, on the server that runs this page. It teaches your "
    "hand alone, except in a room: what you draw there is on the room's wall, and what you tell "
    "there on Evaluate, and networks can be trained on it. A random number in a cookie says that "
    "it is yours."
)

TAUGHT = "It has learned from these drawings. Press one to correct it, or to take it back."

SUFFIX = ".npz"

LONGEST = LONGEST_NAME - 4
"""Characters of a name that gets a number."""

REMOVE, DELETE = "remove", "delete"
"""What a person can be asked about before it is done."""


def show() -> None:
    """The hands and what can be done with them; a link to the page that teaches one, without any.

    Nothing where this server keeps no drawings.
    """
    if not hands.keeps():
        return
    try:
        own = hands.need_store().hands.of(visitor.token())
        if own:
            _show(own)
        else:
            st.page_link(page(), label="Teach it your hand", icon=":material/draw:")
    except StoreError as error:
        st.warning(str(error), icon=":material/warning:")
    session = state.session()
    if session.hands_error:
        st.error(literal(session.hands_error), icon=":material/warning:")
    session.hands_error = ""


def page(run: Callable[[], None] = lambda: None) -> "st.Page":
    """The page that teaches a hand. What shows it is only needed for the navigation."""
    return st.Page(run, title="Your hand", url_path="hand")


def _show(own: Sequence[Hand]) -> None:
    on = next((hand for hand in own if hand.is_on), None)
    names = {EVERYBODY: EVERYBODY_S} | {hand.id: hand.name for hand in own}
    st.session_state[Key.HAND] = on.id if on else EVERYBODY  # another tab may have switched it
    st.pills(
        "Whose hand",
        list(names),
        key=Key.HAND,
        required=True,
        format_func=lambda hand: literal(names[hand]),
        on_change=_do,
        args=[_switch],
    )
    menu = st.expander("Your hands", key=Key.HANDS, on_change="rerun")
    if menu.open:
        with menu:
            _manage(on)


def _manage(on: Hand | None) -> None:
    if on:
        _manage_one(on)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("New hand", key=Key.NEW_HAND, on_click=_do, args=[_make])
        st.page_link(page(), label="Teach it", icon=":material/draw:")
    show_settings()
    show_import()


def show_settings() -> None:
    """What is kept where, a switch that has nothing kept, and a button that deletes what was."""
    st.caption(KEPT)
    keeping.show()
    count = hands.need_store().drawings.count(Selection(session=visitor.token()))
    if not count:
        return
    st.button("Delete my drawings", key=Key.DELETE_DRAWINGS, on_click=_ask, args=[DELETE])
    if state.session().asked_about_hands == DELETE:
        _confirm(f"Drawings to delete, for good: {count}. Are you sure?", _delete)


def _manage_one(hand: Hand) -> None:
    st.session_state.setdefault(Key.HAND_NAME, hand.name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name", max_chars=40, key=Key.HAND_NAME)
        st.button("Rename", key=Key.RENAME_HAND, on_click=_do, args=[_rename, hand.id])
    told = hands.need_store().drawings.of_hand(hand.id)
    st.caption(TAUGHT if told else "It has learned nothing yet.")
    if told:
        shelf.show(told, Key.SHELF_IN_MENU)
    with st.container(horizontal=True):
        _show_export(hand.name, told)
        st.button("Remove", key=Key.REMOVE_HAND, on_click=_ask, args=[REMOVE])
    if state.session().asked_about_hands == REMOVE:
        _confirm("The hand is forgotten. Its drawings stay yours.", _remove, hand.id)


def _show_export(name: str, told: Sequence[Kept]) -> None:
    drawings = [(one.drawing, one.made) for one in told]
    file = HandFile(name, [ToldDrawing(one.strokes, one.label, made) for one, made in drawings])
    try:
        check_hand(file)
    except ValueError as error:
        st.caption(f"It cannot be exported. {error}")
        return
    st.download_button(
        "Export",
        lambda: pack_hand(file),
        file_name=f"{name}{SUFFIX}",
        key=Key.EXPORT_HAND,
        on_click="ignore",
        disabled=not told,
    )


def show_import() -> None:
    """Makes a hand of an exported one."""
    st.file_uploader(
        "Import a hand", SUFFIX, key=Key.IMPORT_HAND, on_change=_do, args=[_import], width="stretch"
    )


def _ask(what: str) -> None:
    state.session().asked_about_hands = what


def _confirm(words: str, action: Callable[..., None], *arguments: int) -> None:
    st.markdown(words)
    with st.container(horizontal=True):
        st.button(
            "Yes", key=Key.CONFIRM_HANDS, type="primary", on_click=_do, args=[action, *arguments]
        )
        st.button("No", key=Key.SPARE_HANDS, on_click=_ask, args=[""])


def _do(action: Callable[..., None], *arguments: int) -> None:
    """Change something about this browser's hands before the page runs, or note why that fails."""
    session, token = state.session(), visitor.token()
    session.asked_about_hands = session.hands_error = ""
    try:
        action(hands.need_store(), token, *arguments)
    except ValueError as error:  # a StoreError, or a file that holds no drawings
        session.hands_error = str(error)
    hands.hands.forget(token)
    st.session_state.pop(Key.HAND_NAME, None)


def _switch(kept: Store, token: str) -> None:
    kept.hands.switch(token, st.session_state[Key.HAND] or None)


def _rename(kept: Store, token: str, hand: int) -> None:
    name = st.session_state[Key.HAND_NAME]
    if _folded(name) == _folded(EVERYBODY_S):
        raise StoreError(f"{EVERYBODY_S} means no hand of your own: choose another name.")
    kept.hands.rename(hand, token, name)


def _make(kept: Store, token: str) -> None:
    quota.check_hand(kept, token)
    kept.hands.make(token, _free_name(kept, token, FIRST_NAME))


def _remove(kept: Store, token: str, hand: int) -> None:
    kept.hands.remove(hand, token)


def _delete(kept: Store, token: str) -> None:
    kept.drawings.delete_all(Selection(session=token))


def _import(kept: Store, token: str) -> None:
    file: UploadedFile | None = st.session_state[Key.IMPORT_HAND]
    if file is None:
        return
    hand = unpack_hand(file.getvalue())
    quota.check_hand(kept, token)
    quota.check(kept, token, len(hand.told))
    kept.hands.make(token, _free_name(kept, token, hand.name), hand.told)


def _free_name(kept: Store, token: str, name: str) -> str:
    """The name, with a number behind it if this browser cannot have another hand of it."""
    taken = {_folded(hand.name) for hand in kept.hands.of(token)} | {_folded(EVERYBODY_S)}
    short = name[:LONGEST].strip()
    numbered = (f"{short} {number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbered) if _folded(one) not in taken)


def _folded(name: str) -> str:
    """What two names have in common that look the same in the switch."""
    return checks.folded(checks.name(name)).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
