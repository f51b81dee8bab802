"""digitcanvas run: start the app, as `streamlit run streamlit_app.py` does in a checkout."""

import argparse
import errno
import runpy
import signal
import socket
import sys
from types import FrameType

from digitcanvas.reading import registry
from digitcanvas.shell import options

DOOR = registry.PACKAGE / "door" if registry.IS_INSTALLED else registry.PACKAGE.parent
"""The folder with streamlit_app.py, and beside it .streamlit with its settings."""

PORT = 8501


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "run",
        help="start the app and open it in a browser",
        description="Start the app, print its addresses, and open it in a browser. Ctrl-C ends it.",
        epilog="Streamlit's other settings are environment variables, such as "
        "STREAMLIT_SERVER_BASE_URL_PATH=digits.",
    )
    parser.add_argument(
        "--port",
        type=int,
        metavar="N",
        help=f"the port to listen on ({PORT}, or the next that is free)",
    )
    parser.add_argument(
        "--address",
        metavar="HOST",
        help="listen on this address alone: localhost keeps others out (all addresses)",
    )
    parser.add_argument(
        "--headless", action="store_true", help="do not open a browser, as on a server"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Serve until a signal ends it."""
    arguments = ["run", str(DOOR / "streamlit_app.py")]
    _check(given.address or "", given.port)
    if given.port is not None:
        arguments.append(f"--server.port={given.port}")
    if given.address:
        arguments.append(f"--server.address={given.address}")
    if given.headless:
        arguments.append("--server.headless=true")
    sys.argv = ["streamlit", *arguments]
    for number in (signal.SIGINT, signal.SIGTERM):  # the server ends itself, then raises it again
        signal.signal(number, _end)
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)
    return 0


def _end(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a shell and a parent process may both send it
    sys.exit(0)


def _check(address: str, port: int | None) -> None:
    """Raises ValueError, in words, if Streamlit cannot listen there, on this port or on any."""
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"There is no port {port}: choose one from 1 to 65,535.")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET  # as Streamlit chooses it
    try:
        socket.create_server((address, port or 0), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is taken: choose another, or let digitcanvas choose (no --port)."
        elif error.errno == errno.EACCES:
            reason = f"You may not use port {port}: choose one from 1,024 on."
        else:
            reason = f"This machine has no address {address}: use localhost, or no --address."
        raise ValueError(reason) from error
