"""The rows of digits that are found in a picture."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from digitcanvas.drawing.ink_rows import _right_of, find_rows
from tests.digits import DIGITS
from tests.photos import PENS, inked, photographed, placed, rule, sheet, written

SIZE = (800, 300)


def number(text, gap=40, left=120, top=150):
    """The strokes of digits 130 pixels high side by side, and where each begins and ends."""
    strokes, spans = [], []
    for digit in text:
        ink = placed(DIGITS[int(digit)], 130, (0, 0))
        reach = np.concatenate(ink)[:, 0]
        strokes += [stroke + np.array([left - reach.min(), top]) for stroke in ink]
        spans.append((left, left + np.ptp(reach)))
        left += np.ptp(reach) + gap
    return strokes, spans


def photo(strokes, pen=10, page=None, colour=PENS["black"]):
    rng = np.random.default_rng(0)
    page = sheet(SIZE, rng) if page is None else page
    return photographed(inked(page, written(strokes, SIZE, pen), colour), rng, noise=2)


@pytest.mark.parametrize("light_on_dark", [False, True])
def test_a_row_has_a_piece_for_each_digit(light_on_dark):
    strokes, spans = number("2026")
    picture = photo(strokes)
    row = next(find_rows(255 - picture if light_on_dark else picture))
    assert np.count_nonzero(~row.cuts) == 3
    for left, right in spans:
        assert np.abs(row.boxes[:, 0] * row.scale - (left - 5)).min() < 4
        assert np.abs(row.boxes[:, 2] * row.scale - (right + 5)).min() < 4


def test_touching_digits_are_cut_where_they_touch():
    strokes, spans = number("66", gap=-5)
    row = next(find_rows(photo(strokes)))
    cuts = row.boxes[:-1, 2][row.cuts] * row.scale
    assert np.abs(cuts - (spans[0][1] + spans[1][0]) / 2).min() < 10


def test_what_reaches_beyond_a_cut_stays_with_its_digit():
    """The right one reaches back over the left one's end, which it touches."""
    left = np.array([(100.0, 80.0), (100.0, 150.0), (150.0, 150.0), (100.0, 150.0), (100.0, 220.0)])
    right = np.array([(130.0, 80.0), (200.0, 80.0), (200.0, 150.0), (150.0, 150.0)])
    inks = [written([stroke], SIZE, 10) > 0.5 for stroke in (left, right)]
    side = _right_of(inks[0] | inks[1], 150)
    assert side[inks[1] & ~inks[0]].mean() > 0.98
    assert side[inks[0] & ~inks[1]].mean() < 0.02


@given(npst.arrays(bool, (12, 16)), st.integers(1, 15))
def test_each_bit_of_ink_is_on_one_side(ink, column):
    right = _right_of(ink, column)
    assert not (right & ~ink).any()
    assert np.array_equal(_right_of(ink[:, ::-1], 16 - column)[:, ::-1], ink & ~right)


def test_a_detached_bar_belongs_to_its_digit():
    bar = [np.array([(150.0, 80.0), (230.0, 80.0)])]
    body, _ = number("2", left=160)
    row = next(find_rows(photo([*bar, *body])))
    assert row.boxes[:, 1].min() * row.scale == pytest.approx(75, abs=4)


def test_what_is_off_the_row_is_left_out():
    strokes, _ = number("47", top=90)
    note = [np.array([(300.0 + 30 * i, 260.0), (315.0 + 30 * i, 275.0)]) for i in range(6)]
    row = next(find_rows(photo([*strokes, *note])))
    assert row.boxes[:, 3].max() * row.scale < 180


def test_rules_are_no_digits():
    strokes, spans = number("314")
    page = rule(sheet(SIZE, np.random.default_rng(0)), 45, 2, (0.6, 0.72, 0.9), True)
    row = next(find_rows(photo(strokes, page=page)))
    assert row.boxes[:, 0].min() * row.scale == pytest.approx(spans[0][0] - 5, abs=8)
    assert row.boxes[:, 2].max() * row.scale == pytest.approx(spans[-1][1] + 5, abs=8)


def test_blank_paper_has_no_row():
    assert next(find_rows(photo([])), None) is None


def test_a_piece_alone_is_what_a_picture_of_it_is():
    strokes, _ = number("8")
    picture = photo(strokes)
    row = next(find_rows(picture))
    image = row.image(0, len(row.boxes) - 1)
    drawn = cv2.GaussianBlur(image, (3, 3), 0)
    assert image.shape == (28, 28) and image.max() == 1 and drawn.sum() > 20


def whole(row):
    """The first and last column of the row's ink, in the picture."""
    return row.boxes[:, 0].min() * row.scale, row.boxes[:, 2].max() * row.scale


def is_row_of(row, spans, digits):
    ends = np.array([spans[0][0] - 5, spans[-1][1] + 5])
    return np.abs(whole(row) - ends).max() < 8 and np.count_nonzero(~row.cuts) + 1 == digits


def test_boxes_around_the_digits_are_left_out():
    strokes, spans = number("314", gap=60)
    boxes = [
        np.array([(a, 60), (b, 60), (b, 240), (a, 240), (a, 60)], float)
        for a, b in ((left - 25, right + 25) for left, right in spans)
    ]
    page = inked(sheet(SIZE, np.random.default_rng(0)), written(boxes, SIZE, 3), PENS["black"])
    assert is_row_of(next(find_rows(photo(strokes, page=page))), spans, 3)


def test_a_slash_between_digits_is_no_piece():
    strokes, spans = number("31", gap=40, left=80)
    more, others = number("20", left=spans[-1][1] + 140)
    x = spans[-1][1]
    slash = np.array([(x + 40, 240.0), (x + 90, 60.0)])
    row = next(find_rows(photo([*strokes, slash, *more])))
    assert is_row_of(row, [*spans, *others], 4)


def test_a_slanted_one_is_no_slash():
    _, spans = number("323")
    one = np.array([(spans[1][0], 215.0), (spans[1][0] + 40, 85.0)])
    first, last = number("3")[0], number("3", left=spans[2][0])[0]
    assert is_row_of(next(find_rows(photo([*first, one, *last]))), spans, 3)


def test_digits_of_several_colours_are_in_one_row():
    _, spans = number("333")
    page = np.zeros((*SIZE[::-1], 3))
    for place, colour in enumerate([(1, 0.4, 0.7), (0, 1, 1), (1, 0.5, 0)]):
        ink = number("3", left=spans[place][0])[0]
        page = inked(page, written(ink, SIZE, 10), colour)
    assert is_row_of(next(find_rows((255 * page).astype(np.uint8))), spans, 3)


def test_digits_as_high_as_a_crop_are_no_rules():
    strokes, spans = number("4114", top=74)
    assert is_row_of(next(find_rows(photo(strokes)[:148])), spans, 4)


def test_digits_on_a_sheet_on_a_table():
    strokes, spans = number("47", left=260)
    page = np.full((*SIZE[::-1], 3), (0.1, 0.08, 0.07))
    page[50:250, 200:600] = sheet((400, 200), np.random.default_rng(0))
    rows = list(find_rows(photo(strokes, page=page)))
    assert any(is_row_of(row, spans, 2) for row in rows[:2])
