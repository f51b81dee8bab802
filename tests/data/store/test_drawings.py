from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from digitcanvas.data.store import (
    NO_DIGIT,
    Answer,
    Selection,
    Store,
    StoreError,
    new_session,
    open_store,
    writer_of,
)
from digitcanvas.drawing.strokes import MAX_STROKES, Drawing
from tests.data.store.servers import ME, SEVEN, SHE, YOU
from tests.digits import DIGITS

REFUSED = Answer(3, 0.5, 0.1, True, "mlp")


def ids(kept):
    return [one.id for one in kept]


def test_a_drawing_comes_back_as_it_was_kept(store):
    before = datetime.now(UTC)
    drawing = store.drawings.keep(ME, DIGITS[4], SEVEN, 16.5)
    kept = store.drawings.get(drawing)
    for stroke, same in zip(DIGITS[4], kept.strokes, strict=True):
        np.testing.assert_array_equal(stroke, same)
    assert before <= kept.made <= datetime.now(UTC) and kept.made.utcoffset() == timedelta(0)
    assert (kept.id, kept.session, kept.answer, kept.pen) == (drawing, ME, SEVEN, 16.5)
    assert (kept.told, kept.hand, kept.room, kept.hidden) == (None, None, None, False)
    assert kept.is_right is None
    with pytest.raises(ValueError, match="Nobody has said"):
        _ = kept.drawing


def test_it_is_told_corrected_and_taken_back(store):
    drawing = store.drawings.keep(ME, DIGITS[1], SEVEN, 16)
    for told, right in ((7, True), (1, False), (NO_DIGIT, False), (None, None)):
        store.drawings.tell(drawing, ME, told)
        kept = store.drawings.get(drawing)
        assert (kept.told, kept.is_right) == (told, right)
    refused = store.drawings.keep(ME, DIGITS[1], REFUSED, 16, told=NO_DIGIT)
    assert store.drawings.get(refused).is_right
    store.drawings.tell(refused, ME, 3)
    assert not store.drawings.get(refused).is_right


def test_who_goes_on_drawing_replaces_the_drawing(store):
    drawing = store.drawings.keep(ME, DIGITS[4][:1], SEVEN, 16, told=4)
    made = store.drawings.get(drawing).made
    store.drawings.redraw(drawing, ME, DIGITS[4], REFUSED, 20)
    kept = store.drawings.get(drawing)
    assert len(kept.strokes) == 2 and kept.made == made
    assert (kept.answer, kept.pen) == (REFUSED, 20)


def test_what_was_told_is_told_of_those_strokes_alone(store):
    drawing = store.drawings.keep(ME, DIGITS[4], SEVEN, 16, told=4)
    store.drawings.redraw(drawing, ME, DIGITS[4], REFUSED, 20)
    assert store.drawings.get(drawing).told == 4
    store.drawings.redraw(drawing, ME, DIGITS[4][:1], REFUSED, 20)
    assert store.drawings.get(drawing).told is None


def test_nobody_changes_or_deletes_another_s_drawing(store):
    drawing = store.drawings.keep(ME, DIGITS[1], SEVEN, 16)
    for change in (
        lambda: store.drawings.tell(drawing, YOU, 1),
        lambda: store.drawings.redraw(drawing, YOU, DIGITS[2], SEVEN, 16),
        lambda: store.drawings.delete(drawing, YOU),
        lambda: store.drawings.tell(drawing + 1, ME, 1),
        lambda: store.drawings.get(drawing + 1),
    ):
        with pytest.raises(StoreError, match="no such drawing"):
            change()
    assert store.drawings.get(drawing).told is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strokes": []}, "empty"),
        ({"strokes": [[[1, 2]]] * (MAX_STROKES + 1)}, "too many"),
        ({"strokes": [[[1, float("nan")]]]}, "not a number"),
        ({"session": "nobody's\0"}, "session"),
        ({"session": ""}, "session"),
        ({"pen": 0}, "pen"),
        ({"pen": float("nan")}, "pen"),
        ({"told": 11}, "0 to 9"),
        ({"told": -1}, "0 to 9"),
        ({"answer": Answer(10, 0.5, 0.5, False, "cnn")}, "not an answer"),
        ({"answer": Answer(1, float("nan"), 0.5, False, "cnn")}, "not an answer"),
        ({"answer": Answer(1, 0.5, 0.5, False, "n" * 65)}, "up to 64"),
        ({"hand": 1}, "no such hand"),
        ({"room": 1}, "no such room"),
    ],
)
def test_what_does_not_fit_is_not_kept(store, change, message):
    fits = {"session": ME, "strokes": DIGITS[1], "answer": SEVEN, "pen": 16}
    with pytest.raises(ValueError, match=message):
        store.drawings.keep(**{**fits, **change})
    assert store.totals().drawings == 0


