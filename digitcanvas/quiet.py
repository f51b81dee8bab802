"""Silence for libraries that announce themselves on standard error, which no setting stops."""

import faulthandler
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def native_messages_hidden() -> Iterator[None]:
    """Hide what native code writes to standard error. Python's own messages are hidden too.

    Only one thread at a time may do this.
    """
    try:
        saved = os.dup(2)
    except OSError:  # standard error is closed
        yield
        return
    _discard_standard_error()
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


def hide_native_messages() -> None:
    """Hide for good what native code writes to standard error, but not what Python does.

    If native code crashes, Python's traceback says where.
    """
    try:
        saved = os.dup(2)
    except OSError:  # standard error is closed
        return
    sys.stderr = os.fdopen(saved, "w", buffering=1, encoding="utf-8", errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    _discard_standard_error()


def _discard_standard_error() -> None:
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
