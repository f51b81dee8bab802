"""The training form and panel, without a browser, and with another process behind them."""

import json
import re
import shutil
import time
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from digitcanvas.app.news import watcher
from digitcanvas.app.parts import shared_models
from digitcanvas.app.state import SESSION
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.networks import family
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.recipes import RECIPES, Recipe
from digitcanvas.runs.run import Training, on_sample
from tests.apptest import (
    a_run,
    data,
    keys,
    open_session,
    plots,
    progress,
    publish,
    tell,
    turn_to,
    words,
)

SAMPLE = "The bundled sample of MNIST"
MNIST = "All of MNIST"
WITH_PEN = "All of MNIST and pen drawings"
PROGRESS = Progress(2, 2, 250, 1000, {"loss": 0.5, "accuracy": 0.8})
CURVE = LearningCurve(((0.5, 2.0, 0.25), (1.0, 1.0, 0.5)), ((1.0, 0.75, 0.625),))


@pytest.fixture
def panel(page, jobs):
    """Gives the panel of the page that shows a run."""

    def show(run=None):
        jobs.run = run or jobs.run
        page.run()
        assert not page.exception
        return page.get_by_key("training")

    return show


def test_without_a_run_there_is_no_panel(page, jobs):
    page.run()
    assert not page.exception
    with pytest.raises(KeyError):
        page.get_by_key("training")


@pytest.mark.parametrize(
    ("fields", "text", "percent"),
    [
        ({}, "Starting …", 0),
        ({"stage": "Fetching the digits"}, "Fetching the digits …", 0),
        (
            {
                "stage": "Making drawings to learn from",
                "progress": Progress(0, 2, 2000, 8000, {}),
            },
            "Making drawings to learn from …",
            2,
        ),
        ({"stage": "", "progress": replace(PROGRESS, epoch=1)}, "Epoch 1 of 2", 21),
        ({"stage": "", "progress": PROGRESS}, "Epoch 2 of 2", 66),
        (
            {"stage": "Measuring and publishing", "progress": replace(PROGRESS, batch=1000)},
            "Measuring and publishing …",
            100,
        ),
    ],
)
def test_a_run_tells_what_it_does_and_how_far_it_is(panel, fields, text, percent):
    shows = panel(a_run(**fields))
    assert "**Training mine**" in words(shows)
    assert progress(shows) == (text, percent)
    assert keys(shows) == ["cancel"] and not shows.error


@pytest.mark.parametrize(("since", "left"), [(10, "6 s left"), (300, "3 minutes left")])
def test_a_run_in_training_tells_how_long_it_will_take(panel, monkeypatch, since, left):
    now = time.time()
    monkeypatch.setattr("digitcanvas.runs.run.time", SimpleNamespace(time=lambda: now))
    run = a_run(stage="", progress=PROGRESS, training_since=now - since)
    assert progress(panel(run))[0] == f"Epoch 2 of 2, {left}"


def test_the_curves_come_with_the_first_point(panel, page):
    panel(a_run(stage="", progress=PROGRESS))
    assert "curves" not in plots(page)
    panel(a_run(stage="", progress=PROGRESS, curve=CURVE))
    losses = next(line for line in plots(page)["curves"]["data"] if line["name"] == "training")
    assert losses["x"] == [0.5, 1] and losses["y"] == [2, 1]


def test_a_cancelled_run_is_news_to_who_saw_it_and_to_nobody_else(panel, page, jobs):
    panel(a_run())
    jobs.run = replace(jobs.run, state="cancelled")
    assert "was cancelled" in words(panel())
    other = open_session().run()
    with pytest.raises(KeyError):
        other.get_by_key("training")
    jobs.run = a_run(state="cancelled")
    other.run()
    assert "was cancelled" in words(other.get_by_key("training"))


def test_cancel_stops_the_run_and_says_that_nothing_is_left(panel, page, jobs):
    panel(a_run())
    page.button(key="cancel").click().run()
    assert jobs.asked == ["cancel"]
    shows = panel()
    assert "The training of “mine” was cancelled. Nothing was kept." in words(shows)
    assert keys(shows) == ["close"] and not shows.error


