"""What people told, for the form and the pages: how many drawings there are, and the newest.

Who is in a room gets that room's, everybody else gets those of all rooms of this server.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from digitcanvas.app import hands, state
from digitcanvas.app.rooms import rooms
from digitcanvas.app.state import Key
from digitcanvas.data.store import Kept, StoreError, writer_of
from digitcanvas.data.told import ALL_ROOMS, FEWEST, selection
from digitcanvas.reading import registry
from digitcanvas.reading.digit_sets import DigitSet, of_drawings

FRESH = 10.0
"""Seconds for which what was found is taken to be so: others draw and tell meanwhile."""

MOST = 2000
"""The newest drawings are measured on, at most so many: to read them takes some seconds."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Supply:
    """How many told drawings there are in a room, or in ALL_ROOMS, and by how many people."""

    room: str
    drawings: int
    people: int

    @property
    def is_enough(self) -> bool:
        """Whether a training may learn from them."""
        return self.drawings >= FEWEST

    @property
    def words(self) -> str:
        """Such as "214 drawings told by 12 people in the room BCDFG"."""
        where = "in all rooms" if self.room == ALL_ROOMS else f"in the room {self.room}"
        people = "1 person" if self.people == 1 else f"{self.people:,} people"
        return f"{self.drawings:,} drawings told by {people} {where}"


def room_here() -> str:
    """The code of the room that this session is in, or ALL_ROOMS."""
    return state.session().chosen.get(Key.ROOM) or ALL_ROOMS


def supply() -> Supply:
    """None are there where this server keeps nothing, and while its store fails."""
    room = room_here()
    if not hands.keeps():
        return Supply(room, 0, 0)
    return _supply(registry.home(), room)


@st.cache_data(show_spinner=False, max_entries=100, ttl=FRESH)
def _supply(home: Path, room: str) -> Supply:
    try:
        store = hands.need_store()
        chosen = selection(store, room)
        return Supply(room, store.drawings.count(chosen), store.drawings.people(chosen))
    except StoreError as error:
        _logger.warning("The told drawings cannot be counted: %s", error)
        return Supply(room, 0, 0)


def digits() -> DigitSet:
    """The newest told drawings, MOST at most. Raises StoreError."""
    return _digits(registry.home(), room_here())


@st.cache_resource(show_spinner="Fetching the drawings …", max_entries=4, ttl=FRESH)
def _digits(home: Path, room: str) -> DigitSet:
    store = hands.need_store()
    chosen = selection(store, room)
    drawings = store.drawings.newest(chosen, limit=MOST)
    # Outside its room, a name is nobody's business
    names = {} if chosen.room is None else _names(drawings)
    return of_drawings(drawings, names)


def _names(drawings: Sequence[Kept]) -> dict[int, str]:
    """What people chose to be called on the wall, by writer: a hand's name is its owner's alone."""
    return {
        writer_of(drawing.session, drawing.hand): rooms.name_of(drawing.session) or ""
        for drawing in drawings
    }
