"""The name of the new network, and the button that starts its training."""

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import follower, run_panel, shared_runs
from digitcanvas.app.state import Key
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import Training


@st.fragment
def show(base: str, recipe: Recipe | None) -> None:
    """Both, for this recipe, which began as the one called `base`; None if it is out of range."""
    follower.show(Key.NEWS_START, "busy", "models")
    _show_button(recipe, _choose_name(base))


def _choose_name(base: str) -> str:
    """Ask for a name; without one it is the base recipe's, numbered if that is taken."""
    session = state.session()
    if session.started:
        st.session_state[Key.NAME], session.started = "", False
    free = registry.free_name(base)
    name = st.text_input("Name of the new network", placeholder=free, max_chars=40, key=Key.NAME)
    return name.strip() or free


def _show_button(recipe: Recipe | None, name: str) -> None:
    """Start a training when pressed. Disabled without a recipe and while another run goes on."""
    busy = shared_runs.jobs().busy()
    if (
        st.button(
            "Retrain",
            key=Key.RETRAIN,
            type="primary",
            width="stretch",
            disabled=bool(busy or not recipe),
        )
        and recipe
    ):
        try:
            run_panel.start(Training(recipe, name))
        except (JobError, registry.ModelError) as error:
            st.error(str(error), icon=":material/warning:")
        else:
            state.session().started = True
            st.rerun()
    if busy:
        run = shared_runs.jobs().latest()
        here = run is not None and run.is_running
        st.caption(f"{busy.busy}{': watch it on the page' if here else ' by another process'}.")
