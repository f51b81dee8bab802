"""What a network consists of: a diagram of its layers, and a table of them."""

import streamlit as st

from digitcanvas.app.parts import plot, shared_models
from digitcanvas.app.state import Key
from digitcanvas.figures.network_diagram import network_diagram
from digitcanvas.reading import registry
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.recipes import Recipe


def show(name: str) -> None:
    """The layers of the model of this name, or what keeps them from being shown."""
    st.subheader(f"The layers of {shared_models.label(name)}", anchor=False)
    try:
        card = registry.read_card(registry.find(name))
        layers = card.layers or layer_table(Recipe(**card.recipe))  # of a card from before 0.2
    except registry.ModelError as error:
        st.warning(str(error), icon=":material/warning:")
        return
    except (ValueError, TypeError):
        st.warning(
            "This network's card has no layer table, and its recipe is unknown to this version.",
            icon=":material/warning:",
        )
        return
    plot.show(network_diagram(layers), key=Key.DIAGRAM)
    st.table(
        {
            "layer": [layer.kind for layer in layers],
            "": [layer.detail for layer in layers],
            "output": [" x ".join(map(str, layer.shape)) for layer in layers],
            "parameters": [f"{layer.parameters:,}" for layer in layers],
        }
    )
    st.caption(
        f"{sum(layer.parameters for layer in layers):,} parameters in all: the numbers that "
        "training adjusts. The last layer gives one probability for each digit"
        + (', and one for "not a digit".' if layers[-1].shape == (11,) else ".")
    )
