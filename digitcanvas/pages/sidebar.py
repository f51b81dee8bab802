"""The sidebar: which network reads, and how wide the pen is."""

from pathlib import Path

import streamlit as st

from digitcanvas import registry
from digitcanvas.recognizer import Recognizer

LABELS = {"cnn": "CNN", "mlp": "MLP"}


def show() -> Recognizer | None:
    """Draw the sidebar. Gives the network chosen in it, or None where none can be used."""
    models = {}
    with st.sidebar:
        st.header("Network")
        for name in registry.model_names():
            try:
                directory = registry.find(name)
                models[name] = load(directory, registry.version(directory))
            except registry.ModelError as error:
                st.warning(str(error), icon=":material/warning:")
        chosen = st.radio(
            "Network",
            list(models),
            key="model",
            format_func=lambda name: LABELS.get(name, name),
            captions=[describe(card) for _, card in models.values()],
            label_visibility="collapsed",
        )
        st.header("Pen")
        st.slider("Width in pixels", 4, 40, 16, key="pen_width")
    return models[chosen][0] if chosen else None


@st.cache_resource(show_spinner=False, max_entries=32)
def load(directory: Path, version: int) -> tuple[Recognizer, registry.Card]:
    """A model and its card, shared by all sessions until another version is published."""
    return Recognizer.load(directory), registry.read_card(directory)


def describe(card: registry.Card) -> str:
    day = card.trained_on
    return (
        f"{card.parameters:,} parameters  \n"
        f"reads {card.test['accuracy'] * 100:.2f} % of the {card.test['data']}  \n"
        f"trained {day.day} {day:%B %Y}"
    )
