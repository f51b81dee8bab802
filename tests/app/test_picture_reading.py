"""What the page shows of a picture."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from digitcanvas import Recognizer
from digitcanvas.app import picture_reading
from digitcanvas.app.parts import picture_source
from digitcanvas.app.picture_reading import COLOURS, FOUND, read
from digitcanvas.app.reply import reply_to, reply_to_number
from digitcanvas.drawing.advice import advice
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.reading.numbers import Number
from digitcanvas.reading.recognizer import Prediction
from tests.apptest import png
from tests.drawing.test_ink_rows import number, photo


@pytest.fixture(scope="module")
def mlp():
    return Recognizer.load("mlp")


def shown(reading):
    return cv2.imdecode(np.frombuffer(reading.shown, np.uint8), cv2.IMREAD_COLOR_RGB)


def has(reading, colour):
    """Whether something of about this colour is in the picture that is shown."""
    return bool((np.abs(shown(reading).astype(int) - colour).max(axis=2) < 40).any())


def test_a_digit_is_answered_as_before(cnn, mlp):
    picture = read_picture(png(8))
    reading = read(picture, {"CNN": cnn, "MLP": mlp}, True)
    predictions = {"CNN": cnn.predict_image(picture), "MLP": mlp.predict_image(picture)}
    assert reading.reply == reply_to(predictions, with_logits=True)
    assert (reading.text, reading.certainty) == ("8", predictions["CNN"].certainty)
    assert reading.note == "" and not has(reading, FOUND)


def test_a_number_is_answered_with_a_box_around_each_digit(cnn, mlp):
    picture = photo(number("47")[0])
    recognizers = {"CNN": cnn, "MLP": mlp}
    reading = read(picture, recognizers, True)
    found = cnn.read_number_image(picture)
    assert reading.reply == reply_to_number(found, recognizers, with_logits=True)
    assert (reading.text, reading.certainty) == ("47", found.certainty)
    assert [has(reading, colour) for colour in COLOURS] == [True, True, False, False, False]


def test_the_colours_are_those_of_the_digits_below_the_answer():
    """As places.js has them."""
    script = (Path(picture_reading.__file__).parent / "parts" / "places.js").read_text()
    written = re.findall("#[0-9a-f]{6}", script)
    assert ["#{:02x}{:02x}{:02x}".format(*colour) for colour in COLOURS] == written
    assert len(written) >= 4


def test_a_picture_that_was_turned_says_so(cnn):
    lying = np.ascontiguousarray(np.rot90(cv2.resize(read_picture(png(7)), (400, 400))))
    reading = read(lying, {"CNN": cnn}, True)
    assert reading.text == "7"
    assert reading.note == "Read after turning it by 90 degrees, clockwise."


@pytest.fixture
def scribble():
    picture = np.full((500, 700, 3), 235, np.uint8)
    points = np.random.default_rng(3).integers(120, 400, (14, 2)).astype(np.int32)
    cv2.polylines(picture, [points], False, (40, 30, 30), 8)
    return picture


def test_what_is_refused_is_outlined_and_advised_on(cnn, scribble):
    reading = read(scribble, {"CNN": cnn}, True)
    (answer,) = reading.reply["answers"]
    assert answer["rejected"] and reading.text == ""
    assert reading.note == advice(cnn.predict_image(scribble).ink) and reading.note
    assert has(reading, FOUND)


def test_without_centring_it_is_one_digit_where_it_is(cnn):
    picture = photo(number("47")[0])
    reading = read(picture, {"CNN": cnn}, False)
    assert reading.reply == reply_to({"CNN": cnn.predict_image(picture, False)}, with_logits=True)


def test_blank_paper_is_shown_with_what_is_wrong(cnn):
    reading = read(np.full((200, 300), 255, np.uint8), {"CNN": cnn}, True)
    assert list(reading.reply) == ["error"] and reading.reply["error"].startswith("No digit")
    assert reading.text == "" and shown(reading).shape[:2] == (533, 800)


SAID = dict(zip(picture_source.SAMPLES, [("5", ""), ("2026", ""), ("4", "turning")], strict=True))


@pytest.mark.parametrize("words", SAID)
def test_the_samples_are_read(recognizer, words):
    text, note = SAID[words]
    reading = read(read_picture(picture_source.SAMPLES[words]), {"it": recognizer}, True)
    assert reading.text == text and note in reading.note


def test_the_samples_are_small():
    assert sum(path.stat().st_size for path in picture_source.SAMPLES.values()) < 60 * 1024


@pytest.mark.parametrize(
    ("confidence", "rejected", "refused"),
    [(0.05, 1, True), (0.5, 1, False), (0.05, 0, False), (0.5, 2, True)],
)
def test_a_number_is_refused_where_much_of_it_is_or_what_is_left_is_unsure(
    confidence, rejected, refused
):
    image = np.zeros((28, 28), np.float32)
    sure = np.eye(10, dtype=np.float32)[3]
    digits = [Prediction(sure, image, 0.1 if place < rejected else 0.9) for place in range(4)]
    read_as = Number("3333", digits, [(0, 0, 1, 1)] * 4, [[]] * 4, [], confidence)
    assert picture_reading._is_refused(read_as) is refused
