"""The page's states, without a browser: Streamlit's AppTest with the canvas' report put in."""

import base64
import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from digitcanvas import Recognizer
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading import registry
from tests.apptest import bars, html, objects, png, shown
from tests.digits import DIGITS


def upload(page, name, content):
    page.session_state["input"] = "Picture"
    return page.file_uploader(key="picture").set_value((name, content, "image/png")).run()


def test_before_a_stroke_the_page_invites_and_claims_nothing(page):
    page.run()
    assert not page.exception and not page.error
    assert ">Draw a digit on the black square to see the answer here.<" in shown(page)
    assert not re.search(r">\d|…|sure", shown(page)) and "<img" not in shown(page)
    assert bars(page)["data"][0]["y"] == [0] * 10
    assert page.button(key="undo").disabled and page.button(key="redo").disabled


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_the_answer_is_the_chosen_network_s(page, canvas, model):
    """A sloping 7, of which the two networks think differently."""
    expected = Recognizer.load(model).predict_strokes(DIGITS[7])
    canvas.report(objects(DIGITS[7]))
    page.run()
    page.radio(key="model").set_value(model).run()
    assert f">{expected.digit}<" in shown(page) and f">{expected.certainty} sure" in shown(page)
    (probabilities,) = bars(page)["data"]
    np.testing.assert_allclose(probabilities["y"], expected.probabilities * 100, rtol=1e-4)


@pytest.mark.parametrize(("is_digit", "rejected"), [(0.49, True), (0.5, False)])
def test_what_does_not_look_like_a_digit_is_told_and_charted(
    page, canvas, monkeypatch, is_digit, rejected
):
    read = Recognizer.predict_strokes
    monkeypatch.setattr(
        Recognizer,
        "predict_strokes",
        lambda self, *drawing: replace(read(self, *drawing), is_digit=is_digit),
    )
    canvas.report(objects(DIGITS[3]))
    page.run()
    assert not page.exception and not page.error
    words = html(page, "prediction")
    refusal = "This does not look like a digit to me (nearest:&nbsp;3)." in words
    assert refusal is rejected and (">3<" in words) is not rejected
    assert (" sure" in words) is not rejected
    title = bars(page)["layout"]["yaxis"]["title"]["text"]
    assert title == ("if it were a digit" if rejected else "probability")


def test_the_image_shown_is_what_the_network_saw(page, canvas):
    canvas.report(objects(DIGITS[7]))
    page.run()
    np.testing.assert_allclose(image_shown(page), image_from_strokes(DIGITS[7]), atol=0.01)


def image_shown(page):
    (encoded,) = re.findall(r'src="data:image/png;base64,([^"]+)"', html(page, "model_view"))
    png = np.frombuffer(base64.b64decode(encoded), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED) / 255


def test_without_centring_a_drawing_is_read_where_it_is(page, canvas):
    """A 1 at the right edge, which no network knows."""
    edge = [stroke + np.array([120, 0]) for stroke in DIGITS[1]]
    canvas.report(objects(edge))
    page.run()
    np.testing.assert_allclose(image_shown(page), image_from_strokes(edge), atol=0.01)
    page.toggle(key="centred").set_value(False).run()
    assert not page.exception and not page.error
    as_it_is = image_from_strokes(edge, centred=False)
    np.testing.assert_allclose(image_shown(page), as_it_is, atol=0.01)
    assert as_it_is.any() and not as_it_is[:, :20].any()
    expected = Recognizer.load("cnn").predict_strokes(edge, centred=False)
    np.testing.assert_allclose(bars(page)["data"][0]["y"], expected.probabilities * 100, rtol=1e-4)


def test_without_centring_a_picture_is_read_as_it_is(page):
    page.run()
    page.toggle(key="centred").set_value(False)
    paper = np.full((280, 280), 255, np.uint8)
    paper[200:260, 200:260] = cv2.resize(255 - image_from_strokes(DIGITS[0]) * 255, (60, 60))
    upload(page, "nought.png", cv2.imencode(".png", paper)[1].tobytes())
    assert not page.exception and not page.error
    image = image_shown(page)
    assert image.any() and not image[:19].any() and not image[:, :19].any()


