"""The app where the canvas' companion cannot run: it is left out."""

import runpy

from digitcanvas.pages import companion
from tests.browser import ROOT

companion.listen = lambda settled: None
runpy.run_path(str(ROOT / "streamlit_app.py"), run_name="__main__")
