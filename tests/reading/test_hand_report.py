"""How a network reads a hand, measured on drawings that it did not learn from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import hand_report
from digitcanvas.reading.hand_report import NO_DIGIT, PARTS, Row, parts, report_on_hand
from tests.digits import DIGITS


def drawn(digit, told=None, slant=0.0):
    """A digit, leaning to the right by a share of its height, told to be itself or another."""
    strokes = [stroke + np.outer(stroke[:, 1] - 140, [-slant, 0]) for stroke in DIGITS[digit]]
    return Drawing(strokes, digit if told is None else told, writer=0)


@given(st.lists(st.integers(0, NO_DIGIT), max_size=60))
def test_each_is_left_out_once_with_a_third_at_most_unless_nothing_else_teaches_its_digit(labels):
    part = parts(labels)
    for label in set(labels):
        own = [place for place, other in zip(part, labels, strict=True) if other == label]
        sizes = np.bincount([place for place in own if place >= 0], minlength=PARTS)
        if len(own) == 1:
            assert own == [-1]
        else:
            assert sizes.sum() == len(own) and np.ptp(sizes) <= 1


def test_a_whole_round_of_three_is_left_out_at_a_time():
    rounds = [*range(10), *reversed(range(10)), *range(10)]
    assert parts(rounds).tolist() == [0] * 10 + [1] * 10 + [2] * 10


def test_a_hand_that_writes_another_digit_is_read_once_it_is_known(cnn):
    slants = 0.0, 0.15, 0.3
    told = [drawn(1, 7, slant) for slant in slants]
    told += [drawn(digit, slant=slant) for digit in (0, 2, 3) for slant in slants]
    report = report_on_hand(cnn, [*told, drawn(6)])
    assert report.row(7) == Row(count=3, came=0, taught=3)
    assert report.row(6) == Row(count=1, came=1, taught=None)
    assert report.row() == Row(count=12, came=9, taught=12)  # of those that could be measured


def test_no_drawing_is_read_by_a_hand_that_learned_from_it(cnn, monkeypatch):
    learnt, read = [], []

    class Spy:
        def with_hand(self, hand):
            learnt.append(hand)
            return self

        def predict_strokes(self, strokes):
            read.append((learnt[-1:], strokes))
            return cnn.predict_strokes(strokes)

    told = [drawn(digit, slant=slant) for slant in (0.0, 0.1) for digit in (3, 5)] + [drawn(8)]
    monkeypatch.setattr(hand_report, "fit_hand", lambda _, drawings: drawings)
    report_on_hand(Spy(), told)
    by_hand, as_it_came = read[:4], read[4:]
    assert len(as_it_came) == len(told)
    for (drawings,), strokes in by_hand:
        assert all(drawing.strokes is not strokes for drawing in drawings)
        assert drawings[-1] is told[-1]  # the only 8 is never left out


def test_no_digit_is_read_right_if_it_is_rejected(cnn):
    scribble = Drawing([np.array([[100.0, 140.0], [180.0, 140.0]])], NO_DIGIT, writer=0)
    assert cnn.predict_strokes(scribble.strokes).rejected
    assert report_on_hand(cnn, [scribble]).row(NO_DIGIT) == Row(1, 1, None)


def test_a_hand_that_was_told_nothing_has_an_empty_report(cnn):
    assert report_on_hand(cnn, []).row() == Row(0, 0, None)


def test_a_network_that_cannot_learn_says_so(cnn, monkeypatch):
    def refuse(recognizer, drawings):
        raise ValueError("This network cannot learn a hand.")

    monkeypatch.setattr(hand_report, "fit_hand", refuse)
    with pytest.raises(ValueError, match="cannot learn"):
        report_on_hand(cnn, [drawn(3), drawn(3)])
