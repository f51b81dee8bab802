"""Widgets' values that no browser of ours sends: a session goes on without them."""

import math

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates

from digitcanvas.app.odd_states import fits
from digitcanvas.runs.recipes import RECIPES
from tests.apptest import turn_to

PATHS = ["", "data", "train", "tune", "evaluate", "hand", "wall"]

OURS = ("json_value", "trigger_value", "json_trigger_value")
"""Kinds of values that components have, and buttons."""


def make_odd(state, kind):
    match kind:
        case "not a number":
            state.double_array_value.data[:] = [math.nan]
        case "a list of texts":
            state.string_array_value.data[:] = ["x", "y"]
        case "a text":
            state.string_value = "there is no such"
        case "a list of great numbers":
            state.int_array_value.data[:] = [2**60]
        case "a negative number":
            state.int_value = -5


KINDS = [
    "not a number",
    "a list of texts",
    "a text",
    "a list of great numbers",
    "a negative number",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_page_goes_on_whatever_its_widgets_are_said_to_hold(page, jobs, path, kind):
    turn_to(page, path).run()
    states = page._tree.get_widget_states()
    for state in states.widgets:
        if state.WhichOneof("value") not in OURS:
            make_odd(state, kind)
    page._run(states)
    assert not page.exception
    page.run()
    assert not page.exception


@pytest.mark.parametrize("path", PATHS)
def test_a_page_goes_on_without_any_widget_s_value(page, jobs, path):
    turn_to(page, path).run()
    for fragment in list(page._fragment_storage._fragments):
        if page._fragment_storage.contains(fragment):
            page._run(WidgetStates(), fragment=fragment)
            assert not page.exception
    page._run(WidgetStates())
    assert not page.exception


def test_the_form_has_its_recipe_s_values_again(page, jobs):
    page.run()
    states = page._tree.get_widget_states()
    for state in states.widgets:
        if state.WhichOneof("value") not in OURS:
            make_odd(state, "a text")
    page._run(states)
    recipe = RECIPES["quick"]
    assert page.selectbox(key="recipe").value == "quick"
    assert page.selectbox(key="optimizer").value == recipe.optimizer
    assert page.selectbox(key="loss").value == recipe.loss
    assert page.selectbox(key="schedule").value == recipe.schedule
    assert not page.exception


@pytest.mark.parametrize(
    ("state", "kind", "fit"),
    [
        (WidgetState(double_value=0.5), "double_value", True),
        (WidgetState(double_value=math.inf), "double_value", False),
        (WidgetState(int_value=3), "double_value", True),
        (WidgetState(double_value=0.5), "string_value", False),
        (WidgetState(string_value=""), "string_value", True),
        (WidgetState(), "string_value", True),
    ],
)
def test_a_value_fits_its_kind_of_widget(state, kind, fit):
    assert fits(state, kind) == fit
