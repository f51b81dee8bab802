"""A server's share of the runs: taken from the queue when there is room, done, and reported.

Each run is a process of its own (`process`). If a server dies, others take its runs over. What a
run writes while it works lies beside the models, in `.training`, by its id.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from digitcanvas.data.store import Store, StoreError
from digitcanvas.data.store.runs import Entry
from digitcanvas.reading import registry
from digitcanvas.runs import capacity, servers, tuning
from digitcanvas.runs.cluster import Cluster, ClusterRun
from digitcanvas.runs.process import RAY, Process, clear
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.run import Run, Training, Trial, task_from_text

SCRATCH = ".training"

PAUSE = 1.0
"""Seconds between two looks at what other servers and people have done."""

CANCEL, AGAIN = "cancel", "again"
"""What a server may be asked to do with a run."""

log = logging.getLogger(__name__)


@dataclass
class Doing:
    """A run that this server does. It has no process once that has left."""

    run: Run
    process: Process | ClusterRun | None = None
    verdict: dict[str, Any] = field(default_factory=dict)
    """The process' last words: what it has "done", or why it "failed"."""
    reported: Run | None = None
    """The run as the queue knows it."""
    judged: int = 0
    """The epochs of a trial after which it was last compared with others."""


class Server:
    """Does runs in a thread of its own. Every method can be called from many threads."""

    def __init__(
        self,
        home: Path,
        worker: Sequence[str],
        opened: Callable[[], Store | None],
        look: Callable[[], None],
        changed: threading.Condition,
    ) -> None:
        """`opened` gives the store, None while there is none yet.

        After a change to the queue it calls `look`. `changed` is told how far its own runs are.
        """
        self.name = servers.new_name()
        self._home, self._command = home, worker
        self._opened, self._look, self._changed = opened, look, changed
        address = os.environ.get(RAY, "").strip()
        self._cluster = Cluster(address, home, worker, self.hurry) if address else None
        self._watch = servers.Watch()
        self._doing: dict[str, Doing] = {}
        self._sources: dict[str, Mapping[str, str]] = {}
        self._takes_any = False
        """Whether it does the runs that any server may do, not only its own."""
        self._thread: threading.Thread | None = None
        self._is_due = self._is_closed = False
        self._logged = ""

    def current(self, run_id: str) -> Run | None:
        """The run as it is now, if this server does it."""
        doing = self._doing.get(run_id)
        return doing.run if doing else None

    def slots(self, running: int) -> int:
        """How many runs may be under way beside each other, where `running` are."""
        return self._cluster.slots() if self._cluster else capacity.slots(running)

    def take_any(self) -> None:
        """Do any run that waits from now on, also those that a server before has left."""
        self._takes_any = True
        self._begin()

    def take_own(self, run_id: str, sources: Mapping[str, str]) -> None:
        """Do this run, which no other server may do, with its data at `sources`, as `start` has
        them."""
        self._sources[run_id] = sources
        self._begin()

    def hurry(self) -> None:
        """Look at the queue at once."""
        with self._changed:
            self._is_due = True
            self._changed.notify_all()

    def close(self) -> None:
        """Do no more. The runs under way wait for another server, or for this one's return."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread:
            self._thread.join()
        if self._cluster:
            self._cluster.close()  # before another server may begin its runs
        store = self._opened()
        for doing in list(self._doing.values()):
            run, process = doing.run, doing.process
            if process:
                process.kill()
            if run.is_live and store:
                with suppress(StoreError):
                    self._give_back(store, run, self.name, counts=False)

    def cancel(self, run_id: str) -> bool:
        """Cancel the run, if this server does it. Gives whether it does."""
        with self._changed:
            doing = self._doing.get(run_id)
            if doing and doing.run.is_live:
                process = doing.process
                if process or doing.run.state == "waiting":  # that of a cluster that was lost
                    self._update(doing, replace(doing.run, state="cancelled"))
                if process:
                    process.kill()
            return doing is not None

    def publish_again(self, run_id: str) -> bool:
        """Try again to publish, if this server does the run. Gives whether it does."""
        with self._changed:
            doing = self._doing.get(run_id)
            if doing and doing.process and doing.run.is_running and doing.run.problem:
                self._update(doing, replace(doing.run, problem=""))
                doing.process.publish_again()
            return doing is not None

    def _begin(self) -> None:
        with self._changed:
            if not self._thread:
                if self._cluster:
                    self._cluster.connect()
                self._thread = threading.Thread(target=self._work, daemon=True)
                self._thread.start()
        self.hurry()

    def _work(self) -> None:
        while not self._is_closed:
            try:
                if store := self._opened():
                    self._step(store)
                self._logged = ""
            except Exception as error:  # a database may be away for a while: the next may succeed
                if self._logged != str(error):  # said once, not each second
                    log.warning("The queue of runs cannot be served: %s", error)
                self._logged = str(error)
            with self._changed:
                self._changed.wait_for(lambda: self._is_due or self._is_closed, PAUSE)
                self._is_due = False

    def _step(self, store: Store) -> None:
        """Report on this server's runs, and take others if there is room."""
        self._report_ends(store)
        self._report(store)
        self._stop_poor(store)
        beats, waits = store.runs.beats(), store.runs.waits()
        for server in self._watch.dead(beats):
            self._take_over(store, server)
            waits = True
        while waits and not self._is_closed and self._has_room(store):
            waits = self._take(store)

    def _report_ends(self, store: Store) -> None:
        with self._changed:
            doing = list(self._doing.values())
            ended = [each.run for each in doing if not each.process and not each.run.is_running]
        for run in ended:
            if run.state != "waiting" or not self._waits_again(store, run):
                state = "failed" if run.state == "waiting" else run.state
                store.runs.end(run.id, self.name, state, replace(run, stage="").to_json())
            self._look()
            with self._changed:
                del self._doing[run.id]
                self._sources.pop(run.id, None)
                self._changed.notify_all()

    def _waits_again(self, store: Store, run: Run) -> bool:
        """Have a run wait until its cluster is back. One that no other server may do does not."""
        return store.runs.give_back(
            run.id, self.name, replace(run, error="").to_json(), counts=False
        )

    def _report(self, store: Store) -> None:
        """Say how far the runs are, and that this server lives; do what others wish."""
        with self._changed:
            doing = [(each, each.run) for each in self._doing.values()]
        if not doing and not self._sources:
            return
        news = {run.id: run.to_json() for each, run in doing if run is not each.reported}
        wishes = store.runs.report(self.name, news)
        for run_id in self._sources.keys() - wishes.keys():  # cancelled before it began
            self._sources.pop(run_id, None)
        for each, run in doing:
            each.reported = run
            wish = wishes.get(run.id, CANCEL)  # a run that is gone, or another server's by now
            if wish == CANCEL:
                self.cancel(run.id)
            elif wish == AGAIN:
                self.publish_again(run.id)

    def _stop_poor(self, store: Store) -> None:
        """End the trials that do worse than most of their study."""
        with self._changed:
            doing = [(each, each.run) for each in self._doing.values()]
        for each, run in doing:
            if not isinstance(run.task, Trial) or not isinstance(run.curve, LearningCurve):
                continue
            epochs, each.judged = each.judged, len(run.curve.validation)
            if epochs == each.judged or not tuning.is_poor(run, self._study(store, run.task)):
                continue
            with self._changed:
                if each.process and each.run.is_running:
                    self._update(each, replace(each.run, state="done", is_poor=True))
                    each.process.kill()

    def _study(self, store: Store, trial: Trial) -> list[Run]:
        """The trials of a study, as they are now."""
        runs = filter(None, map(restored, store.runs.of_study(trial.study)))
        return [self.current(run.id) or run for run in runs]

    def _take(self, store: Store) -> bool:
        """Take the next run that this server may do, and start it. Gives whether there was one."""
        entry = store.runs.take(self.name, self._takes_any)
        if not entry:
            return False
        run = restored(entry)
        if not run:
            store.runs.end(entry.id, self.name, "failed", "")
            return True
        run = self._with_values(store, replace(run, stage="Starting"))
        sources = {**self._sources.get(run.id, {}), "DIGITCANVAS_HOME": str(self._home)}
        with self._changed:
            doing = self._doing[run.id] = Doing(run)
            if run.is_running:
                self._start(doing, sources)
            if not doing.process:
                self._is_due = True
        self._look()
        return True

    def _with_values(self, store: Store, run: Run) -> Run:
        """A trial with the values that it tries; any other run as it is."""
        if not isinstance(run.task, Trial):
            return run
        try:
            return replace(run, parameters=tuning.ask(run.task, self._study(store, run.task)))
        except Exception as error:  # the run is taken already, so it has to end
            log.exception("no values could be chosen for a trial")
            why = f"No values to try could be chosen ({error})."
            return replace(run, state="failed", error=why)

    def _start(self, doing: Doing, sources: Mapping[str, str]) -> None:
        """Start a run here or on the cluster; if that is not possible, it has failed."""
        run, scratch = doing.run, self._home / SCRATCH / doing.run.id
        clear(scratch)  # what an earlier attempt may have left
        try:
            if self._cluster:
                start = self._cluster.start
                doing.process = start(run, scratch, sources, self._hear, self._end)
            else:
                command = self._command
                doing.process = Process(run, scratch, sources, command, self._hear, self._end)
        except OSError as error:
            why = f"The run's process could not be started ({error})."
            doing.run = replace(run, state="failed", error=why)

    def _has_room(self, store: Store) -> bool:
        """Whether one more run may begin: on this machine, or on the cluster that servers share."""
        counts = [
            count
            for server, count in store.runs.busy().items()
            if self._cluster or servers.is_here(server)
        ]
        return sum(counts) < self.slots(sum(counts))

    def _take_over(self, store: Store, server: str) -> None:
        """Take its runs from a dead server: each waits again, unless it was done."""
        for entry in store.runs.get(store.runs.of(server)):
            clear(self._home / SCRATCH / entry.id)  # before another server may begin it again
            if run := restored(entry):
                self._give_back(store, run, server, counts=True)
            else:
                store.runs.end(entry.id, server, "failed", "")
        self._look()

    def _give_back(self, store: Store, run: Run, server: str, counts: bool) -> None:
        """Have a run of this server wait again, or end if it is done or must not."""
        if result := self._published(run):
            store.runs.end(run.id, server, "done", replace(run, result=result).to_json())
            return
        again = Run.of(run.task, stage="Its server stopped, so it begins again").to_json()
        if not store.runs.give_back(run.id, server, again, counts):
            error = (
                f"The process that did the {run.task.kind} stopped. No model was changed. "
                "Start it again."
            )
            store.runs.end(run.id, server, "failed", replace(run, error=error).to_json())

    def _update(self, doing: Doing, run: Run) -> None:
        doing.run = run
        self._changed.notify_all()

    def _hear(self, run_id: str, event: dict[str, Any]) -> None:
        """A process says something."""
        with self._changed:
            doing = self._doing[run_id]
            run = doing.run
            if "progress" in event:
                self._update(doing, run.extended(Progress(**event["progress"])))
            elif "again" in event:  # its node stopped
                if run.is_running:
                    self._update(doing, _begun_again(run, event["again"]))
            elif "done" in event or "failed" in event:
                if "done" not in doing.verdict:
                    doing.verdict = event
            else:  # a stage, or a problem
                self._update(doing, replace(run, **event))

    def _end(self, run_id: str, status: int) -> None:
        """A process has left."""
        with self._changed:
            doing = self._doing[run_id]
            run, verdict = doing.run, doing.verdict
        published = verdict.get("done") or self._published(run)
        if published or "done" in verdict:
            run = replace(run, state="done", result=published or "")
        elif run.is_running:
            error = verdict.get("failed") or (
                f"The run's process was killed (status {status}): it may have run out of memory. "
                "No model was changed. Try again, or train a smaller network."
            )
            if lost := verdict.get("lost"):
                again = replace(_begun_again(run, lost), parameters={})
                run = replace(again, state="waiting", error=error)
            else:
                offline = bool(verdict.get("offline"))
                run = replace(run, state="failed", error=error, offline=offline)
        with self._changed:
            doing.process = None
            self._update(doing, run)
        self.hurry()

    def _published(self, run: Run) -> str | None:
        """The name of the model that the run published, or its output."""
        if not isinstance(run.task, Training):
            return None
        if not (output := run.task.output):
            return registry.name_of_run(run.id, self._home)
        with suppress(registry.ModelError):
            return output if registry.read_card(Path(output)).run == run.id else None
        return None


def _begun_again(run: Run, stage: str) -> Run:
    fields = {"id": run.id, "owner": run.owner, "seconds": run.seconds}
    return Run.of(run.task, **fields, parameters=run.parameters, stage=stage)


def restored(entry: Entry) -> Run | None:
    """The run of an entry, None if another version of this program wrote it, or it is damaged."""
    fields: dict[str, Any] = {"id": entry.id, "owner": entry.owner, "seconds": entry.seconds}
    try:
        task = task_from_text(entry.task)
        return Run.restored(entry.snapshot, task, **fields, state=entry.state)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
