"""The list of the runs that are under way and that wait: queue.js paints it."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from digitcanvas.app import assets
from digitcanvas.app.parts import shared_runs
from digitcanvas.app.state import Key
from digitcanvas.runs.run import Run

_queue = assets.component(
    "digitcanvas.queue",
    Path(__file__).with_name("queue.js"),
    html="""
    <details class="queue" hidden>
      <summary></summary>
      <ol></ol>
    </details>
    """,
    css=Path(__file__).with_name("queue.css").read_text(),
    isolate_styles=False,
)


def show(
    runs: list[Run],
    slots: int,
    own: list[str],
    leads: bool,
    cancel: Callable[[str], None],
    put_first: Callable[[str], None],
) -> None:
    """The list, in which `own` runs can be cancelled, and all of them by who `leads`.

    A leader can also put a run first. Both get the id of a run.
    """

    def act() -> None:
        asked = st.session_state[Key.QUEUE].get("asked") or {}
        match asked:
            case {"cancel": str(run_id)}:
                cancel(run_id)
            case {"first": str(run_id)}:
                put_first(run_id)

    rows = shared_runs.queue(runs, slots)
    _queue(
        data={"queue": rows, "own": own, "leads": leads},
        key=Key.QUEUE,
        on_asked_change=act,
    )
