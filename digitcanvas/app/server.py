"""What Streamlit's server gets from us: routes, middleware, and what happens before it serves."""

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psutil
import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit.runtime.pages_manager import PagesManager

from digitcanvas.app import assets, live, news
from digitcanvas.app.parts import shared_models
from digitcanvas.reading import registry


def base() -> str:
    """The path that the app is served below: "" for none, else as in "/digits"."""
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


def routes() -> list[BaseRoute]:
    """Ours, beside Streamlit's."""
    return [*live.routes(base()), *assets.routes(base())]


def middleware() -> list[Middleware]:
    """What a request passes before it reaches a route."""
    return [Middleware(assets.Compressed, base=base())]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Before the first visitor comes: whatever can be done by then."""
    PagesManager.uses_pages_directory = False  # else the first visitor gets pages/train.py alone
    assets.warm()
    await asyncio.to_thread(shared_models.load, registry.model_names()[:1])
    gc.collect()
    gc.freeze()  # what start-up has made for good, no later collection looks at
    with suppress(psutil.Error, OSError):
        _send_at_once(st.get_option("server.port"))
    async with news.watching():
        yield


def _send_at_once(port: int) -> None:
    """Set TCP_NODELAY: without it the kernel holds back an answer's small messages for 40 ms.

    Streamlit's server does not set it. Connections inherit it from the listening socket.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.fd >= 0 and connection.laddr.port == port:
            with socket.socket(fileno=os.dup(connection.fd)) as own:
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
