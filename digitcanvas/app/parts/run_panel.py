"""The panel that shows the run under way, the same to every session."""

from collections.abc import Callable

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import plot
from digitcanvas.app.state import Key
from digitcanvas.figures.charts import Figure
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError, Jobs, jobs_in
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import Run, Training, on_sample

BUSY, IDLE = 1.0, 2.0
"""Seconds between two looks at the run under way, and at whether someone has started one."""

CURVES = 3
"""Seconds for which one picture of the curves serves: a new one keeps the browser busy."""


def jobs() -> Jobs:
    return jobs_in(registry.home())


def start(recipe: Recipe, name: str) -> None:
    """Start a training for this session. Raises JobError and ModelError as `Jobs.start` does."""
    state.session().trained_here = jobs().start(Training(recipe, name)).id


def take_result() -> str | None:
    """The name of the model that this session trained, once."""
    session = state.session()
    if not session.trained_here:
        return None
    run, name = jobs().latest(), jobs().result(session.trained_here)
    if name or not run or not run.is_running:
        session.trained_here = None
    return name


def remember() -> None:
    """Note what this run of the page knows, so that `show` notices news."""
    state.session().known = _news()


def _news() -> tuple[object, ...]:
    run = jobs().latest()
    return (run and (run.id, run.state)), jobs().busy(), registry.snapshot()


def show(is_stale: Callable[[], bool] = lambda: False) -> None:
    """The panel. It looks for news by itself, and reruns the page if there are any.

    It also reruns the page if the page says that it is stale.
    """
    session = state.session()
    if session.taken_rate:
        st.toast(f"The training form now has the learning rate {session.taken_rate:g}.")
        session.taken_rate = None
    run = jobs().latest()
    st.fragment(_panel, run_every=BUSY if run and run.is_running else IDLE)(is_stale)


def _panel(is_stale: Callable[[], bool]) -> None:
    if _news() != state.session().known or is_stale():
        st.rerun()
    run = jobs().latest()
    if run is None or state.session().closed == run.id:
        return
    with st.container(key=Key.TRAINING, border=True):
        match run.state, run.curve:
            case "running", _:
                _running(run)
            case "done", RateCurve() as curve:
                _found(run, curve)
            case "done", _:
                _trained(run)
            case "failed", _:
                _failed(run)
            case "cancelled", _:
                _title(run, run.task.cancelled)


def _running(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{run.task.running}**", width="stretch")
        st.button("Cancel", key=Key.CANCEL, on_click=jobs().cancel, args=[run.id])
    if run.problem:
        st.error(run.problem, icon=":material/warning:")
        st.button("Try again", key=Key.PUBLISH_AGAIN, on_click=jobs().publish_again, args=[run.id])
    st.progress(run.share, _where(run))
    _curves(run)


def _where(run: Run) -> str:
    """What the run is doing, in words."""
    if run.stage or not run.progress:
        return f"{run.stage} …"
    where = f"{run.task.step} {run.progress.epoch} of {run.progress.epochs}"
    left = run.seconds_left
    return where if left is None else f"{where}, {duration(left)} left"


def _trained(run: Run) -> None:
    name = jobs().result(run.id)
    try:
        card = registry.read_card(registry.find(name or ""))
    except registry.ModelError:
        _title(run, f"**{run.result}** was trained, but someone has removed it since.")
        return
    _title(run, f"**{name}** is trained. It is in the sidebar.")
    measured = [("untrained", card.untrained), ("trained", card.test)]
    columns = [(label, metrics) for label, metrics in measured if metrics]
    rows = {
        "": [label for label, _ in columns],
        f"accuracy on the {card.test['data']}": [
            f"{m['accuracy'] * 100:.2f} %" for _, m in columns
        ],
        "loss": [f"{m['loss']:.4f}" for _, m in columns],
    }
    if pen := card.metrics.get("pen"):
        rows[f"accuracy on {pen['data']}"] = [
            *[""] * (len(columns) - 1),
            f"{pen['accuracy'] * 100:.2f} %",
        ]
    st.table(rows)
    st.caption(f"Trained in {duration(card.seconds)}.")
    _curves(run)


def _found(run: Run, curve: RateCurve) -> None:
    try:
        low, high = curve.good
    except ValueError as error:
        _title(run, str(error))
        _curves(run)
        return
    _title(run, f"Learning rates from **{low:.2g}** to **{high:.2g}** are worth trying.")
    _curves(run)
    label = f"Use {curve.choice:g} for the next training"
    if st.button(label, key=Key.TAKE_RATE, on_click=_take_rate, args=[curve]):
        st.rerun()


def _take_rate(curve: RateCurve) -> None:
    st.session_state[Key.LEARNING_RATE] = state.session().taken_rate = curve.choice


def _failed(run: Run) -> None:
    _title(run, run.task.failed)
    st.error(run.error, icon=":material/warning:")
    if run.offline:
        st.button("Use the bundled sample", key=Key.TAKE_SAMPLE, on_click=_take_sample, args=[run])
    if error := state.session().start_errors.get(run.id):
        st.error(error, icon=":material/warning:")
    _curves(run)


def _take_sample(run: Run) -> None:
    task = on_sample(run.task)
    try:
        if isinstance(task, Training):
            start(task.recipe, registry.free_name(task.name))
        else:
            jobs().start(task)
    except (JobError, registry.ModelError) as error:
        state.session().start_errors = {run.id: str(error)}


def _title(run: Run, words: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="stretch")
        st.button("Close", key=Key.CLOSE, on_click=_close, args=[run.id])


def _close(run_id: str) -> None:
    state.session().closed = run_id


def _curves(run: Run) -> None:
    if figure := _figure(run.id, run.state, run):
        plot.show(figure, key=Key.CURVES)


@st.cache_resource(ttl=CURVES, max_entries=4, show_spinner=False)
def _figure(run_id: str, state: str, _run: Run) -> Figure | None:
    """One picture of the curves for all sessions."""
    return _run.figure


def duration(seconds: float) -> str:
    """A time that is not known more exactly: "40 s", "3 minutes"."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    return f"{seconds / 60:.0f} minutes"
