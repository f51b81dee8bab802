"""The Draw page without a browser: Streamlit's AppTest.

In a browser the drawing comes by the live socket, and the page's scripts paint the answer; here it
comes by reruns, as it does where there is no socket.
"""

import base64
import json
import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from digitcanvas import Recognizer
from digitcanvas.app import live_drawing
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import MAX_STROKES
from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from tests.apptest import bars, data, draw, png, publish, send, tell, turn_to
from tests.digits import DIGITS, in_a_row

DRAW = "Draw a digit or a number on the black canvas to see the answer here."
UPLOAD = "Choose a picture of a digit or a number to see the answer here."


def assert_whole(page):
    assert not page.exception and not page.error


def assert_answers(answer, prediction):
    assert (answer["digit"], answer["certainty"]) == (prediction.digit, prediction.certainty)
    assert answer["rejected"] == prediction.rejected
    np.testing.assert_allclose(answer["percent"], prediction.probabilities * 100, atol=0.0051)


def reads(page, digit):
    """Whether the page reads a drawing of this digit as such, and gives the labels that do."""
    answers = draw(page, DIGITS[digit])["answers"]
    assert {answer["digit"] for answer in answers} == {digit}
    return [answer["label"] for answer in answers]


def upload(page, name, content):
    """Show a picture, and give what the page answers."""
    page.session_state["input"] = "Picture"
    page.file_uploader(key="picture").set_value((name, content, "image/png")).run()
    return data(page, "answer")["reply"]


def image_of(reply):
    png = np.frombuffer(base64.b64decode(reply["view"]), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED) / 255


def options(page):
    return data(page, "companion")["options"]


# A drawing


def test_before_a_stroke_the_page_invites_and_claims_nothing(page):
    page.run()
    assert_whole(page)
    assert data(page, "answer") == {"invitation": DRAW, "reply": None}
    assert bars(page)["data"][0]["y"] == [0] * 10
    assert data(page, "companion") == {
        "live": "live",
        "width": 16,
        "options": {"models": ["cnn"], "centred": True, "logits": False}
        | {"room": None, "numbers": True, "hand": None},
        "sides": 1,
        "canWiden": True,
        "reply": None,
    }


def test_the_canvas_reports_nothing_and_is_sharp_on_a_projector(page):
    page.run()
    canvas = data(page, "canvas")
    assert canvas["realtimeUpdateStreamlit"] is False
    assert canvas["canvasWidth"] == canvas["canvasHeight"] == 3 * 280
    assert canvas["strokeWidth"] == 3 * 16
    assert canvas["initialDrawing"]["objects"] == []


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_the_answer_is_the_chosen_network_s(page, model):
    recognizer = Recognizer.load(model)
    page.run()
    page.segmented_control(key="model").set_value(model).run()
    for strokes in DIGITS.values():
        reply = draw(page, strokes)
        assert_whole(page)
        (answer,) = reply["answers"]
        prediction = recognizer.predict_strokes(strokes, widths=[16] * len(strokes))
        assert answer["label"] == model.upper() and "logits" not in answer
        assert_answers(answer, prediction)
        np.testing.assert_allclose(image_of(reply), prediction.image, atol=0.002)


def test_the_answer_is_that_of_the_live_socket(page):
    """The same text and the same numbers, so that nothing jumps when one takes over."""
    page.run()
    message = {"turn": 1, "from": [0, 0], "points": [[140, 60, 140, 200]], "widths": [16]}
    message |= {"models": ["cnn", "mlp"], "centred": False, "logits": True}
    assert send(page, message) == live_drawing.answer(live_drawing.LiveDrawing(), message)


def test_a_number_is_read_unless_the_digit_is_not_centred(page):
    page.run()
    assert draw(page, in_a_row("20"))["answers"][0]["text"] == "20"
    page.toggle(key="centred").set_value(False).run()
    assert "text" not in draw(page, in_a_row("20"))["answers"][0]


