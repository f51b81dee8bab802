import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas import Prediction, Recognizer
from digitcanvas.data.mnist import sha256
from digitcanvas.data.outliers import make_outliers
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import evaluate_drawings, predict_images
from digitcanvas.reading.recognizer import ACCEPTED, split_softmax
from digitcanvas.reading.slices import auroc, slices
from tests.digits import DIGITS
from tests.drawing.test_preprocess import place
from tests.strangers import KINDS, strangers


@pytest.mark.parametrize("digit", DIGITS)
def test_handwritten_digits_are_read(recognizer, digit):
    prediction = recognizer.predict_strokes(DIGITS[digit])
    assert prediction.digit == digit
    assert prediction.probabilities.shape == (10,)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert 0.5 <= prediction.is_digit <= 1 and prediction.rejected is False
    np.testing.assert_array_equal(prediction.image, image_from_strokes(DIGITS[digit]))


def test_a_recognizer_is_loaded_without_a_word():
    """LiteRT announces the first in a process. What Python says before and after is not hidden."""
    code = """if True:
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from digitcanvas import Recognizer
        print("before", file=sys.stderr)
        with ThreadPoolExecutor() as pool:
            list(pool.map(Recognizer.load, ["cnn", "mlp"] * 4))
        print("after", file=sys.stderr)
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == ("", "before\nafter\n")


@pytest.mark.parametrize("digit", DIGITS)
def test_a_picture_of_a_digit_is_read_in_either_polarity(recognizer, digit):
    picture = np.rint(image_from_strokes(DIGITS[digit]) * 255).astype(np.uint8)
    assert recognizer.predict_image(picture).digit == digit
    assert recognizer.predict_image(255 - picture).digit == digit


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("tap", [[(140, 140)], [(140, 140), (140.03, 140)]])
def test_a_tap_is_seen_as_a_dot_and_rejected(recognizer, tap, centred):
    """A dot of the pen's own size: not blown up to a digit, which many networks would accept."""
    prediction = recognizer.predict_strokes([np.array(tap, float)], centred=centred)
    assert 1 < prediction.image.sum() < 2
    assert prediction.rejected


def test_an_empty_drawing_is_refused(recognizer):
    with pytest.raises(ValueError, match="empty"):
        recognizer.predict_strokes([])


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 600])
def test_a_batch_of_any_size_is_read_as_its_images_are(cnn, count):
    images = np.random.default_rng(0).random((count, 28, 28), np.float32)
    batch, is_digit = cnn.classify_batch(images)
    assert batch.shape == (count, 10) and batch.dtype == np.float32
    assert is_digit.shape == (count,) and is_digit.dtype == np.float32
    np.testing.assert_array_equal(cnn.predict_batch(images), batch)
    for i in range(0, count, 100):
        alone, (is_one,) = cnn.classify_batch(images[i : i + 1])
        np.testing.assert_allclose(alone[0], batch[i], atol=1e-5)
        assert is_one == pytest.approx(is_digit[i], abs=1e-5)


@pytest.mark.parametrize("shape", [(28, 28), (1, 28, 28, 1), (1, 784), (3, 28, 27), ()])
def test_a_batch_of_another_shape_is_refused(cnn, shape):
    for read in (cnn.predict_batch, cnn.classify_batch):
        with pytest.raises(ValueError, match="shape"):
            read(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [255, -0.1, float("nan"), float("inf")])
def test_a_batch_of_other_values_is_refused(cnn, value):
    for read in (cnn.predict_batch, cnn.classify_batch):
        with pytest.raises(ValueError, match="0, 1"):
            read(np.full((1, 28, 28), value, np.float32))


@pytest.mark.parametrize("picture", [None, "seven", [[0, 255]], np.zeros((28, 28))])
def test_anything_but_a_picture_is_refused(cnn, picture):
    with pytest.raises(ValueError, match="uint8"):
        cnn.predict_image(picture)


@pytest.mark.parametrize(
    ("top", "words"),
    [(0.5, "50.0 %"), (0.9989, "99.9 %"), (0.9995, "over 99.9 %"), (1.0, "over 99.9 %")],
)
def test_certainty_is_never_complete(top, words):
    probabilities = np.full(10, (1 - top) / 9, np.float32)
    probabilities[3] = top
    assert Prediction(probabilities, np.zeros((28, 28)), is_digit=1.0).certainty == words


@pytest.mark.parametrize(
    ("is_digit", "rejected"), [(0.0, True), (0.4999, True), (0.5, False), (1.0, False)]
)
def test_what_is_probably_not_a_digit_is_rejected_but_has_a_nearest_digit(is_digit, rejected):
    prediction = Prediction(np.eye(10, dtype=np.float32)[7], np.zeros((28, 28)), is_digit)
    assert prediction.rejected is rejected and prediction.digit == 7


