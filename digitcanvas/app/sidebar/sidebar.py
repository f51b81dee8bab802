"""The sidebar: which networks read, how wide the pen is, and the training of new networks."""

import streamlit as st

from digitcanvas.app.sidebar import network_switch, training_form
from digitcanvas.reading.recognizer import Recognizer


def show() -> dict[str, Recognizer]:
    """Draw the sidebar. Gives the network chosen in it and one to compare it with, if any."""
    with st.sidebar:
        st.header("Network")
        readers = network_switch.show()
        st.header("Pen")
        st.slider("Width in pixels", 4, 40, 16, key="pen_width")
        st.header("Retrain")
        training_form.forget_watchers()
        training_form.show()
    return readers
