"""MNIST for the pages: all of it if this machine has it, else the bundled sample."""

from contextlib import suppress
from pathlib import Path

import streamlit as st

from digitcanvas.data.mnist import Mnist, load_mnist, load_sample, mnist_path


def load() -> Mnist:
    """The digits, loaded once for all sessions; if they are the sample, the page says why."""
    path, changed = mnist_path(), 0
    words = "This machine does not have all of MNIST yet: the first training on it downloads it."
    if path:
        with suppress(OSError):
            changed = path.stat().st_mtime_ns
        try:
            return _read(path, changed)
        except ValueError as error:
            words = str(error)
    st.info(f"{words} Shown here are the 5,000 of its digits that came with the app.")
    return load_bundled()


@st.cache_resource(show_spinner="Reading MNIST …", max_entries=1)
def _read(path: Path, changed: int) -> Mnist:
    return load_mnist(path)


@st.cache_resource(show_spinner=False)
def load_bundled() -> Mnist:
    return load_sample()
