"""What people drew and told in a room, to train and to measure networks with: split by person.

What is told outside a room teaches a person's own hand, and nobody else learns from it or sees it.
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digitcanvas.data.store import (
    FIRST_NAME,
    NO_DIGIT,
    Selection,
    Store,
    StoreError,
    database_url,
)
from digitcanvas.drawing.files import read_drawings
from digitcanvas.drawing.strokes import Drawing

ALL_ROOMS = "all"
"""Stands where a room's code may."""

FILE = "DIGITCANVAS_TOLD"
"""The environment variable that names a file with a room's drawings, on a machine without the store
that holds them."""

FEWEST = 30
"""Told drawings that are enough to train with: three of each digit."""

PEOPLE = 5
"""With fewer people, their drawings are split, and not the people."""

SHARE = 5
"""One in so many is held out for validation."""

LARGEST = 3
"""The people held out have made at most one in so many drawings."""

COPIES = 20
"""Of each drawing, at most: a hand is fitted to as many."""

BESIDE, ALONE = 12_000, 60_000
"""About so many copies of all drawings are made, beside MNIST's 60,000 digits or without them."""


@dataclass(frozen=True)
class ToldDrawings:
    """Told drawings, those to train on and those to validate with.

    Labels are 0 to 9, and 10 for "no digit". No person is on both sides where there are at least
    PEOPLE. `people` counts them all, and `sha256` tells whether the drawings are the same.
    """

    train: list[Drawing]
    validation: list[Drawing]
    people: int
    sha256: str


def load_told(room: str, home: Path, alone: bool = False) -> ToldDrawings:
    """The told drawings in the room with this code, or in ALL_ROOMS.

    They are in the file that FILE names, else in the store of this home. Raises StoreError, a
    ValueError, if there is no such room, there are too few drawings, the store cannot be read, or a
    digit is lacking to a network that is to learn from them `alone`.
    """
    file = os.environ.get(FILE)
    drawings = read_drawings(file, NO_DIGIT) if file else drawings_in(room, home)
    if len(drawings) < FEWEST:
        where = "in all rooms" if room == ALL_ROOMS else f"in the room {room}"
        raise StoreError(
            f"There are {len(drawings)} told drawings {where}, and a training takes {FEWEST} at "
            "least: tell it what more drawings are, then try again."
        )
    train, validation = split_by_person(drawings)
    missing = set(range(10)) - {drawing.label for drawing in train}
    if alone and missing:
        raise StoreError(
            f"The room's drawings lack digits to learn from ({', '.join(map(str, sorted(missing)))}"
            "): have these drawn and told, or learn from MNIST too."
        )
    people = len({drawing.writer for drawing in drawings})
    return ToldDrawings(train, validation, people, hash_of(drawings))


def drawings_in(room: str, home: Path) -> list[Drawing]:
    """The told drawings in the room with this code, or in ALL_ROOMS, in the store of this home.

    Raises StoreError if there is no such room, or the store cannot be read.
    """
    with Store(database_url(home)) as store:
        return store.drawings.to_learn_from(selection(store, room)).drawings


def selection(store: Store, room: str) -> Selection:
    """The told drawings in the room with this code, or in ALL_ROOMS, but for hidden ones.

    Raises StoreError if there is no such room.
    """
    if room == ALL_ROOMS:
        return Selection(told=True, shown=True, in_room=True)
    return Selection(room=store.rooms.find(room).id, told=True, shown=True)


def split_by_person(drawings: Sequence[Drawing]) -> tuple[list[Drawing], list[Drawing]]:
    """The drawings to train on, and those to validate with: about a fifth, by about as many people.

    Chance is in the writers' numbers, so that most people stay on their side when others come. With
    fewer than PEOPLE, and if those held out drew no digit, a fifth of each label is held out.
    """
    held_out = _people_held_out(drawings)
    places = {i for i, drawing in enumerate(drawings) if drawing.writer in held_out}
    if all(drawings[i].label == NO_DIGIT for i in places):
        by_label = sorted(range(len(drawings)), key=lambda i: drawings[i].label)
        places = set(by_label[SHARE - 1 :: SHARE])
    return (
        [drawing for i, drawing in enumerate(drawings) if i not in places],
        [drawing for i, drawing in enumerate(drawings) if i in places],
    )


def _people_held_out(drawings: Sequence[Drawing]) -> set[int]:
    """Writers of a fifth of the drawings and of a third at most; none if there are too few."""
    made = Counter(drawing.writer for drawing in drawings)
    people: set[int] = set()
    count = 0
    for writer in sorted(made) if len(made) >= PEOPLE else []:
        if count * SHARE < len(drawings) and (count + made[writer]) * LARGEST <= len(drawings):
            people.add(writer)
            count += made[writer]
    return people


def person_names(writers: Iterable[int], names: Mapping[int, str]) -> dict[int, str]:
    """What to call those who drew, by their numbers, in the order of their first drawings.

    `names` are those that their hands or they themselves have, "" for none. Whoever chose none is
    "Person 1", "Person 2" and so on; those who chose the same are numbered too.
    """
    people: dict[int, str] = {}
    for place, writer in enumerate(dict.fromkeys(writers), 1):
        name = names.get(writer, "")
        if not name or re.fullmatch(rf"{FIRST_NAME}( \d+)?", name):
            name = f"Person {place}"
        number, free = 1, name
        while free in people.values():
            number += 1
            free = f"{name} ({number})"
        people[writer] = free
    return people


def digits_of(drawings: Sequence[Drawing]) -> list[Drawing]:
    """Those that were told to be a digit."""
    return [drawing for drawing in drawings if drawing.label != NO_DIGIT]


def copies_of(drawings: int, alone: bool) -> int:
    """How often each of so many drawings is learnt from, each time in another hand."""
    return max(1, min(COPIES, (ALONE if alone else BESIDE) // max(1, drawings)))


def hash_of(drawings: Sequence[Drawing]) -> str:
    """The SHA-256 of the drawings' strokes and labels, in hexadecimal."""
    content = hashlib.sha256()
    for drawing in drawings:
        content.update(f"{drawing.label}:{[len(stroke) for stroke in drawing.strokes]}".encode())
        for stroke in drawing.strokes:
            content.update(stroke.astype("<f8").tobytes())
    return content.hexdigest()