def test_a_run_that_cannot_publish_tells_why_and_tries_again_when_asked(panel, page, jobs):
    shows = panel(a_run(problem="The disk is full.", stage="Measuring and publishing"))
    assert shows.error[0].value == "The disk is full."
    assert keys(shows) == ["cancel", "publish_again"]
    page.button(key="publish_again").click().run()
    assert jobs.asked == ["publish_again"]
    assert keys(panel()) == ["cancel"]


def test_a_run_that_is_done_tells_what_was_learnt(panel, page, home):
    publish(home, "mine")
    shows = panel(a_run(state="done", curve=CURVE))
    assert "**mine** is trained. It is in the sidebar." in words(shows)
    card = registry.read_card(home / "mine")
    (table,) = shows.table
    assert list(table.value.columns) == [
        "network",
        "accuracy on the MNIST test set",
        "loss",
        "accuracy on drawings by writers kept out",
    ]
    assert table.value.values.tolist() == [
        ["untrained", "9.51 %", "2.3456", ""],
        [
            "trained",
            f"{card.test['accuracy'] * 100:.2f} %",
            f"{card.test['loss']:.4f}",
            f"{card.metrics['pen']['accuracy'] * 100:.2f} %",
        ],
    ]
    assert "Trained in 10 minutes." in words(shows)
    assert "curves" in plots(page) and keys(shows) == ["close"]


def test_a_result_without_a_measure_before_shows_the_one_after(panel, home):
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    card = json.loads((home / "mine" / registry.CARD).read_text())
    (home / "mine" / registry.CARD).write_text(json.dumps(card | {"untrained": {}}))
    (table,) = panel(a_run(state="done")).table
    (row,) = table.value.values.tolist()
    assert row[0] == "trained" and len(row) == 4


def test_a_result_that_has_been_removed_is_not_measured(panel, home):
    publish(home, "mine")
    registry.remove("mine")
    shows = panel(a_run(state="done"))
    assert "someone has removed it since" in words(shows)
    assert not shows.table and keys(shows) == ["close"]


def test_a_run_that_failed_tells_why(panel, page):
    shows = panel(a_run(state="failed", error="The memory is full.", curve=CURVE))
    assert "“mine” was not trained" in words(shows)
    assert shows.error[0].value == "The memory is full."
    assert keys(shows) == ["close"] and "curves" in plots(page)


def test_without_mnist_the_bundled_sample_is_one_press_away(panel, page, jobs):
    failed = a_run(state="failed", error="MNIST could not be downloaded.", offline=True)
    shows = panel(failed)
    assert shows.error[0].value == "MNIST could not be downloaded."
    assert keys(shows) == ["close", "take_sample"]
    page.button(key="take_sample").click().run()
    assert jobs.run.task == on_sample(failed.task)
    assert keys(panel()) == ["cancel"]


def test_a_sample_that_cannot_be_taken_is_a_message_that_stays_with_its_run(panel, page, jobs):
    """The panel runs again every few seconds."""
    panel(a_run(state="failed", error="MNIST could not be downloaded.", offline=True))
    jobs.refusal = "The disk is almost full."
    page.button(key="take_sample").click().run()
    assert jobs.asked == []
    for _ in range(2):
        assert panel().error[1].value == "The disk is almost full."
    (error,) = panel(a_run(state="failed", error="The memory is full.")).error
    assert error.value == "The memory is full."


def test_a_name_taken_meanwhile_is_numbered_for_the_sample(panel, page, jobs, home):
    panel(a_run(state="failed", error="MNIST could not be downloaded.", offline=True))
    publish(home, "mine")
    page.button(key="take_sample").click().run()
    assert jobs.run.task.name == "mine-2"


def test_close_hides_one_run_from_one_session(panel, page, jobs):
    panel(a_run(state="failed", error="The memory is full."))
    page.button(key="close").click().run()
    with pytest.raises(KeyError):
        page.get_by_key("training")
    other = open_session().run()
    assert keys(other.get_by_key("training")) == ["close"]
    assert keys(panel(a_run())) == ["cancel"]


