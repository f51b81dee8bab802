import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas import Prediction
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import slices as module
from digitcanvas.reading.slices import EXTENT, HARDSHIPS, auroc, slices, table

WORDS = {"read": (3, 0.9), "misread": (8, 0.8), "turned away": (3, 0.4)}
LINES = {name: float(length) for length, name in enumerate(WORDS, 100)}
"""Drawings of 3s are lines so long, by what becomes of them."""


class Reader:
    """Reads a drawing by the length of its first stroke, and keeps the drawings."""

    def __init__(self):
        self.seen = []

    def predict_strokes(self, strokes):
        self.seen.append(strokes)
        length = np.ptp(strokes[0][:, 0])
        digit, is_digit = next(
            (WORDS[name] for name, line in LINES.items() if line == length), WORDS["misread"]
        )
        probabilities = np.full(10, 0.01)
        probabilities[digit] = 0.91
        return Prediction(probabilities, np.zeros((28, 28)), is_digit)


def line(outcome, writer=1, strokes=1, label=3):
    path = np.array([[0.0, 0.0], [LINES[outcome], 0.0]])
    return Drawing([path] * strokes, label, writer)


FILE = [line("read")] * 6 + [line("turned away")] * 3 + [line("misread", strokes=2)]


def test_a_slice_tells_what_is_misread_from_what_is_turned_away():
    figures = slices(Reader(), {"mine": FILE})["files"]["mine"]
    assert figures.pop("expected_calibration_error") == pytest.approx(0.01, abs=1e-6)
    assert figures == pytest.approx({"count": 10, "accuracy": 0.9, "rejected": 0.3, "used": 0.6})


def test_drawings_are_told_apart_by_file_and_by_strokes():
    report = slices(Reader(), {"mine": FILE, "yours": [line("read", strokes=7)] * 4})
    assert {name: part["used"] for name, part in report["files"].items()} == {
        "mine": pytest.approx(0.6),
        "yours": 1,
    }
    assert report["all"]["count"] == 14 and report["all"]["used"] == pytest.approx(10 / 14)
    assert {name: part["count"] for name, part in report["strokes"].items()} == {
        "1": 9,
        "2": 1,
        "4 or more": 4,
    }


def test_the_worst_writers_come_first_and_those_of_few_drawings_not_at_all():
    own = {n: [line("read", n)] * 10 + [line("misread", n)] * (n % 5) for n in range(1, 15)}
    own[99] = [line("misread", 99)] * 9
    report = slices(
        Reader(),
        {
            "a": [one for drawings in own.values() for one in drawings],
            "b": [line("misread", 1)] * 10,
        },
    )
    worst = report["worst_writers"]
    assert len(worst) == 10
    assert (worst[0]["file"], worst[0]["writer"], worst[0]["used"]) == ("b", 1, 0)
    assert {row["writer"] for row in worst[1:3]} <= {4, 9, 14}
    used = [row["used"] for row in worst]
    assert used == sorted(used) and 99 not in [row["writer"] for row in worst]


@pytest.mark.parametrize("name", HARDSHIPS)
def test_a_hardship_leaves_the_number_of_strokes_and_changes_the_drawing(name):
    rng = np.random.default_rng(0)
    wave = np.stack([np.linspace(0, 1, 50), np.sin(np.linspace(0, 9, 50))], axis=1)
    original = Drawing([wave, wave + 3], 1, 1)
    plain = module._harder(original, lambda stroke, rng: stroke, rng)
    assert np.ptp(np.concatenate(plain.strokes), axis=0).max() == pytest.approx(EXTENT)
    harder = module._harder(original, HARDSHIPS[name], rng)
    assert len(harder.strokes) == 2
    assert any(
        one.shape != other.shape or np.abs(one - other).max() > 3
        for one, other in zip(plain.strokes, harder.strokes, strict=True)
    )


def test_right_is_clockwise():
    """The right end of a level line sinks, as y points down."""
    (end,) = module.turned(30)(np.array([[1.0, 0.0]]), np.random.default_rng(0))
    assert end == pytest.approx([np.cos(np.radians(30)), 0.5])


def test_a_stroke_of_few_points_runs_along_the_stroke():
    corner = np.array([[0.0, 0.0], [3.0, 0.0], [3.0, 3.0]])
    few = module.of_few_points(5)(corner, np.random.default_rng(0))
    np.testing.assert_allclose(few, [[0, 0], [1.5, 0], [3, 0], [3, 1.5], [3, 3]])


def test_letters_are_compared_where_one_digit_in_a_hundred_is_turned_away():
    digits = {"mine": [line("read")] * 99 + [line("turned away")]}
    letters = [line("read", label=65), line("misread", label=65), *[line("turned away")] * 2]
    others = slices(Reader(), digits, letters)["others"]
    assert others == {
        "count": 4,
        "auroc": pytest.approx(1 - (99 * 0.5 + 4 - 1) / 400, abs=0.01),
        "refused": 0.75,
        "accepted": 0.5,
        "sure": 0.5,
    }


@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_auroc_is_the_share_of_pairs_in_order(positive, negative):
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    assert auroc(np.array(positive), np.array(negative)) == pytest.approx(np.mean(pairs))


def test_the_report_is_json_and_a_table():
    report = slices(Reader(), {"mine": FILE * 2}, [line("misread", label=65)])
    assert json.loads(json.dumps(report)) == report
    text = table(report)
    assert all(name in text for name in ["mine", *HARDSHIPS, "Letters and signs", "1 of mine"])
    assert "60.00%" in text
    assert text.splitlines()[1].split()[:2] == ["all", "20"]
