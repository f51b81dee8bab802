"""The switch that has what a person tells kept, or not. The browser remembers it (keeping.js)."""

import time
from pathlib import Path

import streamlit as st

from digitcanvas.app import assets, state, visitor
from digitcanvas.app.state import Key

_keeping = assets.component(
    "digitcanvas.keeping",
    Path(__file__).with_name("keeping.js"),
    html="<span></span>",
    css="""
    .st-key-keeping {
      display: none;
    }
    """,
    isolate_styles=False,
)


def show() -> None:
    """The switch. It holds at once in all tabs of the browser."""
    st.session_state[Key.KEEP] = visitor.keeps()
    st.toggle("Keep what I tell on this server", key=Key.KEEP, on_change=_choose)
    take_cookies(state.session().chose_to_keep, Key.KEEPING)


def take_cookies(chosen: int, key: Key) -> None:
    """Have the browser take its cookies anew, once after a choice made at this time, if any."""
    _keeping(data={"chosen": chosen}, key=key)


def _choose() -> None:
    visitor.choose(st.session_state[Key.KEEP])
    state.session().chose_to_keep = time.time_ns() // 1000