def test_everybody_sees_a_run_and_anybody_may_cancel_it(page, jobs):
    other = open_session().run()
    page.run()
    page.button(key="retrain").click().run()
    other.bring_news()
    assert keys(other.get_by_key("training")) == ["cancel"]
    other.button(key="cancel").click().run()
    assert jobs.run.state == "cancelled"
    page.bring_news()
    assert keys(page.get_by_key("training")) == ["close"]
    assert not page.button(key="retrain").disabled


def test_news_reruns_the_fragments_that_show_it_and_not_the_page(page, jobs, home):
    def panel():
        return page.get_by_key("training")

    watcher.look()
    page.run()
    assert page.bring_news() == set()
    jobs.start(Training(RECIPES["quick"], "theirs"))
    assert page.bring_news() == {"news_start", "news_panel"}
    assert keys(panel()) == ["cancel"]
    jobs.run = replace(jobs.run, stage="", progress=PROGRESS)  # the page's scripts paint it
    assert page.bring_news() == set()
    jobs.run = replace(jobs.run, curve=CURVE)
    assert page.bring_news() == {"news_panel"}
    assert "curves" in plots(page)
    jobs.run = replace(jobs.run, problem="The disk is full.")
    assert page.bring_news() == {"news_panel"}
    assert keys(panel()) == ["cancel", "publish_again"]
    publish(home, "theirs")
    assert page.bring_news() == {"news_switch", "news_form", "news_panel"}
    assert "theirs" in page.segmented_control(key="model").options
    jobs.finish(home, "theirs")
    assert {"news_start", "news_panel"} <= page.bring_news()
    assert "**theirs** is trained" in words(panel())
    registry.remove("theirs")
    page.bring_news()
    assert "someone has removed it since" in words(panel())
    assert not page.exception and page.runs == 1


def test_on_train_the_search_and_the_curves_follow_too(page, jobs, home):
    watcher.look()
    turn_to(page, "train").run()
    jobs.start(Training(RECIPES["quick"], "theirs"))
    assert page.bring_news() == {"news_start", "news_panel"}
    publish(home, "theirs")
    assert page.bring_news() == {"news_switch", "news_form", "news_panel", "news_curves"}
    assert page.multiselect(key="learnt").options == ["CNN", "MLP", "theirs"]
    assert not page.exception and page.runs == 1


def test_a_page_that_knows_the_news_is_not_rerun_for_it(page, jobs):
    """As that of who starts a run, and that of who opens it later."""
    page.run()
    page.button(key="retrain").click().run()
    other = open_session().run()
    assert page.bring_news() == other.bring_news() == set()


def test_who_presses_sees_it_all_over_the_page_at_once(panel, page, jobs):
    panel(a_run())
    page.button(key="cancel").click()
    page.run_fragment_of("cancel")
    assert keys(page.get_by_key("training")) == ["close"]
    assert not page.button(key="retrain").disabled
    page.button(key="retrain").click()
    page.run_fragment_of("retrain")
    assert keys(page.get_by_key("training")) == ["cancel"]


def test_no_part_of_any_page_reruns_because_time_passes(page, jobs):
    for run in (None, a_run(), a_run(state="failed", error="The memory is full.")):
        jobs.run = run
        for path in ("", "data", "train", "evaluate"):
            turn_to(page, path)
            page.run()
            assert not page.exception and not page.clocks


# The form


@pytest.fixture
def form(page, jobs):
    """A page whose form was filled in, and has not been sent."""
    page.run()
    return page


def choose(page, recipe):
    page.selectbox(key="recipe").set_value(recipe).run()
    assert not page.exception and not page.error


def send(page, jobs):
    """Press Retrain. Gives the recipe that leads to."""
    assert not page.button(key="retrain").disabled
    page.button(key="retrain").click().run()
    assert not page.exception and not page.error
    return jobs.run.task.recipe


