"""The steps that bring a database up to date, by Alembic. A new one goes into `versions/`.

They run at a store's first use, inside one transaction, whichever of several servers comes first.
"""

import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from digitcanvas.data.store.errors import StoreError

FOLDER = Path(__file__).parent

VERSIONS = ("0001",)
"""Those in `versions/`, oldest first: to compare with them needs no Alembic, which loads slowly."""

VERSION_TABLE = "digitcanvas_version"

ADVISORY_LOCK = 0x44_49_47_49_54
"""A number that PostgreSQL's servers of ours agree on: who holds its lock brings it up to date."""

_alembic = threading.Lock()  # it keeps what it works on in a global variable


def is_current(connection: Connection) -> bool:
    """Whether the database needs no step. Raises StoreError if a newer digitcanvas made it."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    version = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    if version is not None and version not in VERSIONS:
        raise StoreError(
            f"The database {connection.engine.url.render_as_string(hide_password=True)} belongs to "
            f"a newer digitcanvas (its version is {version}): update this one, or name another "
            "database in DIGITCANVAS_DATABASE."
        )
    return bool(version == VERSIONS[-1])


def upgrade(connection: Connection) -> None:
    """Take the steps that are missing, in the connection's transaction, which holds the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    if is_current(connection):  # another process was faster
        return
    from alembic import command
    from alembic.config import Config

    with _alembic:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        command.upgrade(config, "head")
