import numpy as np
import pytest

from digitcanvas.data import outliers
from digitcanvas.data.outliers import (
    FONTS,
    FREE,
    LETTERS,
    MIRRORED,
    NOT_A_DIGIT,
    OF_DIGITS,
    glyph,
    make_outliers,
)
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import check_strokes
from tests.data.test_mnist_and_pen import DRAWINGS
from tests.digits import DIGITS

KINDS = list(dict.fromkeys(FREE + OF_DIGITS))


def normal(strokes):
    """The strokes with their middle at 0 and their longer side 1."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    return [(stroke - (low + high) / 2) / (high - low).max() for stroke in strokes]


def alike(strokes, others):
    return len(strokes) == len(others) and all(
        one.shape == other.shape and np.allclose(one, other)
        for one, other in zip(strokes, others, strict=True)
    )


def drawn(kind, count=100, digits=DRAWINGS):
    rng = np.random.default_rng(0)
    return [kind(rng, digits) for _ in range(count)]


@pytest.mark.parametrize("count", [0, 1, 60])
@pytest.mark.parametrize("digits", [[], DRAWINGS])
def test_as_many_outliers_as_asked_for_are_made(count, digits):
    made = make_outliers(count, digits, np.random.default_rng(0))
    assert [drawing.label for drawing in made] == [NOT_A_DIGIT] * count
    assert NOT_A_DIGIT not in DIGITS
    for drawing in made:
        assert image_from_strokes(drawing.strokes).max() > 0


def test_the_generator_decides_every_outlier():
    once, again, other = (
        make_outliers(40, DRAWINGS, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    for one, same in zip(once, again, strict=True):
        assert alike(one.strokes, same.strokes)
    pairs = zip(once, other, strict=True)
    assert sum(alike(one.strokes, different.strokes) for one, different in pairs) < 5


def test_the_kinds_take_turns_and_without_digits_the_free_ones_alone(monkeypatch):
    def kind(name):
        return lambda rng, digits: [np.array([[name, len(digits)]])]

    monkeypatch.setattr(outliers, "FREE", (kind(1), kind(2)))
    monkeypatch.setattr(outliers, "OF_DIGITS", (kind(3),))
    for digits, turns in ((DRAWINGS, [3, 1, 2] * 2), ([], [1, 2] * 3)):
        made = make_outliers(6, digits, np.random.default_rng(0))
        seen = [drawing.strokes[0][0] / outliers.EXTENT for drawing in made]
        assert [tuple(point) for point in seen] == [(name, len(digits)) for name in turns]


@pytest.mark.timeout(10)
def test_digits_that_some_kinds_cannot_use_still_make_outliers():
    assert len(make_outliers(40, [DRAWINGS[1]], np.random.default_rng(0))) == 40


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_varies_and_is_of_about_unit_size(kind):
    made = drawn(kind)
    for strokes in made:
        points = np.concatenate(check_strokes(strokes))
        assert 0.2 < np.ptp(points, axis=0).max() < 4
    images = {image_from_strokes(strokes).tobytes() for strokes in made}
    assert len(images) > 5


@pytest.mark.parametrize("kind", OF_DIGITS)
def test_outliers_made_from_digits_differ_from_them_and_do_not_change_them(kind):
    before = [[stroke.copy() for stroke in drawing.strokes] for drawing in DRAWINGS]
    digits = np.stack([image_from_strokes(drawing.strokes) for drawing in DRAWINGS])
    for strokes in drawn(kind):
        change = np.abs(digits - image_from_strokes(strokes)).mean(axis=(1, 2))
        assert change.min() > 0.01
    for drawing, strokes in zip(DRAWINGS, before, strict=True):
        assert alike(drawing.strokes, strokes)


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("letter", LETTERS)
def test_every_font_has_every_letter(font, letter):
    strokes = check_strokes(glyph(font, letter))
    assert strokes and np.ptp(np.concatenate(strokes), axis=0).max() > 0


def test_letters_stand_upright():
    """A T's bar lies above its stem's end as y points down."""
    stem, bar = sorted(glyph("futural", "T"), key=lambda stroke: np.ptp(stroke[:, 0]))
    assert np.ptp(stem[:, 0]) == 0 and np.ptp(bar[:, 1]) == 0
    assert bar[0, 1] == stem[:, 1].min() < stem[:, 1].max()


def test_letters_that_could_be_digits_are_left_out():
    assert not set("OoIlSsZzBbgqGDQ") & set(LETTERS)
    assert {"A", "H", "M", "w", "x"} <= set(LETTERS)


def test_a_cached_letter_is_not_changed_by_its_use():
    before = [stroke.copy() for stroke in glyph("scripts", "k")]
    made = make_outliers(500, [], np.random.default_rng(0))
    for drawing in made:
        for stroke in drawing.strokes:
            stroke += 1
    assert alike(glyph("scripts", "k"), before)


@pytest.mark.parametrize("digit", MIRRORED)
def test_a_mirrored_digit_is_flipped_along_one_of_its_axes(digit):
    own = normal(DIGITS[digit])
    flips = {axis: [stroke * flip for stroke in own] for axis, flip in FLIPS.items()}
    seen = set()
    for strokes in drawn(outliers.mirrored, digits=[DRAWINGS[digit]]):
        (axis,) = (axis for axis, flipped in flips.items() if alike(strokes, flipped))
        seen.add(axis)
    assert seen == set(MIRRORED[digit])


FLIPS = {"x": [-1, 1], "y": [1, -1]}


def test_only_digits_that_do_not_become_another_are_mirrored():
    """A mirrored 0, 1 or 8 stays one, a 2 becomes a 5, and a 6 upside down about a 9."""
    assert not set(MIRRORED) & {0, 1, 2, 5, 8}
    allowed = [
        [stroke * FLIPS[axis] for stroke in normal(DIGITS[digit])]
        for digit, axes in MIRRORED.items()
        for axis in axes
    ]
    for strokes in drawn(outliers.mirrored):
        assert any(alike(strokes, flipped) for flipped in allowed)


def test_a_scrambled_digit_s_pieces_keep_their_shape():
    digit = DRAWINGS[3]
    (path,) = normal(digit.strokes)
    lengths = np.hypot(*np.diff(path, axis=0).T)
    for pieces in drawn(outliers.scrambled, digits=[digit]):
        assert 2 <= len(pieces) <= 4
        cuts = np.cumsum([len(piece) for piece in pieces])
        assert cuts[-1] == len(path)
        for piece, end in zip(pieces, cuts, strict=True):
            own = lengths[end - len(piece) : end - 1]
            np.testing.assert_allclose(np.hypot(*np.diff(piece, axis=0).T), own)


def test_a_pair_is_two_whole_digits_side_by_side_or_overlapping():
    beside = 0
    (three,) = normal(DIGITS[3])
    for left, right in drawn(outliers.pair, 300, digits=[DRAWINGS[3]]):
        np.testing.assert_allclose(left, three)
        width, height = np.ptp(right, axis=0) / np.ptp(left, axis=0)
        assert 0.8 <= width <= 1.2 and width == pytest.approx(height)
        distance = np.hypot(*(right.mean(axis=0) - left.mean(axis=0)))
        assert 0.15 < distance < 1.5
        beside += (left[:, 0].max() + left[:, 0].min()) / 2 + 0.55 < right[:, 0].mean()
    assert 100 < beside < 280


def test_a_marked_digit_has_more_marks_than_a_slashed_zero():
    rings = 0
    for strokes in drawn(outliers.marked, 200):
        (digit,) = (d for d in DIGITS if alike(strokes[: len(DIGITS[d])], normal(DIGITS[d])))
        marks = strokes[len(DIGITS[digit]) :]
        assert 2 <= len(marks) <= 4 and digit not in (1, 4, 7)
        for mark in marks:
            assert np.abs(mark.mean(axis=0)).max() < 1
        rings += digit == 0
    assert 70 < rings < 130


def test_no_zero_is_slashed_by_a_pair():
    for label in (0, 1):
        for strokes in drawn(outliers.pair, 100, digits=[DRAWINGS[label]]):
            left, right = strokes[: len(strokes) // 2], strokes[len(strokes) // 2 :]
            left, right = np.concatenate(left), np.concatenate(right)
            assert right[:, 0].mean() - left[:, 0].mean() > np.ptp(left[:, 0]) * 0.9


def test_an_outlier_that_looks_like_a_digit_is_made_again(monkeypatch):
    """A kind that makes 3s half of the time, and squares otherwise, is left with its squares."""

    def half(rng, digits):
        (three,) = normal(DIGITS[3])
        return [three] if rng.random() < 0.5 else [SQUARE + rng.normal(0, 0.01, SQUARE.shape)]

    monkeypatch.setattr(outliers, "FREE", (half,))
    monkeypatch.setattr(outliers, "OF_DIGITS", ())
    made = make_outliers(40, DRAWINGS[:5], np.random.default_rng(0))
    assert {len(drawing.strokes[0]) for drawing in made} == {len(SQUARE)}
    monkeypatch.setattr(outliers, "LETTER_LIKE", (half,))
    made = make_outliers(40, DRAWINGS[:5], np.random.default_rng(0))
    assert 10 < sum(len(drawing.strokes[0]) != len(SQUARE) for drawing in made) < 30


SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])


def test_a_spiral_winds_outwards_at_least_nearly_twice():
    for (stroke,) in drawn(outliers.spiral):
        radii = np.hypot(*stroke.T)
        assert (np.diff(radii) > 0).all() and radii[0] == 0 and radii[-1] == pytest.approx(1)
        turned = np.abs(np.diff(np.unwrap(np.arctan2(*stroke[1:].T)))).sum() / (2 * np.pi)
        assert 1.7 < turned < 4.1


def test_a_polygon_is_closed_and_lines_are_straight():
    for (stroke,) in drawn(outliers.polygon):
        np.testing.assert_allclose(stroke[0], stroke[-1], atol=1e-9)
        assert 4 <= len(stroke) <= 13
    for strokes in drawn(outliers.lines):
        assert 2 <= len(strokes) <= 5 and all(len(stroke) == 2 for stroke in strokes)
