"""The game of two minutes: everyone in a room draws the digit that is asked.

A game is in the memory of one server: people who play together use the same. Times are those of
`time.monotonic`.
"""

import random
from bisect import bisect_right
from dataclasses import dataclass

from digitcanvas.data.store import NO_DIGIT

SECONDS = 120.0
"""How long a game takes."""

EACH = 6.0
"""Seconds for which each digit is asked: a digit takes two to draw, and half a one to rest."""

LEAST = 2.0
"""Seconds for which it is asked although everyone has drawn it, so that everyone can read it."""


@dataclass(frozen=True)
class Score:
    """How many of the digits asked of somebody were read, and with how many it was fooled."""

    player: str
    read: int
    fooled: int


@dataclass(frozen=True)
class Drawn:
    """A drawing that counts: of which round, whose, and as what it was read."""

    round: int
    player: str
    said: int


class Game:
    """One game. It knows players by names that are secrets; `Score.player` goes to no browser."""

    def __init__(self, now: float, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._bag: list[int] = []
        self.end = now + SECONDS
        self.digits: list[int] = []
        """The digits asked so far, one for each round."""
        self._starts: list[float] = []
        self._drawn: dict[int, Drawn] = {}
        self._forgotten: set[int] = set()
        self._ask(now)

    def _ask(self, now: float) -> None:
        """Ask another digit: each of the ten comes once before one comes again."""
        if not self._bag:
            self._bag = self._random.sample(range(10), 10)
            if self.digits and self._bag[-1] == self.digits[-1]:
                self._bag.reverse()
        self.digits.append(self._bag.pop())
        self._starts.append(now)

    def is_over(self, now: float) -> bool:
        return now >= self.end

    def advance(self, now: float, people: int) -> None:
        """Ask the next digit if it is time, or all these people have drawn this one."""
        asked = now - self._starts[-1]
        is_done = 0 < people <= len(self._newest(len(self.digits) - 1))
        if not self.is_over(now) and (asked >= EACH or (is_done and asked >= LEAST)):
            self._ask(now)

    def count(self, drawing: int, player: str, said: int, began: float) -> None:
        """Count a drawing of the store, or count it anew, by when its first stroke began.

        It is read as `said`: 0 to 9, or 10 for no digit. Whoever is still drawing a digit while the
        next one is asked drew the first.
        """
        known = self._drawn.get(drawing)
        place = known.round if known else bisect_right(self._starts, began) - 1
        if place >= 0 and began < self.end and drawing not in self._forgotten:
            self._drawn[drawing] = Drawn(place, player, said)

    def forget(self, drawing: int) -> None:
        """A drawing was hidden: it counts no more in this game."""
        self._drawn.pop(drawing, None)
        self._forgotten.add(drawing)

    def _newest(self, place: int | None = None) -> dict[tuple[int, str], int]:
        """As what it was read, by round and player: their last drawing of a digit counts."""
        return {
            (drawn.round, drawn.player): drawn.said
            for _, drawn in sorted(self._drawn.items())
            if place in (None, drawn.round)
        }

    def tally(self, place: int | None = None) -> tuple[int, int]:
        """How many drawings were read as the digit asked, and how many fooled the network.

        In one round, if it is given. A drawing that was read as no digit is neither.
        """
        said = [(self.digits[number], said) for (number, _), said in self._newest(place).items()]
        read = sum(asked == said for asked, said in said)
        return read, sum(asked != said != NO_DIGIT for asked, said in said)

    def scores(self) -> list[Score]:
        """Those who drew, the best first: whoever was read most, then whoever fooled it most."""
        read: dict[str, int] = {}
        fooled: dict[str, int] = {}
        for (number, player), said in self._newest().items():
            asked = self.digits[number]
            read[player] = read.get(player, 0) + (said == asked)
            fooled[player] = fooled.get(player, 0) + (said not in (asked, NO_DIGIT))
        scores = [Score(player, read[player], fooled[player]) for player in read]
        return sorted(scores, key=lambda score: (-score.read, -score.fooled))
