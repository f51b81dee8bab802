"""The canvas' companion (companion.js): it owns the drawing, and has it read while it is drawn.

Who does what:

- pen.js tells a press, moves and a lift from all that a browser reports of pointers;
- keys.js tells what a key does to the drawing;
- drawing.js is the drawing. The browser's tab owns it: it outlives pages, sessions and reloads;
- surface.js shows it on the canvas, which gets its strokes from there alone;
- live.js sends what has changed to the server by the live socket, or by reruns without one;
- answer.js paints the replies;
- mine.js lists the drawings that were on the canvas before, and share.js saves and sends this one.

So canvas, drawing and answer cannot disagree: each is made from the one before.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, live, state, visitor
from digitcanvas.app.canvas import canvas, share
from digitcanvas.app.hands import hands
from digitcanvas.app.live_drawing import LiveDrawing, Misfit, answer
from digitcanvas.app.reply import Reply
from digitcanvas.app.state import Key

SAMPLES = "".join(
    f'<button type="button" aria-label="Sample of a {digit}">{digit}</button>'
    for digit in range(10)
)

ARROW = (
    "M12.5 8c-2.6 0-5 1-6.9 2.6L2 7v9h9l-3.6-3.6c1.4-1.2 3.2-1.9 5.1-1.9 3.5 0 6.6 2.3 7.6 5.5"
    "l2.4-.8C21.1 11 17.2 8 12.5 8z"
)
SHARE = "M12 2 7 7l1.4 1.4L11 5.8V15h2V5.8l2.6 2.6L17 7zM5 11v10h14V11h-4v2h2v6H7v-6h2v-2z"
CROSS = "M19 6.4 17.6 5 12 10.6 6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6z"


def _button(key: Key, words: str, icon: str, hint: str, shortcuts: str = "") -> str:
    return f"""
    <div class="st-key-{key}">
      <button type="button" title="{hint}" aria-keyshortcuts="{shortcuts}">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="{icon}"/></svg><span>{words}</span>
      </button>
    </div>
    """


BUTTONS = "".join(
    [
        _button(Key.UNDO, "Undo", ARROW, "Ctrl+Z", "Control+Z Meta+Z"),
        _button(Key.REDO, "Redo", ARROW, "Ctrl+Y", "Control+Y Meta+Y Control+Shift+Z Meta+Shift+Z"),
        _button(Key.CLEAR, "Clear", CROSS, "Delete or Escape", "Delete Backspace Escape"),
        _button(
            Key.SHARE, "Save or share", SHARE, "Save or share this drawing, or see the last ones"
        ),
    ]
)

_companion = assets.component(
    "digitcanvas.companion",
    Path(__file__).with_name("companion.js"),
    html=f"""
    <p class="notice" role="status"></p>
    <div class="buttons">{BUTTONS}</div>
    <div class="st-key-{Key.SAMPLES} samples" role="group" aria-label="Samples to try">
      <span>or try a</span>{SAMPLES}
    </div>
    {share.DIALOG}
    """,
    css=Path(__file__).with_name("companion.css").read_text() + share.CSS,
    isolate_styles=False,
)


@st.fragment
def show(
    pen_width: int,
    models: Sequence[str],
    centred: bool,
    logits: bool,
    room: str | None = None,
    numbers: bool | None = None,
) -> None:
    """The companion, with buttons to undo, redo and clear, and to save or share the drawing.

    The networks of these names read the drawing, as several digits too if `numbers` are read; None
    is for a page on which the canvas is never wide. `pen_width` is in canvas pixels. What is drawn
    goes to the wall of the room of this code.
    """
    options = {"models": list(models), "centred": centred, "logits": logits, "room": room}
    options |= {"numbers": bool(numbers), "hand": _hand()}
    can_widen = numbers is not None
    is_wide = can_widen and state.session().chosen[Key.WIDE]
    result: Any = _companion(
        data={"live": live.PATH.lstrip("/"), "width": pen_width, "options": options}
        | {"sides": canvas.WIDE if is_wide else 1, "canWiden": can_widen, "reply": _reply()},
        key=Key.COMPANION,
        on_drawing_change=lambda: None,
        on_widen_change=_widen if can_widen else lambda: None,
    )
    if result.widen and can_widen:
        st.rerun()


def _widen() -> None:
    """A wide drawing has come: the switch follows."""
    if not state.session().chosen[Key.WIDE]:
        st.session_state[Key.WIDE] = True


def _hand() -> str | None:
    """What the hand depends on: another one reads anew."""
    active = hands.active(visitor.token())
    return str(hash((active.hand.id, active.revision))) if active else None


def _reply() -> Reply | None:
    """The answer to a drawing that came by a rerun, as it does where there is no live socket."""
    message: Any = st.session_state.get(Key.COMPANION, {}).get("drawing")
    if message is None:
        return None
    session = state.session()
    if session.last_told and session.last_told[0] == message:
        return session.last_told[1]  # the page runs again: nothing is told twice
    try:
        drawing = LiveDrawing(visitor=visitor.token(), keeps_at_first=visitor.keeps())
        drawing.number = session.number
        reply = answer(drawing, message)
        session.number = drawing.number
        session.last_told = (message, reply) if "told" in reply else None
        return reply
    except Misfit as error:
        turn = message.get("turn") if isinstance(message, dict) else None
        return {"turn": turn if isinstance(turn, int) else 0, "error": str(error)}
