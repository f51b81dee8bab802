"""The least page with a canvas, which `tests.benchmarks.page` measures the app against."""

import streamlit as st
from streamlit_drawable_canvas import st_canvas

st_canvas(width=280, height=280, key="canvas")
st.write("A text.")
