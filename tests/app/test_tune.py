"""Tune: a study is begun, followed, stopped, and its best settings go into the form."""

from dataclasses import replace

import pytest

from digitcanvas.app import visitor
from digitcanvas.app.parts import shared_runs
from digitcanvas.app.state import Key
from digitcanvas.runs import tuning
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Run
from tests.apptest import FakeJobs, a_run, open_session, plots, tell, words

RECIPE = replace(RECIPES["tiny"], epochs=4)


@pytest.fixture
def jobs(monkeypatch):
    jobs = FakeJobs()
    monkeypatch.setattr(shared_runs, "jobs", lambda: jobs)
    return jobs


def study(*accuracies, owner="", vary=("learning_rate", "hidden"), **fields):
    """Trials that went on to their end with these accuracies, each with other values."""
    trials = tuning.plan(RECIPE, "tiny", len(accuracies), vary)
    runs = []
    for trial, accuracy in zip(trials, accuracies, strict=True):
        run = Run.of(trial, owner=owner, state="done", parameters=tuning.ask(trial, runs), **fields)
        metrics = {"loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": accuracy}
        runs.append(run.extended(Progress(4, 4, 10, 10, metrics)))
    return runs


def waiting(runs):
    return [Run.of(run.task, owner=run.owner, state="waiting", id=run.id) for run in runs]


def button(page, key):
    return next((each for each in page.button if each.key == key), None)


def test_a_study_of_the_form_s_recipe_begins_with_one_press(jobs):
    page = open_session("tune").run()
    page.selectbox("recipe").set_value("tiny").run()
    assert button(page, Key.START_STUDY).label == "Start 30 trials of tiny"
    page.slider("trials").set_value(8).run()
    button(page, Key.START_STUDY).click().run()
    assert not page.exception and jobs.asked == ["study"]
    tasks = [run.task for run in jobs.others]
    assert [task.number for task in tasks] == list(range(1, 9))
    assert {task.recipe for task in tasks} == {RECIPES["tiny"]} and tasks[0].base == "tiny"
    assert tasks[0].vary == ("learning_rate", "hidden", "batch_size", "optimizer", "dropout")
    assert "0 of 8 trials have ended" in words(page)


@pytest.mark.parametrize("number", [10**6, -3])
def test_a_number_of_trials_that_no_browser_sends_is_brought_into_range(jobs, number):
    page = open_session("tune").run()
    page.slider("trials").set_value(number).run()
    assert not page.exception
    button(page, Key.START_STUDY).click().run()
    assert not page.exception and len(jobs.others) in (5, 30, 50)


def test_filters_vary_where_there_are_some_and_nothing_is_no_study(jobs):
    page = open_session("tune").run()
    pills = page.button_group("vary_6")
    assert pills.options[-1] == "Filters"
    page.button_group("vary_6").set_value([]).run()
    assert button(page, Key.START_STUDY).disabled
    assert "Choose at least one setting to vary." in words(page)


def test_a_form_out_of_range_begins_nothing(jobs):
    page = open_session("tune").run()
    page.text_input("epochs").set_value("0").run()
    assert button(page, Key.START_STUDY) is None and "Fix the form" in words(page)


def test_why_a_study_cannot_begin_is_said(jobs):
    jobs.refusal = "The disk is almost full."
    page = open_session("tune").run()
    button(page, Key.START_STUDY).click().run()
    assert "The disk is almost full." in words(page)


def test_a_study_is_shown_with_its_best_trial(jobs):
    good, better, middle = study(0.8, 0.9, 0.85)
    jobs.others = [good, better, replace(middle, is_poor=True)]
    page = open_session("tune").run()
    assert "3 of 3 trials have ended, 1 of them early. The best, trial 2, reads **90.00 %**" in (
        words(page)
    )
    assert plots(page).keys() >= {Key.STUDY_HISTORY, Key.STUDY_LINES}
    (table,) = page.table
    hidden = ", ".join(map(str, better.to_do.recipe.hidden))
    assert hidden in str(table.value) and "4, 4" in str(table.value)


def test_importances_are_shown_once_they_mean_something(jobs):
    jobs.others = study(0.8, 0.9, 0.85)
    page = open_session("tune").run()
    assert Key.STUDY_IMPORTANCES in plots(page)
    jobs.others = study(0.8, 0.9, 0.85, vary=["learning_rate"])
    page = open_session("tune").run()
    assert not page.exception and Key.STUDY_IMPORTANCES not in plots(page)


