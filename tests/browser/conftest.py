"""Pages that tests share: opening one takes longer than most tests."""

import re
import shutil
from collections import Counter

import pytest

from digitcanvas.runs.doing import SCRATCH
from tests.browser.driver import PHONE, go_to, new_page, open_settled, settle, wait_for, wipe

DESKTOP = {"width": 1280, "height": 720}
TALL = {"width": 1280, "height": 1200}
LIVE = re.compile("/live$")


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
    return lend("desktop", lambda: open_settled(browser, app), wipe)


@pytest.fixture
def phone(lend, browser, app):
    return lend("phone", lambda: open_settled(browser, app, **PHONE), wipe)


def forget(page):
    """Make a browser forget that somebody was here, and close all but this empty page."""
    for tab in page.context.pages:
        if tab is not page:
            tab.close()
    page.unroute_all()
    page.emulate_media(color_scheme="null", reduced_motion="null")
    page.evaluate("localStorage.clear(), sessionStorage.clear()")
    page.context.clear_cookies()
    page.goto("about:blank")
    page.sent.forget()


@pytest.fixture
def someone(lend, browser):
    """Opens an empty page of somebody new, in a browser with these options."""
    numbers = Counter()

    def open_empty(viewport=DESKTOP, **options):
        kind = str(sorted(options.items()))
        numbers[kind] += 1
        page = lend((kind, numbers[kind]), lambda: new_page(browser, **options), forget)
        page.set_viewport_size(viewport)
        return page

    return open_empty


@pytest.fixture
def proxied(lend, browser, app):
    """Opens the app, behind a proxy that does this with the page's live socket."""

    def open_one():
        page = new_page(browser)
        page.route_web_socket(LIVE, lambda socket: page.proxy(socket))
        return page

    def open_proxied(proxy):
        page = lend("proxied", open_one, forget)
        page.proxy = proxy
        go_to(page, app)
        settle(page)
        return page

    return open_proxied


@pytest.fixture
def sessions(someone, app):
    """Opens sessions, and clears away the runs and the models that a test leaves behind."""

    def open_session(app=app):
        page = someone(TALL)
        go_to(page, app)
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
