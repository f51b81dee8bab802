"""The queue of runs for pages and commands: add to it, watch it, cancel.

The queue is in the store's database (`data.store.runs`), so several servers may share it, and it
outlives them. Each does its share of the runs (`doing`).
"""

import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from digitcanvas.data.store import Store, StoreError, database_url
from digitcanvas.data.store.runs import Entry, NewRun
from digitcanvas.reading import registry
from digitcanvas.runs import estimate, process
from digitcanvas.runs.doing import AGAIN, CANCEL, Server, restored
from digitcanvas.runs.run import Run, Task, Training, Trial, task_to_text

NEEDED = 50_000_000
"""Bytes that must be free to start with: more than most networks' files take."""

FRESH = 0.5
"""Seconds for which what was seen last is not looked at again."""

ENDED = 50
"""Runs that have ended, of which the newest are shown."""

MOST, MOST_IN_ALL = 50, 500
"""Runs of one person that may wait, so that a stuck key fills nothing, and of all."""

PATIENCE = 10.0
"""Seconds to wait for a cancelled run's process to leave."""

log = logging.getLogger(__name__)


class JobError(ValueError):
    """A run that cannot be started or changed; the message says why and what to do."""


class NotNow(JobError):
    """A run that cannot be started yet, but may be later without anything being changed here."""


_all: dict[Path, "Jobs"] = {}
_asking = threading.Lock()


def jobs_in(home: Path) -> "Jobs":
    """This process' queue of the runs that publish to `home`: the same object for all threads."""
    with _asking:
        if home not in _all:
            _all[home] = Jobs(home)
        return _all[home]


