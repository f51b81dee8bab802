"""What a picture's owner is told, and shown, where no digit is read."""

import cv2
import numpy as np
import pytest

from digitcanvas.drawing.advice import advice, outlined
from digitcanvas.drawing.ink import Ink


def ink_of(mask):
    return Ink(mask, mask, mask, 127)


def page(*shapes):
    mask = np.zeros((300, 400), np.uint8)
    for left, top, right, bottom in shapes:
        cv2.rectangle(mask, (left, top), (right, bottom), 255, 8)
    return mask


SHEET = cv2.rectangle(np.zeros((300, 400), np.uint8), (80, 60), (300, 250), 255, -1)

LINED = page((150, 60, 200, 160))
for y in range(30, 300, 60):
    cv2.line(LINED, (0, y), (399, y), 255, 2)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (SHEET, "too broad for a pen.*let the paper fill the whole picture"),
        (page((100, 20, 180, 299)), "runs into the picture's edge: leave room"),
        (
            page(*[(20 + 35 * i, 50, 30 + 35 * i, 60) for i in range(9)]),
            "in 9 pieces: cut the picture down",
        ),
        (
            page((50, 50, 120, 200), (200, 60, 280, 210)),
            "2 characters.*cut the picture down to one",
        ),
        (LINED, "Lines run across the picture: use blank paper"),
        (page((50, 50, 56, 60)), "very small: go nearer"),
        (page((100, 50, 200, 200), (120, 220, 180, 226)), "does not have the shape of a digit"),
    ],
    ids=["sheet", "edge", "pieces", "two", "lines", "small", "other"],
)
def test_advice_says_what_was_found_and_what_to_do(mask, says):
    assert cv2.countNonZero(mask)
    with pytest.raises(ValueError, match=says):
        raise ValueError(advice(ink_of(mask)))


@pytest.mark.parametrize("shape", [(600, 800), (600, 800, 3), (600, 800, 4), (150, 200, 3)])
def test_the_ink_is_outlined_over_the_picture(shape):
    picture = np.full(shape, 200, np.uint8)
    shown = outlined(picture, page((100, 50, 200, 200)), (255, 0, 80))
    assert shown.shape == (*shape[:2], 3)
    marked = (shown == (255, 0, 80)).all(axis=2)
    scale = shape[0] / 300
    assert marked[:, round(96 * scale) - 3 : round(96 * scale) + 3].any()
    assert not marked[round(120 * scale) : round(130 * scale), round(150 * scale)].any()
    assert 0.005 < marked.mean() < 0.2
    assert (picture == 200).all()
