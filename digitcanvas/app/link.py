"""The page's link: what a person chose stands in the address, so a reload or a friend finds it.

The server reads the address once in a session, and link.js writes it, without a step in the
browser's history. What is as usual is left out. Streamlit's own `bind="query-params"` drops a
page's widgets from the address when another page is opened, knows one default of a field where
each recipe has its own, and sets a widget of another type to what the address said at first.

The tab also remembers the training that it started, so that it moves to the result after a reload.
"""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import assets, rooms, state
from digitcanvas.app.canvas import canvas
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.app.state import Key
from digitcanvas.reading import registry

USUAL: dict[Key, Any] = {
    Key.MODEL: registry.SHIPPED_NAMES[0],
    Key.COMPARE: None,
    Key.PEN_WIDTH: 16,
    Key.WIDE: False,
    Key.CENTRED: True,
    Key.LOGITS: False,
    Key.ROOM: None,
}
"""The first values of widgets, unless the link has others."""

CHOSEN = (Key.PEN_WIDTH, Key.WIDE, Key.CENTRED, Key.LOGITS, Key.ROOM)
"""Those whose values `Session.chosen` holds."""


def _read_name(text: str) -> str:
    if not re.fullmatch(registry.NAME, text):  # a page shows it, and anybody can write a link
        raise ValueError
    return text


def _read_width(text: str) -> int:
    if int(text) not in canvas.PENS:
        raise ValueError
    return int(text)


def _read_code(text: str) -> str:
    code = rooms.code_in(text)
    if code is None:
        raise ValueError
    return code


READERS: dict[Key, Callable[[str], Any]] = {
    Key.MODEL: _read_name,
    Key.COMPARE: _read_name,
    Key.PEN_WIDTH: _read_width,
    Key.WIDE: form_recipe.SWITCHES.__getitem__,
    Key.CENTRED: form_recipe.SWITCHES.__getitem__,
    Key.LOGITS: form_recipe.SWITCHES.__getitem__,
    Key.ROOM: _read_code,
}
"""What reads a value from a link. Each raises ValueError or KeyError for what does not fit."""

_link = assets.component(
    "digitcanvas.link",
    Path(__file__).with_name("link.js"),
    html="<span></span>",
    css="""
    [class*="st-key-link"] {
      display: none;
    }
    """,
    isolate_styles=False,
)


def follow() -> None:
    """Give the widgets their first values in a session: those of its link, where these fit."""
    session, values = state.session(), st.session_state
    if session.linked:
        return
    given = st.query_params.to_dict()
    for key, usual in USUAL.items():
        first = session.chosen if key in CHOSEN else values
        first[key] = usual
        with suppress(ValueError, KeyError):
            first[key] = READERS[key](given[key])
    session.reading = [values[k] for k in (Key.MODEL, Key.COMPARE) if k in given and values[k]]
    form_recipe.follow(given)


def show() -> None:
    """Have the link say what was chosen. Call it at the end of the page."""
    session = state.session()
    run = _show(Key.LINK, run=session.trained_here, isNew=not session.linked).run
    session.linked = True
    if isinstance(run, str) and not session.trained_here:
        session.trained_here = run
        st.rerun()


def show_in_fragment(key: Key) -> None:
    """Likewise where a fragment has changed it. Call it at the end of the fragment."""
    _show(key)


def _show(key: Key, **more: Any) -> Any:
    """Streamlit drops the link when another page is opened, so it is written after each run."""
    return _link(
        data={"query": _query(), "turn": time.time_ns() // 1000} | more,
        key=key,
        on_run_change=lambda: None,
    )


def _query() -> dict[str, str | None]:
    """What the address has to say, by parameter; None where it is as usual."""
    values = {key: st.session_state.get(key) for key in (Key.MODEL, Key.COMPARE)}
    chosen = values | state.session().chosen
    query = {
        str(key): None if value == USUAL[key] else form_recipe.text_in_link(value)
        for key, value in chosen.items()
    }
    return query | form_recipe.query()
