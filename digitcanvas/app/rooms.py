"""Rooms: who is in one, and what is drawn in it goes to its wall, behind the answers.

Names and games are in the memory of one server; drawings and rooms are in the store.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from digitcanvas.app import quota
from digitcanvas.app.game import Game
from digitcanvas.app.hands import answer_of, hands, need_store
from digitcanvas.data.store import NoRoom, Room, StoreError, checks
from digitcanvas.data.store.tables import CODE_LENGTH
from digitcanvas.drawing.strokes import Stroke
from digitcanvas.reading.recognizer import Prediction

FRESH = 1.0
"""Seconds after which the store is asked again whether a room is open: servers agree within 2."""

WAITING = 200
"""Drawings that may wait to be kept, at most: what comes while there are so many is not kept."""

GAP = 0.25
"""Seconds between two drawings of one browser, at least: a pen comes to rest after 0.35."""

REMEMBERED = 5000
"""Drawings, people and rooms that are remembered, at most."""

LONGEST_NAME = 20
"""Characters of a person's name on the wall."""

Place = tuple[str, str, bytes]
"""Which drawing it is: whose, in the room of which code, and its first stroke."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Post:
    """A drawing on its way to a wall. `began` is when its first stroke did (time.monotonic)."""

    visitor: str
    code: str
    strokes: list[Stroke]
    pen: float
    network: str
    prediction: Prediction
    began: float

    @property
    def place(self) -> Place:
        return place_of(self.visitor, self.code, self.strokes)


def place_of(visitor: str, code: str, strokes: list[Stroke]) -> Place:
    """A drawing is the same as long as its first stroke is: over undo, reload and sockets."""
    first = np.ascontiguousarray(strokes[0], np.float64)
    return visitor, code, hashlib.sha256(first.tobytes()).digest()


class Remembered(OrderedDict[Any, Any]):
    """A dict that forgets what was set longest ago."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        while len(self) > REMEMBERED:
            self.popitem(last=False)


class Rooms:
    """The rooms of this server. Serves many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rooms = Remembered()  # code -> (when it was found, Room)
        self._names = Remembered()  # visitor -> name
        self._games = Remembered()  # code -> Game

    def find(self, code: str) -> Room:
        """The room with this code, open or not, as of some seconds ago. Raises StoreError."""
        found, room = self._rooms.get(code, (0.0, None))
        if room is None or time.monotonic() - found > FRESH:
            room = need_store().rooms.find(code)
            with self._lock:
                self._rooms[code] = time.monotonic(), room
        return room

    def forget(self, code: str) -> None:
        """The room has changed."""
        with self._lock:
            self._rooms.pop(code, None)

    def leads(self, code: str, visitor: str) -> bool:
        """Whether this browser opened the room. Raises StoreError."""
        return need_store().rooms.is_led_by(self.find(code).id, visitor)

    def end(self, code: str, visitor: str) -> None:
        """Raises StoreError if the room is somebody else's, as do the two below."""
        need_store().rooms.end(self.find(code).id, visitor)
        self.forget(code)

    def empty(self, code: str, visitor: str) -> None:
        need_store().rooms.empty(self.find(code).id, visitor)
        with self._lock:
            self._games.pop(code, None)

    def hide(self, code: str, drawing: int, visitor: str, hidden: bool = True) -> None:
        need_store().rooms.hide(self.find(code).id, drawing, visitor, hidden)
        self.with_game(code, lambda game: game.forget(drawing))

    def play(self, code: str, visitor: str) -> None:
        """Start a game. Raises StoreError if the room is somebody else's, or has ended."""
        if not self.leads(code, visitor):
            raise StoreError("Only who opened the room can start a game.")
        if self.find(code).ended:
            raise StoreError("The room has ended: open another.")
        with self._lock:
            self._games[code] = Game(time.monotonic())

    def with_game(self, code: str, do: Callable[[Game], Any]) -> Any:
        """What `do` gives of the room's latest game; None without one. Only it may touch games."""
        with self._lock:
            game = self._games.get(code)
            return game and do(game)

    def name(self, visitor: str, name: str) -> None:
        """Call a browser's person so on walls, "" for nothing. Raises StoreError for odd names."""
        name = checks.name(name) if name.strip() else ""
        if len(name) > LONGEST_NAME:
            raise StoreError(f"A name has up to {LONGEST_NAME} letters: choose a shorter one.")
        with self._lock:
            self._names[visitor] = name

    def name_of(self, visitor: str) -> str | None:
        """What a browser's person chose to be called, "" for nothing; None if they never chose."""
        name: str | None = self._names.get(visitor)
        return name


