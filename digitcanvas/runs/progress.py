"""How far a training run is, and what it has learned so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

POINTS = 200
"""About how many points a run's training curve has."""


class Diverged(ValueError):
    """The loss became infinite or undefined."""


Point = tuple[float, float, float]


@dataclass(frozen=True)
class Progress:
    """Batch `batch` of `batches` in epoch `epoch` of `epochs`, counted from 1.

    `metrics` holds the epoch's loss and accuracy so far; at its end also `val_loss` and
    `val_accuracy` or, in a rate search, the `learning_rate`. Epoch 0 is the making of drawings:
    `batch` of `batches` of them.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    metrics: Mapping[str, float]

    @property
    def epochs_done(self) -> float:
        return self.epoch - 1 + self.batch / self.batches if self.epoch else 0.0

    @property
    def ends_epoch(self) -> bool:
        """Whether this is an epoch's last report."""
        return not {"val_loss", "learning_rate"}.isdisjoint(self.metrics)

    @property
    def share(self) -> float:
        """How much of the run, or in epoch 0 of the drawings, is done: 0 to 1."""
        return self.epochs_done / self.epochs if self.epoch else self.batch / self.batches


@dataclass(frozen=True)
class LearningCurve:
    """Points (epochs done, loss, accuracy).

    A `training` point is the mean over the batches since the one before; a `validation` point
    stands at the end of each epoch. `last` is the report that the newest training point ends with.
    """

    training: tuple[Point, ...] = ()
    validation: tuple[Point, ...] = ()
    last: Progress | None = None

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> LearningCurve:
        """The curve of which these are the fields, as they come from JSON."""
        training, validation = (
            tuple((epochs, loss, accuracy) for epochs, loss, accuracy in values[name])
            for name in ("training", "validation")
        )
        last = values["last"]
        return cls(training, validation, last and Progress(**last))

    def extended(self, progress: Progress) -> LearningCurve:
        """The curve with what the report adds to it, if anything."""
        if progress.epoch == 0:
            return self
        metrics = progress.metrics
        curve = self
        if "val_loss" in metrics:
            point = (float(progress.epoch), metrics["val_loss"], metrics["val_accuracy"])
            curve = replace(curve, validation=(*curve.validation, point))
        last = curve.last
        if last is None or last.epoch != progress.epoch:
            last = Progress(progress.epoch, progress.epochs, 0, progress.batches, {})
        batches = progress.batch - last.batch
        if (
            batches < progress.batches * progress.epochs / POINTS
            and progress.batch < progress.batches
        ):
            return curve
        if batches:
            # Keras reports the epoch's mean so far: undo the mean to get that of these batches
            loss, accuracy = (
                (metrics[name] * progress.batch - last.metrics.get(name, 0) * last.batch) / batches
                for name in ("loss", "accuracy")
            )
            point = (progress.epochs_done, loss, accuracy)
            curve = replace(curve, training=(*curve.training, point))
        return replace(curve, last=progress)