def test_reruns_hold_a_number_steady_too_while_the_pen_is_down(page, monkeypatch):
    before = []
    read = Recognizer.read_number

    def spy(self, strokes, widths, number):
        before.append(number and number.text)
        return read(self, strokes, widths, number)

    monkeypatch.setattr(Recognizer, "read_number", spy)
    page.run()
    for text, down in (("2", True), ("20", True), ("202", False)):
        draw(page, in_a_row(text), down=down)
    assert before == [None, "2", None]


def test_the_canvas_is_made_wide_and_stays_so(page):
    page.run()
    page.toggle(key="centred").set_value(False).run()
    page.toggle(key="wide").set_value(True).run()
    assert_whole(page)
    canvas = data(page, "canvas")
    assert (canvas["canvasWidth"], canvas["canvasHeight"]) == (2520, 840)
    assert data(page, "companion")["sides"] == 3
    assert page.toggle(key="centred").disabled and options(page)["numbers"]
    turn_to(page, "data").run()
    turn_to(page, "").run()
    assert data(page, "companion")["sides"] == 3
    page.toggle(key="wide").set_value(False).run()
    assert data(page, "companion")["sides"] == 1 and not options(page)["numbers"]


def test_a_wide_drawing_makes_the_canvas_wide(page):
    page.run()
    tell(page, "companion", "widen", True)
    assert_whole(page)
    assert page.toggle(key="wide").value and data(page, "companion")["sides"] == 3


def test_a_drawing_runs_the_canvas_companion_alone(page, monkeypatch):
    page.run()
    monkeypatch.setattr("digitcanvas.app.pages.draw.canvas.show", lambda *_: 1 / 0)
    assert reads(page, 3) == ["CNN"]
    assert_whole(page)
    page.run()
    assert page.exception


def test_an_empty_drawing_is_no_answer(page):
    page.run()
    draw(page, DIGITS[3])
    assert draw(page, []) == {"turn": 2, "answers": []}
    assert_whole(page)


def test_ink_that_touches_on_the_canvas_is_joined(page, cnn):
    dots = [np.array([[140.0, y]]) for y in range(40, 241, 25)]
    page.run()
    for width in (8, 40):
        (answer,) = draw(page, dots, width)["answers"]
        assert_answers(answer, cnn.predict_strokes(dots, widths=[width] * len(dots)))


@pytest.mark.parametrize(("is_digit", "rejected"), [(0.49, True), (0.5, False)])
def test_what_does_not_look_like_a_digit_is_rejected(page, monkeypatch, is_digit, rejected):
    read = Recognizer.predict_strokes
    monkeypatch.setattr(
        Recognizer,
        "predict_strokes",
        lambda self, *drawing, **pen: replace(read(self, *drawing, **pen), is_digit=is_digit),
    )
    page.run()
    (answer,) = draw(page, DIGITS[3])["answers"]
    assert_whole(page)
    assert answer["rejected"] is rejected and answer["digit"] == 3


def test_without_centring_a_drawing_is_read_where_it_is(page, cnn):
    """A 1 at the right edge, which no network knows."""
    edge = [stroke + np.array([120, 0]) for stroke in DIGITS[1]]
    page.run()
    assert draw(page, edge)["answers"][0]["digit"] == 1
    page.toggle(key="centred").set_value(False).run()
    assert options(page)["centred"] is False
    reply = draw(page, edge)
    assert_whole(page)
    assert_answers(reply["answers"][0], cnn.predict_strokes(edge, False, [16]))
    as_it_is = image_from_strokes(edge, centred=False)
    np.testing.assert_allclose(image_of(reply), as_it_is, atol=0.002)
    assert as_it_is.any() and not as_it_is[:, :20].any()
    page.toggle(key="centred").set_value(True).run()
    assert options(page)["centred"] is True


