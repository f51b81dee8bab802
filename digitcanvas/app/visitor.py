"""Who a browser is: a random token in a cookie, which owns the drawings and the hands made with it.

The page's own scripts cannot read it, and no other site's page sends it. Nobody is asked for a
name: whoever clears the cookie is somebody new.
"""

import re
from collections.abc import Mapping

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from digitcanvas.app import state
from digitcanvas.data.store import new_session

COOKIE = "digitcanvas"

AGE = 365 * 24 * 3600
"""Seconds for which a browser keeps the cookie after its last visit."""

TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Visitors:
    """Middleware that gives each browser a token with the page."""

    def __init__(self, app: ASGIApp, base: str = "") -> None:
        """`base` is the path that the app is served below, "" for none."""
        self._app, self._path = app, f"{base}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _asks_for_page(scope):
            await self._app(scope, receive, send)
            return
        token = token_in(HTTPConnection(scope).cookies) or new_session()

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                secure = "; Secure" if scope.get("scheme") == "https" else ""
                MutableHeaders(scope=message).append(
                    "Set-Cookie",
                    f"{COOKIE}={token}; Path={self._path}; Max-Age={AGE}; HttpOnly; "
                    f"SameSite=Lax{secure}",
                )
            await send(message)

        await self._app(scope, receive, send_with_cookie)


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
