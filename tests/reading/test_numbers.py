import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas import Recognizer, fit_hand
from digitcanvas.drawing.pieces import mend, whole_strokes
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import numbers
from digitcanvas.reading.numbers import Number, read_number
from tests.digits import DIGITS, arc
from tests.written_numbers import write_number

NUMBERS = ["2026", "10", "11", "711", "4545", "90210", "314159", "88", "47"]


def row(text, gap=30.0, height=1.0):
    """The digits side by side, with a gap in canvas pixels between their boxes."""
    strokes, right = [], 0.0
    for character in text:
        if character == " ":
            right += 250
            continue
        digit = [stroke * height for stroke in DIGITS[int(character)]]
        shift = right + gap - np.concatenate(digit)[:, 0].min()
        strokes += [stroke + np.array([shift, 0]) for stroke in digit]
        right = np.concatenate(strokes)[:, 0].max()
    return strokes


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_read_from_left_to_right(recognizer, text):
    strokes = row(text)
    number = recognizer.read_number(strokes)
    assert number.text == text and not number.rejected and number.signs == []
    assert [digit.digit for digit in number.digits] == list(map(int, text))
    assert 0.5 < number.confidence <= 1
    assert mend(piece for own in number.pieces for piece in own) == whole_strokes(strokes)
    lefts = [left for left, *_ in number.boxes]
    assert lefts == sorted(lefts)
    for own, (left, top, right, bottom) in zip(number.pieces, number.boxes, strict=True):
        ink = np.concatenate([strokes[piece.stroke] for piece in own])
        assert (left, top, right, bottom) == (*ink.min(axis=0), *ink.max(axis=0))


@pytest.mark.parametrize("digit", [4, 5, 7])
def test_a_slim_drawing_is_read_at_once(cnn, monkeypatch, digit):
    """A crowd draws single digits: their parts need no look."""
    bar = np.array([[110, 145], [185, 140]], float)
    strokes = [*DIGITS[digit], bar] if digit == 7 else DIGITS[digit]
    monkeypatch.setattr(numbers, "lay_out", lambda *_: pytest.fail("looked at its parts"))
    assert cnn.read_number(strokes).text == str(digit)
    for strokes in (row("11", gap=4), [np.concatenate(row("20"))]):
        with pytest.raises(pytest.fail.Exception):
            cnn.read_number(strokes)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_strokes_does_not_matter(cnn, seed):
    strokes = row("45457")
    order = np.random.default_rng(seed).permutation(len(strokes))
    assert cnn.read_number([strokes[i] for i in order]).text == "45457"


def test_a_crossbar_may_come_late(recognizer):
    bar = np.array([[110, 145], [185, 140]], float)
    seven = np.concatenate(DIGITS[7])[:, 0].min()
    strokes = [*row("7145"), bar + np.array([30 - seven, 0])]
    number = recognizer.read_number(strokes)
    assert number.text == "7145" and len(number.pieces[0]) == 2


@pytest.mark.parametrize("degrees", [-8, 8])
@pytest.mark.parametrize("scale", [0.2, 3])
def test_neither_slope_nor_size_nor_place_matters(cnn, degrees, scale):
    turn = np.radians(degrees)
    matrix = scale * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    strokes = [stroke @ matrix + np.array([40, 90]) for stroke in row("20264")]
    assert cnn.read_number(strokes).text == "20264"


@pytest.mark.parametrize("text", ["2026", "450", "808", "56"])
def test_touching_neighbours_are_told_apart(recognizer, text):
    assert recognizer.read_number(row(text, gap=-8)).text == text


def test_two_digits_in_one_stroke_are_cut(recognizer):
    two, one, zero = row("210")
    number = recognizer.read_number([np.concatenate([two, one]), zero])
    assert number.text == "210"
    (left,), (right,), (rest,) = number.pieces
    assert (left.stroke, right.stroke, rest.stroke) == (0, 0, 1)
    assert left.first == 0 and left.last <= right.first and right.last == len(two) + len(one) - 1


