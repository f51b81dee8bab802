"""The training or the search for a learning rate under way, as every session sees it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import streamlit as st

from digitcanvas.app.parts import plot
from digitcanvas.figures import charts
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import FIND_RATE, TRAIN, JobError, Jobs, Run, jobs_in
from digitcanvas.runs.recipes import Recipe

BUSY, IDLE = 1.0, 2.0
"""Seconds between two looks at the run under way, and for one that somebody might have started."""

CURVES = 3
"""Seconds for which a picture of the curves does: drawing it anew takes the browser a while."""

WORDS = {
    TRAIN: {
        "running": "Training {}",
        "step": "Epoch",
        "failed": "**{}** was not trained.",
        "cancelled": "The training of **{}** was cancelled; nothing of it is left.",
    },
    FIND_RATE: {
        "running": "Finding a learning rate",
        "step": "Rate",
        "failed": "No learning rate was found.",
        "cancelled": "The search for a learning rate was cancelled.",
    },
}
"""What there is to say of a task; a network's name goes into the braces."""

DRAWINGS = 0.1
"""The share of the progress bar that is left to the making of drawings."""


def jobs() -> Jobs:
    return jobs_in(registry.home())


def start(recipe: Recipe, name: str) -> None:
    """Start a run of this session's. Raises JobError and ModelError as `Jobs.start` does."""
    st.session_state["trained_here"] = jobs().start(recipe, name).id


def take_result() -> str | None:
    """Once, the name of the model that this session trained."""
    name = jobs().result(st.session_state.get("trained_here"))
    if name:
        del st.session_state["trained_here"]
    return name


def remember() -> None:
    """Note what this run of the page knows, so that `show` can tell when there is news."""
    st.session_state["known"] = _news()


def _news() -> tuple:
    run = jobs().latest()
    return (run and (run.id, run.state)), registry.snapshot()


def show(is_stale: Callable[[], bool] = lambda: False) -> None:
    """The panel, which looks for news by itself and reruns the page where there are any.

    It does so, too, where the page says that it is stale.
    """
    if rate := st.session_state.pop("taken_rate", None):
        st.toast(f"The form in the sidebar now has the learning rate {rate:g}.")
    run = jobs().latest()
    busy = run is not None and run.state == "running"
    st.fragment(_panel, run_every=BUSY if busy else IDLE)(is_stale)


def _panel(is_stale: Callable[[], bool]) -> None:
    if _news() != st.session_state["known"] or is_stale():
        st.rerun()
    run = jobs().latest()
    if run is None or st.session_state.get("closed") == run.id:
        return
    with st.container(key="training", border=True):
        show_run = {
            "running": _running,
            "done": _found if run.task == FIND_RATE else _done,
            "failed": _failed,
            "cancelled": _cancelled,
        }
        show_run[run.state](run)


def _running(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{_words(run, 'running')}**", width="stretch")
        st.button("Cancel", key="cancel", on_click=jobs().cancel, args=[run.id])
    if run.problem:
        st.error(run.problem, icon=":material/warning:")
        st.button("Try again", key="publish_again", on_click=jobs().publish_again, args=[run.id])
    st.progress(_share(run), _where(run))
    _curves(run)


def _share(run: Run) -> float:
    """How far the bar has come: its beginning belongs to the drawings that are made first."""
    if not run.progress:
        return 0.0
    drawings = 0 if run.task == FIND_RATE else DRAWINGS
    if run.progress.epoch == 0:
        return drawings * run.progress.share
    return drawings + (1 - drawings) * run.progress.share


def _where(run: Run) -> str:
    """What the run does, in words."""
    if run.stage or not run.progress:
        return f"{run.stage} …"
    where = f"{_words(run, 'step')} {run.progress.epoch} of {run.progress.epochs}"
    left = run.seconds_left
    return where if left is None else f"{where}, {words_for(left)} left"


def _done(run: Run) -> None:
    try:
        card = registry.read_card(registry.find(run.name))
    except registry.ModelError:
        _title(run, f"**{run.name}** was trained, and has been renamed or removed since.")
        return
    _title(run, f"**{run.name}** is trained, and in the sidebar.")
    measured = [("untrained", card.untrained), ("trained", card.test)]
    columns = [(name, metrics) for name, metrics in measured if metrics]
    rows = {
        "": [name for name, _ in columns],
        f"reads of the {card.test['data']}": [f"{m['accuracy'] * 100:.2f} %" for _, m in columns],
        "loss": [f"{m['loss']:.4f}" for _, m in columns],
    }
    if pen := card.metrics.get("pen"):
        rows[f"reads of {pen['data']}"] = [
            *[""] * (len(columns) - 1),
            f"{pen['accuracy'] * 100:.2f} %",
        ]
    st.table(rows)
    st.caption(f"TrainedNetwork in {words_for(card.seconds)}.")
    _curves(run)


def _found(run: Run) -> None:
    try:
        low, high = run.rates.good
    except ValueError as error:
        _title(run, str(error))
        _curves(run)
        return
    _title(run, f"Learning rates from **{low:.2g}** to **{high:.2g}** are worth trying.")
    _curves(run)
    label = f"Take {run.rates.choice:g} for the next training"
    if st.button(label, key="take_rate", on_click=_take_rate, args=[run]):
        st.rerun()


def _take_rate(run: Run) -> None:
    st.session_state["learning_rate"] = st.session_state["taken_rate"] = run.rates.choice


def _failed(run: Run) -> None:
    _title(run, _words(run, "failed"))
    st.error(run.failure, icon=":material/warning:")
    if run.offline:
        st.button("Take the bundled sample", key="take_sample", on_click=_take_sample, args=[run])
    if error := st.session_state.get("start_errors", {}).get(run.id):
        st.error(error, icon=":material/warning:")
    _curves(run)


def _take_sample(run: Run) -> None:
    recipe = replace(run.recipe, sample=True)
    try:
        if run.task == FIND_RATE:
            jobs().find_rate(recipe)
        else:
            start(recipe, registry.free_name(run.name))
    except (JobError, registry.ModelError) as error:
        st.session_state["start_errors"] = {run.id: str(error)}


def _cancelled(run: Run) -> None:
    _title(run, _words(run, "cancelled"))


def _words(run: Run, what: str) -> str:
    return WORDS[run.task][what].format(run.name)


def _title(run: Run, words: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="stretch")
        st.button("Close", key="close", on_click=_close, args=[run.id])


def _close(run_id: str) -> None:
    st.session_state["closed"] = run_id


def _curves(run: Run) -> None:
    if run.rates.points or (run.curve.training and run.task != FIND_RATE):
        plot.show(_figure(run.id, run.state, run), key="curves")


@st.cache_resource(ttl=CURVES, max_entries=4, show_spinner=False)
def _figure(run_id: str, state: str, _run: Run) -> dict:
    """One for all sessions."""
    if _run.task == FIND_RATE:
        good = None
        if _run.state == "done":
            with suppress(ValueError):
                good = _run.rates.good
        return charts.rate_chart(_run.rates.points, good)
    curve = _run.curve
    return charts.learning_curve(curve.training, curve.validation, _run.recipe.epochs)


def words_for(seconds: float) -> str:
    """A time that is not known better: "40 s", "3 minutes"."""
    if seconds < 90:
        return f"{max(1, round(seconds, -1 if seconds > 20 else 0)):.0f} s"
    return f"{seconds / 60:.0f} minutes"
