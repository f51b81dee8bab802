"""Takes the steps that a database lacks, by Alembic, which is why nothing imports this early."""

import threading

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from digitcanvas.data.store.migrations import FOLDER

ADVISORY_LOCK = 0x44_49_47_49_54
"""A number that PostgreSQL's servers of ours agree on: who holds its lock brings it up to date."""

_alembic = threading.Lock()  # it keeps what it works on in a global variable


def upgrade(connection: Connection) -> None:
    """Take the steps that are missing, if any, in the connection's transaction, with its lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    with _alembic:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
        command.upgrade(config, "head")
