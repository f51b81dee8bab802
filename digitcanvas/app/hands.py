"""The hands of those who draw: each browser's own is told drawings, fitted once, and read with.

Pages, socket and API share what is here. It calls the store and fits hands, which takes up to a
second, so the socket calls all but `ready` from a thread of its own.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

from digitcanvas.app import quota
from digitcanvas.data import store as drawings_store
from digitcanvas.data.store import Answer, Kept, Store, StoreError
from digitcanvas.data.store.packing import pack
from digitcanvas.drawing.hand_files import MOST_DRAWINGS
from digitcanvas.drawing.strokes import Stroke, check_strokes
from digitcanvas.reading import registry
from digitcanvas.reading.hand import doubts, fit_hand
from digitcanvas.reading.recognizer import Prediction, Recognizer

FRESH = 10.0
"""Seconds after which the store is asked again, as another server may have changed a hand."""

PEOPLE, FITTED = 5000, 1000
"""Browsers whose hand is remembered, and hands that are kept fitted, at most: 20 kB each."""

NEVER: "tuple[float, Active | None]" = (-math.inf, None)
"""When the store was asked, for a browser that nothing is known of."""

K = TypeVar("K")
V = TypeVar("V")

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Active:
    """The hand that a browser reads with, and what it was told, oldest first."""

    hand: drawings_store.Hand
    told: tuple[Kept, ...]

    @cached_property
    def revision(self) -> tuple[tuple[int | None, bytes], ...]:
        """What a fitted hand depends on."""
        return tuple((kept.told, kept.packed) for kept in self.told)


@dataclass(frozen=True)
class Telling:
    """What came of telling.

    `drawing` is its id, `doubt` the digit that it rather looks like. `is_learnt` is False if the
    network cannot learn that a drawing is this.
    """

    drawing: int
    told: int
    doubt: int | None
    is_learnt: bool


@cache
def _store_at(home: Path) -> Store | None:
    return drawings_store.open_store(home)


def store() -> Store | None:
    """The store of this server, None where keeping is off. Raises StoreError."""
    return _store_at(registry.home())


def keeps() -> bool:
    """Whether this server keeps what it is told."""
    return drawings_store.is_on()


def need_store() -> Store:
    """The store. Raises StoreError where keeping is off."""
    if opened := store():
        return opened
    raise StoreError("This server keeps no drawings, so nothing can be told to it.")


class Hands:
    """Which hand each browser reads with, and the hands fitted. Serves many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._active: OrderedDict[str, tuple[float, Active | None]] = OrderedDict()
        self._fitted: OrderedDict[tuple[object, ...], Recognizer] = OrderedDict()
        self._problem = ""

    def forget(self, visitor: str) -> None:
        """Something about this browser's hands has changed."""
        with self._lock:  # whoever asks the store just now sees that its answer may be too old
            _remember(self._active, visitor, (-math.inf, None), PEOPLE)

    def ready(self, visitor: str | None, recognizers: Sequence[Recognizer]) -> bool:
        """Whether `with_hand` answers at once."""
        if visitor is None:
            return True
        with self._lock:
            asked, active = self._active.get(visitor, NEVER)
            if time.monotonic() - asked > FRESH:
                return False
            return not (active and active.told) or all(
                _key(recognizer, active) in self._fitted for recognizer in recognizers
            )

    def active(self, visitor: str | None) -> Active | None:
        """The hand that a browser reads with; None for everybody's, or if the store fails."""
        if visitor is None:
            return None
        with self._lock:
            known = self._active.get(visitor, NEVER)
        asked, active = known
        if time.monotonic() - asked <= FRESH:
            return active
        problem = ""
        try:
            active = _find_active(visitor)
        except StoreError as error:  # the hand as it was last known
            problem = str(error)
        if problem and problem != self._problem:  # said once, not for each who draws
            _logger.warning("A hand cannot be read: %s", problem)
        self._problem = problem
        with self._lock:
            if self._active.get(visitor, NEVER) is known:
                _remember(self._active, visitor, (time.monotonic(), active), PEOPLE)
        return active

    def with_hand(self, recognizer: Recognizer, visitor: str | None) -> Recognizer:
        """The recognizer as it reads this browser's hand, or as it is for everybody.

        A network that cannot learn a hand reads as it is.
        """
        active = self.active(visitor)
        if active is None or not active.told:
            return recognizer
        key = _key(recognizer, active)
        with self._lock:
            if fitted := self._fitted.get(key):
                self._fitted.move_to_end(key)
                return fitted
        try:
            hand = fit_hand(recognizer, [kept.drawing for kept in active.told])
            fitted = recognizer.with_hand(hand)
        except ValueError as error:
            _logger.warning("A hand cannot be fitted: %s", error)
            fitted = recognizer
        with self._lock:
            _remember(self._fitted, key, fitted, FITTED)
        return fitted

    def tell(
        self,
        visitor: str,
        strokes: Sequence[Stroke],
        answer: Answer,
        pen: float,
        told: int,
        recognizer: Recognizer,
        drawing: int | None = None,
    ) -> Telling:
        """Keep that a drawing is a digit, 0 to 9, or none (10), for this browser's hand.

        A browser without a hand gets one. `drawing` corrects what was told of a kept drawing; so
        does telling the same strokes again, as after a reload. Once this returns, it is on disk.
        Raises StoreError, with what to do, if it cannot be kept.
        """
        kept = need_store()
        active = _find_active(visitor) or _switch_on(kept, visitor)
        hand = active.hand
        if drawing is None:
            packed = pack(check_strokes(strokes))
            drawing = next((one.id for one in active.told if one.packed == packed), None)
        if len(active.told) >= MOST_DRAWINGS and drawing not in {one.id for one in active.told}:
            raise StoreError(
                f"This hand has learned from {MOST_DRAWINGS} drawings, and takes no more: take "
                "some back, or begin another hand."
            )
        if drawing is None:
            quota.check(kept, visitor)
            drawing = kept.drawings.keep(visitor, strokes, answer, pen, told=told, hand=hand.id)
        else:
            kept.drawings.tell(drawing, visitor, told, hand=hand.id)
        self.forget(visitor)
        now = self.active(visitor)
        learnt = now.told if now else ()
        doubt = _doubt(recognizer, learnt, drawing)
        return Telling(drawing, told, doubt, _can_learn(recognizer, told))

    def take_back(self, visitor: str, drawing: int) -> None:
        """Forget a told drawing: the hand is as if it had never been told. Raises StoreError."""
        drawings = need_store().drawings
        if drawings.get(drawing).room is None:
            drawings.delete(drawing, visitor)
        else:  # it stays on the room's wall
            drawings.tell(drawing, visitor, None)
        self.forget(visitor)


