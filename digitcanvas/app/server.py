"""How to make Streamlit's server answer fast while someone draws."""

import gc
import os
import socket
from contextlib import suppress

import psutil
import streamlit as st


@st.cache_resource(show_spinner=False)
def tune() -> None:
    """Tune the server, once, after it has served the first page."""
    _spare_the_collector()
    with suppress(psutil.Error, OSError):
        _send_at_once(st.get_option("server.port"))


def _spare_the_collector() -> None:
    """Streamlit collects garbage after every run: exempt what start-up has made for good."""
    gc.collect()
    gc.freeze()


def _send_at_once(port: int) -> None:
    """Set TCP_NODELAY: without it the kernel holds back an answer's small messages for 40 ms.

    Streamlit's server does not set it. Connections inherit it from the listening socket.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.fd >= 0 and connection.laddr.port == port:
            with socket.socket(fileno=os.dup(connection.fd)) as own:
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
