"""The recipe that the training form describes, and the page that follows it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import shared_told
from digitcanvas.app.state import Key
from digitcanvas.data.pen import pen_path
from digitcanvas.data.unipen import unipen_folder
from digitcanvas.runs.networks import family
from digitcanvas.runs.recipes import (
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    Recipe,
    label_of,
    read_number,
    read_widths,
)

WITH_PEN = "All of MNIST and pen drawings"
MNIST = "All of MNIST"
WITH_ROOM = "All of MNIST and the room's drawings"
ROOM = "The room's drawings alone"
SAMPLE = "The bundled sample of MNIST"

IN_LINK = {
    "pen": WITH_PEN,
    "mnist": MNIST,
    "room": WITH_ROOM,
    "room-only": ROOM,
    "sample": SAMPLE,
}
"""What a link calls the data."""

USUALLY = (WITH_PEN, MNIST)
"""The data that a recipe chooses; the others stay when another recipe is chosen."""

USUAL = next(iter(RECIPES))
"""The name of the recipe that the form starts with."""

WHOLE = (Key.EPOCHS, Key.BATCH_SIZE, Key.SEED)
NUMBERS = (*WHOLE, Key.LEARNING_RATE, Key.VALIDATION_SHARE)
WIDTHS = (Key.HIDDEN, Key.FILTERS)
"""The fields of a recipe whose widgets hold a text: numbers, and the widths of layers."""

COPIED = (Key.OPTIMIZER, Key.LOSS, Key.SCHEDULE, Key.AUGMENT, Key.NORMALISE)
"""The fields of a recipe whose widgets hold the field's own value."""

SWITCHES = {"true": True, "false": False}
"""What a link calls the positions of a switch."""


def data_choices() -> list[str]:
    """What this machine can train on."""
    return [choice for choice in IN_LINK.values() if _is_there(choice)]


def _is_there(data: str | None) -> bool:
    """Whether this machine has the data; the room's drawings are counted for their choices alone.

    Every run of the page asks several times, and to look up a count takes 0.6 ms.
    """
    if data == WITH_PEN:
        return _has_pen()
    if data in (WITH_ROOM, ROOM):
        return shared_told.supply().is_enough
    return data in (MNIST, SAMPLE)


def _has_pen() -> bool:
    return bool(pen_path() or unipen_folder())


CHOICES = {Key.OPTIMIZER: OPTIMIZERS, Key.LOSS: LOSSES, Key.SCHEDULE: SCHEDULES}


def restore() -> None:
    """Give a widget its recipe's value where it has none, or one that it does not offer.

    Data may be there no longer, and not everybody's browser is one.
    """
    values = st.session_state
    if values.get(Key.RECIPE) not in RECIPES:
        values[Key.RECIPE] = USUAL
    recipe = RECIPES[values[Key.RECIPE]]
    for key, value in _filled(recipe).items():
        if key not in values or values[key] not in CHOICES.get(key, [values[key]]):
            values[key] = value
    if not _is_there(values.get(Key.DATA)):
        values[Key.DATA] = _usual_data(recipe)


def fill() -> None:
    """Set every widget of the form to the chosen recipe's value."""
    restore()
    values = st.session_state
    recipe = RECIPES[values[Key.RECIPE]]
    for key, value in _filled(recipe).items():
        values[key] = value
    if values.get(Key.DATA, MNIST) in USUALLY:
        values[Key.DATA] = _usual_data(recipe)


def take(name: str, recipe: Recipe) -> None:
    """Set the form to this recipe, which was made from the one called `name`; its data stay."""
    values = st.session_state
    if name in RECIPES:
        values[Key.RECIPE] = name
    for key, value in _filled(recipe).items():
        values[key] = value


def _filled(recipe: Recipe) -> dict[Key, Any]:
    """What the widgets hold for this recipe."""
    return (
        {key: getattr(recipe, key) for key in COPIED}
        | {Key.DROPOUT: float(recipe.dropout)}
        | {key: _written(getattr(recipe, key)) for key in (*NUMBERS, *WIDTHS)}
    )


def _written(value: Any) -> str:
    """The text in a widget for a number or for the widths of layers."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _usual_data(recipe: Recipe) -> str:
    return WITH_PEN if recipe.pen_copies and _has_pen() else MNIST


def read() -> Recipe:
    """The recipe that the form describes. Raises ValueError if a value is out of range."""
    restore()
    values = st.session_state
    base = RECIPES[values[Key.RECIPE]]
    data = values[Key.DATA]
    has_pen = data == WITH_PEN or (data == WITH_ROOM and _has_pen())
    fields: dict[str, Any] = {key: values[key] for key in (*COPIED, Key.DROPOUT)}
    for key in (*NUMBERS, *widths_of(base)):
        try:
            fields[key] = _parse(key, values[key])
        except ValueError as error:
            raise ValueError(f"{label_of(key)}: {error}") from None
    return replace(
        base,
        sample=data == SAMPLE,
        room=shared_told.room_here() if data in (WITH_ROOM, ROOM) else "",
        room_only=data == ROOM,
        pen_copies=max(base.pen_copies, 1) if has_pen else 0,
        **fields,
    )


def widths_of(recipe: Recipe) -> tuple[Key, ...]:
    """Those of WIDTHS that its kind of network has."""
    return WIDTHS if family(recipe) == "CNN" else (Key.HIDDEN,)


def _parse(key: Key, text: str) -> Any:
    return read_widths(text) if key in WIDTHS else read_number(text, whole=key in WHOLE)


def follow(given: Mapping[str, str]) -> None:
    """Fill the form for the first time: as a link's parameters say, where that is possible."""
    values = st.session_state
    name = given.get(Key.RECIPE)
    values[Key.RECIPE] = name if name in RECIPES else USUAL
    fill()
    data = IN_LINK.get(given.get(Key.DATA, ""))
    if _is_there(data):
        values[Key.DATA] = data
    for key in (*COPIED, Key.DROPOUT, *NUMBERS, *widths_of(RECIPES[values[Key.RECIPE]])):
        filled = values[key]
        with suppress(ValueError, KeyError):
            values[key] = _from_link(key, given[key], filled)
            try:
                read()
            except ValueError:
                values[key] = filled


def _from_link(key: Key, text: str, filled: Any) -> Any:
    """A widget's value from a link's text; `filled` is another value of the widget.

    Numbers and widths are written anew: int() takes much that the page should not show.
    """
    if key in (*NUMBERS, *WIDTHS):
        return _written(_parse(key, text))
    return SWITCHES[text] if isinstance(filled, bool) else type(filled)(text)


def text_in_link(value: Any) -> str:
    """A widget's value as a link writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def query() -> dict[str, str | None]:
    """What a link has to say of the form, by parameter; None where the recipe says so itself."""
    restore()
    values = st.session_state
    name = values[Key.RECIPE]
    recipe = RECIPES[name]
    link: dict[str, str | None] = {Key.RECIPE: None if name == USUAL else name}
    data = values[Key.DATA]
    words = {choice: word for word, choice in IN_LINK.items()}
    link[Key.DATA] = None if data == _usual_data(recipe) else words[data]
    for key, filled in _filled(recipe).items():
        value = values.get(key, filled)
        link[key] = None if value == filled else text_in_link(value)
    return {str(key): value for key, value in link.items()}


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
