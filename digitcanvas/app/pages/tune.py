"""Tune: a search for better settings of the form's recipe, trial by trial."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from digitcanvas.app import roles, state, visitor
from digitcanvas.app.literal import literal
from digitcanvas.app.news import watcher
from digitcanvas.app.parts import follower, plot, run_panel, shared_runs
from digitcanvas.app.sidebar import form_recipe
from digitcanvas.app.state import Key
from digitcanvas.figures import studies
from digitcanvas.reading.words import duration, percent
from digitcanvas.runs import process, tuning
from digitcanvas.runs.estimate import seconds_of
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import Recipe, label_of
from digitcanvas.runs.run import Run, Trial
from digitcanvas.runs.search_space import VARIED, varied_in

SHOWN = 20
"""Studies to choose from, at most."""

WIDTH = 460
"""Of the slider, in pixels."""

FEWEST, USUAL = 5, 30
"""Trials of a study, and how many it has unless another number is chosen."""


def show() -> None:
    """The page."""
    st.html(Path(__file__).with_name("wide.css"))
    st.header("Find better settings", anchor=False)
    st.markdown(
        "A study trains the network of the form in the sidebar many times, each time with other "
        "settings. It stops trials that fall behind, and it learns from each trial which values to "
        "try next. It keeps no network: it tells you which settings to train one with."
    )
    _begin()
    _study()
    run_panel.show()


@st.fragment
def _begin() -> None:
    follower.show(Key.NEWS_BEGIN, "live")
    recipe = form_recipe.watch()
    if needs := process.training_needs():
        st.info(needs, icon=":material/download:")
        return
    if not recipe:
        st.caption("Fix the form in the sidebar first.")
        return
    if refused := roles.training():
        st.caption(refused)
        return
    offered = varied_in(recipe)
    vary = st.pills(
        "Vary",
        offered,
        selection_mode="multi",
        default=offered,
        format_func=lambda name: VARIED[name].capitalize(),
        key=f"{Key.VARY}_{len(offered)}",
    )
    count = st.slider("Trials", FEWEST, tuning.MOST, USUAL, key=Key.TRIALS, width=WIDTH)
    base = st.session_state[Key.RECIPE]
    label = f"Start {count} trials of {base}"
    if st.button(label, key=Key.START_STUDY, type="primary", disabled=not vary):
        _start(recipe, base, count, vary)
    if vary:
        trials = tuning.plan(recipe, base, count, vary)
        seconds = sum(map(seconds_of, trials)) / max(1, shared_runs.jobs().slots())
        st.caption(
            f"About {duration(seconds)} if nobody else trains. The trials wait in the queue like "
            "all other runs."
        )
    else:
        st.caption("Choose at least one setting to vary.")


def _start(recipe: Recipe, base: str, count: int, vary: Sequence[str]) -> None:
    try:
        run_panel.start_all(tuning.plan(recipe, base, count, vary))
    except ValueError as error:
        st.error(str(error), icon=":material/warning:")
    else:
        st.rerun()


@st.fragment
def _study() -> None:
    session, jobs = state.session(), shared_runs.jobs()
    firsts = {trial_of(run).study: run for run in jobs.studies(SHOWN)}
    chosen = _choose(firsts) if firsts else None
    runs = jobs.trials(chosen) if chosen else []
    live = [run.id for run in runs if run.is_live]
    follower.show(Key.NEWS_STUDY, "run", "live", *live)
    if session.tune_error:
        st.error(session.tune_error, icon=":material/warning:")
        session.tune_error = ""
    if session.took_best:
        st.toast("The training form now has the best trial's settings.")
        session.took_best = False
    if runs:
        with st.container(key=Key.STUDY):
            _summarize(runs)
            _show_trials(runs)


def _choose(firsts: dict[str, Run]) -> str:
    st.subheader("The trials", anchor=False)
    if len(firsts) == 1:
        return next(iter(firsts))
    if st.session_state.get(Key.STUDIES) not in firsts:
        st.session_state.pop(Key.STUDIES, None)
    return st.selectbox(
        "Study", list(firsts), format_func=lambda study: _title(firsts[study]), key=Key.STUDIES
    )


def _title(first: Run) -> str:
    trial = trial_of(first)
    varied = ", ".join(VARIED[name] for name in trial.vary)
    whose = ", yours" if first.owner == visitor.token() else ""
    return f"{trial.base}, {trial.count} trials ({varied}{whose})"


def trial_of(run: Run) -> Trial:
    assert isinstance(run.task, Trial)
    return run.task


def _summarize(runs: Sequence[Run]) -> None:
    """How far the study is; whoever started it may stop it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_how_far(runs), width="stretch")
        if any(run.is_live for run in runs) and not roles.changing(runs[0].id):
            study = trial_of(runs[0]).study
            st.button("Stop the study", key=Key.STOP_STUDY, on_click=_stop, args=[study])
    if failed := [run for run in runs if run.state == "failed"]:
        last = failed[-1]
        st.error(f"{last.task.failed} {literal(last.error)}", icon=":material/warning:")


