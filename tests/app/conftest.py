"""What the tests of the app without a browser share."""

import asyncio

import pytest


@pytest.fixture(autouse=True)
def own_loop():
    """Let a test run an event loop, also where another test's browser is open.

    Playwright's own loop counts as running in this thread for as long as that.
    """
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