LETTERS = {
    "M": [(50, 220), (70, 60), (140, 180), (210, 60), (230, 220)],
    "n": [(70, 60), (70, 220), *arc(135, 130, 65, 60, 180, 360), (200, 220)],
    "u": [(70, 60), *arc(135, 160, 65, 60, 180, 0), (200, 60)],
    "v": [(60, 60), (130, 220), (200, 60)],
}


@pytest.mark.parametrize("letter", LETTERS)
def test_a_letter_is_one_drawing_that_is_refused(cnn, letter):
    """Each might be a 1 and another, joined."""
    (prediction,) = cnn.read_number([dense(LETTERS[letter])]).digits
    assert prediction.rejected


@pytest.mark.parametrize("digit", DIGITS)
@pytest.mark.parametrize("widths", [False, True])
def test_a_single_digit_is_read_as_ever(recognizer, digit, widths):
    strokes = DIGITS[digit]
    widths = [40.0] * len(strokes) if widths else None
    number = recognizer.read_number(strokes, widths)
    expected = recognizer.predict_strokes(strokes, widths=widths)
    (prediction,) = number.digits
    np.testing.assert_array_equal(prediction.probabilities, expected.probabilities)
    np.testing.assert_array_equal(prediction.image, expected.image)
    assert prediction.is_digit == expected.is_digit
    assert number.text == str(expected.digit)
    assert number.pieces == [whole_strokes(strokes)]
    top = float(expected.probabilities.max())
    assert number.confidence == pytest.approx(top * expected.is_digit)


def test_the_widths_join_each_digit_s_own_ink(cnn):
    """A 4 whose strokes do not meet, but whose ink does."""
    four = [np.array([(130, 60), (85, 160), (148, 160)], float), DIGITS[4][1] + np.array([4, 0])]
    strokes = [*four, *(stroke + np.array([150, 0]) for stroke in four)]
    plain, joined = cnn.read_number(strokes), cnn.read_number(strokes, [24.0] * 4)
    assert plain.text == joined.text == "44"
    expected = cnn.predict_strokes(four, widths=[24.0] * 2).image
    np.testing.assert_array_equal(joined.digits[0].image, expected)
    assert (plain.digits[0].image != expected).any()


@pytest.mark.parametrize("text", ["20 26", "4 5", "1 000", "111"])
def test_numbers_that_stand_apart_are_told_as_such(cnn, text):
    assert cnn.read_number(row(text)).text == text


@pytest.mark.parametrize("gap", [-8, 60, 200])
def test_an_even_gap_parts_no_number(cnn, gap):
    assert cnn.read_number(row("2026", gap)).text == "2026"


MINUS = np.array([[0, 140], [35, 142], [70, 139]], float)
POINT = np.array([[0, 222], [3, 224]], float)


def test_a_minus_sign_and_a_point_are_said_and_not_guessed(recognizer):
    twelve = [stroke + np.array([100, 0]) for stroke in row("12")]
    right = np.concatenate(twelve)[:, 0].max()
    point = POINT + np.array([right + 25, 0])
    five = [stroke + np.array([right + 30, 0]) for stroke in row("5")]
    number = recognizer.read_number([*twelve, MINUS, point, *five])
    assert (number.text, number.text_with_signs) == ("125", "-12.5")
    assert [digit.digit for digit in number.digits] == [1, 2, 5]
    minus, dot = number.signs
    assert (minus.text, minus.name, minus.place) == ("-", "a minus sign or a dash", 0)
    assert (dot.text, dot.name, dot.place) == (".", "a point", 2)
    assert minus.box == (0, 139, 70, 142) and [p.stroke for p in dot.pieces] == [len(twelve) + 1]