def test_the_logits_are_those_of_the_answer(page, cnn):
    page.run()
    assert data(page, "logits") is None
    page.toggle(key="logits").set_value(True).run()
    assert options(page)["logits"] is True and data(page, "logits") is not None
    (answer,) = draw(page, DIGITS[7])["answers"]
    assert_whole(page)
    expected = cnn.predict_strokes(DIGITS[7], widths=[16])
    np.testing.assert_allclose(answer["logits"], expected.logits, atol=0.006)
    assert max(answer["logits"]) == 0
    page.toggle(key="logits").set_value(False).run()
    assert data(page, "logits") is None and options(page)["logits"] is False


def test_another_pen_or_network_leaves_the_canvas_alone(page):
    """All that may change for a canvas that keeps its drawing is the brush."""
    page.run()
    before = data(page, "canvas")
    page.segmented_control(key="pen_width").set_value(28)
    page.segmented_control(key="model").set_value("mlp").run()
    assert data(page, "canvas") == before | {"strokeWidth": 3 * 28}
    assert data(page, "companion")["width"] == 28 and options(page)["models"] == ["mlp"]


@pytest.mark.parametrize(
    "odd",
    [
        {"points": [[1, None]], "widths": [16]},
        {"points": [[1, 2, 3]], "widths": [16]},
        {"points": [["1", "2"]], "widths": [16]},
        {"points": [[1e300, 0]], "widths": [16]},
        {"points": [[1, 2]], "widths": []},
        {"points": [[]], "widths": [16]},
        {"points": "strokes"},
        {"points": None},
        {"points": [[1, 1]] * (MAX_STROKES + 1), "widths": [1] * (MAX_STROKES + 1)},
        {"from": [1, 0]},
        {"from": [0, 1]},
        {"from": "here"},
        {"models": "cnn"},
        {"models": ["nobody"]},
        {"models": []},
    ],
)
def test_an_odd_message_is_an_error_in_words_and_the_page_goes_on(page, odd):
    page.run()
    reply = draw(page, DIGITS[2], **odd)
    assert_whole(page)
    assert set(reply) == {"turn", "error"} and reply["error"].endswith(".")
    assert reads(page, 2) == ["CNN"]
    page.run()
    assert_whole(page)


@pytest.mark.parametrize(
    "odd", ["drawing", 7, [], {}, {"turn": None}, {"turn": float("nan")}, {"turn": [1]}, True]
)
def test_what_is_no_message_is_an_error_too(page, odd):
    page.run()
    reply = send(page, odd)
    assert_whole(page)
    assert reply == {"turn": 0, "error": "A message is a JSON object with a turn."}
    assert reads(page, 2) == ["CNN"]


def test_a_failure_of_ours_is_an_error_in_words(page, monkeypatch):
    page.run()
    with monkeypatch.context() as patched:
        patched.setattr(Recognizer, "predict_strokes", lambda *_: 1 / 0)
        assert "could not be read" in draw(page, DIGITS[2])["error"]
    assert_whole(page)
    assert reads(page, 2) == ["CNN"]


# A picture


def test_a_picture_is_read_and_shown(page, cnn):
    page.run()
    draw(page, DIGITS[1])
    reply = upload(page, "eight.png", png(8))
    assert_whole(page)
    (answer,) = reply["answers"]
    assert answer["digit"] == 8 and answer["percent"][8] > 50 and answer["label"] == "CNN"
    assert max(answer["logits"]) == 0 and len(answer["logits"]) == 10
    assert image_of(reply).max() > 0.9
    assert len(page.image) == 1
    assert data(page, "answer")["invitation"] == UPLOAD
    assert data(page, "companion") is None


def test_back_on_the_drawing_the_answers_are_the_drawing_s(page):
    page.run()
    upload(page, "eight.png", png(8))
    page.session_state["input"] = "Canvas"
    page.run()
    assert data(page, "answer") == {"invitation": DRAW, "reply": None}
    assert reads(page, 1) == ["CNN"]


def test_without_a_picture_the_picture_tab_invites(page):
    page.run()
    page.session_state["input"] = "Picture"
    page.run()
    assert_whole(page)
    assert data(page, "answer") == {"invitation": UPLOAD, "reply": {"answers": []}}


