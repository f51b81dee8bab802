"""What Streamlit's server gets from us: routes, middleware, and what happens before it serves."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
import streamlit as st
import uvicorn
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from streamlit import dataframe_util
from streamlit.components.v2.bidi_component import serialization
from streamlit.runtime.pages_manager import PagesManager

from digitcanvas.app import (
    api,
    assets,
    gate,
    leaders,
    live,
    logs,
    metrics,
    news,
    odd_states,
    turns,
    uploads,
    visitor,
    walls,
)
from digitcanvas.app.parts import shared_models, shared_runs
from digitcanvas.reading import registry
from digitcanvas.runs.process import training_needs

try:
    import resource
except ImportError:  # Windows has no such limits
    resource = None  # type: ignore[assignment]


SCRIPT = Path(__file__).with_name("main.py")
"""What Streamlit runs for each visitor."""

MANY_FILES = 65_536, 10_240
"""Open files that we ask for. The kernel of a Mac refuses the first, however high its own limit."""

GRACE, LAST = 2, 4
"""Seconds after a signal to end: until open connections are cut, and until the process is."""


def problem() -> str:
    """What keeps the server from being started as it is set up, and what to do; "" for nothing."""
    return leaders.problem() or metrics.problem()


def base() -> str:
    """The path that the app is served below: "" for none, else as in "/digits"."""
    path = st.get_option("server.baseUrlPath").strip("/")
    return f"/{path}" if path else ""


def routes() -> list[BaseRoute]:
    """Ours, beside Streamlit's."""
    return [
        *live.routes(base()),
        *api.routes(base()),
        *metrics.routes(base()),
        *assets.routes(base()),
    ]


def middleware() -> list[Middleware]:
    """What a request passes before it reaches a route."""
    return [
        Middleware(visitor.Visitors, base=base()),
        Middleware(assets.Compressed, base=base()),
        Middleware(uploads.Uploads, base=base()),
        Middleware(gate.Gate, slots=turns.slots, base=base()),
    ]


@asynccontextmanager
async def lifespan(app: Any) -> AsyncIterator[None]:
    """Before the first visitor comes: whatever can be done by then."""
    PagesManager.uses_pages_directory = False  # else the first visitor gets pages/train.py alone
    logs.set_up()
    _allow_many_files()
    _end_in_time()
    _spare_pandas()
    odd_states.pass_over()
    assets.warm()
    await asyncio.to_thread(shared_models.load, registry.model_names()[:1])
    gc.collect()
    gc.freeze()  # what start-up has made for good, no later collection looks at
    with suppress(psutil.Error, OSError):
        _send_at_once(st.get_option("server.port"))
    if not training_needs():
        shared_runs.jobs().serve()
    try:
        async with news.watching(), walls.watching():
            yield
    finally:
        await asyncio.to_thread(shared_runs.jobs().close)


def _allow_many_files() -> None:
    """Raise the limit of open files, often 1,024, as far as we may: each person takes four."""
    if not resource:
        return
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    for files in MANY_FILES:
        wanted = files if most == resource.RLIM_INFINITY else min(files, most)
        if limit == resource.RLIM_INFINITY or limit >= wanted:
            return
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
            return


def _spare_pandas() -> None:
    """Do without pandas on Draw: it takes 60 MB, and half a second of the first visit.

    Streamlit loads it to see whether a component's data are data frames. Dicts and lists of ours
    and of the canvas never are.
    """

    def is_dataframe_like(value: object) -> bool:
        return not isinstance(value, (dict, list)) and dataframe_util.is_dataframe_like(value)

    vars(serialization)["is_dataframe_like"] = is_dataframe_like


def _end_in_time() -> None:
    """End soon when asked to: uvicorn would wait for every browser to close its connections.

    If even that hangs, as all threads are busy, the kernel ends the process.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        end = signal.getsignal(number)
        server = getattr(end, "__self__", None)
        if not callable(end) or not isinstance(server, uvicorn.Server):
            return  # another server than Streamlit's runs the app
        server.config.timeout_graceful_shutdown = GRACE
        signal.signal(number, partial(_end, end))


def _end(end: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(LAST)
    end(number, frame)


def _send_at_once(port: int) -> None:
    """Set TCP_NODELAY: without it the kernel holds back an answer's small messages for 40 ms.

    Streamlit's server does not set it. Connections inherit it from the listening socket.
    """
    for connection in psutil.Process().net_connections("tcp"):
        if connection.fd >= 0 and connection.laddr.port == port:
            with socket.socket(fileno=os.dup(connection.fd)) as own:
                own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
