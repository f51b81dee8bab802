"""Evaluate: how well networks read test digits or the room's drawings, and what they confuse."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from digitcanvas.app.parts import (
    mnist_source,
    plot,
    run_panel,
    shared_mnist,
    shared_predictions,
    shared_told,
)
from digitcanvas.app.parts.gallery import Gallery
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import Mnist
from digitcanvas.data.store import StoreError
from digitcanvas.drawing.arrays import IntArray
from digitcanvas.figures import charts, image_grid
from digitcanvas.reading.digit_sets import DigitSet, of_mnist
from digitcanvas.reading.evaluation import OUTCOMES, Metrics, Predictions
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.words import percent

GALLERY = Gallery(grid=Key.GALLERY, count=Key.COUNT, index=Key.TEST_INDEX, image=Key.TEST_READING)

# Widths in pixels
IMAGE = 180
DIGIT = 100  # of a choice of one

MEASURED = "on the {name}"
"""The head of the first column, which no network can be called: names have no spaces."""

TEST, ROOM = "MNIST's test digits", "The room's drawings"

SHOWN = 40
"""People whose errors are shown, at most."""

SUREST, RANDOM = "surest first", "random"


def show(recognizers: dict[str, Recognizer]) -> None:
    """The page, for the first of the recognizers; the figures also show the second."""
    st.html(Path(__file__).with_name("wide.css"))
    st.header("How well networks read", anchor=False)
    if not recognizers:
        st.error("No network can be used. Restore `models/`, then reload the page.")
        return
    drawings = _choose_drawings()
    digits = drawings or of_mnist(shared_mnist.load())
    predictions = {
        label: shared_predictions.load(label, recognizer, digits)
        for label, recognizer in recognizers.items()
    }
    _summarize(predictions, digits.name)
    if drawings:
        _show_room(drawings)
    else:
        _show_source(shared_mnist.load())
    _explore(recognizers, predictions, digits)
    st.caption(f"*Train* shows the layers of {next(iter(predictions))} and how it learned.")
    run_panel.show()


def _choose_drawings() -> DigitSet | None:
    """The room's drawings if they are chosen and there are any; what fails is a message."""
    if not shared_told.supply().drawings:
        return None
    chosen = st.segmented_control(
        "Measured on",
        [TEST, ROOM],
        default=TEST,
        required=True,
        key=Key.MEASURED_ON,
        on_change=_forget_choice,
        persist_state="session",
    )
    if chosen != ROOM:
        return None
    try:
        digits = shared_told.digits()
    except StoreError as error:
        st.warning(str(error), icon=":material/warning:")
        return None
    if not len(digits.labels):
        st.info("Nobody has told yet that a drawing is a digit.")
        return None
    return digits


def _forget_choice() -> None:
    """Look at the first image again, and at those of all digits."""
    for key in (Key.TEST_INDEX, Key.TRUE_DIGIT, Key.READ_DIGIT):
        st.session_state.pop(key, None)


def _show_room(digits: DigitSet) -> None:
    supply, count = shared_told.supply(), len(digits.labels)
    newest = f" These are the newest {count:,}." if count + digits.others < supply.drawings else ""
    others = f" {digits.others:,} told to be no digit are left out." if digits.others else ""
    st.caption(
        f"There are {supply.words}.{newest}{others} Each counts as what its person said it is. A "
        "network that learned from these drawings looks better here than it is."
    )


def _summarize(predictions: Mapping[str, Predictions], name: str) -> None:
    for label, each in predictions.items():
        errors, (low, high) = each.errors, each.metrics["interval"]
        st.markdown(
            f"**{label}** reads **{percent(1 - errors.share, 2)}** of the {name} right "
            f"and misreads **{errors.wrong:,}** of the {errors.count:,} digits. With 95 % "
            f"confidence, it reads {percent(low, 2)} to {percent(high, 2)} of other digits like "
            "these right."
        )


