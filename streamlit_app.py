"""The door: streamlit run streamlit_app.py"""

import streamlit as st

from digitcanvas.pages import draw, sidebar

st.set_page_config(page_title="digitcanvas", page_icon="✏️")
draw.show(sidebar.show())
