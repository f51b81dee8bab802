"""The store of drawings: what people drew, how it was read, and what they said it is.

A database keeps it: SQLite in the home of the models trained here, or any that DIGITCANVAS_DATABASE
names. docs/store.md tells what is kept.

    store = open_store(registry.home())
    drawing = store.drawings.keep(session, strokes, answer, pen=16)
    store.drawings.tell(drawing, session, 7)

A session is a random token, `new_session()`, that a browser keeps and shows nobody. It owns the
drawings, the hands and the rooms that were made with it: each method that changes one asks for it.
Every method can be called from many threads, and several servers may share a database. No method
waits much longer than two seconds; where one raises StoreError, drawing goes on without the store.
"""

import os
from pathlib import Path
from types import TracebackType

from sqlalchemy import URL, Connection, func, select, text

from digitcanvas.data.store.checks import new_session
from digitcanvas.data.store.database import Database
from digitcanvas.data.store.drawings import Drawings
from digitcanvas.data.store.errors import VARIABLE, NoRoom, StoreError
from digitcanvas.data.store.hands import Hands
from digitcanvas.data.store.records import (
    FIRST_NAME,
    NO_DIGIT,
    Answer,
    Counts,
    Hand,
    Kept,
    News,
    Person,
    Room,
    Selection,
    Told,
    Totals,
    writer_of,
)
from digitcanvas.data.store.rooms import Rooms
from digitcanvas.data.store.runs import Runs
from digitcanvas.data.store.tables import Base, DrawingRow, HandRow, RoomRow

__all__ = [
    "FIRST_NAME",
    "NO_DIGIT",
    "Answer",
    "Counts",
    "Hand",
    "Kept",
    "News",
    "NoRoom",
    "Person",
    "Room",
    "Selection",
    "Store",
    "StoreError",
    "Told",
    "Totals",
    "database_url",
    "is_on",
    "new_session",
    "open_store",
    "writer_of",
]

FILE = "drawings.sqlite"
SWITCH = "DIGITCANVAS_STORE"
OFF = ("0", "off", "no", "false")


class Store:
    """Drawings, hands, rooms and runs in one database, with which it connects at its first use."""

    def __init__(self, url: str | URL) -> None:
        """Raises StoreError for a URL that names no database, or one that needs another package."""
        self._database = Database(url)
        self.drawings = Drawings(self._database)
        self.hands = Hands(self._database)
        self.rooms = Rooms(self._database)
        self.runs = Runs(self._database)

    @property
    def where(self) -> str:
        """The database's file or address, without its password, for people."""
        path = self._database.path
        return str(path) if path else self._database.url.render_as_string(hide_password=True)

    def totals(self) -> Totals:
        """How much it holds. Raises StoreError if the database cannot be used."""
        with self._database.reading() as connection:
            drawings, told = connection.execute(
                select(func.count(), func.count(DrawingRow.told)).select_from(DrawingRow)
            ).one()
            hands, rooms = (
                connection.scalar(select(func.count()).select_from(table)) or 0
                for table in (HandRow, RoomRow)
            )
            return Totals(drawings, told, hands, rooms, self._size(connection))

    def _size(self, connection: Connection) -> int | None:
        if path := self._database.path:
            parts = [Path(f"{path}{suffix}") for suffix in ("", "-wal")]
            return sum(part.stat().st_size for part in parts if part.exists())
        if connection.dialect.name == "postgresql":
            size = text("SELECT pg_total_relation_size(to_regclass(:table))")
            tables = Base.metadata.tables
            return sum(connection.scalar(size, {"table": name}) or 0 for name in tables)
        return None

    def close(self) -> None:
        """Close the connections; another call opens them again."""
        self._database.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def is_on() -> bool:
    """Whether this server may keep drawings: DIGITCANVAS_STORE=0 turns that off."""
    return os.environ.get(SWITCH, "").strip().lower() not in OFF


def database_url(home: Path) -> URL | str:
    """The database that DIGITCANVAS_DATABASE names, else the file `drawings.sqlite` in `home`."""
    return os.environ.get(VARIABLE) or URL.create("sqlite", database=str(home.absolute() / FILE))


def open_store(home: Path) -> Store | None:
    """The store of the home of the models (`registry.home()`), or None where keeping is off.

    Nothing is read or made before its first use. Raises StoreError as `Store` does.
    """
    return Store(database_url(home)) if is_on() else None
