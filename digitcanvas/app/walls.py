"""What rooms send their people: a room's wall to those who look at it, its game to those who draw.

A browser says by the live socket in which room it draws, or {"watch": CODE} to look at a wall. One
task looks at all these rooms twice a second, at each once for all its people, and sends

- {"wall": what `View.wall` gives, "room_confusion": {"version", "figure"}} to those who look;
- {"room": what `View.room_news` gives} to those who draw,

if it has changed. What is sent holds no session: drawings are known by their ids, and people by the
names that they chose.
"""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from starlette.websockets import WebSocketDisconnect

from digitcanvas.app.game import Game
from digitcanvas.app.hands import need_store
from digitcanvas.app.rooms import FRESH, posts, rooms
from digitcanvas.data.store import Counts, Kept, Room, StoreError
from digitcanvas.drawing.arrays import IntArray
from digitcanvas.drawing.strokes import Stroke
from digitcanvas.figures.charts import Figure, confusion_chart

INTERVAL = 0.5
"""Seconds between two looks."""

TILES = 200
"""Drawings on a wall, at most: a projector shows about 60 at once."""

POINTS = 200
"""Points of a drawing on a tile, at most: it is 200 pixels wide, and all tiles are 300 kB."""

STRANGE = 20
"""Codes that are looked up in one look, at most: whoever guesses codes does not get far."""

ENOUGH = 3
"""Drawings that were told to be a digit before it can be the hardest."""

BEST = 10
"""Players in the table of a game."""

SHOWN = 180.0
"""Seconds for which a game's table is shown after its end."""

NO_COOKIE = (
    "Your browser refuses cookies, so your drawings cannot go to the wall: allow them for this "
    "page, then reload it."
)

_logger = logging.getLogger(__name__)


class Socket(Protocol):
    async def send_text(self, data: str) -> None: ...


@dataclass(eq=False)
class Listener:
    """A browser that draws in a room, or looks at a wall, or both."""

    socket: Socket
    visitor: str | None
    room: str | None = None
    wall: str | None = None
    heard: object = None
    """What was last sent to it of its room, but for the time that is left."""
    seen: tuple[int, int] = (0, 0)
    """The age and the revision of the wall that it shows."""
    is_busy: bool = False
    """Whether it is still receiving: it gets what comes meanwhile afterwards, as it is by then."""


@dataclass(frozen=True)
class Tile:
    session: str
    painted: dict[str, Any]
    """As `tile_of` gives it: made once, for it takes a while, and by the thread that looks."""
    revision: int


