"""The page's link without a browser: what it says, and what becomes of what others wrote in it."""

import pytest
import streamlit as st

from digitcanvas.app.sidebar.form_recipe import MNIST, SAMPLE, WITH_PEN
from digitcanvas.runs.recipes import RECIPES
from tests.apptest import a_run, keys, link, open_session, publish, tell_of_run, turn_to, words

ALL = {
    "model": "mlp",
    "compare": "cnn",
    "pen_width": "28",
    "centred": "false",
    "logits": "true",
    "recipe": "mlp-128-128",
    "data": "sample",
    "epochs": "7",
    "hidden": "64, 32",
    "dropout": "0.35",
    "optimizer": "sgd",
    "loss": "categorical_crossentropy",
    "learning_rate": "0.03",
    "schedule": "cosine",
    "batch_size": "64",
    "augment": "true",
    "normalise": "false",
    "validation_share": "0.3",
    "seed": "3",
}
"""A link that has all parameters but one, and each of them not as usual."""


def follow(path="", **parameters):
    """A session that follows the link."""
    page = open_session(path)
    for name, value in parameters.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception and not page.main.error
    return page


@pytest.fixture
def mine(home):
    publish(home, "mine")


def test_the_link_says_nothing_of_what_is_as_usual(page, jobs):
    for path in ("", "data", "train", "evaluate"):
        turn_to(page, path).run()
        assert link(page) == {}


@pytest.mark.parametrize("path", ["", "train"])
def test_a_link_is_followed_and_says_again_what_it_said(page, jobs, path):
    page = follow(path, **ALL)
    assert not page.sidebar.error and not page.sidebar.warning
    assert link(page) == ALL
    turn_to(page, "").run()
    assert page.segmented_control(key="model").value == "mlp"
    assert page.selectbox(key="compare").value == "cnn"
    assert page.segmented_control(key="pen_width").value == 28
    assert not page.toggle(key="centred").value and page.toggle(key="logits").value
    assert page.selectbox(key="recipe").value == "mlp-128-128"
    assert page.selectbox(key="data").value == SAMPLE
    assert page.text_input(key="learning_rate").value == "0.03"
    assert page.slider(key="dropout").value == 0.35
    page.button(key="retrain").click().run()
    recipe = jobs.run.task.recipe
    assert (recipe.epochs, recipe.hidden, recipe.learning_rate) == (7, (64, 32), 0.03)
    assert link(page) == ALL


def test_the_link_follows_what_is_chosen_and_forgets_what_is_as_usual_again(page, jobs, mine):
    page.run()
    for kind, key, value in (
        ("segmented_control", "model", "mine"),
        ("selectbox", "compare", "mlp"),
        ("segmented_control", "pen_width", 8),
        ("toggle", "centred", False),
        ("text_input", "epochs", "9"),
        ("selectbox", "data", SAMPLE),
    ):
        getattr(page, kind)(key=key).set_value(value)
        page.run_fragment_of(key)
    chosen = {
        "model": "mine",
        "compare": "mlp",
        "pen_width": "8",
        "centred": "false",
        "epochs": "9",
        "data": "sample",
    }
    assert link(page) == chosen
    turn_to(page, "data").run()
    assert link(page) == chosen
    page.selectbox(key="recipe").set_value("quick-mlp").run()
    page.segmented_control(key="model").set_value("cnn").run()
    turn_to(page, "").run()
    page.toggle(key="centred").set_value(True).run()
    assert link(page) == {
        "compare": "mlp",
        "pen_width": "8",
        "recipe": "quick-mlp",
        "data": "sample",
    }


@pytest.mark.parametrize("key", ["model", "compare"])
def test_a_name_with_capitals_stands_in_the_link_as_it_is(page, home, key):
    publish(home, "Mine")
    page.run()
    page.get_by_key(key).set_value("Mine")
    page.run_fragment_of(key)
    assert link(page) == {key: "Mine"}
    again = follow(**link(page))
    assert again.get_by_key(key).value == "Mine" and not again.sidebar.warning


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("epochs", "٥", "5"),
        ("epochs", "1_0", "10"),
        ("epochs", " 7 ", "7"),
        ("learning_rate", "0,03", "0.03"),
        ("learning_rate", " 0.03 ", "0.03"),
        ("hidden", "64 32", "64, 32"),
        ("hidden", "6_4,,٣", "64, 3"),
    ],
)
def test_a_number_is_written_as_usual_however_the_link_writes_it(page, jobs, name, value, said):
    page = follow(**{name: value})
    assert page.text_input(key=name).value == said
    assert link(page) == {name: said}


