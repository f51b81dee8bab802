"""The figures of studies: any that trials can make are plain and valid."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plotly import graph_objects

from digitcanvas.figures import studies
from digitcanvas.figures.charts import TOP
from digitcanvas.runs import tuning
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Run
from digitcanvas.runs.search_space import varied_in

QUICK = RECIPES["quick"]


def study_of(trials, recipe=QUICK):
    """A study of (accuracy, state, whether it was stopped)."""
    tasks = tuning.plan(recipe, "quick", max(2, len(trials)), varied_in(recipe))
    runs = []
    for task, (accuracy, state, is_poor) in zip(tasks, trials, strict=False):
        run = Run.of(task, state=state, is_poor=is_poor, parameters=tuning.ask(task, runs))
        metrics = {"loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": accuracy}
        if accuracy is not None:
            run = run.extended(Progress(1, 3, 10, 10, metrics))
        runs.append(run)
    return tuning.study_of(tasks[0], runs)


WHOLE = [(0.8, "done", False), (0.9, "done", False), (0.7, "done", True), (0.85, "done", False)]


def test_the_history_counts_trials_from_one_and_rises():
    line, whole, stopped = studies.history_chart(study_of(WHOLE))["data"]
    assert (line["x"], line["y"]) == ([1, 2, 4, 4], [80, 90, 90, 90])
    assert whole["x"] == [1, 2, 4] and stopped["x"] == [3] and stopped["y"] == [70]


def test_the_best_trial_s_line_is_drawn_last_and_stands_out():
    lines = studies.parallel_chart(study_of(WHOLE))["data"]
    assert len(lines) == 3
    assert [line["line"]["color"] == TOP for line in lines] == [False, False, True]
    assert lines[-1]["customdata"][0] == ["accuracy", "0.9"]


def test_the_importances_sum_to_a_hundred_percent_and_the_highest_is_on_top():
    (bars,) = studies.importance_chart(study_of(WHOLE))["data"]
    assert sum(bars["x"]) == pytest.approx(100) and bars["x"] == sorted(bars["x"])
    assert studies.importance_chart(study_of([WHOLE[0]] * 3)) is None
    assert studies.importance_chart(study_of([(None, "running", False)])) is None


TRIALS = st.tuples(
    st.one_of(st.none(), st.floats(0, 1)),
    st.sampled_from(["done", "failed", "cancelled", "running"]),
    st.booleans(),
).filter(lambda trial: trial[0] is not None or trial[1:] != ("done", False))


@settings(max_examples=25, deadline=None)
@given(st.lists(TRIALS, min_size=1, max_size=8), st.sampled_from(["quick", "tiny", "cnn-more"]))
def test_any_study_has_valid_figures(trials, name):
    study = study_of([*trials, (0.5, "done", False)], RECIPES[name])
    for chart in (studies.history_chart, studies.parallel_chart, studies.importance_chart):
        if figure := chart(study):
            json.dumps(figure, allow_nan=False)
            graph_objects.Figure(figure)
