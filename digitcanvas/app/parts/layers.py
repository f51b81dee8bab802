"""What a network consists of: its layers as a table, and a drawing of them."""

from pathlib import Path

import streamlit as st

from digitcanvas.app.parts import plot
from digitcanvas.app.sidebar import network_switch
from digitcanvas.figures.network_diagram import network_diagram
from digitcanvas.reading import registry
from digitcanvas.runs.network import Layer, read_layers


def show(name: str) -> None:
    st.subheader(f"The layers of {network_switch.label(name)}", anchor=False)
    try:
        directory = registry.find(name)
        layers = _read(directory, registry.version(directory))
    except ValueError as error:
        st.warning(str(error), icon=":material/warning:")
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


@st.cache_resource(show_spinner=False, max_entries=32)
def _read(directory: Path, version: int) -> list[Layer]:
    return read_layers(directory / registry.TRAINABLE)
