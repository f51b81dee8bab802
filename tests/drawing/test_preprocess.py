from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from digitcanvas.drawing.preprocess import CANVAS, PEN_WIDTH, image_from_strokes
from tests.digits import DIGITS

digits = st.integers(0, 9)


def place(strokes, share, x, y, canvas=280):
    """Put a drawing on the canvas at x, y in [0, 1], its longer side `share` of the canvas's."""
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = share * canvas / extent.max()
    corner = (canvas - extent * scale) * [x, y]
    return [(stroke - low) * scale + corner for stroke in strokes]


def centre_of_mass(image):
    y, x = np.mgrid[0:28, 0:28]
    return np.array([(x * image).sum(), (y * image).sum()]) / image.sum()


@given(digits, st.floats(0.35, 0.9), st.floats(0, 1), st.floats(0, 1))
def test_position_and_size_make_no_difference(cnn, digit, share, x, y):
    image = image_from_strokes(DIGITS[digit])
    moved = image_from_strokes(place(DIGITS[digit], share, x, y))
    assert np.abs(moved - image).mean() < 0.005
    assert cnn.predict_batch(moved[np.newaxis]).argmax() == digit


@given(digits, st.integers(2, 8))
def test_more_points_on_the_same_line_change_nothing(digit, parts):
    strokes = DIGITS[digit]
    finer = [
        np.column_stack(
            [
                np.interp(np.arange(0, len(s) - 1 + 1e-9, 1 / parts), np.arange(len(s)), s[:, axis])
                for axis in (0, 1)
            ]
        )
        for s in strokes
    ]
    assert np.abs(image_from_strokes(finer) - image_from_strokes(strokes)).mean() < 0.015


@given(st.lists(st.lists(st.tuples(*[st.floats(-1e4, 1e4)] * 2), min_size=1), min_size=1))
def test_any_strokes_make_an_image_of_ink_on_paper(strokes):
    image = image_from_strokes([np.array(stroke) for stroke in strokes])
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() == 0 and 0.3 < image.max() <= 1


@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_fills_twenty_pixels_about_its_centre_of_mass(digit):
    image = image_from_strokes(DIGITS[digit])
    ink = np.argwhere(image > 0.02)
    assert np.ptp(ink, axis=0).max() + 1 in (20, 21)
    assert np.abs(centre_of_mass(image) - 14).max() < 0.6


def test_the_aspect_ratio_is_kept():
    tall = image_from_strokes([np.array([[0, 0], [0, 200]])])
    flat = image_from_strokes([np.array([[0, 0], [200, 0]])])
    assert (tall > 0.02).sum(axis=1).max() <= 4
    np.testing.assert_allclose(tall, flat.T, atol=1 / 255)


def test_ink_stops_at_the_image_s_edge():
    """A block with a long tail: its centre of mass alone would push the tail out."""
    block = [(x, y) for x in range(0, 41, 5) for y in (0, 160)]
    image = image_from_strokes([np.array(block), np.array([(0, 80), (160, 80)])])
    ink = np.argwhere(image > 0.02)
    assert np.ptp(ink, axis=0)[1] + 1 >= 20 and ink[:, 1].max() == 27
    assert centre_of_mass(image)[0] < 14


@pytest.mark.parametrize(
    "tap", [[[(50, 60)]], [[(50, 60), (50, 60)]], [[(50, 60), (50.03, 60)]], [[(5, 5)], [(6, 5)]]]
)
def test_a_tap_is_a_dot(tap):
    """The canvas sends a tap as a line of a fraction of a pixel, which is not a 1 on its side."""
    image = image_from_strokes([np.array(stroke, float) for stroke in tap])
    ink = np.argwhere(image > 0.02)
    assert np.ptp(ink, axis=0).max() + 1 <= 6
    assert image.max() > 0.8


def test_a_wider_pen_leaves_more_ink_in_the_same_box():
    thin, wide = (image_from_strokes(DIGITS[5], width) for width in (1.5, 3.5))
    assert wide.sum() > 1.8 * thin.sum()
    assert np.ptp(np.argwhere(wide > 0.02), axis=0).max() + 1 in (20, 21)


def test_a_stroke_is_as_wide_as_the_pen():
    image = image_from_strokes([np.array([[0, 0], [0, 100]])], pen_width=2.4)
    assert image[14].sum() == pytest.approx(2.4, abs=0.1)


@pytest.mark.parametrize(
    ("strokes", "message"),
    [
        ([], "empty"),
        ([np.empty((0, 2))], "shape"),
        ([np.zeros(2)], "shape"),
        ([np.zeros((3, 3))], "shape"),
        ([np.array([[0, np.nan]])], "not a number"),
        ([np.array([[0, np.inf]])], "not a number"),
        ([np.array([[0, 1e300]])], "far off"),
        (["stroke"], "points"),
        ([None], "points"),
        (None, "list of strokes"),
        (5.0, "list of strokes"),
        (iter([[(0, "x")]]), "points"),
        ([[(1 + 2j, 3)]], "points"),
        ([np.array([["2026-01-01", "2026-01-02"]], "datetime64[D]")], "points"),
        ([[(10**400, 1)]], "points"),
        ([np.zeros((1, 2))] * 10_000, "too many"),
        ([np.zeros((200_000, 2))], "points"),
    ],
)
def test_anything_but_a_drawing_is_refused(strokes, message):
    with pytest.raises(ValueError, match=message):
        image_from_strokes(strokes)


