"""How widgets stand while another page is shown: Streamlit forgets those that are not on it."""

import streamlit as st

DEFAULTS = {
    "centred": True,
    "logits": False,
    "part": "training",
    "only": [],
    "shown": 25,
    "index": 0,
    "learnt": [],
    "cells": "counts",
    "outcome": "wrong",
    "order_by": "sure",
    "count": 25,
    "true_digit": None,
    "read_digit": None,
    "test_index": 0,
}
"""By key, as a session begins."""


def keep() -> None:
    for key, value in DEFAULTS.items():
        st.session_state[key] = st.session_state.get(key, value)
