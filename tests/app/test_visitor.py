"""Who a browser is, and whether what it tells is kept: two cookies that outlive visits."""

import json
from http.cookies import SimpleCookie

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from digitcanvas.app import live, state, visitor
from digitcanvas.app.live_drawing import KEEPS_NOTHING
from digitcanvas.app.visitor import COOKIE, KEEPING, TOKEN, Visitors, token_in
from digitcanvas.data.store import new_session
from tests.digits import DIGITS

PAGE = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def browser():
    app = Starlette(routes=[Route("/{path:path}", lambda _: HTMLResponse("page"))])
    with TestClient(Visitors(app, base="/digits"), base_url="http://digits.example") as client:
        yield client


def given(response):
    """The cookie that came with a page, with its attributes."""
    value, *attributes = response.headers["set-cookie"].split("; ")
    return value.removeprefix(f"{COOKIE}="), set(attributes)


def test_a_browser_gets_a_token_with_the_page_that_scripts_cannot_read(browser):
    token, attributes = given(browser.get("/digits/", headers=PAGE))
    assert TOKEN.fullmatch(token)
    assert {"Path=/digits/", "HttpOnly", "SameSite=Lax"} <= attributes
    assert "Secure" not in attributes
    assert "Secure" in given(browser.get("https://digits.example/digits/", headers=PAGE))[1]


@pytest.mark.parametrize(
    "others",
    ["{mine}", 'g_state={{"i_l":0}}; {mine}', "{mine}; a=b c", "x y=1; {mine}", "foo; {mine}; b="],
)
def test_it_keeps_its_token_whatever_cookies_other_sites_of_the_host_have_set(browser, others):
    token = new_session()
    cookie = others.format(mine=f"{COOKIE}={token}")
    assert given(browser.get("/digits/", headers=PAGE | {"Cookie": cookie}))[0] == token


@pytest.mark.parametrize("token", ["", "short", "with blank" * 3, "x" * 65, "../" * 10])
def test_what_is_no_token_of_ours_is_replaced(browser, token):
    assert token_in({COOKIE: token}) is None
    fresh = given(browser.get("/digits/", headers=PAGE | {"Cookie": f"{COOKIE}={token}"}))[0]
    assert TOKEN.fullmatch(fresh) and fresh != token


def test_files_and_programs_get_no_cookie(browser):
    assert "set-cookie" not in browser.get("/digits/media/a.png", headers={"Accept": "*/*"}).headers
    assert "set-cookie" not in browser.post("/digits/api/predict", headers=PAGE).headers


@pytest.fixture
def token(monkeypatch):
    """The token of the browser whose session runs the test."""
    session = state.Session(visitor=new_session())
    monkeypatch.setattr(state, "session", lambda: session)
    return session.visitor


def with_page(browser, token, others=""):
    """The cookies, by name, that a browser with this token and these others gets with a page."""
    headers = PAGE | {"Cookie": f"{COOKIE}={token}{others}"}
    lines = browser.get("/digits/", headers=headers).headers.get_list("set-cookie")
    return {name: cookie for line in lines for name, cookie in SimpleCookie(line).items()}


def test_that_nothing_is_to_be_kept_comes_with_the_page_and_lasts_as_the_token(browser, token):
    off, other = f"; {KEEPING}=0", new_session()
    assert with_page(browser, token).keys() == {COOKIE}
    visitor.choose(False)
    cookies = with_page(browser, token)
    assert cookies[KEEPING].value == "0"
    for name in ("path", "max-age", "httponly", "samesite"):
        assert cookies[KEEPING][name] == cookies[COOKIE][name]
    assert with_page(browser, other).keys() == {COOKIE}
    assert with_page(browser, other, off)[KEEPING]["max-age"] == str(visitor.AGE)
    visitor.choose(True)
    assert with_page(browser, token, off)[KEEPING]["max-age"] == "0"
    assert with_page(browser, token).keys() == {COOKIE}


def test_a_server_that_remembers_no_choice_goes_by_the_cookie(token, monkeypatch):
    monkeypatch.setattr(visitor, "CHOICES", 1)
    visitor.choose(False)
    assert not visitor.keeps_of(token, True) and visitor.keeps_of(None, True)
    state.session().visitor = new_session()
    visitor.choose(False)
    assert visitor.keeps_of(token, True) and not visitor.keeps_of(token, False)


def test_the_first_message_of_a_new_tab_is_not_kept(home):
    rows = [np.ravel(stroke).tolist() for stroke in DIGITS[7]]
    drawing = {"from": [0, 0], "points": rows, "widths": [16] * len(rows)}
    headers = {"Cookie": f"{COOKIE}={new_session()}; {KEEPING}=0"}
    with (
        TestClient(Starlette(routes=live.routes(""))) as client,
        client.websocket_connect(live.PATH, headers=headers) as socket,
    ):
        socket.send_text(json.dumps({"turn": 1, "models": ["cnn"], "told": 7} | drawing))
        while "turn" not in (reply := json.loads(socket.receive_text())):
            pass
    assert reply["told"] == {"error": KEEPS_NOTHING}
