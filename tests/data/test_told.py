"""Told drawings, split by person."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.data.store import NO_DIGIT, Store, StoreError, database_url
from digitcanvas.data.told import (
    ALL_ROOMS,
    COPIES,
    FEWEST,
    PEOPLE,
    copies_of,
    hash_of,
    load_told,
    split_by_person,
)
from digitcanvas.drawing.strokes import Drawing
from tests.digits import DIGITS

PEN = 16.0


def drawings(people, labels=range(10)):
    """Three drawings of each label, one after the other, by so many people in turn."""
    labels = [*labels] * 3
    return [
        Drawing([np.array(s, float) for s in DIGITS[label % 10]], label, number % people)
        for number, label in enumerate(labels)
    ]


def tell(home, told):
    """Keep drawings in a room of the store of this home, told to be their labels.

    Gives the room's code.
    """
    with Store(database_url(home)) as store:
        room = store.rooms.open("leader", "Class 4b")
        sessions = [f"session-{drawing.writer}" for drawing in told]
        store.drawings.add_told(told, sessions, PEN, room=room.id)
    return room.code


makers = st.lists(st.tuples(st.integers(0, 12), st.integers(0, NO_DIGIT)), min_size=30, max_size=80)


@given(makers)
def test_every_drawing_is_on_one_side_and_both_have_some(made):
    told = [Drawing([np.zeros((1, 2))], label, writer) for writer, label in made]
    train, validation = split_by_person(told)
    assert sorted(map(id, train + validation)) == sorted(map(id, told))
    assert train and validation
    assert len(validation) <= len(told) / 3


@given(makers)
def test_who_is_held_out_is_learnt_from_nowhere(made):
    told = [Drawing([np.zeros((1, 2))], label % 10, writer) for writer, label in made]
    train, validation = split_by_person(told)
    people = [{drawing.writer for drawing in part} for part in (train, validation)]
    assert len(people[0] | people[1]) < PEOPLE or not people[0] & people[1]


def test_of_few_people_a_fifth_of_all_digits_is_held_out():
    told = drawings(people=2) + drawings(people=2)
    train, validation = split_by_person(told)
    assert len(validation) == 12 and {drawing.label for drawing in validation} == set(range(10))
    assert np.bincount([drawing.label for drawing in train]).min() >= 4


def test_who_made_most_of_the_drawings_is_learnt_from():
    others = [replace(drawing, writer=1 + drawing.writer) for drawing in drawings(people=5)]
    told = [replace(drawing, writer=0) for drawing in drawings(people=1) * 9] + others
    train, validation = split_by_person(told)
    assert 0 in {drawing.writer for drawing in train}
    assert 0 not in {drawing.writer for drawing in validation} and validation


def test_who_is_held_out_does_not_hang_on_who_drew_first():
    told = [replace(drawing, writer=7 * drawing.writer % 10) for drawing in drawings(people=10)]
    sides = [
        {drawing.writer for drawing in split_by_person(part)[1]} for part in (told, told[::-1])
    ]
    assert sides[0] == sides[1]


def test_people_who_come_later_move_few_to_the_other_side():
    rng = np.random.default_rng(0)
    people = rng.integers(0, 2**31, 100)
    told = [Drawing([], 0, int(writer)) for writer in people for _ in range(10)]
    before, after = (
        {drawing.writer for drawing in split_by_person(part)[1]} for part in (told[:-100], told)
    )
    assert len(before ^ after) < 6


@pytest.mark.parametrize("alone", [False, True])
@given(st.integers(0, 200_000))
def test_few_drawings_are_copied_often_and_many_are_not(alone, count):
    copies = copies_of(count, alone)
    assert 1 <= copies <= COPIES
    assert copies == 1 or copies * count <= 60_000
    assert copies_of(count, alone=True) >= copies_of(count, alone=False)


def test_the_hash_tells_strokes_and_labels_and_their_order():
    told = drawings(people=3)
    moved = [told[0].strokes[0] + 0.01, *told[0].strokes[1:]]
    others = [
        told[::-1],
        told[1:],
        [replace(told[0], label=9), *told[1:]],
        [replace(told[0], strokes=moved), *told[1:]],
    ]
    assert len({hash_of(some) for some in (told, *others)}) == 5
    assert hash_of(told) == hash_of([replace(drawing, writer=7) for drawing in told])


def test_the_store_s_told_drawings_are_read_with_who_told_them(tmp_path):
    room = tell(tmp_path, drawings(people=6))
    tell(tmp_path, drawings(people=1))
    told = load_told(room, tmp_path)
    assert told.people == 6 and len(told.train) + len(told.validation) == 30
    assert not {d.writer for d in told.train} & {d.writer for d in told.validation}
    every = load_told(ALL_ROOMS, tmp_path)
    assert len(every.train) + len(every.validation) == 60 and every.sha256 != told.sha256
    assert load_told(room.lower(), tmp_path).sha256 == told.sha256


def test_what_is_told_outside_a_room_is_its_person_s_alone(tmp_path):
    room = tell(tmp_path, drawings(people=6))
    with Store(database_url(tmp_path)) as store:
        store.drawings.add_told(drawings(people=3), ["me"] * 30, PEN)
    assert load_told(ALL_ROOMS, tmp_path).sha256 == load_told(room, tmp_path).sha256


def test_hidden_drawings_and_those_that_nobody_told_are_left_out(tmp_path):
    room = tell(tmp_path, drawings(people=6))
    with Store(database_url(tmp_path)) as store:
        found = store.rooms.find(room)
        store.drawings.keep("me", DIGITS[3].copy(), None, PEN, room=found.id)
        extra = store.drawings.keep("me", DIGITS[3].copy(), None, PEN, told=3, room=found.id)
        store.rooms.hide(found.id, extra, "leader")
    told = load_told(room, tmp_path)
    assert len(told.train) + len(told.validation) == 30


def test_too_few_drawings_no_such_room_or_a_damaged_store_is_one_clear_line(tmp_path):
    room = tell(tmp_path, drawings(people=6)[: FEWEST - 1])
    for code, complaint in (
        (room, f"There are 29 told drawings in the room {room}, and a training takes 30"),
        (ALL_ROOMS, "There are 29 told drawings in all rooms"),
        ("XXXXX", "There is no room 'XXXXX'"),
    ):
        with pytest.raises(StoreError, match=complaint):
            load_told(code, tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "drawings.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="cannot be read: the file is damaged"):
        load_told(ALL_ROOMS, tmp_path / "other")


def test_who_learns_from_them_alone_needs_every_digit(tmp_path):
    tell(tmp_path, drawings(people=6, labels=[*range(9), NO_DIGIT]))
    assert load_told(ALL_ROOMS, tmp_path).train
    with pytest.raises(StoreError, match=r"lack digits to learn from \(9\): have these drawn"):
        load_told(ALL_ROOMS, tmp_path, alone=True)
