"""Whose script may run: so many at once, and the others wait in line, first come, first served."""

import asyncio
import math

SLOTS = 2
"""Runs under way. One fills the interpreter, and a second goes on where the first waits for a file.

More do no more: 25 runs of 40 ms in a second of the processor with 1, 2, 4 and 8 slots alike. But
the event loop waits for the interpreter behind each of them: 8, 20, 25 and 40 ms (medians).
"""

LEASE = 1.0
"""Seconds after which a run is taken to wait for something, such as a download, and frees its slot.

While 6 of 40 people were in runs of 5 s, the others had 15 runs a second with a lease of 0.75 s, 8
with 1.5 s, 3 with 3 s. It has to be long enough that runs which only seem slow do not pile up: a
machine must be able to do SLOTS / LEASE runs a second.
"""

BUSY = 1.0
"""Seconds that a run waits until people are told that many are drawing."""


class Turn:
    """A session's claim to run its script: it waits, then holds a slot, then has ended."""

    def __init__(self, slots: "Slots") -> None:
        self._slots = slots
        self._loop = asyncio.get_running_loop()
        self._came = self._loop.time()
        self._latest = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self.granted: asyncio.Future[None] = self._loop.create_future()
        self.over: asyncio.Future[None] = self._loop.create_future()

    @property
    def ended(self) -> bool:
        return self.over.done()

    @property
    def age(self) -> float:
        """Seconds since it came, or since it was granted."""
        return self._loop.time() - self._came

    def grant(self, lease: float) -> None:
        """Hold a slot, for so many seconds at most."""
        self._came = self._loop.time()
        self._latest = self._came + lease
        self.granted.set_result(None)
        self.limit()

    def limit(self, seconds: float = math.inf) -> None:
        """End in so many seconds, or with the lease if that is earlier."""
        if self._timer:
            self._timer.cancel()
        if not self.ended:
            end = min(self._latest, self._loop.time() + seconds)
            self._timer = self._loop.call_at(end, self.end)

    def end(self) -> None:
        """Wait no longer, or free the slot."""
        if not self.ended:
            self.over.set_result(None)
            if self._timer:
                self._timer.cancel()
            self._slots.leave(self)


class Slots:
    """Who may run a script, and who waits. It belongs to the event loop: no thread may touch it."""

    def __init__(self, count: int = SLOTS, lease: float = LEASE) -> None:
        self._count = self._free = count
        self._lease = lease
        self._line: dict[Turn, None] = {}  # in order of arrival
        self._held = 0.05  # seconds for which a slot is held: a moving average

    @property
    def waiting(self) -> int:
        """How many sessions wait for a run."""
        return len(self._line)

    @property
    def busy(self) -> bool:
        """Whether people wait for so long that they should be told why."""
        return any(turn.age > BUSY for turn in [*self._line][:1])

    def seconds(self, arriving: int = 0) -> float:
        """How long a newcomer would wait, behind the line and so many others yet to join it."""
        return (len(self._line) + arriving) * self._held / self._count

    def ask(self) -> Turn:
        """Take a slot, if there is a free one, or the last place in the line."""
        turn = Turn(self)
        self._line[turn] = None
        self._grant()
        return turn

    def leave(self, turn: Turn) -> None:
        """Take a turn that has ended out of the line, or out of its slot."""
        if turn in self._line:
            del self._line[turn]
        else:
            self._held += (turn.age - self._held) / 10
            self._free += 1
            self._grant()

    def _grant(self) -> None:
        while self._free and self._line:
            turn = next(iter(self._line))
            del self._line[turn]
            self._free -= 1
            turn.grant(self._lease)


slots = Slots()
"""The server's."""
