"""The door: streamlit run streamlit_app.py"""

import streamlit as st

from digitcanvas.pages import canvas, data, draw, evaluate, server, sidebar, train, training

st.set_page_config(page_title="digitcanvas", page_icon="✏️")
training.remember()
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
