"""How long a training will take: held to runs that were measured on the machine of PACE."""

from dataclasses import replace

import numpy as np
import pytest

from digitcanvas.data.mnist import load_sample, split
from digitcanvas.runs import estimate
from digitcanvas.runs.estimate import PACE, pace, seconds_for, seconds_to_find_rate, split_sizes
from digitcanvas.runs.recipes import RECIPES

MEASURED = [
    ("quick", {}, 28.9),
    ("cnn", {"epochs": 1}, 59.6),
    ("mlp", {"epochs": 1}, 43.9),
    ("mlp-128", {"epochs": 1}, 12.7),
    ("cnn-28", {"epochs": 1}, 28.8),
    ("tiny", {"epochs": 1}, 9.5),
    ("quick", {"sample": True, "pen_copies": 0}, 8.2),
]
"""With the pen drawings, where the recipe learns from them: seconds from press to publication.

Those of quick are the processor's, taken on a busy machine and put at its pace. The others were
measured before epochs were augmented outside TensorFlow's thread, and are a little shorter since.
"""


@pytest.fixture(autouse=True)
def pen(monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    monkeypatch.delenv("DIGITCANVAS_UNIPEN", raising=False)


@pytest.fixture
def same_machine(monkeypatch):
    monkeypatch.setattr(estimate, "pace", lambda: PACE)


@pytest.mark.parametrize(("name", "changes", "seconds"), MEASURED)
def test_runs_are_estimated_within_a_half(same_machine, name, changes, seconds):
    estimated = seconds_for(replace(RECIPES[name], **changes))
    assert 2 / 3 < estimated / seconds < 3 / 2


@pytest.mark.parametrize("name", ["quick", "quick-mlp"])
def test_quick_recipes_take_less_than_a_minute(same_machine, name):
    assert seconds_for(RECIPES[name]) < 60


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 9},
        {"hidden": (2048,)},
        {"filters": (64, 64)},
        {"batch_size": 32},
        {"pen_copies": 9},
        {"outliers": 9000},
    ],
)
def test_more_work_takes_longer(same_machine, change):
    recipe = RECIPES["quick"]
    assert seconds_for(replace(recipe, **change)) > seconds_for(recipe)


def test_drawings_at_hand_take_longer(same_machine, monkeypatch):
    recipe = RECIPES["quick"]
    tutorial = seconds_for(RECIPES["cnn-28"])
    with_pen = seconds_for(recipe)
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", "unipen")
    with_both = seconds_for(recipe)
    without_letters = seconds_for(replace(recipe, outliers=0))
    monkeypatch.delenv("DIGITCANVAS_PEN")
    with_unipen = seconds_for(recipe)
    assert seconds_for(RECIPES["cnn-28"]) == tutorial
    monkeypatch.delenv("DIGITCANVAS_UNIPEN")
    assert seconds_for(recipe) < with_pen < with_unipen < with_both
    assert without_letters < with_unipen  # letters outnumber pen drawings


def test_the_room_s_drawings_take_longer_and_mnist_s_absence_does_not(same_machine):
    recipe = replace(RECIPES["quick"], room="all")
    seconds = [seconds_for(recipe, told) for told in (0, 100, 600, 600_000)]
    assert seconds[0] == seconds_for(RECIPES["quick"]) and seconds == sorted(set(seconds))
    assert seconds_for(replace(recipe, room=""), told=600) == seconds[0]
    alone = replace(recipe, room_only=True)
    assert seconds_for(alone, told=100) < seconds[0] / 2
    assert split_sizes(alone) == (0, 0)


def test_a_slower_machine_takes_longer(same_machine, monkeypatch):
    seconds = seconds_for(RECIPES["quick"])
    monkeypatch.setattr(estimate, "pace", lambda: 3 * PACE)
    assert seconds_for(RECIPES["quick"]) == pytest.approx(3 * seconds)


def test_the_pace_is_a_time():
    assert 0 < pace() < 1


@pytest.mark.parametrize(
    ("name", "changes", "sizes"),
    [
        ("tiny", {}, (48_000, 12_000)),
        ("mlp-128-128", {}, (54_000, 6000)),
        ("mlp-128", {}, (57_000, 3000)),
        ("tiny", {"sample": True}, (3200, 800)),
        ("quick", {"sample": True, "validation_share": 0.01}, (3960, 40)),
    ],
)
def test_the_split_that_is_told_is_the_tutorials(name, changes, sizes):
    assert split_sizes(replace(RECIPES[name], **changes)) == sizes


@pytest.mark.parametrize("share", [0.01, 0.0333, 0.2, 0.9])
def test_the_split_that_is_told_is_the_one_that_is_made(share):
    made = split(len(load_sample().y_train), share, np.random.default_rng(17))
    recipe = replace(RECIPES["tiny"], sample=True, validation_share=share)
    assert split_sizes(recipe) == tuple(map(len, made))


def test_a_search_for_a_rate_takes_as_long_as_its_digits_and_its_network(same_machine):
    tiny, cnn = (seconds_to_find_rate(RECIPES[name]) for name in ("tiny", "cnn"))
    assert 10 < tiny < 60 < cnn < 600
    few = replace(RECIPES["tiny"], sample=True)
    assert seconds_to_find_rate(few) < tiny


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 500},
        {"pen_copies": 9},
        {"outliers": 9000},
        {"schedule": "cosine"},
        {"start": "mlp"},
        {"room": "all"},
        {"room": "all", "room_only": True},
    ],
)
def test_what_a_search_does_not_do_takes_it_no_time(same_machine, change):
    recipe = RECIPES["tiny"]
    assert seconds_to_find_rate(replace(recipe, **change)) == seconds_to_find_rate(recipe)


def test_a_slower_machine_searches_longer(monkeypatch):
    seconds = []
    for value in (PACE, 3 * PACE):
        monkeypatch.setattr(estimate, "pace", lambda value=value: value)
        seconds.append(seconds_to_find_rate(RECIPES["tiny"]))
    assert seconds[1] == pytest.approx(3 * seconds[0])
