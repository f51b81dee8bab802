"""The live socket: what browsers send, what they get, and who is spared from whom."""

import asyncio
import base64
import json
import logging
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit import net_util
from streamlit.web.server.starlette.starlette_websocket import create_websocket_routes

from digitcanvas import Recognizer
from digitcanvas.app import live
from digitcanvas.app.live import Crowd, LiveDrawing, Misfit
from digitcanvas.app.live_drawing import answer
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import MAX_POINTS, MAX_STROKES
from digitcanvas.reading import registry
from tests.apptest import publish
from tests.digits import DIGITS, in_a_row

WIDTH = 16


@pytest.fixture
def crowd(monkeypatch):
    crowd = Crowd()
    monkeypatch.setattr(live, "crowd", crowd)
    return crowd


@pytest.fixture
def client(crowd):
    """A server with nothing but the socket."""
    with TestClient(Starlette(routes=live.routes(""))) as client:
        yield client


class Browser:
    """One that is connected; it sends a message and waits for the answer, as live.js does."""

    def __init__(self, socket):
        self.socket, self.turn = socket, 0

    def ask(self, **fields):
        """Gives the answer, without what is in every answer."""
        self.turn += 1
        self.socket.send_text(json.dumps({"turn": self.turn} | fields))
        answer = self.hear()
        assert answer.pop("turn") == self.turn and answer.pop("pace") >= 0
        return answer

    def draw(self, strokes, width=WIDTH, **options):
        """Replace the drawing."""
        return self.ask(**whole(strokes, width), **options)

    def hear(self):
        return json.loads(self.socket.receive_text(), parse_constant=refuse)

    def is_served(self):
        return self.draw(DIGITS[1], models=["mlp"])["answers"][0]["digit"] == 1

    def closing(self):
        """The code with which the server ends the connection."""
        with pytest.raises(WebSocketDisconnect) as closed:
            self.socket.receive_text()
        return closed.value.code


@contextmanager
def connect(client, **headers):
    with client.websocket_connect(live.PATH, headers=headers) as socket:
        yield Browser(socket)


@pytest.fixture
def browser(client):
    with connect(client) as browser:
        yield browser


def refuse(constant):
    raise ValueError(f"A browser cannot read {constant} in JSON.")


def rows(strokes):
    return [np.ravel(stroke).tolist() for stroke in strokes]


def whole(strokes, width=WIDTH):
    return {"from": [0, 0], "points": rows(strokes), "widths": [width] * len(strokes)}


def assert_answers(answer, prediction, label):
    assert (answer["label"], answer["digit"]) == (label, prediction.digit)
    assert (answer["certainty"], answer["rejected"]) == (prediction.certainty, prediction.rejected)
    np.testing.assert_allclose(answer["percent"], prediction.probabilities * 100, atol=0.0051)


def view(answer):
    png = np.frombuffer(base64.b64decode(answer["view"]), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED)


# What a browser gets


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_the_answers_are_the_recognizer_s(browser, model):
    recognizer = Recognizer.load(model)
    for strokes in DIGITS.values():
        answer = browser.draw(strokes, models=[model])
        prediction = recognizer.predict_strokes(strokes, widths=[WIDTH] * len(strokes))
        assert set(answer) == {"answers", "view"}
        assert_answers(*answer["answers"], prediction, model.upper())
        assert "logits" not in answer["answers"][0]
        np.testing.assert_array_equal(view(answer), np.rint(prediction.image * 255))


def test_two_networks_are_compared_and_the_view_is_the_first_s(browser):
    for names in (["cnn", "mlp"], ["mlp", "cnn"]):
        answer = browser.draw(DIGITS[7], models=names)
        assert len(answer["answers"]) == 2
        for name, one in zip(names, answer["answers"], strict=True):
            expected = Recognizer.load(name).predict_strokes(DIGITS[7], widths=[WIDTH])
            assert_answers(one, expected, name.upper())


def test_no_more_than_two_networks_read(browser, home):
    publish(home, "mine")
    answer = browser.draw(DIGITS[7], models=["cnn", "mlp", "mine"])
    assert [one["label"] for one in answer["answers"]] == ["CNN", "MLP"]


def message(stroke, point=0, *points, widths=None):
    """A message about what comes after this point of this stroke."""
    return {
        "from": [stroke, point],
        "points": rows(points),
        "widths": [WIDTH] * len(points) if widths is None else widths,
    }


