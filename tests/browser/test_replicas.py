"""Three servers behind the proxy of deploy/: one is killed, and nobody loses a drawing."""

import json
import urllib.request

import psutil
import pytest

from tests.browser.driver import canvas, ink, network, publish, sketch, wait_for, wait_for_digit
from tests.digits import DIGITS
from tests.replicas import NoProxy, replicas, seconds_until

pytestmark = pytest.mark.browser


@pytest.fixture
def three(tmp_path):
    (tmp_path / "home").mkdir()
    try:
        with replicas(tmp_path / "home", tmp_path) as three:
            yield three
    except NoProxy as error:
        pytest.skip(str(error))


def sockets(app):
    """How many connections the server has."""
    found = psutil.Process(app.process.pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED for one in found)


def models(app):
    with urllib.request.urlopen(f"{app.url}/api/models") as answer:
        return {model["name"] for model in json.load(answer)}


def test_a_killed_server_s_person_draws_on(three, browser):
    page = browser.new_context().new_page()
    page.goto(three.url)
    canvas(page).wait_for()
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    before = [sockets(app) for app in three.apps]
    publish(three.apps[0].home, "mine")
    assert seconds_until(lambda: all("mine" in models(app) for app in three.apps), 2) < 2
    network(page, "mine").wait_for(timeout=4000)

    own = max(three.apps, key=lambda app: sockets(app))
    drawn = ink(page)
    own.process.kill()
    own.process.wait()
    sketch(page, DIGITS[1][:1])
    others = [app for app in three.apps if app is not own]
    wait_for(lambda: any(sockets(app) >= 2 for app in others), 5)
    assert (ink(page) & drawn).sum() > 0.9 * drawn.sum(), before
    wait_for(lambda: page.evaluate("navigator.onLine") and ink(page).any(), 5)
    page.locator(".st-key-prediction.pen-up").wait_for(timeout=5000)
    page.context.close()
