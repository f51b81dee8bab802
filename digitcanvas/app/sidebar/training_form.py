"""The form that describes a training: a recipe to start from, and what to change in it."""

from typing import Any

import streamlit as st

from digitcanvas.app.parts import shared_runs
from digitcanvas.app.sidebar import form_recipe, start
from digitcanvas.app.state import Key
from digitcanvas.runs.estimate import seconds_for, split_sizes
from digitcanvas.runs.networks import FAMILIES, family
from digitcanvas.runs.recipes import (
    LIMITS,
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    TITLES,
    Recipe,
)

OPTIMIZER_LABELS = {"adam": "Adam", "sgd": "SGD with momentum", "rmsprop": "RMSprop"}
LOSS_LABELS = {
    "categorical_crossentropy": "Cross-entropy, one-hot labels",
    "sparse_categorical_crossentropy": "Cross-entropy, integer labels",
}
SCHEDULE_LABELS = {"cosine": "rises, then falls to zero", "constant": "stays constant"}


@st.fragment
def show() -> None:
    """The form: a change in it reruns this and nothing else."""
    kind = st.segmented_control(
        "Kind of network",
        FAMILIES,
        default="CNN",
        required=True,
        key=Key.FAMILY,
        on_change=_start_from_the_first,
        width="stretch",
    )
    base = st.selectbox(
        "Start from",
        _names(kind),
        format_func=TITLES.__getitem__,
        key=Key.RECIPE,
        on_change=form_recipe.fill,
    )
    if Key.EPOCHS not in st.session_state:
        form_recipe.fill()
    st.selectbox("Learn from", form_recipe.data_choices(), key=Key.DATA)
    _number(Key.EPOCHS, "Epochs")
    with st.expander("Settings", key=Key.SETTINGS):
        _settings(kind)
    recipe = None
    try:
        recipe = form_recipe.read()
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
    else:
        st.caption(_effort(recipe))
    form_recipe.update_watcher(recipe)
    start.show(base, recipe)


def _names(kind: str) -> list[str]:
    return [name for name, recipe in RECIPES.items() if family(recipe) == kind]


def _start_from_the_first() -> None:
    st.session_state[Key.RECIPE] = _names(st.session_state[Key.FAMILY])[0]
    form_recipe.fill()


def _settings(kind: str) -> None:
    if kind == "CNN":
        st.text_input("Filters in each convolution", key=Key.FILTERS)
    st.text_input("Neurons in each hidden layer", key=Key.HIDDEN)
    lowest, highest = LIMITS["dropout"]
    st.slider("Dropout", float(lowest), float(highest), step=0.05, key=Key.DROPOUT)
    st.selectbox(
        "Optimizer", OPTIMIZERS, format_func=OPTIMIZER_LABELS.__getitem__, key=Key.OPTIMIZER
    )
    st.selectbox("Loss", LOSSES, format_func=LOSS_LABELS.__getitem__, key=Key.LOSS)
    _number(Key.LEARNING_RATE, "Learning rate", format="%g", step=0.001)
    st.selectbox(
        "During the run, the learning rate",
        SCHEDULES,
        format_func=SCHEDULE_LABELS.__getitem__,
        key=Key.SCHEDULE,
    )
    _number(Key.BATCH_SIZE, "Batch size")
    st.toggle("Distort the images anew in each epoch (augmentation)", key=Key.AUGMENT)
    st.toggle("Divide the pixels by 255 (normalisation)", key=Key.NORMALISE)
    _number(Key.VALIDATION_SHARE, "Share kept for validation", step=0.01)
    _number(Key.SEED, "Seed")


def _number(key: Key, label: str, step: float = 1, **options: Any) -> None:
    """A widget without limits: one with limits would silently restore the value before.

    The recipe checks the value, and the form shows what is wrong with it.
    """
    st.number_input(label, key=key, step=step, **options)


def _effort(recipe: Recipe) -> str:
    training, validation = split_sizes(recipe)
    seconds = seconds_for(recipe, with_pen=bool(recipe.pen_copies))
    return (
        f"Trains on {training:,} digits, validates on {validation:,}. "
        f"About {shared_runs.duration(seconds)} on this machine."
    )