def test_a_network_of_ten_classes_rejects_by_its_top_probability():
    softmax = np.array([[0.3] + [0.7 / 9] * 9, [0.01] * 9 + [0.91]], np.float32)
    probabilities, is_digit = split_softmax(softmax)
    np.testing.assert_array_equal(probabilities, softmax)
    np.testing.assert_allclose(is_digit, [0.3, 0.91])


def test_the_eleventh_class_is_not_a_digit_and_the_others_are_given_that_it_is_one():
    softmax = np.array([[0.1, 0.3] + [0] * 8 + [0.6], [0] * 9 + [1, 0]], np.float32)
    probabilities, is_digit = split_softmax(softmax)
    np.testing.assert_allclose(probabilities[0], [0.25, 0.75] + [0] * 8, atol=1e-6)
    np.testing.assert_allclose(probabilities[1], np.eye(10)[9], atol=1e-6)
    np.testing.assert_allclose(is_digit, [0.4, 1])


@pytest.mark.parametrize("classes", [10, 11])
@given(data=st.data())
def test_any_softmax_is_split_into_probabilities(classes, data):
    """Even if the digits' own are 0, or too small for float32's full precision."""
    power = st.floats(-60, 0).map(lambda exponent: 10**exponent) | st.just(0.0)
    rows = data.draw(st.lists(st.tuples(*[power] * (classes - 1)), min_size=1, max_size=4))
    powers = np.array([(*row, 1.0) for row in rows])
    softmax = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    probabilities, is_digit = split_softmax(softmax)
    assert probabilities.dtype == is_digit.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities >= 0).all() and (is_digit >= 0).all() and (is_digit <= 1).all()
    best = softmax[np.arange(len(rows)), probabilities.argmax(axis=1)]
    assert (best >= softmax[:, :10].max(axis=1) - np.finfo(np.float32).tiny).all()


def test_is_digit_is_at_most_one():
    """Ten shares, each rounded up in float32, come to more than 1."""
    share = np.nextafter(np.float32(0.1), np.float32(1))
    softmax = np.array([[share] * 10 + [0]], np.float32)
    assert softmax.sum() > 1
    assert split_softmax(softmax)[1] == 1


def test_all_mass_on_not_a_digit_leaves_the_digits_equally_likely():
    probabilities, is_digit = split_softmax(np.eye(11, dtype=np.float32)[10:])
    np.testing.assert_allclose(probabilities, 0.1)
    assert is_digit == 0


def prediction_of(softmax):
    probabilities, is_digit = split_softmax(np.array([softmax], np.float32))
    return Prediction(probabilities[0], np.zeros((28, 28)), float(is_digit[0]))


@pytest.mark.parametrize("classes", [10, 11])
@given(data=st.data())
def test_a_softmax_of_the_logits_is_the_probabilities(classes, data):
    """Even if some of them are 0."""
    powers = st.floats(-44, 0).map(lambda exponent: 10**exponent) | st.just(0.0)
    row = np.array([*data.draw(st.tuples(*[powers] * (classes - 1))), 1.0])
    prediction = prediction_of(data.draw(st.permutations(row / row.sum())))
    logits = prediction.logits.astype(np.float64)
    assert logits.shape == (10,) and np.isfinite(logits).all()
    assert logits.max() == 0
    shares = np.exp(logits)
    np.testing.assert_allclose(shares / shares.sum(), prediction.probabilities, atol=1e-5)


@given(st.lists(st.floats(-9, 9), min_size=10, max_size=10))
def test_logits_are_the_network_s_own_minus_the_largest(logits):
    logits = np.array(logits)
    softmax = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(prediction_of(softmax).logits, logits - logits.max(), atol=1e-4)


def test_the_surest_digit_has_the_greatest_logit_and_equals_have_equal_ones():
    prediction = prediction_of([0.05] * 9 + [0.55])
    assert prediction.logits.argmax() == prediction.digit == 9
    assert prediction.logits.dtype == np.float32 and len(set(prediction.logits[:9])) == 1
    np.testing.assert_allclose(prediction_of([0.1] * 10).logits, 0, atol=1e-6)


@pytest.mark.parametrize("digit", DIGITS)
def test_a_centred_drawing_is_read_the_same_wherever_it_is_drawn(recognizer, digit):
    for x in (0, 0.5, 1):
        strokes = place(DIGITS[digit], 0.6, x, 0.5)
        prediction = recognizer.predict_strokes(strokes, centred=True)
        assert prediction.digit == recognizer.predict_strokes(strokes).digit == digit


