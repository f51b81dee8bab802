"""Asks a person for digits one after another, and has each told to the hand (asking.js).

The next one comes by itself when the pen rests: until it is stopped, nothing of Streamlit runs.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets
from digitcanvas.app.state import Key

ROUNDS = 3
"""Rounds of ten that are recommended: with more, hands gain little."""

_asking = assets.component(
    "digitcanvas.asking",
    Path(__file__).with_name("asking.js"),
    html="""
    <section class="asking" aria-label="Teach it your hand">
      <div role="status">
        <h2 class="asked">Teach it your hand</h2><p class="invitation" hidden></p>
      </div>
      <div class="rest" aria-hidden="true"><span></span></div>
      <progress class="bar" max="30" value="0" aria-label="Drawn so far"></progress>
      <p class="count"></p>
      <p class="words" role="status" hidden></p>
      <div class="steps">
        <button type="button" class="go" hidden></button>
        <button type="button" class="halt" hidden>Stop</button>
        <button type="button" class="back" hidden></button>
      </div>
    </section>
    """,
    css=Path(__file__).with_name("asking.css").read_text(),
    isolate_styles=False,
)


def show(hand: int | None, counts: Sequence[int], invitation: str) -> None:
    """What to draw, how far it is, and buttons to start, to stop, and to take the last one back.

    `hand` is the id of the one that learns, None for one that does not exist yet, `counts` how many
    drawings of each digit it was told. Once stopped, the page reruns.
    """
    result: Any = _asking(
        data={"hand": hand, "counts": list(counts), "rounds": ROUNDS, "invitation": invitation},
        key=Key.ASKING,
        on_stopped_change=lambda: None,
    )
    if result.stopped:
        st.rerun()
