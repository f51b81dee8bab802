"""The panel that shows a run, a person's own or else everybody's, and the queue of all runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import streamlit as st

from digitcanvas.app import assets, roles, state, visitor
from digitcanvas.app.news import watcher
from digitcanvas.app.parts import follower, plot, queue, shared_runs
from digitcanvas.app.roles import Role
from digitcanvas.app.state import Key
from digitcanvas.reading import registry
from digitcanvas.reading.words import duration, percent
from digitcanvas.runs import tuning
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.run import Run, Task, Training, Trial, on_sample

_progress = assets.component(
    "digitcanvas.progress",
    Path(__file__).with_name("run_panel.js"),
    html="""
    <div class="run">
      <div class="words"></div>
      <div role="progressbar" aria-valuemin="0" aria-valuemax="100"><div></div></div>
    </div>
    """,
    css=Path(__file__).with_name("run_panel.css").read_text(),
    isolate_styles=False,
)


def start(task: Task) -> None:
    """Start a run for this person. Raises JobError and ModelError as `Jobs.start` does."""
    if refused := roles.training():
        raise JobError(refused)
    run = shared_runs.jobs().start(task, visitor.token())
    if isinstance(task, Training):
        state.session().trained_here = run.id
    watcher.look()


def start_all(trials: Sequence[Trial]) -> None:
    """Start a study for this person. Raises JobError as `Jobs.start_all` does."""
    if refused := roles.training():
        raise JobError(refused)
    shared_runs.jobs().start_all(trials, visitor.token())
    watcher.look()


def take_result() -> str | None:
    """The name of the model that this session trained, once."""
    session, jobs = state.session(), shared_runs.jobs()
    if not session.trained_here:
        return None
    run, name = jobs.get(session.trained_here), jobs.result(session.trained_here)
    if name or not run or not run.is_live:
        session.trained_here = None
    return name


def show() -> None:
    """The panel. While a run is under way the page's scripts paint how far it is (news.py)."""
    session = state.session()
    if session.taken_rate:
        st.toast(f"The training form now has the learning rate {session.taken_rate:g}.")
        session.taken_rate = None
    _panel()


@st.fragment
def _panel() -> None:
    session, jobs, person = state.session(), shared_runs.jobs(), visitor.token()
    runs = jobs.runs()
    own = [run.id for run in runs if run.owner == person]
    follower.show(Key.NEWS_PANEL, "run", "models", *own, at_once=bool(session.trained_here))
    if not session.has_seen_run:  # it came later, so what was cancelled before is no news to it
        session.closed |= {run.id for run in runs if run.state == "cancelled"}
    session.has_seen_run = True
    if session.run_error:
        st.error(session.run_error, icon=":material/warning:")
        session.run_error = ""
    if run := _chosen(runs, person, session.closed):
        _show(run)
    if any(run.is_live for run in runs):
        studies = [f"{shared_runs.STUDY}{study}" for study in shared_runs.studies(own, runs)]
        queue.show(
            runs, jobs.slots(), own + studies, roles.role() == Role.LEADER, _cancel, _put_first
        )


def _chosen(runs: Sequence[Run], person: str, closed: set[str]) -> Run | None:
    """The run to show: the person's own or else everybody's, if it was not closed."""
    own = shared_runs.of(person, [run for run in runs if run.id not in closed])
    run = own or shared_runs.of_all(runs)
    return run if run and run.id not in closed else None


def _show(run: Run) -> None:
    with st.container(key=Key.TRAINING, border=True):
        match run.state, run.curve:
            case "waiting", _:
                _waiting(run)
            case "running", _:
                _running(run)
            case "done", RateCurve() as curve:
                _found(run, curve)
            case "done", _ if isinstance(run.task, Trial):
                _tried(run)
            case "done", _:
                _trained(run)
            case "failed", _:
                _failed(run)
            case "cancelled", _:
                _title(run, run.task.cancelled)


def _waiting(run: Run) -> None:
    _head(run, f"**{run.task.title}** waits for other runs")
    _progress(data={"run": shared_runs.progress(run), "label": run.task.running}, key=Key.PROGRESS)


def _head(run: Run, words: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="stretch")
        if not roles.changing(run.id):
            st.button("Cancel", key=Key.CANCEL, on_click=_cancel, args=[run.id])