@pytest.mark.parametrize("width", [-1, 0, float("nan"), 11])
def test_a_pen_of_an_impossible_width_is_refused(width):
    with pytest.raises(ValueError, match="pen"):
        image_from_strokes(DIGITS[5], width)


def test_mnist_is_centred_where_we_centre(mnist):
    """The pixel (14, 14) that `MIDDLE` names, measured on MNIST's training images."""
    images = mnist.x_train / 255
    mass = images.sum(axis=(1, 2))
    positions = np.arange(28)
    x = (images.sum(axis=1) @ positions / mass).mean()
    y = (images.sum(axis=2) @ positions / mass).mean()
    assert (x, y) == (pytest.approx(14, abs=0.05), pytest.approx(14, abs=0.05))


def uncentred(strokes, **options):
    return image_from_strokes(strokes, centred=False, **options)


@given(digits, st.floats(0.2, 0.8), st.floats(0.1, 0.9), st.floats(0.1, 0.9))
@example(1, 0.75, 0.4533, 0.75)
def test_uncentred_ink_lies_where_it_was_drawn(digit, share, x, y):
    """A pixel of the image is ten of the canvas; the middle of the first is at 5."""
    strokes = place(DIGITS[digit], share, x, y)
    image = uncentred(strokes)
    paper = np.full((CANVAS, CANVAS), 255, np.uint8)
    for start, end in ((s, e) for stroke in strokes for s, e in pairwise(stroke)):
        points = np.linspace(start, end, 2 + int(np.abs(end - start).max() * 3))
        columns, rows = points.astype(int).T
        paper[rows, columns] = 0
    away = cv2.distanceTransform(paper, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    rows, columns = np.nonzero(away <= 10 * PEN_WIDTH / 2)
    expected = np.array([columns.mean(), rows.mean()]) / 10 - 0.5
    assert np.abs(centre_of_mass(image) - expected).max() < 0.35  # at most 0.31 was found
    ink = np.argwhere(image > 0.02)[:, ::-1]
    points = np.concatenate(strokes)
    assert (ink.min(axis=0) >= points.min(axis=0) / 10 - 2).all()
    assert (ink.max(axis=0) <= points.max(axis=0) / 10 + 1).all()


@given(digits, st.integers(-4, 4), st.integers(-4, 4))
def test_uncentred_ten_canvas_pixels_are_one_of_the_image(digit, right, down):
    image = uncentred(DIGITS[digit])
    moved = uncentred([stroke + np.array([10 * right, 10 * down]) for stroke in DIGITS[digit]])
    np.testing.assert_allclose(moved, np.roll(image, (down, right), (0, 1)), atol=1 / 255)


@given(digits, st.floats(0, 1), st.floats(0, 1))
def test_uncentred_a_small_digit_stays_small(digit, x, y):
    for share in (0.2, 0.4, 0.8):
        ink = np.argwhere(uncentred(place(DIGITS[digit], share, x, y)) > 0.02)
        assert np.ptp(ink, axis=0).max() + 1 == pytest.approx(28 * share + 1.3, abs=1.7)


def test_uncentred_a_stroke_is_as_wide_as_the_pen():
    for width in (1.3, 2.4):
        image = uncentred([np.array([[245.0, 0], [245, 280]])], pen_width=width)
        assert image[14].sum() == pytest.approx(width, abs=0.15)
        assert image[14].argmax() == 24


@given(st.lists(st.lists(st.tuples(*[st.floats(-1e5, 1e5)] * 2), min_size=1), min_size=1))
def test_uncentred_strokes_are_cut_off_at_the_canvas_s_edge(strokes):
    image = uncentred([np.array(stroke) for stroke in strokes])
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() >= 0 and image.max() <= 1


@given(st.floats(8, 1e4), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]), digits)
def test_uncentred_strokes_off_the_canvas_leave_no_ink(far, side, digit):
    away = np.array(side) * (CANVAS + far)
    assert not uncentred([stroke + away for stroke in DIGITS[digit]]).any()


def test_uncentred_a_stroke_that_leaves_the_canvas_and_returns_is_drawn_where_it_shows():
    image = uncentred([np.array([[140.0, 100], [1000, 100], [1000, 205], [140, 205]])])
    assert (image[9:11, 15:].sum(axis=0) > 1).all() and (image[19:21, 15:].sum(axis=0) > 1).all()
    assert not image[12:18].any()


@pytest.mark.parametrize("strokes", [[], [np.array([[0, np.nan]])], [np.zeros(2)], None])
def test_uncentred_anything_but_a_drawing_is_refused_too(strokes):
    with pytest.raises(ValueError):
        uncentred(strokes)


@pytest.mark.parametrize("width", [-1, 0, float("nan"), 11])
def test_uncentred_a_pen_of_an_impossible_width_is_refused_too(width):
    with pytest.raises(ValueError, match="pen"):
        uncentred(DIGITS[5], pen_width=width)


@given(digits, st.floats(0.35, 0.9), st.floats(0, 1), st.floats(0, 1))
def test_a_drawing_is_centred_by_default(digit, share, x, y):
    strokes = place(DIGITS[digit], share, x, y)
    image = image_from_strokes(strokes)
    np.testing.assert_array_equal(image_from_strokes(strokes, centred=True), image)
    assert np.abs(centre_of_mass(image) - 14).max() < 0.6