hands = Hands()


def _doubt(recognizer: Recognizer, learnt: Sequence[Kept], drawing: int) -> int | None:
    places = [place for place, one in enumerate(learnt) if one.id == drawing]
    try:
        doubted = doubts(recognizer, [one.drawing for one in learnt], places)
    except ValueError as error:  # a network that cannot learn a hand; others can
        _logger.warning("A drawing cannot be doubted: %s", error)
        return None
    return next((doubted[place] for place in places), None)


def _can_learn(recognizer: Recognizer, told: int) -> bool:
    try:
        return told < len(recognizer.last_layer.served.bias)
    except ValueError:
        return False


def _find_active(visitor: str) -> Active | None:
    kept = store()
    if kept is None:
        return None
    for hand in kept.hands.of(visitor):
        if hand.is_on:
            return Active(hand, tuple(kept.drawings.of_hand(hand.id)))
    return None


def _switch_on(kept: Store, visitor: str) -> Active:
    """The browser's newest hand, or a new one, switched on."""
    own = kept.hands.of(visitor)
    if not own:
        return Active(kept.hands.make(visitor, drawings_store.FIRST_NAME), ())
    kept.hands.switch(visitor, own[-1].id)
    return Active(own[-1], tuple(kept.drawings.of_hand(own[-1].id)))


def _key(recognizer: Recognizer, active: Active) -> tuple[object, ...]:
    return recognizer, active.hand.id, active.revision


def _remember(shelf: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    shelf[key] = value
    shelf.move_to_end(key)
    while len(shelf) > most:
        shelf.popitem(last=False)


def answer_of(name: str, prediction: Prediction) -> Answer:
    """What the network of this name said, as the store keeps it."""
    try:
        run = registry.read_card(registry.find(name)).run
    except registry.ModelError:
        run = ""
    top = float(prediction.probabilities.max())
    return Answer(prediction.digit, top, prediction.is_digit, prediction.rejected, name, run)
