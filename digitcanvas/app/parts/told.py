"""What a person says of the answer: it was right, or it is another digit, or none (told.js)."""

from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets
from digitcanvas.app.state import Key
from digitcanvas.data.store import NO_DIGIT


def _button(key: Key | str, words: str, said: object, label: str) -> str:
    return (
        f'<div class="st-key-{key}">'
        f'<button type="button" data-said="{said}" aria-label="{label}">{words}</button></div>'
    )


BUTTONS = "".join(
    [
        _button(Key.TOLD_RIGHT, "Right", "right", "It was read right"),
        "<span>It is a</span>",
        *[
            _button(f"{Key.TOLD}_{digit}", f"{digit}", digit, f"It is a {digit}")
            for digit in range(10)
        ],
        _button(Key.TOLD_NONE, "no digit", NO_DIGIT, "It is no digit"),
    ]
)

_told = assets.component(
    "digitcanvas.told",
    Path(__file__).with_name("told.js"),
    html=f"""
    <div class="telling" role="group" aria-label="Was it read right?" inert>{BUTTONS}</div>
    <p class="said" role="status"><span></span>
      <button type="button" class="sure" hidden>It is</button>
      <button type="button" class="back" hidden>Take it back</button></p>
    """,
    css=Path(__file__).with_name("told.css").read_text(),
    isolate_styles=False,
)


@st.fragment
def show(note: str) -> None:
    """The buttons, with a note of what becomes of what is told, until something was.

    What is told switches a hand on, a new one if need be: then all of the page reruns, so that the
    sidebar shows it.
    """
    result: Any = _told(data={"note": note}, key=Key.TOLD, on_switched_change=lambda: None)
    if result.switched:
        st.rerun()
