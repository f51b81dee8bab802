"""The canvas: what a person draws on. Its companion keeps the drawing."""

from streamlit_drawable_canvas import st_canvas

from digitcanvas.app.state import Key
from digitcanvas.drawing.preprocess import CANVAS

PENS = {8: "Thin pen", 16: "Medium pen", 28: "Broad pen"}
"""The pens' widths in canvas pixels: from a mouse's thin lines to what a marker leaves."""

FINER = 3
"""The canvas' own pixels in one of ours, so that lines are sharp on a projector."""


WIDE = 3
"""How many sides a wide canvas measures from left to right: room for six digits."""


def show(pen_width: int, sides: int = 1) -> None:
    """`pen_width` is in canvas pixels, 280 to a side. The canvas reports nothing."""
    st_canvas(
        stroke_width=pen_width * FINER,
        stroke_color="#ffffff",
        background_color="#000000",
        update_streamlit=False,
        width=CANVAS * FINER * sides,
        height=CANVAS * FINER,
        key=Key.CANVAS,
    )
