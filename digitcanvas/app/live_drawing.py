"""A browser's drawing as the socket keeps it, and what its messages ask for (live.py has them)."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from digitcanvas.app import visitor
from digitcanvas.app.hands import answer_of, hands
from digitcanvas.app.parts import shared_models
from digitcanvas.app.reply import Reply, reply_to, reply_to_number
from digitcanvas.app.rooms import Post, is_code, place_of, posts
from digitcanvas.data.store import NO_DIGIT, StoreError
from digitcanvas.drawing.pieces import ink_of
from digitcanvas.drawing.strokes import MAX_POINTS, MAX_STROKES, Stroke
from digitcanvas.reading.numbers import Number
from digitcanvas.reading.recognizer import Prediction, Recognizer
from digitcanvas.reading.registry import ModelError

MODELS = 2
"""Networks that read for one browser, at most."""

WIDTHS = 1.0, 200.0
"""The least and the most width of a pen in canvas pixels."""

NO_COOKIE = (
    "Your browser refuses cookies, so this server cannot tell your hand from others': allow them "
    "for this page, then reload it."
)

KEEPS_NOTHING = (
    'You have switched off "Keep what I tell on this server", so nothing can be told: switch it on '
    "again first."
)

CHANGED = "The drawing has changed since: tell it again."

UNEXPECTED = "The drawing could not be read: the server's log says why."

_logger = logging.getLogger(__name__)


class Misfit(ValueError):
    """A message that is malformed, or does not fit the drawing so far."""


@dataclass
class LiveDrawing:
    """A browser's drawing as the server knows it, and how the browser wants it read."""

    strokes: list[list[float]] = field(default_factory=list)
    """Each x, y, x, y, ... in canvas pixels."""
    widths: list[float] = field(default_factory=list)
    visitor: str | None = None
    """Whose hand reads; None for a browser that refuses cookies."""
    models: list[str] = field(default_factory=list)
    centred: bool = True
    logits: bool = False
    numbers: bool = False
    """Whether several digits are read as a number; if not, the drawing is one digit."""
    down: bool = False
    """Whether the pen is down, so that the last stroke goes on."""
    keeps_at_first: bool = True
    """Whether what is told was to be kept, by the browser's cookies when it connected."""
    room: str | None = None
    """The code of the room on whose wall it is shown."""
    began: float = 0.0
    """When its first stroke began (time.monotonic)."""
    answered: tuple[str, Prediction] | None = None
    """The name of the network that answers, and what it said last of a single digit."""
    number: Number | None = None
    """What was read last, if numbers are."""

    def update(self, message: Mapping[str, Any]) -> None:
        """Take a message in. Raises Misfit, and ValueError if the drawing becomes too long."""
        try:
            stroke, point = map(int, message["from"])
            rows = [_numbers(row) for row in message["points"]]
            least, most = WIDTHS
            widths = [min(max(width, least), most) for width in _numbers(message["widths"])]
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise Misfit("This is not a message about a drawing.") from error
        if not 0 <= stroke <= len(self.strokes) or len(widths) != len(rows):
            raise Misfit("The message does not fit the drawing before it.")
        kept = self.strokes[stroke][: 2 * point] if stroke < len(self.strokes) else []
        if len(kept) != 2 * point or (point and not rows):
            raise Misfit("The message does not fit the stroke before it.")
        if rows:
            rows[0] = kept + rows[0]
        if any(not row or len(row) % 2 for row in rows):
            raise Misfit("A stroke has no points, or half a point.")
        models = message.get("models", self.models)
        if not isinstance(models, list) or not all(isinstance(name, str) for name in models):
            raise Misfit("The models are not a list of names.")
        room = message.get("room", self.room)
        if room is not None and not is_code(room):
            raise Misfit("The room is not a code of five letters.")
        self.models = models[:MODELS]
        self.room = room
        self.centred = bool(message.get("centred", self.centred))
        self.logits = bool(message.get("logits", self.logits))
        self.numbers = bool(message.get("numbers", self.numbers))
        self.down = bool(message.get("down", self.down))
        if (stroke, point) == (0, 0) and rows:
            self.began = time.monotonic()
        self.strokes[stroke:], self.widths[stroke:] = rows, widths
        points = sum(map(len, self.strokes)) // 2
        if points > 2 * MAX_POINTS:
            raise Misfit("The drawing is too long.")
        if points > MAX_POINTS or len(self.strokes) > MAX_STROKES:
            raise ValueError("The drawing is too long: clear the canvas.")

    @property
    def keeps(self) -> bool:
        """Whether the person has what is told kept."""
        return visitor.keeps_of(self.visitor, self.keeps_at_first)

    @property
    def arrays(self) -> list[Stroke]:
        return [np.reshape(stroke, (-1, 2)) for stroke in self.strokes]

    def recognizers(self) -> dict[str, Recognizer]:
        """The networks by label. Raises ModelError if none of them can be used."""
        return _load(tuple(self.models), int(time.monotonic()))

    @property
    def is_ready(self) -> bool:
        """Whether the networks know the person's hand."""
        return not self.strokes or hands.ready(self.visitor, list(self.recognizers().values()))

    def read(self) -> Reply:
        """What the networks make of it. Raises ValueError if a network cannot be used.

        Where they do not know the person's hand yet, it takes longer.
        """
        self.answered, before, self.number = None, self.number, None
        if not self.strokes:
            return reply_to({})
        recognizers = {
            label: hands.with_hand(recognizer, self.visitor)
            for label, recognizer in self.recognizers().items()
        }
        label, first = next(iter(recognizers.items()))
        if self.numbers and self.centred:
            number = first.read_number(self.arrays, self.widths, before if self.down else None)
            self.number, predictions = number, number.digits
            reply = reply_to_number(number, recognizers, self.logits)
        else:
            read = {
                label: recognizer.predict_strokes(self.arrays, self.centred, self.widths)
                for label, recognizer in recognizers.items()
            }
            predictions = list(read.values())[:1]
            reply = reply_to(read, self.logits)
        if len(predictions) == 1:
            self.answered = self.name_of(label), predictions[0]
        return reply

    def name_of(self, label: str) -> str:
        """The name of the network of this label."""
        return next(name for name in self.models if shared_models.label(name) == label)

    def show_on_wall(self) -> None:
        """Bring what was read to the wall of the room, behind the answers, if it is in one."""
        if self.room and self.visitor and self.keeps and self.strokes and self.answered:
            given = self.visitor, self.room, self.arrays, self.widths[0]
            posts.add(Post(*given, *self.answered, self.began))


