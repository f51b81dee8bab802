from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.drawing.pieces import cut_strokes, whole_strokes
from digitcanvas.reading import lattice
from digitcanvas.reading.lattice import FEATURES, Kind, Parts, best_way, features, lay_out, parts_of
from tests.digits import DIGITS


def layout_of(*strokes, height=160.0, cut=False):
    strokes = [np.array(stroke, float) for stroke in strokes]
    pieces = cut_strokes(strokes, height) if cut else whole_strokes(strokes)
    return lay_out(pieces, strokes, height)


def line(x0, y0, x1, y1):
    return np.stack([np.linspace(x0, x1, 9), np.linspace(y0, y1, 9)], axis=1)


def test_crossings_and_distances_are_those_of_the_ink():
    layout = layout_of(
        line(0, 0, 160, 160), line(160, 3, 3, 160), line(400, 0, 400, 160), height=160
    )
    assert layout.crossings.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert layout.distances[0, 1] < 0.1 and layout.distances[0, 2] == pytest.approx(1.5, abs=0.02)


def test_the_height_is_that_of_most_strokes_whatever_their_slope():
    digits = [line(100 * i, 20 * i, 100 * i + 10, 20 * i + 100) for i in range(4)]
    bars = [line(0, 0, 60, 2)]
    assert lattice.height_of([*digits, *bars]) == pytest.approx(100)
    assert lattice.height_of([line(0, 0, 50, 0)]) == 1


@st.composite
def scored(draw):
    """Parts of up to five pieces, each piece by itself among them, and scores."""
    count = draw(st.integers(1, 5))
    rows = {tuple(row) for row in np.eye(count, dtype=bool).tolist()}
    rows |= set(draw(st.lists(st.tuples(*[st.booleans()] * count).filter(any), max_size=8)))
    members = np.array(sorted(rows))
    kinds = np.array(
        [
            Kind.DIGIT if row.sum() == 1 else draw(st.sampled_from([Kind.DIGIT, Kind.JOIN]))
            for row in members
        ]
    )
    floats = st.floats(-5, 5)
    scores = np.array(draw(st.lists(floats, min_size=len(members), max_size=len(members))))
    return Parts(members, kinds), scores


def ways(parts, scores):
    """All ways, by trying everything: their parts, score and number of digits."""
    for chosen in product([False, True], repeat=len(scores)):
        chosen = np.flatnonzero(chosen)
        if (parts.members[chosen].sum(axis=0) == 1).all():
            digits = int((parts.kinds[chosen] == Kind.DIGIT).sum())
            yield set(chosen.tolist()), scores[chosen].sum(), digits


@given(scored(), st.integers(0, 5), st.floats(0, 9), st.floats(0, 9))
def test_the_best_way_is_the_best_of_all(scored, digits, another, fewer):
    parts, scores = scored
    everything = list(ways(parts, scores))
    way = best_way(parts, scores)
    best = max(score for _, score, count in everything if count)
    assert way.score == pytest.approx(best)
    assert scores[way.parts].sum() == pytest.approx(best)
    assert (parts.members[way.parts].sum(axis=0) == 1).all()
    total = np.logaddexp.reduce([score for _, score, _ in everything])
    assert way.share == pytest.approx(np.exp(best - total))

    def lost(count):
        return another * max(0, count - digits) + fewer * max(0, digits - count)

    steady = best_way(parts, scores, digits, another, fewer)
    count = int((parts.kinds[steady.parts] == Kind.DIGIT).sum())
    expected = max(score - lost(count) for _, score, count in everything if count)
    assert steady.score - lost(count) == pytest.approx(expected)


def test_a_scribble_s_ways_are_bounded(monkeypatch):
    """Every pair of 60 pieces that all overlap: more ways than can be counted."""
    members = np.eye(60, dtype=bool)
    pairs = [members[i] | members[j] for i in range(60) for j in range(i + 1, min(60, i + 6))]
    members = np.concatenate([members, pairs])
    followed = []
    first_free = lattice._first_free
    monkeypatch.setattr(lattice, "_first_free", lambda held: followed.append(0) or first_free(held))
    way = best_way(Parts(members, np.zeros(len(members), int)), np.zeros(len(members)))
    assert len(followed) < 60 * lattice.BEAM * 6 + 60
    assert (members[way.parts].sum(axis=0) == 1).all()


def of_kind(parts, kind):
    return [np.flatnonzero(row).tolist() for row in parts.members[parts.kinds == kind]]


def test_each_piece_by_itself_and_all_together_may_be_a_digit():
    layout = layout_of(*(line(90 * i, 0, 90 * i, 160) for i in range(9)))
    digits = of_kind(parts_of(layout), Kind.DIGIT)
    assert [[i] for i in range(9)] == [part for part in digits if len(part) == 1]
    assert list(range(9)) in digits and [3, 4, 5, 6, 7] not in digits


def test_a_digit_s_strokes_need_not_be_neighbours_if_they_touch():
    """The bar of a wide 7 may end beyond the 1 that stands below it."""
    seven = [line(0, 0, 160, 0), line(160, 0, 60, 160)]
    bar = line(20, 80, 290, 80)
    one, far = line(130, 90, 130, 160), line(600, 0, 600, 160)
    layout = layout_of(np.concatenate(seven), bar, one, far)
    first, inside, last = 0, 1, 2
    assert layout.boxes[inside, 0] == 130 / 160
    digits = of_kind(parts_of(layout), Kind.DIGIT)
    assert [first, last] in digits and [inside, 3] not in digits


