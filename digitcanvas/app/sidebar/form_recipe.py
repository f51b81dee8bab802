"""The recipe that the training form describes, and the page that follows it."""

import os
from dataclasses import replace

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.state import Key
from digitcanvas.runs.recipes import RECIPES, Recipe, read_widths

WITH_PEN = "All of MNIST and pen drawings"
MNIST = "All of MNIST"
SAMPLE = "The bundled sample of MNIST"

COPIED = (
    Key.EPOCHS,
    Key.DROPOUT,
    Key.BATCH_SIZE,
    Key.OPTIMIZER,
    Key.LOSS,
    Key.LEARNING_RATE,
    Key.SCHEDULE,
    Key.AUGMENT,
    Key.NORMALISE,
    Key.VALIDATION_SHARE,
    Key.SEED,
)
"""The fields of a recipe whose widgets hold the field's own value."""

WIDTHS = (Key.HIDDEN, Key.FILTERS)
"""The fields of a recipe whose widgets hold a text: the widths of layers."""


def data_choices() -> list[str]:
    """What this machine can train on."""
    return [*([WITH_PEN] if os.environ.get("DIGITCANVAS_PEN") else []), MNIST, SAMPLE]


def fill() -> None:
    """Set every widget of the form to the chosen recipe's value."""
    values = st.session_state
    recipe = RECIPES[values[Key.RECIPE]]
    for field in COPIED:
        values[field] = getattr(recipe, field)
    for field in WIDTHS:
        values[field] = ", ".join(map(str, getattr(recipe, field)))
    if values.get(Key.DATA) != SAMPLE:
        values[Key.DATA] = data_choices()[0] if recipe.pen_copies else MNIST


def read() -> Recipe:
    """The recipe that the form describes. Raises ValueError if a value is out of range."""
    values = st.session_state
    base = RECIPES[values[Key.RECIPE]]
    return replace(
        base,
        hidden=read_widths(values[Key.HIDDEN]),
        filters=read_widths(values[Key.FILTERS]) if values[Key.FAMILY] == "CNN" else (),
        sample=values[Key.DATA] == SAMPLE,
        pen_copies=max(base.pen_copies, 1) if values[Key.DATA] == WITH_PEN else 0,
        **{field: values[field] for field in COPIED},
    )


def watch() -> Recipe | None:
    """The form's recipe, None if a value is out of range. The page reruns when it changes."""
    session = state.session()
    try:
        session.watched = read()
    except ValueError:
        session.watched = None
    session.watching = True
    return session.watched


def forget_watcher() -> None:
    """Call this before a page runs: the page before it may have watched."""
    state.session().watching = False


def update_watcher(recipe: Recipe | None) -> None:
    """Rerun the page if it shows another recipe than the form's."""
    session = state.session()
    if session.watching and session.watched != recipe:
        session.watching = False
        st.rerun()