@dataclass
class View:
    """A room as its wall shows it."""

    code: str
    room: Room | None = None
    error: str = ""
    looked: float = -FRESH
    cursor: str = ""
    age: int = 1
    """Rises when all tiles are other ones."""
    revision: int = 1
    """Rises with each change."""
    tiles: OrderedDict[int, Tile] = field(default_factory=OrderedDict)
    gone: dict[int, int] = field(default_factory=dict)
    """The revision in which a drawing was hidden."""
    counts: dict[str, Any] = field(default_factory=dict)
    figure: Figure | None = None
    counted: int = 0
    """The revision of counts and figure."""
    game: dict[str, Any] | None = None
    players: dict[str, int] = field(default_factory=dict)
    """The number of each player of this room's, for those without a name."""
    people: int = 0

    def look(self, has_wall: bool) -> None:
        """Ask the store what is new. It may take seconds."""
        now = time.monotonic()
        if self.error and now - self.looked < FRESH:
            return
        self.looked = now
        before = self.room, self.error
        try:
            self.room, self.error = rooms.find(self.code), ""
            if has_wall:
                self._look_at_drawings(self.room)
        except StoreError as error:
            self.error = str(error)
        if before != (self.room, self.error):
            self.revision += 1

    def _look_at_drawings(self, room: Room) -> None:
        store = need_store()
        news = store.rooms.news(room.id, self.cursor, TILES)
        if not (news.afresh or news.drawings):
            self.cursor = news.cursor
            return
        counts = store.drawings.counts(room.id)
        self.cursor = news.cursor
        self.revision += 1
        if news.afresh:
            self.age += 1
            self.tiles.clear()
            self.gone.clear()
        for kept in sorted(news.drawings, key=lambda kept: kept.id):
            self._put(kept)
        self.counts, self.figure = counts_of(counts), confusion_of(counts.confusion)
        self.counted = self.revision

    def _put(self, kept: Kept) -> None:
        if kept.hidden:
            self.tiles.pop(kept.id, None)
            self.gone[kept.id] = self.revision
            return
        self.gone.pop(kept.id, None)
        self.tiles[kept.id] = Tile(kept.session, tile_of(kept), self.revision)
        if len(self.tiles) > TILES:
            del self.tiles[min(self.tiles)]

    def play(self, people: int) -> None:
        """Let the game go on among so many people who draw in the room."""
        now = time.monotonic()

        def advance(game: Game) -> dict[str, Any] | None:
            game.advance(now, people)
            return self._state_of(game, now)

        game = rooms.with_game(self.code, advance)
        if _untimed(game) != _untimed(self.game) or people != self.people:
            self.revision += 1
        self.game, self.people = game, people

    def _state_of(self, game: Game, now: float) -> dict[str, Any] | None:
        if now > game.end + SHOWN:
            return None
        place = len(game.digits) - 1
        scores = game.scores()
        for score in scores:
            self.players.setdefault(score.player, len(self.players) + 1)
        read, fooled = game.tally()
        return {
            "isOver": game.is_over(now),
            "asked": game.digits[place],
            "round": place,
            "left": round(max(0.0, game.end - now), 1),
            "now": game.tally(place),
            "read": read,
            "fooled": fooled,
            "best": [[self._called(s.player), s.read, s.fooled] for s in scores[:BEST]],
            "scores": {
                s.player: [n, len(scores), s.read, s.fooled] for n, s in enumerate(scores, 1)
            },
        }

    def _called(self, player: str) -> str:
        return rooms.name_of(player) or f"Player {self.players[player]}"

    def wall(self, seen: tuple[int, int]) -> dict[str, Any]:
        """All that is on the wall, or what has changed on it since the age and revision `seen`.

        {"code", "error", "isOpen", "people", "counts", "afresh", "tiles": [...], "gone": their ids,
        "game"}: see `counts_of`, `tile_of`, which get a "name", and `_state_of`.
        """
        age, revision = seen
        afresh = age != self.age
        tiles = [
            tile.painted | {"name": rooms.name_of(tile.session) or ""}
            for tile in self.tiles.values()
            if afresh or tile.revision > revision
        ]
        game = self.game and {name: value for name, value in self.game.items() if name != "scores"}
        message: dict[str, Any] = {
            "wall": {
                "code": self.code,
                "error": self.error,
                "isOpen": self.room is not None and self.room.ended is None,
                "people": self.people,
                "counts": self.counts,
                "afresh": afresh,
                "tiles": tiles,
                "gone": [] if afresh else [k for k, gone in self.gone.items() if gone > revision],
                "game": game,
            }
        }
        if self.figure and (afresh or self.counted > revision):
            version = [self.code, self.counted]
            message["room_confusion"] = {"version": version, "figure": self.figure}
        return message

    def room_news(self, visitor: str | None) -> dict[str, Any]:
        """{"code", "error", "isOpen", "game": {"isOver", "asked", "round", "left", "mine"}}.

        "mine" is the person's place, of how many, and how many were read and fooled it, or None.
        """
        error = self.error or (posts.problem(visitor) if visitor else NO_COOKIE)
        news: dict[str, Any] = {"code": self.code, "error": error, "game": None}
        news["isOpen"] = self.room is not None and self.room.ended is None
        if self.game:
            news["game"] = {name: self.game[name] for name in ("isOver", "asked", "round", "left")}
            mine = self.game["scores"].get(visitor)
            news["game"]["mine"] = mine if self.game["isOver"] else None
        return news


def _untimed(game: dict[str, Any] | None) -> dict[str, Any] | None:
    return game and {**game, "left": None}


def counts_of(counts: Counts) -> dict[str, Any]:
    """{"drawings", "told", "right", "hardest": the digit that is misread most, or None}."""
    told = counts.confusion[:10].sum(axis=1)
    wrong = told - counts.confusion.diagonal()[:10]
    shares = np.where((told >= ENOUGH) & (wrong > 0), wrong / np.maximum(told, 1), 0)
    hardest = int(shares.argmax()) if shares.any() else None
    judged = counts.right + counts.wrong
    return {
        "drawings": counts.drawings,
        "told": judged,
        "right": counts.right,
        "hardest": hardest,
    }


def confusion_of(counts: IntArray) -> Figure:
    """The room's confusion matrix from counts (11, 11); what is no digit is not in it."""
    figure = confusion_chart(counts[:10, :10].tolist(), as_shares=False)
    figure["data"][0] |= {"zmin": 0, "zmax": 2}  # its colours also before there are any counts
    return figure


