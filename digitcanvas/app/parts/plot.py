"""A Plotly figure in the page's colours, which moves smoothly to new values.

Streamlit's own chart draws a new figure at every change, which keeps the browser busy for 0.1 s,
too long while someone draws; nor does it report a press on a heatmap's cell. This component (its
script is plot.js) keeps the figure, and loads Plotly from the Python package.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets

_plot = assets.component(
    "digitcanvas.plot",
    Path(__file__).with_name("plot.js"),
    html='<div class="frame"><div class="plot"></div></div>',
    isolate_styles=False,
)


def show(
    figure: dict[str, Any],
    key: str,
    on_press: Callable[[Any], None] | None = None,
    shows: str | None = None,
    follows: str | None = None,
    version: tuple[str, float] | None = None,
) -> None:
    """Show a figure in plain JSON, {"data": [...], "layout": {...}}.

    Its layout gives its height, or the layout's `meta` has an "aspect" (width over height) and a
    "narrowest" and "widest" width in pixels. The `meta`'s "paper" is the color of a colorscale that
    stands for the page's secondary background. `on_press` gets the `customdata` of the point
    pressed, or its index if it has none ([row, column] in a heatmap), before the page runs again;
    what it changes is in the element with the key `shows`, which is scrolled into view. A figure
    `follows` a topic of the page's scripts (bus.js): that says how high its bars stand, or brings
    newer figures. Of these it shows those of the same `version`: a name, and a number that does not
    fall.
    """

    def press() -> None:
        if on_press:
            on_press(st.session_state[key]["pressed"])

    _plot(
        data={
            "figure": figure,
            "plotly": assets.url(assets.PLOTLY),
            "listens": on_press is not None,
            "name": key,
        }
        | {"follows": follows, "version": version, "shows": shows},
        key=key,
        height=figure["layout"].get("height", "content"),
        on_pressed_change=press,
    )
