from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.drawing.pieces import Piece, cut_strokes, ink_of, mend, whole_strokes
from tests.digits import DIGITS, arc

HEIGHT = 160

coordinates = st.floats(0, 500)
strokes = st.lists(
    st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=40).map(np.array),
    min_size=1,
    max_size=4,
)


@given(strokes, st.floats(1, 300))
def test_pieces_put_together_are_the_strokes(strokes, height):
    pieces = cut_strokes(strokes, height)
    assert mend(reversed(pieces)) == whole_strokes(strokes)
    for before, after in pairwise(pieces):
        assert before.stroke + 1 == after.stroke or before.last == after.first
    for ink, stroke in zip(ink_of(mend(pieces), strokes), strokes, strict=True):
        np.testing.assert_array_equal(ink, stroke)


def cuts(stroke):
    return [piece.last for piece in cut_strokes([stroke], HEIGHT)[:-1]]


def test_two_digits_in_one_stroke_are_cut_at_both_ends_of_their_join():
    two, one = DIGITS[2][0], DIGITS[1][0] + np.array([130, 0])
    stroke = np.concatenate([two, one])
    assert {len(two) - 1, len(two)} <= set(cuts(stroke))
    assert {len(one) - 1, len(one)} <= set(cuts(stroke[::-1]))


@pytest.mark.parametrize("digit", [0, 1, 3, 6, 8, 9])
def test_a_digit_s_stroke_is_whole_unless_its_parts_might_be_digits(digit):
    assert cut_strokes(DIGITS[digit], HEIGHT) == whole_strokes(DIGITS[digit])


def test_a_flat_bar_and_a_narrow_stroke_are_not_cut():
    bar = np.stack([np.linspace(0, 300, 50), np.linspace(0, 20, 50)], axis=1)
    snake = np.array([(40 * (i % 2), 4.0 * i) for i in range(40)])
    assert cut_strokes([bar, snake], HEIGHT) == whole_strokes([bar, snake])


def test_a_wave_is_cut_three_times_at_most():
    wave = np.array([*arc(0, 0, 60, 80, 180, 360)])
    row = np.concatenate([wave * [1, (-1) ** i] + [120 * i, 0] for i in range(8)])
    assert 2 <= len(cuts(row)) <= 3


def test_pieces_that_do_not_follow_each_other_stay_apart():
    pieces = [Piece(0, 4, 9), Piece(1, 0, 3), Piece(0, 0, 2), Piece(1, 3, 8)]
    assert mend(pieces) == [Piece(0, 0, 2), Piece(0, 4, 9), Piece(1, 0, 8)]
