"""A store on each kind of database."""

import pytest

from digitcanvas.data.store import Store
from tests.databases import NoPostgres, postgres


@pytest.fixture(scope="session")
def server():
    try:
        with postgres() as server:
            yield server
    except NoPostgres as missing:
        pytest.skip(str(missing))


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
