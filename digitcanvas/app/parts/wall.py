"""A room's wall: its drawings with their answers as they come, its figures, and its game (wall.js).

walls.py sends what is new to those who look at it; no script runs for that.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, live
from digitcanvas.app.state import Key

_wall = assets.component(
    "digitcanvas.wall",
    Path(__file__).with_name("wall.js"),
    html="""
    <div class="wall">
      <p class="problem" role="alert"></p>
      <section class="game" aria-label="The game" hidden>
        <div class="asking" role="status"><span></span><strong></strong></div>
        <div class="tally"><p class="left"></p><p class="now"></p><p class="all"></p></div>
        <table class="best">
          <thead><tr><th>place</th><th>name</th><th>read</th><th>fooled it</th></tr></thead>
          <tbody></tbody>
        </table>
      </section>
      <dl class="figures"></dl>
      <p class="invitation" hidden>Scan the code, and draw a digit.</p>
      <ol class="tiles" aria-label="Drawings, the newest first"></ol>
    </div>
    """,
    css=Path(__file__).with_name("wall.css").read_text(),
    isolate_styles=False,
)


def show(code: str, is_leader: bool, on_hide: Callable[[int], None]) -> None:
    """The wall of the room of this code. Who leads it presses a drawing, and `on_hide` gets its id.

    A browser may say that it leads any room: `on_hide` has to find out.
    """

    def hide() -> None:
        values: Any = st.session_state[Key.WALL]
        drawing = values["hide"]
        if type(drawing) is int and 0 < drawing < 2**63:
            on_hide(drawing)

    _wall(
        data={"live": live.PATH.lstrip("/"), "code": code, "isLeader": is_leader},
        key=Key.WALL,
        on_hide_change=hide,
    )
