"""A database as the store uses it: found, brought up to date, and read and written in transactions.

No call waits much longer than PATIENCE: drawing goes on without the store.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from digitcanvas.data.store import migrations
from digitcanvas.data.store.errors import (
    BUSY,
    VARIABLE,
    Damaged,
    StoreError,
    Unreachable,
    cannot_write,
    in_words,
)

PATIENCE = 2.0
"""Seconds that a call waits for a lock, a connection or a server."""

PAUSE = 5.0
"""Seconds for which a server that could not be reached is not asked again."""

_UNPREPARED = ("unprepared",)


class Database:
    """Any number of threads may use one at once. It connects when it is first used."""

    def __init__(self, url: str | URL) -> None:
        """Raises StoreError for a URL that names no database that can be used here."""
        self.url = _checked(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database or "") if self.is_sqlite else None
        try:
            self._engine = create_engine(self.url, **_options(self.url))
        except ModuleNotFoundError as error:
            raise StoreError(
                f"{VARIABLE} needs the Python package {error.name}. For PostgreSQL run "
                'python -m pip install "digitcanvas[postgresql]", then start again.'
            ) from error
        event.listen(self._engine, "connect", _settle)
        event.listen(self._engine, "begin", _begin)
        self._prepared: tuple[Any, ...] = _UNPREPARED
        self._preparing = threading.Lock()
        self._writers = threading.Lock()  # SQLite's own waiting is by naps, and unfair
        self._failed: tuple[float, StoreError] | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads. Raises StoreError if it fails."""
        with self._translated():
            self._prepare()
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is on the disk when the block has ended, or not made at all.

        Raises StoreError if it fails.
        """
        with self._translated():
            self._prepare()
            give_up = time.monotonic() + PATIENCE
            with self._alone(), self._begin_writing(give_up) as connection:
                yield connection

    def close(self) -> None:
        self._engine.dispose()
        self._prepared = _UNPREPARED

    def _begin_writing(self, give_up: float) -> AbstractContextManager[Connection]:
        return self._engine.execution_options(give_up=give_up).begin()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._failed and time.monotonic() < self._failed[0]:
            raise self._failed[1]
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            problem = in_words(error, self.url)
            if isinstance(problem, Unreachable):
                self._failed = time.monotonic() + PAUSE, problem
            if isinstance(problem, Damaged):  # so that another file in its place is opened
                self.close()
            raise problem from error

    def _alone(self) -> AbstractContextManager[None]:
        return _locked(self._writers) if self.is_sqlite else nullcontext()

    def _prepare(self) -> None:
        """Bring the database up to date, once, and again where another file lies in its place."""
        if self._prepared == self._identity():
            return
        with _locked(self._preparing):
            if self._failed and time.monotonic() < self._failed[0]:
                raise self._failed[1]
            if self._prepared == self._identity():
                return
            self.close()
            if self.path:
                _make_folder(self.path)
            with self._engine.begin() as connection:
                is_current = migrations.is_current(connection)
            if not is_current:
                from digitcanvas.data.store.migrations import steps  # before the lock: it is slow

                with self._begin_writing(time.monotonic() + PATIENCE) as connection:
                    steps.upgrade(connection)
            self._prepared = self._identity()

    def _identity(self) -> tuple[Any, ...]:
        """Which file it is: it may be moved away, or replaced by a backup, while a server runs."""
        if not self.path:
            return ("server",)
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino


def _checked(url: str | URL) -> URL:
    try:
        url = make_url(url)
        if url.drivername == "postgres":  # as several hosts of databases write it
            url = url.set(drivername="postgresql")
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise StoreError(
            f"{VARIABLE} is no database's address: write it as "
            "postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:////FOLDER/FILE."
        ) from error
    # Servers, shells and trainings, each started in its own folder, are to find the same file
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_absolute():
        raise StoreError(f"{VARIABLE} must name a file by its full path: sqlite:////FOLDER/FILE.")
    return url


def _options(url: URL) -> dict[str, Any]:
    """What the engine is made with."""
    pool: dict[str, Any] = {"pool_size": 5, "max_overflow": 10, "pool_timeout": PATIENCE}
    if url.get_backend_name() == "sqlite":
        # Without an isolation level the driver begins no transactions: _begin does
        return {**pool, "connect_args": {"timeout": PATIENCE, "isolation_level": None}}
    pool["pool_pre_ping"] = True  # a server may have started anew
    if url.get_driver_name() == "psycopg":
        wait = {"connect_timeout": int(PATIENCE), "tcp_user_timeout": int(PATIENCE * 1000)}
        return {**pool, "connect_args": wait}
    return pool


def _settle(connection: Any, _record: Any) -> None:
    """Set a new connection up."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # a commit is kept even if power fails
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        _write_ahead(connection)
    elif hasattr(connection, "autocommit") and type(connection).__module__.startswith("psycopg"):
        milliseconds = int(PATIENCE * 1000)
        connection.autocommit = True
        connection.execute(f"SET statement_timeout = {milliseconds}")
        connection.execute(f"SET lock_timeout = {milliseconds}")
        connection.autocommit = False


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let people read while somebody writes, by a log beside the file.

    SQLite does not wait if several processes change a new database's mode at once, so this does.
    """
    give_up = time.monotonic() + PATIENCE
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(0.01)


def _begin(connection: Connection) -> None:
    """In SQLite, who writes takes the lock at the beginning: later it could not wait for it."""
    if connection.dialect.name != "sqlite":
        return
    give_up = connection.get_execution_options().get("give_up")
    if give_up is None:
        connection.exec_driver_sql("BEGIN")
        return
    left = max(0, int((give_up - time.monotonic()) * 1000))
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {left}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _locked(lock: threading.Lock) -> Iterator[None]:
    if not lock.acquire(timeout=PATIENCE):
        raise StoreError(BUSY)
    try:
        yield
    finally:
        lock.release()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error.strerror or "not a folder") from error
