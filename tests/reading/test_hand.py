import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas import Hand, Recognizer, fit_hand
from digitcanvas.data.handwriting import augment_strokes
from digitcanvas.data.mnist import load_sample
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import hand as module
from digitcanvas.reading import rehearsal
from digitcanvas.reading.hand import doubts
from digitcanvas.reading.network import Network
from tests.digits import DIGITS
from tests.strangers import KINDS, strangers


def drawn(digit, label=None, seed=0):
    """The digit as one hand draws it again and again, told to be what the label says."""
    rng = np.random.default_rng(100 * digit + seed)
    strokes = DIGITS[digit] if seed == 0 else augment_strokes(DIGITS[digit], rng)
    return Drawing(strokes, digit if label is None else label, writer=1)


THREE_EACH = [drawn(digit, seed=seed) for seed in range(3) for digit in range(10)]

MIRRORED = [np.array(stroke) * [-1, 1] + [280, 0] for stroke in DIGITS[3]]
"""What somebody draws for a 3: every network misreads it as it comes."""

_rng = np.random.default_rng(3)
MIRRORED_3 = [Drawing(augment_strokes(MIRRORED, _rng), 3, writer=1) for _ in range(6)]


def same(hand, other):
    return (
        np.array_equal(hand.kernel, other.kernel)
        and np.array_equal(hand.bias, other.bias)
        and hand.network == other.network
    )


def digits_read(reader, drawings):
    return [reader.predict_strokes(drawing.strokes).digit for drawing in drawings]


@pytest.fixture(scope="module")
def digits():
    sample = load_sample()
    return np.divide(sample.x_test, 255, dtype=np.float32), sample.y_test


def test_what_was_told_is_read_as_it_was_told(recognizer):
    """One telling is enough for the drawing itself, and a few for others like it."""
    told, later = MIRRORED_3[:3], MIRRORED_3[3:]
    assert recognizer.predict_strokes(told[0].strokes).digit != 3
    for count in (1, 3):
        reader = recognizer.with_hand(fit_hand(recognizer, told[:count]))
        assert digits_read(reader, told[:count]) == [3] * count
    assert digits_read(reader, later) == [3] * 3


def test_a_hand_reads_by_every_way_in(recognizer):
    reader = recognizer.with_hand(fit_hand(recognizer, MIRRORED_3))
    strokes = MIRRORED_3[0].strokes
    prediction, image = reader.predict_strokes(strokes), image_from_strokes(strokes)
    assert prediction.probabilities.dtype == np.float32
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    for count in (1, 70):
        batch, is_digit = reader.classify_batch(np.repeat(image[np.newaxis], count, axis=0))
        assert batch.dtype == is_digit.dtype == np.float32
        np.testing.assert_allclose(batch[-1], prediction.probabilities, atol=1e-5)
        assert is_digit[-1] == pytest.approx(prediction.is_digit, abs=1e-5)
    picture = 255 - np.rint(image * 255).astype(np.uint8)
    assert reader.predict_image(picture).digit == 3 != recognizer.predict_image(picture).digit
    assert reader.can_reject


def test_a_hand_changes_nobody_else_s_answers(recognizer, digits):
    images = digits[0][:100]
    before = recognizer.classify_batch(images)
    first = recognizer.with_hand(fit_hand(recognizer, MIRRORED_3))
    second = recognizer.with_hand(fit_hand(recognizer, THREE_EACH))
    assert digits_read(first, MIRRORED_3) == [3] * 6
    for one, other in zip(before, recognizer.classify_batch(images), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        first.predict_batch(images),
        Recognizer.load(name_of(recognizer))
        .with_hand(fit_hand(recognizer, MIRRORED_3))
        .predict_batch(images),
    )
    assert not np.array_equal(first.predict_batch(images), second.predict_batch(images))


def name_of(recognizer):
    return recognizer._origin[0]


def test_taking_a_drawing_back_is_as_if_it_had_never_been_told(recognizer, digits):
    once = fit_hand(recognizer, THREE_EACH)
    fit_hand(recognizer, [*THREE_EACH, *MIRRORED_3])
    assert same(fit_hand(recognizer, THREE_EACH), once)
    fresh = Recognizer.load(name_of(recognizer))
    assert same(fit_hand(fresh, THREE_EACH), once)