class Posts:
    """Brings drawings to the walls, one after another, in a thread of its own.

    Whoever draws never waits for that. What cannot be kept is missing on the wall, no more.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._lock = threading.Lock()
        self._writing = threading.Lock()  # one at a time, so that a drawing is kept once
        self._writers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wall")
        self._waiting: OrderedDict[Place, Post] = OrderedDict()
        self._standing = Remembered()  # place -> the drawing's id
        self._came = Remembered()  # visitor -> when the last one came
        self._problems = Remembered()  # visitor -> why the last one is not on the wall

    def add(self, post: Post) -> None:
        """Have a drawing kept soon; if the same waits already, this instead of it."""
        place, now = post.place, time.monotonic()
        with self._lock:
            is_flood = now - self._came.get(post.visitor, -GAP) < GAP
            is_new = place not in self._waiting
            if is_flood or (is_new and len(self._waiting) >= WAITING):
                return
            self._came[post.visitor] = now
            self._waiting[place] = post
        if is_new:
            self._writers.submit(self._write, place)

    def settle(self, place: Place) -> int | None:
        """The id of a drawing on a wall, as it is kept now; None if it stands on none."""
        self._write(place)
        return self._standing.get(place)

    def forget(self, place: Place) -> None:
        """The drawing may be gone from the store: it is another one from now on."""
        with self._lock:
            self._standing.pop(place, None)

    def problem(self, visitor: str) -> str:
        """Why the last drawing of a browser is not on the wall; "" if it is."""
        problem: str = self._problems.get(visitor, "")
        return problem

    def _write(self, place: Place) -> None:
        with self._writing:
            with self._lock:
                post = self._waiting.pop(place, None)
            if post is None:
                return
            problem = ""
            try:
                self._keep(post)
            except NoRoom as error:
                problem = str(error)
            except StoreError as error:
                problem = str(error)
                with self._lock:  # each would wait as long for the same
                    dropped = [waiting.visitor for waiting in self._waiting.values()]
                    self._waiting.clear()
                    for visitor in dropped:
                        self._problems[visitor] = problem
            except Exception:
                problem = "This drawing cannot be kept: the server's log says why."
                _logger.exception("A drawing cannot be brought to a wall")
            with self._lock:
                self._problems[post.visitor] = problem

    def _keep(self, post: Post) -> None:
        """Raises NoRoom, and other StoreErrors if the store fails."""
        place, room = post.place, self._rooms.find(post.code)
        if room.ended:
            raise NoRoom("The room has ended: leave it, or join another.")
        answer = answer_of(post.network, post.prediction)
        drawings, given = need_store().drawings, (post.visitor, post.strokes, answer, post.pen)
        drawing = self._standing.get(place)
        if drawing is not None:
            try:
                drawings.redraw(drawing, *given)
                hands.forget(post.visitor)  # it may have learnt the drawing as it was
            except StoreError:  # it was deleted, or the store fails: then it fails again
                drawing = None
        if drawing is None:
            quota.check(need_store(), post.visitor)
            drawing = drawings.keep(*given, room=room.id)
        with self._lock:
            self._standing[place] = drawing
        said = answer.said
        self._rooms.with_game(
            post.code, lambda game: game.count(drawing, post.visitor, said, post.began)
        )


def code_in(text: str) -> str | None:
    """The code that somebody typed, in whatever case, with blanks or without; None for no code."""
    code = checks.code(text)
    return code if is_code(code) and code.isalpha() else None


def is_code(value: object) -> bool:
    """Whether this can be the code of a room."""
    return isinstance(value, str) and len(value) == CODE_LENGTH and value.isascii()


rooms = Rooms()
posts = Posts(rooms)
