"""Pictures as a page shows them, and boxes over them."""

import numpy as np
import pytest

from digitcanvas.drawing.marked import boxed, on_white, scaled

RED, BLUE = (200, 0, 0), (0, 0, 200)


@pytest.mark.parametrize("shape", [(30, 60), (60, 30, 3), (900, 1000, 4), (1, 500)])
def test_a_picture_is_scaled_to_its_long_side(shape):
    picture = scaled(np.full(shape, 77, np.uint8), 120)
    assert max(picture.shape[:2]) == 120 and picture.shape[2:] == shape[2:]
    assert (picture == 77).all()


def test_what_is_transparent_is_white_and_the_rest_as_it_was():
    picture = np.zeros((1, 3, 4), np.uint8)
    picture[0, 1:] = [(10, 20, 30, 255), (10, 20, 30, 51)]
    assert on_white(picture)[0].tolist() == [[255] * 3, [10, 20, 30], [206, 208, 210]]
    grey = np.array([[7, 250]], np.uint8)
    assert on_white(grey)[0].tolist() == [[7] * 3, [250] * 3]


@pytest.mark.parametrize("shape", [(160, 320), (160, 320, 3), (160, 320, 4)])
def test_a_box_is_around_its_place_in_its_colour_and_leaves_the_ink_alone(shape):
    picture = np.full(shape, 255, np.uint8)
    before = picture.copy()
    shown = boxed(picture, [(0.25, 0.25, 0.5, 0.75), (0.625, 0.25, 0.75, 0.5)] * 2, [RED, BLUE])
    assert (picture == before).all()
    rows, columns = np.nonzero((shown == RED).all(axis=2))
    assert 70 < columns.min() < 80 and 160 < columns.max() < 170
    assert 30 < rows.min() < 40 and 120 < rows.max() < 130
    assert (shown[40:120, 80:160] == 255).all()
    assert (shown == BLUE).all(axis=2)[:, 190:].any()


def test_a_box_at_the_edge_is_drawn_as_far_as_there_is_a_picture():
    shown = boxed(np.zeros((100, 100), np.uint8), [(0, 0, 1, 1)], [RED])
    assert shown.shape == (100, 100, 3)
