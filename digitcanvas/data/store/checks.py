"""Checks of what comes from a page, and random names for what a browser keeps."""

import re
import secrets
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from numpy.typing import ArrayLike

from digitcanvas.data.store.errors import StoreError
from digitcanvas.data.store.packing import pack
from digitcanvas.data.store.records import NO_DIGIT, Answer
from digitcanvas.data.store.tables import CODE_LENGTH, MAX_NAME, MAX_TOKEN
from digitcanvas.drawing.strokes import check_strokes

CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""A room's code has no vowels, which could make a word, and no digits, which look like letters."""

WIDEST_PEN = 200.0
"""Canvas pixels."""


def new_session() -> str:
    """A random token for a browser, 128 bits: it tells nothing of who uses it."""
    return secrets.token_urlsafe(16)


def new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def code(text: str) -> str:
    """A room's code as somebody typed it, in capitals and without blanks and dashes."""
    return re.sub(r"[\s-]", "", text).upper()[: CODE_LENGTH + 1]


def session(token: str) -> str:
    if not re.fullmatch(rf"[A-Za-z0-9_.-]{{1,{MAX_TOKEN}}}", token):
        raise StoreError("A session is named by up to 64 letters, digits, '_', '.' and '-'.")
    return token


def name(text: str) -> str:
    """A name without blanks around it, one space in the place of several."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if not text or len(text) > MAX_NAME or not text.isprintable():
        raise StoreError(f"A name has 1 to {MAX_NAME} letters, digits and signs: choose another.")
    return text


def folded(text: str) -> str:
    """A name without case: "Ada" and "ADA" are one."""
    return text.casefold()


def drawing(strokes: Iterable[ArrayLike]) -> bytes:
    """The strokes packed. Raises ValueError as `check_strokes`, and for an empty drawing."""
    checked = check_strokes(strokes)
    if not checked:
        raise StoreError("The drawing is empty: draw a digit first.")
    return pack(checked)


def pen(width: float) -> float:
    if not 0 < width <= WIDEST_PEN:
        raise StoreError(f"The pen's width is over 0 and up to {WIDEST_PEN:g} pixels, not {width}.")
    return float(width)


def told(digit: int | None) -> int | None:
    if digit is not None and digit not in range(NO_DIGIT + 1):
        raise StoreError(f"A drawing is a digit from 0 to 9, or 10 for none, not {digit!r:.20}.")
    return digit if digit is None else int(digit)


def told_drawing(
    strokes: Iterable[ArrayLike], label: int, made: datetime, session_token: str, width: float
) -> dict[str, Any]:
    """The columns of a drawing from elsewhere, told to be its label. It is not from the future."""
    return {
        "session": session(session_token),
        "made": min(made, datetime.now(UTC)),
        "told": told(label),
        "pen": pen(width),
        "hand_id": None,
        "room_id": None,
        "room_change": None,
        "hidden": False,
        "strokes": drawing(strokes),
    }


def answer(given: Answer | None) -> dict[str, object]:
    """The columns of an answer."""
    if given is None:
        return {}
    shares = (given.probability, given.is_digit)
    if given.digit not in range(10) or not all(0 <= share <= 1 for share in shares):
        raise StoreError(f"{given} is not an answer: a digit of 0 to 9, and shares of 0 to 1.")
    if max(len(given.network), len(given.run)) > MAX_TOKEN:
        raise StoreError(f"A network's name and run have up to {MAX_TOKEN} characters.")
    return {
        "digit": int(given.digit),
        "probability": float(given.probability),
        "is_digit": float(given.is_digit),
        "rejected": bool(given.rejected),
        "network": given.network,
        "run": given.run,
    }
