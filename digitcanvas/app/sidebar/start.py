"""The name of the new network, and the button that starts its training."""

import streamlit as st

from digitcanvas.app import state
from digitcanvas.app.parts import run_panel
from digitcanvas.app.state import Key
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import Recipe


def choose_name(base: str) -> str:
    """Ask for a name; without one it is the base recipe's, numbered if that is taken."""
    session = state.session()
    if session.started:
        st.session_state[Key.NAME], session.started = "", False
    free = registry.free_name(base)
    name = st.text_input("Name of the new network", placeholder=free, max_chars=40, key=Key.NAME)
    return name.strip() or free


def show_button(recipe: Recipe | None, name: str) -> None:
    """Start a training when pressed. Disabled without a recipe and while another run goes on."""
    busy = run_panel.jobs().busy()
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
            run_panel.start(recipe, name)
        except (JobError, registry.ModelError) as error:
            st.error(str(error), icon=":material/warning:")
        else:
            state.session().started = True
            st.rerun()
    if busy:
        run = run_panel.jobs().latest()
        here = run is not None and run.is_running
        st.caption(f"{busy.busy}{': watch it on the page' if here else ' by another process'}.")
