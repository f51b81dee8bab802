"""The networks to read with: chosen, compared, renamed, removed and downloaded."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from digitcanvas import registry
from digitcanvas.pages import training
from digitcanvas.recognizer import Recognizer

LABELS = {"cnn": "CNN", "mlp": "MLP"}


@dataclass(frozen=True)
class Model:
    """A model directory, ready to read with."""

    directory: Path
    recognizer: Recognizer
    card: registry.Card


def show() -> dict[str, Recognizer]:
    """The model switch and what belongs to it. Gives the networks that are to read, by label.

    The first is the one chosen; there is none where no model can be used.
    """
    trained = training.take_result()
    models = {}
    for name in registry.model_names():
        try:
            directory = registry.find(name)
            models[name] = load(directory, registry.version(directory))
        except registry.ModelError as error:
            st.warning(str(error), icon=":material/warning:")
    _settle(models, trained)
    chosen = st.radio(
        "Network",
        list(models),
        key="model",
        format_func=label,
        captions=[describe(model.card) for model in models.values()],
        label_visibility="collapsed",
    )
    if not chosen:
        return {}
    if st.session_state.get("reading") != chosen:
        st.session_state["reading"] = st.session_state["new_name"] = chosen
    others = [name for name in models if name != chosen]
    if st.session_state.get("compare") not in others:
        st.session_state["compare"] = None
    rival = st.selectbox(
        "Compare with", others, index=None, key="compare", format_func=label, placeholder="nothing"
    )
    with st.popover("Download, rename, remove", key="manage", width="stretch"):
        _manage(chosen, models[chosen].directory)
    return {label(name): models[name].recognizer for name in (chosen, rival) if name}


@st.cache_resource(show_spinner=False, max_entries=32)
def load(directory: Path, version: int) -> Model:
    """A model, shared by all sessions until another version is published."""
    return Model(directory, Recognizer.load(directory), registry.read_card(directory))


def label(name: str) -> str:
    return LABELS.get(name, name)


def describe(card: registry.Card) -> str:
    day = card.trained_on
    return (
        f"{card.parameters:,} parameters  \n"
        f"reads {card.test['accuracy'] * 100:.2f} % of the {card.test['data']}  \n"
        f"trained {day.day} {day:%B %Y}"
    )


def _settle(models: dict, trained: str | None) -> None:
    """Move to the network that was trained here, and away from one that is gone."""
    state = st.session_state
    if trained in models:
        state["model"] = trained
    elif state.get("reading") and state["reading"] not in models and models:
        state["model"] = next(iter(models))
        st.warning(
            f"The network {label(state['reading'])!r} is gone: somebody renamed or removed it. "
            f"{label(state['model'])} reads now.",
            icon=":material/warning:",
        )


def _manage(name: str, directory: Path) -> None:
    for file, use in (
        (registry.TRAINABLE, "for Keras, to train on"),
        (registry.SERVED, "for LiteRT, to read with"),
    ):
        st.download_button(
            f"{file}, {use}",
            (directory / file).read_bytes,
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
    if error := st.session_state.pop("rename_error", None):
        st.error(error, icon=":material/warning:")
    if st.button("Remove", key="remove", width="stretch"):
        _confirm_removal(name)


def _rename(name: str) -> None:
    state = st.session_state
    try:
        registry.rename(name, state["new_name"])
    except registry.ModelError as error:
        state["rename_error"] = str(error)
    else:
        state["model"] = state["reading"] = state["new_name"]


@st.dialog("Remove a network")
def _confirm_removal(name: str) -> None:
    st.markdown(f"**{name}** will be gone for good, and for everybody.")
    if st.button("Remove it", key="confirm_removal", type="primary"):
        try:
            registry.remove(name)
        except registry.ModelError as error:
            st.error(str(error), icon=":material/warning:")
        else:
            st.session_state["reading"] = None
            st.rerun()
