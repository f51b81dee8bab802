"""The form that describes a training: a recipe, its data, and what to change in the recipe."""

import streamlit as st

from digitcanvas.app import link
from digitcanvas.app.parts import follower, shared_told
from digitcanvas.app.sidebar import form_recipe, start
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import writers_path
from digitcanvas.data.unipen import unipen_folder
from digitcanvas.reading.words import duration
from digitcanvas.runs import process
from digitcanvas.runs.estimate import seconds_for, split_sizes
from digitcanvas.runs.recipes import (
    LIMITS,
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    SCHEDULES,
    TITLES,
    Recipe,
    label_of,
)

OPTIMIZER_LABELS = {"adam": "Adam", "sgd": "SGD with momentum", "rmsprop": "RMSprop"}
LOSS_LABELS = {
    "categorical_crossentropy": "Cross-entropy, one-hot labels",
    "sparse_categorical_crossentropy": "Cross-entropy, integer labels",
}
SCHEDULE_LABELS = {
    "cosine": "rises, then falls to zero",
    "cycles": "does so in each epoch, lower each time",
    "constant": "stays constant",
}


@st.fragment
def show() -> None:
    """The form: a change in it reruns this and nothing else."""
    follower.show(Key.NEWS_FORM, "models")
    form_recipe.restore()
    base = st.selectbox(
        "Recipe",
        list(RECIPES),
        format_func=TITLES.__getitem__,
        key=Key.RECIPE,
        on_change=form_recipe.fill,
    )
    st.selectbox("Learn from", form_recipe.data_choices(), key=Key.DATA)
    with st.expander("Settings", key=Key.SETTINGS):
        start.ask_name(base)
        _settings(RECIPES[base])
    recipe = None
    try:
        recipe = form_recipe.read()
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
    form_recipe.update_watcher(recipe)
    start.show(base, recipe)
    if recipe and not process.training_needs():
        st.caption(_effort(recipe))
    link.show_in_fragment(Key.LINK_FORM)


def _settings(base: Recipe) -> None:
    _text(Key.EPOCHS)
    for key in form_recipe.widths_of(base):
        _text(key, help="The width of each layer, such as 128, 64.")
    lowest, highest = LIMITS["dropout"]
    st.slider("Dropout", float(lowest), float(highest), step=0.05, key=Key.DROPOUT)
    st.selectbox(
        "Optimizer", OPTIMIZERS, format_func=OPTIMIZER_LABELS.__getitem__, key=Key.OPTIMIZER
    )
    st.selectbox("Loss", LOSSES, format_func=LOSS_LABELS.__getitem__, key=Key.LOSS)
    _text(Key.LEARNING_RATE)
    st.selectbox(
        "During the run, the learning rate",
        SCHEDULES,
        format_func=SCHEDULE_LABELS.__getitem__,
        key=Key.SCHEDULE,
    )
    _text(Key.BATCH_SIZE)
    st.toggle("Distort the images anew in each epoch (augmentation)", key=Key.AUGMENT)
    st.toggle("Divide the pixels by 255 (normalisation)", key=Key.NORMALISE)
    _text(Key.VALIDATION_SHARE, help="The share of the training digits kept for validation.")
    _text(Key.SEED)


def _text(key: Key, help: str | None = None) -> None:
    """A field for numbers. A browser's own would read 0,005 as 5, and 1e9 as it likes."""
    st.text_input(label_of(key), key=key, help=help)


def _effort(recipe: Recipe) -> str:
    room = shared_told.supply() if recipe.room else None
    told = room.drawings if room else 0
    time = f"About {duration(seconds_for(recipe, told))} on this machine."
    of_room = f"The room's drawings are {room.words}; a fifth are kept out. " if room else ""
    if recipe.room_only:
        return f"{of_room}{time}"
    training, validation = split_sizes(recipe)
    about = "about " if writers_path() and not recipe.sample else ""
    unipen = " and UNIPEN's drawings" if recipe.pen_copies and unipen_folder() else ""
    return (
        f"Trains on {about}{training:,} digits{unipen}, validates on {about}{validation:,}. "
        f"{of_room}{time}"
    )
