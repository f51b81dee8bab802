import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.data import handwriting
from digitcanvas.data.handwriting import add_habits, augment_strokes, blend_drawings
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.drawing.strokes import Drawing, check_strokes
from tests.digits import DIGITS, arc


def generator(seed=0):
    return np.random.default_rng(seed)


def only(monkeypatch, strengths, kept=None):
    """Switch off all distortions but the one kept."""
    for name, none in strengths.items():
        if name != kept:
            monkeypatch.setattr(handwriting, name, none)


OF_STROKES = dict.fromkeys(
    ("ASPECT", "SLANT", "TURN", "STRAY", "REACH", "TREMOR", "GAP_CHANCE", "ROUNDING", "HARDSHIP"), 0
)
OF_STROKES |= {"STEPS": (0.002, 0.002)}


def drawn_by_other_hands(count=20):
    return np.stack(
        [
            image_from_strokes(augment_strokes(strokes, generator(seed)))
            for strokes in DIGITS.values()
            for seed in range(count)
        ]
    )


@pytest.mark.parametrize("digit", DIGITS)
def test_without_distortions_a_drawing_is_only_moved(monkeypatch, digit):
    only(monkeypatch, OF_STROKES)
    points = np.concatenate(DIGITS[digit])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    augmented = augment_strokes(DIGITS[digit], generator())
    for stroke, path in zip(DIGITS[digit], augmented, strict=True):
        distances = np.hypot(*np.moveaxis(stroke[:, np.newaxis] - (path + middle), -1, 0))
        assert distances.min(axis=1).max() < 0.5
        np.testing.assert_allclose(path[[0, -1]] + middle, stroke[[0, -1]])


@pytest.mark.parametrize("kept", sorted(OF_STROKES.keys() - {"GAP_CHANCE"}))
def test_each_distortion_of_strokes_changes_what_is_drawn(monkeypatch, kept):
    strength = getattr(handwriting, kept)
    only(monkeypatch, OF_STROKES)
    before = drawn_by_other_hands()
    monkeypatch.setattr(handwriting, kept, strength)
    assert np.abs(drawn_by_other_hands() - before).mean(axis=(1, 2)).max() > 0.005


def test_the_generator_decides_how_strokes_are_distorted():
    once, again, other = (augment_strokes(DIGITS[4], generator(seed)) for seed in (1, 1, 2))
    for stroke, same in zip(once, again, strict=True):
        np.testing.assert_array_equal(stroke, same)
    assert not np.array_equal(once[0], other[0])


@pytest.mark.parametrize("digit", DIGITS)
def test_an_augmented_drawing_keeps_about_its_size_and_the_original_is_not_changed(digit):
    strokes = [stroke.copy() for stroke in DIGITS[digit]]
    sizes = [
        np.ptp(np.concatenate(augment_strokes(strokes, generator(seed))), axis=0).max()
        for seed in range(100)
    ]
    size = np.ptp(np.concatenate(DIGITS[digit]), axis=0).max()
    assert 0.6 * size < min(sizes) < max(sizes) < 1.5 * size
    for stroke, before in zip(strokes, DIGITS[digit], strict=True):
        np.testing.assert_array_equal(stroke, before)


def test_digits_by_other_hands_are_still_read(cnn):
    read = [
        cnn.predict_strokes(augment_strokes(strokes, generator(seed))).digit == digit
        for digit, strokes in DIGITS.items()
        for seed in range(30)
    ]
    assert np.mean(read) > 0.93


STROKE = arrays(float, st.tuples(st.integers(1, 12), st.just(2)), elements=st.integers(0, 280))


@given(st.lists(STROKE, min_size=1, max_size=5), st.integers(0, 2**32))
def test_any_augmented_drawing_can_be_drawn(strokes, seed):
    """Including dots, strokes that stand still and strokes too short to retrace."""
    augmented = augment_strokes(strokes, generator(seed))
    assert len(strokes) <= len(check_strokes(augmented)) <= 2 * len(strokes)
    assert image_from_strokes(augmented).max() > 0


