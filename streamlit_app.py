"""The door: streamlit run streamlit_app.py"""

import streamlit as st

from digitcanvas.app import server

app = st.App(
    "digitcanvas/app/main.py",
    routes=server.routes(),
    middleware=server.middleware(),
    lifespan=server.lifespan,
)
