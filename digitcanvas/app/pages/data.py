"""Data: the digits that networks learn from, as counts, as images and as numbers."""

from pathlib import Path

import numpy as np
import streamlit as st

from digitcanvas.app.parts import drawings_source, mnist_source, plot, run_panel, shared_mnist
from digitcanvas.app.parts.gallery import Gallery
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import Mnist, split
from digitcanvas.drawing.arrays import ByteArray, IntArray
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs.recipes import Recipe

GALLERY = Gallery(grid=Key.IMAGES, count=Key.SHOWN, index=Key.INDEX, image=Key.ONE_IMAGE)

SETS = ("training", "test")

PAPER = "https://doi.org/10.1109/5.726791"
"""Y. LeCun et al., "Gradient-based learning applied to document recognition", 1998: MNIST's own."""

SPLIT = 0.05, 17
"""The share kept for validation and the seed while the form has none; every recipe's default."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page. The first recognizer gives the loss of the image looked at."""
    st.html(Path(__file__).with_name("wide.css"))
    st.header("What networks learn from", anchor=False)
    st.markdown(
        f"[MNIST]({PAPER}) holds 70,000 digits, written by hand by about 500 people, scanned and "
        "centred. Yann LeCun, Corinna Cortes and Christopher Burges made it from digits that the "
        "American institute NIST had collected from census workers and high-school students. "
        "A network learns from the training digits, is checked on the validation digits while it "
        "learns, and is measured on the test digits in the end."
    )
    recipe = form_recipe.watch()
    if recipe and recipe.sample:
        mnist = shared_mnist.load_bundled()
        st.caption("The form in the sidebar is set to the bundled sample, so this page shows it.")
    else:
        mnist = shared_mnist.load()
        mnist_source.show(mnist)
    _show_images(mnist, recognizers)
    _show_counts(mnist, recipe)
    drawings_source.show()
    _show_values(mnist)
    run_panel.show()


def _show_counts(mnist: Mnist, recipe: Recipe | None) -> None:
    share, seed = (recipe.validation_share, recipe.seed) if recipe else SPLIT
    rng = np.random.default_rng(seed)
    training, validation = split(len(mnist.y_train), share, rng, mnist.writers)
    labels = {
        "training": mnist.y_train[training],
        "validation": mnist.y_train[validation],
        "test": mnist.y_test,
    }
    st.subheader("How many there are of each", anchor=False)
    with st.container(key=Key.SETS):
        left, right = st.container(), st.container()
    with left:
        st.table(
            {
                "set": list(labels),
                "digits": [f"{len(part):,}" for part in labels.values()],
                "shape of the images": [f"({len(part):,}, 28, 28)" for part in labels.values()],
                "type": ["uint8, 0 to 255"] * len(labels),
            }
        )
        who = (
            "The form in the sidebar keeps" if recipe else "Until you fix the form, this page keeps"
        )
        what = "" if mnist.writers is None else "by writer, "
        st.caption(f"{who} {share * 100:g} % for validation, chosen {what}with seed {seed}.")
    with right:
        plot.show(
            charts.class_chart(
                {name: np.bincount(part, minlength=10).tolist() for name, part in labels.items()}
            ),
            key=Key.CLASSES,
        )


@st.fragment
def _show_images(mnist: Mnist, recognizers: dict[str, Recognizer]) -> None:
    """The gallery, and the image looked at."""
    with st.container(key=Key.BROWSE):
        left, right = st.container(), st.container(key=Key.ONE_IMAGE)
    with left:
        images, labels, shown = _show_gallery(mnist)
    with right:
        st.subheader("One image as numbers", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            index = GALLERY.choose_index(len(labels), shown)
            st.button("Random", key=Key.RANDOM, on_click=_look_at_random, args=[len(labels)])
        image, label = images[index], int(labels[index])
        st.markdown(f"The label of image **{index}** is **{label}**.")
        plot.show(image_grid.pixel_chart(image), key=Key.PIXELS)
    _show_label(image, label, recognizers)


def _show_gallery(mnist: Mnist) -> tuple[ByteArray, IntArray, IntArray]:
    """Gives the images of the set, their labels, and the indices of those shown."""
    st.subheader("Browse the images", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        part = st.segmented_control(
            "Set",
            SETS,
            default="training",
            required=True,
            key=Key.PART,
            on_change=_forget_image,
            persist_state="session",
        )
        count = GALLERY.choose_count()
        GALLERY.show_reshuffle()
    only = st.pills(
        "Only", range(10), selection_mode="multi", key=Key.ONLY, persist_state="session"
    )
    images, labels = {
        "training": (mnist.x_train, mnist.y_train),
        "test": (mnist.x_test, mnist.y_test),
    }[part]
    found = np.flatnonzero(np.isin(labels, only)) if only else np.arange(len(labels))
    # The sample is sorted by digit, so its first images are all zeros
    indices = GALLERY.pick(found, count, shuffled=mnist.is_sample or GALLERY.shuffles > 0)
    GALLERY.show(
        images[indices],
        indices,
        captions=[f"{index}: {labels[index]}" for index in indices],
        details=[f"{part} image {index}, a {labels[index]}" for index in indices],
        note="Below each image: its index and its label. Press one to see its pixels as numbers.",
        nothing=f"The {part} set has no such digit. Choose others above.",
    )
    return images, labels, indices


def _forget_image() -> None:
    """Have the page look at the first of the images that it shows next."""
    st.session_state.pop(Key.INDEX, None)


def _look_at_random(count: int) -> None:
    GALLERY.look_at(int(np.random.default_rng().integers(count)))


def _show_label(image: ByteArray, label: int, recognizers: dict[str, Recognizer]) -> None:
    """The label as an integer and one-hot, with the cross-entropy of each, which are equal."""
    st.subheader("Its label and its loss", anchor=False)
    one_hot = np.eye(10, dtype=int)[label]
    rows = {
        "as": ["integer", "one-hot"],
        "label": [str(label), " ".join(map(str, one_hot))],
        "loss": ["sparse categorical cross-entropy", "categorical cross-entropy"],
    }
    for name, recognizer in [*recognizers.items()][:1]:
        (probabilities,) = recognizer.predict_batch(
            image[np.newaxis].astype(np.float32) / np.float32(255)
        )
        logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        sparse, categorical = abs(logs[label]), abs((one_hot * logs).sum())
        rows[f"{name} here"] = [f"{sparse:.4f}", f"{categorical:.4f}"]
    st.table(rows)
    st.caption(
        "The loss is minus the logarithm of the probability that the network gives to the true "
        "digit. Both ways to write the label lead to the same loss; the form's settings choose one."
    )


def _show_values(mnist: Mnist) -> None:
    st.subheader("Grey values before and after normalisation", anchor=False)
    st.markdown(
        "Divided by 255, grey values lie between 0 and 1, close to the size of a network's first "
        "weights, so it learns faster and more reliably. Most pixels are blank paper, so the axis "
        "of counts is logarithmic."
    )
    plot.show(charts.value_chart(_count_values(mnist.sha256, mnist)), key=Key.VALUES)


@st.cache_data(show_spinner=False, max_entries=2)
def _count_values(sha256: str, _mnist: Mnist) -> list[int]:
    """How often each grey value from 0 to 255 occurs in the training images."""
    counts = np.zeros(256, np.int64)
    for images in np.array_split(_mnist.x_train, 100):  # bincount takes eight times their memory
        counts += np.bincount(images.ravel(), minlength=256)
    return counts.tolist()
