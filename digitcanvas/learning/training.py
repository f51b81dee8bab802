"""Train a network by a recipe, and publish it as a model directory."""

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow speaks

import keras
import numpy as np
import tensorflow as tf

import digitcanvas
from digitcanvas.data.mnist import BUNDLED, Mnist, sha256, split
from digitcanvas.data.pen import PenDigits, images_from_drawings
from digitcanvas.data.told import ToldDrawings, digits_of
from digitcanvas.data.unipen import Unipen
from digitcanvas.learning.assembly import Batches, assemble, digits_at, targets_of
from digitcanvas.learning.calibration import calibrate
from digitcanvas.learning.keras_networks import build
from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.evaluation import compute_metrics, evaluate
from digitcanvas.reading.recognizer import Recognizer, split_softmax
from digitcanvas.runs import rate_finder
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.progress import Diverged, Progress
from digitcanvas.runs.recipes import Recipe

Logs = dict[str, float]
"""Keras' figures for the epoch so far."""

WARM_UP = 0.05
LIBRARIES = ("keras", "numpy", "opencv-python-headless", "Hershey-Fonts")


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network, what it learned from, and how.

    `initial` are the weights that it started from, `history` its losses and accuracies by epoch,
    `seconds` the wall time.
    """

    model: keras.Model
    initial: list[np.ndarray]
    recipe: Recipe
    mnist: Mnist
    pen: PenDigits | None
    history: dict[str, list[float]]
    seconds: float
    unipen: Unipen | None = None
    told: ToldDrawings | None = None
    start_sha256: str | None = None


def train(
    recipe: Recipe,
    mnist: Mnist,
    pen: PenDigits | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    unipen: Unipen | None = None,
    told: ToldDrawings | None = None,
) -> TrainedNetwork:
    """Train a network and calibrate it. The same recipe and data give the same weights.

    `told` are the drawings of the recipe's room. `on_progress` is called now and then while
    drawings are made to learn from, and after every batch and every epoch. Raises Diverged, a
    ValueError, when the loss becomes infinite or undefined, and ValueError if the network that it
    starts from is missing, damaged or another.
    """
    start = time.monotonic()
    first, sha256_of_first = _weights_to_start_from(recipe) if recipe.start else ([], None)
    _seed_everything(recipe.seed)
    images, labels, validation = assemble(recipe, mnist, pen, on_progress, unipen, told)
    batches = Batches(images, labels, recipe)
    model = _compiled(recipe, steps=recipe.epochs * len(batches))
    if first:
        model.set_weights(first)
    initial = model.get_weights()
    history = model.fit(
        batches,
        epochs=recipe.epochs,
        validation_data=(validation[0], targets_of(validation[1], recipe)),
        validation_batch_size=1000,
        callbacks=[_Report(on_progress)],
        verbose=0,
    ).history
    if recipe.calibrated:
        kept = [pen.validation] if pen and recipe.pen_copies else []
        kept += [unipen.digits.validation] if unipen and recipe.pen_copies else []
        if told and not recipe.room_only:  # else they are what it is validated with
            kept += [digits] if (digits := digits_of(told.validation)) else []
        calibrate(model, [validation, *map(images_from_drawings, kept)])
    seconds = time.monotonic() - start
    return TrainedNetwork(
        model, initial, recipe, mnist, pen, history, seconds, unipen, told, sha256_of_first
    )


def _weights_to_start_from(recipe: Recipe) -> tuple[list[np.ndarray], str]:
    """The weights of the network that the recipe names, and its file's hash."""
    directory = registry.find(recipe.start)
    file = directory / registry.TRAINABLE
    try:
        weights: list[np.ndarray] = keras.models.load_model(file, compile=False).get_weights()
    except Exception as error:  # a damaged file makes Keras raise almost anything
        raise registry.damaged(directory, f"{file.name} cannot be loaded ({error})") from error
    if [w.shape for w in weights] != [w.shape for w in build(recipe).get_weights()]:
        raise ValueError(
            f"{recipe.start} has other layers than the recipe: leave those as they are, or start "
            "from a network with the same."
        )
    return weights, sha256(file)