def test_how_to_read_stays_until_it_is_changed(browser, cnn):
    edge = [stroke + np.array([120, 0]) for stroke in DIGITS[1]]
    answer = browser.draw(edge, models=["cnn"], centred=False, logits=True)
    expected = cnn.predict_strokes(edge, centred=False, widths=[WIDTH])
    for _ in range(2):
        assert_answers(*answer["answers"], expected, "CNN")
        np.testing.assert_allclose(answer["answers"][0]["logits"], expected.logits, atol=0.0051)
        as_it_is = image_from_strokes(edge, centred=False, widths=[WIDTH])
        np.testing.assert_array_equal(view(answer), np.rint(as_it_is * 255))
        answer = browser.ask(**message(1))
    answer = browser.ask(**message(1), centred=True, logits=False)
    assert_answers(*answer["answers"], cnn.predict_strokes(edge, widths=[WIDTH]), "CNN")
    assert "logits" not in answer["answers"][0]


def test_ink_that_touches_on_the_canvas_is_joined(browser, cnn):
    dots = [np.array([[140.0, y]]) for y in range(40, 241, 25)]
    for width in (8, 40):
        answer = browser.draw(dots, width, models=["cnn"])
        expected = cnn.predict_strokes(dots, widths=[width] * len(dots))
        assert_answers(*answer["answers"], expected, "CNN")
        np.testing.assert_array_equal(view(answer), np.rint(expected.image * 255))


NUMBERS = {"models": ["cnn"], "numbers": True}


def test_several_digits_are_a_number_and_each_is_answered_as_one(browser, cnn):
    strokes = in_a_row("2047")
    answer = browser.draw(strokes, **NUMBERS, logits=True)
    expected = cnn.read_number(strokes, [WIDTH] * len(strokes))
    (whole,) = answer["answers"]
    assert whole == {
        "label": "CNN",
        "text": "2047",
        "certainty": expected.certainty,
        "rejected": False,
    }
    assert answer["doubtful"] == np.argmin([digit.trust for digit in expected.digits])
    assert "view" not in answer and "signs" not in answer
    for digit, prediction, box in zip(
        answer["digits"], expected.digits, expected.boxes, strict=True
    ):
        assert_answers(*digit["answers"], prediction, "CNN")
        assert len(digit["answers"][0]["logits"]) == 10
        np.testing.assert_array_equal(view(digit), np.rint(prediction.image * 255))
        np.testing.assert_allclose(digit["box"], box, atol=0.051)
    assert [digit["pieces"] for digit in answer["digits"]] == [
        [[0, 0, len(strokes[0]) - 1]],
        [[1, 0, len(strokes[1]) - 1]],
        [[2, 0, len(strokes[2]) - 1], [3, 0, len(strokes[3]) - 1]],
        [[4, 0, len(strokes[4]) - 1]],
    ]


def test_a_second_network_reads_the_same_ink_digit_by_digit(browser):
    answer = browser.draw(in_a_row("17"), models=["cnn", "mlp"], numbers=True)
    assert [(one["label"], one["text"]) for one in answer["answers"]] == [
        ("CNN", "17"),
        ("MLP", "17"),
    ]
    mlp = Recognizer.load("mlp")
    for digit, own in zip(answer["digits"], (1, 7), strict=True):
        first, second = digit["answers"]
        assert (first["label"], second["label"], second["digit"]) == ("CNN", "MLP", own)
        image = view(digit)[np.newaxis].astype(np.float32) / 255
        np.testing.assert_allclose(second["percent"], 100 * mlp.predict_batch(image)[0], atol=0.5)


def test_one_digit_is_answered_the_same_where_numbers_are_read(browser):
    for digit in range(10):
        assert browser.draw(DIGITS[digit], **NUMBERS) == browser.draw(
            DIGITS[digit], models=["cnn"], numbers=False
        )


def test_where_it_is_not_centred_a_drawing_is_one_digit(browser):
    assert "digits" not in browser.draw(in_a_row("17"), **NUMBERS, centred=False)


def test_a_sign_is_named_and_not_read(browser):
    dash = np.array([[0, 140], [50, 141]], float)
    for text in ("17", "7"):
        strokes = [dash, *(stroke + np.array([80, 0]) for stroke in in_a_row(text))]
        answer = browser.draw(strokes, **NUMBERS)
        first = answer["answers"][0]
        assert first.get("text", str(first.get("digit"))) == text
        assert answer["signs"] == ["a minus sign or a dash"]