def test_every_recipe_is_offered_by_the_kind_of_its_network(form):
    offered = form.selectbox(key="recipe").options
    assert len(set(offered)) == len(RECIPES)
    for title, recipe in zip(offered, RECIPES.values(), strict=True):
        assert family(recipe) in title.split(":")[0]


def test_one_press_trains_the_quick_recipe(form, jobs):
    assert send(form, jobs) == replace(RECIPES["quick"], pen_copies=0)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_left_as_it_is_is_what_will_be_trained(form, jobs, monkeypatch, name):
    """Also after a change to another."""
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    other = "quick-mlp" if name == "quick" else "quick"
    choose(form, other)
    form.text_input(key="epochs").set_value("499")
    form.text_input(key="hidden").set_value("7, 7")
    form.text_input(key="seed").set_value("99").run()
    choose(form, name)
    assert form.selectbox(key="data").value == (WITH_PEN if RECIPES[name].pen_copies else MNIST)
    assert send(form, jobs) == RECIPES[name]
    assert jobs.run.task.name == ("quick" if name == "quick" else registry.free_name(name))


@pytest.mark.parametrize("name", RECIPES)
def test_without_pen_drawings_a_recipe_does_without_them(form, jobs, name):
    choose(form, name)
    assert send(form, jobs) == replace(RECIPES[name], pen_copies=0)


@pytest.mark.parametrize(
    ("kind", "field", "entered", "expected"),
    [
        ("text_input", "epochs", " 7 ", 7),
        ("text_input", "batch_size", "64", 64),
        ("text_input", "learning_rate", "0.00125", 0.00125),
        ("text_input", "learning_rate", "0,00125", 0.00125),
        ("text_input", "learning_rate", "1e-3", 0.001),
        ("text_input", "validation_share", "0,2", 0.2),
        ("text_input", "seed", "0", 0),
        ("selectbox", "optimizer", "sgd", "sgd"),
        ("selectbox", "optimizer", "rmsprop", "rmsprop"),
        ("selectbox", "loss", "sparse_categorical_crossentropy", "sparse_categorical_crossentropy"),
        ("selectbox", "schedule", "constant", "constant"),
        ("text_input", "hidden", " 64 32,16", (64, 32, 16)),
        ("text_input", "hidden", "", ()),
        ("text_input", "filters", "8", (8,)),
        ("slider", "dropout", 0.45, 0.45),
        ("toggle", "augment", False, False),
        ("toggle", "normalise", False, False),
    ],
)
def test_a_setting_changed_is_all_that_changes(form, jobs, kind, field, entered, expected):
    getattr(form, kind)(key=field).set_value(entered).run()
    unchanged = replace(RECIPES["quick"], pen_copies=0)
    assert send(form, jobs) == replace(unchanged, **{field: expected}) != unchanged


def test_every_setting_of_a_recipe_has_a_widget_or_belongs_to_what_it_starts_from(form):
    widgets = {node.key for node in form.sidebar if getattr(node, "key", None)}
    of_the_base = {"architecture", "weight_decay", "pen_copies", "outliers", "calibrated", "start"}
    of_the_data = {"sample", "room", "room_only"}
    assert {field.name for field in fields(Recipe)} - of_the_base - of_the_data <= widgets


