"""A recipe and its data become a trained model, and that a model directory."""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow speaks

import keras
import numpy as np
import tensorflow as tf

from digitcanvas import registry
from digitcanvas.architectures import ARCHITECTURES
from digitcanvas.augment import bend_images
from digitcanvas.calibration import calibrate
from digitcanvas.datasets import BUNDLED, Mnist, PenDigits, images_of, sha256
from digitcanvas.evaluation import evaluate
from digitcanvas.hands import bend_strokes, blend
from digitcanvas.outliers import make_outliers
from digitcanvas.recipes import Recipe
from digitcanvas.recognizer import Recognizer
from digitcanvas.strokes import Drawing

WARM_UP = 0.05
DIGITS_PER_OUTLIER = 5
"""There are at least so many, so that a small sample is not drowned."""

LIBRARIES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "Hershey-Fonts")
PEN_WIDTHS = (0.9, 2.0)
"""The range of the pens that drawings are learnt from, in pixels of the 28x28 image."""


@dataclass(frozen=True)
class Progress:
    """Where a run stands: batch `batch` of `batches` in epoch `epoch` of `epochs`, from 1.

    `metrics` holds the epoch's loss and accuracy so far, and at its end `val_loss` and
    `val_accuracy` too.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    metrics: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """A trained network, what it learnt from, its loss and accuracy by epoch, and the time."""

    model: keras.Model
    recipe: Recipe
    mnist: Mnist
    pen: PenDigits | None
    history: dict[str, list[float]]
    seconds: float


def train(
    recipe: Recipe,
    mnist: Mnist,
    pen: PenDigits | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Trained:
    """Train a network and calibrate it. The same recipe and data give the same weights.

    `on_progress` is called after every batch and every epoch.
    """
    start = time.monotonic()
    keras.utils.set_random_seed(recipe.seed)
    tf.config.experimental.enable_op_determinism()
    images, labels, validation = gather(recipe, mnist, pen)
    batches = Batches(images, keras.utils.to_categorical(labels, recipe.classes), recipe)
    model = ARCHITECTURES[recipe.architecture](recipe.classes)
    steps = recipe.epochs * len(batches)
    warm_up = max(1, int(steps * WARM_UP))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 10,
        max(1, steps - warm_up),
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=warm_up,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing),
        metrics=["accuracy"],
    )
    history = model.fit(
        batches,
        epochs=recipe.epochs,
        validation_data=(
            validation[0],
            keras.utils.to_categorical(validation[1], recipe.classes),
        ),
        validation_batch_size=1000,
        callbacks=[_Report(on_progress)],
        verbose=0,
    )
    calibrate(model, [validation, *([images_of(pen.validation)] if pen else [])])
    return Trained(model, recipe, mnist, pen, history.history, time.monotonic() - start)


def publish(trained: Trained, target: Path) -> registry.Card:
    """Write a model directory: both files, and a card with what they measure as served.

    It appears at `target` whole, in the place of a model that was there. Where the disk is full or
    the place cannot be written (OSError, ModelError), what was there stays.
    """
    recipe = trained.recipe
    with registry.publishing(target) as directory:
        bare = ARCHITECTURES[recipe.architecture](recipe.classes)  # without the optimizer's state
        bare.set_weights(trained.model.get_weights())
        bare.save(directory / registry.TRAINABLE)
        bare.export(directory / registry.SERVED, format="litert", verbose=False)
        served = Recognizer((directory / registry.SERVED).read_bytes())
        card = registry.Card(
            recipe=asdict(recipe),
            data=_describe_data(trained),
            versions={name: version(name) for name in LIBRARIES}
            | {"python": sys.version.split()[0]},
            metrics=evaluate(served, trained.mnist, trained.pen),
            history=trained.history,
            parameters=trained.model.count_params(),
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(trained.seconds, 1),
            files={
                name: sha256(directory / name) for name in (registry.TRAINABLE, registry.SERVED)
            },
        )
        registry.write_card(directory, card)
    return registry.read_card(target)


class Batches(keras.utils.PyDataset):
    """Shuffled training batches, bent anew in each epoch; the seed decides all of it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        super().__init__()
        self._images, self._labels, self._recipe = images, labels, recipe
        self._epoch = 0
        self._shuffle()

    def __len__(self) -> int:
        return -(-len(self._images) // self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        size = self._recipe.batch_size
        chosen = self._order[index * size : (index + 1) * size]
        images = self._images[chosen]
        if self._recipe.augment:
            rng = np.random.default_rng([self._recipe.seed, self._epoch, index])
            images = bend_images(images, rng)
        return images, self._labels[chosen]

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        rng = np.random.default_rng([self._recipe.seed, self._epoch])
        self._order = rng.permutation(len(self._images))


class _Report(keras.callbacks.Callback):
    """Turns Keras' callbacks into Progress."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        super().__init__()
        self._on_progress = on_progress
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._send(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._send(self.params["steps"], logs)

    def _send(self, batch: int, logs: dict | None) -> None:
        self._on_progress(
            Progress(self._epoch, self.params["epochs"], batch, self.params["steps"], dict(logs))
        )


def gather(recipe: Recipe, mnist: Mnist, pen: PenDigits | None) -> tuple:
    """Images (N, 28, 28) and labels (N,): to train on, and a pair to watch and calibrate with."""
    rng = np.random.default_rng(recipe.seed)
    order = rng.permutation(len(mnist.y_train))
    kept = max(1, round(len(order) * recipe.validation_share))
    images = mnist.x_train[order].astype(np.float32) / 255
    labels = mnist.y_train[order]
    drawings = pen.train if pen else []
    others = [copy for _ in range(recipe.pen_copies) for copy in blend(drawings, rng)]
    outliers = min(recipe.outliers, (len(images) - kept + len(others)) // DIGITS_PER_OUTLIER)
    drawn, meant = _draw_bent(others + make_outliers(outliers, drawings, rng), rng)
    return (
        np.concatenate([images[kept:], drawn]),
        np.concatenate([labels[kept:], meant]),
        (images[:kept], labels[:kept]),
    )


def _draw_bent(drawings: list[Drawing], rng: np.random.Generator) -> tuple:
    """The drawings by other hands and with other pens, as images and labels."""
    bent = [replace(drawing, strokes=bend_strokes(drawing.strokes, rng)) for drawing in drawings]
    return images_of(bent, rng.uniform(*PEN_WIDTHS, len(bent)))


def _describe_data(trained: Trained) -> dict:
    mnist, pen = trained.mnist, trained.pen
    data = {
        "mnist": {
            "name": BUNDLED if mnist.is_sample else "MNIST",
            "sha256": mnist.sha256,
            "train": len(mnist.y_train),
            "test": len(mnist.y_test),
        }
    }
    if pen:
        data["pen"] = {
            "sha256": pen.sha256,
            "train": len(pen.train),
            "validation": len(pen.validation),
            "validation_writers": sorted({drawing.writer for drawing in pen.validation}),
        }
    return data
