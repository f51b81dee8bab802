"""A Plotly figure that moves: the same one takes on new values, smoothly.

Streamlit's own chart draws a new figure at every change, which keeps the browser busy for 0.1 s:
too long while somebody draws. This component (its script is plot.js) keeps the figure, and loads
Plotly from the Python package.
"""

from pathlib import Path

import plotly
import streamlit as st
from streamlit.components.v1 import declare_component

_files = declare_component("plotly", path=Path(plotly.__file__).parent / "package_data")
"""Never shown: it makes Streamlit's server hand out the files in its folder."""

_plot = st.components.v2.component(
    "digitcanvas.plot",
    html='<div class="plot"></div>',
    js=Path(__file__).with_name("plot.js").read_text(),
    isolate_styles=False,
)


def show(figure: dict, key: str) -> None:
    """Show a figure in plain JSON, {"data": [...], "layout": {"height": ..., ...}}."""
    script = f"component/{_files.name}/plotly.min.js"
    _plot(data={"figure": figure, "plotly": script}, key=key, height=figure["layout"]["height"])
