"""Evaluate: how well networks read the test digits, and which digits they confuse."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from digitcanvas.app.parts import mnist_source, plot, run_panel, shared_mnist, shared_predictions
from digitcanvas.app.parts.gallery import Gallery
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import Mnist
from digitcanvas.drawing.arrays import IntArray
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.evaluation import OUTCOMES, Metrics, Predictions
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.words import percent

GALLERY = Gallery(grid=Key.GALLERY, count=Key.COUNT, index=Key.TEST_INDEX, image=Key.TEST_READING)

# Widths in pixels
IMAGE = 180
DIGIT = 100  # of a choice of one

MEASURED = "on the test set"
"""The head of the first column, which no network can be called: names have no spaces."""

SUREST, RANDOM = "surest first", "random"


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page, for the first of the recognizers; the figures also show the second."""
    st.html(Path(__file__).with_name("wide.css"))
    st.header("How well networks read", anchor=False)
    if not recognizers:
        st.error("No network can be used. Restore `models/`, then reload the page.")
        return
    mnist = shared_mnist.load()
    predictions = {
        label: shared_predictions.load(label, recognizer, mnist)
        for label, recognizer in recognizers.items()
    }
    _summarize(predictions, mnist)
    mnist_source.show(mnist)
    _explore(recognizers, predictions, mnist)
    st.caption(f"*Train* shows the layers of {next(iter(predictions))} and how it learned.")
    run_panel.show()


def _summarize(predictions: Mapping[str, Predictions], mnist: Mnist) -> None:
    for label, each in predictions.items():
        errors, (low, high) = each.errors, each.metrics["interval"]
        st.markdown(
            f"**{label}** reads **{percent(1 - errors.share, 2)}** of the {mnist.test_set} right "
            f"and misreads **{errors.wrong:,}** of the {errors.count:,} digits. With 95 % "
            f"confidence, it reads {percent(low, 2)} to {percent(high, 2)} of other digits like "
            "these right."
        )
    if mnist.is_sample:
        st.markdown(
            "A network that learned from all of MNIST has seen these digits before: its figures "
            "look better than they are."
        )


@st.fragment
def _explore(
    recognizers: Mapping[str, Recognizer], predictions: Mapping[str, Predictions], mnist: Mnist
) -> None:
    """The images that the first network reads right or wrong, and one of them; beside them, which
    digits it confuses, and the figures of both networks.
    """
    label, first = next(iter(predictions.items()))
    with st.container(key=Key.EXPLORE):
        left, right = st.container(), st.container()
    with left:
        with st.container(key=Key.ANSWERS):
            shown = _show_gallery(label, first, mnist)
        with st.container(key=Key.TEST_READING):
            _show_image(first, mnist, shown)
    with right:
        _show_confusion(label, first)
        _show_errors(predictions)
        _show_figures(recognizers, predictions)


def _show_confusion(label: str, predictions: Predictions) -> None:
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
    plot.show(confusion, key=Key.CONFUSION, on_press=_look_into, shows=Key.ANSWERS)
    st.caption("Press a cell to see its images.")


def _look_into(cell: list[int]) -> None:
    """Choose the images of a cell: its row is the true digit, its column what it is read as."""
    st.session_state[Key.TRUE_DIGIT], st.session_state[Key.READ_DIGIT] = cell


def _show_gallery(label: str, predictions: Predictions, mnist: Mnist) -> IntArray:
    """Gives the indices of the images shown."""
    values = st.session_state
    chosen = values.get(Key.TRUE_DIGIT), values.get(Key.READ_DIGIT)
    is_cell = None not in chosen  # whose images are either all right or all wrong
    st.subheader(_title(label, values.get(Key.OUTCOME, "wrong"), *chosen), anchor=False)
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
        count = GALLERY.choose_count()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = _choose_digit("True digit", Key.TRUE_DIGIT)
        read = _choose_digit("Read as", Key.READ_DIGIT)
        order = st.segmented_control(
            "Order",
            [SUREST, RANDOM],
            default=SUREST,
            required=True,
            key=Key.ORDER_BY,
            persist_state="session",
        )
        if order == RANDOM:
            GALLERY.show_reshuffle()
    found = predictions.select("all" if is_cell else outcome, true, read)
    indices = GALLERY.pick(found, count, shuffled=order == RANDOM)
    labels, answers = predictions.labels[indices], predictions.predicted[indices]
    sure = predictions.probabilities[indices].max(axis=1, initial=0)
    GALLERY.show(
        mnist.x_test[indices],
        indices,
        captions=[
            f"{index}<br>{answer}" if label == answer else f"{index}<br>{label} as {answer}"
            for index, label, answer in zip(indices, labels, answers, strict=True)
        ],
        details=[
            f"test image {index}: a {label}, read as {answer} ({percent(certainty)} sure)"
            for index, label, answer, certainty in zip(indices, labels, answers, sure, strict=True)
        ],
        note=f"{len(indices)} of {len(found):,}. Below each image: its index and what it is read "
        "as. Press one to see its ten probabilities.",
        nothing=_nothing(label, outcome, true, read),
    )
    return indices


