"""Which hand each browser reads with: remembered, fitted once, and never another's."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from digitcanvas import Recognizer
from digitcanvas.app import hands as module
from digitcanvas.app.hands import Hands, answer_of
from digitcanvas.data.store import NO_DIGIT, StoreError, new_session
from tests.digits import DIGITS

CNN = "cnn"


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load(CNN)


@pytest.fixture
def hands(monkeypatch, tmp_path):
    monkeypatch.setenv("DIGITCANVAS_HOME", str(tmp_path))
    monkeypatch.delenv("DIGITCANVAS_DATABASE", raising=False)
    yield Hands()
    module.need_store().close()


def tell(hands, visitor, recognizer, digit, told, drawing=None):
    strokes = DIGITS[digit]
    answer = answer_of(CNN, recognizer.predict_strokes(strokes))
    return hands.tell(visitor, strokes, answer, 16, told, recognizer, drawing)


def read(hands, visitor, recognizer, digit):
    return hands.with_hand(recognizer, visitor).predict_strokes(DIGITS[digit])


def test_what_is_told_is_read_so_from_then_on_by_this_browser_alone(hands, recognizer):
    one, other = new_session(), new_session()
    assert read(hands, one, recognizer, 7).digit == 7
    told = tell(hands, one, recognizer, 7, told=2)
    assert (told.told, told.doubt, told.is_learnt) == (2, None, True)
    assert read(hands, one, recognizer, 7).digit == 2
    assert read(hands, other, recognizer, 7).digit == 7
    assert read(hands, None, recognizer, 7).digit == 7


def test_taken_back_it_is_as_if_it_had_never_been_told(hands, recognizer):
    visitor = new_session()
    first = tell(hands, visitor, recognizer, 3, told=3)
    before = read(hands, visitor, recognizer, 7).probabilities
    second = tell(hands, visitor, recognizer, 7, told=NO_DIGIT)
    assert read(hands, visitor, recognizer, 7).rejected
    hands.take_back(visitor, second.drawing)
    np.testing.assert_array_equal(read(hands, visitor, recognizer, 7).probabilities, before)
    hands.take_back(visitor, first.drawing)
    assert hands.with_hand(recognizer, visitor) is recognizer


def test_a_correction_takes_the_place_of_what_was_told(hands, recognizer):
    visitor = new_session()
    told = tell(hands, visitor, recognizer, 7, told=2)
    again = tell(hands, visitor, recognizer, 7, told=7, drawing=told.drawing)
    assert again.drawing == told.drawing and len(hands.active(visitor).told) == 1
    assert read(hands, visitor, recognizer, 7).digit == 7


def test_nobody_changes_or_takes_back_what_another_told(hands, recognizer):
    one, other = new_session(), new_session()
    told = tell(hands, one, recognizer, 7, told=2)
    with pytest.raises(StoreError):
        tell(hands, other, recognizer, 7, told=9, drawing=told.drawing)
    with pytest.raises(StoreError):
        hands.take_back(other, told.drawing)
    assert [kept.told for kept in hands.active(one).told] == [2]


def test_a_hand_is_ready_once_it_was_fitted_and_until_it_changes(hands, recognizer):
    visitor = new_session()
    assert not hands.ready(visitor, [recognizer]) and hands.ready(None, [recognizer])
    assert hands.active(visitor) is None and hands.ready(visitor, [recognizer])
    told = tell(hands, visitor, recognizer, 7, told=7)
    assert not hands.ready(visitor, [recognizer])
    fitted = hands.with_hand(recognizer, visitor)
    assert hands.ready(visitor, [recognizer]) and hands.with_hand(recognizer, visitor) is fitted
    hands.take_back(visitor, told.drawing)
    assert hands.active(visitor) and hands.ready(visitor, [recognizer])  # a hand that knows nothing


def test_a_hand_that_changes_while_the_store_is_asked_is_asked_for_again(
    hands, recognizer, monkeypatch
):
    visitor = new_session()
    tell(hands, visitor, recognizer, 7, told=7)
    hands.forget(visitor)
    find, asked, changed = module._find_active, threading.Event(), threading.Event()

    def slow(visitor):
        active = find(visitor)
        asked.set()
        assert changed.wait(10)
        return active

    monkeypatch.setattr(module, "_find_active", slow)
    thread = threading.Thread(target=hands.active, args=[visitor])
    thread.start()
    assert asked.wait(10)
    monkeypatch.setattr(module, "_find_active", find)
    answer = answer_of(CNN, recognizer.predict_strokes(DIGITS[3]))
    hand = module.need_store().hands.of(visitor)[0].id
    module.need_store().drawings.keep(visitor, DIGITS[3], answer, 16, told=3, hand=hand)
    hands.forget(visitor)
    changed.set()
    thread.join(10)
    assert [kept.told for kept in hands.active(visitor).told] == [7, 3]


def test_without_a_store_everybody_reads_with_the_network_as_it_came(
    hands, recognizer, monkeypatch, caplog
):
    def fail(visitor):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(module, "_find_active", fail)
    for visitor in (new_session(), new_session()):
        assert hands.with_hand(recognizer, visitor) is recognizer
        assert hands.ready(visitor, [recognizer])
    assert [record.message for record in caplog.records] == [
        "A hand cannot be read: The disk is full."
    ]


def test_told_again_after_a_reload_a_drawing_is_corrected_and_not_kept_twice(hands, recognizer):
    visitor = new_session()
    first = tell(hands, visitor, recognizer, 7, told=1)
    again = tell(hands, visitor, recognizer, 7, told=7)
    assert again.drawing == first.drawing and len(hands.active(visitor).told) == 1
    assert [kept.told for kept in hands.active(visitor).told] == [7]


def test_a_hand_that_could_not_be_read_just_now_still_learns_what_is_told(
    hands, recognizer, monkeypatch
):
    visitor = new_session()
    tell(hands, visitor, recognizer, 7, told=7)
    store = module.need_store()
    first = hands.active(visitor).hand
    store.hands.make(visitor, "Another")
    store.hands.switch(visitor, first.id)
    find = module._find_active

    def fail(visitor):
        raise StoreError("The database is locked.")

    monkeypatch.setattr(module, "_find_active", fail)
    hands.forget(visitor)
    assert hands.active(visitor) is None
    with pytest.raises(StoreError, match="locked"):
        tell(hands, visitor, recognizer, 3, told=3)
    monkeypatch.setattr(module, "_find_active", find)
    tell(hands, visitor, recognizer, 3, told=3)
    assert hands.active(visitor).hand.id == first.id
    assert [kept.told for kept in hands.active(visitor).told] == [7, 3]


def test_a_network_that_cannot_learn_a_hand_keeps_what_is_told_for_those_that_can(
    hands, recognizer, monkeypatch
):
    def cannot(*_):
        raise ValueError("This network cannot learn a hand.")

    monkeypatch.setattr(module, "doubts", cannot)
    monkeypatch.setattr(module, "fit_hand", cannot)
    monkeypatch.setattr(type(recognizer), "last_layer", property(cannot))
    visitor = new_session()
    told = tell(hands, visitor, recognizer, 7, told=2)
    assert told.doubt is None and not told.is_learnt
    assert hands.with_hand(recognizer, visitor) is recognizer


def test_a_network_without_a_class_for_it_cannot_learn_what_is_no_digit(
    hands, recognizer, monkeypatch
):
    ten = SimpleNamespace(served=SimpleNamespace(bias=np.zeros(10)))
    monkeypatch.setattr(module, "doubts", lambda _, drawings, places: [None] * len(drawings))
    monkeypatch.setattr(type(recognizer), "last_layer", property(lambda _: ten))
    visitor = new_session()
    learnt = [tell(hands, visitor, recognizer, 7, told).is_learnt for told in (7, NO_DIGIT)]
    assert learnt == [True, False]


def test_a_drawing_that_goes_on_is_told_and_learnt_anew(hands, recognizer):
    visitor = new_session()
    told = tell(hands, visitor, recognizer, 7, told=2)
    before = hands.with_hand(recognizer, visitor)
    answer = answer_of(CNN, recognizer.predict_strokes(DIGITS[3]))
    module.need_store().drawings.redraw(told.drawing, visitor, DIGITS[3], answer, 16)
    hands.forget(visitor)
    assert hands.with_hand(recognizer, visitor) is recognizer  # nobody told what it is now
    module.need_store().drawings.tell(told.drawing, visitor, 2)
    hands.forget(visitor)
    assert hands.with_hand(recognizer, visitor) not in (before, recognizer)


def test_a_correction_of_a_drawing_outside_the_hand_counts_as_another(
    hands, recognizer, monkeypatch
):
    monkeypatch.setattr(module, "MOST_DRAWINGS", 1)
    visitor = new_session()
    tell(hands, visitor, recognizer, 7, told=2)
    answer = answer_of(CNN, recognizer.predict_strokes(DIGITS[3]))
    untold = module.need_store().drawings.keep(visitor, DIGITS[3], answer, 16)
    with pytest.raises(StoreError, match="takes no more"):
        tell(hands, visitor, recognizer, 3, told=3, drawing=untold)


def test_a_hand_takes_no_more_than_it_can_learn_in_time(hands, recognizer, monkeypatch):
    monkeypatch.setattr(module, "MOST_DRAWINGS", 1)
    visitor = new_session()
    told = tell(hands, visitor, recognizer, 7, told=2)
    with pytest.raises(StoreError, match="takes no more"):
        tell(hands, visitor, recognizer, 3, told=3)
    tell(hands, visitor, recognizer, 7, told=7, drawing=told.drawing)  # a correction is no more
