"""The form from which a network is trained: a recipe to start from, and what to change in it."""

import os
from dataclasses import replace

import streamlit as st

from digitcanvas.app.parts import run_panel
from digitcanvas.reading import registry
from digitcanvas.runs.estimate import seconds_for, split_sizes
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.networks import FAMILIES, family
from digitcanvas.runs.recipes import (
    LIMITS,
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    TITLES,
    Recipe,
    read_widths,
)

OPTIMIZER_LABELS = {"adam": "Adam", "sgd": "SGD with momentum", "rmsprop": "RMSprop"}
LOSS_LABELS = {
    "categorical_crossentropy": "Cross-entropy, of one-hot labels",
    "sparse_categorical_crossentropy": "Cross-entropy, of integer labels",
}
SCHEDULE_LABELS = {"cosine": "rises, then falls to nothing", "constant": "stays the same"}
WITH_PEN = "All of MNIST and pen drawings"
MNIST = "All of MNIST"
SAMPLE = "The bundled sample of MNIST"
SETTINGS = (
    "epochs",
    "dropout",
    "batch_size",
    "optimizer",
    "loss",
    "learning_rate",
    "schedule",
    "augment",
    "normalise",
    "validation_share",
    "seed",
)
"""The fields of a recipe that a widget of the same key sets as it is."""


@st.fragment
def show() -> None:
    """The form: a change in it reruns this and nothing else."""
    state = st.session_state
    kind = st.segmented_control(
        "Kind of network",
        FAMILIES,
        default="CNN",
        required=True,
        key="family",
        on_change=_start_from_the_first,
        width="stretch",
    )
    base = st.selectbox(
        "Start from",
        _names(kind),
        format_func=TITLES.get,
        key="recipe",
        on_change=_fill,
    )
    if "epochs" not in state:
        _fill()
    if state.pop("started", False):
        state["name"] = ""
    st.selectbox("Learn from", _data(), key="data")
    _number("epochs", "Epochs")
    with st.expander("Settings", key="settings"):
        _settings(kind)
    name = st.text_input(
        "Name of the result", placeholder=registry.free_name(base), max_chars=40, key="name"
    )
    try:
        recipe = _recipe_in_form()
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
        recipe = None
    if recipe:
        estimate = run_panel.duration(seconds_for(recipe, with_pen=state["data"] == WITH_PEN))
        learnt, validated = split_sizes(recipe)
        st.caption(
            f"Learns from {learnt:,} digits, validates on {validated:,}. "
            f"About {estimate} on this machine."
        )
    _tell_watchers(recipe)
    run = run_panel.jobs().latest()
    busy = run is not None and run.is_running
    if st.button(
        "Retrain", key="retrain", type="primary", width="stretch", disabled=busy or not recipe
    ):
        try:
            run_panel.start(recipe, name.strip() or registry.free_name(base))
        except (JobError, registry.ModelError) as error:
            st.error(str(error), icon=":material/warning:")
        else:
            state["started"] = True
            st.rerun()
    if busy:
        st.caption(f"{run.task.busy}: watch it on the page.")


def _names(kind: str) -> list[str]:
    return [name for name, recipe in RECIPES.items() if family(recipe) == kind]


def _data() -> list[str]:
    """What there is to learn from."""
    return [*([WITH_PEN] if os.environ.get("DIGITCANVAS_PEN") else []), MNIST, SAMPLE]


def _start_from_the_first() -> None:
    st.session_state["recipe"] = _names(st.session_state["family"])[0]
    _fill()


def _fill() -> None:
    """Set every widget to what the recipe chosen says."""
    state = st.session_state
    recipe = RECIPES[state["recipe"]]
    for name in SETTINGS:
        state[name] = getattr(recipe, name)
    for name in ("hidden", "filters"):
        state[name] = ", ".join(map(str, getattr(recipe, name)))
    if state.get("data") != SAMPLE:
        state["data"] = _data()[0] if recipe.pen_copies else MNIST


def _settings(kind: str) -> None:
    if kind == "CNN":
        st.text_input("Filters, a number for each convolution", key="filters")
    st.text_input("Hidden layers, a width for each", key="hidden")
    st.slider("Dropout", *map(float, LIMITS["dropout"]), step=0.05, key="dropout")
    st.selectbox("Optimizer", OPTIMIZERS, format_func=OPTIMIZER_LABELS.get, key="optimizer")
    st.selectbox("Loss", LOSSES, format_func=LOSS_LABELS.get, key="loss")
    _number("learning_rate", "Learning rate", format="%g", step=0.001)
    st.selectbox(
        "The learning rate, in the run", SCHEDULES, format_func=SCHEDULE_LABELS.get, key="schedule"
    )
    _number("batch_size", "Batch size")
    st.toggle("Bend the images anew in each epoch (augmentation)", key="augment")
    st.toggle("Divide the pixels' 0-255 by 255 (normalisation)", key="normalise")
    _number("validation_share", "Share kept to validate with", step=0.01)
    _number("seed", "Seed")


def _number(field: str, label: str, step: float = 1, **options) -> None:
    """What is out of range, the recipe says: a widget with limits would keep its value instead."""
    st.number_input(label, key=field, step=step, **options)


def watch() -> Recipe | None:
    """The form's recipe, None where it is out of range; the page runs again when it changes."""
    try:
        recipe = _recipe_in_form()
    except ValueError:
        recipe = None
    st.session_state["watched"] = recipe
    return recipe


def forget_watchers() -> None:
    """To be called before a page runs: another may have watched."""
    st.session_state.pop("watched", None)


def _tell_watchers(recipe: Recipe | None) -> None:
    state = st.session_state
    if state.get("watched", recipe) != recipe:
        del state["watched"]
        st.rerun()


def _recipe_in_form() -> Recipe:
    """The recipe as the form stands. Raises ValueError for what is out of range."""
    state = st.session_state
    base, kind = state["recipe"], state["family"]
    copies = RECIPES[base].pen_copies
    return replace(
        RECIPES[base],
        hidden=read_widths(state["hidden"]),
        filters=read_widths(state["filters"]) if kind == "CNN" else (),
        sample=state["data"] == SAMPLE,
        pen_copies=max(copies, 1) if state["data"] == WITH_PEN else 0,
        **{name: state[name] for name in SETTINGS},
    )
