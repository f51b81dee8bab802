"""What a network consists of: its layers as a table, and a drawing of them."""

import streamlit as st

from digitcanvas.app.parts import plot
from digitcanvas.app.sidebar import network_switch
from digitcanvas.figures.network_diagram import network_diagram
from digitcanvas.reading import registry
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.recipes import Recipe


def show(name: str) -> None:
    st.subheader(f"The layers of {network_switch.label(name)}", anchor=False)
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
    plot.show(network_diagram(layers), key="diagram")
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
        "training sets. The last layer gives a probability for each digit"
        + (", and one for what is no digit." if layers[-1].shape == (11,) else ".")
    )
