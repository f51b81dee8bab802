"""Evaluate: how well a network reads the test digits, which it confuses, and how sure it is."""

from weakref import WeakKeyDictionary

import numpy as np
import streamlit as st

from digitcanvas.app.parts import layers, plot, run_panel, shared_mnist
from digitcanvas.data.mnist import Mnist
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.evaluation import OUTCOMES, Predictions, predict_images
from digitcanvas.reading.recognizer import Recognizer

IMAGE, CHART = 240, 400
"""Widths in pixels: they stand beside each other, or on a phone one below the other."""

ORDERS = {"sure": "the surest first", "random": "at random"}

_read: WeakKeyDictionary[Recognizer, tuple[str, Predictions]] = WeakKeyDictionary()
"""What each network makes of the test digits of that hash, for all sessions."""


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page, for the first of the recognizers; a second is measured beside it."""
    st.header("How well they read", anchor=False)
    if not recognizers:
        st.error("No network can be used. Restore `models/`, then reload the page.")
        return
    mnist = shared_mnist.load()
    readings = {
        name: _readings(name, recognizer, mnist) for name, recognizer in recognizers.items()
    }
    _figures(recognizers, readings, mnist)
    name, first = next(iter(readings.items()))
    _explore(name, first, mnist)
    layers.show(st.session_state["model"])
    run_panel.show()


def _readings(name: str, recognizer: Recognizer, mnist: Mnist) -> Predictions:
    sha256, readings = _read.get(recognizer, (None, None))
    if sha256 != mnist.sha256:
        bar = st.progress(0.0, f"{name} reads the test digits …")
        readings = predict_images(recognizer, mnist.x_test, mnist.y_test, bar.progress)
        bar.empty()
        _read[recognizer] = mnist.sha256, readings
    return readings


def _figures(
    recognizers: dict[str, Recognizer], readings: dict[str, Predictions], mnist: Mnist
) -> None:
    st.markdown(
        f"Measured on the {mnist.test_set}, {len(mnist.y_test):,} digits. With 95 % "
        "certainty the accuracy on others like them lies in the interval."
    )
    if mnist.is_sample:
        st.markdown("They flatter a network that learnt from all of MNIST: it has seen them.")
    metrics = {name: reading.metrics for name, reading in readings.items()}
    rows = []
    for name, figures in metrics.items():
        low, high = figures["interval"]
        rejected = f"{figures['rejected'] * 100:.2f} %"
        rows.append(
            {
                "network": name,
                "read right": f"{figures['accuracy'] * 100:.2f} %",
                "interval": f"{low * 100:.2f} to {high * 100:.2f} %",
                "wrong": f"{round((1 - figures['accuracy']) * figures['count']):,}",
                "loss": f"{figures['loss']:.4f}",
                "taken for no digit": rejected if recognizers[name].can_reject else "never",
            }
        )
    with st.container(key="figures"):
        st.table(rows)
    shares = {name: figures["accuracy_by_digit"] for name, figures in metrics.items()}
    plot.show(charts.accuracy_chart(shares), key="by_digit")


@st.fragment
def _explore(name: str, readings: Predictions, mnist: Mnist) -> None:
    """The confusion matrix, the images behind its cells, and one image."""
    st.subheader(f"What {name} takes for what", anchor=False)
    cells = st.segmented_control(
        "In each cell",
        ["counts", "% of the row"],
        default="counts",
        required=True,
        key="cells",
        persist_state="session",
    )
    confusion = charts.confusion_chart(readings.metrics["confusion"], as_shares=cells != "counts")
    plot.show(confusion, key="confusion", on_press=_look_into)
    st.caption("Press a cell to see its images, below.")
    _gallery(readings, mnist)
    _one(readings, mnist)


def _look_into(cell: list[int]) -> None:
    """Choose the images of a cell: its row is the true digit, its column what it is read as."""
    st.session_state["true_digit"], st.session_state["read_digit"] = cell


def _gallery(readings: Predictions, mnist: Mnist) -> None:
    state = st.session_state
    st.subheader("Its right and wrong answers", anchor=False)
    is_cell = None not in (state.get("true_digit"), state.get("read_digit"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        outcome = st.segmented_control(
            "Answers",
            OUTCOMES,
            default="wrong",
            required=True,
            key="outcome",
            disabled=is_cell,
            persist_state="session",
        )
        order = st.segmented_control(
            "Order",
            ORDERS,
            format_func=ORDERS.get,
            default="sure",
            required=True,
            key="order_by",
            persist_state="session",
        )
        count = st.segmented_control(
            "Images",
            image_grid.COUNTS,
            default=25,
            required=True,
            key="count",
            persist_state="session",
        )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        true = st.selectbox(
            "True digit",
            range(10),
            None,
            key="true_digit",
            placeholder="any",
            persist_state="session",
        )
        read = st.selectbox(
            "Read as", range(10), None, key="read_digit", placeholder="any", persist_state="session"
        )
        st.button("Reshuffle", key="reshuffle", on_click=_reshuffle, disabled=order != "random")
    found = places = readings.select("all" if is_cell else outcome, true, read)
    if order == "random":
        places = np.random.default_rng(state.get("shuffle", 0)).permutation(found)
    places = places[:count]
    if len(places):
        labels, answers = readings.labels[places], readings.predicted[places]
        sure = readings.probabilities[places].max(axis=1) * 100
        names = [
            f"{place}<br>{answer}" if label == answer else f"{place}<br>{label} as {answer}"
            for place, label, answer in zip(places, labels, answers, strict=True)
        ]
        details = [
            f"test image {place}: a {label}, read as {answer} ({certainty:.1f} % sure)"
            for place, label, answer, certainty in zip(places, labels, answers, sure, strict=True)
        ]
        gallery = image_grid.grid_chart(mnist.x_test[places], places, names, details)
        plot.show(gallery, key="gallery", on_press=_look_at)
        st.caption(
            f"{len(places)} of {len(found):,}: below each its index, and what it is read as. Press "
            "one to see its ten probabilities, below."
        )
    else:
        st.caption("There are none of these.")


def _look_at(index: int) -> None:
    st.session_state["test_index"] = index


def _reshuffle() -> None:
    st.session_state["shuffle"] = st.session_state.get("shuffle", 0) + 1


def _one(readings: Predictions, mnist: Mnist) -> None:
    st.subheader("One test image", anchor=False)
    last = len(mnist.y_test) - 1
    _look_at(min(st.session_state.get("test_index", 0), last))
    index = st.number_input("Index", 0, last, step=1, key="test_index", persist_state="session")
    probabilities = readings.probabilities[index]
    label, answer = readings.labels[index], probabilities.argmax()
    st.markdown(f"Image **{index}** is a **{label}**, read as **{answer}**.")
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=IMAGE):
            plot.show(image_grid.image_chart(mnist.x_test[index]), key="test_image")
        with st.container(width=CHART):
            plot.show(charts.probability_chart(probabilities), key="test_probabilities")
    st.table([{str(digit): f"{share:.4f}" for digit, share in enumerate(probabilities)}])