def tile_of(kept: Kept) -> dict[str, Any]:
    """{"id", "path": as of SVG in canvas pixels, "pen", "said", "sure" in percent, "told"}.

    What it was read as, "said", and what it was told to be are 0 to 9, 10 for no digit, or None.
    """
    answer = kept.answer
    try:
        path = path_of(kept.strokes)
    except StoreError:  # damaged
        path = ""
    return {
        "id": kept.id,
        "path": path,
        "pen": kept.pen,
        "said": answer.said if answer else None,
        "sure": round(100 * answer.probability) if answer else None,
        "told": kept.told,
    }


def path_of(strokes: Sequence[Stroke]) -> str:
    """Strokes in whole canvas pixels, as SVG's path, of about 200 points at most."""
    step = -(-sum(map(len, strokes)) // POINTS)
    rows = []
    for stroke in strokes[:POINTS]:
        points = np.append(stroke[:-1:step], stroke[-1:], axis=0)
        pixels = np.rint(np.clip(points, -30, 310)).astype(int).tolist()
        first, *rest = pixels if len(pixels) > 1 else pixels * 2  # a dot is a line to itself
        rows.append(f"M{first[0]} {first[1]}L{' '.join(f'{x} {y}' for x, y in rest)}")
    return "".join(rows)


class Walls:
    """Those who listen, and the rooms that they listen to."""

    def __init__(self) -> None:
        self._listeners: dict[Socket, Listener] = {}
        self._views: dict[str, View] = {}
        self._sending: set[asyncio.Task[None]] = set()

    def join(self, socket: Socket, visitor: str | None, room: str | None) -> None:
        """A browser draws in the room of this code from now on, or in none."""
        listener = self._listeners.get(socket)
        if listener or room:
            listener = self._listener(socket, visitor)
            if listener.room != room:
                listener.room, listener.heard = room, None

    def watch(self, socket: Socket, visitor: str | None, wall: str | None) -> None:
        """A browser looks at the wall of this code from now on, or at none."""
        listener = self._listener(socket, visitor)
        listener.wall, listener.seen = wall, (0, 0)

    def _listener(self, socket: Socket, visitor: str | None) -> Listener:
        return self._listeners.setdefault(socket, Listener(socket, visitor))

    def leave(self, socket: Socket) -> None:
        self._listeners.pop(socket, None)

    async def serve(self) -> None:
        """Look and send for ever."""
        while True:
            try:
                await self.look()
            except Exception:  # whatever it is, the next look may succeed
                _logger.exception("The walls cannot be looked at")
            await asyncio.sleep(INTERVAL)

    async def look(self) -> None:
        """Look at the rooms that somebody listens to, and send what is new."""
        walls = {one.wall for one in self._listeners.values() if one.wall}
        codes = walls | {one.room for one in self._listeners.values() if one.room}
        if not codes:
            self._views.clear()
            return
        self._views = {code: self._views.get(code) or View(code) for code in codes}
        await asyncio.to_thread(self._look, walls)
        listeners = list(self._listeners.values())
        for code, view in self._views.items():
            people = {one.visitor for one in listeners if one.room == code and one.visitor}
            view.play(len(people))
        for listener in listeners:
            if not listener.is_busy and (text := self._news_for(listener)):
                listener.is_busy = True
                task = asyncio.create_task(_send(listener, text))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)

    def _look(self, walls: set[str]) -> None:
        known = [view for view in self._views.values() if view.room]
        strange = [view for view in self._views.values() if not view.room]
        strange.sort(key=lambda view: view.looked)
        for view in known + strange[:STRANGE]:
            view.look(view.code in walls)

    def _news_for(self, listener: Listener) -> str:
        """What a browser has to be sent, in JSON; "" for nothing. It counts as sent."""
        message: dict[str, Any] = {}
        view = self._views.get(listener.wall or "")
        if view and listener.seen != (view.age, view.revision) and (view.room or view.error):
            message = view.wall(listener.seen)
            listener.seen = view.age, view.revision
        view = self._views.get(listener.room or "")
        if view and (view.room or view.error):
            news = view.room_news(listener.visitor)
            heard = {**news, "game": _untimed(news["game"])}
            if heard != listener.heard:
                listener.heard = heard
                message["room"] = news
        return json.dumps(message, separators=(",", ":")) if message else ""


async def _send(listener: Listener, text: str) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):  # it has left
        await listener.socket.send_text(text)
    listener.is_busy = False


walls = Walls()


@asynccontextmanager
async def watching() -> AsyncIterator[None]:
    """Serve the walls while the block runs."""
    task = asyncio.create_task(walls.serve())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
