"""One run: its task and its state."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal

from digitcanvas.figures import charts
from digitcanvas.runs import rate_finder
from digitcanvas.runs.progress import LearningCurve, Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import Recipe

Curve = LearningCurve | RateCurve
State = Literal["running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Training:
    """Train a network by the recipe, and publish it under this name.

    With an `output` it is published in that directory instead, in place of a model there.
    """

    recipe: Recipe
    name: str
    output: str = ""

    kind: ClassVar[str] = "training"
    step: ClassVar[str] = "Epoch"
    preparation: ClassVar[float] = 0.1
    """The share of the progress bar that belongs to the making of drawings."""
    no_curve: ClassVar[Curve] = LearningCurve()

    @property
    def steps(self) -> int:
        return self.recipe.epochs

    @property
    def running(self) -> str:
        return f"Training {self.name}"

    @property
    def failed(self) -> str:
        return f"“{self.name}” was not trained."

    @property
    def cancelled(self) -> str:
        return f"The training of “{self.name}” was cancelled. Nothing was kept."

    @property
    def busy(self) -> str:
        return f"“{self.name}” is being trained"

    def figure(self, curve: Curve, is_done: bool) -> charts.Figure | None:
        """The learning curve, None before there is one."""
        assert isinstance(curve, LearningCurve)
        if not curve.training:
            return None
        return charts.learning_curve(curve.training, curve.validation, self.recipe.epochs)


@dataclass(frozen=True)
class RateSearch:
    """Search the learning rate for networks of the recipe. It publishes nothing."""

    recipe: Recipe

    kind: ClassVar[str] = "rate search"
    step: ClassVar[str] = "Rate"
    steps: ClassVar[int] = rate_finder.COUNT
    preparation: ClassVar[float] = 0.0
    no_curve: ClassVar[Curve] = RateCurve()

    running: ClassVar[str] = "Finding a learning rate"
    failed: ClassVar[str] = "No learning rate was found."
    cancelled: ClassVar[str] = "The search for a learning rate was cancelled."
    busy: ClassVar[str] = "A learning rate is being searched for"

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


Task = Training | RateSearch
TASKS: tuple[type[Task], ...] = (Training, RateSearch)


def task_to_json(task: Task) -> dict[str, Any]:
    return {"kind": task.kind, **asdict(task)}


def task_from_json(values: Mapping[str, Any]) -> Task:
    """Raises ValueError, TypeError and KeyError for anything but what `task_to_json` gives."""
    fields = dict(values)
    kinds = {task.kind: task for task in TASKS}
    return kinds[fields.pop("kind")](**fields | {"recipe": Recipe(**fields["recipe"])})


def on_sample(task: Task) -> Task:
    """The same task on the bundled sample of MNIST."""
    return replace(task, recipe=replace(task.recipe, sample=True))


@dataclass(frozen=True)
class Run:
    """A snapshot of a run, which never changes.

    While the run is running, `stage` says what it does when it is not training, and `problem` what
    keeps it from publishing. Once a training is done, `result` names the model that it published.
    If the run failed, `error` says why and what to do, and `offline` is set if MNIST was
    unavailable. `training_since` is a time in seconds, as `time.time` gives it.
    """

    task: Task
    curve: Curve
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    state: State = "running"
    stage: str = "Starting"
    progress: Progress | None = None
    result: str = ""
    problem: str = ""
    error: str = ""
    offline: bool = False
    training_since: float | None = None

    @classmethod
    def of(cls, task: Task, **fields: Any) -> Run:
        """A run of the task that has just begun, except for what the fields say."""
        return cls(task, **{"curve": task.no_curve, **fields})

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @property
    def seconds_left(self) -> float | None:
        """The rest of the training, judged by the batches so far; None before there are enough."""
        if not self.progress or self.training_since is None or self.progress.share < 0.01:
            return None
        share = self.progress.share
        return (time.time() - self.training_since) / share * (1 - share)

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
