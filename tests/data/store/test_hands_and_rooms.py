import re
import threading
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from digitcanvas.data.store import Selection, StoreError
from digitcanvas.drawing.hand_files import ToldDrawing
from tests.data.store.servers import ME, SEVEN, SHE, YOU, keep
from tests.digits import DIGITS


def ids(kept):
    return [one.id for one in kept]


def names(hands):
    return [(hand.name, hand.is_on, hand.told) for hand in hands]


# Hands


def test_a_hand_is_its_owner_s_alone(store):
    hand = store.hands.make(ME, "  Ada\n Lovelace ")
    assert (hand.name, hand.is_on, hand.told) == ("Ada Lovelace", True, 0)
    assert store.hands.of(ME) == [hand] == [store.hands.get(hand.id)]
    assert store.hands.of(YOU) == [] and store.hands.owner(hand.id) == ME
    for change in (
        lambda: store.hands.rename(hand.id, YOU, "Bob"),
        lambda: store.hands.switch(YOU, hand.id),
        lambda: store.hands.remove(hand.id, YOU),
        lambda: keep(store, YOU, hand=hand.id),
        lambda: store.drawings.tell(keep(store, YOU), YOU, 7, hand=hand.id),
        lambda: store.hands.get(hand.id + 1),
        lambda: store.hands.owner(hand.id + 1),
    ):
        with pytest.raises(StoreError, match="no such hand|no hand"):
            change()
    assert store.hands.of(ME) == [hand]


def test_a_hand_brings_what_it_was_told_elsewhere_or_is_not_made(store):
    before = store.hands.make(ME, "left")
    then = datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    told = [ToldDrawing(DIGITS[digit], digit, then) for digit in range(10)]
    nowhere = np.full((3, 2), np.nan)
    for wrong in (ToldDrawing(DIGITS[1], 65, then), ToldDrawing([nowhere], 1, then)):
        with pytest.raises(ValueError, match="0 to 9|not a number"):
            store.hands.make(ME, "right", [*told, wrong])
        assert store.hands.of(ME) == [before] and store.totals().drawings == 0
    hand = store.hands.make(ME, "right", told, pen=20)
    assert names(store.hands.of(ME)) == [("left", False, 0), ("right", True, 10)]
    assert hand == store.hands.get(hand.id)
    kept = store.drawings.of_hand(hand.id)
    assert [one.told for one in kept] == list(range(10))
    assert {(one.session, one.made, one.pen, one.answer) for one in kept} == {(ME, then, 20, None)}
    np.testing.assert_array_equal(kept[4].strokes[1], DIGITS[4][1])


def test_an_owner_s_hands_differ_by_more_than_case(store):
    hand = store.hands.make(ME, "Straße")
    other = store.hands.make(ME, "Weg")
    assert store.hands.make(YOU, "Straße").name == "Straße"
    for taken in (
        lambda: store.hands.make(ME, " STRASSE"),
        lambda: store.hands.rename(other.id, ME, "strasse"),
    ):
        with pytest.raises(StoreError, match="already"):
            taken()
    store.hands.rename(hand.id, ME, "STRASSE")
    assert [hand.name for hand in store.hands.of(ME)] == ["STRASSE", "Weg"]


@pytest.mark.parametrize("name", ["", " \n", "a" * 41, "a\0b", "\u202eadA"])
def test_a_name_can_be_shown(store, name):
    with pytest.raises(StoreError, match="1 to 40"):
        store.hands.make(ME, name)
    with pytest.raises(StoreError, match="1 to 40"):
        store.rooms.open(ME, name)


def test_one_hand_is_on_at_a_time(store):
    first, second = store.hands.make(ME, "left"), store.hands.make(ME, "right")
    yours = store.hands.make(YOU, "left")
    assert names(store.hands.of(ME)) == [("left", False, 0), ("right", True, 0)]
    store.hands.switch(ME, first.id)
    assert names(store.hands.of(ME)) == [("left", True, 0), ("right", False, 0)]
    store.hands.switch(ME, None)
    assert not any(hand.is_on for hand in store.hands.of(ME))
    assert store.hands.get(yours.id).is_on and not store.hands.get(second.id).is_on


def test_a_hand_learns_from_what_it_was_told_in_order(store):
    left, right = store.hands.make(ME, "left"), store.hands.make(ME, "right")
    first = keep(store, told=7, hand=left.id)
    keep(store, told=7, hand=right.id)
    keep(store, hand=left.id)
    late = keep(store)
    store.drawings.tell(late, ME, 1, hand=left.id)
    store.drawings.tell(first, ME, 2)
    assert [(one.id, one.told) for one in store.drawings.of_hand(left.id)] == [
        (first, 2),
        (late, 1),
    ]
    assert [one.drawing.label for one in store.drawings.of_hand(left.id)] == [2, 1]
    assert names(store.hands.of(ME)) == [("left", False, 2), ("right", True, 1)]


