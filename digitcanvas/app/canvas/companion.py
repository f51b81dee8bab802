"""The canvas' companion (companion.js): it owns the drawing, and has it read while it is drawn.

Who does what:

- pen.js tells a press, moves and a lift from all that a browser reports of pointers;
- drawing.js is the drawing. The browser's tab owns it: it outlives pages, sessions and reloads;
- surface.js shows it on the canvas, which gets its strokes from there alone;
- live.js sends what has changed to the server by the live socket, or by reruns without one;
- answer.js paints the replies.

So canvas, drawing and answer cannot disagree: each is made from the one before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, live
from digitcanvas.app.reply import Reply
from digitcanvas.app.state import Key

SAMPLES = "".join(
    f'<button type="button" aria-label="Sample of a {digit}">{digit}</button>'
    for digit in range(10)
)

_companion = assets.component(
    "digitcanvas.companion",
    Path(__file__).with_name("companion.js"),
    html=f"""
    <div class="buttons">
      <div class="st-key-{Key.UNDO}"><button type="button">Undo</button></div>
      <div class="st-key-{Key.REDO}"><button type="button">Redo</button></div>
      <div class="st-key-{Key.CLEAR}"><button type="button">Clear</button></div>
    </div>
    <div class="st-key-{Key.SAMPLES} samples" role="group" aria-label="Samples to try">
      <span>or try a</span>{SAMPLES}
    </div>
    """,
    css=Path(__file__).with_name("companion.css").read_text(),
    isolate_styles=False,
)


@st.fragment
def show(pen_width: int, models: Sequence[str], centred: bool, logits: bool) -> None:
    """The companion, with buttons to undo, redo and clear. `pen_width` is in canvas pixels.

    The networks of these names read the drawing.
    """
    options = {"models": list(models), "centred": centred, "logits": logits}
    _companion(
        data={"live": live.PATH.lstrip("/"), "width": pen_width, "options": options}
        | {"reply": _reply()},
        key=Key.COMPANION,
        on_drawing_change=lambda: None,
    )


def _reply() -> Reply | None:
    """The answer to a drawing that came by a rerun, as it does where there is no live socket."""
    message: Any = st.session_state.get(Key.COMPANION, {}).get("drawing")
    if message is None:
        return None
    try:
        return live.answer(live.LiveDrawing(), message)
    except live.Misfit as error:
        turn = message.get("turn") if isinstance(message, dict) else None
        return {"turn": turn if isinstance(turn, int) else 0, "error": str(error)}
