"""Pages that the tests of a file share: opening one takes longer than most tests."""

import pytest

from tests.browser.driver import PHONE, open_watched, wipe


@pytest.fixture(scope="module")
def opened():
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