def find_rate(
    recipe: Recipe,
    mnist: Mnist,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> rate_finder.RateCurve:
    """Train on MNIST's digits, for an epoch at each rate to try, until the loss diverges.

    An epoch takes at most `rate_finder.DIGITS` digits. The progress at each epoch's end holds the
    rate and its mean loss, as `learning_rate` and `loss`. Raises Diverged, a ValueError, if the
    loss diverges at the lowest rate already.
    """
    recipe = rate_finder.recipe_for(recipe)
    _seed_everything(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    chosen, _ = split(len(mnist.y_train), recipe.validation_share, rng, mnist.writers)
    batches = Batches(*digits_at(mnist, chosen[: rate_finder.DIGITS]), recipe)
    model = _compiled(recipe, steps=recipe.epochs * len(batches))
    curve = rate_finder.RateCurve()

    def collect(progress: Progress) -> None:
        nonlocal curve
        curve = curve.extended(progress)
        on_progress(progress)

    steps = [keras.callbacks.LearningRateScheduler(rate_finder.rate_of), _Report(collect)]
    try:
        model.fit(batches, epochs=recipe.epochs, callbacks=steps, verbose=0)
    except Diverged:
        if not curve.points:
            raise
    return curve


def _seed_everything(seed: int) -> None:
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def _compiled(recipe: Recipe, steps: int) -> keras.Model:
    model = build(recipe)
    model.compile(
        optimizer=_optimizer(recipe, steps), loss=recipe.loss, metrics=[_accuracy(recipe)]
    )
    model.optimizer.build(model.trainable_variables)  # else TensorFlow traces the first step twice
    return model


def _accuracy(recipe: Recipe) -> keras.metrics.Metric:
    """The one that Keras chooses by itself, but with its variables from the start."""
    if recipe.takes_labels:
        return keras.metrics.SparseCategoricalAccuracy("accuracy")
    return keras.metrics.CategoricalAccuracy("accuracy")


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate = float(recipe.learning_rate)
    if recipe.schedule == "cosine":
        warm_up = max(1, int(steps * WARM_UP))
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 10,
            max(1, steps - warm_up),
            alpha=0.01,
            warmup_target=rate,
            warmup_steps=warm_up,
        )
    elif recipe.schedule == "cycles":
        rate = _Cycles(rate, recipe.epochs, steps // recipe.epochs)
    decay = recipe.weight_decay or None
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=0.9, weight_decay=decay)
    if recipe.optimizer == "rmsprop":
        return keras.optimizers.RMSprop(rate, weight_decay=decay)
    return keras.optimizers.Adam(rate, weight_decay=decay)


class _Cycles(keras.optimizers.schedules.LearningRateSchedule):
    """In each epoch, a rise from a tenth of the peak and a cosine to zero. The peaks fall too.

    At the end of each epoch, the network is about as good as if it were the last.
    """

    def __init__(self, peak: float, epochs: int, steps: int) -> None:
        """`steps` are those of an epoch."""
        self._peak, self._epochs, self._steps = peak, epochs, steps

    def __call__(self, step: Any) -> Any:
        done = keras.ops.cast(step, "float32") / self._steps
        epoch = keras.ops.floor(done)
        rise = 0.1 + 0.9 * (done - epoch) / WARM_UP
        fall = (1 + keras.ops.cos(math.pi * (done - epoch))) / 2
        return self._peak * (1 - epoch / self._epochs) * keras.ops.minimum(rise, fall)


def publish(
    trained: TrainedNetwork, target: Path, scratch: Path | None = None, run_id: str = ""
) -> Card:
    """Write a model directory: both files, and a card with what they measure as served.

    It is made in `scratch`, on the same file system, or else beside `target`. It appears at
    `target` whole, and replaces a model that is there. If the disk is full or the place cannot be
    written (OSError, ModelError), what was there stays.
    """
    recipe = trained.recipe
    with registry.publishing(target, scratch) as directory:
        bare = build(recipe)  # without the optimizer's state
        bare.set_weights(trained.initial)
        untrained = _measure(bare, trained.mnist)
        bare.set_weights(trained.model.get_weights())
        bare.save(directory / registry.TRAINABLE)
        bare.export(directory / registry.SERVED, format="litert", verbose=False)
        served = Recognizer((directory / registry.SERVED).read_bytes())
        card = Card(
            recipe=asdict(recipe),
            data=_describe_data(trained),
            versions={
                "digitcanvas": digitcanvas.__version__,
                "python": sys.version.split()[0],
                "tensorflow": tf.__version__,  # by whichever package it came
                **{name: version(name) for name in LIBRARIES},
            },
            metrics=evaluate(
                served,
                trained.mnist,
                trained.pen,
                unipen=trained.unipen,
                room=digits_of(trained.told.validation) if trained.told else [],
            ),
            history=trained.history,
            parameters=trained.model.count_params(),
            trained_at=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=round(trained.seconds, 1),
            files={
                name: sha256(directory / name) for name in (registry.TRAINABLE, registry.SERVED)
            },
            untrained=untrained,
            run=run_id,
            layers=layer_table(recipe),
        )
        registry.write_card(directory, card)
    return card


def _measure(model: keras.Model, mnist: Mnist) -> dict[str, float]:
    """The network's loss and accuracy on the test set."""
    softmax = model.predict(mnist.x_test.astype(np.float32) / 255, batch_size=1000, verbose=0)
    figures = compute_metrics(*split_softmax(softmax), mnist.y_test)
    return {name: figures[name] for name in ("loss", "accuracy")}


class _Report(keras.callbacks.Callback):
    """Turns Keras' callbacks into Progress, and stops a run that has diverged."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        super().__init__()
        self._on_progress = on_progress
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._send(batch + 1, logs or {})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._send(self.params["steps"], logs or {})

    def _send(self, batch: int, logs: Logs) -> None:
        if not all(math.isfinite(value) for value in logs.values()):
            raise Diverged(
                f"The loss became infinite or undefined in epoch {self._epoch}, batch {batch}: use "
                "a lower learning rate."
            )
        self._on_progress(
            Progress(self._epoch, self.params["epochs"], batch, self.params["steps"], dict(logs))
        )


def _describe_data(trained: TrainedNetwork) -> dict[str, Any]:
    mnist, pen = trained.mnist, trained.pen
    data = {
        "mnist": {
            "name": BUNDLED if mnist.is_sample else "MNIST",
            "sha256": mnist.sha256,
            "train": 0 if trained.recipe.room_only else len(mnist.y_train),
            "test": len(mnist.y_test),
        }
    }
    if trained.start_sha256:
        data["start"] = {"name": trained.recipe.start, "sha256": trained.start_sha256}
    if told := trained.told:
        data["room"] = {
            "sha256": told.sha256,
            "train": len(told.train),
            "validation": len(told.validation),
            "people": told.people,
        }
    if pen:
        data["pen"] = {
            "sha256": pen.sha256,
            "train": len(pen.train) if trained.recipe.pen_copies else 0,
            "validation": len(pen.validation),
            "validation_writers": sorted({drawing.writer for drawing in pen.validation}),
        }
    if unipen := trained.unipen:
        copies, outliers = trained.recipe.pen_copies, trained.recipe.outliers
        data["unipen"] = {
            "sha256": unipen.sha256,
            "train": len(unipen.digits.train) if copies else 0,
            "others": len(unipen.others.train) if copies and outliers else 0,
            "validation": len(unipen.digits.validation),
            "validation_writers": sorted({drawing.writer for drawing in unipen.digits.validation}),
        }
    return data