def test_a_dash_between_two_numbers_parts_them(cnn):
    """As in the score of a match."""
    left, right = row("20"), [stroke + np.array([320, 0]) for stroke in row("26")]
    dash = MINUS * [0.6, 1] + np.array([np.concatenate(left)[:, 0].max() + 35, 0])
    number = cnn.read_number([*left, dash, *right])
    assert number.text_with_signs == "20-26" and number.signs[0].place == 2


def test_a_sign_alone_is_read_as_one_drawing(recognizer):
    for stroke in (MINUS, POINT):
        number = recognizer.read_number([stroke])
        assert number.signs == [] and len(number.digits) == 1


def test_it_reads_by_a_hand(cnn):
    """Somebody whose 7s are what others take for 3s."""
    hand = fit_hand(cnn, [Drawing(DIGITS[3], 7, 0)] * 6)
    number = cnn.with_hand(hand).read_number(row("1303"))
    assert number.text == "1707"
    assert cnn.read_number(row("1303")).text == "1303"


def test_many_threads_read_at_once(cnn):
    texts = [*NUMBERS, *"0123456789"] * 4
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: cnn.read_number(row(text)).text, texts)) == texts


def test_an_empty_drawing_is_refused(recognizer):
    with pytest.raises(ValueError, match="empty"):
        recognizer.read_number([])


@pytest.mark.parametrize("bad", [[[1, 2, 3]], [[[0, float("nan")]]], "seven"])
def test_what_is_no_drawing_is_refused(cnn, bad):
    with pytest.raises(ValueError, match=r"[Ss]troke"):
        cnn.read_number(bad)


def test_each_stroke_needs_a_width(cnn):
    with pytest.raises(ValueError, match="width"):
        cnn.read_number(row("12"), [3.0])


def test_the_network_always_sees_as_many_images(monkeypatch):
    """LiteRT allocates memory anew for another number."""
    recognizer, sizes = Recognizer.load("mlp"), set()
    run = recognizer._network.run
    monkeypatch.setattr(
        recognizer._network, "run", lambda images, *_: sizes.add(len(images)) or run(images)
    )
    for text in NUMBERS:
        assert recognizer.read_number(row(text)).text == text
    assert sizes == {numbers.AT_ONCE}


coordinates = st.floats(-1e5, 1e5) | st.integers(0, 280).map(float)
points = st.tuples(coordinates, coordinates)
any_stroke = st.lists(points, min_size=1, max_size=8) | st.tuples(points).map(lambda p: [*p] * 3)
any_drawing = st.lists(any_stroke, min_size=1, max_size=6) | st.tuples(
    any_stroke, st.integers(2, 70)
).map(lambda pair: [pair[0]] * pair[1])


@given(any_drawing, st.none() | any_drawing)
def test_whatever_is_drawn_is_read_as_something(cnn, strokes, earlier):
    before = earlier and cnn.read_number(earlier)
    number = cnn.read_number(strokes, before=before)
    assert number.text.replace(" ", "") == "".join(str(digit.digit) for digit in number.digits)
    assert len(number.digits) == len(number.boxes) == len(number.pieces) >= 1
    assert 0 <= number.confidence <= 1 and np.isfinite(number.boxes).all()
    for piece in (piece for own in number.pieces for piece in own):
        assert 0 <= piece.first <= piece.last < len(strokes[piece.stroke])


def scribbles():
    rng = np.random.default_rng(0)
    yield "all over", list(rng.uniform(0, 280, (300, 33, 2)))
    yield "dashes", [np.cumsum(rng.normal(0, 9, (30, 2)), axis=0) + 140 for _ in range(60)]
    yield "waves", [np.array(arc(140, 140, 140, 90, 0, 900, 300)) + i for i in range(33)]
    yield "dots", [rng.uniform(0, 280, (1, 2)) for _ in range(300)]
    yield "long", [rng.uniform(0, 280, (10_000, 2))]
    yield "hatching", [np.array([[4.0 * i, 0], [4.0 * i + 90, 200]]) for i in range(60)]


