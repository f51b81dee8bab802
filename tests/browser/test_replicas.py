"""Three servers behind the proxy of deploy/: one is killed, and nobody loses a drawing."""

import json
import urllib.request

import pytest

from digitcanvas.app.metrics import TOKEN
from tests.browser.driver import (
    go_to,
    ink,
    network,
    press_if_enabled,
    publish,
    sketch,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS
from tests.replicas import NoProxy, replicas

pytestmark = pytest.mark.browser

SECRET = "a token of many letters"


@pytest.fixture
def three(tmp_path, monkeypatch):
    monkeypatch.setenv(TOKEN, SECRET)
    (tmp_path / "home").mkdir()
    try:
        with replicas(tmp_path / "home", tmp_path) as three:
            yield three
    except NoProxy as error:
        pytest.skip(str(error))


def sockets(app):
    """How many pages and live sockets the server has, by its metrics."""
    if app.process.poll() is not None:
        return 0
    headers = {"Authorization": f"Bearer {SECRET}"}
    with urllib.request.urlopen(urllib.request.Request(f"{app.url}/metrics", None, headers)) as it:
        lines = it.read().decode().splitlines()
    figures = dict(line.rsplit(" ", 1) for line in lines if line[0] != "#")
    return int(sum(float(figures[f"digitcanvas_{name}"]) for name in ("pages", "live_sockets")))


def models(app):
    with urllib.request.urlopen(f"{app.url}/api/models") as answer:
        return {model["name"] for model in json.load(answer)}


def test_a_killed_server_s_person_draws_on(three, someone):
    page = someone()
    go_to(page, three)
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    drawn = ink(page)
    used = [app for app in three.apps if sockets(app)]
    assert len(used) == 1  # both of the page's sockets lead to the same

    publish(used[0].home, "mine")
    wait_for(lambda: all("mine" in models(app) for app in three.apps), 2)
    network(page, "mine").wait_for(timeout=2000)

    page.sent.forget()
    used[0].process.kill()
    used[0].process.wait()
    wait_for(page.sent.replies, 5)  # all of the drawing is read anew
    assert wait_for_digit(page) == 7 and (ink(page) == drawn).all()
    wait_for(lambda: any(sockets(app) >= 2 for app in three.apps if app is not used[0]), 5)
    assert sum(sockets(app) > 0 for app in three.apps if app is not used[0]) == 1
    press_if_enabled(page, "clear")
    sketch(page, DIGITS[1])
    wait_for(lambda: page.locator(".st-key-prediction.pen-up").inner_text()[:1] == "1", 5)
