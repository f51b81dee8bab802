"""What the soak benchmark takes for a rise."""

from dataclasses import replace

import pytest

from tests.benchmarks.soak import State, medians, risen

FLAT = State(150, 20, 30)


def test_a_rise_of_more_than_5_percent_is_told_and_a_fall_is_none():
    lower = State(100, 15, 25)
    assert risen([FLAT, lower, replace(FLAT, memory_mb=157)]) == {}
    rises = risen([FLAT, replace(FLAT, memory_mb=165, files=33), FLAT])
    assert rises == pytest.approx({"memory_mb": 0.1, "files": 0.1})


def test_a_moment_s_visitors_do_not_count():
    assert medians([FLAT, FLAT, State(150, 40, 90)]) == FLAT
