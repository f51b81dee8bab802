"""Who a browser is: a random token in a cookie, which owns the drawings and the hands made with it.

The page's own scripts cannot read it, and no other site's page sends it. Nobody is asked for a
name: whoever clears the cookie is somebody new.

A second cookie says that nothing of what the browser tells is to be kept. It is set with the page,
which keeping.js therefore asks for when that was chosen. A connection knows its cookies as they
were when it began, so the server also remembers the choice.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitcanvas.app import state
from digitcanvas.app.leaders import leaders
from digitcanvas.data.store import new_session

COOKIE = "digitcanvas"

KEEPING, OFF = "digitcanvas_keep", "0"
"""The other cookie, and its value where nothing is to be kept."""

AGE = 365 * 24 * 3600
"""Seconds for which a browser keeps a cookie after its last visit."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")

CHOICES = 5000
"""Browsers whose choice the server remembers, at most: others get it from their cookie."""

_lock = threading.Lock()
_choices: OrderedDict[str, bool] = OrderedDict()
"""Whether what a browser tells is kept, by its token, if its person has chosen."""


class Visitors:
    """Middleware that gives each browser a token with the page."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        """`base` is the path that the app is served below, "" for none."""
        self._app, self._path = app, f"{base}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _asks_for_page(scope):
            await self._app(scope, receive, send)
            return
        cookies = HTTPConnection(scope).cookies
        token = token_in(cookies) or new_session()
        lasting = [f"{COOKIE}={token}; Max-Age={AGE}"]
        if not keeps_of(token, keeps_in(cookies)):
            lasting.append(f"{KEEPING}={OFF}; Max-Age={AGE}")
        elif not keeps_in(cookies):
            lasting.append(f"{KEEPING}={OFF}; Max-Age=0")
        lasting += leaders.cookies(token, cookies, AGE)
        secure = "; Secure" if scope.get("scheme") == "https" else ""

        async def send_with_cookies(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for cookie in lasting:
                    common = f"Path={self._path}; HttpOnly; SameSite=Lax{secure}"
                    headers.append("Set-Cookie", f"{cookie}; {common}")
            await send(message)

        await self._app(scope, receive, send_with_cookies)


def _asks_for_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


def token_in(cookies: Mapping[str, str]) -> str | None:
    """A browser's token; None for one that has none yet, or refuses cookies."""
    token = cookies.get(COOKIE, "")
    return token if TOKEN.fullmatch(token) else None


def token() -> str:
    """The token of this session's browser; where that refuses cookies, one of the session's own."""
    session = state.session()
    session.visitor = token_in(st.context.cookies) or session.visitor or new_session()
    return session.visitor


def keeps_in(cookies: Mapping[str, str]) -> bool:
    """Whether what a browser tells is kept, by its cookies."""
    return cookies.get(KEEPING) != OFF


def keeps_of(visitor: str | None, in_cookies: bool) -> bool:
    """The same by its person's last choice, if the server remembers one."""
    return in_cookies if visitor is None else _choices.get(visitor, in_cookies)


def keeps() -> bool:
    """Whether what this session's browser tells is kept."""
    return keeps_of(token(), keeps_in(st.context.cookies))


def choose(keeps: bool) -> None:
    """Have what this session's browser tells kept from now on, or not, in all of its tabs."""
    with _lock:
        _choices[token()] = keeps
        _choices.move_to_end(token())
        while len(_choices) > CHOICES:
            _choices.popitem(last=False)