def test_a_hand_that_was_told_nothing_reads_as_the_network_came(recognizer, digits):
    reader = recognizer.with_hand(fit_hand(recognizer, []))
    elsewhere = Recognizer.load(name_of(recognizer)).with_hand(fit_hand(recognizer, []))
    for one in (reader, elsewhere):
        np.testing.assert_array_equal(
            one.predict_batch(digits[0]), recognizer.predict_batch(digits[0])
        )


def test_numpy_reads_as_litert_does(recognizer, digits):
    came = recognizer.last_layer.served
    moved = Hand(came.kernel, came.bias + np.float32(1), came.network)  # a softmax ignores it
    reader = recognizer.with_hand(moved)
    for one, other in zip(
        reader.classify_batch(digits[0]), recognizer.classify_batch(digits[0]), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_same_drawings_give_the_same_hand_in_any_order(cnn):
    told = [*THREE_EACH, *MIRRORED_3]
    hand = fit_hand(cnn, told)
    shuffled = [told[i] for i in np.random.default_rng(0).permutation(len(told))]
    assert same(fit_hand(cnn, shuffled), hand)
    assert same(fit_hand(cnn.with_hand(hand), told), hand)
    assert not same(fit_hand(cnn, told[1:]), hand)


def test_many_threads_fit_the_hands_that_one_would(cnn):
    lessons = [THREE_EACH[i : i + 3] for i in range(8)]
    alone = [fit_hand(cnn, lesson) for lesson in lessons]
    module._copies.cache_clear()
    fresh = Recognizer.load("cnn")
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda lesson: fit_hand(fresh, lesson), lessons))
    assert all(map(same, alone, together))


def test_another_process_fits_the_same_hand(cnn):
    """A fitted hand need not be stored. No TensorFlow is loaded for it."""
    code = """if True:
        import hashlib, sys
        from digitcanvas import Recognizer, fit_hand
        from digitcanvas.drawing.strokes import Drawing
        from tests.digits import DIGITS
        told = [Drawing(strokes, digit, writer=1) for digit, strokes in DIGITS.items()]
        hand = fit_hand(Recognizer.load("cnn"), told)
        print(hashlib.sha256(hand.kernel.tobytes() + hand.bias.tobytes()).hexdigest())
        print("tensorflow" in sys.modules)
    """
    hand = fit_hand(cnn, THREE_EACH[:10])
    digest = hashlib.sha256(hand.kernel.tobytes() + hand.bias.tobytes()).hexdigest()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [digest, "False"] and done.stderr == ""


def moved(recognizer, drawings):
    """By how much a weight of these drawings' hand differs from the network's, on the mean."""
    came = recognizer.last_layer.served
    return np.abs(fit_hand(recognizer, drawings).kernel - came.kernel).mean()


def test_one_telling_moves_less_than_ten_that_agree(cnn, monkeypatch):
    """So that a single mistake does little."""
    wrong = [drawn(7, label=1, seed=seed) for seed in range(10)]
    assert moved(cnn, wrong[:1]) < moved(cnn, wrong[:3]) < moved(cnn, wrong)
    little = moved(cnn, wrong[:1])
    monkeypatch.setattr(module, "FEW", 1)
    assert moved(cnn, wrong[:1]) > 1.3 * little


def test_weights_are_pulled_to_what_they_were(cnn, monkeypatch):
    freely = moved(cnn, MIRRORED_3)
    monkeypatch.setattr(module, "PULL", 0.1)
    assert moved(cnn, MIRRORED_3) < 0.5 * freely


def test_copies_keep_a_little_of_the_doubt_whether_they_are_a_digit():
    came = np.full((4, 11), 0.01, np.float32)
    came[:, 10] = [0, 0.02, 0.9, 0.9]
    targets = module._targets(np.array([7, 7, 7, 10]), came)
    assert targets[:, 7].tolist() == pytest.approx([1, 0.98, 1 - module.DOUBT, 0])
    assert targets[:, 10].tolist() == pytest.approx([0, 0.02, module.DOUBT, 1])
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


def test_other_people_s_digits_are_read_as_before(recognizer, digits):
    images, labels = digits
    before = (recognizer.predict_batch(images).argmax(axis=1) == labels).mean()
    for told in (MIRRORED_3, THREE_EACH):
        reader = recognizer.with_hand(fit_hand(recognizer, told))
        assert (reader.predict_batch(images).argmax(axis=1) == labels).mean() > before - 0.004


