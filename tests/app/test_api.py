"""The HTTP API: what programs send, and what they get."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from digitcanvas import Recognizer
from digitcanvas.app import api
from digitcanvas.app.parts import shared_models
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.drawing.strokes import MAX_STROKES
from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from tests.apptest import png, publish
from tests.digits import DIGITS
from tests.drawing.test_ink_rows import number, photo
from tests.reading.test_numbers import MINUS, row

PICTURE = png(3)
YEAR = cv2.imencode(".jpg", photo(number("2026")[0]))[1].tobytes()
LIMIT = 300 * 1024
SEVEN = [stroke.tolist() for stroke in DIGITS[7]]
JSON = {"content-type": "application/json"}
PNG = {"content-type": "image/png"}
JPEG = {"content-type": "image/jpeg"}


def application(base=""):
    """The API in front of routes that take everything else, as Streamlit's do."""
    page = Mount("/", PlainTextResponse("Streamlit's page"))
    return Starlette(routes=[*api.routes(base, LIMIT), page])


@pytest.fixture(scope="module")
def client():
    with TestClient(application()) as client:
        yield client


def as_json(model, prediction):
    return {
        "model": model,
        "digit": prediction.digit,
        "certainty": prediction.certainty,
        "probabilities": prediction.probabilities.tolist(),
        "is_digit": prediction.is_digit,
        "rejected": prediction.rejected,
        "turned": prediction.turned,
    }


def number_as_json(model, number):
    digits = [
        {k: v for k, v in as_json("", digit).items() if k != "model"}
        | {"box": [round(side, 2) for side in box]}
        for digit, box in zip(number.digits, number.boxes, strict=True)
    ]
    signs = [
        {"text": sign.text, "name": sign.name, "place": sign.place}
        | {"box": [round(side, 2) for side in sign.box]}
        for sign in number.signs
    ]
    return {
        "model": model,
        "text": number.text,
        "text_with_signs": number.text_with_signs,
        "certainty": number.certainty,
        "confidence": number.confidence,
        "rejected": number.rejected,
        "digits": digits,
        "signs": signs,
    }


