"""Reading numbers in pictures."""

import numpy as np
import pytest

from digitcanvas.drawing.ink import NoDigit
from digitcanvas.drawing.preprocess import image_from_strokes
from tests.digits import DIGITS
from tests.drawing.test_ink_rows import number, photo
from tests.photos import placed, word


@pytest.mark.parametrize("text", ["2026", "33333", "47", "8", "10", "11"])
@pytest.mark.parametrize("light_on_dark", [False, True])
def test_a_number_is_read_in_either_polarity(recognizer, text, light_on_dark):
    strokes, spans = number(text)
    picture = photo(strokes)
    read = recognizer.read_number_image(255 - picture if light_on_dark else picture)
    assert read.text == text and not read.rejected and 0.1 < read.confidence <= 1
    assert len(read.digits) == len(read.boxes) == len(text)
    for (left, top, right, bottom), span in zip(read.boxes, spans, strict=True):
        assert np.abs(np.array([left + 5, right - 5]) - span).max() < 6
        assert 70 < top < bottom < 230


def test_a_picture_of_one_digit_is_read_as_one(recognizer):
    strokes, _ = number("5")
    picture = photo(strokes)
    read = recognizer.read_number_image(picture)
    assert read.text == str(recognizer.predict_image(picture).digit) == "5"


def test_digits_at_the_edge_are_read(recognizer):
    strokes, _ = number("4712", left=3)
    assert recognizer.read_number_image(photo(strokes)).text == "4712"


@pytest.mark.parametrize("picture", [photo([]), np.full((300, 300), 200, np.uint8)])
def test_blank_paper_is_refused(cnn, picture):
    with pytest.raises(NoDigit, match="No digit stands out"):
        cnn.read_number_image(picture)


def test_a_turned_digit_is_no_number(cnn):
    strokes = placed(DIGITS[3], 200, (200, 150))
    picture = np.ascontiguousarray(np.rot90(photo(strokes)))
    read = cnn.read_number_image(picture)
    assert read.text == "3" and read.digits[0].turned == 90


def test_images_like_mnist_s_side_by_side(recognizer):
    images = [image_from_strokes(placed(DIGITS[int(digit)], 20, (14, 14))) for digit in "4073"]
    picture = np.rint(255 * np.concatenate(images, axis=1)).astype(np.uint8)
    assert recognizer.read_number_image(picture).text == "4073"


@pytest.mark.parametrize("letter", "H")
def test_a_letter_is_not_cut_into_digits(recognizer, letter):
    assert recognizer.read_number_image(photo(word(letter, 160, 300, 80))).rejected
