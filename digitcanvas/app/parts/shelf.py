"""The drawings that a hand was told: correct each, or take it back (shelf.js)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, hands, visitor
from digitcanvas.app.state import Key
from digitcanvas.data.store import NO_DIGIT, Kept
from digitcanvas.drawing.png import png_in_base64
from digitcanvas.drawing.preprocess import image_from_strokes

DIGITS = "".join(
    f'<button type="button" data-said="{digit}" aria-label="It is a {digit}">{digit}</button>'
    for digit in range(10)
)

_shelf = assets.component(
    "digitcanvas.shelf",
    Path(__file__).with_name("shelf.js"),
    html=f"""
    <ul class="shelf" aria-label="Drawings that the hand was told"></ul>
    <div class="choice" role="group" aria-label="What is the chosen drawing?" hidden>
      <span>It is a</span>{DIGITS}
      <button type="button" data-said="{NO_DIGIT}">no digit</button>
      <button type="button" data-said="none">Take it back</button>
    </div>
    """,
    css=Path(__file__).with_name("shelf.css").read_text(),
    isolate_styles=False,
)


def show(told: Sequence[Kept], key: Key) -> None:
    """The drawings, by digit and then the oldest first. A change reruns the page.

    Raises StoreError if a drawing is damaged or cannot be changed.
    """
    ordered = sorted(told, key=lambda one: (one.told, one.id))
    result: Any = _shelf(
        data={"told": [_item(one) for one in ordered]},
        key=key,
        on_said_change=lambda: None,
    )
    if result.said:
        _say(int(result.said["drawing"]), result.said["told"])
        st.rerun()


def _item(one: Kept) -> dict[str, Any]:
    view = png_in_base64(image_from_strokes(one.strokes))
    return {"id": one.id, "told": one.told, "view": view}


def _say(drawing: int, told: int | None) -> None:
    token = visitor.token()
    if told is None:
        hands.hands.take_back(token, drawing)
        return
    hands.need_store().drawings.tell(drawing, token, told)
    hands.hands.forget(token)