@given(st.sampled_from(list(DIGITS)), st.floats(0.01, 100), st.floats(-500, 500))
def test_position_and_size_of_a_drawing_make_no_difference(digit, scale, shift):
    augmented = augment_strokes(DIGITS[digit], generator(digit))
    moved = augment_strokes([stroke * scale + shift for stroke in DIGITS[digit]], generator(digit))
    for stroke, other in zip(augmented, moved, strict=True):
        np.testing.assert_allclose(other, stroke * scale, atol=1e-6 * scale + 1e-9)


LINE = [np.array([[0.0, 0.0], [30.0, 0.0], [100.0, 0.0]])]


@pytest.mark.parametrize("step", handwriting.STEPS)
def test_strokes_begin_and_end_too_early_and_too_late(monkeypatch, step):
    """At any speed of the hand, half of the ends stay where they were."""
    only(monkeypatch, OF_STROKES | {"STEPS": (step, step)}, "REACH")
    ends = np.array(
        [augment_strokes(LINE, generator(seed))[0][[0, -1], 0] * [-1, 1] for seed in range(500)]
    )
    reach = 100 * handwriting.REACH
    for end in ends.T - 50:
        assert -reach <= end.min() < -0.8 * reach and 0.8 * reach < end.max() <= reach
        assert 0.4 < np.isclose(end, 0).mean() < 0.6


def test_points_are_evenly_spaced_more_closely_for_some_hands(monkeypatch):
    only(monkeypatch, OF_STROKES, "STEPS")
    steps = []
    for seed in range(200):
        distances = np.diff(augment_strokes(LINE, generator(seed))[0][:, 0]) / 100
        np.testing.assert_allclose(distances, distances[0])
        steps.append(distances[0])
    slow, hasty = handwriting.STEPS
    assert slow * 0.9 < min(steps) < slow * 1.2 and hasty * 0.8 < max(steps) < hasty * 1.1


def test_some_strokes_are_interrupted(monkeypatch):
    only(monkeypatch, OF_STROKES, "GAP_CHANCE")
    augmented = [augment_strokes(LINE, generator(seed)) for seed in range(1000)]
    broken = [strokes for strokes in augmented if len(strokes) == 2]
    assert 0.02 < len(broken) / len(augmented) < 0.1
    gaps = [(after[0, 0] - before[-1, 0]) / 100 for before, after in broken]
    np.testing.assert_allclose(gaps, handwriting.GAP_LENGTH, atol=0.005)


def drawing(digit, writer=1, shift=0.0):
    """The digit by a hand that stretches it upwards from its middle."""
    strokes = [stroke * [1 + shift, 1] for stroke in DIGITS[digit]]
    return Drawing(strokes, digit, writer)


def test_blending_leads_from_one_hand_towards_another_and_away_from_it():
    """The proportions of a tall and a wide 0 come to lie between and beyond the two."""
    two_hands = [drawing(0, 1), drawing(0, 2, 0.4)]
    widths = []
    for seed in range(100):
        for blended, original in zip(
            blend_drawings(two_hands, generator(seed)), two_hands, strict=True
        ):
            assert (blended.label, blended.writer) == (0, original.writer)
            width, height = np.ptp(np.concatenate(blended.strokes), axis=0)
            widths.append(width / height)
    narrow, wide = (np.divide(*np.ptp(d.strokes[0], axis=0)) for d in two_hands)
    reach = (wide - narrow) * handwriting.BLEND
    assert narrow - 1.2 * reach < min(widths) < narrow - 0.7 * reach
    assert wide + 0.7 * reach < max(widths) < wide + 1.2 * reach
    assert np.mean((np.array(widths) > narrow) & (np.array(widths) < wide)) > 0.3


