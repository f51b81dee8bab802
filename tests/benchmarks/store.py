"""How fast the store answers: python -m tests.benchmarks.store [URL]

Each call that a page makes, its median and its 95th percentile in milliseconds, in a store with
one lesson's drawings and in the same store with 100,000 more. Without a URL it is SQLite in a
folder of its own; with one, the database there, which must be empty. `postgresql` starts a server.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import numpy as np
import psycopg

from digitcanvas.data.store import Answer, Selection, Store
from digitcanvas.drawing.strokes import Drawing
from tests.databases import postgres
from tests.digits import DIGITS

MANY = 100_000
LESSON = 600
"""Drawings of the room that is measured: twenty people, thirty each."""
IN_ROOM = 2000
"""Drawings in each other room, and half of all drawings are in none."""
REPEATS = 100
ANSWER = Answer(7, 0.97, 0.99, False, "cnn", "20261127-120000-abcdef")
STROKES = [np.round(stroke, 2) for stroke in DIGITS[4]]


def main() -> None:
    with ExitStack() as stack:
        url = sys.argv[1] if len(sys.argv) > 1 else ""
        if not url:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = f"sqlite:///{folder / 'drawings.sqlite'}"
        elif url == "postgresql":
            url = stack.enter_context(postgres()).new_schema()
        store = stack.enter_context(Store(url))
        if store.totals().drawings:
            sys.exit("The database must be empty.")
        lesson = Lesson(store)
        few = lesson.measure()
        start = time.perf_counter()
        fill(store)
        took = time.perf_counter() - start
        tidy(url)
        many = lesson.measure()
        totals = store.totals()
        print(
            f"{store.where}: {totals.drawings:,} drawings, {totals.bytes / 1e6:.0f} MB, "
            f"filled in {took:.0f} s"
        )
        print(f"{'milliseconds':28}{f'{LESSON:,} drawings':>16}{f'{MANY:,} more':>16}")
        for name, times in few.items():
            print(f"{name:28}{in_words(times):>16}{in_words(many[name]):>16}")


def tidy(url: str) -> None:
    """Do what PostgreSQL does by itself within minutes of a change of much."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def in_words(times: list[float]) -> str:
    low, high = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    return f"{low * 1e3:.1f} ({high * 1e3:.1f})"


class Lesson:
    """A room of twenty people, each with a hand."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.room = store.rooms.open("leader", "5b").id
        self.people = [f"person-{n}" for n in range(20)]
        self.hands = [store.hands.make(person, "mine").id for person in self.people]
        for n in range(LESSON):
            person = n % len(self.people)
            told, hand = n % 11, self.hands[person]
            store.drawings.keep(
                self.people[person], STROKES, ANSWER, 16, told=told, hand=hand, room=self.room
            )
        self.drawing = store.drawings.keep(self.people[0], STROKES, ANSWER, 16)

    def measure(self) -> dict[str, list[float]]:
        store, room, me, hand = self.store, self.room, self.people[0], self.hands[0]
        drawings, rooms, numbers = store.drawings, store.rooms, count()
        cursor = rooms.news(room).cursor
        calls: dict[str, Callable[[], object]] = {
            "keep": lambda: drawings.keep(me, STROKES, ANSWER, 16),
            "keep in a hand and a room": lambda: drawings.keep(
                me, STROKES, ANSWER, 16, told=4, hand=hand, room=room
            ),
            "tell": lambda: drawings.tell(self.drawing, me, next(numbers) % 11),
            "get": lambda: drawings.get(self.drawing),
            "my drawings, 24": lambda: drawings.newest(Selection(session=me)),
            "what a hand was told": lambda: drawings.of_hand(self.hands[1]),
            "hands": lambda: store.hands.of(me),
            "rename a hand": lambda: store.hands.rename(hand, me, f"hand {next(numbers)}"),
            "join a room": lambda: rooms.join(rooms.get(room).code),
            "news, none": lambda: rooms.news(room, rooms.news(room, limit=1).cursor),
            "news afresh, 60": lambda: rooms.news(room, limit=60),
            "news since, 200": lambda: rooms.news(room, cursor[: cursor.index(".")] + ".0"),
            "counts of a room": lambda: drawings.counts(room),
            "people of a room": lambda: rooms.people(room),
            "counts of all": lambda: drawings.counts(),
            "totals": store.totals,
            "delete": lambda: drawings.delete(drawings.newest(Selection(session=me))[0].id, me),
        }
        return {name: timed(call) for name, call in calls.items()}


def timed(call: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def fill(store: Store) -> None:
    rng = np.random.default_rng(0)
    digits = [[np.round(stroke, 2) for stroke in DIGITS[label]] for label in range(10)]
    for start in range(0, MANY, IN_ROOM):
        in_room = start < MANY // 2
        room = store.rooms.open(f"leader-{start}", "lesson").id if in_room else None
        labels = rng.integers(0, 10, IN_ROOM)
        drawings = [Drawing(digits[label], int(label), 0) for label in labels]
        sessions = [f"{start}-{n % 20}" for n in range(IN_ROOM)]
        store.drawings.add_told(drawings, sessions, 16, room=room)


if __name__ == "__main__":
    main()