def error(answer, status):
    """The error that this answer is."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["error"]
    return answer.json()["error"]


def send(client, body, path="/api/predict"):
    return client.post(path, content=body, headers=JSON)


def with_minus(text):
    """A number with a minus sign, as lists."""
    digits = [stroke + np.array([90, 0]) for stroke in row(text)]
    return [stroke.tolist() for stroke in (MINUS, *digits)]


both = pytest.mark.parametrize("path", ["/api/predict", "/api/read_number"])


# What is read


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_strokes_are_read_as_the_library_reads_them(client, model, digit):
    strokes = [stroke.tolist() for stroke in DIGITS[digit]]
    answer = client.post("/api/predict", json={"strokes": strokes, "model": model})
    assert answer.status_code == 200
    assert answer.json() == as_json(model, Recognizer.load(model).predict_strokes(DIGITS[digit]))


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("width", [None, 40])
def test_centring_and_the_pens_width_are_as_in_the_library(client, cnn, centred, width):
    strokes = [[[20, 20], [24, 200]], [[50, 20], [50, 200]]]  # 26 to 30 pixels apart
    body = {"strokes": strokes, "centred": centred} | ({"width": width} if width else {})
    prediction = cnn.predict_strokes(strokes, centred, [width] * 2 if width else None)
    assert client.post("/api/predict", json=body).json() == as_json("cnn", prediction)


def test_centring_and_the_pens_width_make_a_difference(cnn):
    """The test above could not fail otherwise."""
    strokes = [[[20, 20], [24, 200]], [[50, 20], [50, 200]]]
    ways = [(True, None), (False, None), (True, [40, 40]), (False, [40, 40])]
    assert len({str(cnn.predict_strokes(strokes, *way).probabilities) for way in ways}) == 4


@pytest.mark.parametrize("model", ["cnn", "mlp"])
@pytest.mark.parametrize("centred", [True, False])
def test_a_picture_is_read_as_the_library_reads_it_however_it_is_sent(client, model, centred):
    options = {"model": model, "centred": str(centred).lower()}
    files = {"picture": ("three.png", PICTURE)}
    bare = client.post("/api/predict", params=options, content=PICTURE, headers=PNG)
    form = client.post("/api/predict", data=options, files=files)
    mixed = client.post("/api/predict", params=options, files=files)
    prediction = Recognizer.load(model).predict_image(read_picture(PICTURE), centred)
    for answer in (bare, form, mixed):
        assert answer.status_code == 200
        assert answer.json() == as_json(model, prediction)


def test_the_body_has_precedence_over_the_query(client):
    body = {"strokes": SEVEN, "model": "mlp"}
    assert client.post("/api/predict?model=cnn", json=body).json()["model"] == "mlp"
    picture = {"picture": ("three.png", PICTURE)}
    answer = client.post("/api/predict?model=cnn", data={"model": "mlp"}, files=picture)
    assert answer.json()["model"] == "mlp"


def test_what_is_not_a_digit_is_rejected_not_refused(client):
    scribble = [[[20 + 37 * i % 200, 20 + 91 * i % 230] for i in range(60)]]
    answer = client.post("/api/predict", json={"strokes": scribble})
    assert answer.status_code == 200 and answer.json()["rejected"]
    assert answer.json()["is_digit"] < 0.5


def test_a_picture_that_is_read_after_turning_it_says_so(client):
    upright = cv2.imdecode(np.frombuffer(png(7), np.uint8), cv2.IMREAD_UNCHANGED)
    lying = cv2.imencode(".png", cv2.resize(np.rot90(upright), (400, 400)))[1].tobytes()
    answer = client.post("/api/predict", content=lying, headers=PNG).json()
    assert (answer["digit"], answer["turned"], answer["rejected"]) == (7, 90, False)
    (digit,) = client.post("/api/read_number", content=lying, headers=PNG).json()["digits"]
    assert (digit["digit"], digit["turned"]) == (7, 90)


# Numbers


@pytest.mark.parametrize("model", ["cnn", "mlp"])
@pytest.mark.parametrize("width", [None, 40])
def test_a_drawn_number_is_read_as_the_library_reads_it(client, model, width):
    strokes = with_minus("47")
    body = {"strokes": strokes, "model": model} | ({"width": width} if width else {})
    answer = client.post("/api/read_number", json=body)
    assert answer.status_code == 200
    number = Recognizer.load(model).read_number(
        [np.array(stroke, float) for stroke in strokes], [width] * len(strokes) if width else None
    )
    assert answer.json() == number_as_json(model, number)
    assert number.text_with_signs == "-47"


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_a_pictured_number_is_read_as_the_library_reads_it_however_it_is_sent(client, model):
    options, files = {"model": model}, {"picture": ("year.jpg", YEAR)}
    bare = client.post("/api/read_number", params=options, content=YEAR, headers=JPEG)
    form = client.post("/api/read_number", data=options, files=files)
    number = Recognizer.load(model).read_number_image(read_picture(YEAR))
    for answer in (bare, form):
        assert answer.status_code == 200
        assert answer.json() == number_as_json(model, number)
    assert number.text == "2026"


def test_one_digit_is_a_number_of_one(client):
    answer = client.post("/api/read_number", json={"strokes": SEVEN}).json()
    digit = client.post("/api/predict", json={"strokes": SEVEN}).json()
    assert answer["text"] == "7" and answer["signs"] == []
    (read,) = answer["digits"]
    assert read == {k: v for k, v in digit.items() if k != "model"} | {"box": [80, 70, 200, 225]}


def test_a_number_has_no_choice_of_centring(client):
    body = {"strokes": SEVEN, "centred": True}
    words = "There is no field 'centred': use strokes, width, model."
    assert error(client.post("/api/read_number", json=body), 400) == words
    words = "There is no field 'centred': use model."
    answer = client.post("/api/read_number?centred=true", content=YEAR, headers=JPEG)
    assert error(answer, 400) == words
    words = "There is no field 'centred': use picture, model."
    form = {"data": {"centred": "true"}, "files": {"picture": ("year.jpg", YEAR)}}
    assert error(client.post("/api/read_number", **form), 400) == words


POINTS = 26_000
"""So many of three digits and a comma fit into the largest drawing."""


@pytest.mark.parametrize("count", [1, 10])
def test_the_longest_drawings_are_read_as_numbers_in_a_bounded_time(client, count):
    """They took 0.3 s of the processor at most when this was written, and a digit takes 0.02 s."""
    length = POINTS // count
    x, places = np.linspace(0, 1, length), range(count)
    shapes = {
        "circles": [[i * 20 + 50 * np.cos(7 * x), 140 + 50 * np.sin(7 * x)] for i in places],
        "waves": [[i * 3 + x * 300, 140 + 100 * np.sin(60 * x)] for i in places],
        "walks": [
            np.cumsum(np.random.default_rng(i).integers(-1, 2, (2, length)), axis=1) + 140
            for i in places
        ],
    }
    for shape, strokes in shapes.items():
        rows = [np.rint(stroke).astype(int).T.tolist() for stroke in strokes]
        body = json.dumps({"strokes": rows}, separators=(",", ":"))
        began = time.process_time()
        assert send(client, body, "/api/read_number").status_code == 200
        assert time.process_time() - began < 3, shape


# Models


def test_the_models_are_listed_with_their_cards(client, home):
    publish(home, "mine", parameters=123)
    cnn, mlp, mine = client.get("/api/models").json()
    card = registry.read_card(registry.SHIPPED / "cnn")
    assert cnn == {
        "name": "cnn",
        "parameters": card.parameters,
        "accuracy": card.test["accuracy"],
        "measured_on": "MNIST test set",
        "trained_on": card.trained_at[:10],
        "shipped": True,
    }
    assert mlp["name"] == "mlp" and mlp["shipped"]
    assert mine["name"] == "mine" and mine["parameters"] == 123 and not mine["shipped"]


def test_a_retrained_model_reads_until_it_is_gone(client, home):
    publish(home, "mine")
    body = {"strokes": SEVEN, "model": "mine"}
    mlp = client.post("/api/predict", json={"strokes": SEVEN, "model": "mlp"}).json()
    assert client.post("/api/predict", json=body).json() == mlp | {"model": "mine"}
    publish(home, "mine", of="cnn")
    cnn = client.post("/api/predict", json={"strokes": SEVEN}).json()
    assert client.post("/api/predict", json=body).json() == cnn | {"model": "mine"}
    registry.remove("mine")
    assert "no model 'mine'" in error(client.post("/api/predict", json=body), 404)


@both
@pytest.mark.parametrize("model", ["resnet", "", "../models/cnn", "\ud800", "cnn\0", "x" * 1000])
def test_a_model_that_is_not_there_is_named_as_in_the_library(client, home, model, path):
    with pytest.raises(registry.ModelError) as raised:
        registry.find(model)
    body = json.dumps({"strokes": SEVEN, "model": model})
    assert error(send(client, body, path), 404) == str(raised.value)


def test_no_directory_is_opened_that_a_client_names(client, home, monkeypatch):
    monkeypatch.chdir(registry.SHIPPED.parent)
    for model in (str(registry.SHIPPED / "cnn"), "models/cnn"):
        assert Recognizer.load(model)
        error(client.post("/api/predict", json={"strokes": SEVEN, "model": model}), 404)


def test_a_damaged_model_is_named_and_left_out(client, home, broken):
    (broken / "cnn" / registry.SERVED).write_bytes(b"")
    with pytest.raises(registry.ModelError) as raised:
        Recognizer.load("cnn")
    body = {"strokes": SEVEN}
    answer = client.post("/api/predict", json=body | {"model": "cnn"})
    assert error(answer, 503) == str(raised.value)
    assert "retry-after" not in answer.headers
    assert client.post("/api/predict", json=body).json()["model"] == "mlp"
    assert [model["name"] for model in client.get("/api/models").json()] == ["mlp"]
    shutil.rmtree(broken / "mlp")
    assert "No model" in error(client.post("/api/predict", json=body), 503)
    assert client.get("/api/models").json() == []


def test_the_pages_models_are_used_and_not_loaded_again(client, home, monkeypatch):
    publish(home, "mine")
    assert shared_models.load(["mine"])[0]
    monkeypatch.setattr(Recognizer, "load", None)
    body = {"strokes": SEVEN, "model": "mine"}
    assert client.post("/api/predict", json=body).status_code == 200


# What is refused

BAD_DRAWINGS = {
    "[]": "the library's",
    "[[]]": "the library's",
    "[[[]]]": "the library's",
    "[[1, 2]]": "the library's",
    "[[[1, 2, 3]]]": "the library's",
    "[[[1], [2, 3]]]": "the library's",
    "[[[1, null]]]": "the library's",
    '[[["1", "2"]]]': "the library's",
    "[[[1, 1e6]]]": "the library's",
    "[[[1, 1e400]]]": "far off the canvas",
    f"[[[1.5, {'9' * 400}]]]": "far off the canvas",
    f"[[[1, {'9' * 5000}]]]": "far off the canvas",
    json.dumps([[[1, 2]]] * (MAX_STROKES + 1)): "the library's",
    "[[[1, true]]]": "not a number",
    "[[[1, 2]], [[3, 4], [false, true]]]": "not",
    "null": "list of strokes",
    "7": "list of strokes",
    '"seven"': "Stroke 1",
    '{"x": 1}': "Stroke 1",
    "[[[1, NaN]]]": "NaN is not a number in JSON",
    "[[[-Infinity, 1]]]": "-Infinity is not a number in JSON",
}


@both
@pytest.mark.parametrize("strokes", BAD_DRAWINGS, ids=lambda strokes: strokes[:30])
def test_a_bad_drawing_is_refused_in_the_librarys_words(client, cnn, strokes, path):
    words = BAD_DRAWINGS[strokes]
    if words == "the library's":
        with pytest.raises(ValueError) as raised:
            cnn.predict_strokes(json.loads(strokes))
        words = str(raised.value)
    assert words in error(send(client, f'{{"strokes": {strokes}}}', path), 400)


@both
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"{}",
        b'{"strokes": [[[1, 2]]]',
        b'{"strokes": [[[1, 2]]]} {}',
        b'{"strokes": [[[1, 2]]], "model": "\xff"}',
        b"\xef\xbb\xbf" + b'{"strokes": [[[1, 2]]]}',
        '{"strokes": [[[1, 2]]]}'.encode("utf-16"),
        '{"strokes": [[[1, 2]]]}'.encode("utf-32"),
        b"[" * 100_000,
        b'{"strokes":' * 10_000,
        b'{"strokes": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"strokes": [[[1, 2]]], "centred": "true"}',
        b'{"strokes": [[[1, 2]]], "centred": 1}',
        b'{"strokes": [[[1, 2]]], "centred": null}',
        b'{"strokes": [[[1, 2]]], "width": 0}',
        b'{"strokes": [[[1, 2]]], "width": -4}',
        b'{"strokes": [[[1, 2]]], "width": 1e999}',
        b'{"strokes": [[[1, 2]]], "width": true}',
        b'{"strokes": [[[1, 2]]], "width": null}',
        b'{"strokes": [[[1, 2]]], "width": "16"}',
        b'{"strokes": [[[1, 2]]], "widths": [16]}',
        b'{"strokes": [[[1, 2]]], "picture": "aaaa"}',
    ],
    ids=lambda body: repr(body[:60]),
)
def test_other_json_is_refused(client, body, path):
    assert error(send(client, body, path), 400)


@both
@pytest.mark.parametrize("model", ["null", "7", "true", "[]", "{}"])
def test_a_model_has_a_name(client, model, path):
    assert "no model" in error(
        send(client, f'{{"strokes": [[[1, 2]]], "model": {model}}}', path), 404
    )


def test_a_misspelt_field_is_named(client):
    for body in ({"strokes": SEVEN, "modle": "mlp"}, {"strokes": SEVEN, "\ud800": 1}):
        words = error(send(client, json.dumps(body)), 400)
        assert "There is no field" in words and "use strokes, width, model, centred" in words
    answer = client.post("/api/predict?centered=false", content=PICTURE, headers=PNG)
    assert error(answer, 400) == "There is no field 'centered': use model, centred."
    answer = client.post("/api/predict", files={"file": ("three.png", PICTURE)})
    assert error(answer, 400) == "There is no field 'file': use picture, model, centred."


@pytest.mark.parametrize("value", ["1", "False", "", "no"])
def test_centring_is_true_or_false(client, value):
    for way in ({"params": {"centred": value}}, {"data": {"centred": value}}):
        answer = client.post("/api/predict", files={"picture": ("three.png", PICTURE)}, **way)
        assert error(answer, 400) == "The field 'centred' is true or false."


@both
@pytest.mark.parametrize("content", [b"", b"not a picture", PICTURE[:100], png(3)[:-300]])
def test_a_bad_picture_is_refused_in_the_librarys_words(client, content, path):
    with pytest.raises(ValueError) as raised:
        read_picture(content)
    bare = client.post(path, content=content, headers=PNG)
    form = client.post(path, files={"picture": ("three.png", content)})
    assert error(bare, 400) == error(form, 400) == str(raised.value)


@both
def test_a_picture_is_a_file_and_the_only_one(client, path):
    assert "no file 'picture'" in error(client.post(path, files={"model": "cnn"}), 400)
    answer = client.post(path, files={"picture": (None, PICTURE)})
    assert "no file 'picture'" in error(answer, 400)
    twice = [("picture", ("three.png", PICTURE))] * 2
    assert "twice" in error(client.post(path, files=twice), 400)


@both
@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=other",
        "multipart/form-data; boundary=" + "x" * 1000,
        "multipart/form-data; boundary*=utf-8''b",
        "multipart/form-data; boundary=\u00e9",
    ],
)
def test_a_form_that_cannot_be_read_is_refused(client, kind, path):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\n\r\n--b--\r\n'
    )
    headers = {"content-type": kind.encode("latin-1")}
    assert error(client.post(path, content=body, headers=headers), 400)


@both
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b",
        b"--b--",
        b"--b\r\n\r\n\r\n--b--\r\n",
        b"--b\r\nContent-Type: image/png\r\n\r\na\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\ncut short",
        b"--b\r\n" + b"X: y\r\n" * 1000 + b"\r\na\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: " + b"x" * 10_000,
        b"--b\r\nContent-Disposition: form-data; name=model\r\n\r\n" * 3 + b"--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=picture; filename=a\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--b--\r\n",
    ],
    ids=lambda body: repr(body[:60]),
)
def test_odd_forms_are_refused(client, body, path):
    headers = {"content-type": "multipart/form-data; boundary=b"}
    assert error(client.post(path, content=body, headers=headers), 400)


@both
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream"]
)
def test_another_type_is_refused_and_the_right_ones_are_named(client, kind, path):
    answer = client.post(path, content=PICTURE, headers={"content-type": kind})
    words = error(answer, 415)
    assert all(name in words for name in ("application/json", "multipart/form-data", "image/png"))


def test_an_api_program_never_gets_streamlits_page(client):
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for path in ("/api/predict", "/api/read_number"):
            answer = client.request(method, path)
            assert error(answer, 405) == "Use POST here." and answer.headers["allow"] == "POST"
    for path in ("", "/models", "/openapi.json"):
        answer = client.post(f"/api{path}")
        assert error(answer, 405) and answer.headers["allow"] == "GET, HEAD"
        assert client.head(f"/api{path}").status_code == 200
    for method in ("GET", "POST"):
        assert "nothing here" in error(client.request(method, "/api/predictions"), 404)
    assert client.get("/api/").url.path == "/api"
    assert client.get("/apis").text == "Streamlit's page"


numbers = st.floats() | st.integers() | st.integers(10**300, 10**310)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
points = st.lists(numbers | st.booleans() | st.none(), max_size=3) | json_values
drawings = st.fixed_dictionaries(
    {"strokes": st.lists(st.lists(points, max_size=4), max_size=4) | json_values},
    optional={
        "model": st.sampled_from(["cnn", "mlp"]) | json_values,
        "centred": st.booleans() | json_values,
        "width": st.floats(0, 1e5) | json_values,
        "other": json_values,
    },
)


schemas = pytest.mark.parametrize(
    ("path", "schema"), [("/api/predict", "Drawing"), ("/api/read_number", "Row")]
)


@schemas
@settings(max_examples=100)
@given(value=drawings | json_values)
def test_odd_json_is_refused_as_the_document_says(client, path, schema, value):
    answer = send(client, json.dumps(value), path)
    if answer.status_code != 200:
        assert answer.status_code in (400, 404) and error(answer, answer.status_code)
        return
    named = {"$ref": f"#/components/schemas/{schema}"}
    assert validator(client, named).is_valid(value), value


sane = st.floats(-1e5, 1e5) | st.integers(-100_000, 100_000)
sane_drawings = st.fixed_dictionaries(
    {
        "strokes": st.lists(
            st.lists(st.lists(sane, min_size=2, max_size=2), min_size=1, max_size=9),
            min_size=1,
            max_size=9,
        )
    },
    optional={
        "model": st.sampled_from(["cnn", "mlp"]),
        "width": st.floats(0, 1e5, exclude_min=True),
    },
)


@schemas
@settings(max_examples=60)
@given(value=sane_drawings, centred=st.none() | st.booleans())
def test_what_the_document_allows_is_read(client, path, schema, value, centred):
    if centred is not None and schema == "Drawing":
        value = value | {"centred": centred}
    named = {"$ref": f"#/components/schemas/{schema}"}
    assert validator(client, named).is_valid(value)
    answer = send(client, json.dumps(value), path)
    assert answer.status_code == 200
    answered = responses_of(client, path)["200"]["content"]["application/json"]["schema"]
    validator(client, answered).validate(answer.json())


@both
@settings(max_examples=150)
@given(
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=b", "image/png"]),
    body=st.binary()
    | st.lists(
        st.sampled_from([b"--b", b"--", b"\r\n", b"\r\n\r\n", b"Content-Disposition: form-data"])
        | st.sampled_from([b"; name=picture", b"; filename=a", b"; name=model", PICTURE]),
        max_size=12,
    ).map(b"".join),
)
def test_odd_bytes_are_refused(client, kind, body, path):
    answer = client.post(path, content=body, headers={"content-type": kind})
    if answer.status_code != 200:
        assert answer.status_code in (400, 404, 413) and error(answer, answer.status_code)


# Limits


@both
def test_a_picture_of_the_largest_size_is_read_and_none_above(client, path):
    largest = PICTURE.ljust(LIMIT, b"\0")
    for content, status in ((largest, 200), (largest + b"\0", 413)):
        bare = client.post(path, content=content, headers=PNG)
        form = client.post(path, files={"picture": ("three.png", content)})
        assert bare.status_code == form.status_code == status
    assert error(bare, 413) == error(form, 413) == "Send at most 300 kB."


@both
def test_a_drawing_of_the_largest_size_is_read_and_none_above(client, path):
    largest = json.dumps({"strokes": SEVEN}).encode().ljust(api.MAX_DRAWING)
    assert send(client, largest, path).status_code == 200
    assert error(send(client, largest + b" ", path), 413) == "Send at most 256 kB."


def test_pictures_are_limited_as_on_the_page(monkeypatch):
    monkeypatch.setattr(api.st, "get_option", {"server.maxUploadSize": 1}.get)
    client = TestClient(Starlette(routes=api.routes("")))
    largest = PICTURE.ljust(2**20, b"\0")
    assert client.post("/api/predict", content=largest, headers=PNG).status_code == 200
    answer = client.post("/api/predict", content=largest + b"\0", headers=PNG)
    assert error(answer, 413) == "Send at most 1 MB."


class Exchange:
    """A request whose body arrives piece by piece, and its answer, without a client between."""

    def __init__(self, app, pieces, headers=JSON, path="/api/predict", method="POST"):
        self.app, self.pieces, self.taken, self.sent = app, iter(pieces), 0, []
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        self.scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": b"",
            "headers": raw,
            "server": ("localhost", 80),
            "root_path": "",
        }

    async def receive(self):
        for piece in self.pieces:
            self.taken += 1
            if callable(piece):
                piece = await piece()
            if isinstance(piece, dict):
                return piece
            return {"type": "http.request", "body": piece, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(self, message):
        self.sent.append(message)

    async def run(self):
        await self.app(self.scope, self.receive, self.send)
        if not self.sent:
            return None
        start, *bodies = self.sent
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        body = b"".join(message.get("body", b"") for message in bodies)
        return start["status"], headers, json.loads(body)


DRAWING = json.dumps({"strokes": SEVEN}).encode()


@pytest.mark.parametrize("declared", [{}, {"content-length": "10"}, {"content-length": "x"}])
@pytest.mark.parametrize("kind", ["application/json", "image/png", "multipart/form-data"])
def test_an_endless_body_is_read_no_further_than_the_limit(kind, declared):
    piece = b" " * 2000
    pieces = iter(lambda: piece, None)
    exchange = Exchange(application(), pieces, {"content-type": kind} | declared)
    status, _, body = asyncio.run(exchange.run())
    assert status == 413 and "Send at most" in body["error"]
    limit = api.MAX_DRAWING if kind == "application/json" else LIMIT
    frame = api.MAX_FRAME if kind == "multipart/form-data" else 0
    assert exchange.taken == (limit + frame) // len(piece) + 1


@pytest.mark.parametrize("length", [api.MAX_DRAWING + 1, 10**30, "9" * 5000])
def test_a_body_that_says_that_it_is_too_long_is_not_read(length):
    exchange = Exchange(application(), [DRAWING], JSON | {"content-length": str(length)})
    status, _, _ = asyncio.run(exchange.run())
    assert status == 413 and exchange.taken == 0


async def never():
    await asyncio.sleep(60)


def slow(piece, seconds):
    async def later():
        await asyncio.sleep(seconds)
        return piece

    return later


def test_a_body_that_stops_arriving_is_given_up(monkeypatch):
    monkeypatch.setattr(api, "STALL", 0.1)
    began = time.monotonic()
    status, _, body = asyncio.run(Exchange(application(), [DRAWING[:10], never]).run())
    assert status == 408 and "too long to arrive" in body["error"]
    assert time.monotonic() - began < 10


def test_a_body_that_trickles_is_given_up_and_a_slow_one_is_not(monkeypatch):
    monkeypatch.setattr(api, "STALL", 1)
    monkeypatch.setattr(api, "ARRIVAL", 1.5)
    pieces = [slow(b" ", 0.1)] * 3 + [DRAWING]
    assert asyncio.run(Exchange(application(), pieces).run())[0] == 200
    pieces = [slow(b" ", 0.1)] * 30 + [DRAWING]
    exchange = Exchange(application(), pieces)
    assert asyncio.run(exchange.run())[0] == 408
    assert exchange.taken < 16


def test_a_client_that_leaves_gets_nothing_and_leaves_nothing(monkeypatch):
    monkeypatch.setattr(api, "UNDER_WAY", 1)
    app = application()

    async def leave_and_come_back():
        for _ in range(3):
            gone = [DRAWING[:10], {"type": "http.disconnect"}]
            assert await Exchange(app, gone).run() is None
        return await Exchange(app, [DRAWING]).run()

    assert asyncio.run(leave_and_come_back())[0] == 200


def test_beyond_what_may_be_under_way_a_request_is_refused_and_told_when_to_come(monkeypatch):
    monkeypatch.setattr(api, "UNDER_WAY", 3)
    app = application()

    async def crowd():
        go = asyncio.Event()

        async def wait():
            await go.wait()
            return DRAWING

        waiting = [asyncio.create_task(Exchange(app, [wait]).run()) for _ in range(3)]
        await asyncio.sleep(0.05)
        refused = await Exchange(app, [DRAWING]).run()
        listed = await Exchange(app, [], path="/api/models", method="GET").run()
        go.set()
        return refused, listed, await asyncio.gather(*waiting), await Exchange(app, [DRAWING]).run()

    refused, listed, waited, later = asyncio.run(crowd())
    for status, headers, body in (refused, listed):
        assert (status, headers["retry-after"]) == (503, "1")
        assert "try again" in body["error"]
    assert [status for status, *_ in waited] == [200] * 3 and later[0] == 200


def test_all_requests_together_hold_a_limited_memory():
    app = application()
    held = api.PICTURES_HELD * LIMIT + 2**20
    large = PICTURE.ljust(LIMIT, b"\0")
    assert held % LIMIT and held // LIMIT < api.UNDER_WAY

    async def crowd():
        go = asyncio.Event()

        async def end():
            await go.wait()
            return b""

        pictures = [
            asyncio.create_task(Exchange(app, [large, end], PNG).run())
            for _ in range(held // LIMIT + 1)
        ]
        await asyncio.sleep(0.1)
        assert [task.done() for task in pictures] == [False] * (held // LIMIT) + [True]
        go.set()
        await asyncio.gather(*pictures)
        again = await Exchange(app, [large], PNG).run()
        return [task.result() for task in pictures], again

    (*read, refused), again = asyncio.run(crowd())
    assert [status for status, *_ in read] == [200] * len(read)
    assert refused[0] == 503 and refused[1]["retry-after"] == "1"
    assert again[0] == 200


def test_reading_leaves_the_server_free_and_is_done_one_at_a_time(monkeypatch):
    reading, most, release = 0, 0, threading.Event()

    def read(content):
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        release.wait(10)
        reading -= 1
        return read_picture(content)

    monkeypatch.setattr(api, "read_picture", read)
    app = application()

    async def both():
        pictures = [asyncio.create_task(Exchange(app, [PICTURE], PNG).run()) for _ in range(4)]
        while not reading:
            await asyncio.sleep(0.01)
        document = await Exchange(app, [], path="/api/openapi.json", method="GET").run()
        assert not any(task.done() for task in pictures)
        release.set()
        return document, await asyncio.gather(*pictures)

    document, pictures = asyncio.run(both())
    assert document[0] == 200
    assert [status for status, *_ in pictures] == [200] * 4
    assert most == api.READERS == 1


# What describes it


def document(client):
    return client.get("/api/openapi.json").json()


def responses_of(client, path):
    return document(client)["paths"][path]["post"]["responses"]


def validator(client, schema):
    return Draft202012Validator(schema | {"components": document(client)["components"]})


def test_the_document_is_valid_openapi(client):
    validate(document(client))


def test_the_documents_examples_are_answered_as_it_says(client):
    answers = {}
    for path in ("/api/predict", "/api/read_number"):
        sent = document(client)["paths"][path]["post"]["requestBody"]["content"]
        schema = responses_of(client, path)["200"]["content"]["application/json"]["schema"]
        for name, example in sent["application/json"]["examples"].items():
            answer = client.post(path, json=example["value"])
            assert answer.status_code == 200
            validator(client, schema).validate(answer.json())
            answers[name] = answer.json()
    assert answers["number"]["text"] == "77"
    figures = ("certainty", "probabilities", "is_digit")  # a network that is shipped later differs
    shown = responses_of(client, "/api/predict")["200"]["content"]["application/json"]["example"]
    seven = answers["seven"]
    for name in ("probabilities", "is_digit"):
        assert seven[name] == pytest.approx(shown[name], abs=0.02)
    assert shown["certainty"] == percent(max(shown["probabilities"]))
    assert [k for k in shown if k not in figures and shown[k] != seven[k]] == []


def test_signs_are_answered_as_the_document_says(client):
    answer = client.post("/api/read_number", json={"strokes": with_minus("47")}).json()
    validator(client, {"$ref": "#/components/schemas/Number"}).validate(answer)
    assert answer["signs"]


def test_every_answer_is_one_of_the_documents(client):
    paths = document(client)["paths"]
    good = client.get("/api/models")
    schema = paths["/api/models"]["get"]["responses"]["200"]["content"]["application/json"][
        "schema"
    ]
    validator(client, schema).validate(good.json())
    for path in ("/api/predict", "/api/read_number"):
        responses = responses_of(client, path)
        assert set(responses) == {"200", "400", "404", "408", "413", "415", "503"}
        for answer in (
            send(client, b"{", path),
            send(client, b'{"strokes": [[[1, 2]]], "model": "x"}', path),
            send(client, b" " * (api.MAX_DRAWING + 1), path),
            client.post(path),
        ):
            response = responses[str(answer.status_code)]
            schema = response["content"]["application/json"]["schema"]
            validator(client, schema).validate(answer.json())


def test_the_document_names_the_limits(client):
    text = json.dumps(document(client))
    assert "at most 256 kB" in text and "at most 300 kB" in text


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.heads = [], "", []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_says_what_the_document_says(client):
    page = Page(client.get("/api").text)
    said = " ".join(page.text.split())
    described = document(client)

    def texts(value, name=""):
        """All that is said of the operations, and the names and words of all fields."""
        if isinstance(value, dict):
            for key, inner in value.items():
                if name in ("properties", "content", "responses", "paths"):
                    yield key
                yield from texts(inner, key)
        elif isinstance(value, list):
            for inner in value:
                yield from texts(inner)
        elif name in ("description", "summary", "source", "title", "version"):
            yield value

    words = list(texts(described))
    assert len(words) > 50
    assert [text for text in words if " ".join(text.split()) not in said] == []


def test_the_page_is_accessible_and_fetches_nothing(client):
    answer = client.get("/api")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Page(answer.text)
    names = [tag for tag, _ in page.tags]
    assert ("html", {"lang": "en"}) in page.tags
    assert names.count("title") == names.count("h1") == names.count("main") == 1
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert not {"script", "link", "img", "iframe"} & set(names)
    assert [values["href"] for tag, values in page.tags if tag == "a"] == ["api/openapi.json"]
    assert all(values.get("tabindex") == "0" for tag, values in page.tags if tag == "pre")
    assert all(values.get("scope") for tag, values in page.tags if tag == "th")
    assert "prefers-color-scheme: dark" in answer.text


@pytest.mark.parametrize("host", ["a<b>", '"', "[", "x:99999", "example.org:8501", ""])
def test_the_page_takes_any_host(client, host):
    answer = client.get("/api", headers={"host": host})
    assert answer.status_code == 200
    assert "<b>" not in answer.text
    assert ("http://example.org:8501/api/predict" in answer.text) == (host == "example.org:8501")


def test_the_app_may_live_below_a_path():
    with TestClient(application("/some/digits")) as client:
        answer = client.post("/some/digits/api/predict", json={"strokes": SEVEN})
        assert answer.json()["digit"] == 7
        described = client.get("/some/digits/api/openapi.json").json()
        assert described["servers"] == [{"url": "/some/digits"}]
        validate(described)
        page = client.get("/some/digits/api/")
        assert page.url.path == "/some/digits/api"
        assert "http://testserver/some/digits/api/predict" in page.text
        assert client.get("/api").text == "Streamlit's page"


# The documentation


@contextmanager
def served():
    """The address of a server with the API."""
    config = uvicorn.Config(application(), port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"{host}:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_examples_of_the_documentation_are_those_of_the_api_and_work(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
    (block,) = re.findall("```sh\n(.*?)```", page, re.DOTALL)
    commands = re.findall(r"^curl (?:\\\n|.)*", block, re.MULTILINE)
    (tmp_path / "photo.jpg").write_bytes(PICTURE)
    with served() as address:
        described = TestClient(application(), base_url="http://localhost:8501")
        samples = [
            sample["source"]
            for methods in document(described)["paths"].values()
            for operation in methods.values()
            for sample in operation["x-codeSamples"]
        ]
        assert commands == samples
        answers = []
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", command.replace("localhost:8501", address)],
                cwd=tmp_path,
                env={"PATH": os.environ["PATH"], "NO_PROXY": "*"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr
            answers.append(json.loads(done.stdout))
    *digits, drawn, pictured, models = answers
    assert [(p["model"], p["digit"]) for p in digits] == [("cnn", 7), ("mlp", 3), ("mlp", 3)]
    assert [(n["model"], n["text"]) for n in (drawn, pictured)] == [("cnn", "77"), ("mlp", "3")]
    assert [model["name"] for model in models[:2]] == ["cnn", "mlp"]
