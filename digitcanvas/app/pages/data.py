"""Data: the digits that networks learn from, as images, as numbers and as counts."""

import numpy as np
import streamlit as st

from digitcanvas.app.parts import plot, run_panel, shared_mnist
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.data.mnist import Mnist, split
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs.recipes import Recipe

PARTS = ("training", "test")

SPLIT = 0.05, 17
"""The share to validate with and the seed, where the form tells none."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The first recognizer gives the cross-entropy of the image that is shown."""
    st.header("What networks learn from", anchor=False)
    recipe = form_recipe.watch()
    if recipe and recipe.sample:
        st.info("The form in the sidebar learns from the bundled sample: this is it.")
        mnist = shared_mnist.load_bundled()
    else:
        mnist = shared_mnist.load()
    _counts(mnist, recipe)
    _images(mnist, recognizers)
    _values(mnist)
    run_panel.show()


def _counts(mnist: Mnist, recipe: Recipe | None) -> None:
    st.markdown(
        "MNIST is 70,000 digits that about 500 people wrote by hand, scanned and centred. A "
        "network is judged on test digits that it never saw and, while it learns, on others kept "
        "for validation."
    )
    share, seed = (recipe.validation_share, recipe.seed) if recipe else SPLIT
    learnt, kept = split(len(mnist.y_train), share, np.random.default_rng(seed))
    labels = {
        "to train on": mnist.y_train[learnt],
        "to validate with": mnist.y_train[kept],
        "to test with": mnist.y_test,
    }
    st.table(
        {
            "": list(labels),
            "digits": [f"{len(part):,}" for part in labels.values()],
            "shape of the images": [f"({len(part):,}, 28, 28)" for part in labels.values()],
            "type": ["uint8, 0 to 255"] * len(labels),
        }
    )
    who = "The form in the sidebar keeps" if recipe else "Until the form is mended, this keeps"
    st.caption(f"{who} {share * 100:g} % to validate with, drawn by the seed {seed}.")
    plot.show(
        charts.class_chart(
            {name: np.bincount(part, minlength=10) for name, part in labels.items()}
        ),
        key="classes",
    )


@st.fragment
def _images(mnist: Mnist, recognizers: dict[str, Recognizer]) -> None:
    """Many images, of which one is looked at closely."""
    state = st.session_state
    st.subheader("Look at them", anchor=False)
    part = st.segmented_control(
        "Which",
        PARTS,
        default="training",
        required=True,
        key="part",
        on_change=_look_at,
        args=[0],
        persist_state="session",
    )
    images, labels = {
        "training": (mnist.x_train, mnist.y_train),
        "test": (mnist.x_test, mnist.y_test),
    }[part]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        only = st.pills(
            "Only", range(10), selection_mode="multi", key="only", persist_state="session"
        )
        count = st.segmented_control(
            "Images",
            image_grid.COUNTS,
            default=25,
            required=True,
            key="shown",
            persist_state="session",
        )
        st.button("Reshuffle", key="reshuffle", on_click=_reshuffle)
    places = np.flatnonzero(np.isin(labels, only)) if only else np.arange(len(labels))
    if order := state.get("order"):
        places = np.random.default_rng(order).permutation(places)
    places = places[:count]
    if len(places):
        names = [f"{place}: {labels[place]}" for place in places]
        details = [f"{part} image {place}, a {labels[place]}" for place in places]
        gallery = image_grid.grid_chart(images[places], places, names, details)
        plot.show(gallery, key="images", on_press=_look_at)
        st.caption("Below each its index and its label. Press one to see it as numbers, below.")
    else:
        st.caption("There are none of these.")

    st.subheader("One image, as numbers", anchor=False)
    _look_at(min(state.get("index", 0), len(labels) - 1))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        index = st.number_input(
            "Index", 0, len(labels) - 1, step=1, key="index", persist_state="session"
        )
        st.button("At random", key="random", on_click=_choose, args=[len(labels)])
    image, label = images[index], int(labels[index])
    st.markdown(f"The label of image **{index}** is **{label}**.")
    plot.show(image_grid.pixel_chart(image), key="pixels")
    _label(image, label, recognizers)


def _look_at(index: int) -> None:
    st.session_state["index"] = index


def _reshuffle() -> None:
    st.session_state["order"] = st.session_state.get("order", 0) + 1


def _choose(count: int) -> None:
    _look_at(int(np.random.default_rng().integers(count)))


def _label(image: np.ndarray, label: int, recognizers: dict[str, Recognizer]) -> None:
    """The label as an integer and one-hot, and the two cross-entropies, which are one."""
    st.subheader("Its label, and the loss", anchor=False)
    one_hot = np.eye(10, dtype=int)[label]
    rows = {
        "": ["integer", "one-hot"],
        "label": [str(label), " ".join(map(str, one_hot))],
        "loss": ["sparse categorical cross-entropy", "categorical cross-entropy"],
    }
    for name, recognizer in [*recognizers.items()][:1]:
        (probabilities,) = recognizer.predict_batch(image[np.newaxis].astype(np.float32) / 255)
        logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        sparse, categorical = abs(logs[label]), abs((one_hot * logs).sum())
        rows[f"of {name} here"] = [f"{sparse:.4f}", f"{categorical:.4f}"]
    st.table(rows)
    st.caption(
        "The loss is minus the logarithm of the probability that the network gives the true digit. "
        "Both ways of writing the label lead to the same number; a recipe's settings say which one "
        "it takes."
    )


def _values(mnist: Mnist) -> None:
    st.subheader("Greys before and after normalisation", anchor=False)
    st.markdown(
        "Divided by 255, greys lie between 0 and 1, and so close to the size of a network's first "
        "weights: it learns faster and more surely. Most pixels are paper, so the axis of counts "
        "is logarithmic."
    )
    plot.show(charts.value_chart(_count_values(mnist.sha256, mnist)), key="values")


@st.cache_data(show_spinner=False, max_entries=2)
def _count_values(sha256: str, _mnist: Mnist) -> list[int]:
    """How often each grey of 0 to 255 occurs in the training images."""
    counts = np.zeros(256, np.int64)
    for images in np.array_split(_mnist.x_train, 100):  # it takes eight times their memory
        counts += np.bincount(images.ravel(), minlength=256)
    return counts.tolist()