def _choose_digit(label: str, key: Key) -> int | None:
    return st.selectbox(
        label, range(10), None, key=key, placeholder="any", persist_state="session", width=DIGIT
    )


def _title(label: str, outcome: str, true: int | None, read: int | None) -> str:
    if true is not None and read is not None:
        return f"Every {true} that {label} reads as {read}"
    return {
        "wrong": f"What {label} gets wrong",
        "right": f"What {label} gets right",
        "all": f"What {label} reads",
    }[outcome]


def _nothing(label: str, outcome: str, true: int | None, read: int | None) -> str:
    """Why the gallery is empty, and what to do."""
    if true is not None and read is not None:
        what = f"{label} reads no {true} as {read}"
    elif read is not None and outcome != "right":
        what = f"{label} takes no {'other ' * (outcome == 'wrong')}digit for {read}"
    else:
        digit = next((digit for digit in (true, read) if digit is not None), "digit")
        what = {
            "wrong": f"{label} misreads no {digit} here",
            "right": f"{label} reads no {digit} right",
            "all": f"There is no {digit} here",
        }[outcome]
    return f"{what}. Choose other answers or digits above."


def _show_image(predictions: Predictions, mnist: Mnist, shown: IntArray) -> None:
    st.subheader("One test image", anchor=False)
    index = GALLERY.choose_index(len(mnist.y_test), shown)
    probabilities = predictions.probabilities[index]
    label, answer = predictions.labels[index], predictions.predicted[index]
    st.markdown(
        f"Image **{index}** is a **{label}**, read as **{answer}** "
        f"({percent(probabilities[answer])} sure)."
        + ("" if answer == label else f" The {label} gets {percent(probabilities[label])}.")
    )
    with st.container(horizontal=True):
        with st.container(width=IMAGE):
            plot.show(image_grid.image_chart(mnist.x_test[index]), key=Key.TEST_IMAGE)
        with st.container():
            plot.show(charts.probability_chart(probabilities), key=Key.TEST_PROBABILITIES)


def _show_errors(predictions: Mapping[str, Predictions]) -> None:
    st.subheader("How often each digit is misread", anchor=False)
    errors = {label: each.errors_by_digit for label, each in predictions.items()}
    plot.show(charts.error_chart(errors), key=Key.BY_DIGIT)
    st.caption(
        "A dot is the share of the test digits that are misread. With 95 % confidence, the share "
        "of other digits like these lies on its line."
    )


def _show_figures(
    recognizers: Mapping[str, Recognizer], predictions: Mapping[str, Predictions]
) -> None:
    st.subheader("All figures", anchor=False)
    with st.container(key=Key.FIGURES):
        names = [
            "accuracy",
            "95 % interval",
            "loss",
            "expected calibration error",
            "rejected as not a digit",
        ]
        columns = {
            label: _figures(predictions[label].metrics, recognizer.can_reject)
            for label, recognizer in recognizers.items()
        }
        st.table({MEASURED: names} | columns)


def _figures(metrics: Metrics, can_reject: bool) -> list[str]:
    low, high = metrics["interval"]
    return [
        percent(metrics["accuracy"], 2),
        f"{percent(low, 2)} to {percent(high, 2)}",
        f"{metrics['loss']:.4f}",
        percent(metrics["expected_calibration_error"]),
        _rejected(metrics) if can_reject else "it cannot reject",
    ]


def _rejected(metrics: Metrics) -> str:
    count = round(metrics["rejected"] * metrics["count"])
    return f"{count:,} ({percent(metrics['rejected'])})" if count else "none"
