"""The door: streamlit run streamlit_app.py"""

import sys

try:
    from digitcanvas.app import server
except ModuleNotFoundError as error:
    sys.exit(f"digitcanvas needs {error.name}: run pip install -r requirements.txt, then retry.")
except ImportError as error:  # digitcanvas does not run on this Python, or on this machine
    sys.exit(str(error))

if __name__ == "__main__":
    sys.exit("Start digitcanvas with: streamlit run streamlit_app.py")

if problem := server.problem():
    sys.exit(problem)

import streamlit as st

app = st.App(
    server.SCRIPT,
    routes=server.routes(),
    middleware=server.middleware(),
    lifespan=server.lifespan,
)
