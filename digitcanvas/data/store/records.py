"""What the store gives and takes: drawings as they are kept, hands, rooms, and counts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from digitcanvas.data.store.packing import unpack
from digitcanvas.drawing.arrays import IntArray
from digitcanvas.drawing.strokes import Drawing, Stroke

NO_DIGIT = 10
"""What a person says of a drawing that is not a digit; also the label of such a drawing."""


FIRST_NAME = "My hand"
"""What a hand is called whose person has chosen no name, maybe with a number behind it."""


@dataclass(frozen=True)
class Answer:
    """What a network said of a drawing.

    `digit`, 0 to 9, is the most probable one, `probability` its probability; `is_digit` is how much
    the drawing looked like a digit, both in [0, 1]. It was `rejected` if that was too little.
    `network` is the model's name, `run` the id of the run that trained it ("" for none).
    """

    digit: int
    probability: float
    is_digit: float
    rejected: bool
    network: str
    run: str = ""

    @property
    def said(self) -> int:
        """The digit as which it was read, or 10 if it was rejected."""
        return NO_DIGIT if self.rejected else self.digit


@dataclass(frozen=True)
class Kept:
    """A drawing in the store.

    `told` is what the person said it is: 0 to 9, 10 for "no digit", or None as long as nobody did.
    `answer` is None for an imported drawing. `made` is in UTC. `pen` is its width in canvas pixels.
    `hand` and `room` are ids. The `session` is its owner's secret: who knows it may change and
    delete the drawing, so it goes to no other browser.
    """

    id: int
    session: str
    made: datetime
    answer: Answer | None
    told: int | None
    pen: float
    hand: int | None
    room: int | None
    hidden: bool
    packed: bytes = field(repr=False)

    @property
    def strokes(self) -> list[Stroke]:
        """Arrays (n, 2) as they came. Raises StoreError if they are damaged."""
        return unpack(self.packed)

    @property
    def is_right(self) -> bool | None:
        """Whether it was read as what the person said; None if one of the two is missing."""
        return None if self.told is None or not self.answer else self.told == self.answer.said

    @property
    def drawing(self) -> Drawing:
        """A told drawing to learn from, its label 0 to 9 or 10; ValueError if it was not told."""
        if self.told is None:
            raise ValueError(f"Nobody has said what drawing {self.id} is.")
        return Drawing(self.strokes, self.told, writer_of(self.session, self.hand))


def writer_of(session: str, hand: int | None) -> int:
    """A number from 0 to 2**31 - 1 for who drew: the hand, or without one the session.

    It is always the same, so that a split by writer stays as it is when drawings come and go.
    """
    name = session if hand is None else f"{session} {hand}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


@dataclass(frozen=True)
class Hand:
    """A hand: `told` is the number of drawings from which it learns, `made` is in UTC."""

    id: int
    name: str
    made: datetime
    is_on: bool
    told: int


@dataclass(frozen=True)
class Room:
    """A room, which people join by its `code`. The times are in UTC; `ended` is None while open."""

    id: int
    code: str
    name: str
    opened: datetime
    ended: datetime | None


@dataclass(frozen=True)
class News:
    """What has changed in a room.

    `drawings` are those that came or changed, each as it is now, hidden ones among them: what shows
    them replaces or drops them by their ids. If the news are `afresh`, they are all that there is
    to show, and everything shown before goes. `cursor` is to be given the next time.
    """

    drawings: Sequence[Kept]
    cursor: str
    afresh: bool


@dataclass(frozen=True)
class Counts:
    """How many drawings there are that are not hidden, int64.

    `confusion` (11, 11) counts those that were told and answered, by what was told (row) and as
    what they were read (column), 10 being "no digit". `read_as` (11,) counts all that were answered
    by the latter; `drawings` are all, `told` those told.
    """

    drawings: int
    told: int
    read_as: IntArray
    confusion: IntArray

    @property
    def right(self) -> int:
        return int(np.trace(self.confusion))

    @property
    def wrong(self) -> int:
        return int(self.confusion.sum()) - self.right


@dataclass(frozen=True)
class Person:
    """Somebody in a room: `writer` as the drawings' `writer_of`, `name` the hand's, or ""."""

    writer: int
    name: str
    drawings: int
    told: int
    right: int


@dataclass(frozen=True)
class Told:
    """Told drawings to learn from, oldest first, and the names of those writers who gave one."""

    drawings: list[Drawing]
    names: dict[int, str]


@dataclass(frozen=True)
class Totals:
    """What the store holds; `bytes` is its size on disk, None where the server does not tell."""

    drawings: int
    told: int
    hands: int
    rooms: int
    bytes: int | None


@dataclass(frozen=True)
class Selection:
    """Which drawings: those that fit all that is given. `since` and `before` are aware times.

    With `told`, only those that were told; with `shown`, only those that are not hidden; with
    `in_room`, only those in a room, whichever.
    """

    session: str | None = None
    hand: int | None = None
    room: int | None = None
    since: datetime | None = None
    before: datetime | None = None
    told: bool = False
    shown: bool = False
    in_room: bool = False