@lru_cache(64)
def _load(models: tuple[str, ...], second: int) -> dict[str, Recognizer]:
    """The networks of these names, by label. Raises ModelError if none of them can be used.

    The disk is asked once a second: that takes as long as to read a drawing.
    """
    recognizers, problems = shared_models.load(models)
    if not recognizers:
        raise ModelError(problems[0] if problems else "No network can be used.")
    return recognizers


def _numbers(row: object) -> list[float]:
    if not isinstance(row, list) or not all(type(number) in (int, float) for number in row):
        raise TypeError("not a row of numbers")
    return row


def begin(drawing: LiveDrawing, message: object) -> Reply | None:
    """The reply to a message about this drawing; None if that takes long: `finish` gives it then.

    Raises Misfit.
    """
    if not isinstance(message, dict) or not isinstance(message.get("turn"), int):
        raise Misfit("A message is a JSON object with a turn.")
    reply: Reply = {"turn": message["turn"]}
    _check_telling(message)
    try:
        drawing.update(message)
        if tells(message) or not drawing.is_ready:
            return None
        return reply | _read(drawing, message)
    except Misfit:
        raise
    except ValueError as error:
        return reply | _refused(message, {"error": str(error)})
    except Exception:
        return reply | _refused(message, _unexpected())


def tells(message: Mapping[str, Any]) -> bool:
    """Whether the person says something about the drawing."""
    return "told" in message or "forget" in message


