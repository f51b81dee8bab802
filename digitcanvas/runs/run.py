"""One run: its task and its state."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal

from digitcanvas.figures import charts
from digitcanvas.runs import rate_finder, search_space
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import Recipe

Curve = LearningCurve | RateCurve
State = Literal["waiting", "running", "done", "failed", "cancelled"]


class _Learns:
    """What a training and a trial have in common."""

    recipe: Recipe

    step: ClassVar[str] = "Epoch"
    preparation: ClassVar[float] = 0.1
    """The share of the progress bar that belongs to the making of drawings."""
    no_curve: ClassVar[Curve] = LearningCurve()

    @property
    def steps(self) -> int:
        return self.recipe.epochs

    def figure(self, curve: Curve, is_done: bool) -> charts.Figure | None:
        """The learning curve, None before there is one."""
        assert isinstance(curve, LearningCurve)
        if not curve.training:
            return None
        return charts.learning_curve(curve.training, curve.validation, self.recipe.epochs)


@dataclass(frozen=True)
class Training(_Learns):
    """Train a network by the recipe, and publish it under this name.

    With an `output` it is published in that directory instead, in place of a model there.
    """

    recipe: Recipe
    name: str
    output: str = ""

    kind: ClassVar[str] = "training"

    @property
    def title(self) -> str:
        return self.name

    @property
    def running(self) -> str:
        return f"Training {self.name}"

    @property
    def failed(self) -> str:
        return f"“{self.name}” was not trained."

    @property
    def cancelled(self) -> str:
        return f"The training of “{self.name}” was cancelled. Nothing was kept."


@dataclass(frozen=True)
class RateSearch:
    """Search the learning rate for networks of the recipe. It publishes nothing."""

    recipe: Recipe

    kind: ClassVar[str] = "rate search"
    step: ClassVar[str] = "Rate"
    steps: ClassVar[int] = rate_finder.COUNT
    preparation: ClassVar[float] = 0.0
    no_curve: ClassVar[Curve] = RateCurve()

    title: ClassVar[str] = "A learning rate"
    running: ClassVar[str] = "Finding a learning rate"
    failed: ClassVar[str] = "No learning rate was found."
    cancelled: ClassVar[str] = "The search for a learning rate was cancelled."

    def figure(self, curve: Curve, is_done: bool) -> charts.Figure | None:
        """The loss at each rate, None before the first; the good range once the search is done."""
        assert isinstance(curve, RateCurve)
        if not curve.points:
            return None
        good = None
        if is_done:
            with suppress(ValueError):
                good = curve.good
        return charts.rate_chart(curve.points, good)


@dataclass(frozen=True)
class Trial(_Learns):
    """Train a network by the recipe with some settings varied, to see how good it becomes.

    It is number `number` of the `count` of its study, and publishes nothing. `vary` names what
    varies (`search_space.VARIED`), `base` the recipe that the study began from. The values are
    chosen when it begins (`tuning.ask`).
    """

    recipe: Recipe
    base: str
    study: str
    number: int
    count: int
    vary: tuple[str, ...]

    kind: ClassVar[str] = "trial"

    @property
    def title(self) -> str:
        return f"Trial {self.number} of {self.count}: {self.base}"

    @property
    def running(self) -> str:
        return self.title

    @property
    def failed(self) -> str:
        return f"Trial {self.number} of {self.count} failed."

    @property
    def cancelled(self) -> str:
        return f"Trial {self.number} of {self.count} was cancelled."


Task = Training | RateSearch | Trial
TASKS: tuple[type[Task], ...] = (Training, RateSearch, Trial)


def task_to_json(task: Task) -> dict[str, Any]:
    return {"kind": task.kind, **asdict(task)}


def task_from_json(values: Mapping[str, Any]) -> Task:
    """Raises ValueError, TypeError and KeyError for anything but what `task_to_json` gives."""
    fields = dict(values)
    kinds = {task.kind: task for task in TASKS}
    if "vary" in fields:  # a list, as it comes from JSON
        fields["vary"] = tuple(fields["vary"])
    return kinds[fields.pop("kind")](**fields | {"recipe": Recipe(**fields["recipe"])})


def task_to_text(task: Task) -> str:
    return json.dumps(task_to_json(task))


def task_from_text(text: str) -> Task:
    """Raises ValueError, TypeError and KeyError for anything but what `task_to_text` gives."""
    return task_from_json(json.loads(text))


def on_sample(task: Task) -> Task:
    """The same task on the bundled sample of MNIST."""
    return replace(task, recipe=replace(task.recipe, sample=True))


@dataclass(frozen=True)
class Run:
    """A snapshot of a run, which never changes.

    While the run is running, `stage` says what it does when it is not training, and `problem` what
    keeps it from publishing; while it waits, `stage` may say why it waits again. Once a training is
    done, `result` names the model that it published. The `parameters` of a trial are its values for
    what varies, and it `is_poor` if it was stopped before its end for that. If the run failed,
    `error` says why and what to do, and `offline` is set if MNIST was unavailable. `owner` is the
    token of the visitor who started it, a secret, or "" for a shell. `seconds` is about how long it
    takes in all, and `training_since` a time in seconds, as `time.time` gives it.
    """

    task: Task
    curve: Curve
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    owner: str = ""
    seconds: float = 0.0
    state: State = "running"
    stage: str = "Starting"
    progress: Progress | None = None
    result: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_poor: bool = False
    problem: str = ""
    error: str = ""
    offline: bool = False
    training_since: float | None = None

    @classmethod
    def of(cls, task: Task, **fields: Any) -> Run:
        """A run of the task that has just begun, except for what the fields say."""
        return cls(task, **{"curve": task.no_curve, **fields})

    @property
    def to_do(self) -> Task:
        """The task as its process gets it, with a trial's own values."""
        recipe = search_space.changed(self.task.recipe, self.parameters)
        return replace(self.task, recipe=recipe)

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @property
    def is_live(self) -> bool:
        """Whether it is under way, or waits to be."""
        return self.state in ("waiting", "running")

    @property
    def seconds_left(self) -> float | None:
        """The rest of the training, judged by the batches so far; None before there are enough."""
        if not self.progress or self.training_since is None or self.progress.share < 0.01:
            return None
        share = self.progress.share
        since = max(0.0, time.time() - self.training_since)  # the clock may be set back
        return since / share * (1 - share)

    @property
    def share(self) -> float:
        """How much of the run is done, 0 to 1, the making of drawings included."""
        if not self.progress:
            return 0.0
        if self.progress.epoch == 0:
            return self.task.preparation * self.progress.share
        return self.task.preparation + (1 - self.task.preparation) * self.progress.share

    @property
    def figure(self) -> charts.Figure | None:
        return self.task.figure(self.curve, self.state == "done")

    def extended(self, progress: Progress) -> Run:
        """The run with one more report of its progress."""
        is_training = progress.epoch > 0
        return replace(
            self,
            progress=progress,
            curve=self.curve.extended(progress),
            stage="" if is_training else "Making drawings to learn from",
            training_since=self.training_since or (time.time() if is_training else None),
        )

    def to_json(self) -> str:
        """What changes of it, as a text for `Run.restored`."""
        return json.dumps({name: getattr(self, name) for name in CHANGING}, default=asdict)

    @classmethod
    def restored(cls, snapshot: str, task: Task, **fields: Any) -> Run:
        """The run of this task whose `to_json` gave the snapshot; of "", as it is at first.

        Raises ValueError, TypeError and KeyError for any other.
        """
        values = json.loads(snapshot or "{}")
        if progress := values.get("progress"):
            values["progress"] = Progress(**progress)
        if curve := values.pop("curve", None):
            values["curve"] = task.no_curve.restored(curve)
        return cls.of(task, **values, **fields)


CHANGING = (
    "curve",
    "stage",
    "progress",
    "result",
    "parameters",
    "is_poor",
    "problem",
    "error",
    "offline",
    "training_since",
)
"""The fields of a run that are not known from the beginning, but for its state."""
