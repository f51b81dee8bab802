import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.drawing.files import read_unipen
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.drawing.writing import picture_from_strokes, write_png, write_unipen
from tests.digits import DIGITS

STROKES = st.lists(
    arrays(np.float64, st.tuples(st.integers(1, 5), st.just(2)), elements=st.floats(-1e5, 1e5)),
    min_size=1,
    max_size=3,
)
DRAWINGS = st.builds(Drawing, STROKES, st.integers(0, 9), st.integers(0, 2**31 - 1))


@given(drawings=st.lists(DRAWINGS, min_size=1, max_size=4))
def test_unipen_is_read_as_it_was_written(drawings, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "drawings.unipen"
    write_unipen(path, drawings)
    back = read_unipen(path)
    assert [(d.label, d.writer) for d in back] == [(d.label, d.writer) for d in drawings]
    for drawing, same in zip(drawings, back, strict=True):
        for stroke, read in zip(drawing.strokes, same.strokes, strict=True):
            np.testing.assert_array_equal(stroke, read)


def test_unipen_numbers_the_strokes_of_a_file(tmp_path):
    write_unipen(tmp_path / "drawings", [Drawing(DIGITS[n], n, 12) for n in (1, 4, 7)])
    lines = (tmp_path / "drawings").read_text().splitlines()
    assert [line for line in lines if line.startswith((".SEGMENT", ".COMMENT"))] == [
        '.SEGMENT DIGIT 0 ? "1"',
        ".COMMENT 1 12 1",
        '.SEGMENT DIGIT 1-2 ? "4"',
        ".COMMENT 4 12 2",
        '.SEGMENT DIGIT 3 ? "7"',
        ".COMMENT 7 12 3",
    ]


def test_unipen_has_no_label_for_what_is_no_digit(tmp_path):
    with pytest.raises(ValueError, match="drawing 2 is none"):
        write_unipen(tmp_path / "x", [Drawing(DIGITS[1], 1, 0), Drawing(DIGITS[1], 10, 0)])


def test_a_picture_shows_the_canvas(cnn, tmp_path):
    for digit, strokes in DIGITS.items():
        picture = picture_from_strokes(strokes, 16)
        assert (picture.shape, picture.dtype) == ((280, 280), np.uint8)
        assert cnn.predict_image(picture).digit == digit
        x, y = strokes[0][0].astype(int)
        assert picture[y, x] == 0 and picture[0, 0] == 255
    write_png(tmp_path / "9.png", picture)
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "9.png"), 0), picture)


def test_a_picture_s_pen_is_as_wide_as_it_was():
    line = [np.array([[140.0, 40], [140, 240]])]
    for pen in (1.0, 8.0, 24.0):
        ink = (255 - picture_from_strokes(line, pen)[140].astype(int)).sum() / 255
        assert abs(ink - pen) <= 1
    assert picture_from_strokes([np.array([[140.0, 140]])], 10).min() == 0


def test_a_drawing_from_another_device_is_fitted_into_the_picture(cnn):
    strokes = [stroke * 20 - 9000 for stroke in DIGITS[7]]
    picture = picture_from_strokes(strokes, 16)
    y, x = np.nonzero(picture < 255)
    assert min(x.min(), y.min()) > 15 and max(x.max(), y.max()) < 265
    assert cnn.predict_image(picture).digit == 7