def test_a_removed_hand_s_drawings_stay(store):
    hand = store.hands.make(ME, "Ada")
    drawing = keep(store, told=7, hand=hand.id)
    store.hands.remove(hand.id, ME)
    assert store.hands.of(ME) == []
    assert (store.drawings.get(drawing).hand, store.drawings.get(drawing).told) == (None, 7)


# Rooms


@pytest.fixture
def room(store):
    return store.rooms.open(SHE, "5b")


def test_a_room_is_joined_by_its_code(store, room):
    assert re.fullmatch("[B-DF-HJ-NP-TV-XZ]{5}", room.code)
    typed = f" {room.code[:2].lower()}-{room.code[2:]} "
    assert store.rooms.join(typed) == room == store.rooms.get(room.id)
    other = store.rooms.open(SHE, "5c")
    assert store.rooms.of(SHE) == [other, room] and store.rooms.of(ME) == []
    assert store.rooms.is_led_by(room.id, SHE) and not store.rooms.is_led_by(room.id, ME)
    for wrong in ("", room.code + "B", "1", "'; DROP TABLE rooms; --"):
        with pytest.raises(StoreError, match="no room"):
            store.rooms.join(wrong)
    with pytest.raises(StoreError, match="no such room"):
        store.rooms.get(other.id + 1)


def test_two_rooms_never_have_one_code(store, room, monkeypatch):
    codes = [room.code, room.code, "BBBBB"]
    monkeypatch.setattr("digitcanvas.data.store.checks.new_code", lambda: codes.pop(0))
    assert store.rooms.open(SHE, "5c").code == "BBBBB"


def test_a_room_that_has_ended_keeps_what_it_has_and_takes_no_more(store, room):
    drawing = keep(store, room=room.id)
    store.rooms.end(room.id, SHE)
    ended = store.rooms.get(room.id).ended
    store.rooms.end(room.id, SHE)
    assert ended and store.rooms.get(room.id).ended == ended
    for entry in (
        lambda: store.rooms.join(room.code),
        lambda: keep(store, room=room.id),
    ):
        with pytest.raises(StoreError, match="has ended"):
            entry()
    assert store.rooms.find(room.code).id == room.id
    store.drawings.tell(drawing, ME, 1)
    assert [one.told for one in store.rooms.news(room.id).drawings] == [1]
    assert store.totals().drawings == 1


def test_only_the_leader_hides_empties_and_ends(store, room):
    drawing = keep(store, room=room.id)
    for deed in (
        lambda: store.rooms.hide(room.id, drawing, ME),
        lambda: store.rooms.empty(room.id, ME),
        lambda: store.rooms.end(room.id, ME),
    ):
        with pytest.raises(StoreError, match="Only who opened"):
            deed()
    assert store.drawings.counts(room.id).drawings == 1


def test_news_tell_what_came_and_what_changed(store, room):
    news = store.rooms.news(room.id)
    assert (news.drawings, news.afresh) == ([], True)

    first, second = keep(store, room=room.id), keep(store, YOU, room=room.id)
    keep(store)
    news = store.rooms.news(room.id, news.cursor)
    assert (ids(news.drawings), news.afresh) == ([first, second], False)
    assert store.rooms.news(room.id, news.cursor).drawings == []

    for change in (
        lambda: store.drawings.tell(first, ME, 7),
        lambda: store.drawings.redraw(first, ME, DIGITS[1], SEVEN, 16),
        lambda: store.rooms.hide(room.id, first, SHE),
        lambda: store.rooms.hide(room.id, first, SHE, hidden=False),
    ):
        change()
        news = store.rooms.news(room.id, news.cursor)
        assert (news.drawings, news.afresh) == ([store.drawings.get(first)], False)


def test_news_after_drawings_have_gone_are_all_there_is(store, room):
    drawings = [keep(store, room=room.id) for _ in range(4)]
    cursor = store.rooms.news(room.id).cursor
    store.rooms.hide(room.id, drawings[0], SHE)
    for removal, left in (
        (lambda: store.drawings.delete(drawings[1], ME), [drawings[3], drawings[2]]),
        (lambda: store.rooms.empty(room.id, SHE), []),
    ):
        removal()
        news = store.rooms.news(room.id, cursor)
        assert (ids(news.drawings), news.afresh) == (left, True)
        cursor = news.cursor
    keep(store, room=room.id)
    keep(store, YOU, room=room.id)
    assert store.drawings.delete_all(Selection(session=ME)) == 4
    assert store.rooms.news(room.id, cursor).afresh


