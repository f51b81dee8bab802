import time
from dataclasses import replace

import pytest

from digitcanvas.runs.progress import Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import (
    RateSearch,
    Run,
    Training,
    Trial,
    on_sample,
    task_from_json,
    task_to_json,
)

TASKS = [
    Training(RECIPES["quick"], "mine"),
    Training(RECIPES["tiny"], "mine", "/some/where"),
    RateSearch(RECIPES["cnn"]),
    Trial(RECIPES["tiny"], "tiny", "a study", 3, 30, ("learning_rate", "hidden")),
]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_survives_json(task):
    assert task_from_json(task_to_json(task)) == task


@pytest.mark.parametrize("task", TASKS)
def test_a_task_on_the_sample_is_the_same_but_for_that(task):
    assert replace(task, recipe=replace(task.recipe, sample=True)) == on_sample(task) != task


@pytest.mark.parametrize(
    ("batch", "since", "left"), [(50, 10, 30), (150, 30, 10), (0, 10, None), (1, 10, None)]
)
def test_the_time_left_is_judged_by_the_batches_so_far(batch, since, left):
    epoch, batch = divmod(batch, 100)
    run = Run.of(TASKS[0], training_since=time.time() - since)
    run = replace(run, progress=Progress(epoch + 1, 2, batch, 100, {}))
    assert run.seconds_left == (left and pytest.approx(left, rel=0.01))


def test_before_training_nothing_is_known_of_the_time_left():
    assert Run.of(TASKS[0]).seconds_left is None
    drawings = Run.of(TASKS[0], progress=Progress(0, 2, 50, 100, {}))
    assert drawings.seconds_left is None


def test_reports_make_new_runs_and_leave_the_old_one_alone():
    first = Run.of(TASKS[0])
    drawing = first.extended(Progress(0, 2, 50, 100, {}))
    assert (first.progress, first.stage) == (None, "Starting")
    assert drawing.stage == "Making drawings to learn from" and drawing.training_since is None
    metrics = {"loss": 0.5, "accuracy": 0.9}
    trains = drawing.extended(Progress(1, 2, 100, 100, metrics))
    assert trains.stage == "" and trains.training_since is not None
    assert trains.curve.training == ((1.0, 0.5, 0.9),) and drawing.curve.training == ()
    assert (
        trains.extended(Progress(2, 2, 100, 100, metrics)).training_since == trains.training_since
    )


def test_the_share_of_a_training_leaves_room_for_the_drawings_and_a_search_needs_none():
    training, search = [0.05, 0.1, 0.55, 1.0], [0.0, 0.0, 0.5, 1.0]
    shares = {Training: training, Trial: training, RateSearch: search}
    for task in TASKS:
        moments = [(0, 50), (1, 0), (2, 0), (2, 100)]
        found = [
            Run.of(task, progress=Progress(epoch, 2, batch, 100, {})).share
            for epoch, batch in moments
        ]
        assert found == pytest.approx(shares[type(task)])
    assert Run.of(TASKS[0]).share == 0


def test_a_search_s_good_range_is_shaded_once_it_is_done():
    curve = RateCurve(((0.001, 2.0), (0.01, 0.5), (0.1, 3.0)))
    assert Run.of(TASKS[2]).figure is None and Run.of(TASKS[0]).figure is None
    shapes = [
        Run.of(TASKS[2], curve=curve, state=state).figure["layout"]["shapes"]
        for state in ("running", "done")
    ]
    assert shapes[0] == [] and len(shapes[1]) == 1
    guessed = Run.of(TASKS[2], curve=RateCurve(((0.001, 2.3),)), state="done")
    assert guessed.figure["layout"]["shapes"] == []
