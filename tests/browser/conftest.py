"""Pages that tests share: opening one takes longer than most tests."""

import shutil
from itertools import count

import pytest

from digitcanvas.runs.doing import SCRATCH
from tests.browser.driver import PHONE, Sent, canvas, open_watched, wait_for, wipe

TALL = {"viewport": {"width": 1280, "height": 1200}}


@pytest.fixture(scope="session")
def opened(browser):
    """The pages that are open, by kind."""
    pages = {}
    yield pages
    for page in pages.values():
        page.context.close()


@pytest.fixture
def lend(request, opened):
    """Lends a page of a kind, opened by the first test that asks for it.

    `tidy` makes it fit for the next test. A page on which a test failed is closed instead.
    """
    lent, failed = {}, request.session.testsfailed

    def lend(kind, open_one, tidy):
        if kind not in opened:
            opened[kind] = open_one()
        lent[kind] = tidy
        return opened[kind]

    yield lend
    for kind, tidy in lent.items():
        page = opened.pop(kind)
        if request.session.testsfailed > failed:
            page.context.close()
        else:
            tidy(page)
            opened[kind] = page


@pytest.fixture
def page(lend, browser, app):
    return lend("desktop", lambda: open_watched(browser, app), wipe)


@pytest.fixture
def phone(lend, browser, app):
    return lend("phone", lambda: open_watched(browser, app, **PHONE), wipe)


def leave(page):
    """Leave a page for the next test, without the drawing that its tab would keep, and its hand."""
    page.evaluate("sessionStorage.clear()")
    page.context.clear_cookies()
    page.goto("about:blank")


@pytest.fixture
def sessions(lend, browser, app):
    """Opens sessions, and clears away the runs and the models that a test leaves behind."""
    numbers = count()

    def open_page():
        page = browser.new_context(**TALL).new_page()
        page.sent = Sent(page)
        return page

    def open_session(app=app):
        page = lend(f"session {next(numbers)}", open_page, leave)
        page.goto(app.url)
        canvas(page).wait_for()
        return page

    yield open_session

    def is_quiet():
        for worker in app.workers():  # runs that waited for it begin
            worker.kill()
        return not (app.home / SCRATCH).exists()

    wait_for(is_quiet)
    for path in app.home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