def test_the_logits_are_those_of_the_answer(page, canvas):
    page.run()
    page.toggle(key="logits").set_value(True).run()
    assert not page.exception and not page.main.table
    canvas.report(objects(DIGITS[7]))
    page.run()
    assert not page.exception and not page.error
    expected = Recognizer.load("cnn").predict_strokes(DIGITS[7])
    rows = page.main.table[0].value
    logits = rows["logit of CNN"].astype(float)
    np.testing.assert_allclose(logits, expected.logits, atol=0.006)
    assert logits.max() == 0
    softmax = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(softmax, expected.probabilities, atol=0.006)
    assert list(rows["probability"]) == [f"{p * 100:.2f} %" for p in expected.probabilities]
    page.toggle(key="logits").set_value(False).run()
    assert not page.main.table


def test_the_sidebar_tells_of_each_network_what_its_card_says(page):
    page.run()
    for name, proto in zip(["cnn", "mlp"], page.radio(key="model").proto.captions, strict=True):
        card = registry.read_card(registry.SHIPPED / name)
        assert f"{card.parameters:,} parameters" in proto
        assert f"{card.test['accuracy'] * 100:.2f} % right on the MNIST test set" in proto
        assert f"{card.trained_on.day} {card.trained_on:%B %Y}" in proto


def test_a_retrained_model_joins_the_switch_and_reads(page, canvas, home):
    canvas.report(objects(DIGITS[5]))
    page.run()
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    page.run()
    assert page.radio(key="model").options == ["CNN", "MLP", "mine"]
    page.radio(key="model").set_value("mine").run()
    assert not page.exception and ">5<" in shown(page)


def test_the_sidebar_s_settings_leave_the_canvas_alone(page, canvas):
    """All that may change for a canvas that keeps its drawing is the brush."""
    canvas.report(objects(DIGITS[3]))
    page.run()
    before = canvas.arguments
    page.slider(key="pen_width").set_value(30)
    page.radio(key="model").set_value("mlp").run()
    assert canvas.arguments == before | {"stroke_width": 30}
    assert ">3<" in shown(page)


def test_clear_empties_the_canvas_and_the_answer(page, canvas):
    """Also while the canvas still reports the old drawing, as it does for a moment."""
    canvas.report(objects(DIGITS[3]))
    page.run()
    before = canvas.arguments
    page.button(key="clear").click().run()
    assert canvas.arguments["background_color"] != before["background_color"]
    assert canvas.arguments["initial_drawing"]["objects"] == []
    assert canvas.arguments["key"] == before["key"]
    assert "Draw a digit" in shown(page) and "<img" not in shown(page)
    canvas.report(objects(DIGITS[4]))
    page.run()
    assert ">4<" in shown(page)


class Pressed:
    """A page whose canvas takes a while to report what a button did."""

    def __init__(self, page, canvas):
        self.page, self.canvas = page, canvas

    def draw(self, strokes):
        self.canvas.report(objects(strokes))
        self.page.run()

    def press(self, key):
        """Gives what the canvas will report."""
        self.page.button(key=key).click().run()
        return {
            "objects": self.canvas.arguments["initial_drawing"]["objects"],
            "background": self.canvas.arguments["background_color"],
        }

    def report(self, reported):
        self.canvas.reported = reported
        self.page.run()

    def shows(self, text):
        return text in shown(self.page)

    def can(self, key):
        return not self.page.button(key=key).disabled


@pytest.fixture
def pressed(page, canvas, monkeypatch):
    """A page whose network reads the last stroke alone: two digits in one drawing are none."""
    read = Recognizer.predict_strokes
    monkeypatch.setattr(
        Recognizer,
        "predict_strokes",
        lambda self, strokes, *centred: read(self, strokes[-1:], *centred),
    )
    return Pressed(page, canvas)


def test_undo_and_redo_take_strokes_off_and_put_them_back(pressed):
    """The page knows before the canvas says so."""
    pressed.draw(DIGITS[1] + DIGITS[7])
    assert pressed.shows(">7<") and not pressed.can("redo")
    for key, answer in (
        ("undo", ">1<"),
        ("undo", "Draw a digit"),
        ("redo", ">1<"),
        ("redo", ">7<"),
        ("undo", ">1<"),
    ):
        reported = pressed.press(key)
        assert pressed.shows(answer)
        pressed.report(reported)
        assert pressed.shows(answer)
    assert pressed.can("undo") and pressed.can("redo")
    pressed.draw(DIGITS[1] + DIGITS[4])
    assert not pressed.can("redo")


