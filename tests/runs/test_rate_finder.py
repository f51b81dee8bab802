import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.runs.progress import Progress
from digitcanvas.runs.rate_finder import COUNT, RateCurve, rate_of, recipe_for
from digitcanvas.runs.recipes import LIMITS, RECIPES


def end_of(epoch, rate, loss):
    return Progress(epoch, COUNT, 9, 9, {"loss": loss, "accuracy": 0.5, "learning_rate": rate})


def curve_of(losses):
    return RateCurve(tuple((rate_of(epoch), loss) for epoch, loss in enumerate(losses)))


@pytest.mark.parametrize(
    ("epoch", "rate"), [(0, 1e-4), (20, 1e-3), (40, 1e-2), (50, 0.03162), (60, 0.1), (79, 0.8913)]
)
def test_rates_rise_tenfold_in_twenty_epochs_as_in_the_tutorial(epoch, rate):
    assert rate_of(epoch) == pytest.approx(rate, rel=1e-4)


def test_every_rate_that_is_tried_can_be_trained_with():
    low, high = LIMITS["learning_rate"]
    for epoch in range(COUNT):
        curve = RateCurve(((rate_of(epoch), 1.0),))
        assert low <= curve.choice <= high and low <= rate_of(epoch) <= high


def test_a_curve_takes_what_epochs_ends_tell_and_nothing_else():
    curve = RateCurve()
    batch = Progress(1, COUNT, 3, 9, {"loss": 9.0, "accuracy": 0.1})
    trained = Progress(1, COUNT, 9, 9, batch.metrics | {"val_loss": 8.0, "val_accuracy": 0.2})
    for progress in (batch, end_of(1, 1e-4, 2.3), trained, batch, end_of(2, 2e-4, 2.1)):
        curve = curve.extended(progress)
    assert (curve.rates, curve.losses) == ([1e-4, 2e-4], [2.3, 2.1])


def test_a_curve_stays_as_it_is_when_another_goes_on_from_it():
    curve = RateCurve()
    assert curve.extended(end_of(1, 1e-4, 2.3)).points == ((1e-4, 2.3),)
    assert curve.points == ()


@given(st.floats(0, 2), st.lists(st.floats(0, 1e6), max_size=COUNT - 1))
def test_the_good_range_ends_where_the_loss_is_least_and_is_a_decade_of_those_tried(loss, losses):
    curve = curve_of([*losses, loss])
    low, high = curve.good
    assert high == curve.rates[int(np.argmin([*losses, loss]))]
    assert low == pytest.approx(max(high / 10, 1e-4))


@given(st.lists(st.floats(2.2, 1e6), min_size=1, max_size=COUNT))
def test_where_the_network_only_guesses_no_rate_is_good(losses):
    with pytest.raises(ValueError, match="learned at none of these rates: try another"):
        curve_of(losses).good  # noqa: B018


@given(st.integers(0, COUNT - 1))
def test_the_choice_is_the_good_range_s_middle_on_a_log_axis_to_two_digits(best):
    curve = curve_of([abs(epoch - best) for epoch in range(COUNT)])
    low, high = curve.good
    assert np.log10(curve.choice) == pytest.approx(np.log10([low, high]).mean(), abs=0.02)
    assert len(f"{curve.choice:e}".partition("e")[0].replace(".", "").rstrip("0")) <= 2


def test_the_choice_is_a_number_that_a_person_would_write():
    assert RateCurve(((1e-4, 2.3), (0.01, 0.4), (1.0, 2.5))).choice == 0.0032


def test_before_there_is_a_rate_there_is_no_good_one():
    for name in ("good", "choice"):
        with pytest.raises(ValueError):
            getattr(RateCurve(), name)


@pytest.mark.parametrize("name", RECIPES)
def test_rates_are_tried_on_mnist_alone_and_nothing_else_of_a_recipe_is_changed(name):
    recipe = recipe_for(RECIPES[name])
    assert (recipe.epochs, recipe.schedule, recipe.classes) == (COUNT, "constant", 10)
    assert (recipe.pen_copies, recipe.outliers, recipe.calibrated) == (0, 0, False)
    for kept in ("architecture", "hidden", "filters", "dropout", "batch_size", "optimizer", "loss"):
        assert getattr(recipe, kept) == getattr(RECIPES[name], kept)
    for kept in ("weight_decay", "augment", "normalise", "sample", "validation_share", "seed"):
        assert getattr(recipe, kept) == getattr(RECIPES[name], kept)