def test_an_uncentred_1_at_the_far_right_is_no_longer_read_as_a_1():
    """The tutorial's own example of why images are centred, on a network of dense layers."""
    mlp = Recognizer.load("mlp")
    middle, right = (place(DIGITS[1], 0.6, x, 0.5) for x in (0.5, 1))
    assert mlp.predict_strokes(middle, centred=False).digit == 1
    prediction = mlp.predict_strokes(right, centred=False)
    assert prediction.digit != 1
    assert prediction.image[:, 20:].sum() > 0.9 * prediction.image.sum()
    np.testing.assert_array_equal(prediction.image, image_from_strokes(right, centred=False))


def test_uncentred_most_digits_are_read_in_the_middle_and_fewer_at_the_side(recognizer):
    read = {
        x: sum(
            recognizer.predict_strokes(place(strokes, 0.6, x, 0.5), centred=False).digit == digit
            for digit, strokes in DIGITS.items()
        )
        for x in (0.5, 1)
    }
    assert read[0.5] >= 9 and read[1] < read[0.5]


def test_an_uncentred_picture_s_digit_is_read_where_it_is(recognizer):
    picture = np.zeros((280, 280), np.uint8)
    drawn = np.rint(image_from_strokes(DIGITS[7], 2.4) * 255).astype(np.uint8)
    picture[140:252, 160:272] = np.kron(drawn, np.ones((4, 4), np.uint8))
    assert recognizer.predict_image(picture).digit == 7
    image = recognizer.predict_image(picture, centred=False).image
    assert image[14:, 14:].sum() > 0.95 * image.sum()
    assert image.sum() < 0.5 * recognizer.predict_image(picture).image.sum()


def test_a_drawing_that_lies_off_the_canvas_is_read_as_something(recognizer):
    prediction = recognizer.predict_strokes([np.array([[900.0, 10], [900, 90]])], centred=False)
    assert not prediction.image.any()
    assert np.isfinite(prediction.probabilities).all() and np.isfinite(prediction.logits).all()


def test_many_threads_read_at_once(cnn):
    """Single drawings and batches mixed: each gets its own answer."""
    images = np.stack([image_from_strokes(DIGITS[digit]) for digit in range(10)])
    many = np.tile(images, (30, 1, 1))

    def read(job):
        if job % 10 == 0:
            return (cnn.predict_batch(many).argmax(axis=1) == np.tile(np.arange(10), 30)).all()
        return cnn.predict_strokes(DIGITS[job % 10]).digit == job % 10

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read, range(400)))


@pytest.mark.parametrize(("outputs", "can_reject"), [(10, False), (11, True)])
def test_a_network_can_reject_if_it_has_an_eleventh_output(monkeypatch, outputs, can_reject):
    class Network:
        def __init__(self, **_):
            pass

        def allocate_tensors(self):
            pass

        def get_input_details(self):
            return [{"index": 0, "shape": np.array([1, 28, 28])}]

        def get_output_details(self):
            return [{"index": 1, "shape": np.array([1, outputs])}]

    monkeypatch.setattr("digitcanvas.reading.network.Interpreter", Network)
    assert Recognizer(b"").can_reject is can_reject


def test_the_interpreter_is_asked_only_under_its_lock():
    """It fails now and then, with a MemoryError, if two threads use it at once."""

    class Guard:
        def __init__(self, interpreter, lock):
            self.interpreter, self.lock = interpreter, lock

        def __getattr__(self, name):
            assert self.lock.locked(), f"{name} without the lock"
            return getattr(self.interpreter, name)

    recognizer = Recognizer.load("cnn")
    network = recognizer._network
    network._interpreter = Guard(network._interpreter, network._lock)
    assert recognizer.can_reject
    assert recognizer.predict_strokes(DIGITS[7]).digit == 7
    for count in (0, 1, 3, 300):
        recognizer.classify_batch(np.zeros((count, 28, 28), np.float32))


def test_what_is_served_is_what_was_trained(recognizer, request):
    """LiteRT against Keras on the same weights."""
    import keras

    name = request.node.callspec.params["recognizer"]
    model = keras.models.load_model(registry.SHIPPED / name / registry.TRAINABLE)
    images = np.stack([image_from_strokes(DIGITS[digit]) for digit in DIGITS])
    expected = split_softmax(model.predict(images, verbose=0))
    for served, trained in zip(recognizer.classify_batch(images), expected, strict=True):
        np.testing.assert_allclose(served, trained, atol=1e-5)


@pytest.fixture
def model(tmp_path):
    return shutil.copytree(registry.SHIPPED / "cnn", tmp_path / "mine")


def test_a_model_directory_is_loaded_from_anywhere(model):
    assert Recognizer.load(model).predict_strokes(DIGITS[7]).digit == 7


