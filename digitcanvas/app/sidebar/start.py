"""The name of the new network, and the button that starts its training."""

import streamlit as st

from digitcanvas.app import roles, state
from digitcanvas.app.parts import follower, run_panel, shared_runs
from digitcanvas.app.state import Key
from digitcanvas.reading import registry
from digitcanvas.runs import process
from digitcanvas.runs.jobs import JobError
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import Training


def ask_name(base: str) -> None:
    """The field for the name. Without one it is the base recipe's, numbered if that is taken."""
    session = state.session()
    if session.started:
        st.session_state[Key.NAME], session.started = "", False
    free = registry.free_name(base)
    st.text_input("Name of the new network", placeholder=free, max_chars=40, key=Key.NAME)


@st.fragment
def show(base: str, recipe: Recipe | None) -> None:
    """Start a training of this recipe, which began as the one called `base`, when pressed.

    Disabled without a recipe, because the form is out of range.
    """
    follower.show(Key.NEWS_START, "live")
    if needs := process.training_needs():
        st.info(needs, icon=":material/download:")
        return
    if refused := roles.training():
        st.caption(refused)
        return
    pressed = st.button(
        "Retrain",
        key=Key.RETRAIN,
        type="primary",
        width="stretch",
        disabled=not recipe,
    )
    if pressed and recipe:
        name = st.session_state.get(Key.NAME, "").strip() or registry.free_name(base)
        try:
            run_panel.start(Training(recipe, name))
        except (JobError, registry.ModelError) as error:
            st.error(str(error), icon=":material/warning:")
        else:
            state.session().started = True
            st.rerun()
    if any(run.is_live for run in shared_runs.jobs().runs()):
        st.caption("Other runs are under way: yours joins the queue.")