def _how_far(runs: Sequence[Run]) -> str:
    ended = [run for run in runs if run.state in ("done", "failed")]
    poor = sum(run.is_poor for run in ended)
    words = f"{len(ended)} of {len(runs)} trials have ended, {poor} of them early."
    if cancelled := sum(run.state == "cancelled" for run in runs):
        words += f" {cancelled} {'was' if cancelled == 1 else 'were'} cancelled."
    if best := tuning.best(runs):
        share = percent(tuning.accuracy(best) or 0.0, 2)
        words += (
            f" The best, trial {trial_of(best).number}, reads **{share}** of the validation digits."
        )
    return words


def _show_best(best: Run) -> None:
    """The best trial's settings beside the recipe's own."""
    trial, recipe = trial_of(best), best.to_do.recipe
    fields = [name for name in VARIED if name in trial.vary]
    st.table(
        {
            "setting": [label_of(name) for name in fields],
            "best trial": [_written(getattr(recipe, name)) for name in fields],
            "form at the start": [_written(getattr(trial.recipe, name)) for name in fields],
        },
        width="content",
    )
    st.button("Use the best trial's settings", key=Key.TAKE_BEST, on_click=_take, args=[best])


def _written(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _take(best: Run) -> None:
    form_recipe.take(trial_of(best).base, best.to_do.recipe)
    state.session().took_best = True
    st.rerun()


def _stop(study: str) -> None:
    jobs = shared_runs.jobs()
    runs = [run for run in jobs.trials(study) if run.is_live]
    try:
        if runs and (refused := roles.changing(runs[0].id)):
            raise JobError(refused)
        jobs.cancel_study(study)
    except JobError as error:
        state.session().tune_error = str(error)
    watcher.look()


def _show_trials(runs: Sequence[Run]) -> None:
    if not any(map(tuning.accuracy, runs)):
        st.caption("The figures appear once the first trial has learned for an epoch.")
        return
    study, best = tuning.study_of(trial_of(runs[0]), runs), tuning.best(runs)
    with st.container(key=Key.STUDY_BEST):
        with st.container():
            plot.show(studies.history_chart(study), key=Key.STUDY_HISTORY)
        if best:
            with st.container():
                _show_best(best)
    whole = [run for run in runs if run.state == "done" and not run.is_poor]
    if len(whole) < 2:
        return
    st.subheader("What the whole trials had in common", anchor=False)
    st.markdown("Each line is a trial that went on to its end; the best one stands out.")
    plot.show(studies.parallel_chart(study), key=Key.STUDY_LINES)
    if len(whole[0].parameters) > 1 and (importances := studies.importance_chart(study)):
        st.subheader("Which settings matter", anchor=False)
        plot.show(importances, key=Key.STUDY_IMPORTANCES)
