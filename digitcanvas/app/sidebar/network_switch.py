"""The networks to read with: chosen, compared, renamed, removed and downloaded."""

from pathlib import Path

import streamlit as st

from digitcanvas.app.parts import run_panel
from digitcanvas.reading import registry
from digitcanvas.reading.recognizer import Recognizer

LABELS = {"cnn": "CNN", "mlp": "MLP"}
MANY, SCROLLED = 4, 440
"""More networks than that scroll within so many pixels, so that what is below stays near."""


def show() -> dict[str, Recognizer]:
    """The model switch and what belongs to it. Gives the networks that are to read, by label.

    The first is the one chosen; there is none where no model can be used.
    """
    state = st.session_state
    trained = run_panel.take_result()
    cards, problems = read_cards()
    for problem in problems:
        st.warning(problem, icon=":material/warning:")
    _settle(cards, trained)
    with st.container(height=SCROLLED if len(cards) > MANY else "content", border=False):
        chosen = st.radio(
            "Network",
            list(cards),
            key="model",
            format_func=label,
            captions=[describe(card) for card in cards.values()],
            label_visibility="collapsed",
        )
    if not chosen:
        return {}
    if state.get("reading", [])[:1] != [chosen]:
        state["new_name"] = chosen
    others = [name for name in cards if name != chosen]
    if state.get("compare") not in others:
        state["compare"] = None
    rival = st.selectbox(
        "Compare with", others, index=None, key="compare", format_func=label, placeholder="nothing"
    )
    with st.popover("Download, rename, remove", key="manage", width="stretch"):
        _manage(chosen)
    if state.get("removing") in cards:
        _confirm_removal(state["removing"])
    else:
        _stop_asking()
    state["reading"] = [name for name in (chosen, rival) if name]
    return _load(state["reading"])


def read_cards() -> tuple[dict[str, registry.Card], list[str]]:
    """The cards of the models that are whole, by name; and what is wrong with the others."""
    cards, problems = {}, []
    for name in registry.model_names():
        try:
            directory = registry.find(name)
            cards[name] = load_card(directory, registry.version(directory))
        except registry.ModelError as error:
            problems.append(str(error))
    return cards, problems


def _load(names: list[str]) -> dict[str, Recognizer]:
    recognizers = {}
    for name in names:
        try:
            directory = registry.find(name)
            recognizers[label(name)] = load_recognizer(directory, registry.version(directory))
        except registry.ModelError as error:
            st.warning(str(error), icon=":material/warning:")
    return recognizers


@st.cache_resource(show_spinner=False, max_entries=32)
def load_recognizer(directory: Path, version: int) -> Recognizer:
    """Shared by all sessions until another version is published."""
    return Recognizer.load(directory)


@st.cache_resource(show_spinner=False, max_entries=1000)
def load_card(directory: Path, version: int) -> registry.Card:
    """The card of a model that is whole. Raises ModelError for another."""
    registry.read_served(directory)
    return registry.read_card(directory)


def label(name: str) -> str:
    return LABELS.get(name, name)


def describe(card: registry.Card) -> str:
    day = card.trained_on
    return (
        f"{card.parameters:,} parameters  \n"
        f"reads {card.test['accuracy'] * 100:.2f} % of the {card.test['data']}  \n"
        f"trained {day.day} {day:%B %Y}"
    )


def _settle(cards: dict, trained: str | None) -> None:
    """Move to the network that was trained here, and away from one that is gone."""
    state = st.session_state
    if trained in cards:
        state["model"] = trained
    elif state.get("model") not in cards and cards:
        state["model"] = next(iter(cards))
    for name in state.get("reading", []):
        if name not in cards and cards:
            words = (
                f"The network {label(name)!r} is gone: somebody renamed or removed it. "
                f"{label(state['model'])} reads now."
            )
            st.warning(words, icon=":material/warning:")
            st.toast(words, icon=":material/warning:")  # on a phone the sidebar is closed


def _manage(name: str) -> None:
    refused, error = st.session_state.pop("rename_error", ("", ""))
    for file, use in (
        (registry.TRAINABLE, "for Keras, to train on"),
        (registry.SERVED, "for LiteRT, to read with"),
    ):
        st.download_button(
            f"{file}, {use}",
            lambda file=file: (registry.find(name) / file).read_bytes(),
            file_name=f"{name}{Path(file).suffix}",
            key=f"download{Path(file).suffix}",
            on_click="ignore",
            width="stretch",
        )
    if name in registry.SHIPPED_NAMES:
        st.caption("It came with the app, so it keeps its name and stays.")
        return
    st.text_input("New name", max_chars=40, key="new_name")
    st.button("Rename", key="rename", on_click=_rename, args=[name], width="stretch")
    if refused == name:
        st.error(error, icon=":material/warning:")
    st.button("Remove", key="remove", on_click=_ask_to_remove, args=[name], width="stretch")


def _rename(name: str) -> None:
    state = st.session_state
    try:
        registry.rename(name, state["new_name"].strip())
    except registry.ModelError as error:
        state["rename_error"] = name, str(error)
    else:
        state["model"], state["reading"] = state["new_name"].strip(), []


def _ask_to_remove(name: str) -> None:
    st.session_state["removing"] = name


def _stop_asking() -> None:
    st.session_state.pop("removing", None)


@st.dialog("Remove a network", on_dismiss=_stop_asking)
def _confirm_removal(name: str) -> None:
    """Asks until it is answered, also where the page runs again meanwhile."""
    st.markdown(f"**{name}** will be gone for good, and for everybody.")
    if st.button("Remove it", key="confirm_removal", type="primary"):
        try:
            registry.remove(name)
        except registry.ModelError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            _stop_asking()
            st.session_state["reading"] = []
            st.rerun()
