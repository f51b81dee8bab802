"""The sidebar: which networks read, how wide the pen is, and the training of new networks."""

import streamlit as st

from digitcanvas.pages import models, retrain
from digitcanvas.recognizer import Recognizer


def show() -> dict[str, Recognizer]:
    """Draw the sidebar. Gives the network chosen in it and one to compare it with, if any."""
    with st.sidebar:
        st.header("Network")
        readers = models.show()
        st.header("Pen")
        st.slider("Width in pixels", 4, 40, 16, key="pen_width")
        st.header("Retrain")
        retrain.forget_watchers()
        retrain.show()
    return readers