@pytest.mark.parametrize("content", [b"", b"hello", png(8)[:80]])
def test_what_is_no_picture_is_a_message(page, content):
    page.run()
    reply = upload(page, "eight.png", content)
    assert_whole(page)
    assert set(reply) == {"error"} and reply["error"]
    assert upload(page, "eight.png", png(8))["answers"][0]["digit"] == 8


def test_a_picture_without_a_digit_is_shown_and_a_message(page):
    page.run()
    blank = cv2.imencode(".png", np.full((200, 200), 255, np.uint8))[1].tobytes()
    reply = upload(page, "blank.png", blank)
    assert_whole(page)
    assert set(reply) == {"error", "picture"} and len(page.image) == 1


def test_without_centring_a_picture_is_read_as_it_is(page):
    page.run()
    page.toggle(key="centred").set_value(False)
    paper = np.full((280, 280), 255, np.uint8)
    paper[200:260, 200:260] = cv2.resize(255 - image_from_strokes(DIGITS[0]) * 255, (60, 60))
    image = image_of(upload(page, "nought.png", cv2.imencode(".png", paper)[1].tobytes()))
    assert_whole(page)
    assert image.any() and not image[:19].any() and not image[:, :19].any()


def test_two_networks_are_compared_on_a_picture(page):
    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    reply = upload(page, "eight.png", png(8))
    assert_whole(page)
    assert [(one["label"], one["digit"]) for one in reply["answers"]] == [("CNN", 8), ("MLP", 8)]


# The networks


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_sidebar_tells_of_the_network_what_its_card_says(page, name):
    page.run()
    page.segmented_control(key="model").set_value(name).run()
    card = registry.read_card(registry.SHIPPED / name)
    told = page.sidebar.caption[0].value
    assert f"{card.parameters:,} parameters" in told
    assert re.match(r"Reads 9\d of 100 digits that strangers draw, and ", told)
    assert f"{percent(card.test['accuracy'])} of the MNIST test set" in told
    assert f"{card.trained_on.day} {card.trained_on:%b %Y}" in told


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ({}, "Reads 90.0 % of the"),
        ({"pen": {"accuracy": 1.0, "count": 9}}, "Reads 90.0 % of the"),  # a card of old
        (
            {"pen": {"used": 1.0, "count": 10}, "unipen": {"used": 0.5, "count": 30}},
            "Reads 62 of 100 digits that strangers draw, and 90.0 % of the",
        ),
    ],
)
def test_the_sidebar_tells_what_is_read_of_strangers_if_that_is_known(page, home, drawn, words):
    test = {"accuracy": 0.9, "data": "MNIST test set"}
    publish(home, "mine", metrics={"test": test} | drawn)
    page.run()
    page.segmented_control(key="model").set_value("mine").run()
    assert page.sidebar.caption[0].value.startswith(words)


def test_a_retrained_model_joins_the_switch_and_reads(page, home):
    page.run()
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    page.run()
    assert page.segmented_control(key="model").options == ["CNN", "MLP", "mine"]
    page.segmented_control(key="model").set_value("mine").run()
    assert_whole(page)
    assert reads(page, 5) == ["mine"]


@pytest.mark.parametrize("file", [registry.CARD, registry.SERVED])
def test_a_damaged_model_is_named_and_the_other_reads_on(page, broken, file):
    (broken / "cnn" / file).write_bytes(b"\0" * 100)
    page.run()
    assert_whole(page)
    assert "'cnn' cannot be used" in page.sidebar.warning[0].value
    assert page.segmented_control(key="model").options == ["MLP"]
    assert reads(page, 6) == ["MLP"]


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"parameters": "12"},
        {"trained_at": "yesterday"},
        {"metrics": {"test": {"accuracy": "0.5", "data": "MNIST test set"}}},
        {"metrics": {"test": {"accuracy": 0.5}}},
    ],
)
def test_an_odd_card_is_named_and_the_other_reads_on(page, broken, change):
    card = broken / "mlp" / registry.CARD
    card.write_text(json.dumps(json.loads(card.read_text()) | change))
    page.run()
    assert not page.exception
    assert "'mlp' cannot be used" in page.sidebar.warning[0].value
    assert page.segmented_control(key="model").options == ["CNN"]


