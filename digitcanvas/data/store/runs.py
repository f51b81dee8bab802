"""The store's queue of runs, from which several servers take.

What a run does and how far it is are texts here: `digitcanvas.runs` reads and writes them.

The queue is fair by start-time fair queueing (P. Goyal, H. M. Vin, H. Cheng, "Start-time fair
queueing", SIGCOMM 1996). Each run gets a turn, in seconds of work: where its owner's run before it
is to end, yet no earlier than the turn of the run that was taken last. The lowest turn is next. So
who asks for one run goes before the second run of somebody else.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, or_, select, update

from digitcanvas.data.store.database import Database
from digitcanvas.data.store.errors import StoreError
from digitcanvas.data.store.tables import RunRow

WAITING, RUNNING, CANCELLED = "waiting", "running", "cancelled"
"""The states that the queue itself sets. A run ends in whatever other state its server says."""

LIVE = (WAITING, RUNNING)

KEPT = 1000
"""Runs that have ended and are remembered: who trained a model may manage it."""

ATTEMPTS = 2
"""How often a run is begun, if the server that does it dies."""

NEXT = (-RunRow.priority, RunRow.turn, RunRow.number)
"""The order in which runs are taken."""


@dataclass(frozen=True)
class NewRun:
    """A run to be put into the queue: of a `study`, if it is one of several that belong together.

    The other fields are as an `Entry` has them.
    """

    id: str
    owner: str
    task: str
    seconds: float
    snapshot: str
    study: str = ""


@dataclass(frozen=True)
class Entry:
    """A run in the queue.

    `snapshot` says how far it is. `seconds` is about how long it takes in all. `wish` is what its
    server is asked to do with it, "" for nothing. `version` rises with each change.
    """

    id: str
    owner: str
    task: str
    seconds: float
    state: str
    server: str
    attempts: int
    wish: str
    version: int
    snapshot: str


ENTRY = select(
    RunRow.id,
    RunRow.owner,
    RunRow.task,
    RunRow.seconds,
    RunRow.state,
    RunRow.server,
    RunRow.attempts,
    RunRow.wish,
    RunRow.version,
    RunRow.snapshot,
)


class Runs:
    """Each method is one transaction. Each raises StoreError if it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def is_there(self) -> bool:
        """Whether there may be any: a database in a file is made for the first run."""
        path = self._database.path
        return path is None or path.exists()

    def add(self, runs: Sequence[NewRun], server: str = "") -> None:
        """Put runs into the queue. With a `server`, that one alone may do them."""
        with self._database.writing() as connection:
            for run in runs:
                _add(connection, run, server)
            _forget_old(connection)

    def versions(self, ended: int) -> dict[str, int]:
        """The version of each run: those that wait, next first, those under way, the last `ended`.

        Those under way come first, oldest first, and those that have ended last, newest first.
        """
        which = select(RunRow.id, RunRow.version)
        waits = RunRow.state == WAITING
        # In one query: a run that is taken meanwhile is among those that wait or under way
        order = (waits, *(case((waits, each), else_=0) for each in NEXT[:-1]), RunRow.number)
        live = which.where(RunRow.state.in_(LIVE)).order_by(*order)
        past = which.where(RunRow.state.not_in(LIVE)).order_by(RunRow.number.desc()).limit(ended)
        with self._database.reading() as connection:
            rows = [row for query in (live, past) for row in connection.execute(query)]
        return {row.id: row.version for row in rows}

    def get(self, runs: Collection[str]) -> list[Entry]:
        """Those of these ids that there are, in any order."""
        if not runs:
            return []
        with self._database.reading() as connection:
            rows = connection.execute(ENTRY.where(RunRow.id.in_(runs)))
            return [Entry(**row._mapping) for row in rows]

    def of_study(self, study: str) -> list[Entry]:
        """The runs of a study, in the order of their coming."""
        query = ENTRY.where(RunRow.study == study).order_by(RunRow.number)
        with self._database.reading() as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def studies(self, most: int) -> list[Entry]:
        """The first run of each study, newest first, and `most` at most."""
        first = select(func.min(RunRow.number)).where(RunRow.study != "").group_by(RunRow.study)
        query = ENTRY.where(RunRow.number.in_(first)).order_by(RunRow.number.desc()).limit(most)
        with self._database.reading() as connection:
            return [Entry(**row._mapping) for row in connection.execute(query)]

    def owners(self, runs: Iterable[str]) -> dict[str, str]:
        """Who started these runs, where that is known."""
        query = select(RunRow.id, RunRow.owner).where(RunRow.id.in_(list(runs)))
        with self._database.reading() as connection:
            return {row.id: row.owner for row in connection.execute(query)}

    def beats(self) -> dict[str, int]:
        """For each server that has runs to do, a number that rises as long as it lives."""
        query = select(RunRow.server, func.max(RunRow.beat)).where(_assigned())
        with self._database.reading() as connection:
            return {
                server: number
                for server, number in connection.execute(query.group_by(RunRow.server))
            }

    def of(self, server: str) -> list[str]:
        """The runs that a server has to do."""
        query = select(RunRow.id).where(_assigned(), RunRow.server == server)
        with self._database.reading() as connection:
            return list(connection.scalars(query))

    def waits(self) -> bool:
        """Whether a run waits."""
        with self._database.reading() as connection:
            query = select(RunRow.number).where(RunRow.state == WAITING).limit(1)
            return connection.scalar(query) is not None

    def busy(self) -> dict[str, int]:
        """How many runs each server has under way."""
        query = select(RunRow.server, func.count()).where(RunRow.state == RUNNING)
        with self._database.reading() as connection:
            return {
                server: number
                for server, number in connection.execute(query.group_by(RunRow.server))
            }

    def take(self, server: str, any_run: bool = True) -> Entry | None:
        """Take the next run that this server may do, or only one that no other may do."""
        own = (RunRow.bound.is_(True)) & (RunRow.server == server)
        mine: ColumnElement[bool] = or_(RunRow.bound.is_(False), own) if any_run else own
        which = select(RunRow.id).where(RunRow.state == WAITING, mine).order_by(*NEXT)
        with self._database.writing() as connection:
            run = connection.scalar(which.limit(1))
            if run is None:
                return None
            changes = {"state": RUNNING, "server": server, "attempts": RunRow.attempts + 1}
            if not _change(connection, run, (WAITING,), {**changes, "wish": ""}):
                return None  # another server was faster
            return Entry(**connection.execute(ENTRY.where(RunRow.id == run)).one()._mapping)

    def report(self, server: str, snapshots: Mapping[str, str]) -> dict[str, str]:
        """Say how far this server's runs are. Gives the wishes for each that is still its own."""
        with self._database.writing() as connection:
            mine = _assigned() & (RunRow.server == server)
            connection.execute(update(RunRow).where(mine).values(beat=RunRow.beat + 1))
            for run, snapshot in snapshots.items():
                changed = {"snapshot": snapshot, "version": RunRow.version + 1}
                connection.execute(update(RunRow).where(mine, RunRow.id == run).values(changed))
            rows = connection.execute(select(RunRow.id, RunRow.wish).where(mine))
            wishes = {run: wish for run, wish in rows}
            if any(wishes.values()):
                connection.execute(update(RunRow).where(mine).values(wish=""))
        return wishes

    def end(self, run: str, server: str, state: str, snapshot: str) -> None:
        """Say how this server's run ended, unless another server does it by now."""
        with self._database.writing() as connection:
            changes = {"state": state, "snapshot": snapshot}
            _change(connection, run, LIVE, changes, RunRow.server == server)

    def give_back(self, run: str, server: str, snapshot: str, counts: bool = True) -> bool:
        """Have a run that this server does no more wait again. Gives whether it does.

        It does not if no other server may do it, or it was begun often enough. Unless it `counts`,
        this beginning is as if it had not been.
        """
        with self._database.writing() as connection:
            changes: dict[str, Any] = {"state": WAITING, "server": "", "wish": ""}
            changes["snapshot"] = snapshot
            changes["attempts"] = RunRow.attempts - int(not counts)
            conditions = [RunRow.server == server, RunRow.bound.is_(False)]
            if counts:
                conditions.append(RunRow.attempts < ATTEMPTS)
            return _change(connection, run, (RUNNING,), changes, *conditions)

    def cancel(self, run: str, wish: str) -> None:
        """Cancel a run that waits. Have the server of one that is under way do it, by this wish."""
        with self._database.writing() as connection:
            if not _change(connection, run, (WAITING,), {"state": CANCELLED}):
                _change(connection, run, (RUNNING,), {"wish": wish})

    def cancel_waiting(self, study: str) -> None:
        """Cancel all runs of a study that wait."""
        which = update(RunRow).where(RunRow.study == study, RunRow.state == WAITING)
        with self._database.writing() as connection:
            changes = {"state": CANCELLED, "version": RunRow.version + 1}
            connection.execute(which.values(changes))

    def wish(self, run: str, wish: str) -> None:
        """Ask the server that does this run for something."""
        with self._database.writing() as connection:
            _change(connection, run, (RUNNING,), {"wish": wish})

    def put_first(self, run: str) -> None:
        """Have a run that waits be the next. Raises StoreError if it does not wait."""
        with self._database.writing() as connection:
            first = connection.scalar(select(func.max(RunRow.priority))) or 0
            if not _change(connection, run, (WAITING,), {"priority": first + 1}):
                raise StoreError("That run does not wait any more.")


