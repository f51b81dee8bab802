"""What a network consists of: a diagram of its layers, and a table of them."""

from collections.abc import Sequence
from contextlib import suppress

import streamlit as st

from digitcanvas.app.parts import plot, shared_models
from digitcanvas.app.state import Key
from digitcanvas.figures.network_diagram import network_diagram
from digitcanvas.reading import registry
from digitcanvas.reading.cards import Layer
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.recipes import Recipe

BY = "\N{NO-BREAK SPACE}x\N{NO-BREAK SPACE}"


def show(name: str) -> None:
    """The layers of the model of this name, or what keeps them from being shown."""
    st.subheader(f"The layers of {shared_models.label(name)}", anchor=False)
    try:
        card = registry.read_card(registry.find(name))
    except registry.ModelError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    layers = card.layers
    if not layers:  # a card from before 0.2
        with suppress(ValueError, TypeError):
            layers = layer_table(Recipe(**card.recipe))
    if sum(layer.parameters for layer in layers) != card.parameters:
        st.warning("The layers of this network are unknown.", icon=":material/warning:")
        return
    plot.show(network_diagram(layers), key=Key.DIAGRAM)
    show_table(layers)


def show_table(layers: Sequence[Layer]) -> None:
    """A row for each layer, and what they add up to."""
    st.table(
        {
            "layer": [layer.kind for layer in layers],
            "settings": [layer.detail for layer in layers],
            "output": [BY.join(map(str, layer.shape)) for layer in layers],
            "parameters": [f"{layer.parameters:,}" for layer in layers],
        }
    )
    st.caption(
        f"{sum(layer.parameters for layer in layers):,} parameters in all: the numbers that "
        "training adjusts. The last layer gives one probability for each digit"
        + (', and one for "not a digit".' if layers[-1].shape == (11,) else ".")
    )