def test_a_model_damaged_in_mid_session_hands_over_to_the_other(page, broken):
    page.run()
    page.segmented_control(key="model").set_value("mlp").run()
    shutil.rmtree(broken / "mlp")
    page.run()
    assert_whole(page)
    assert "'mlp' cannot be used" in page.sidebar.warning[0].value
    assert page.segmented_control(key="model").options == ["CNN"]
    assert reads(page, 6) == ["CNN"]


def test_without_any_model_the_page_says_what_to_do(page, broken):
    for name in ("cnn", "mlp"):
        shutil.rmtree(broken / name)
    page.run()
    assert not page.exception
    assert data(page, "answer") is None and data(page, "companion") is None
    assert "Restore" in page.error[0].value
    assert "Train one below, or restore" in page.sidebar.warning[0].value
    (both,) = [each for each in page.sidebar.expander if "2 networks" in each.label]
    assert all(f"'{name}' cannot be used" in both.markdown[0].value for name in ("cnn", "mlp"))
    assert not page.button(key="retrain").disabled


def choose_mine(page, home, *others):
    """A page that reads with a network trained here, of several."""
    for name in ("mine", *others):
        shutil.copytree(registry.SHIPPED / "mlp", home / name)
    page.run()
    page.segmented_control(key="model").set_value("mine").run()


@pytest.mark.parametrize(
    "change",
    [registry.remove, lambda name: registry.rename(name, "yours")],
    ids=["gone", "renamed"],
)
def test_a_network_taken_away_by_somebody_else_is_told_once_and_the_first_reads(page, home, change):
    choose_mine(page, home)
    assert not page.sidebar.warning
    change("mine")
    page.run()
    assert_whole(page)
    (warning,) = page.sidebar.warning
    assert "'mine' is gone" in warning.value and "CNN is now in use" in warning.value
    assert page.segmented_control(key="model").value == "cnn" and reads(page, 6) == ["CNN"]
    page.run()
    assert not page.sidebar.warning


def test_a_network_that_others_trained_leaves_the_choice_alone(page, home):
    page.run()
    page.segmented_control(key="model").set_value("mlp").run()
    shutil.copytree(registry.SHIPPED / "cnn", home / "a-first-one")
    page.run()
    assert page.segmented_control(key="model").value == "mlp" and not page.sidebar.warning


def test_two_networks_are_compared_in_words_and_in_a_chart(page):
    """A sloping 7, about which they differ."""
    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    assert_whole(page)
    assert options(page)["models"] == ["cnn", "mlp"]
    assert [row["name"] for row in bars(page)["data"]] == ["CNN", "MLP"]
    reply = draw(page, DIGITS[7])
    for name, answer in zip(("cnn", "mlp"), reply["answers"], strict=True):
        expected = Recognizer.load(name).predict_strokes(DIGITS[7], widths=[16])
        assert answer["label"] == name.upper()
        assert_answers(answer, expected)
    page.selectbox(key="compare").set_value(None).run()
    assert options(page)["models"] == ["cnn"] and len(bars(page)["data"]) == 1


@pytest.mark.parametrize("doubtful", [0, 1])
def test_of_two_networks_one_alone_may_turn_a_drawing_away(page, monkeypatch, doubtful):
    read, judge = Recognizer.predict_strokes, Recognizer.classify_batch
    first, second = (0.4, 0.9) if doubtful == 0 else (0.9, 0.4)

    def predict(self, *drawing, **pen):
        return replace(read(self, *drawing, **pen), is_digit=first)

    def classify(self, images):
        return judge(self, images)[0], np.full(len(images), second, np.float32)

    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    monkeypatch.setattr(Recognizer, "predict_strokes", predict)
    monkeypatch.setattr(Recognizer, "classify_batch", classify)
    answers = draw(page, DIGITS[3])["answers"]
    assert [answer["rejected"] for answer in answers] == [doubtful == 0, doubtful == 1]


