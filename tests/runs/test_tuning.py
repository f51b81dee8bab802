"""Studies: what they vary, which values come next, and which trials are stopped."""

from dataclasses import replace

import pytest

from digitcanvas.runs import tuning
from digitcanvas.runs.recipes import RECIPES, WIDEST
from digitcanvas.runs.run import Run, task_from_text, task_to_text
from digitcanvas.runs.search_space import SCALES, changed, own_values, space, varied_in
from tests import studies

TINY = RECIPES["tiny"]


def reached(accuracy, epochs=20, **fields):
    trial, _ = tuning.plan(TINY, "tiny", 2, ["learning_rate"])
    return studies.reached(trial, epochs, accuracy, parameters={"learning rate": 0.01}, **fields)


def whole(accuracy, **fields):
    return reached(accuracy, state="done", **fields)


@pytest.mark.parametrize("name", RECIPES)
def test_any_recipe_can_be_varied_and_its_own_values_change_nothing(name):
    recipe = RECIPES[name]
    (first, second) = tuning.plan(recipe, name, 2, varied_in(recipe))
    assert task_from_text(task_to_text(first)) == first
    own = tuning.ask(first, [])
    assert own == own_values(recipe, space(recipe, varied_in(recipe)))
    assert changed(recipe, own) == recipe
    begun = Run.of(first, parameters=own)
    others = tuning.ask(second, [begun])
    assert others != own and begun.to_do.recipe == recipe
    varied = Run.of(second, parameters=others).to_do
    assert varied.recipe != recipe
    assert varied.recipe.epochs == recipe.epochs


def test_the_first_trial_is_random_where_the_recipe_s_own_values_are_not_among_those_to_try():
    recipe = replace(TINY, learning_rate=0.5)
    trial, _ = tuning.plan(recipe, "tiny", 2, ["learning_rate"])
    assert 1e-4 <= tuning.ask(trial, [])["learning rate"] <= 0.1


def test_a_dropout_between_those_to_try_is_no_first_trial_and_breaks_no_study():
    recipe = replace(TINY, dropout=0.33)
    first, second = tuning.plan(recipe, "tiny", 2, ["dropout"])
    values = tuning.ask(first, [])
    assert values["dropout"] != 0.33
    odd = Run.of(first, parameters={"dropout": 0.33}, state="done")  # by another version
    assert tuning.ask(second, [odd]) and tuning.study_of(first, [odd]).trials == []
    assert not tuning.is_poor(odd, [])


def test_a_trial_that_waits_again_is_not_in_the_study():
    run = whole(0.9)
    assert tuning.study_of(run.task, [replace(run, state="waiting")]).trials == []


def test_widths_stay_near_the_recipe_s_own():
    widths = space(TINY, ["hidden"])
    assert (widths["layers"].low, widths["layers"].high) == (1, 3)
    assert (widths["width 2"].low, widths["width 2"].high) == (2, 16)
    assert changed(TINY, {"layers": 1, "width 1": 8, "width 2": 2}).hidden == (8,)
    wide = space(replace(TINY, hidden=(WIDEST["hidden"], 1)), ["hidden"])["width 1"]
    assert (wide.low, wide.high) == (1, WIDEST["hidden"])


def test_filters_are_scaled_within_their_limits():
    recipe = replace(RECIPES["plain-cnn" if "plain-cnn" in RECIPES else "cnn"], filters=(1, 128))
    assert [changed(recipe, {"filters": scale}).filters for scale in SCALES] == [
        (1, 64),
        (1, 128),
        (2, 128),
    ]


def test_who_goes_on_from_a_network_keeps_its_layers():
    assert not {"hidden", "filters"} & set(varied_in(RECIPES["cnn-more"]))
    assert "filters" not in varied_in(TINY) and "filters" in varied_in(RECIPES["quick"])


@pytest.mark.parametrize(
    ("count", "vary", "message"),
    [
        (1, ["dropout"], "A study has 2 to 50 trials, not 1"),
        (51, ["dropout"], "A study has 2 to 50 trials, not 51"),
        (5, [], "Choose at least one setting to vary"),
        (5, ["filters"], "'filters' cannot be varied here: choose learning_rate, hidden"),
        (5, ["epochs"], "'epochs' cannot be varied here"),
    ],
)
def test_a_study_of_nothing_is_refused(count, vary, message):
    with pytest.raises(ValueError, match=message):
        tuning.plan(TINY, "tiny", count, vary)


def test_the_same_study_gives_the_same_values():
    trials = tuning.plan(TINY, "tiny", 30, ["learning_rate", "hidden"])
    begun = [Run.of(trials[0], parameters=tuning.ask(trials[0], []))]
    assert tuning.ask(trials[1], begun) == tuning.ask(trials[1], begun)
    assert tuning.ask(trials[1], begun) != tuning.ask(trials[2], begun)


def test_only_a_trial_that_does_worse_than_most_is_stopped():
    others = [whole(0.8), whole(0.85), whole(0.9)]
    assert tuning.is_poor(reached(0.7, epochs=2), others)
    assert not tuning.is_poor(reached(0.95, epochs=2), others)
    assert not tuning.is_poor(reached(0.7, epochs=2), others[:2])  # too few to compare with
    assert not tuning.is_poor(reached(0.7, epochs=1), others)  # too early
    stopped = [whole(0.99, epochs=1, is_poor=True) for _ in range(3)]
    assert tuning.is_poor(reached(0.86, epochs=5), others + stopped)


def test_the_best_is_a_whole_one():
    good, poor = whole(0.9), whole(0.99, epochs=1, is_poor=True)
    failed = Run.of(good.task, parameters=good.parameters, state="failed")
    assert tuning.best([whole(0.8), good, poor, failed, reached(0.99)]) is good
    assert tuning.best([poor, failed]) is None and tuning.accuracy(failed) is None
    study = tuning.study_of(good.task, [good, poor, failed, Run.of(good.task, state="waiting")])
    assert study.best_value == tuning.accuracy(good) and len(study.trials) == 3


def test_a_study_finds_the_good_rate_in_the_time_of_two_fifths_of_its_trials():
    """By a stand-in for training, of which the best values are known."""
    runs = studies.whole_study(tuning.plan(TINY, "tiny", 30, ["learning_rate", "optimizer"]))
    best = tuning.best(runs).parameters
    assert 0.0025 < best["learning rate"] < 0.006 and best["optimizer"] != "sgd"
    assert sum(len(run.curve.validation) for run in runs) / TINY.epochs <= 12
    assert sum(run.is_poor for run in runs) > 15
