"""MNIST for the pages: all of it if this machine has it, else the bundled sample; its download."""

import threading
from contextlib import suppress
from pathlib import Path

import streamlit as st

from digitcanvas.data.mnist import (
    Mnist,
    download_mnist,
    load_mnist,
    load_sample,
    mnist_path,
)

PATIENCE = 10.0
"""Seconds until a file that could not be read is tried again: what was wrong may pass."""


def load() -> Mnist:
    """The digits, loaded once for all sessions: the sample if there is no file or a bad one."""
    return _look()[0] or load_bundled()


def problem() -> str:
    """What is wrong with this machine's file; "" if it has none, or a good one."""
    return _look()[1]


def _look() -> tuple[Mnist | None, str]:
    path = mnist_path()
    return _try(path, _changed(path)) if path else (None, "")


def snapshot() -> object:
    """What differs from the last one when other digits are there, or the download is elsewhere."""
    path = mnist_path()
    return path, _changed(path), download.percent, download.error


def _changed(path: Path | None) -> int:
    with suppress(OSError):
        return path.stat().st_mtime_ns if path else 0
    return 0


@st.cache_resource(show_spinner="Reading MNIST …", max_entries=1, ttl=PATIENCE)
def _try(path: Path, changed: int) -> tuple[Mnist | None, str]:
    """The digits, or what is wrong with the file: a bad one is read once for all who ask."""
    try:
        return _read(path, changed), ""
    except ValueError as error:
        return None, str(error)


@st.cache_resource(show_spinner=False, max_entries=1)
def _read(path: Path, changed: int) -> Mnist:
    return load_mnist(path)


@st.cache_resource(show_spinner=False)
def load_bundled() -> Mnist:
    return load_sample()


class Download:
    """The download of MNIST, one at a time for everybody on this server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.percent: int | None = None
        """How far it is, in steps of ten; None while there is none."""
        self.error = ""
        """Why the last one failed."""

    def start(self) -> None:
        """Start it, unless it is under way."""
        with self._lock:
            if self.percent is not None:
                return
            self.percent, self.error = 0, ""
        threading.Thread(target=self._run, name="download MNIST", daemon=True).start()

    def _run(self) -> None:
        try:
            download_mnist(self._note)
        except ValueError as error:
            self.error = str(error)
        except Exception as error:  # so that it can be started again
            self.error = f"MNIST could not be downloaded: {error!r}."
            raise
        finally:
            self.percent = None

    def _note(self, share: float) -> None:
        self.percent = int(share * 10) * 10


download = Download()
