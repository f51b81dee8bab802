"""The networks that read: choose, compare, download, rename and remove them."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import streamlit as st

from digitcanvas.app import link, roles, state
from digitcanvas.app.literal import literal
from digitcanvas.app.news import watcher
from digitcanvas.app.parts import follower, run_panel, shared_models
from digitcanvas.app.parts.shared_models import label
from digitcanvas.app.state import Key
from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.words import percent
from digitcanvas.runs import process

ROOM, EDGES = 30, 4
"""Networks stand side by side in the switch if it has room for the letters of their names, and for
the EDGES of each, measured in letters too. Else they are a list that can be searched."""


def show() -> dict[str, Recognizer]:
    """The switch and the menu below it. Gives the recognizers that read, by label.

    The first is the one chosen, the second the one to compare it with; {} if no model can be used.
    """
    session = state.session()
    session.read_with = None
    _show()
    session.read_with = _with_versions(session.reading)
    recognizers, problems = shared_models.load(session.reading)
    for problem in problems:
        st.warning(literal(problem), icon=":material/warning:")
    return recognizers


@st.fragment
def _show() -> None:
    """All but the recognizers. The page reruns only if other networks read, or another version."""
    session = state.session()
    follower.show(Key.NEWS_SWITCH, "models", at_once=bool(session.trained_here))
    session.moving_to = run_panel.take_result() or session.moving_to
    cards, problems = shared_models.read_cards()
    reading = _choose(cards, session.moving_to)
    if session.read_with not in (None, _with_versions(reading)):
        session.read_with = None
        st.rerun()
    _report_gone(cards)
    chosen = _switch(list(cards))
    if chosen:
        if session.reading[:1] != [chosen] or Key.NEW_NAME not in st.session_state:
            st.session_state[Key.NEW_NAME] = chosen
        st.caption(_describe(cards[chosen]))
        with st.container(horizontal=True, gap="xsmall"):
            _compare([name for name in cards if name != chosen])
            what = "Download, rename, remove"
            with st.popover(what, icon=":material/more_vert:", key=Key.MANAGE):
                _manage(chosen)
    else:
        st.warning(
            "No network can be used. Restore `models/`, then reload the page."
            if process.training_needs()
            else "No network can be used. Train one below, or restore `models/`."
        )
    _report(problems)
    if session.removing in cards:
        _confirm_removal(session.removing)
    else:
        _stop_asking()
    session.reading, session.moving_to = reading, None
    link.show_in_fragment(Key.LINK_SWITCH)


def _switch(names: list[str]) -> str | None:
    """The switch, or a list where that is full. Gives the name of the network chosen."""
    session, values = state.session(), st.session_state
    if not names:
        return None
    is_list = sum(len(label(name)) + EDGES for name in names) > ROOM
    if session.switch_is_list not in (None, is_list):
        values[Key.MODEL] = values[Key.MODEL]  # Streamlit forgets it with the other widget
    session.switch_is_list = is_list
    if is_list:
        return st.selectbox(
            "Network", names, key=Key.MODEL, format_func=label, label_visibility="collapsed"
        )
    return st.segmented_control(
        "Network",
        names,
        key=Key.MODEL,
        format_func=label,
        required=True,
        label_visibility="collapsed",
        width="stretch",
    )


def _compare(names: list[str]) -> None:
    st.selectbox(
        "Compare with",
        names,
        index=None,
        key=Key.COMPARE,
        format_func=label,
        placeholder="Compare with …",
        icon=":material/compare_arrows:",
        label_visibility="collapsed",
    )


def _report(problems: list[str]) -> None:
    """What is wrong with networks that are left out: briefly, if there are several."""
    if len(problems) == 1:
        st.warning(literal(problems[0]), icon=":material/warning:")
    elif problems:
        with st.expander(f"{len(problems)} networks cannot be used", icon=":material/warning:"):
            st.markdown("\n\n".join(map(literal, problems)))


def _with_versions(names: Iterable[str]) -> list[tuple[str, int | None]]:
    versions = dict(registry.snapshot())
    return [(name, versions.get(name)) for name in names]


def _describe(card: Card) -> str:
    """What the network can do, in as few words as the sidebar has room for."""
    day, used = card.trained_on, card.used_of_strangers
    strangers = "" if used is None else f"{int(100 * used)} of 100 digits that strangers draw, and "
    data = literal(card.test["data"])
    return (
        f"Reads {strangers}{percent(card.test['accuracy'])} of the {data}.  \n"
        f"{card.parameters:,} parameters, from {day.day} {day:%b %Y}."
    )


def _choose(cards: Mapping[str, Card], trained: str | None) -> list[str]:
    """The names of the networks that read: the one chosen, and the one to compare it with.

    Switches to the network that this session trained, and away from one that is gone.
    """
    values = st.session_state
    if trained in cards:
        values[Key.MODEL] = trained
    elif values.get(Key.MODEL) not in cards and cards:
        last = state.session().reading[:1]  # a browser may lose the choice between two runs
        values[Key.MODEL] = last[0] if last and last[0] in cards else next(iter(cards))
    chosen = values[Key.MODEL] if cards else None
    if values.get(Key.COMPARE) == chosen or values.get(Key.COMPARE) not in cards:
        values[Key.COMPARE] = None
    return [name for name in (chosen, values[Key.COMPARE]) if name]


def _report_gone(cards: Mapping[str, Card]) -> None:
    """Tell the person that a network that has just read, or that the link names, is gone."""
    there = registry.model_names()  # those that are damaged, too: they are told apart
    session = state.session()
    for name in session.reading:
        if cards and name not in cards and name not in there:
            what = (
                f"The network {label(name)!r} is gone: someone renamed or removed it."
                if session.linked
                else f"There is no network {label(name)!r} here: it may have been renamed or "
                "removed."
            )
            words = f"{what} {label(st.session_state[Key.MODEL])} is now in use."
            st.warning(words, icon=":material/warning:")
            st.toast(words, icon=":material/warning:")  # on a phone the sidebar is closed


def _manage(name: str) -> None:
    session = state.session()
    refused, error = session.rename_error or ("", "")
    session.rename_error = None
    for file, use, key in (
        (registry.TRAINABLE, "for training with Keras", Key.DOWNLOAD_KERAS),
        (registry.SERVED, "for reading with LiteRT", Key.DOWNLOAD_TFLITE),
    ):
        st.download_button(
            f"{file}, {use}",
            partial(_read_file, name, file),
            file_name=f"{name}{Path(file).suffix}",
            key=key,
            on_click="ignore",
            width="stretch",
        )
    if name in registry.SHIPPED_NAMES:
        st.caption("This network came with the app, so you cannot rename or remove it.")
        return
    if reason := roles.managing(name):
        st.caption(reason)
        return
    st.text_input("New name", max_chars=40, key=Key.NEW_NAME)
    st.button("Rename", key=Key.RENAME, on_click=_rename, args=[name], width="stretch")
    if refused == name:
        st.error(error, icon=":material/warning:")
    st.button("Remove", key=Key.REMOVE, on_click=_ask_to_remove, args=[name], width="stretch")


def _read_file(name: str, file: str) -> bytes:
    return (registry.find(name) / file).read_bytes()


def _rename(name: str) -> None:
    session, new = state.session(), st.session_state[Key.NEW_NAME].strip()
    try:
        _check_managing(name)
        registry.rename(name, new)
    except registry.ModelError as error:
        session.rename_error = name, str(error)
    else:
        st.session_state[Key.MODEL], session.reading = new, []
        watcher.look()


def _check_managing(name: str) -> None:
    """Raises ModelError if this session's person may not."""
    if refused := roles.managing(name):
        raise registry.ModelError(refused)


def _ask_to_remove(name: str) -> None:
    state.session().removing = name


def _stop_asking() -> None:
    state.session().removing = None


@st.dialog("Remove a network", on_dismiss=_stop_asking)
def _confirm_removal(name: str) -> None:
    """Stays open until it is answered, also if the page runs again meanwhile."""
    st.markdown(f"**{name}** will be gone for good, for everyone.")
    if st.button("Remove it", key=Key.CONFIRM_REMOVAL, type="primary"):
        try:
            _check_managing(name)
            registry.remove(name)
        except registry.ModelError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            _stop_asking()
            state.session().reading = []
            watcher.look()
            st.rerun()
