"""What the tests of the app without a browser share."""

import asyncio
import shutil

import pytest

from digitcanvas.app import hands
from digitcanvas.data.store import FILE, Store, database_url, open_store


@pytest.fixture(autouse=True)
def own_loop():
    """Let a test run an event loop, also where another test's browser is open.

    Playwright's own loop counts as running in this thread for as long as that.
    """
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory):
    """The file of a store without drawings: to copy it is faster than to make its tables."""
    home = tmp_path_factory.mktemp("store")
    with Store(database_url(home)) as store:
        store.totals()
    return home / FILE


@pytest.fixture(autouse=True)
def own_stores(monkeypatch, empty_database):
    """Close the stores that a test has opened: a server keeps them for good."""
    stores = {}

    def store_at(home):
        if home not in stores:
            if home.exists() and not (home / FILE).exists():
                shutil.copy(empty_database, home)
            stores[home] = open_store(home)
        return stores[home]

    monkeypatch.setattr(hands, "_store_at", store_at)
    yield
    for store in filter(None, stores.values()):
        store.close()