def test_what_is_no_digit_is_turned_away_as_before(recognizer):
    others = [strokes for kind in KINDS for strokes in strangers(kind, 30, THREE_EACH)]

    def accepted(reader):
        return np.mean([not reader.predict_strokes(strokes).rejected for strokes in others])

    reader = recognizer.with_hand(fit_hand(recognizer, THREE_EACH))
    assert accepted(reader) < accepted(recognizer) + 0.02


def test_what_was_told_to_be_no_digit_is_turned_away(recognizer):
    """And digits are not."""
    told = [drawn(7, label=10, seed=seed) for seed in range(3)]
    assert not recognizer.predict_strokes(told[0].strokes).rejected
    kept = [drawing for drawing in THREE_EACH if drawing.label != 7]
    reader = recognizer.with_hand(fit_hand(recognizer, told + kept))
    assert all(reader.predict_strokes(one.strokes).rejected for one in told)
    assert not any(reader.predict_strokes(one.strokes).rejected for one in kept)


class Stub:
    """A last layer like a real one, with other weights or features."""

    def __init__(self, layer, classes=11, factor=1.0):
        kernel, bias = layer.served.kernel[:classes], layer.served.bias[:classes]
        self.served = Hand(kernel / np.float32(factor), bias, "stub")
        self.features = lambda images: layer.features(images) * np.float32(factor)
        self.rehearsal = lambda: layer.rehearsal() * np.float32(factor)


def test_a_network_of_ten_classes_learns_digits_and_leaves_out_what_is_none(cnn):
    ten = SimpleNamespace(last_layer=Stub(cnn.last_layer, classes=10))
    nothing = [drawn(7, label=10, seed=seed) for seed in range(3)]
    hand = fit_hand(ten, MIRRORED_3 + nothing)
    assert hand.kernel.shape == (10, 128)
    assert same(hand, fit_hand(ten, MIRRORED_3))
    assert fit_hand(ten, nothing) is ten.last_layer.served
    features = cnn.last_layer.features(np.stack([image_from_strokes(MIRRORED_3[0].strokes)]))
    assert hand.probabilities(features).argmax() == 3


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_features_of_any_size_are_learnt_from(cnn, factor):
    """Tutorials' networks see greys of 0 to 255, and have features of hundreds."""
    other = SimpleNamespace(last_layer=Stub(cnn.last_layer, factor=factor))
    hand, scaled = fit_hand(cnn, MIRRORED_3), fit_hand(other, MIRRORED_3)
    np.testing.assert_allclose(scaled.kernel * factor, hand.kernel, atol=1e-3)


def test_a_network_whose_features_are_all_dead_learns_what_a_bias_can(cnn):
    dead = SimpleNamespace(last_layer=Stub(cnn.last_layer, factor=0.5))
    dead.last_layer.features = lambda images: np.zeros((len(images), 128), np.float32)
    dead.last_layer.rehearsal = lambda: np.zeros((1000, 128), np.float32)
    assert np.isfinite(fit_hand(dead, THREE_EACH).bias).all()


@pytest.mark.parametrize("label", [-1, 11, 255, None, "7"])
def test_a_told_drawing_is_a_digit_or_none(cnn, label):
    with pytest.raises(ValueError, match="0 to 9, or 10 for not a digit"):
        fit_hand(cnn, [Drawing(DIGITS[7], label, writer=1)])


def test_an_empty_drawing_cannot_be_told(cnn):
    with pytest.raises(ValueError, match="empty"):
        fit_hand(cnn, [Drawing([], 7, writer=1)])


def test_a_hand_of_another_network_is_refused(cnn):
    with pytest.raises(ValueError, match="fitted for another network"):
        cnn.with_hand(fit_hand(Recognizer.load("mlp"), THREE_EACH))


def test_a_network_without_a_dense_layer_at_its_end_says_so(monkeypatch):
    everything = Network.tensors
    monkeypatch.setattr(Network, "tensors", lambda self: everything(self)[:3])
    with pytest.raises(ValueError, match="does not end in a dense layer"):
        fit_hand(Recognizer.load("cnn"), THREE_EACH)


@settings(max_examples=25)
@given(
    st.lists(
        st.integers(1, 6).flatmap(
            lambda n: arrays(np.float64, (n, 2), elements=st.floats(-1e5, 1e5))
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 10),
)
def test_any_drawing_can_be_told(strokes, label):
    hand = fit_hand(SMALL, [Drawing(strokes, label, writer=1)])
    assert np.isfinite(hand.kernel).all() and np.isfinite(hand.bias).all()


class Small:
    """A network whose features are 49 means of pixels, to be fitted in an instant."""

    served = Hand(np.zeros((11, 49), np.float32), np.zeros(11, np.float32), "small")

    def features(self, images):
        return images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)

    def rehearsal(self):
        return self.features(np.random.default_rng(0).random((50, 28, 28), np.float32))


