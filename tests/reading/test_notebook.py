"""What a notebook shows of a prediction and of a recognizer."""

import base64
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from digitcanvas import Prediction, Recognizer
from digitcanvas.reading import registry
from digitcanvas.reading.notebook import HEIGHT, recognizer_html
from tests.digits import DIGITS


class Elements(HTMLParser):
    """An element's name and attributes, for each; and the text, a line for each piece."""

    def __init__(self, html):
        super().__init__()
        self.all, self.open, self.lines = [], [], []
        self.feed(html)
        assert not self.open, "elements without an end"

    def handle_starttag(self, tag, attrs):
        self.all.append((tag, dict(attrs)))
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.lines.append(data)


def prediction(is_digit=0.9):
    probabilities = np.array([0, 0, 0, 0.03, 0, 0, 0, 0.9, 0, 0.07], np.float32)
    image = np.linspace(0, 1, 28 * 28, dtype=np.float32).reshape(28, 28)
    return Prediction(probabilities, image, is_digit)


def bar_heights(shown):
    titled = [index for index, (_, attrs) in enumerate(shown.all) if "title" in attrs]
    styles = [shown.all[index + 1][1]["style"] for index in titled]
    return [int(re.match(r"height:(\d+)px", style)[1]) for style in styles]


def test_a_prediction_shows_its_image_its_digit_and_ten_bars():
    shown = Elements(prediction()._repr_html_())
    assert shown.lines == ["7", "90.0 % sure", *"0123456789"]
    (source,) = (attrs["src"] for tag, attrs in shown.all if tag == "img")
    png = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(image, np.rint(prediction().image * 255))
    assert bar_heights(shown) == [1, 1, 1, 2, 1, 1, 1, round(0.9 * HEIGHT), 1, 5]


def test_a_screen_reader_gets_the_bars_in_words():
    shown = Elements(prediction()._repr_html_())
    (words,) = (attrs["aria-label"] for _, attrs in shown.all if "aria-label" in attrs)
    assert words.startswith("7, 90.0 % sure: 0 0.0 %, 1 0.0 %") and words.endswith(", 9 7.0 %")


def test_only_the_answer_s_bar_stands_out_and_none_where_there_is_no_digit():
    assert prediction()._repr_html_().count("#6366f1") == 1
    shown = Elements(prediction(is_digit=0.4)._repr_html_())
    assert shown.lines[:3] == ["?", "does not look like a digit", "(nearest: 7)"]
    assert "#6366f1" not in prediction(is_digit=0.4)._repr_html_()


@pytest.mark.parametrize(
    ("name", "layers"), [("cnn", "Conv2D → Conv2D → Conv2D"), ("mlp", "image → Dense")]
)
def test_a_recognizer_shows_its_card(name, layers):
    shown = Elements(Recognizer.load(name)._repr_html_())
    card = registry.read_card(registry.SHIPPED / name)
    accuracy = f"{card.test['accuracy'] * 100:.2f} % right on the MNIST test set"
    assert shown.lines[0] == name
    trained = f"trained {card.trained_on.day} {card.trained_on:%B %Y}"
    assert shown.lines[1] == f"{card.parameters:,} parameters, {accuracy}, {trained}"
    kinds = [line for line in shown.lines[2:] if not re.match(r"[\d ]", line)]
    assert layers in " ".join(kinds) and "28 x 28" in shown.lines and "11" in shown.lines


def test_a_model_s_name_and_card_cannot_smuggle_html_in(tmp_path):
    bad = "<script>alert(1)</script>&"
    card = registry.read_card(registry.SHIPPED / "mlp")
    card.test["data"] = bad
    layers = (replace(card.layers[1], kind=bad, detail='"><b>'), *card.layers[2:])
    shown = Elements(recognizer_html(bad, replace(card, layers=layers)))
    assert {tag for tag, _ in shown.all} == {"div", "strong", "span", "br"}
    assert shown.lines.count(bad) == 2 and any(bad in line for line in shown.lines[1:2])


def test_an_older_card_without_layers_leaves_them_out(tmp_path):
    model = shutil.copytree(registry.SHIPPED / "mlp", tmp_path / "older")
    registry.write_card(model, replace(registry.read_card(model), layers=()))
    shown = Elements(Recognizer.load(model)._repr_html_())
    assert shown.lines[0] == "older" and len(shown.lines) == 2


def test_a_network_without_a_card_has_only_its_plain_repr():
    content = Path(registry.SHIPPED, "mlp", registry.SERVED).read_bytes()
    assert Recognizer(content)._repr_html_() is None


def test_what_it_shows_is_what_was_drawn(cnn):
    drawn = cnn.predict_strokes(DIGITS[3])
    assert Elements(drawn._repr_html_()).lines[:2] == ["3", f"{drawn.certainty} sure"]