def _running(run: Run) -> None:
    _head(run, f"**{run.task.running}**")
    if run.problem:
        st.error(run.problem, icon=":material/warning:")
        if not roles.changing(run.id):
            st.button("Try again", key=Key.PUBLISH_AGAIN, on_click=_publish_again, args=[run.id])
    _progress(data={"run": shared_runs.progress(run), "label": run.task.running}, key=Key.PROGRESS)
    _curves(run)


def _cancel(run_id: str) -> None:
    """Cancel a run, or a study's trials that wait, for which the list of runs has one row."""
    jobs = shared_runs.jobs()
    study = run_id.removeprefix(shared_runs.STUDY)
    if study == run_id:
        _ask(roles.changing(run_id), lambda: jobs.cancel(run_id))
        return
    first = next(iter(jobs.trials(study)), None)
    _ask(
        roles.changing(first.id if first else ""),
        lambda: jobs.cancel_study(study, waiting_only=True),
    )


def _publish_again(run_id: str) -> None:
    _ask(roles.changing(run_id), lambda: shared_runs.jobs().publish_again(run_id))


def _put_first(run_id: str) -> None:
    """Put a run first, or the next trial of a study."""
    jobs = shared_runs.jobs()
    study = run_id.removeprefix(shared_runs.STUDY)
    if study != run_id:
        waiting = (run.id for run in jobs.trials(study) if run.state == "waiting")
        run_id = next(waiting, run_id)
    _ask(roles.leading("put a run first"), lambda: jobs.put_first(run_id))


def _ask(refused: str, act: Callable[[], None]) -> None:
    try:
        if refused:
            raise JobError(refused)
        act()
    except JobError as error:
        state.session().run_error = str(error)
    watcher.look()


def _trained(run: Run) -> None:
    name = shared_runs.jobs().result(run.id)
    try:
        card = registry.read_card(registry.find(name or ""))
    except registry.ModelError:
        _title(run, f"**{run.result}** was trained, but someone has removed it since.")
        return
    _title(run, f"**{name}** is trained. It is in the sidebar.")
    measured = [("untrained", card.untrained), ("trained", card.test)]
    columns = [(label, metrics) for label, metrics in measured if metrics]
    rows = {
        "network": [label for label, _ in columns],
        f"accuracy on the {card.test['data']}": [percent(m["accuracy"], 2) for _, m in columns],
        "loss": [f"{m['loss']:.4f}" for _, m in columns],
    }
    for drawings in filter(None, map(card.metrics.get, ("pen", "room"))):
        rows[f"accuracy on {drawings['data']}"] = [
            *[""] * (len(columns) - 1),
            percent(drawings["accuracy"], 2),
        ]
    st.table(rows)
    st.caption(f"Trained in {duration(card.seconds)}.")
    _curves(run)


def _tried(run: Run) -> None:
    reached = percent(tuning.accuracy(run) or 0.0, 2)
    early = " before it was stopped" if run.is_poor else ""
    _title(run, f"**{run.task.title}** read {reached} of the validation digits{early}.")
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
    st.button(label, key=Key.TAKE_RATE, on_click=_take_rate, args=[curve])


def _take_rate(curve: RateCurve) -> None:
    st.session_state[Key.LEARNING_RATE] = f"{curve.choice:g}"
    state.session().taken_rate = curve.choice
    st.rerun()


def _failed(run: Run) -> None:
    _title(run, run.task.failed)
    st.error(run.error, icon=":material/warning:")
    if run.offline and not isinstance(run.task, Trial):
        st.button("Use the bundled sample", key=Key.TAKE_SAMPLE, on_click=_take_sample, args=[run])
    if error := state.session().start_errors.get(run.id):
        st.error(error, icon=":material/warning:")
    _curves(run)


def _take_sample(run: Run) -> None:
    task = on_sample(run.task)
    try:
        if isinstance(task, Training):
            task = replace(task, name=registry.free_name(task.name))
        start(task)
    except (JobError, registry.ModelError) as error:
        state.session().start_errors = {run.id: str(error)}
    st.rerun()


def _title(run: Run, words: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words, width="stretch")
        st.button("Close", key=Key.CLOSE, on_click=_close, args=[run.id])


def _close(run_id: str) -> None:
    ended = {run.id for run in shared_runs.jobs().runs() if not run.is_live}
    state.session().closed |= {run_id} | ended


def _curves(run: Run) -> None:
    if figure := shared_runs.figure(run):
        follows = "curves" if run.is_running else None
        plot.show(figure, key=Key.CURVES, follows=follows, version=(run.id, run.share))