def test_the_error_for_a_missing_model_names_the_others(home):
    with pytest.raises(ValueError, match=r"no model 'cnm'.*cnn, mlp"):
        Recognizer.load("cnm")
    with pytest.raises(registry.ModelError, match="no model"):
        Recognizer.load("x" * 5000)


@pytest.mark.parametrize("file", [registry.CARD, registry.SERVED])
@pytest.mark.parametrize("damage", ["missing", "empty", "cut short", "other bytes"])
def test_a_damaged_model_is_refused_by_name(model, file, damage):
    path = model / file
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        bad = {
            "empty": b"",
            "cut short": content[: len(content) // 2],
            "other bytes": content[:-9] + b"\0" * 9,
        }
        path.write_bytes(bad[damage])
    with pytest.raises(registry.ModelError, match="'mine' cannot be used"):
        Recognizer.load(model)


def test_another_model_s_network_is_refused(model):
    """It loads and answers, but the card is not its own."""
    shutil.copy(registry.SHIPPED / "mlp" / registry.SERVED, model / registry.SERVED)
    with pytest.raises(registry.ModelError, match="not the file that its card describes"):
        Recognizer.load(model)


@pytest.mark.parametrize("network", [b"", b"hello", b"\0" * 1000])
def test_a_file_that_is_not_a_network_is_refused_though_its_hash_fits(model, network):
    (model / registry.SERVED).write_bytes(network)
    card = registry.read_card(model)
    card.files[registry.SERVED] = sha256(model / registry.SERVED)
    registry.write_card(model, card)
    with pytest.raises(registry.ModelError, match="'mine' cannot be used"):
        Recognizer.load(model)


@pytest.mark.parametrize(
    "card",
    ["[" * 100_000, "[]", "{}", "null", '{"metrics": 3}', json.dumps({"metrics": {"test": {}}})],
)
def test_an_odd_card_is_refused(model, card):
    (model / registry.CARD).write_text(card)
    with pytest.raises(registry.ModelError, match="card"):
        Recognizer.load(model)


@pytest.mark.parametrize(("name", "floor"), [("cnn", 0.995), ("mlp", 0.992)])
def test_the_shipped_models_read_mnist(mnist, name, floor):
    recognizer = Recognizer.load(name)
    metrics = predict_images(recognizer, mnist.x_test, mnist.y_test).metrics
    assert metrics["accuracy"] >= floor
    assert metrics["rejected"] < 0.02
    card = registry.read_card(registry.find(name))
    assert metrics["accuracy"] == pytest.approx(card.test["accuracy"], abs=2e-4)
    assert metrics["rejected"] == pytest.approx(card.test["rejected"], abs=2e-4)


@pytest.mark.parametrize(("name", "floor"), [("cnn", 0.992), ("mlp", 0.986)])
def test_the_shipped_models_read_drawings_by_unseen_writers(pen, name, floor):
    metrics = evaluate_drawings(Recognizer.load(name), pen.validation, seed=1)
    assert metrics["accuracy"] >= floor
    assert metrics["expected_calibration_error"] <= 0.01
    assert metrics["rejected"] <= 0.015


@pytest.mark.parametrize(("name", "floor"), [("cnn", 0.9), ("mlp", 0.75)])
def test_the_shipped_models_reject_most_outliers(name, floor):
    """Of the kinds that they learned from, but new ones."""
    others = make_outliers(300, [], np.random.default_rng(12345))
    recognizer = Recognizer.load(name)
    rejected = [recognizer.predict_strokes(drawing.strokes).rejected for drawing in others]
    assert np.mean(rejected) >= floor


@pytest.mark.parametrize(("name", "floor"), [("cnn", 0.97), ("mlp", 0.95)])
def test_the_shipped_models_tell_digits_from_strangers(pen, name, floor):
    """Of kinds and by writers that they did not learn from."""
    recognizer = Recognizer.load(name)
    drawings = [drawing.strokes for drawing in pen.validation[::5]]
    others = [strokes for kind in KINDS for strokes in strangers(kind, 40, pen.validation)]
    digits, none = (
        np.array([recognizer.predict_strokes(strokes).is_digit for strokes in each])
        for each in (drawings, others)
    )
    assert auroc(digits, none) >= floor
    assert (digits < ACCEPTED).mean() <= 0.02


@pytest.mark.parametrize(("name", "used", "refused"), [("cnn", 0.985, 0.95), ("mlp", 0.982, 0.93)])
def test_the_shipped_models_read_and_accept_digits_of_many_devices(unipen, name, used, refused):
    """By writers kept out, and refuse the letters and signs that they write."""
    files = {"unipen": unipen.digits.validation}
    report = slices(Recognizer.load(name), files, unipen.others.validation)
    figures = report["files"]["unipen"]
    assert figures["used"] >= used and figures["rejected"] <= 0.01
    assert report["others"]["refused"] >= refused