def test_the_sample_is_learnt_from_without_pen_drawings(form, jobs, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    form.run()
    assert form.selectbox(key="data").options == [WITH_PEN, MNIST, SAMPLE]
    form.selectbox(key="data").set_value(SAMPLE).run()
    assert send(form, jobs) == replace(RECIPES["quick"], sample=True, pen_copies=0)


@pytest.mark.parametrize(("name", "copies"), [("cnn", 4), ("quick", 1), ("cnn-28", 1)])
def test_pen_drawings_are_taken_as_often_as_a_recipe_says_and_once_at_least(
    form, jobs, monkeypatch, name, copies
):
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    choose(form, name)
    form.selectbox(key="data").set_value(WITH_PEN).run()
    assert send(form, jobs).pen_copies == copies


def test_pen_drawings_are_offered_only_where_there_are_any(form):
    assert form.selectbox(key="data").options == [MNIST, SAMPLE]


def test_unipen_s_drawings_are_pen_drawings_and_named(form, jobs, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", "unipen")
    choose(form, "quick")
    form.selectbox(key="data").set_value(WITH_PEN).run()
    assert "57,000 digits and UNIPEN's drawings" in words(form.sidebar)
    form.selectbox(key="data").set_value(MNIST).run()
    assert "UNIPEN" not in words(form.sidebar)


def test_the_split_is_told_roughly_where_it_is_by_writer(form, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_MNIST_WRITERS", "writers.npz")
    form.run()
    assert "Trains on about 57,000 digits, validates on about 3,000." in words(form.sidebar)
    form.selectbox(key="data").set_value(SAMPLE).run()
    assert "Trains on 3,800 digits, validates on 200." in words(form.sidebar)


def test_who_chose_the_sample_keeps_it_with_another_recipe(form, jobs):
    form.selectbox(key="data").set_value(SAMPLE).run()
    choose(form, "mlp-128")
    assert send(form, jobs) == replace(RECIPES["mlp-128"], sample=True)


@pytest.mark.parametrize(
    ("recipe", "field", "text", "complaint"),
    [
        ("quick", "hidden", "wide", "Hidden layers: 'wide' is not a list of layers"),
        ("quick", "filters", "16; 32", "Filters: '16; 32' is not a list of layers"),
        ("quick", "filters", "", "Filters: this kind of network takes 1 to 2, not 0"),
        ("quick", "filters", "129", "Filters: 129 is out of range"),
        ("quick", "hidden", "0", "Hidden layers: 0 is out of range"),
        ("quick", "hidden", "-5", "Hidden layers: -5 is out of range"),
        ("quick", "hidden", "9 9 9 9", "Hidden layers: this kind of network takes 0 to 3, not 4"),
        ("quick-mlp", "hidden", "", "Hidden layers: this kind of network takes 1 to 5, not 0"),
        ("quick-mlp", "hidden", "64, 2049", "Hidden layers: 2049 is out of range"),
    ],
)
def test_layers_that_cannot_be_are_a_message_until_they_can(
    form, jobs, recipe, field, text, complaint
):
    choose(form, recipe)
    good = form.text_input(key=field).value
    form.text_input(key=field).set_value(text).run()
    assert not form.exception
    (error,) = form.sidebar.error
    assert complaint in error.value
    assert form.button(key="retrain").disabled
    form.text_input(key=field).set_value(good).run()
    assert not form.sidebar.error
    assert send(form, jobs) == replace(RECIPES[recipe], pen_copies=0)


@pytest.mark.parametrize(
    ("field", "text", "complaint"),
    [
        ("epochs", "0", "Epochs: 0 is out of range. Choose a number from 1 to 500."),
        ("epochs", "1e9", "Epochs: '1e9' is not a whole number: write digits alone, such as 5."),
        ("epochs", "", "Epochs: '' is not a whole number"),
        ("epochs", "2,5", "Epochs: '2,5' is not a whole number"),
        ("learning_rate", "5", "Learning rate: 5 is out of range. Choose a number from 0.000001"),
        ("learning_rate", "fast", "Learning rate: 'fast' is not a number such as 0.005."),
        ("learning_rate", "nan", "Learning rate: nan is out of range"),
        ("validation_share", "5 %", "Validation share: '5 %' is not a number"),
        ("batch_size", "5000", "Batch size: 5000 is out of range. Choose a number from 8 to 1,024"),
        ("seed", "-1", "Seed: -1 is out of range. Choose a number from 0 to 2,147,483,647."),
    ],
)
def test_a_number_that_cannot_be_is_a_message_and_not_the_number_before(
    form, jobs, field, text, complaint
):
    form.text_input(key=field).set_value(text).run()
    assert not form.exception
    (error,) = form.sidebar.error
    assert error.value.startswith(complaint)
    assert form.button(key="retrain").disabled


@pytest.fixture
def untrainable(monkeypatch):
    """An installation without TensorFlow."""
    monkeypatch.setattr("digitcanvas.runs.process.training_needs", lambda: "Install TensorFlow.")


def test_an_installation_that_cannot_train_says_what_to_install(form, untrainable):
    form.run()
    assert not form.exception and not form.error
    assert "retrain" not in keys(form.sidebar)
    assert [note.value for note in form.sidebar.info] == ["Install TensorFlow."]
    assert form.selectbox(key="recipe").value == "quick"
    assert not [line.value for line in form.sidebar.caption if "on this machine" in line.value]
    assert data(form, "tour") == {"canTrain": False}
    turn_to(form, "train").run()
    assert not form.exception and not form.error
    assert "find_rate" not in keys(form)
    assert [note.value for note in form.main.info] == ["Install TensorFlow."]


def test_an_installation_that_can_train_says_so_in_the_tour(form):
    form.run()
    assert data(form, "tour") == {"canTrain": True}


@pytest.mark.parametrize("path", ["", "data", "train", "evaluate"])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_an_installation_that_cannot_train_bids_nobody_to_train(
    form, broken, untrainable, path, is_damaged
):
    """Not where a network lacks curves either, or where there is no network at all."""
    for name in ("cnn", "mlp"):
        card = json.loads((broken / name / "card.json").read_text())
        (broken / name / "card.json").write_text(json.dumps(card | {"history": {}}))
        if is_damaged:
            (broken / name / "model.tflite").unlink()
    page = turn_to(form, path).run()
    assert not page.exception
    kinds = page.markdown, page.info, page.warning, page.error, page.caption
    said = " ".join(element.value for kind in kinds for element in kind)
    assert "No network can be used" in said if is_damaged else said
    assert not re.search(r"\*Retrain\*|[Tt]rain one|[Tt]rain it", said), said


def test_spaces_around_a_name_are_left_out(form, jobs):
    form.text_input(key="name").set_value(" Anna ")
    send(form, jobs)
    assert jobs.run.task.name == "Anna"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("cnn", "already"),
        ("MINE", "already"),
        ("a b", "up to 40 letters"),
        ("../up", "cannot name a model"),
    ],
)
def test_a_name_that_cannot_be_is_a_message_and_starts_nothing(form, jobs, home, name, complaint):
    publish(home, "mine")
    form.text_input(key="name").set_value(name)
    form.button(key="retrain").click().run()
    assert not form.exception and jobs.run is None
    assert complaint in form.sidebar.error[0].value
    form.text_input(key="name").set_value("ours").run()
    assert not form.sidebar.error
    send(form, jobs)
    assert jobs.run.task.name == "ours"


def test_without_a_name_the_result_is_called_as_its_recipe_and_numbered(form, jobs, home):
    publish(home, "quick")
    form.run()
    assert form.text_input(key="name").placeholder == "quick-2"
    send(form, jobs)
    assert jobs.run.task.name == "quick-2"


def test_a_name_is_used_once(form, jobs, home):
    form.text_input(key="name").set_value("ours")
    send(form, jobs)
    jobs.finish(home)
    form.run()
    assert form.text_input(key="name").value == ""
    send(form, jobs)
    assert jobs.run.task.name == "quick"


def test_a_start_that_fails_is_a_message(form, jobs):
    jobs.refusal = "The disk is almost full."
    form.button(key="retrain").click().run()
    assert not form.exception and jobs.run is None
    assert form.sidebar.error[0].value == "The disk is almost full."


def test_retrain_always_accepts_and_says_that_the_run_will_wait(form, jobs):
    send(form, jobs)
    other = open_session().run()
    for session in (form, other):
        captions = [caption.value for caption in session.sidebar.caption]
        assert "Other runs are under way: yours joins the queue." in captions
    other.button(key="retrain").click().run()
    assert [run.state for run in jobs.runs()] == ["running", "waiting"]
    assert jobs.run.owner != jobs.others[0].owner
    shows = other.get_by_key("training")
    assert "**quick** waits for other runs" in words(shows) and keys(shows) == ["cancel"]
    assert "Training quick" in words(form.get_by_key("training"))


def queued(page):
    """The list of runs that a page shows: who each belongs to, and its words; None without one."""
    found = data(page, "queue")
    return found and [(row["id"] in found["own"], row["words"]) for row in found["queue"]]


def test_everybody_sees_the_queue_and_what_in_it_is_their_own(form, jobs):
    assert queued(form) is None
    send(form, jobs)
    other = open_session().run()
    other.button(key="retrain").click().run()
    form.run()
    line = "Next: it starts in about 60 s."
    assert queued(form) == [(True, ""), (False, line)]
    assert queued(other) == [(False, ""), (True, line)]


def test_a_run_that_waits_can_be_cancelled_and_put_first(form, jobs):
    for _ in range(3):
        form.button(key="retrain").click().run()
    second, third = jobs.others
    tell(form, "queue", "asked", {"first": third.id}, fragment_of="queue")
    assert jobs.others == [third, second]
    tell(form, "queue", "asked", {"cancel": third.id}, fragment_of="queue")
    assert jobs.others == [second] and jobs.asked[3:] == ["first", "cancel"]
    assert not form.exception


@pytest.mark.parametrize("asked", [None, {}, {"cancel": 7}, {"first": []}, ["cancel"], "cancel"])
def test_odd_wishes_of_the_queue_do_nothing(form, jobs, asked):
    for _ in range(2):
        form.button(key="retrain").click().run()
    tell(form, "queue", "asked", asked, fragment_of="queue")
    assert not form.exception and len(jobs.asked) == 2


def test_a_wish_that_cannot_be_met_is_a_message(form, jobs, monkeypatch):
    def refuse(run_id):
        raise JobError("That run does not wait any more.")

    for _ in range(3):
        form.button(key="retrain").click().run()
    monkeypatch.setattr(jobs, "put_first", refuse)
    tell(form, "queue", "asked", {"first": jobs.others[1].id}, fragment_of="queue")
    assert [error.value for error in form.error] == ["That run does not wait any more."]
    form.run()
    assert not form.error


def test_who_has_runs_sees_the_one_that_is_furthest(page, jobs):
    """Under way before ended before waiting; and after Close, none that has ended."""
    page.run()
    me = page.session_state[SESSION].visitor
    jobs.run = a_run(owner="another")
    waiting = a_run(owner=me, state="waiting", stage="", seconds=60.0)
    ended = [a_run(owner=me, state="failed", error=error) for error in ("Newest.", "Older.")]
    jobs.others = [waiting, *ended]
    page.run()
    assert page.get_by_key("training").error[0].value == "Newest."
    page.button(key="close").click().run()
    assert "waits for other runs" in words(page.get_by_key("training"))
    jobs.others = [replace(waiting, state="running"), *ended]
    page.run()
    assert "Training mine" in words(page.get_by_key("training"))
    jobs.others = ended
    page.run()
    assert "Training mine" in words(page.get_by_key("training"))  # the other's


def test_the_estimate_follows_the_form(form, monkeypatch):
    monkeypatch.setattr(
        "digitcanvas.app.sidebar.training_form.seconds_for",
        lambda recipe, told: 20.0 * recipe.epochs * (2 if recipe.pen_copies else 1),
    )

    def estimate():
        (caption,) = (c.value for c in form.sidebar.caption if "on this machine" in c.value)
        return caption[caption.index("About") :]

    form.run()
    assert estimate() == "About 60 s on this machine."
    form.text_input(key="epochs").set_value("9").run()
    assert estimate() == "About 3 minutes on this machine."
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    choose(form, "quick")
    form.selectbox(key="data").set_value(WITH_PEN).run()
    form.text_input(key="epochs").set_value("9").run()
    assert estimate() == "About 6 minutes on this machine."


# Moving to the result


def test_who_started_a_run_moves_to_its_network_once_and_nobody_else(page, jobs, home):
    page.run()
    other = open_session().run()
    page.button(key="retrain").click().run()
    jobs.finish(home)
    for session in (other, page):
        session.bring_news()
        assert not session.exception and not session.warning
        assert session.segmented_control(key="model").options == ["CNN", "MLP", "quick"]
    assert page.segmented_control(key="model").value == "quick"
    assert other.segmented_control(key="model").value == "cnn"
    assert (other.runs, page.runs) == (1, 3)
    page.segmented_control(key="model").set_value("mlp").run()
    page.run()
    assert page.segmented_control(key="model").value == "mlp"


def test_who_took_the_sample_moves_to_its_network_too(panel, page, jobs, home):
    panel(a_run(state="failed", error="MNIST could not be downloaded.", offline=True))
    page.button(key="take_sample").click().run()
    jobs.finish(home)
    page.run()
    assert page.segmented_control(key="model").value == "mine"


def test_who_started_a_run_moves_although_its_panel_says_it_was_renamed(page, jobs, home):
    """The process takes another name where somebody took the one that was asked for."""
    page.run()
    page.button(key="retrain").click().run()
    publish(home, "quick")
    jobs.finish(home, "quick-2")
    page.run()
    assert page.selectbox(key="model").value == "quick-2"


def test_who_started_a_run_moves_although_another_has_started_since(page, jobs, home):
    page.run()
    page.button(key="retrain").click().run()
    jobs.finish(home)
    jobs.start(Training(RECIPES["quick-mlp"], "theirs"))
    page.run()
    assert page.segmented_control(key="model").value == "quick"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_run_that_comes_to_nothing_moves_nobody(page, jobs, state):
    page.run()
    page.segmented_control(key="model").set_value("mlp").run()
    page.button(key="retrain").click().run()
    jobs.run = replace(jobs.run, state=state)
    page.run()
    assert page.segmented_control(key="model").value == "mlp" and not page.sidebar.warning


def test_a_result_that_is_gone_before_it_was_seen_moves_nobody(page, jobs, home):
    page.run()
    page.segmented_control(key="model").set_value("mlp").run()
    page.button(key="retrain").click().run()
    jobs.finish(home)
    registry.remove("quick")
    page.run()
    assert not page.exception and page.segmented_control(key="model").value == "mlp"
    assert not page.sidebar.warning


def test_who_started_a_run_moves_although_it_ended_while_the_page_looked(
    page, jobs, home, monkeypatch
):
    load = shared_models.load_card

    def load_meanwhile(*arguments):
        if jobs.run.state == "running":
            jobs.finish(home)
        return load(*arguments)

    page.run()
    page.button(key="retrain").click().run()
    monkeypatch.setattr(shared_models, "load_card", load_meanwhile)
    page.run()
    page.bring_news()
    assert page.segmented_control(key="model").value == "quick"


# The switch


def test_the_page_runs_again_when_another_network_reads_and_only_then(page, jobs, home):
    publish(home, "mine")
    publish(home, "ours")
    page.run()
    for kind, key, name, reruns in (
        ("segmented_control", "model", "mine", True),
        ("selectbox", "compare", "mlp", True),
        ("selectbox", "compare", "mlp", False),
    ):
        before = page.runs
        getattr(page, kind)(key=key).set_value(name)
        page.run_fragment_of(key)
        assert (page.runs > before) == reruns
    for name, reruns in (("ours", False), ("mine", True)):
        before = page.runs
        publish(home, name, of="cnn")
        assert "news_switch" in page.bring_news()
        assert (page.runs > before) == reruns
    before = page.runs
    registry.remove("ours")
    assert "news_switch" in page.bring_news()
    assert (
        page.segmented_control(key="model").options == ["CNN", "MLP", "mine"]
        and page.runs == before
    )
    registry.remove("mine")
    page.bring_news()
    assert page.segmented_control(key="model").value == "cnn" and page.runs == before + 1
    assert "'mine' is gone" in page.sidebar.warning[0].value