def test_many_news_come_in_portions(store, room):
    drawings = [keep(store, room=room.id) for _ in range(5)]
    assert ids(store.rooms.news(room.id, limit=2).drawings) == [drawings[4], drawings[3]]
    cursor, portions = "0.0", []
    while (news := store.rooms.news(room.id, cursor, limit=2)).drawings:
        portions.append(ids(news.drawings))
        cursor = news.cursor
    assert portions == [drawings[:2], drawings[2:4], drawings[4:]]


@pytest.mark.parametrize("cursor", ["", "x", "0", "0.x", "9.0", "0.-1", "0.²"])
def test_a_cursor_that_is_none_is_as_no_cursor(store, room, cursor):
    drawing = keep(store, room=room.id)
    news = store.rooms.news(room.id, cursor)
    assert (ids(news.drawings), news.afresh) == ([drawing], True)


def test_who_empties_a_room_deletes_nobody_s_drawings(store, room):
    drawings = [keep(store, room=room.id, told=7), keep(store, YOU, room=room.id)]
    store.rooms.hide(room.id, drawings[0], SHE)
    assert store.rooms.empty(room.id, SHE) == 2
    assert store.drawings.counts(room.id).drawings == 0
    kept = list(store.drawings.each(Selection()))
    assert [(one.id, one.room, one.hidden) for one in kept] == [(d, None, False) for d in drawings]


def test_a_hidden_drawing_is_neither_counted_nor_learnt_from(store, room):
    drawings = [keep(store, room=room.id, told=7) for _ in range(2)]
    store.rooms.hide(room.id, drawings[0], SHE)
    assert store.drawings.counts(room.id).drawings == 1
    assert len(store.drawings.to_learn_from(Selection(room=room.id)).drawings) == 1
    assert [person.drawings for person in store.rooms.people(room.id)] == [1]
    assert ids(store.rooms.news(room.id).drawings) == drawings[1:]
    with pytest.raises(StoreError, match="no such drawing in the room"):
        store.rooms.hide(room.id, keep(store), SHE)


def test_people_are_told_apart_in_a_room(store, room):
    hand = store.hands.make(YOU, "Ada")
    keep(store, room=room.id, told=7)
    for told in (7, 1, None):
        keep(store, YOU, room=room.id, told=told, hand=hand.id)
    keep(store, YOU, told=7)
    people = store.rooms.people(room.id)
    assert [(p.name, p.drawings, p.told, p.right) for p in people] == [
        ("Ada", 3, 2, 1),
        ("", 1, 1, 1),
    ]
    assert {p.writer for p in people} == {
        d.writer for d in store.drawings.to_learn_from(Selection(room=room.id)).drawings
    }


def test_a_wall_misses_nothing_of_what_many_draw_at_once(store, room):
    """Nor sees anything twice: the numbers of changes are given in the order of their commits."""
    kept, seen, failures = [], [], []
    drawing_on = threading.Barrier(7)

    def draw(session):
        try:
            drawing_on.wait()
            for _ in range(15):
                kept.append(keep(store, session, room=room.id))
        except Exception as error:
            failures.append(error)

    people = [threading.Thread(target=draw, args=(f"person-{n}",)) for n in range(6)]
    for person in people:
        person.start()
    cursor = store.rooms.news(room.id).cursor
    drawing_on.wait()
    give_up = time.monotonic() + 30
    while any(person.is_alive() for person in people) or len(seen) < len(kept):
        assert time.monotonic() < give_up
        news = store.rooms.news(room.id, cursor, limit=7)
        assert not news.afresh
        seen += ids(news.drawings)
        cursor = news.cursor
    for person in people:
        person.join()
    assert failures == [] and len(kept) == 90
    assert seen == sorted(seen) and sorted(seen) == sorted(kept)


def test_many_hands_are_taught_at_once_and_never_mixed_up(store):
    hands = {session: store.hands.make(session, "mine") for session in "abcdefgh"}
    failures = []

    def teach(session):
        try:
            for n in range(8):
                drawing = keep(store, session)
                store.drawings.tell(drawing, session, n, hand=hands[session].id)
        except Exception as error:
            failures.append(error)

    teachers = [threading.Thread(target=teach, args=(session,)) for session in hands]
    for teacher in teachers:
        teacher.start()
    for teacher in teachers:
        teacher.join()
    assert failures == []
    for session, hand in hands.items():
        told = store.drawings.of_hand(hand.id)
        assert [one.told for one in told] == list(range(8))
        assert {one.session for one in told} == {session}