def test_what_was_read_before_counts_while_the_pen_is_down_alone(browser, monkeypatch):
    """It holds the answer steady; of a drawing that is done, the strokes alone decide."""
    before = []
    read = Recognizer.read_number

    def spy(self, strokes, widths, number):
        before.append(number and number.text)
        return read(self, strokes, widths, number)

    monkeypatch.setattr(Recognizer, "read_number", spy)
    strokes = in_a_row("174")
    browser.draw(strokes[:2], **NUMBERS, down=True)
    browser.draw(strokes[:3])
    browser.draw(strokes, down=False)
    browser.ask(**message(0))
    browser.draw(strokes[:1], down=True)
    assert before == [None, "17", None, None]


def test_a_drawing_that_comes_in_pieces_is_the_same_drawing(browser):
    at_once = browser.draw(DIGITS[4], models=["cnn"])
    browser.ask(**message(0))
    (first, second) = DIGITS[4]
    browser.ask(**message(0, 0, first[:1]))
    browser.ask(**message(0, 1, first[1:]))
    browser.ask(**message(1, 0, second[:1], [(9, 9)]))
    assert browser.ask(**message(1, 1, second[1:])) == at_once


@pytest.mark.parametrize("options", [{}, {"models": ["cnn"]}, {"models": ["nobody"]}])
def test_an_empty_drawing_is_no_answer_and_no_error(browser, options):
    assert browser.ask(**message(0), **options) == {"answers": []}
    assert browser.draw(DIGITS[3], models=["cnn"])["answers"][0]["digit"] == 3
    assert browser.ask(**message(0)) == {"answers": []}


