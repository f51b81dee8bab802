"""The door: streamlit run streamlit_app.py"""

import gc

import streamlit as st

from digitcanvas.pages import draw, sidebar, training


@st.cache_resource(show_spinner=False)
def spare_the_collector() -> None:
    """Streamlit collects garbage after every run: let it pass over what start-up made for good."""
    gc.collect()
    gc.freeze()


st.set_page_config(page_title="digitcanvas", page_icon="✏️")
training.remember()
draw.show(sidebar.show())
training.show()
spare_the_collector()