@pytest.mark.parametrize("shares", [(0.8, 0.8, 0.8), (0.0, 0.0, 0.0), (0.5, 0.5)])
def test_trials_that_are_alike_have_figures_too(jobs, shares):
    jobs.others = study(*shares)
    page = open_session("tune").run()
    assert not page.exception


def test_the_best_settings_go_into_the_form_with_one_press(jobs):
    jobs.others = study(0.8, 0.9)
    page = open_session("tune").run()
    button(page, Key.TAKE_BEST).click().run()
    best = jobs.others[1].to_do.recipe
    assert page.selectbox("recipe").value == "tiny"
    assert page.text_input("hidden").value == ", ".join(map(str, best.hidden))
    assert page.text_input("learning_rate").value == str(best.learning_rate)
    assert page.text_input("epochs").value == "4"
    assert "now has the best trial's settings" in page.toast[0].value


def test_a_study_can_be_stopped_by_whoever_began_it(jobs, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_LEADER_CODE", "a code of theirs")
    monkeypatch.setattr(visitor, "token", lambda: "ann")
    ended, second = study(0.8, 0.9, owner="ann")
    jobs.others = [ended, *waiting([second])]
    page = open_session("tune").run()
    button(page, Key.STOP_STUDY).click().run()
    assert jobs.asked == ["cancel study"] and button(page, Key.STOP_STUDY) is None
    jobs.others = [ended, *waiting([second])]
    monkeypatch.setattr(visitor, "token", lambda: "bob")
    other = open_session("tune").run()
    assert button(other, Key.STOP_STUDY) is None


def test_studies_are_chosen_from_a_list(jobs, monkeypatch):
    monkeypatch.setattr(visitor, "token", lambda: "ann")
    first, second = study(0.8, 0.9, owner="ann"), study(0.7, 0.6)
    jobs.others = [*first, *second]
    page = open_session("tune").run()
    chosen = page.selectbox("studies")
    assert sorted(chosen.options) == [
        "tiny, 2 trials (learning rate, layers and their widths)",
        "tiny, 2 trials (learning rate, layers and their widths, yours)",
    ]
    chosen.set_value(first[0].task.study).run()
    assert "trial 2, reads **90.00 %**" in words(page)


def test_the_list_of_runs_has_one_row_for_the_trials_that_wait(jobs):
    runs = study(0.8, 0.9, 0.7)
    jobs.run = replace(runs[0], state="running")
    jobs.others = [*waiting(runs[1:]), a_run(state="waiting")]
    rows = shared_runs.queue(jobs.runs(), 1)
    assert [(row["name"], row["count"]) for row in rows] == [
        ("Trial 1 of 3: tiny", 1),
        ("2 trials of tiny", 2),
        ("mine", 1),
    ]
    page = open_session().run()
    assert rows[1]["id"] == f"study:{runs[0].task.study}"
    tell(page, "queue", "asked", {"cancel": rows[1]["id"]}, fragment_of="queue")
    assert jobs.asked == ["cancel waiting"] and jobs.run.is_running


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "running"}, "Trial 1 of 2: tiny"),
        ({}, "**Trial 1 of 2: tiny** read 80.00 % of the validation digits."),
        ({"is_poor": True}, "read 80.00 % of the validation digits before it was stopped."),
        ({"state": "failed", "error": "No memory."}, "Trial 1 of 2 failed."),
        ({"state": "cancelled"}, "Trial 1 of 2 was cancelled."),
    ],
)
def test_the_panel_shows_a_trial(jobs, fields, said):
    page = open_session("train").run()
    jobs.run = replace(study(0.8, 0.9)[0], **fields)
    page.run()
    assert not page.exception and said in words(page)


def test_a_failed_trial_is_named_and_offers_no_training(jobs):
    failed = replace(study(0.8, 0.9)[0], state="failed", error="MNIST is [away](x).", offline=True)
    jobs.run = failed
    page = open_session("tune").run()
    assert r"MNIST is \[away\](x)." in page.error[0].value
    assert button(page, Key.TAKE_SAMPLE) is None
