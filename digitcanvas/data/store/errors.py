"""What goes wrong with the store of drawings, in words that say what to do."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL
from sqlalchemy.exc import (
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

VARIABLE = "DIGITCANVAS_DATABASE"

LEAST_FREE = 64_000
"""Bytes. With fewer, SQLite may call a full disk an "I/O error": it cannot grow its index of the
write-ahead log."""

BUSY = (
    "The store of drawings is busy: another process has been writing to it for too long. Try again."
)


class StoreError(ValueError):
    """What the store cannot do; the message says why, and what to do."""


class Unreachable(StoreError):
    """A database server does not answer, and asking again at once would take as long."""


class NoRoom(StoreError):
    """There is no such room, or none that is open."""


class Damaged(StoreError):
    """A file is not the database that it was."""


def in_words(error: SQLAlchemyError | sqlite3.Error, url: URL) -> StoreError:
    """What a database's error means, without the password that may be in its URL."""
    if isinstance(error, NoConnectionFree):
        return StoreError(BUSY)
    if isinstance(error, IntegrityError):  # another transaction was faster by a moment
        return StoreError("The name is taken by now, or the hand or room is gone: look again.")
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, Path(url.database or ""))
    return _of_server(error, cause, url)


def _of_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the kind
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(BUSY)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path.parent)):
        return StoreError(
            f"The disk is full: free some space where {path.parent} is. "
            "Until then no drawing is kept."
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Damaged(
            f"The drawings in {path} cannot be read: the file is damaged, or is no database. It "
            f"stays as it is. Move it away, with {path.name}-wal and {path.name}-shm if they are "
            "there, and a new store begins; `sqlite3 FILE .recover` may save what is in the old."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return cannot_write(path, os.strerror(errno.EACCES))
    return StoreError(f"The drawings in {path} cannot be used ({error}).")


def cannot_write(path: Path, reason: str) -> StoreError:
    return StoreError(
        f"Drawings cannot be kept in {path} ({reason}): let this program write to its folder, or "
        "name another one in DIGITCANVAS_HOME."
    )


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LEAST_FREE
    except OSError:
        return False


def _of_server(error: Exception, cause: Any, url: URL) -> StoreError:
    """PostgreSQL's own codes: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    where = url.set(query={}).render_as_string(hide_password=True)
    state = getattr(cause, "sqlstate", None) or ""
    said = " ".join(str(cause).split())
    if state in ("55P03", "57014", "40P01", "40001"):  # a lock, a time-out, a deadlock
        return StoreError(BUSY)
    if state == "53100":
        return StoreError(f"The database at {where} has no space left: free some on its server.")
    if state in ("XX001", "XX002"):
        return Damaged(f"The database at {where} is damaged: restore it from a backup ({said}).")
    if state == "42501":
        return StoreError(f"The database at {where} forbids what the store needs ({said}).")
    is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
    lacks_answer = isinstance(error, (OperationalError, InterfaceError)) and not state
    if is_lost or lacks_answer or state[:2] in ("08", "28", "3D", "53", "57"):
        return Unreachable(
            f"The drawings' database at {where} cannot be used: start it, or correct {VARIABLE} "
            f"({said})."
        )
    return StoreError(f"The database at {where} cannot be used ({said}).")
