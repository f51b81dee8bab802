"""Who has the code leads this server: they give it here."""

import time

import streamlit as st

from digitcanvas.app import leaders, roles, state, visitor
from digitcanvas.app.leaders import WrongCode
from digitcanvas.app.leaders import leaders as all_leaders
from digitcanvas.app.parts import keeping
from digitcanvas.app.roles import Role
from digitcanvas.app.state import Key


def show() -> None:
    """Nothing where no code is needed."""
    if not leaders.code():
        return
    session = state.session()
    if roles.role() == Role.LEADER:
        st.caption("You lead this server: you may cancel, rename and remove what others made.")
        st.button("Stop leading", key=Key.STOP_LEADING, on_click=_stop)
    else:
        # A form takes the code and the press at once: nothing moves under the pointer
        with st.expander("Lead this server"), st.form(Key.LEAD_SERVER, border=False):
            st.text_input("The leader's code", type="password", max_chars=100, key=Key.LEADER_CODE)
            st.form_submit_button("Lead", key=Key.BEGIN_TO_LEAD, on_click=_begin)
            if session.lead_error:
                st.error(session.lead_error, icon=":material/warning:")
    session.lead_error = ""
    keeping.take_cookies(session.chose_to_lead, Key.LEADING)


def _begin() -> None:
    given = st.session_state.get(Key.LEADER_CODE)
    try:
        all_leaders.begin(visitor.token(), given if isinstance(given, str) else "")
    except WrongCode as error:
        state.session().lead_error = str(error)
    else:
        _note()


def _stop() -> None:
    all_leaders.end(visitor.token())
    _note()


def _note() -> None:
    state.session().chose_to_lead = time.time_ns() // 1000
