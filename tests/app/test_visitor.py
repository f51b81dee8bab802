"""Who a browser is: a token that outlives visits, whatever other cookies there are."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from digitcanvas.app.visitor import COOKIE, TOKEN, Visitors, token_in
from digitcanvas.data.store import new_session

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
