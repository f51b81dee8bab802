"""How a training run comes along: where it stands, and what it has learnt so far."""

from dataclasses import dataclass, field

POINTS = 200
"""About as many points tell a run's training curve."""


@dataclass(frozen=True)
class Progress:
    """Batch `batch` of `batches` in epoch `epoch` of `epochs`, from 1.

    `metrics` holds the epoch's loss and accuracy so far, and at its end `val_loss` and
    `val_accuracy` too, or where rates are tried, the `learning_rate`. Epoch 0 makes the drawings
    to learn from: `batch` of `batches` of them.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    metrics: dict[str, float]

    @property
    def epochs_done(self) -> float:
        return self.epoch - 1 + self.batch / self.batches if self.epoch else 0.0

    @property
    def ends_epoch(self) -> bool:
        """Whether these are an epoch's last words."""
        return not {"val_loss", "learning_rate"}.isdisjoint(self.metrics)

    @property
    def share(self) -> float:
        """How much of the run, or in epoch 0 of the drawings, is done: 0 to 1."""
        return self.epochs_done / self.epochs if self.epoch else self.batch / self.batches


@dataclass
class LearningCurve:
    """Points (epochs done, loss, accuracy): of the batches since the point before, and of
    validation at the end of every epoch."""

    training: list[tuple[float, float, float]] = field(default_factory=list)
    validation: list[tuple[float, float, float]] = field(default_factory=list)
    _last: Progress | None = None

    def add(self, progress: Progress) -> None:
        if progress.epoch == 0:
            return
        metrics = progress.metrics
        if "val_loss" in metrics:
            point = (float(progress.epoch), metrics["val_loss"], metrics["val_accuracy"])
            self.validation.append(point)
        last = self._last
        if last is None or last.epoch != progress.epoch:
            last = Progress(progress.epoch, progress.epochs, 0, progress.batches, {})
        batches = progress.batch - last.batch
        if (
            batches < progress.batches * progress.epochs / POINTS
            and progress.batch < progress.batches
        ):
            return
        if batches:
            loss, accuracy = (
                (metrics[name] * progress.batch - last.metrics.get(name, 0) * last.batch) / batches
                for name in ("loss", "accuracy")
            )
            self.training.append((progress.epochs_done, loss, accuracy))
        self._last = progress
