"""The door: streamlit run streamlit_app.py"""

from digitcanvas.app.main import show

show()
