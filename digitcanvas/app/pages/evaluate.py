"""Evaluate: how well networks read the test digits, and which digits they confuse."""

from collections.abc import Mapping

import streamlit as st

from digitcanvas.app.parts import layers, plot, run_panel, shared_mnist, shared_predictions
from digitcanvas.app.parts.gallery import Gallery
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import Mnist
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.evaluation import OUTCOMES, Predictions
from digitcanvas.reading.recognizer import Recognizer

GALLERY = Gallery(grid=Key.GALLERY, count=Key.COUNT, index=Key.TEST_INDEX)

IMAGE, CHART = 240, 400
"""Widths in pixels: beside each other where they fit, one below the other on a phone."""

SUREST, RANDOM = "surest first", "random"


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page, for the first of the recognizers; the figures also show the second."""
    st.header("How well networks read", anchor=False)
    if not recognizers:
        st.error("No network can be used. Restore `models/`, then reload the page.")
        return
    mnist = shared_mnist.load()
    predictions = {
        label: shared_predictions.load(label, recognizer, mnist)
        for label, recognizer in recognizers.items()
    }
    _show_figures(recognizers, predictions, mnist)
    label, first = next(iter(predictions.items()))
    _explore(label, first, mnist)
    layers.show(st.session_state[Key.MODEL])
    run_panel.show()


def _show_figures(
    recognizers: Mapping[str, Recognizer], predictions: Mapping[str, Predictions], mnist: Mnist
) -> None:
    st.markdown(
        f"Measured on the {mnist.test_set}, {len(mnist.y_test):,} digits. With 95 % confidence, "
        "the accuracy on other digits like these lies in the interval."
    )
    if mnist.is_sample:
        st.markdown(
            "A network that learned from all of MNIST has seen these digits before: its figures "
            "look better than they are."
        )
    metrics = {label: each.metrics for label, each in predictions.items()}
    rows = []
    for label, figures in metrics.items():
        low, high = figures["interval"]
        rejected = f"{figures['rejected'] * 100:.2f} %"
        rows.append(
            {
                "network": label,
                "accuracy": f"{figures['accuracy'] * 100:.2f} %",
                "interval": f"{low * 100:.2f} to {high * 100:.2f} %",
                "wrong": f"{round((1 - figures['accuracy']) * figures['count']):,}",
                "loss": f"{figures['loss']:.4f}",
                "rejected as not a digit": rejected if recognizers[label].can_reject else "never",
            }
        )
    with st.container(key=Key.FIGURES):
        st.table(rows)
    shares = {label: figures["accuracy_by_digit"] for label, figures in metrics.items()}
    plot.show(charts.accuracy_chart(shares), key=Key.BY_DIGIT)


@st.fragment
def _explore(label: str, predictions: Predictions, mnist: Mnist) -> None:
    """The confusion matrix, the images behind its cells, and one image."""
    st.subheader(f"Which digits {label} confuses", anchor=False)
    cells = st.segmented_control(
        "In each cell",
        ["counts", "% of the row"],
        default="counts",
        required=True,
        key=Key.CELLS,
        persist_state="session",
    )
    confusion = charts.confusion_chart(
        predictions.metrics["confusion"], as_shares=cells != "counts"
    )
    plot.show(confusion, key=Key.CONFUSION, on_press=_look_into)
    st.caption("Press a cell to see its images below.")
    _show_gallery(predictions, mnist)
    _show_image(predictions, mnist)


def _look_into(cell: list[int]) -> None:
    """Choose the images of a cell: its row is the true digit, its column what it is read as."""
    st.session_state[Key.TRUE_DIGIT], st.session_state[Key.READ_DIGIT] = cell


def _show_gallery(predictions: Predictions, mnist: Mnist) -> None:
    st.subheader("Right and wrong answers", anchor=False)
    chosen = st.session_state.get(Key.TRUE_DIGIT), st.session_state.get(Key.READ_DIGIT)
    is_cell = None not in chosen  # whose images are either all right or all wrong
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outcome = st.segmented_control(
            "Answers",
            OUTCOMES,
            default="wrong",
            required=True,
            key=Key.OUTCOME,
            disabled=is_cell,
            persist_state="session",
        )
        order = st.segmented_control(
            "Order",
            [SUREST, RANDOM],
            default=SUREST,
            required=True,
            key=Key.ORDER_BY,
            persist_state="session",
        )
        count = GALLERY.choose_count()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _choose_digit("True digit", Key.TRUE_DIGIT)
        read = _choose_digit("Read as", Key.READ_DIGIT)
        GALLERY.show_reshuffle(disabled=order != RANDOM)
    found = predictions.select("all" if is_cell else outcome, true, read)
    indices = GALLERY.pick(found, count, shuffled=order == RANDOM)
    labels, answers = predictions.labels[indices], predictions.predicted[indices]
    sure = predictions.probabilities[indices].max(axis=1, initial=0) * 100
    GALLERY.show(
        mnist.x_test[indices],
        indices,
        captions=[
            f"{index}<br>{answer}" if label == answer else f"{index}<br>{label} as {answer}"
            for index, label, answer in zip(indices, labels, answers, strict=True)
        ],
        details=[
            f"test image {index}: a {label}, read as {answer} ({certainty:.1f} % sure)"
            for index, label, answer, certainty in zip(indices, labels, answers, sure, strict=True)
        ],
        note=f"{len(indices)} of {len(found):,}. Below each image: its index and what it is read "
        "as. Press one to see its ten probabilities.",
    )


def _choose_digit(label: str, key: Key) -> int | None:
    return st.selectbox(label, range(10), None, key=key, placeholder="any", persist_state="session")


def _show_image(predictions: Predictions, mnist: Mnist) -> None:
    st.subheader("One test image", anchor=False)
    index = GALLERY.choose_index(len(mnist.y_test))
    probabilities = predictions.probabilities[index]
    label, answer = predictions.labels[index], predictions.predicted[index]
    st.markdown(f"Image **{index}** is a **{label}**, read as **{answer}**.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=IMAGE):
            plot.show(image_grid.image_chart(mnist.x_test[index]), key=Key.TEST_IMAGE)
        with st.container(width=CHART):
            plot.show(charts.probability_chart(probabilities), key=Key.TEST_PROBABILITIES)
    st.table([{str(digit): f"{share:.4f}" for digit, share in enumerate(probabilities)}])