class Jobs:
    """The queue as this process sees it. Every method can be called from many threads."""

    def __init__(self, home: Path, worker: Sequence[str] = process.WORKER) -> None:
        self._home = home.absolute()
        self._changed = threading.Condition(threading.RLock())
        self._server = Server(self._home, worker, self._opened, self._look, self._changed)
        self._starting, self._looking = threading.Lock(), threading.Lock()
        self._store: Store | None = None
        self._runs: dict[str, Run] = {}
        """As they were seen last, by id."""
        self._versions: dict[str, int] = {}
        self._past: set[str] | None = None
        """Those that had ended before; None before the first look."""
        self._looked = -FRESH
        self._problem = ""

    def runs(self) -> list[Run]:
        """Those under way, oldest first, those that wait, next first, and the newest that ended.

        Of the last, only those that ended since this process began to look. If the queue cannot be
        read, they are as they were seen last.
        """
        if time.monotonic() - self._looked > FRESH:
            try:
                self._look()
                self._problem = ""
            except StoreError as error:
                if self._problem != str(error):  # said once, not at each look
                    log.warning("The queue of runs cannot be read: %s", error)
                self._problem = str(error)
        with self._changed:
            runs = [run for run in self._runs.values() if run.id not in (self._past or ())]
            return [self._server.current(run.id) or run for run in runs]

    def get(self, run_id: str) -> Run | None:
        """One of them."""
        return next((run for run in self.runs() if run.id == run_id), None)

    def remembered(self, run_id: str) -> Run | None:
        """One of all runs that the queue remembers, also if it has ended long ago."""
        return next(iter(self._found(lambda store: store.runs.get([run_id]))), None)

    def follow(self, run_id: str) -> Iterator[Run]:
        """Every new snapshot of the run, until it has ended."""
        seen: Run | None = None
        while seen is None or seen.is_live:
            run = self.get(run_id)
            if run is None:
                return
            if run is not seen:
                seen = run
                yield run
            with self._changed:
                if self._server.current(run_id) in (seen, None) and seen.is_live:
                    self._changed.wait(timeout=FRESH / 2)  # so that Ctrl-C comes through

    def result(self, run_id: str) -> str | None:
        """The name of the model that the run published, even if it was renamed since."""
        run = self._runs.get(run_id)
        return registry.name_of_run(run_id, self._home, run.result if run else "")

    def owner(self, run_id: str) -> str:
        """Who started the run: a visitor's token, a secret; "" for a shell, or if it is unknown."""
        if known := self._runs.get(run_id):
            return known.owner
        try:
            store = self._opened()
            return store.runs.owners([run_id]).get(run_id, "") if store else ""
        except StoreError:
            return ""

    def count_of(self, owner: str, run_ids: Collection[str]) -> int:
        """How many of these runs this visitor started."""
        try:
            store = self._opened()
            owners = store.runs.owners(run_ids) if store else {}
        except StoreError:
            return 0
        return sum(each == owner for each in owners.values())

    def slots(self) -> int:
        """How many runs go on beside each other."""
        running = sum(run.is_running for run in self.runs())
        return max(self._server.slots(running), running)

    def serve(self) -> None:
        """Do runs that wait from now on, also those that a server before has left."""
        self.runs()  # so that what ends from here on is news
        self._server.take_any()

    def close(self) -> None:
        """Do no more. The runs under way wait for another server, or for this one's return."""
        self._server.close()

    def start(
        self,
        task: Task,
        owner: str = "",
        sources: Mapping[str, str] | None = None,
        is_bound: bool = False,
    ) -> Run:
        """Put a run into the queue; it begins as soon as there is room.

        If it `is_bound` it is for this process alone, and ends with it; `sources` are then
        environment variables that say where its data is, by name.

        Raises JobError if this installation cannot train, too many runs wait or the disk is full,
        and ModelError for a bad name.
        """
        (run,) = self.start_all([task], owner, sources, is_bound)
        return run

    def start_all(
        self,
        tasks: Sequence[Task],
        owner: str = "",
        sources: Mapping[str, str] | None = None,
        is_bound: bool = False,
    ) -> list[Run]:
        """Put several runs into the queue, or none of them, as `start` does with one."""
        if needs := process.training_needs():
            raise JobError(needs)
        for task in tasks:
            if isinstance(task, Training) and not task.output:
                registry.check_name(task.name)
        self._check_home()
        with self._starting:
            live = [run for run in self.runs() if run.is_live]
            _check_number(live, owner, len(tasks))
            runs: list[Run] = []
            for task in tasks:
                task = _named(task, [*live, *runs])
                seconds = estimate.seconds_of(task)
                runs.append(Run.of(task, owner=owner, state="waiting", stage="", seconds=seconds))
            server = self._server.name if is_bound else ""
            self._change(lambda store: store.runs.add(list(map(_entered, runs)), server))
        for run in runs if is_bound else []:
            self._server.take_own(run.id, sources or {})
        if not is_bound:
            self._server.take_any()
        return runs

    def studies(self, most: int) -> list[Run]:
        """The first trial of each study, newest first; none if the queue cannot be read."""
        return self._found(lambda store: store.runs.studies(most))

    def trials(self, study: str) -> list[Run]:
        """The trials of a study in their order; none if the queue cannot be read."""
        return self._found(lambda store: store.runs.of_study(study))

    def _found(self, find: Callable[[Store], list[Entry]]) -> list[Run]:
        try:
            store = self._opened()
            entries = find(store) if store else []
        except StoreError:
            return []
        return [self._server.current(run.id) or run for run in map(restored, entries) if run]

    def cancel(self, run_id: str) -> None:
        """Stop that run, if it is under way or waits, and keep nothing of it.

        Raises JobError if the queue cannot be changed.
        """
        self._cancel([run_id])

    def _cancel(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            if not self._server.cancel(run_id):
                self._change(partial(_cancel_in, run_id))
        with self._changed:  # until their processes have left, and what they wrote is cleared away
            self._changed.wait_for(lambda: not any(map(self._server.current, run_ids)), PATIENCE)

    def cancel_study(self, study: str, waiting_only: bool = False) -> None:
        """Cancel a study's trials that wait, and unless `waiting_only` those under way.

        Raises JobError if the queue cannot be changed.
        """
        self._change(lambda store: store.runs.cancel_waiting(study))
        if not waiting_only:
            self._cancel([run.id for run in self.trials(study) if run.is_running])

    def publish_again(self, run_id: str) -> None:
        """Ask that run, if it met a problem in publishing, to try again.

        Raises JobError if the queue cannot be changed.
        """
        if not self._server.publish_again(run_id):
            self._change(lambda store: store.runs.wish(run_id, AGAIN))

    def put_first(self, run_id: str) -> None:
        """Have that run be the next. Raises JobError if it does not wait any more."""
        self._change(lambda store: store.runs.put_first(run_id))

    def _opened(self) -> Store | None:
        """The store; None while its file is not there, as a look makes none."""
        if not self._store:
            self._store = Store(database_url(self._home))
        return self._store if self._store.runs.is_there else None

    def _change(self, change: Callable[[Store], None]) -> None:
        """Raises JobError if it fails."""
        try:
            self._opened()
            assert self._store
            change(self._store)
            self._look()
        except StoreError as error:
            raise JobError(str(error)) from error
        self._server.hurry()

    def _look(self) -> None:
        """See what has changed in the queue. One thread at a time, so that none goes back."""
        with self._looking:
            self._looked = time.monotonic()
            if store := self._opened():
                self._see(store)
            elif self._past is None:
                self._past = set()

    def _see(self, store: Store) -> None:
        versions = store.runs.versions(ENDED)
        new = [run for run, version in versions.items() if self._versions.get(run) != version]
        found = {entry.id: restored(entry) for entry in store.runs.get(new)}
        with self._changed:
            runs = {run: found.get(run, self._runs.get(run)) for run in versions}
            self._runs = {run_id: run for run_id, run in runs.items() if run}
            self._versions = versions
            if self._past is None:
                self._past = {run.id for run in self._runs.values() if not run.is_live}
            self._changed.notify_all()

    def _check_home(self) -> None:
        """Raises JobError if the home cannot be used."""
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._home):
                pass
            free = shutil.disk_usage(self._home).free
        except OSError as error:
            raise JobError(
                f"No run can be started, since {self._home} cannot be written to ({error}): "
                "set DIGITCANVAS_HOME to a folder that can."
            ) from error
        if free < NEEDED:
            raise NotNow(f"The disk is almost full: free some space where {self._home} is.")


def _cancel_in(run_id: str, store: Store) -> None:
    store.runs.cancel(run_id, CANCEL)


def _entered(run: Run) -> NewRun:
    study = run.task.study if isinstance(run.task, Trial) else ""
    text = task_to_text(run.task)
    return NewRun(run.id, run.owner, text, run.seconds, run.to_json(), study)


def _named(task: Task, live: Sequence[Run]) -> Task:
    """The task under a name that no other run is going to publish under."""
    if not isinstance(task, Training) or task.output:
        return task
    others = [run.task for run in live if isinstance(run.task, Training)]
    return replace(task, name=registry.free_name(task.name, [other.name for other in others]))


def _check_number(live: Sequence[Run], owner: str, new: int) -> None:
    """Raises JobError if too many wait, or would with `new` more."""
    waiting = [run for run in live if run.state == "waiting"]
    own = sum(run.owner == owner for run in waiting) if owner else 0
    if own + new > MOST:
        raise JobError(
            f"{MOST} of your runs may wait at most, and {own} do: cancel some of them first."
        )
    if len(waiting) + new > MOST_IN_ALL:
        raise NotNow(f"{len(waiting)} runs wait, and no more can: try again later.")