def test_the_numbers_of_a_prediction_fit(store):
    """NumPy's own, which a database's driver may not know."""
    answer = Answer(np.int64(7), np.float32(0.5), np.float64(1), np.True_, "cnn")
    drawing = store.drawings.keep(ME, DIGITS[7], answer, np.float32(16), told=np.int64(7))
    assert store.drawings.get(drawing).answer == Answer(7, 0.5, 1, True, "cnn")


def test_a_session_s_drawings_come_newest_first_page_by_page(store):
    mine = [store.drawings.keep(ME, DIGITS[n % 10], SEVEN, 16) for n in range(7)]
    store.drawings.keep(YOU, DIGITS[0], SEVEN, 16)
    pages, before = [], None
    while page := store.drawings.newest(Selection(session=ME), before, limit=3):
        pages.append(ids(page))
        before = page[-1].id
    assert pages == [mine[:3:-1], mine[3:0:-1], mine[:1]]


def test_drawings_are_selected_by_all_that_is_given(store):
    hand = store.hands.make(ME, "Ada")
    room = store.rooms.open(YOU, "5b")
    drawings = [
        store.drawings.keep(ME, DIGITS[1], SEVEN, 16),
        store.drawings.keep(ME, DIGITS[1], SEVEN, 16, told=1, hand=hand.id),
        store.drawings.keep(ME, DIGITS[1], SEVEN, 16, hand=hand.id, room=room.id),
        store.drawings.keep(YOU, DIGITS[1], SEVEN, 16, told=1, room=room.id),
    ]
    made = [store.drawings.get(drawing).made for drawing in drawings]
    store.rooms.hide(room.id, drawings[3], YOU)
    for selection, wanted in (
        (Selection(), [0, 1, 2, 3]),
        (Selection(session=ME), [0, 1, 2]),
        (Selection(hand=hand.id), [1, 2]),
        (Selection(room=room.id), [2, 3]),
        (Selection(hand=hand.id, told=True), [1]),
        (Selection(room=room.id, shown=True), [2]),
        (Selection(since=made[1], before=made[3]), [1, 2]),
        (Selection(session=YOU, hand=hand.id), []),
    ):
        chosen = [drawings[n] for n in wanted]
        assert ids(store.drawings.each(selection)) == chosen
        assert ids(store.drawings.newest(selection)) == chosen[::-1]
        assert store.drawings.count(selection) == len(chosen)


def test_more_drawings_than_fit_in_a_page_are_all_read_and_deleted(store, monkeypatch):
    monkeypatch.setattr("digitcanvas.data.store.drawings.PAGE", 3)
    mine = [store.drawings.keep(ME, DIGITS[1], SEVEN, 16) for _ in range(7)]
    yours = store.drawings.keep(YOU, DIGITS[1], SEVEN, 16)
    assert ids(store.drawings.each(Selection())) == [*mine, yours]
    assert store.drawings.delete_all(Selection(session=ME)) == 7
    assert ids(store.drawings.each(Selection())) == [yours]
    assert store.drawings.delete_all(Selection()) == 1


def test_a_deleted_drawing_s_id_is_not_given_again(store):
    first = store.drawings.keep(ME, DIGITS[1], SEVEN, 16)
    store.drawings.delete(first, ME)
    assert store.drawings.keep(YOU, DIGITS[1], SEVEN, 16) != first
    hand = store.hands.make(ME, "Ada").id
    store.hands.remove(hand, ME)
    assert store.hands.make(YOU, "Ada").id != hand


def test_told_drawings_are_training_data_by_who_drew_them(store):
    ada, room = store.hands.make(ME, "Ada"), store.rooms.open(YOU, "5b")
    for session, digit, told, hand in (
        (ME, 1, 1, ada.id),
        (ME, 2, 2, None),
        (YOU, 3, NO_DIGIT, None),
        (SHE, 4, None, None),
    ):
        store.drawings.keep(session, DIGITS[digit], SEVEN, 16, told=told, hand=hand, room=room.id)
    elsewhere = store.drawings.keep(SHE, DIGITS[5], None, 16, told=5)
    learnt = store.drawings.to_learn_from(Selection(room=room.id))
    assert [drawing.label for drawing in learnt.drawings] == [1, 2, NO_DIGIT]
    writers = [drawing.writer for drawing in learnt.drawings]
    assert len(set(writers)) == 3 and learnt.names == {writers[0]: "Ada"}
    assert [len(drawing.strokes) for drawing in learnt.drawings] == [1, 1, 1]

    hidden = store.drawings.newest(Selection(session=YOU))[0].id
    store.rooms.hide(room.id, hidden, YOU)
    everybody = store.drawings.to_learn_from(Selection())
    assert [drawing.label for drawing in everybody.drawings] == [1, 2, 5]
    assert everybody.drawings[-1].writer == writer_of(SHE, None)
    store.drawings.delete(elsewhere, SHE)
    again = store.drawings.to_learn_from(Selection())
    assert [drawing.writer for drawing in again.drawings] == writers[:2]


