"""Pictures as they come, read by both shipped networks."""

from contextlib import suppress

import cv2
import numpy as np
import pytest

from digitcanvas.drawing.ink import NoDigit
from tests.digits import DIGITS
from tests.photos import PENS, inked, photographed, placed, rule, sheet, written


def light_that_falls_off():
    x, y = np.linspace(0, 1, 450)[None], np.linspace(0, 1, 1000)[:, None]
    light = 160 * (1 - 0.6 * (1 - x + y) / 2)
    pen = cv2.putText(np.zeros((1000, 450), np.uint8), "6", (300, 760), 0, 2.7, 1, 4)
    return (light * (1 - 0.55 * pen)).astype(np.uint8)


def small_and_thin():
    picture = np.full((28, 28), 255, np.uint8)
    return cv2.ellipse(picture, (14, 14), (9, 9), 0, 0, 360, 0, 1)


def on_a_band():
    picture = np.full((200, 200, 3), (0, 255, 255), np.uint8)
    cv2.line(picture, (40, -10), (120, 210), (255, 190, 0), 30)
    return cv2.putText(picture, "9", (90, 130), 0, 3.5, (20, 20, 255), 8)


def as_large_as_the_picture():
    picture = np.full((300, 300), 255, np.uint8)
    return cv2.ellipse(picture, (150, 150), (140, 147), 0, 0, 360, 0, 6)


@pytest.mark.parametrize(
    ("picture", "digit"),
    [
        (light_that_falls_off(), 6),
        (small_and_thin(), 0),
        (on_a_band(), 9),
        (as_large_as_the_picture(), 0),
    ],
    ids=["light", "small", "band", "large"],
)
def test_a_picture_that_was_refused_or_misread(recognizer, picture, digit):
    prediction = recognizer.predict_image(picture)
    assert prediction.digit == digit and not prediction.rejected


def photo(strokes, size=(400, 400), pen=12, page=None):
    rng = np.random.default_rng(0)
    page = sheet(size, rng) if page is None else page
    return photographed(inked(page, written(strokes, size, pen), PENS["black"]), rng, noise=2)


def on_page(digit, **options):
    return photo(placed(DIGITS[digit], 200, (200, 200)), **options)


@pytest.mark.parametrize("digit", DIGITS)
def test_a_photo_of_each_digit(recognizer, digit):
    prediction = recognizer.predict_image(on_page(digit))
    assert prediction.digit == digit and not prediction.rejected and prediction.turned == 0


@pytest.mark.parametrize("angle", [90, 180, 270])
@pytest.mark.parametrize("digit", [3, 4])
def test_a_turned_picture_is_read_and_says_by_how_much(recognizer, digit, angle):
    picture = np.ascontiguousarray(np.rot90(on_page(digit), angle // 90))
    prediction = recognizer.predict_image(picture)
    assert (prediction.digit, prediction.turned) == (digit, angle)
    assert not prediction.rejected


@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_in_a_ring(recognizer, digit):
    angles = np.linspace(0, 2 * np.pi, 60)
    ring = 200 + 150 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    prediction = recognizer.predict_image(
        photo([*placed(DIGITS[digit], 160, (200, 200)), ring], pen=8)
    )
    assert prediction.digit == digit and not prediction.rejected


@pytest.mark.parametrize("gap", [20, 60])
@pytest.mark.parametrize("edge", [0, -30])
def test_two_digits_are_not_read_as_one(recognizer, gap, edge):
    left, right = (placed(DIGITS[digit], 150, (0, 0)) for digit in (4, 2))
    reach = np.concatenate(left)[:, 0]
    strokes = [stroke + np.array([edge - reach.min(), 200]) for stroke in left]
    start = edge + np.ptp(reach) + gap - np.concatenate(right)[:, 0].min()
    strokes += [stroke + np.array([start, 200]) for stroke in right]
    assert recognizer.predict_image(photo(strokes, pen=9)).rejected


def test_ruled_paper_without_a_digit_is_not_read(recognizer):
    page = rule(sheet((400, 400), np.random.default_rng(0)), 40, 2, (0.5, 0.6, 0.8), False)
    with suppress(NoDigit):
        assert recognizer.predict_image(photo([], page=page)).rejected