def _add(connection: Connection, run: NewRun, server: str) -> None:
    now = connection.scalar(select(func.max(RunRow.turn)).where(RunRow.state != WAITING)) or 0.0
    ends = select(func.max(RunRow.turn + RunRow.seconds)).where(RunRow.owner == run.owner)
    turn = max(now, connection.scalar(ends) or 0.0)
    fresh = {"state": WAITING, "wish": "", "priority": 0, "beat": 0, "attempts": 0, "version": 1}
    place = {"turn": turn, "server": server, "bound": bool(server)}
    connection.execute(insert(RunRow).values(**asdict(run), **place, **fresh))


def _assigned() -> ColumnElement[bool]:
    return (RunRow.server != "") & RunRow.state.in_(LIVE)


def _change(
    connection: Connection,
    run: str,
    states: Collection[str],
    changes: Mapping[str, Any],
    *conditions: ColumnElement[bool],
) -> bool:
    """Change a run if it is in one of these states. Gives whether it was."""
    which = update(RunRow).where(RunRow.id == run, RunRow.state.in_(states), *conditions)
    values = {**changes, "version": RunRow.version + 1}
    return bool(connection.execute(which.values(values)).rowcount)


def _forget_old(connection: Connection) -> None:
    ended = RunRow.state.not_in(LIVE)
    newest = select(RunRow.number).where(ended).order_by(RunRow.number.desc())
    oldest = connection.scalar(newest.offset(KEPT).limit(1))
    if oldest is not None:
        connection.execute(delete(RunRow).where(ended, RunRow.number <= oldest))