SMALL = SimpleNamespace(last_layer=Small())


@pytest.mark.parametrize(("place", "wrong"), [(1, 7), (17, 1), (24, 9)])
def test_a_wrong_name_among_thirty_is_doubted_with_the_right_one(recognizer, place, wrong):
    """And perhaps another drawing of the digit, which the wrong one has taught badly."""
    assert doubts(recognizer, THREE_EACH) == [None] * 30
    told = list(THREE_EACH)
    told[place] = Drawing(told[place].strokes, wrong, writer=1)
    found = doubts(recognizer, told)
    assert found[place] == THREE_EACH[place].label
    assert sum(digit is not None for digit in found) <= 2


def test_what_is_told_for_the_first_time_is_not_doubted_though_it_is_misread(cnn):
    """That is why it is told."""
    others = [drawing for drawing in THREE_EACH if drawing.label != 3]
    assert doubts(cnn, []) == []
    for told in (MIRRORED_3[:1], MIRRORED_3, others + MIRRORED_3[:1]):
        assert doubts(cnn, told) == [None] * len(told)


def test_nothing_is_doubted_if_there_is_nothing_to_compare_it_with(cnn):
    wrong = drawn(1, label=7, seed=5)
    sevens = [drawn(7, seed=seed) for seed in range(3)]
    assert doubts(cnn, [*sevens, wrong]) == [None] * 4  # no 1s: not "your 1s"
    twos = [drawn(2, seed=seed) for seed in range(3)]
    assert doubts(cnn, [*twos, *sevens, wrong]) == [None] * 7
    ones = [drawn(1, seed=seed) for seed in range(3)]
    assert doubts(cnn, [*ones, wrong]) == [None] * 4  # the first 7
    assert doubts(cnn, [*ones, *sevens, wrong]) == [None] * 6 + [1]


def test_what_is_told_to_be_no_digit_is_not_doubted(cnn):
    nothing = [drawn(7, label=10, seed=seed) for seed in range(3, 6)]
    assert doubts(cnn, THREE_EACH + nothing)[30:] == [None] * 3


def test_only_what_is_asked_about_is_doubted_and_as_if_all_were(cnn):
    told = [*THREE_EACH[:-1], replace(THREE_EACH[-1], label=1)]
    found = doubts(cnn, told)
    assert [place for place, other in enumerate(found) if other is not None] == [29]
    assert doubts(cnn, told, [29]) == found
    assert doubts(cnn, told, [0, 28]) == doubts(cnn, told, []) == [None] * 30


def test_only_what_is_surely_read_as_another_digit_is_doubted(cnn, monkeypatch):
    told = [*THREE_EACH, drawn(1, label=7, seed=5)]
    assert doubts(cnn, told)[-1] == 1
    monkeypatch.setattr(module, "SURE", 1)
    assert doubts(cnn, told) == [None] * 31


def test_nothing_is_fitted_where_nothing_can_be_doubted(cnn, monkeypatch):
    monkeypatch.setattr(module, "_fit", None)
    for told in (THREE_EACH[:1], THREE_EACH[:2], MIRRORED_3):
        assert doubts(cnn, told) == [None] * len(told)


def test_doubts_are_in_the_order_of_the_drawings(cnn):
    told = [Drawing(THREE_EACH[1].strokes, 7, writer=1), *THREE_EACH[2:], *MIRRORED_3]
    expected = doubts(cnn, told)
    assert expected[0] == 1
    order = np.random.default_rng(1).permutation(len(told))
    assert doubts(cnn, [told[i] for i in order]) == [expected[i] for i in order]


def test_what_is_rehearsed_is_digits_and_outliers_made_once(cnn):
    images = rehearsal.images()
    assert images is rehearsal.images()
    assert images.shape == (1000, 28, 28) and images.dtype == np.float32
    assert images.min() == 0 and images.max() <= 1
    is_digit = cnn.classify_batch(images)[1]
    assert (is_digit[:500] > 0.5).mean() > 0.97 > 0.1 > (is_digit[500:] > 0.5).mean()
    assert cnn.last_layer.rehearsal() is cnn.last_layer.rehearsal()
