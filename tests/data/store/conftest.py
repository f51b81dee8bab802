"""A store on each kind of database."""

import pytest

from digitcanvas.data.store import Store, database
from tests.data.store.servers import PATIENT
from tests.databases import NoPostgres, postgres


@pytest.fixture(scope="session")
def server():
    try:
        with postgres() as server:
            yield server
    except NoPostgres as missing:
        pytest.skip(str(missing))


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """How long a call waits; in these tests longer, as they may run on a machine that is busy."""
    shipped = database.PATIENCE
    monkeypatch.setattr(database, "PATIENCE", PATIENT)
    return shipped


@pytest.fixture
def sqlite(tmp_path):
    """An address where no file is yet."""
    return f"sqlite:///{tmp_path / 'drawings.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request):
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite")
    return request.getfixturevalue("server").new_schema()


@pytest.fixture
def store(address):
    with Store(address) as store:
        yield store
