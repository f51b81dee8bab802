"""The app where the canvas' companion cannot run: it is left out."""

import runpy

from digitcanvas.app.canvas import companion
from tests.browser.driver import ROOT

companion.listen = lambda confirmed: None
runpy.run_path(str(ROOT / "streamlit_app.py"), run_name="__main__")