def test_imported_drawings_are_told_and_without_an_answer(store):
    room = store.rooms.open(ME, "5b")
    given = [Drawing(DIGITS[n], n, writer=n % 2) for n in range(10)]
    store.drawings.add_told(given, [f"writer-{d.writer}" for d in given], 16, room=room.id)
    kept = list(store.drawings.each(Selection(room=room.id)))
    assert [one.told for one in kept] == list(range(10))
    assert not any(one.answer or one.is_right for one in kept)
    assert len(store.rooms.people(room.id)) == 2
    counts = store.drawings.counts(room.id)
    assert (counts.drawings, counts.told, counts.confusion.sum()) == (10, 10, 0)
    seen, cursor = [], "0.0"
    while drawings := (news := store.rooms.news(room.id, cursor, limit=3)).drawings:
        seen, cursor = [*seen, *ids(drawings)], news.cursor
    assert seen == ids(kept)


def test_an_import_is_kept_whole_or_not_at_all(store):
    hand = store.hands.make(YOU, "Ada")
    given = [Drawing(DIGITS[1], 1, 0), Drawing(DIGITS[1], 65, 0)]
    with pytest.raises(ValueError, match="0 to 9"):
        store.drawings.add_told(given, [ME, ME], 16)
    with pytest.raises(StoreError, match="no such hand"):
        store.drawings.add_told(given[:1], [ME], 16, hand=hand.id)
    assert store.totals().drawings == 0


def test_drawings_are_counted_by_what_was_said(store):
    for answer, told in ((SEVEN, 7), (SEVEN, 7), (SEVEN, 1), (REFUSED, NO_DIGIT), (REFUSED, None)):
        store.drawings.keep(ME, DIGITS[7], answer, 16, told=told)
    store.drawings.keep(ME, DIGITS[7], None, 16, told=7)
    counts = store.drawings.counts()
    assert (counts.drawings, counts.told, counts.right, counts.wrong) == (6, 5, 3, 1)
    assert counts.confusion[7, 7] == 2 and counts.confusion[1, 7] == 1
    assert counts.confusion[NO_DIGIT, NO_DIGIT] == 1
    assert counts.read_as[[7, NO_DIGIT]].tolist() == [3, 2] and counts.read_as.sum() == 5


def test_people_are_counted_by_hand_or_else_by_session(store):
    hands = [store.hands.make(ME, name).id for name in ("left", "right")]
    room = store.rooms.open(SHE, "5b").id
    for session, hand, told in (
        (ME, hands[0], 7),
        (ME, hands[0], 1),
        (ME, hands[1], 7),
        (ME, None, 7),
        (YOU, None, 7),
        (SHE, None, None),
    ):
        store.drawings.keep(session, DIGITS[7], SEVEN, 16, told=told, hand=hand, room=room)
    assert store.drawings.people(Selection()) == 5
    assert store.drawings.people(Selection(room=room, told=True)) == 4
    assert store.drawings.people(Selection(session=YOU)) == 1
    assert store.drawings.people(Selection(session="nobody")) == 0


def test_the_store_says_how_much_it_holds(store):
    store.drawings.keep(ME, DIGITS[7], SEVEN, 16, told=7)
    store.drawings.keep(ME, DIGITS[7], SEVEN, 16)
    store.hands.make(ME, "Ada")
    store.rooms.open(ME, "5b")
    totals = store.totals()
    assert (totals.drawings, totals.told, totals.hands, totals.rooms) == (2, 1, 1, 1)
    assert 10_000 < totals.bytes < 1_000_000


def test_what_is_deleted_is_not_left_in_the_file(sqlite, tmp_path):
    secret = "nobody-may-find-this"
    with Store(sqlite) as store:
        store.drawings.keep(secret, DIGITS[7], SEVEN, 16)
        assert store.drawings.delete_all(Selection(session=secret)) == 1
    assert secret.encode() not in (tmp_path / "drawings.sqlite").read_bytes()


def test_sessions_are_random_and_fit():
    sessions = {new_session() for _ in range(100)}
    assert len(sessions) == 100 and all(len(session) == 22 for session in sessions)


def test_the_store_lies_in_the_home_unless_it_is_told_otherwise(home, monkeypatch, tmp_path):
    store = open_store(home)
    assert store.where == str(home / "drawings.sqlite") and list(home.iterdir()) == []
    store.totals()
    store.close()
    assert (home / "drawings.sqlite").exists()
    monkeypatch.setenv("DIGITCANVAS_DATABASE", "postgres://ada:secret@db.example.org/digits")
    assert open_store(home).where == "postgresql://ada:***@db.example.org/digits"


@pytest.mark.parametrize(("value", "is_on"), [("0", False), (" Off", False), ("1", True)])
def test_a_server_can_be_told_to_keep_nothing(home, monkeypatch, value, is_on):
    monkeypatch.setenv("DIGITCANVAS_STORE", value)
    assert (open_store(home) is not None) == is_on
