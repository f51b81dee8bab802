"""Where the digits on a page come from, and a button that fetches those that are missing."""

import os
from urllib.parse import urlsplit

import streamlit as st

from digitcanvas.app import roles
from digitcanvas.app.news import watcher
from digitcanvas.app.parts import follower, shared_mnist
from digitcanvas.app.state import Key
from digitcanvas.data.mnist import URL, Mnist

SAMPLE = "These are 5,000 of MNIST's 70,000 digits: the sample that came with the app."
FETCHED = f"11 MB from {urlsplit(URL).hostname}, once for everybody on this server."


@st.fragment
def show(shown: Mnist) -> None:
    """A line about the digits that the page shows. It reruns the page when there are others."""
    follower.show(Key.NEWS_MNIST, "mnist")
    if shared_mnist.load().sha256 != shown.sha256:
        st.rerun()
    if not shown.is_sample:
        st.caption(f"These are all {len(shown.y_train) + len(shown.y_test):,} digits of MNIST.")
        return
    problem, download = shared_mnist.problem(), shared_mnist.download
    if problem:
        st.warning(problem, icon=":material/warning:")
    if download.percent is not None:
        st.progress(download.percent / 100, f"{SAMPLE} The others are on their way …")
        return
    if download.error:
        st.warning(download.error, icon=":material/warning:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(SAMPLE, width="content")
        if not os.environ.get("DIGITCANVAS_MNIST") and not roles.refusal("fetch data"):
            label = "Try again" if download.error else "Fetch all of MNIST"
            st.button(label, key=Key.FETCH_MNIST, on_click=_fetch, help=FETCHED)


def _fetch() -> None:
    if not roles.refusal("fetch data"):
        shared_mnist.download.start()
    watcher.look()