TALL = line(0, 0, 10, 160)


@pytest.mark.parametrize(
    ("stroke", "kind"),
    [
        (line(40, 80, 110, 84), Kind.DASH),
        (line(40, 100, 110, 84), Kind.DASH),
        (line(-110, 80, -40, 80), Kind.DASH),
        (line(40, 200, 110, 200), None),
        (line(40, 20, 110, 120), None),
        (line(30, 80, 430, 80), None),
        (line(40, 150, 44, 158), Kind.POINT),
        ([(40, 150)], Kind.POINT),
        ([(40, 20)], None),
    ],
)
def test_signs_are_told_by_their_shape_and_place(stroke, kind):
    layout = layout_of(TALL, stroke)
    parts = parts_of(layout)
    which = [piece.stroke for piece in layout.pieces].index(1)
    for sign in lattice.SIGNS:
        assert of_kind(parts, sign) == ([[which]] if sign == kind else [])


def test_without_a_digit_beside_it_nothing_is_a_sign():
    parts = parts_of(layout_of(line(0, 80, 80, 80), line(120, 80, 200, 80)))
    assert set(parts.kinds) == {Kind.DIGIT}


def test_the_join_of_two_digits_may_belong_to_neither():
    stroke = np.concatenate([DIGITS[2][0], DIGITS[1][0] + np.array([130, 0])])
    layout = layout_of(stroke, cut=True)
    joins = of_kind(parts_of(layout), Kind.JOIN)
    ends = {piece for (i,) in joins for piece in layout.boxes[i, [0, 2]]}
    assert joins and 200 / 160 in ends and 240 / 160 in ends


def test_the_stroke_being_drawn_may_be_left_aside():
    layout = layout_of(TALL, line(300, 0, 300, 20))
    assert of_kind(parts_of(layout), Kind.UNFINISHED) == []
    assert of_kind(parts_of(layout, 1), Kind.UNFINISHED) == [[1]]
    assert of_kind(parts_of(layout_of(TALL), 0), Kind.UNFINISHED) == []


def feature(layout, part, name, kind=Kind.DIGIT):
    members = np.zeros((1, len(layout.pieces)), bool)
    members[0, part] = True
    return features(layout, Parts(members, np.array([kind])))[0, FEATURES.index(name)]


def test_features_are_what_they_are_named_after():
    plus = [line(0, 80, 160, 80), line(80, 0, 80, 160)]
    layout = layout_of(*plus, line(240, 0, 640, 160))
    bar, pole, long = 0, 1, 2
    assert [piece.stroke for piece in layout.pieces] == [0, 1, 2]
    assert feature(layout, [bar], "overlap") == feature(layout, [pole], "overlap") == 0
    assert feature(layout, [bar], "crossing") == 1 and feature(layout, [bar, pole], "crossing") == 0
    assert feature(layout, [long], "crossing") == 0
    assert feature(layout, [bar], "low") == 0.9 and feature(layout, [pole], "low") == 0
    assert feature(layout, [long], "wide") == pytest.approx(2.5 - 1.1)
    assert feature(layout, [bar, long], "between") == 1
    assert feature(layout, [bar, long], "overlap") == 0
    assert feature(layout, [bar, pole, long], "many") == 1
    assert feature(layout, [bar, pole, long], "whole") == 1
    assert feature(layout, [bar, pole], "whole") == 0
    assert feature(layout, [bar], "digit") == 1
    assert feature(layout, [bar], "digit", Kind.DASH) == 0
    assert feature(layout, [bar], "dash", Kind.DASH) == 1
    assert feature(layout, [bar], "low", Kind.DASH) == 0
    beside = layout_of(line(0, 0, 160, 160), line(80, 0, 240, 160))
    overlapping = layout_of(line(0, 0, 160, 160), line(40, 0, 200, 160))
    assert feature(beside, [0], "overlap") == 0
    assert feature(overlapping, [0], "overlap") == 0.25


def test_what_goes_on_upwards_from_a_cut_rises():
    """As the second half of a u does, and no digit."""
    down, up = line(0, 0, 20, 160), line(120, 160, 140, 0)
    layout = layout_of(np.concatenate([down, up]), cut=True)
    first, last = 0, len(layout.pieces) - 1
    assert feature(layout, [first], "rise") == 0
    assert feature(layout, [last], "rise") == pytest.approx(layout.boxes[last, 3], abs=0.01)
    assert feature(layout, [first, last], "overlap") == 0
    assert feature(layout, list(range(last + 1)), "rise") == 0
    apart = layout_of(down, up)
    assert feature(apart, [0], "rise") == feature(apart, [1], "rise") == 0


def test_a_cut_is_shared_by_its_two_sides():
    stroke = np.concatenate([DIGITS[2][0], DIGITS[1][0] + np.array([130, 0])])
    layout = layout_of(stroke, cut=True)
    count = len(layout.pieces)
    assert count > 2
    assert sum(feature(layout, [i], "cut") for i in range(count)) == count - 1
    assert feature(layout, list(range(count)), "cut") == 0