def test_only_similar_drawings_of_one_digit_with_as_many_strokes_are_blended():
    backwards = Drawing([stroke[::-1] for stroke in DIGITS[7]], 7, 3)
    loners = [drawing(7), backwards, drawing(4), Drawing(DIGITS[4][:1], 4, 2), drawing(2)]
    for blended, original in zip(blend_drawings(loners, generator()), loners, strict=True):
        before, after = (image_from_strokes(d.strokes).astype(float) for d in (original, blended))
        assert np.abs(after - before).mean() < 0.02


def test_blending_dots_and_nothing_gives_the_same():
    dot = Drawing([np.array([[5.0, 5.0]])], 1, 1)
    assert image_from_strokes(blend_drawings([dot, dot], generator())[0].strokes).max() > 0
    assert blend_drawings([], generator()) == []


HABITS = ("SLASH", "FLAG", "BASE", "CROSSBAR", "UPSTROKE", "OVERSHOOT")
PLAIN_ONE = Drawing([np.stack([np.full(20, 40.0), np.linspace(10, 210, 20)], axis=1)], 1, 1)
ONE_STROKE_SEVEN = Drawing([np.array([[10.0, 10.0], [110.0, 10.0], [50.0, 210.0]])], 7, 1)
RING = Drawing([np.array(arc(100, 100, 60, 90, -90, 270))], 0, 1)


def with_habit(monkeypatch, habit, drawing, count=30):
    for name in HABITS:
        monkeypatch.setattr(handwriting, name, float(name == habit))
    return [add_habits(drawing, generator(seed)) for seed in range(count)]


@pytest.mark.parametrize("digit", DIGITS)
def test_without_habits_a_digit_stays_as_it_is(monkeypatch, digit):
    original = Drawing(DIGITS[digit], digit, 1)
    (same,) = with_habit(monkeypatch, None, original, 1)
    assert len(same.strokes) == len(original.strokes) and same.label == digit
    shift = same.strokes[0][0] - original.strokes[0][0]
    for stroke, before in zip(same.strokes, original.strokes, strict=True):
        np.testing.assert_allclose(stroke - before, np.broadcast_to(shift, stroke.shape))


def test_a_slash_crosses_the_ring(monkeypatch):
    rising = 0
    for ring, slash in (d.strokes for d in with_habit(monkeypatch, "SLASH", RING, 100)):
        reach = np.ptp(slash, axis=0) / np.ptp(ring, axis=0)
        assert np.hypot(*reach) > 0.2
        assert np.abs(slash.mean(axis=0) - ring.mean(axis=0)).max() < 60
        (left, right) = slash[slash[:, 0].argsort()]
        rising += right[1] < left[1] - 20
    assert 60 < rising < 98


def test_a_zero_that_has_two_strokes_is_not_slashed_again(monkeypatch):
    slashed = Drawing([*RING.strokes, np.array([[40.0, 190.0], [160.0, 10.0]])], 0, 1)
    assert {len(d.strokes) for d in with_habit(monkeypatch, "SLASH", slashed)} == {2}


def test_a_flag_rises_to_the_top_of_a_one(monkeypatch):
    for drawing in with_habit(monkeypatch, "FLAG", PLAIN_ONE):
        (stroke,) = drawing.strokes
        assert stroke[0, 0] < stroke[1, 0] and stroke[0, 1] > stroke[1, 1]
        assert stroke[1, 1] == stroke[:, 1].min()


def test_a_one_with_a_flag_is_given_none(monkeypatch):
    flagged = Drawing([np.array([[0.0, 60.0], [100.0, 0.0], [100.0, 200.0]])], 1, 1)
    for drawing in with_habit(monkeypatch, "FLAG", flagged):
        assert len(drawing.strokes[0]) == 3


def test_a_base_lies_under_a_one(monkeypatch):
    for one, base in (d.strokes for d in with_habit(monkeypatch, "BASE", PLAIN_ONE)):
        assert base[0, 0] < one[-1, 0] < base[1, 0]
        assert np.abs(base[:, 1] - one[:, 1].max()).max() < 20