def _show_source(mnist: Mnist) -> None:
    if mnist.is_sample:
        st.markdown(
            "A network that learned from all of MNIST has seen these digits before: its figures "
            "look better than they are."
        )
    mnist_source.show(mnist)


@st.fragment
def _explore(
    recognizers: Mapping[str, Recognizer], predictions: Mapping[str, Predictions], digits: DigitSet
) -> None:
    """The images that the first network reads right or wrong, and one of them; beside them, which
    digits it confuses, and the figures of both networks.
    """
    label, first = next(iter(predictions.items()))
    with st.container(key=Key.EXPLORE):
        left, right = st.container(), st.container()
    with left:
        with st.container(key=Key.ANSWERS):
            shown = _show_gallery(label, first, digits)
        with st.container(key=Key.TEST_READING):
            _show_image(first, digits, shown)
    with right:
        _show_confusion(label, first)
        _show_people(predictions, digits)
        _show_errors(predictions, digits.one)
        _show_figures(recognizers, predictions, digits.name)


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


def _show_gallery(label: str, predictions: Predictions, digits: DigitSet) -> IntArray:
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
        digits.images[indices],
        indices,
        captions=[
            f"{index}<br>{answer}" if label == answer else f"{index}<br>{label} as {answer}"
            for index, label, answer in zip(indices, labels, answers, strict=True)
        ],
        details=[
            f"{digits.one} {index}{_by(digits, index)}: a {label}, read as {answer} "
            f"({percent(certainty)} sure)"
            for index, label, answer, certainty in zip(indices, labels, answers, sure, strict=True)
        ],
        note=f"{len(indices)} of {len(found):,}. Below each image: its index and what it is read "
        "as. Press one to see its ten probabilities.",
        nothing=_nothing(label, outcome, true, read),
    )
    return indices


def _by(digits: DigitSet, index: int) -> str:
    """Who drew it, where that is known."""
    if digits.persons is None:
        return ""
    return f", by {charts.plain(digits.people[digits.persons[index]])}"


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


def _show_image(predictions: Predictions, digits: DigitSet, shown: IntArray) -> None:
    st.subheader(f"One {digits.one}", anchor=False)
    index = GALLERY.choose_index(len(digits.labels), shown)
    probabilities = predictions.probabilities[index]
    label, answer = predictions.labels[index], predictions.predicted[index]
    st.markdown(
        f"{digits.one.capitalize()} **{index}** is a **{label}**, read as **{answer}** "
        f"({percent(probabilities[answer])} sure)."
        + ("" if answer == label else f" The {label} gets {percent(probabilities[label])}.")
    )
    with st.container(horizontal=True):
        with st.container(width=IMAGE):
            plot.show(image_grid.image_chart(digits.images[index]), key=Key.TEST_IMAGE)
        with st.container():
            plot.show(charts.probability_chart(probabilities), key=Key.TEST_PROBABILITIES)


def _show_people(predictions: Mapping[str, Predictions], digits: DigitSet) -> None:
    """Nothing where nobody knows who drew the digits."""
    if digits.persons is None:
        return
    st.subheader("How often each person is misread", anchor=False)
    errors = {
        label: each.errors_by(digits.persons, len(digits.people))
        for label, each in predictions.items()
    }
    plot.show(charts.person_chart(errors, digits.people, SHOWN), key=Key.BY_PERSON)
    if len(digits.people) > SHOWN:
        st.caption(f"These are the {SHOWN} of {len(digits.people):,} people misread most.")


def _show_errors(predictions: Mapping[str, Predictions], one: str) -> None:
    st.subheader("How often each digit is misread", anchor=False)
    errors = {label: each.errors_by_digit for label, each in predictions.items()}
    plot.show(charts.error_chart(errors), key=Key.BY_DIGIT)
    st.caption(
        f"A dot is the share of the {one}s that are misread. With 95 % confidence, the share "
        "of other digits like these lies on its line."
    )


def _show_figures(
    recognizers: Mapping[str, Recognizer], predictions: Mapping[str, Predictions], name: str
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
        st.table({MEASURED.format(name=name): names} | columns)


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