@pytest.mark.parametrize(
    "strokes",
    [[[(1, 1)]] * (MAX_STROKES + 1), [np.ones((MAX_POINTS // 2 + 1, 2), int)] * 2],
    ids=["strokes", "points"],
)
def test_a_drawing_that_is_too_long_is_an_error_until_some_of_it_is_taken_away(browser, strokes):
    answer = browser.draw(strokes, models=["mlp"], logits=True)
    assert set(answer) == {"error"} and "too long" in answer["error"]
    assert set(browser.ask(**message(len(strokes), 0, [(2, 2)]))) == {"error"}
    answer = browser.ask(**message(0, 0, *DIGITS[3]))
    assert answer["answers"][0]["digit"] == 3
    assert answer["answers"][0]["label"] == "MLP" and "logits" in answer["answers"][0]


def test_no_browser_makes_the_server_keep_a_drawing_without_end(browser):
    many = np.ones((MAX_POINTS, 2), int)
    for number in range(2):
        browser.ask(**message(number, 0, many))
    browser.socket.send_text(json.dumps({"turn": 0} | message(2, 0, [(1, 1)])))
    assert browser.closing() == 1007


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e6, 10**40])
def test_a_point_that_makes_no_sense_is_an_error_until_it_is_taken_away(browser, bad):
    answer = browser.ask(**message(0), models=["cnn"])
    answer = browser.ask(**message(0, 0, [(1, 1), (2, 2)]) | {"points": [[1, 1, bad, 2]]})
    assert "Stroke 1" in answer["error"]
    answer = browser.ask(**message(0, 0, *DIGITS[3]))
    assert answer["answers"][0]["digit"] == 3


@pytest.mark.parametrize(("sent", "used"), [(0, 1), (-3, 1), (1e9, 200), (10**40, 200), (7.5, 7.5)])
def test_a_pen_s_width_is_kept_within_reason(sent, used):
    drawing = LiveDrawing()
    drawing.update(message(0, 0, [(1, 1)], widths=[sent]))
    assert drawing.widths == [used]


# Models that come and go


def test_a_network_trained_here_reads_until_it_is_gone(browser, home):
    """Within a second or two."""

    def read():
        return browser.ask(**message(2))

    publish(home, "mine")
    answer = browser.draw(DIGITS[5], models=["mine"])
    assert (answer["answers"][0]["label"], answer["answers"][0]["digit"]) == ("mine", 5)
    registry.remove("mine")
    until(lambda: "error" in read())
    answer = read()
    assert set(answer) == {"error"} and "no model 'mine'" in answer["error"]
    publish(home, "mine", of="cnn")
    expected = Recognizer.load("cnn").predict_strokes(DIGITS[5], widths=[WIDTH] * 2)
    until(lambda: "answers" in read())
    assert_answers(*read()["answers"], expected, "mine")


@pytest.mark.parametrize("file", [registry.CARD, registry.SERVED])
def test_a_damaged_network_is_named_and_the_other_reads_on(browser, broken, file):
    (broken / "cnn" / file).write_bytes(b"\0" * 100)
    answer = browser.draw(DIGITS[6], models=["cnn"])
    assert set(answer) == {"error"} and "'cnn' cannot be used" in answer["error"]
    answer = browser.ask(**message(1), models=["cnn", "mlp"])
    assert [one["label"] for one in answer["answers"]] == ["MLP"]
    assert answer["answers"][0]["digit"] == 6


def test_without_a_network_there_is_an_error(browser):
    assert set(browser.draw(DIGITS[6])) == {"error"}


@pytest.mark.parametrize("name", ["", ".", "..", "nobody", "a\0b", "\ud800", "x" * 5000, "∞"])
def test_a_name_that_is_none_is_an_error(browser, name):
    answer = browser.draw(DIGITS[6], models=[name])
    assert set(answer) == {"error"} and len(answer["error"]) < 200


def test_no_browser_names_a_directory(browser, tmp_path):
    other = shutil.copytree(registry.SHIPPED / "mlp", tmp_path / "other")
    assert Recognizer.load(other)
    for name in (str(other), str(registry.SHIPPED / "mlp")):
        answer = browser.draw(DIGITS[6], models=[name])
        assert set(answer) == {"error"} and "no model" in answer["error"]


def test_a_failure_of_ours_is_an_error_and_logged(browser, monkeypatch, caplog):
    with monkeypatch.context() as patched:
        patched.setattr(Recognizer, "predict_strokes", lambda *_: 1 / 0)
        answer = browser.draw(DIGITS[6], models=["cnn"])
    assert set(answer) == {"error"} and "could not be read" in answer["error"]
    assert "ZeroDivisionError" in caplog.text
    assert browser.is_served()


# Drawing and messages


class Page:
    """A drawing in a browser, by the rules of drawing.js, in whole pixels."""

    def __init__(self):
        self.strokes, self.undone, self.changed = [], [], (0, 0)

    def change(self, stroke, point=0):
        self.changed = min(self.changed, (stroke, point))

    def press(self, point, width):
        self.change(len(self.strokes))
        self.strokes.append((width, list(point)))
        self.undone = []

    def move(self, points):
        if self.strokes:
            row = self.strokes[-1][1]
            self.change(len(self.strokes) - 1, len(row) // 2)
            row += [number for point in points for number in point]

    def undo(self):
        if self.strokes:
            self.undone.append(self.strokes.pop())
            self.change(len(self.strokes))

    def redo(self):
        if self.undone:
            self.change(len(self.strokes))
            self.strokes.append(self.undone.pop())

    def clear(self):
        self.strokes, self.undone = [], []
        self.change(0)

    def changes(self):
        (stroke, point), self.changed = self.changed, (10**9, 0)
        rest = self.strokes[stroke:]
        return {
            "from": [min(stroke, len(self.strokes)), point],
            "points": [row[0 if i else 2 * point :] for i, (_, row) in enumerate(rest)],
            "widths": [width for width, _ in rest],
        }


pixels = st.tuples(*[st.integers(-20, 300)] * 2)
actions = st.one_of(
    st.tuples(st.just("press"), pixels, st.integers(4, 40)),
    st.tuples(st.just("move"), st.lists(pixels, max_size=3)),
    st.tuples(st.just("move"), st.lists(pixels, max_size=3)),
    st.tuples(st.sampled_from(["undo", "redo", "clear", "send", "send", "lose"])),
)


@settings(max_examples=300)
@given(st.lists(actions, max_size=60))
def test_the_server_has_the_browser_s_drawing_whatever_is_done_to_it(done):
    page, drawing = Page(), LiveDrawing()
    for name, *arguments in [*done, ("send",)]:
        if name == "send":
            drawing.update(json.loads(json.dumps(page.changes())))
            assert drawing.strokes == [row for _, row in page.strokes]
            assert drawing.widths == [width for width, _ in page.strokes]
        elif name == "lose":
            drawing, page.changed = LiveDrawing(), (0, 0)
        else:
            getattr(page, name)(*arguments)


def drawing_of(*lengths):
    drawing = LiveDrawing()
    drawing.update(message(0, 0, *[np.ones((length, 2), int) for length in lengths]))
    return drawing


MISFITS = {
    "no message": {},
    "a gap": message(3, 0, [(1, 1)]),
    "before the first": message(-1, 0, [(1, 1)]),
    "a point too far": message(1, 3, [(1, 1)]),
    "a point before the first": message(1, -1, [(1, 1)]),
    "a point of a new stroke": message(2, 1, [(1, 1)]),
    "a stroke that goes on with nothing": message(1, 1),
    "half a point": message(1) | {"points": [[1]], "widths": [1]},
    "half a point more": message(1, 1) | {"points": [[1]], "widths": [1]},
    "a stroke without points": message(2) | {"points": [[]], "widths": [1]},
    "another without points": message(1, 1) | {"points": [[1, 1], []], "widths": [1, 1]},
    "a width too few": message(2, 0, [(1, 1)], widths=[]),
    "a width too many": message(2, widths=[1]),
    "no from": {"points": [], "widths": []},
    "no points": {"from": [0, 0], "widths": []},
    "no widths": {"from": [0, 0], "points": []},
    "from in words": message(0) | {"from": "ab"},
    "from in one": message(0) | {"from": [0]},
    "from in three": message(0) | {"from": [0, 0, 0]},
    "from nowhere": message(0) | {"from": [float("nan"), 0]},
    "from infinity": message(0) | {"from": [float("inf"), 0]},
    "from null": message(0) | {"from": None},
    "points in words": message(0) | {"points": "ab", "widths": [1, 1]},
    "a point in words": message(0) | {"points": [["1", "2"]], "widths": [1]},
    "a point of truth": message(0) | {"points": [[True, False]], "widths": [1]},
    "points in pairs": message(0) | {"points": [[[1, 2]]], "widths": [1]},
    "null points": message(0) | {"points": [[None, 1]], "widths": [1]},
    "widths in words": message(2, 0, [(1, 1)], widths=["1"]),
    "models in a word": message(0) | {"models": "cnn"},
    "models by number": message(0) | {"models": [1]},
    "no models": message(0) | {"models": None},
}


@pytest.mark.parametrize("sent", MISFITS.values(), ids=MISFITS)
def test_a_message_that_does_not_fit_is_rejected_and_changes_nothing(sent):
    drawing = drawing_of(2, 2)
    drawing.models = ["cnn"]
    before = json.dumps(vars(drawing))
    with pytest.raises(Misfit):
        answer(drawing, {"turn": 1} | sent)
    assert json.dumps(vars(drawing)) == before


GARBAGE = [
    "",
    "{",
    "null",
    "7",
    "[]",
    '"turn"',
    "{}",
    '{"turn": "1"}',
    '{"turn": 1.5}',
    "[" * 10**5,
]
GARBAGE.append('{"turn": 1' + "0" * 5000 + "}")


@pytest.mark.parametrize(
    "text", [*GARBAGE, *(json.dumps({"turn": 1} | sent) for sent in MISFITS.values())][:-1]
)
def test_a_message_that_makes_no_sense_ends_its_own_connection(client, text):
    with connect(client) as other, connect(client) as browser:
        assert other.is_served()
        browser.draw([[(1, 1), (2, 2)]] * 2, models=["cnn"])
        browser.socket.send_text(text)
        assert browser.closing() == 1007
        assert other.is_served()
    with connect(client) as again:
        assert again.is_served()


def test_what_is_not_text_ends_its_own_connection(client):
    with connect(client) as other, connect(client) as browser:
        browser.socket.send_bytes(b"\0\xff")
        assert browser.closing() == 1007 and other.is_served()


def test_what_is_too_large_ends_its_own_connection(client, monkeypatch):
    monkeypatch.setattr(live, "LARGEST", 2000)
    with connect(client) as other, connect(client) as browser:
        browser.socket.send_text(json.dumps({"turn": 1, "fill": ""}).ljust(2001))
        assert browser.closing() == 1009 and other.is_served()


def test_the_longest_drawing_that_is_read_fits_into_a_message():
    points = np.full((MAX_POINTS // MAX_STROKES, 2), -279.99)
    text = json.dumps({"turn": 10**9} | whole([points] * MAX_STROKES, 39.5), separators=(",", ":"))
    assert len(text) < live.LARGEST


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
numbers = st.integers(-3, 300) | st.floats() | st.just(10**40)
odd_messages = st.fixed_dictionaries(
    {"turn": st.integers()},
    optional={
        "from": st.lists(st.integers(-1, 3), min_size=2, max_size=2) | json_values,
        "points": st.lists(st.lists(numbers, max_size=6), max_size=3) | json_values,
        "widths": st.lists(numbers, max_size=3) | json_values,
        "models": st.lists(st.sampled_from(["cnn", "mlp", "x"]), max_size=3) | json_values,
        "centred": json_values,
        "logits": json_values,
    },
)


@settings(max_examples=500)
@given(st.lists(odd_messages | json_values, min_size=1, max_size=4))
def test_whatever_is_sent_there_is_an_answer_or_an_end(caplog_none, messages):
    drawing = drawing_of(2)
    for sent in messages:
        try:
            read = live._read(drawing, json.dumps(sent))
        except Misfit:
            pass
        else:
            reply = read.reply
            json.loads(json.dumps(reply), parse_constant=refuse)
            assert reply["turn"] == sent["turn"] and read.took >= 0 and read.worked >= 0
            assert ("error" in reply) != ("answers" in reply)
        assert len(drawing.strokes) == len(drawing.widths)
        assert all(stroke and len(stroke) % 2 == 0 for stroke in drawing.strokes)
    assert not caplog_none


@given(st.text() | st.binary().map(lambda content: content.decode("latin-1")))
def test_whatever_text_is_sent_is_a_misfit(text):
    with pytest.raises(Misfit):
        live._read(LiveDrawing(), text)


@pytest.fixture(scope="module")
def caplog_none():
    """What is logged, which should be nothing."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    live._logger.addHandler(handler)
    yield records
    live._logger.removeHandler(handler)


# Who may connect, and for how long

HOSTS = {"here": "digits.example", "port": "digits.example:8501", "local": "localhost:8501"}
ORIGINS = [
    None,
    "",
    "null",
    "https://digits.example",
    "http://digits.example:8501",
    "http://digits.example:8502",
    "https://elsewhere.example",
    "https://digits.example.elsewhere.example",
    "http://localhost:3000",
    "http://127.0.0.1",
    "https://school.example",
    "https://school.example:444",
    "file://",
    "garbage",
]
OPTIONS = {
    "as it is": {},
    "a school's": {"server.corsAllowedOrigins": ["https://school.example"]},
    "without CORS": {"server.enableCORS": False},
    "hosts": {"server.allowedHosts": ["digits.example"]},
    "other hosts": {"server.allowedHosts": ["*.elsewhere.example"]},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_an_origin_is_refused_exactly_where_streamlit_refuses_it(crowd, monkeypatch, options):
    import streamlit.config as config

    monkeypatch.setattr(net_util, "get_internal_ip", lambda: None)
    monkeypatch.setattr(net_util, "get_external_ip", lambda: None)
    get_option = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: options.get(name, get_option(name)))
    runtime = SimpleNamespace()  # whoever gets so far fails for want of one
    routes = [*live.routes(""), *create_websocket_routes(runtime, "")]
    verdicts = set()
    with TestClient(Starlette(routes=routes)) as client:
        for host in HOSTS.values():
            for origin in ORIGINS:
                headers = {"host": host} | ({} if origin is None else {"origin": origin})
                ours, theirs = (
                    is_refused(client, path, headers) for path in (live.PATH, "/_stcore/stream")
                )
                assert ours == theirs, (host, origin)
                verdicts.add(ours)
    assert verdicts == ({False} if "server.enableCORS" in options else {True, False}) or (
        verdicts == {True} and "server.allowedHosts" in options
    )
    assert not crowd.sockets


def test_others_are_served_while_an_origin_is_looked_into(client, monkeypatch):
    """Streamlit asks the Internet for this machine's address, which takes 2 s without one."""
    with connect(client) as other:
        looking = threading.Event()

        def look():
            looking.set()
            time.sleep(1)

        monkeypatch.setattr(net_util, "get_external_ip", look)
        headers = {"origin": "https://elsewhere.example"}
        with ThreadPoolExecutor(1) as pool:
            verdict = pool.submit(is_refused, client, live.PATH, headers)
            looking.wait(5)
            began = time.monotonic()
            assert other.is_served()
            assert time.monotonic() - began < 0.7
            assert verdict.result()


def is_refused(client, path, headers):
    try:
        with client.websocket_connect(path, headers=headers) as socket:
            socket.close()
    except WebSocketDisconnect as error:
        assert error.code == 1008
        return True
    except AttributeError:  # of the runtime
        return False
    return False


def test_a_socket_that_nobody_uses_is_closed(crowd, client, monkeypatch):
    monkeypatch.setattr(live, "IDLE", 0.2)
    with connect(client) as browser:
        for _ in range(3):
            time.sleep(0.12)
            assert browser.is_served()
        began = time.monotonic()
        assert browser.closing() == live.UNUSED == 4000
        assert 0.1 < time.monotonic() - began < 2
    assert not crowd.sockets


def test_there_is_room_for_so_many_and_for_another_once_one_has_left(crowd, client, monkeypatch):
    monkeypatch.setattr(live, "SOCKETS", 2)
    with connect(client) as first:
        with connect(client) as second:
            with pytest.raises(WebSocketDisconnect), connect(client):
                pass
            assert len(crowd.sockets) == 2
            assert first.is_served() and second.is_served()
        until(lambda: len(crowd.sockets) == 1)
        with connect(client) as third:
            assert first.is_served() and third.is_served()
    until(lambda: not crowd.sockets)


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_nobody_is_answered_more_often_than_is_fair(client, monkeypatch):
    monkeypatch.setattr(live, "FASTEST", 8)
    with connect(client) as browser, connect(client) as other:
        began = time.monotonic()
        for turn in range(6):
            browser.socket.send_text(json.dumps({"turn": turn} | message(0)))
        other.ask(**message(0))
        waited = time.monotonic() - began
        assert [browser.hear()["turn"] for _ in range(6)] == [*range(6)]
        took = time.monotonic() - began
        assert took > 0.6 and waited < took * 0.6  # on a busy machine both are longer


def test_a_drawing_that_takes_long_to_read_waits_for_the_others(client, monkeypatch):
    read = live._read

    def take(drawing, text):
        return read(drawing, text)._replace(worked=0.1 if drawing.strokes else 0)

    monkeypatch.setattr(live, "_read", take)
    with connect(client) as browser, connect(client) as other:
        began = time.monotonic()
        for turn in range(2):
            browser.socket.send_text(json.dumps({"turn": turn} | whole(DIGITS[1])))
        for _ in range(5):
            other.ask(**message(0))
        assert time.monotonic() - began < 0.35
        assert [browser.hear()["turn"] for _ in range(2)] == [0, 1]
        assert time.monotonic() - began >= 0.1 * live.OTHERS


def test_many_are_answered_at_once_each_about_a_drawing_of_its_own(client):
    with ExitStack() as stack:
        browsers = [stack.enter_context(connect(client)) for _ in range(10)]

        def draw(digit):
            browser = browsers[digit]
            answers = [browser.draw(DIGITS[digit][:1], models=["mlp"])]
            for _ in range(5):
                answers.append(browser.draw(DIGITS[digit]))
            return {answer["answers"][0]["digit"] for answer in answers[1:]}

        with ThreadPoolExecutor(10) as pool:
            assert list(pool.map(draw, range(10))) == [{digit} for digit in range(10)]


def test_a_browser_that_leaves_while_it_is_answered_is_no_error(crowd, client, monkeypatch):
    read, has_left = live._read, threading.Event()
    monkeypatch.setattr(live, "_read", lambda *given: has_left.wait(10) and read(*given))
    with connect(client) as other:
        for text in (json.dumps({"turn": 1} | whole(DIGITS[1])), "garbage"):
            has_left.clear()
            with connect(client) as browser:
                browser.socket.send_text(text)
                browser.socket.close()
                has_left.set()
                until(lambda: len(crowd.sockets) == 1)
        assert other.is_served()


# Everybody


class Moment:
    """Stands in for the time module."""

    now = 1000.0

    def monotonic(self):
        return self.now


def test_the_pace_grows_with_those_who_draw_and_falls_when_they_stop(monkeypatch):
    clock = Moment()
    monkeypatch.setattr(live, "time", clock)
    crowd = Crowd()
    alone = crowd.pace("me", 0)
    assert alone == round(1000 / live.SMOOTH)
    for person in range(1, 500):
        clock.now += 0.001
        pace = max(alone, 1000 * (person + 1) / live.CAPACITY)
        assert crowd.pace(person, 0) == pytest.approx(pace, abs=1)
    for _ in range(3):
        assert crowd.pace("me", 0) == pytest.approx(pace, abs=1), "one who draws on counts once"
    for person in range(1, 400):
        crowd.leave(person)
    assert crowd.pace("me", 0) == pytest.approx(1000 * 101 / live.CAPACITY, abs=1)
    clock.now += 2.5 * max(live.RECENT, pace / 1000)
    assert crowd.pace("me", 0) == alone
    crowd.leave("me")
    crowd.leave("me")
    assert not crowd._drew


def test_those_who_only_look_on_make_nobody_slower():
    crowd = Crowd()
    alone = crowd.pace(1, 0)
    for person in range(1000):
        crowd.enter(person)
    assert crowd.pace(1, 0) == alone


def test_those_who_wait_as_long_as_they_are_told_still_count(monkeypatch):
    clock = Moment()
    monkeypatch.setattr(live, "time", clock)
    crowd = Crowd()
    count = 3 * live.CAPACITY
    for person in range(count):
        crowd.pace(person, 0)
    for person in range(count):
        clock.now += 1 / live.CAPACITY
        pace = crowd.pace(person, 0)
    assert pace == pytest.approx(1000 * count / live.CAPACITY, rel=0.01)


def test_the_pace_grows_with_the_time_that_reading_takes_and_falls_again(monkeypatch):
    """As when other servers share the machine."""
    clock = Moment()
    monkeypatch.setattr(live, "time", clock)
    crowd, people = Crowd(), 100

    def draw_all(times, took):
        for _ in range(times):
            for person in range(people):
                pace = crowd.pace(person, took)
        return pace

    usual = draw_all(10, live.SHARE / live.CAPACITY / 2)
    assert usual == round(1000 * people / live.CAPACITY)
    slow = 4 * live.SHARE / live.CAPACITY
    assert draw_all(10, slow) == pytest.approx(4 * usual, rel=0.02)
    assert draw_all(10, live.SHARE / live.CAPACITY / 2) == usual
    crowd.pace(0, 3600)  # a page full of numbers, say
    assert draw_all(1, 0) < 1.3 * usual


def test_the_pace_is_in_the_answer(client, monkeypatch):
    monkeypatch.setattr(live, "CAPACITY", 10)
    with connect(client) as first, connect(client) as second:
        paces = []
        for turn, browser in enumerate([first, second, first]):
            browser.socket.send_text(json.dumps({"turn": turn} | message(0)))
            paces.append(browser.hear()["pace"])
    assert paces == [100, 200, 200]


def test_a_message_that_takes_long_to_read_slows_the_pace(crowd, client, monkeypatch):
    read = live._read
    monkeypatch.setattr(live, "_read", lambda *given: read(*given)._replace(took=live.LONG))
    monkeypatch.setattr(live, "SHARE", live.LONG / 100 / 0.5)
    with connect(client) as browser:
        browser.socket.send_text(json.dumps({"turn": 1} | message(0)))
        assert browser.hear()["pace"] == 500


def test_news_reaches_all_and_those_who_come_later(crowd, client):
    with connect(client) as first, connect(client) as second:
        client.portal.call(crowd.tell, "run", {"share": 0.5})
        assert first.hear() == second.hear() == {"run": {"share": 0.5}}
        client.portal.call(crowd.tell, "news", 1)
        client.portal.call(crowd.tell, "run", None)
        for browser in (first, second):
            assert [browser.hear(), browser.hear()] == [{"news": 1}, {"run": None}]
        with connect(client) as late:
            assert {**late.hear(), **late.hear()} == {"news": 1, "run": None}
            assert late.is_served() and first.is_served()


def test_news_does_not_stop_at_one_who_has_left(crowd, client):
    class Left:
        def __init__(self, error):
            self.error = error

        async def send_text(self, text):
            raise self.error

    with connect(client) as browser:
        for error in (WebSocketDisconnect(1006), RuntimeError("closed")):
            crowd.enter(Left(error))
        client.portal.call(crowd.tell, "news", 1)
        assert browser.hear() == {"news": 1}


class Newcomer:
    """A browser whose connection lets us look on."""

    def __init__(self, during=None):
        self.headers, self.cookies, self.sent, self.during = {}, {}, [], during

    async def accept(self):
        pass

    async def send_text(self, text):
        self.sent.append(json.loads(text))
        if self.during and len(self.sent) == 1:
            await self.during()

    async def receive_text(self):
        raise WebSocketDisconnect(1001)

    async def close(self, code, reason=""):
        self.sent.append(code)


def test_news_that_changes_while_a_newcomer_is_told_is_not_followed_by_the_old(crowd):
    async def change():
        await crowd.tell("b", "new")
        crowd.news.pop("c")

    newcomer = Newcomer(change)

    async def come():
        for kind in "abc":
            await crowd.tell(kind, "old")
        await live.live(newcomer)

    asyncio.run(come())
    assert newcomer.sent[0] == {"a": "old"}
    assert newcomer.sent[-1] == {"b": "new"} and {"c": "old"} not in newcomer.sent
    assert not crowd.sockets


def test_there_is_never_one_too_many_though_they_come_at_once(crowd, monkeypatch):
    monkeypatch.setattr(live, "SOCKETS", 3)
    gate = asyncio.Event()

    class Waiting(Newcomer):
        async def accept(self):
            await gate.wait()

    people = [Waiting() for _ in range(8)]

    async def come():
        tasks = [asyncio.create_task(live.live(person)) for person in people]
        async with asyncio.timeout(5):
            while sum(map(bool, (person.sent for person in people))) < 5:
                await asyncio.sleep(0.01)
        gate.set()
        await asyncio.gather(*tasks)

    asyncio.run(come())
    assert sum(live.BUSY in person.sent for person in people) == 5


@pytest.mark.parametrize("base", ["", "/some/digits"])
def test_the_socket_is_below_the_app_s_path(crowd, base):
    client = TestClient(Starlette(routes=live.routes(base)))
    with client, client.websocket_connect(f"{base}/live") as socket:
        assert Browser(socket).is_served()