def test_clear_leaves_nothing_to_redo(pressed):
    pressed.draw(DIGITS[1] + DIGITS[7])
    pressed.press("undo")
    pressed.press("clear")
    assert not pressed.can("redo")


def test_buttons_pressed_faster_than_the_canvas_reports(pressed):
    pressed.draw(DIGITS[1] + DIGITS[7])
    first, second = pressed.press("undo"), pressed.press("undo")
    assert pressed.shows("Draw a digit")
    for late in (first, second):
        pressed.report(late)
        assert pressed.shows("Draw a digit") and pressed.can("redo")
    pressed.press("redo")
    pressed.report(pressed.press("redo"))
    assert pressed.shows(">7<") and not pressed.can("redo")


def test_a_stroke_reported_with_the_press_is_the_one_undone(pressed, page):
    pressed.draw(DIGITS[7])
    raw = pressed.canvas.reported | {"objects": objects(DIGITS[7] + DIGITS[0])}
    page.session_state["canvas"] = {"drawing": {"raw": raw}}
    assert len(pressed.press("undo")["objects"]) == 1
    assert pressed.shows(">7<") and pressed.can("redo")


def test_a_canvas_that_never_heard_of_a_press_is_told_again_after_a_while(
    pressed, canvas_module, monkeypatch
):
    """Not while it may yet report, not over and over, and not once it has reported."""
    told, now = [], [1000.0]
    monkeypatch.setattr(canvas_module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    show = canvas_module.show
    monkeypatch.setattr(canvas_module, "show", lambda width: told.append(now[0]) or show(width))
    pressed.draw(DIGITS[7])
    reported = pressed.press("clear")
    told.clear()
    for now[0], times in ((1000.5, 1), (1001.5, 2), (1001.6, 1), (1003, 2)):
        pressed.page.run()
        assert len(told) == times and not pressed.page.exception
        told.clear()
    now[0] = 1010
    pressed.report(reported)
    assert len(told) == 1


@pytest.mark.parametrize("background", ["#000000", None])
def test_a_canvas_that_sends_another_background_is_believed(pressed, background):
    """As one may that is newer than those we know."""
    pressed.report({"objects": objects(DIGITS[7]), "background": background})
    assert pressed.shows(">7<")
    pressed.press("clear")
    pressed.report({"objects": [], "background": background})
    assert pressed.shows("Draw a digit")
    pressed.report({"objects": objects(DIGITS[1]), "background": background})
    assert pressed.shows(">1<")


def test_a_stroke_deleted_on_the_canvas_after_redo_is_gone(pressed):
    pressed.draw(DIGITS[7])
    pressed.report(pressed.press("undo"))
    reported = pressed.press("redo")
    pressed.report(reported)
    pressed.report(reported | {"objects": []})
    assert pressed.shows("Draw a digit")


@pytest.mark.parametrize(
    "odd",
    [
        [None],
        [{"type": "Rect"}],
        [{"type": "Path", "path": [["M", float("nan"), 0]]}],
        [{"type": "Path", "path": [["M", 1e300, 0]]}],
        objects([np.zeros((1, 2))] * 10_000),
    ],
)
def test_odd_canvas_data_is_a_message_and_the_session_goes_on(page, canvas, odd):
    canvas.report(odd)
    page.run()
    assert not page.exception
    assert len(page.error) == 1 and page.error[0].value
    canvas.report(objects(DIGITS[2]))
    page.run()
    assert not page.error and ">2<" in shown(page)


@pytest.mark.parametrize("reported", [{}, {"objects": None}, [], "drawing"])
def test_a_report_that_is_none_is_an_empty_canvas(page, canvas, reported):
    canvas.reported = reported
    page.run()
    assert not page.exception and not page.error and "Draw a digit" in shown(page)


def test_a_picture_is_read_and_shown(page, canvas):
    canvas.report(objects(DIGITS[1]))
    page.run()
    upload(page, "eight.png", png(8))
    assert not page.exception and not page.error
    assert ">8<" in shown(page) and bars(page)["data"][0]["y"][8] > 50
    assert len(page.image) == 1


def test_back_on_the_drawing_the_drawing_is_read(page, canvas):
    canvas.report(objects(DIGITS[1]))
    page.run()
    upload(page, "eight.png", png(8))
    page.session_state["input"] = "Draw"
    page.run()
    assert ">1<" in shown(page)


def test_without_a_picture_the_picture_tab_invites(page, canvas):
    canvas.report(objects(DIGITS[1]))
    page.run()
    page.session_state["input"] = "Picture"
    page.run()
    assert "Upload a picture" in shown(page) and "<img" not in shown(page)


@pytest.mark.parametrize("content", [b"", b"hello", png(8)[:80]])
def test_what_is_no_picture_is_a_message(page, content):
    page.run()
    upload(page, "eight.png", content)
    assert not page.exception
    assert len(page.error) == 1
    upload(page, "eight.png", png(8))
    assert not page.error and ">8<" in shown(page)


@pytest.mark.parametrize("file", [registry.CARD, registry.SERVED])
def test_a_damaged_model_is_named_and_the_other_reads_on(page, canvas, broken, file):
    (broken / "cnn" / file).write_bytes(b"\0" * 100)
    canvas.report(objects(DIGITS[6]))
    page.run()
    assert not page.exception and not page.error
    assert "'cnn' cannot be used" in page.sidebar.warning[0].value
    assert page.radio(key="model").options == ["MLP"]
    assert ">6<" in shown(page)


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
    assert page.radio(key="model").options == ["CNN"]


def test_a_model_damaged_in_mid_session_hands_over_to_the_other(page, canvas, broken):
    canvas.report(objects(DIGITS[6]))
    page.run()
    page.radio(key="model").set_value("mlp").run()
    shutil.rmtree(broken / "mlp")
    page.run()
    assert not page.exception and not page.error
    assert "'mlp' cannot be used" in page.sidebar.warning[0].value
    assert page.radio(key="model").options == ["CNN"]
    assert ">6<" in shown(page)


def test_without_any_model_the_page_says_what_to_do(page, canvas, broken):
    for name in ("cnn", "mlp"):
        shutil.rmtree(broken / name)
    canvas.report(objects(DIGITS[6]))
    page.run()
    assert not page.exception
    assert "Restore" in page.error[0].value
    assert len(page.sidebar.warning) == 2


def choose_mine(page, home, *others):
    """A page that reads with a network trained here, of several."""
    for name in ("mine", *others):
        shutil.copytree(registry.SHIPPED / "mlp", home / name)
    page.run()
    page.radio(key="model").set_value("mine").run()


@pytest.mark.parametrize(
    "change",
    [registry.remove, lambda name: registry.rename(name, "yours")],
    ids=["gone", "renamed"],
)
def test_a_network_taken_away_by_somebody_else_is_told_once_and_the_first_reads(
    page, canvas, home, change
):
    canvas.report(objects(DIGITS[6]))
    choose_mine(page, home)
    assert not page.sidebar.warning
    change("mine")
    page.run()
    assert not page.exception and not page.error
    (warning,) = page.sidebar.warning
    assert "'mine' is gone" in warning.value and "CNN is now in use" in warning.value
    assert page.radio(key="model").value == "cnn" and ">6<" in shown(page)
    page.run()
    assert not page.sidebar.warning


def test_a_network_that_others_trained_leaves_the_choice_alone(page, home):
    page.run()
    page.radio(key="model").set_value("mlp").run()
    shutil.copytree(registry.SHIPPED / "cnn", home / "a-first-one")
    page.run()
    assert page.radio(key="model").value == "mlp" and not page.sidebar.warning


def test_two_networks_are_compared_in_words_and_in_a_chart(page, canvas):
    """A sloping 7, of which they think differently."""
    canvas.report(objects(DIGITS[7]))
    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    assert not page.exception
    for name, key, probabilities in zip(
        ("cnn", "mlp"), ("prediction", "comparison"), bars(page)["data"], strict=True
    ):
        expected = Recognizer.load(name).predict_strokes(DIGITS[7])
        assert f">{expected.digit}<" in html(page, key)
        assert f">{expected.certainty} sure" in html(page, key)
        assert f"<b>{name.upper()}</b>" in html(page, key)
        assert probabilities["name"] == name.upper()
        np.testing.assert_allclose(probabilities["y"], expected.probabilities * 100, rtol=1e-4)
    page.selectbox(key="compare").set_value(None).run()
    assert "CNN" not in html(page, "prediction")
    assert len(bars(page)["data"]) == 1


def test_two_networks_are_compared_on_a_picture(page):
    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    upload(page, "eight.png", png(8))
    assert not page.exception
    assert ">8<" in html(page, "prediction") and ">8<" in html(page, "comparison")


@pytest.mark.parametrize("doubtful", ["prediction", "comparison"])
def test_of_two_networks_one_alone_may_turn_a_drawing_away(page, canvas, monkeypatch, doubtful):
    read = Recognizer.predict_strokes
    verdicts = {"prediction": 0.4 if doubtful == "prediction" else 0.9}
    verdicts["comparison"] = 1.3 - verdicts["prediction"]
    turn = iter(verdicts.values())

    def predict(self, *drawing):
        return replace(read(self, *drawing), is_digit=next(turn))

    page.run()
    page.selectbox(key="compare").set_value("mlp").run()
    monkeypatch.setattr(Recognizer, "predict_strokes", predict)
    canvas.report(objects(DIGITS[3]))
    page.run()
    for key, label in (("prediction", "CNN"), ("comparison", "MLP")):
        refusal = "This does not look like a digit to me (nearest:&nbsp;3)." in html(page, key)
        assert refusal is (key == doubtful) and (">3<" in html(page, key)) is not refusal
        assert f"<b>{label}</b>" in html(page, key)
    assert len(bars(page)["data"]) == 2


def test_a_network_cannot_be_compared_with_itself(page, canvas):
    canvas.report(objects(DIGITS[3]))
    page.run()
    assert page.selectbox(key="compare").options == ["MLP"]
    page.selectbox(key="compare").set_value("mlp").run()
    page.radio(key="model").set_value("mlp").run()
    assert not page.exception
    assert page.selectbox(key="compare").options == ["CNN"]
    assert page.selectbox(key="compare").value is None
    assert len(bars(page)["data"]) == 1


def test_a_network_compared_with_that_goes_is_no_longer_compared(page, canvas, home):
    canvas.report(objects(DIGITS[3]))
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    page.run()
    page.selectbox(key="compare").set_value("mine").run()
    assert "<b>mine</b>" in html(page, "comparison")
    registry.remove("mine")
    page.run()
    assert not page.exception and not page.error
    assert page.selectbox(key="compare").value is None
    assert ">3<" in shown(page) and "CNN" not in shown(page)


def test_a_network_is_renamed_and_reads_on(page, canvas, home):
    canvas.report(objects(DIGITS[5]))
    choose_mine(page, home)
    page.text_input(key="new_name").set_value("ours")
    page.button(key="rename").click().run()
    assert not page.exception and not page.error and not page.warning
    assert page.radio(key="model").options == ["CNN", "MLP", "ours"]
    assert page.radio(key="model").value == "ours" and ">5<" in shown(page)
    assert [path.name for path in home.iterdir()] == ["ours"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("", "up to 40 letters"),
        ("a b", "up to 40 letters"),
        ("../up", "up to 40 letters"),
        ("CNN", "already"),
        ("theirs", "already"),
        ("mine", "already"),
    ],
)
def test_a_bad_new_name_is_a_message_and_nothing_is_lost(page, home, name, complaint):
    choose_mine(page, home, "theirs")
    page.text_input(key="new_name").set_value(name)
    page.button(key="rename").click().run()
    assert not page.exception
    assert complaint in page.sidebar.error[0].value
    assert page.radio(key="model").value == "mine"
    assert sorted(path.name for path in home.iterdir()) == ["mine", "theirs"]
    page.run()
    assert not page.sidebar.error


def test_the_new_name_starts_from_the_chosen_network_s(page, home):
    choose_mine(page, home, "theirs")
    assert page.text_input(key="new_name").value == "mine"
    page.radio(key="model").set_value("theirs").run()
    assert page.text_input(key="new_name").value == "theirs"


def test_a_network_is_not_removed_before_that_is_confirmed(page, home):
    choose_mine(page, home)
    page.button(key="remove").click().run()
    (dialog,) = page.get("dialog")
    assert "**mine** will be gone for good" in dialog.markdown[0].value
    assert page.button(key="confirm_removal").label == "Remove it"
    assert page.radio(key="model").options == ["CNN", "MLP", "mine"]


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
    page.radio(key="model").set_value(name).run()
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
