"""The door: streamlit run streamlit_app.py"""

import streamlit as st

from digitcanvas.app import server
from digitcanvas.app.canvas import canvas
from digitcanvas.app.pages import data, draw, evaluate, train
from digitcanvas.app.parts import run_panel
from digitcanvas.app.sidebar import sidebar

st.set_page_config(page_title="digitcanvas", page_icon="✏️")
run_panel.remember()
readers = sidebar.show()
page = st.navigation(
    [
        st.Page(lambda: draw.show(readers), title="Draw", default=True),
        st.Page(lambda: data.show(readers), title="Data", url_path="data"),
        st.Page(lambda: train.show(readers), title="Train", url_path="train"),
        st.Page(lambda: evaluate.show(readers), title="Evaluate", url_path="evaluate"),
    ],
    position="top",
)
if page.title != "Draw":
    canvas.history().put_away()
page.run()
server.tune()