def finish(drawing: LiveDrawing, message: Mapping[str, Any]) -> Reply:
    """The reply to a message that `begin` has taken in: the hand is told and fitted first.

    Its "told" is what `_tell` gives, {"forgotten": the drawing's id}, or {"error": ...}.
    """
    reply: Reply = {"turn": message["turn"]}
    try:
        reading = _read(drawing, message)
        try:
            if "told" in message:
                reply["told"] = _tell(drawing, message)
            elif "forget" in message:
                hands.take_back(_visitor(drawing), message["forget"])
                reply["told"] = {"forgotten": message["forget"]}
        except StoreError as error:
            reply["told"] = {"error": str(error)}
        return reply | (drawing.read() if "told" in reply else reading)
    except ValueError as error:
        return reply | _refused(message, {"error": str(error)})
    except Exception:
        return reply | _refused(message, _unexpected())


def _refused(message: Mapping[str, Any], error: Reply) -> Reply:
    """The error, also as the answer to what is told."""
    return error | ({"told": error} if tells(message) else {})


def _read(drawing: LiveDrawing, message: Mapping[str, Any]) -> Reply:
    """Read it, and show it on the wall if the pen is at rest. Raises ValueError."""
    reply = drawing.read()
    if message.get("rest") is True:
        drawing.show_on_wall()
    return reply


def answer(drawing: LiveDrawing, message: object) -> Reply:
    """The reply, however long it takes. Raises Misfit."""
    reply = begin(drawing, message)
    if reply is None:
        assert isinstance(message, dict)
        return finish(drawing, message)
    return reply


def _unexpected() -> Reply:
    _logger.exception("A drawing could not be read")
    return {"error": UNEXPECTED}


def _check_telling(message: Mapping[str, Any]) -> None:
    for name, least, most in (
        ("told", 0, NO_DIGIT),
        ("correcting", 1, 2**63 - 1),
        ("forget", 1, 2**63 - 1),
        ("place", 0, MAX_STROKES),
    ):
        value = message.get(name, least)
        if type(value) is not int or not least <= value <= most:
            raise Misfit(f"{name!r} is not a whole number from {least} to {most}.")


def _visitor(drawing: LiveDrawing) -> str:
    if drawing.visitor is None:
        raise StoreError(NO_COOKIE)
    return drawing.visitor


def _tell(drawing: LiveDrawing, message: Mapping[str, Any]) -> dict[str, Any]:
    """{"drawing": its id, "digit": what was told, "doubt", "isLearnt", "switched"}.

    The doubt is the digit that the drawing looks like rather, by all else that was told, or None.
    It is learnt unless the network cannot. It is switched if everybody's hand was read until now.
    """
    visitor = _visitor(drawing)
    if not drawing.keeps:
        raise StoreError(KEEPS_NOTHING)
    if not drawing.strokes:
        raise StoreError("The drawing is empty: draw a digit first.")
    label, recognizer = next(iter(drawing.recognizers().items()))
    strokes, width, prediction = _told_of(drawing, message.get("place"))
    place = drawing.room and place_of(visitor, drawing.room, strokes)
    standing = posts.settle(place) if place else None
    switched = hands.active(visitor) is None
    try:
        telling = hands.tell(
            visitor,
            strokes,
            answer_of(drawing.name_of(label), prediction),
            width,
            message["told"],
            recognizer,
            message.get("correcting", standing),
        )
    except StoreError:
        if place and "correcting" not in message:  # it may be gone: the next time it is another
            posts.forget(place)
        raise
    return {
        "drawing": telling.drawing,
        "digit": telling.told,
        "doubt": telling.doubt,
        "isLearnt": telling.is_learnt,
        "switched": switched,
    }


def _told_of(drawing: LiveDrawing, place: int | None) -> tuple[list[Stroke], float, Prediction]:
    """The strokes that something is told of, the pen's width, and what was read of them.

    Of a number these are the digit's at this place. Raises StoreError if there is none.
    """
    number = drawing.number
    if number is None:
        assert drawing.answered
        return drawing.arrays, drawing.widths[0], drawing.answered[1]
    count = len(number.digits)
    if (place is None and count > 1) or (place or 0) >= count:
        raise StoreError(CHANGED)
    pieces = number.pieces[place or 0]
    return (
        ink_of(pieces, drawing.arrays),
        drawing.widths[pieces[0].stroke],
        number.digits[place or 0],
    )