@pytest.mark.parametrize(("kind", "strokes"), [*scribbles()])
def test_a_scribble_costs_a_fraction_of_a_second(cnn, kind, strokes):
    began = time.thread_time()
    number = cnn.read_number(strokes)
    assert time.thread_time() - began < 1
    assert len(number.digits) == 1  # what it is read as is the network's affair


def test_more_strokes_than_a_number_has_are_read_as_one_drawing(cnn):
    strokes = row("1" * (numbers.PIECES + 1))
    (prediction,) = cnn.read_number(strokes).digits
    np.testing.assert_array_equal(
        prediction.probabilities, cnn.predict_strokes(strokes).probabilities
    )
    assert cnn.read_number(strokes[:20]).text == "1" * 20


def dense(stroke):
    """Nine points in place of each but the last."""
    steps = [np.linspace(a, b, 9, endpoint=False) for a, b in pairwise(np.asarray(stroke, float))]
    return np.concatenate([*steps, np.asarray(stroke, float)[-1:]])


def along(strokes, step=4):
    """The drawing as it comes about, and whether the pen is down."""
    for last, stroke in enumerate(strokes):
        path = dense(stroke)
        for points in range(step, len(path), step):
            yield [*strokes[:last], path[:points]], True
        yield strokes[: last + 1], False


def counts(recognizer, strokes, steady=True):
    before: Number | None = None
    for drawn, is_down in along(strokes):
        before = read_number(recognizer, drawn, before=before if is_down and steady else None)
        yield len(before.digits)


@pytest.mark.parametrize("digit", [4, 5])
def test_a_half_drawn_digit_stays_one_digit(recognizer, digit):
    assert set(counts(recognizer, DIGITS[digit])) == {1}


def test_the_digits_of_a_number_come_one_by_one(recognizer):
    seen = list(counts(recognizer, row("4545")))
    assert seen == sorted(seen) and set(seen) == {1, 2, 3, 4}


def test_while_a_digit_has_only_begun_those_before_it_are_read_as_they_were(cnn):
    """Its stroke is left aside; taken for a digit, or a part of one, it is refused."""
    before, refused = None, []
    for drawn, is_down in along(row("1738")):
        before = read_number(cnn, drawn, before=before if is_down else None)
        refused.append(before.rejected)
    assert np.mean(refused) < 0.04


def test_once_the_pen_is_up_what_was_read_before_does_not_matter(cnn):
    strokes = row("45")
    list(counts(cnn, strokes))
    assert cnn.read_number(strokes).text == "45"


@pytest.fixture(scope="module")
def hands(pen, unipen):
    """The validation writers' drawings."""
    own = {}
    for file, drawings in enumerate((pen.validation, unipen.digits.validation)):
        for drawing in drawings:
            own.setdefault((file, drawing.writer), []).append(drawing)
    return list(own.values())


def test_strangers_numbers_are_read(recognizer, hands):
    rng = np.random.default_rng(0)
    right = []
    for touching in [False] * 120 + [True] * 40:
        hand = hands[rng.integers(len(hands))]
        digits = [hand[i] for i in rng.integers(len(hand), size=rng.integers(2, 7))]
        number = write_number(digits, rng, touching=touching)
        right.append(recognizer.read_number(number.strokes).text == number.text)
    assert np.mean(right[:120]) > 0.9 and np.mean(right[120:]) > 0.85


def test_strangers_single_digits_are_not_split(recognizer, hands):
    drawings = [drawing.strokes for hand in hands for drawing in hand if len(drawing.strokes) > 1]
    split = [len(recognizer.read_number(strokes).text) > 1 for strokes in drawings[::4]]
    assert np.mean(split) < 0.01


def test_strangers_letters_are_refused_as_single_drawings_are(recognizer, unipen):
    letters = [drawing.strokes for drawing in unipen.others.validation[::4]]
    refused = np.mean([recognizer.read_number(strokes).rejected for strokes in letters])
    alone = np.mean([recognizer.predict_strokes(strokes).rejected for strokes in letters])
    assert refused > alone - 0.08
