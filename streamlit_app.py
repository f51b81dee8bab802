"""The door: streamlit run streamlit_app.py"""

import streamlit as st

from digitcanvas.pages import canvas, draw, server, sidebar, training

st.set_page_config(page_title="digitcanvas", page_icon="✏️")
training.remember()
draw.show(sidebar.show())
training.show(is_stale=canvas.missed_a_press)
server.tune()
