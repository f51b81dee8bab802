"""The steps that bring a database up to date, by Alembic. A new one goes into `versions/`.

They run at a store's first use, inside one transaction, whichever of several servers comes first.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from digitcanvas.data.store.errors import StoreError

FOLDER = Path(__file__).parent

VERSIONS = ("0001", "0002", "0003")
"""Those in `versions/`, oldest first: to compare with them needs no Alembic, which loads slowly."""

VERSION_TABLE = "digitcanvas_version"


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