def test_a_crossbar_crosses_the_stem_of_a_seven(monkeypatch):
    for seven, bar in (d.strokes for d in with_habit(monkeypatch, "CROSSBAR", ONE_STROKE_SEVEN)):
        level = bar[:, 1].mean()
        stem = np.interp(level, seven[1:, 1], seven[1:, 0])
        assert bar[0, 0] < stem < bar[1, 0] and np.abs(level - seven[:, 1].mean()) < 100


def test_a_pen_lifted_late_leaves_a_mark_upwards_at_the_foot(monkeypatch):
    for drawing in with_habit(monkeypatch, "UPSTROKE", PLAIN_ONE):
        (stroke,) = drawing.strokes
        assert stroke[-2, 1] == stroke[:, 1].max() and stroke[-1, 1] < stroke[-2, 1]
        assert stroke[-1, 1] > 0  # far from the top, which is at -100


def test_a_nine_that_ends_in_a_curl_has_its_mark_already(monkeypatch):
    curled = Drawing([np.array([[0.0, 0.0], [0.0, 200.0], [-60.0, 150.0]])], 9, 1)
    for drawing in with_habit(monkeypatch, "UPSTROKE", curled):
        assert len(drawing.strokes[0]) == 3


def test_some_hands_are_harder_to_read(monkeypatch):
    """Squashed and turned further, shakier, and of as few as three points."""
    monkeypatch.setattr(handwriting, "HARDSHIP", 1)
    square = [np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]])]
    made = [augment_strokes(square, generator(seed))[0] for seed in range(200)]
    ratios = [np.divide(*np.ptp(stroke, axis=0)) for stroke in made]
    assert min(ratios) < 0.6 and max(ratios) > 1.6
    assert min(map(len, made)) < 12


def test_a_flag_is_level_only_over_a_base(monkeypatch):
    monkeypatch.setattr(handwriting, "FLAG", 1)
    for base, least in ((0, np.radians(34)), (1, np.radians(-6))):
        monkeypatch.setattr(handwriting, "BASE", base)
        angles = []
        for seed in range(200):
            flag = np.diff(add_habits(PLAIN_ONE, generator(seed)).strokes[0][:2], axis=0)[0]
            angles.append(np.arctan2(-flag[1], flag[0]))
        assert least < min(angles) < least + np.radians(10)


def test_a_loop_that_is_not_closed_in_time_goes_on_as_it_ended(monkeypatch):
    hook = Drawing([np.array([[100.0, 0.0], [0.0, 100.0], [0.0, 200.0], [80.0, 200.0]])], 6, 1)
    for drawing in with_habit(monkeypatch, "OVERSHOOT", hook):
        (stroke,) = drawing.strokes
        assert stroke[-1, 1] == pytest.approx(stroke[-2, 1])
        assert 0.08 * 200 <= stroke[-1, 0] - stroke[-2, 0] <= 0.3 * 200


def test_the_matrix_scales_then_shears_then_rotates():
    rotation, shear, scale = 0.3, 0.2, np.array([1.1, 0.8])
    cos, sin = np.cos(rotation), np.sin(rotation)
    turn, slant = np.array([[cos, -sin], [sin, cos]]), np.array([[1, shear], [0, 1]])
    np.testing.assert_allclose(
        handwriting.affine(rotation, shear, scale), turn @ slant @ np.diag(scale)
    )


def test_the_same_hand_varies_less_than_others_and_has_no_hardships(monkeypatch):
    def spread(same_hand):
        drawn = [
            np.ptp(np.concatenate(augment_strokes(DIGITS[0], generator(seed), same_hand)), axis=0)
            for seed in range(400)
        ]
        return np.log([width / height for width, height in drawn]).std()

    assert spread(True) < 0.7 * spread(False)
    before = spread(True)
    monkeypatch.setattr(handwriting, "HARDSHIP", 1)
    assert spread(True) == before
