"""Who leads this server: whoever gave its code, or everybody where none is asked for.

A leader's browser keeps a proof in a cookie: the HMAC of its token (visitor.py) under the code. So
leaders stay leaders over restarts and on each of several servers with the same code, until the code
is changed. The key is derived slowly (scrypt, RFC 7914), which makes guessing proofs slow, too.
"""

import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from functools import cache
from typing import Any

CODE, PUBLIC = "DIGITCANVAS_LEADER_CODE", "DIGITCANVAS_PUBLIC"
"""The variables that set the code, and make of everybody else a visitor."""

COOKIE = "digitcanvas_lead"

SHORTEST = 8
"""Characters of a code: fewer could be guessed."""

WRONG, WRONG_IN_ALL, WITHIN = 5, 60, 60.0
"""Wrong codes of one browser, and of all, within so many seconds, after which no code is taken."""

BROWSERS = 1000
"""Browsers whose guesses, and whose leading, are remembered at most."""


class WrongCode(ValueError):
    """The message says what to do."""


def code() -> str:
    """The code to lead, "" if everybody does."""
    return os.environ.get(CODE, "").strip()


def is_public() -> bool:
    """Whether those who do not lead are visitors: whatever is set, if it is not a no."""
    return os.environ.get(PUBLIC, "").strip().lower() not in ("", "0", "off", "no", "false")


def problem() -> str:
    """What is wrong with how this is set up, and what to do; "" for nothing."""
    if os.environ.get(CODE) and len(code()) < SHORTEST:  # blanks alone would have everybody lead
        return f"{CODE} is too short to lead by: give it {SHORTEST} characters or more."
    return ""


def proof(token: str) -> str:
    """What shows that the browser with this token was given the code."""
    return hmac.new(_key(code()), token.encode(), hashlib.sha256).hexdigest()


@cache
def _key(code: str) -> bytes:
    return hashlib.scrypt(code.encode(), salt=b"digitcanvas", n=2**14, r=8, p=1)


class Leaders:
    """What this server remembers of who leads. Serves many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leads: OrderedDict[str, bool] = OrderedDict()
        """By token, what was chosen here: a connection knows the cookies with which it began."""
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._wrong_in_all: deque[float] = deque()

    def leads(self, token: str, cookies: Mapping[str, str]) -> bool:
        """Whether the browser with this token leads; `cookies` are those that it sent."""
        if not code():
            return not is_public()
        with self._lock:
            chosen = self._leads.get(token)
        if chosen is not None:
            return chosen
        return hmac.compare_digest(cookies.get(COOKIE, "").encode(), proof(token).encode())

    def begin(self, token: str, given: str) -> None:
        """Have the browser lead if it gave the code. Raises WrongCode."""
        with self._lock:
            own, now = self._wrong.setdefault(token, deque()), time.monotonic()
            _shorten(self._wrong)
            for wrong in (own, self._wrong_in_all):
                while wrong and now - wrong[0] > WITHIN:
                    wrong.popleft()
            if len(own) >= WRONG or len(self._wrong_in_all) >= WRONG_IN_ALL:
                raise WrongCode("There were too many wrong codes: wait a minute, then try again.")
            if not code() or not hmac.compare_digest(given.strip().encode(), code().encode()):
                own.append(now)
                self._wrong_in_all.append(now)
                raise WrongCode("This is not the code: ask whoever set up this server.")
            self._choose(token, True)

    def end(self, token: str) -> None:
        """Have the browser lead no more."""
        with self._lock:
            self._choose(token, False)

    def _choose(self, token: str, leads: bool) -> None:
        self._leads[token] = leads
        self._leads.move_to_end(token)
        _shorten(self._leads)

    def cookies(self, token: str, cookies: Mapping[str, str], age: int) -> list[str]:
        """What is to be set in the browser with this token, which has these cookies."""
        if not code():
            return []
        if self.leads(token, cookies):
            return [f"{COOKIE}={proof(token)}; Max-Age={age}"]
        return [f"{COOKIE}=; Max-Age=0"] if COOKIE in cookies else []


def _shorten(remembered: OrderedDict[str, Any]) -> None:
    while len(remembered) > BROWSERS:
        remembered.popitem(last=False)


leaders = Leaders()