def test_a_network_cannot_be_compared_with_itself(page):
    page.run()
    assert page.selectbox(key="compare").options == ["MLP"]
    page.selectbox(key="compare").set_value("mlp").run()
    page.segmented_control(key="model").set_value("mlp").run()
    assert not page.exception
    assert page.selectbox(key="compare").options == ["CNN"]
    assert page.selectbox(key="compare").value is None
    assert options(page)["models"] == ["mlp"] and len(bars(page)["data"]) == 1


def test_a_network_compared_with_that_goes_is_no_longer_compared(page, home):
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    page.run()
    page.selectbox(key="compare").set_value("mine").run()
    assert reads(page, 3) == ["CNN", "mine"]
    registry.remove("mine")
    page.run()
    assert_whole(page)
    assert page.selectbox(key="compare").value is None
    assert reads(page, 3) == ["CNN"]


def test_a_network_is_renamed_and_reads_on(page, home):
    choose_mine(page, home)
    page.text_input(key="new_name").set_value("ours")
    page.button(key="rename").click().run()
    assert not page.exception and not page.error and not page.warning
    assert page.segmented_control(key="model").options == ["CNN", "MLP", "ours"]
    assert page.segmented_control(key="model").value == "ours" and reads(page, 5) == ["ours"]
    assert [path.name for path in home.iterdir() if path.is_dir()] == ["ours"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "up to 40 letters"),
        ("a b", "up to 40 letters"),
        ("../up", "up to 40 letters"),
        ("CNN", "already"),
        ("ours", "already"),
        ("mine", "already"),
    ],
)
def test_a_bad_new_name_is_a_message_and_nothing_is_lost(page, home, name, complaint):
    choose_mine(page, home, "ours")
    page.text_input(key="new_name").set_value(name)
    page.button(key="rename").click().run()
    assert not page.exception
    assert complaint in page.sidebar.error[0].value
    assert page.segmented_control(key="model").value == "mine"
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["mine", "ours"]
    page.run()
    assert not page.sidebar.error


def test_the_new_name_starts_from_the_chosen_network_s(page, home):
    choose_mine(page, home, "ours")
    assert page.text_input(key="new_name").value == "mine"
    page.segmented_control(key="model").set_value("ours").run()
    assert page.text_input(key="new_name").value == "ours"


def test_a_network_is_not_removed_before_that_is_confirmed(page, home):
    choose_mine(page, home)
    page.button(key="remove").click().run()
    (dialog,) = page.get("dialog")
    assert "**mine** will be gone for good" in dialog.markdown[0].value
    assert page.button(key="confirm_removal").label == "Remove it"
    assert page.segmented_control(key="model").options == ["CNN", "MLP", "mine"]


def test_the_question_stays_while_others_train_and_goes_with_its_network(page, home):
    choose_mine(page, home)
    page.button(key="remove").click().run()
    shutil.copytree(registry.SHIPPED / "mlp", home / "theirs")
    page.run()
    assert len(page.get("dialog")) == 1
    registry.remove("mine")
    page.run()
    assert not page.exception and not page.get("dialog")
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    page.run()
    assert not page.get("dialog")


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_what_came_with_the_app_can_be_downloaded_and_nothing_else(page, name):
    page.run()
    page.segmented_control(key="model").set_value(name).run()
    menu = page.get_by_key("manage")
    assert [button.key for button in menu.get("download_button")] == [
        "download.keras",
        "download.tflite",
    ]
    assert not menu.button and not menu.text_input
    assert "cannot rename or remove" in menu.caption[0].value


def test_a_network_trained_here_can_be_downloaded_too(page, home):
    choose_mine(page, home)
    menu = page.get_by_key("manage")
    assert len(menu.get("download_button")) == 2
    assert [button.key for button in menu.button] == ["rename", "remove"]
