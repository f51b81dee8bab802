"""Ink that touches on the canvas touches for the network too."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import MAX_POINTS, MAX_STROKES
from digitcanvas.drawing.touching import bridges
from tests.digits import DIGITS

coordinates = st.floats(0, 280).map(lambda x: round(x, 2))
drawn = st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=12).map(np.array)
drawings = st.lists(drawn, min_size=2, max_size=6)
wide = st.floats(4, 40)
gaps = st.floats(0.5, 20)


def clicks(start, end, apart):
    """Points along a line, each a stroke of its own."""
    start, end = np.array(start, float), np.array(end, float)
    count = round(np.hypot(*(end - start)) / apart) + 1
    return [point[np.newaxis] for point in np.linspace(start, end, count)]


def pieces(strokes, **how):
    """The connected parts of the ink that a network sees."""
    ink = (image_from_strokes(strokes, **how) > 0.4).astype(np.uint8)
    return cv2.connectedComponents(ink)[0] - 1


def distance(point, stroke):
    """From a point to a stroke, a line through its points."""
    if len(stroke) == 1:
        return np.hypot(*(point - stroke[0]))
    starts, moves = stroke[:-1], np.diff(stroke, axis=0)
    squares = np.maximum((moves**2).sum(axis=1), 1e-12)
    along = np.clip(((point - starts) * moves).sum(axis=1) / squares, 0, 1)
    return np.hypot(*(starts + moves * along[:, np.newaxis] - point).T).min()


@pytest.mark.parametrize("start", [(140, 40), (150, 30)])
def test_clicks_that_look_like_a_line_are_read_as_one(recognizer, start):
    dots = clicks(start, (140, 240), 24)
    alone = recognizer.predict_strokes(dots)
    line = recognizer.predict_strokes(dots, widths=[40] * len(dots))
    assert line.digit == 1 and not line.rejected
    assert pieces(dots) == len(dots) and pieces(dots, widths=[40] * len(dots)) == 1
    assert alone.rejected or alone.digit != 1 or alone.is_digit < line.is_digit


def test_clicks_with_paper_between_them_stay_dots():
    dots = clicks((140, 40), (140, 240), 24)
    assert bridges(dots, [20] * len(dots), 14) == []
    assert pieces(dots, widths=[20] * len(dots)) == len(dots)


@pytest.mark.parametrize("centred", [True, False])
def test_a_bar_that_touches_its_stem_on_the_canvas_does_so_for_the_network(centred):
    """25 pixels off."""
    strokes = [np.array([[140.0, 60], [140, 220]]), np.array([[165.0, 140], [215, 140]])]
    apart = pieces(strokes, centred=centred)
    assert apart == pieces(strokes, centred=centred, widths=[10, 10]) == 2
    assert pieces(strokes, centred=centred, widths=[30, 30]) == 1


def test_each_pen_has_its_own_reach():
    """Half a pen of 50 and half one of 4: dots 26 pixels apart touch, those 28 apart do not."""
    for apart, count in ((26, 1), (28, 0)):
        dots = [np.array([[100.0, 100]]), np.array([[100.0 + apart, 100]])]
        for widths in ([50, 4], [4, 50]):
            assert len(bridges(dots, widths, 10)) == count


angles = st.floats(0, np.pi)
arms = st.tuples(*[st.floats(20, 60)] * 2)


@given(st.tuples(*[st.floats(60, 220)] * 2), st.tuples(angles, angles), st.tuples(arms, arms))
def test_strokes_that_cross_need_no_bridge(middle, turns, arms):
    assume(abs(np.sin(turns[1] - turns[0])) > 0.2)
    strokes = [
        np.array(middle) + np.outer([-before, after], [np.cos(turn), np.sin(turn)])
        for turn, (before, after) in zip(turns, arms, strict=True)
    ]
    gap = 1.3 / 18.7 * np.ptp(np.concatenate(strokes), axis=0).max()
    for width in (4, 16, 40):
        assert bridges(strokes, [width, width], gap) == []


@given(drawings, st.lists(wide, min_size=6, max_size=6), gaps)
def test_a_bridge_leads_from_a_stroke_to_another_that_it_touches(strokes, widths, gap):
    widths = widths[: len(strokes)]
    for line in bridges(strokes, widths, gap):
        assert line.shape == (2, 2)
        length = np.hypot(*(line[1] - line[0]))
        near = [
            [i for i, stroke in enumerate(strokes) if distance(end, stroke) < 1e-6] for end in line
        ]
        reach = max((widths[i] + widths[j]) / 2 for i in near[0] for j in near[1] if i != j)
        assert gap < length < reach


@given(drawings, st.lists(wide, min_size=6, max_size=6), gaps)
def test_whatever_touches_is_joined_and_nothing_else(strokes, widths, gap):
    """Measured point by point, within the distance of the points that are compared."""
    widths = widths[: len(strokes)]
    fine = [np.concatenate([stroke[:1], *map(_between, stroke, stroke[1:])]) for stroke in strokes]
    total = sum(np.hypot(*np.diff(stroke, axis=0).T).sum() for stroke in strokes)
    slack = max(min(gap, min(widths) / 4), total / 400) + 4
    sure = possible = 0
    for j, stroke in enumerate(fine):
        for i, before in enumerate(fine[:j]):
            steps = before[:, np.newaxis] - stroke
            nearest, reach = np.sqrt((steps**2).sum(axis=2).min()), (widths[i] + widths[j]) / 2
            sure += gap + slack < nearest < reach - slack
            possible += gap - slack < nearest < reach + slack
    assert sure <= len(bridges(strokes, widths, gap)) <= possible


def _between(start, end):
    count = int(np.hypot(*(end - start)) / 4) + 1
    return start + (end - start) * np.linspace(0, 1, count + 1)[1:, np.newaxis]


@given(drawings, wide, gaps)
def test_the_order_of_the_strokes_makes_no_difference(strokes, width, gap):
    widths = [width] * len(strokes)
    lengths, turned = (
        sorted(np.hypot(*(end - start)) for start, end in bridges(order, widths, gap))
        for order in (strokes, strokes[::-1])
    )
    np.testing.assert_allclose(lengths, turned)


@pytest.mark.parametrize(
    "strokes",
    [
        [],
        [DIGITS[1][0]],
        [np.array([[140.0, 140]])] * 2,
        [DIGITS[8][0]] * 3,
    ],
)
def test_nothing_to_join_is_no_bridge(strokes):
    assert bridges(strokes, [40] * len(strokes), 1) == []


def test_a_pen_as_fine_as_the_network_s_joins_nothing():
    dots = clicks((140, 100), (140, 110), 10)
    assert bridges(dots, [12, 12], 12) == [] and len(bridges(dots, [12, 12], 9)) == 1


def scattered(strokes, points):
    rng = np.random.default_rng(strokes)
    return [rng.uniform(0, 280, (points, 2)) for _ in range(strokes)]


@pytest.mark.parametrize(
    "strokes",
    [
        scattered(MAX_STROKES, 1),
        clicks((0, 140), (280, 140), 280 / MAX_STROKES),
        scattered(MAX_STROKES, 8),
        scattered(2, MAX_POINTS // 2),
        scattered(100, MAX_POINTS // 100),
        scattered(40, 3),
        [np.array([[-1e5, -1e5], [1e5, 1e5]]), np.array([[-1e5, 1e5], [1e5, -1e5]])] * 2,
    ],
    ids=["dots", "a row of dots", "short", "long", "many", "lines", "far"],
)
def test_no_drawing_takes_long(strokes):
    began = time.thread_time()
    bridges(strokes, [40] * len(strokes), 12)
    assert time.thread_time() - began < 0.1


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("width", [4, 16, 24])
def test_a_digit_is_read_the_same_with_its_pen(recognizer, digit, width):
    strokes = DIGITS[digit]
    without = recognizer.predict_strokes(strokes)
    joined = recognizer.predict_strokes(strokes, widths=[width] * len(strokes))
    assert joined.digit == without.digit and joined.rejected == without.rejected


@pytest.mark.parametrize("widths", [[], [16], [16] * 3, [16, 0], [16, -1], [16, float("nan")]])
def test_each_stroke_needs_the_width_of_its_pen(cnn, widths):
    for read in (image_from_strokes, cnn.predict_strokes):
        with pytest.raises(ValueError, match="the width of its pen, a positive number"):
            read(DIGITS[4], widths=widths)