@pytest.mark.parametrize("value", ["<b>x</b>", "32", "0"])
def test_a_link_says_nothing_of_a_field_that_its_recipe_lacks(page, jobs, value):
    page = follow(recipe="quick-mlp", filters=value)
    assert link(page) == {"recipe": "quick-mlp"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "![](x)"),
        ("model", ""),
        ("compare", "cnn"),
        ("pen_width", "9"),
        ("pen_width", "broad"),
        ("centred", "1"),
        ("recipe", "best"),
        ("data", "all"),
        ("data", "pen"),
        ("epochs", "1e9"),
        ("epochs", "0"),
        ("hidden", "wide"),
        ("filters", "0"),
        ("dropout", "2"),
        ("dropout", "nan"),
        ("optimizer", "newton"),
        ("learning_rate", "5"),
        ("augment", "yes"),
        ("name", "hers"),
        ("retrain", "true"),
        ("keep", "false"),
    ],
)
def test_what_does_not_fit_is_left_out(page, jobs, name, value):
    page = follow(**{name: value, "logits": "true"})
    assert not page.sidebar.error and not page.sidebar.warning
    assert link(page) == {"logits": "true"}
    assert jobs.run is None and page.text_input(key="name").value == ""


@pytest.mark.parametrize("key", ["model", "compare"])
def test_who_follows_a_link_to_a_network_that_is_not_there_is_told(home, key):
    page = follow(**{key: "con"})
    (warning,) = page.sidebar.warning
    assert warning.value == (
        "There is no network 'con' here: it may have been renamed or removed. CNN is now in use."
    )
    assert link(page) == {}


def test_pen_drawings_are_in_a_link_only_where_there_are_any(home, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_PEN", "pen.tra")
    page = follow(data="pen", recipe="mlp-128")
    assert page.selectbox(key="data").value == WITH_PEN
    assert link(page) == {"data": "pen", "recipe": "mlp-128"}
    page = follow(data="mnist")
    assert page.selectbox(key="data").value == MNIST and link(page) == {"data": "mnist"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_in_a_link_is_as_it_is(home, jobs, name):
    page = follow(recipe=name)
    assert link(page) == ({} if name == "quick" else {"recipe": name})
    page.button(key="retrain").click().run()
    assert jobs.run.task.recipe.epochs == RECIPES[name].epochs


def test_a_network_is_kept_when_so_many_come_that_the_switch_becomes_a_list(page, home):
    publish(home, "mine")
    page = follow(model="mlp")
    page.segmented_control(key="model").set_value("mine").run()
    for number in range(3):
        publish(home, f"group-{number}")
    page.run()
    assert page.selectbox(key="model").value == "mine"
    page.selectbox(key="model").set_value("group-1").run()
    for name in ("mine", "group-0", "group-2"):
        (home / name).rename(home / f".{name}")
    page.run()
    assert page.segmented_control(key="model").value == "group-1"
    assert link(page) == {"model": "group-1"} and not page.sidebar.warning


# A run that the tab started before it was reloaded


def test_a_tab_moves_to_the_result_of_its_run_after_a_reload(page, jobs, home):
    page.run()
    page.button(key="retrain").click().run()
    run_id = jobs.run.id
    again = open_session().run()
    tell_of_run(again, run_id)
    assert keys(again.get_by_key("training")) == ["cancel"]
    jobs.finish(home)
    again.bring_news()
    assert again.segmented_control(key="model").value == "quick"
    assert link(again) == {"model": "quick"}


def test_a_tab_moves_to_a_result_that_came_while_it_was_reloaded(page, jobs, home):
    page.run()
    page.button(key="retrain").click().run()
    jobs.finish(home)
    again = open_session().run()
    tell_of_run(again, jobs.run.id)
    assert not again.exception
    assert again.segmented_control(key="model").value == "quick"


@pytest.mark.parametrize("value", ["gone", "", 7, None, ["a"], {"id": 1}])
def test_a_tab_that_tells_of_no_run_of_ours_moves_nowhere(page, jobs, value):
    jobs.run = a_run(state="failed", error="The memory is full.")
    page.run()
    tell_of_run(page, value)
    assert not page.exception
    assert page.segmented_control(key="model").value == "cnn"
    assert "“mine” was not trained" in words(page.get_by_key("training"))


def test_what_a_browser_loses_between_two_runs_is_as_last_chosen(home, monkeypatch):
    page = follow(model="mlp", pen_width="28", centred="false")
    page.toggle(key="logits").set_value(True).run()

    def lose():
        for key in ("model", "pen_width", "centred", "logits"):
            del st.session_state[key]

    monkeypatch.setattr("digitcanvas.app.link.follow", lose)
    page.run()
    assert not page.exception
    assert link(page) == {
        "model": "mlp",
        "pen_width": "28",
        "centred": "false",
        "logits": "true",
    }
