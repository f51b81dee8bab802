"""Train a network by a recipe, and publish it as a model directory."""

import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow speaks

import keras
import numpy as np
import tensorflow as tf

import digitcanvas
from digitcanvas.data.handwriting import (
    PEN_WIDTHS,
    add_habits,
    augment_strokes,
    blend_drawings,
)
from digitcanvas.data.mnist import BUNDLED, Mnist, sha256, split
from digitcanvas.data.outliers import NOT_A_DIGIT, make_outliers
from digitcanvas.data.pen import PenDigits, images_from_drawings
from digitcanvas.data.told import ToldDrawings, copies_of, digits_of
from digitcanvas.data.unipen import Unipen
from digitcanvas.drawing.arrays import ByteArray, Float32Array, IntArray
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning.augment import augment_images
from digitcanvas.learning.calibration import calibrate
from digitcanvas.learning.keras_networks import build
from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.evaluation import compute_metrics, evaluate
from digitcanvas.reading.recognizer import Recognizer, split_softmax
from digitcanvas.runs import rate_finder
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe

Logs = dict[str, float]
"""Keras' figures for the epoch so far."""

Labelled = tuple[Float32Array, IntArray]
"""Images (N, 28, 28) in [0, 1], and their labels (N,)."""

WARM_UP = 0.05
DIGITS_PER_OUTLIER = 5
"""At least as many, so that outliers do not drown a small sample."""

OTHER_COPIES = 2
"""Of each letter or sign, each in another hand."""

LIBRARIES = ("keras", "numpy", "opencv-python-headless", "Hershey-Fonts")
AT_ONCE = 250
"""The number of images that are augmented together: the processor's cache holds them."""

REPORTED = 1000
"""The number of drawings made between two reports of progress."""


class Diverged(ValueError):
    """The loss became infinite or undefined."""


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
        validation_data=(validation[0], _targets(validation[1], recipe)),
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
    batches = Batches(*_digits(mnist, chosen[: rate_finder.DIGITS]), recipe)
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
    model.compile(optimizer=_optimizer(recipe, steps), loss=recipe.loss, metrics=["accuracy"])
    return model


def _targets(labels: IntArray, recipe: Recipe) -> IntArray | Float32Array:
    """Labels (N,) as the recipe's loss takes them."""
    if recipe.loss == "sparse_categorical_crossentropy":
        return labels
    return np.eye(recipe.classes, dtype=np.float32)[labels]


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


class Batches(keras.utils.PyDataset):
    """Shuffled training batches, augmented anew in each epoch. The seed decides all of it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        super().__init__()
        self._images, self._targets, self._recipe = images, _targets(labels, recipe), recipe
        self._epoch = 0
        self._greys = np.empty(images.shape, np.uint8)  # a quarter of the memory of floats
        self._prepare()

    def __len__(self) -> int:
        return -(-len(self._images) // self._recipe.batch_size)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        size = self._recipe.batch_size
        batch = slice(index * size, (index + 1) * size)
        return _from_greys(self._greys[batch]), self._learnt[batch]

    def on_epoch_begin(self) -> None:
        if self._epoch:
            self._prepare()
        self._epoch += 1

    def _prepare(self) -> None:
        """Shuffle and augment a whole epoch.

        Keras asks for batches in a thread of TensorFlow's, where augmenting takes ten times as
        long: what NumPy frees there goes back to the system at once.
        """
        rng = np.random.default_rng([self._recipe.seed, self._epoch + 1])
        order = rng.permutation(len(self._images))
        for start in range(0, len(order), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            images = self._images[order[part]]
            if self._recipe.augment:
                images = augment_images(images, rng)
            self._greys[part] = np.rint(images * 255)
        self._learnt = self._targets[order]


def _from_greys(greys: ByteArray) -> Float32Array:
    """Greys of 0-255 as numbers in [0, 1]."""
    return np.divide(greys, 255, dtype=np.float32)


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


def assemble(
    recipe: Recipe,
    mnist: Mnist,
    pen: PenDigits | None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    unipen: Unipen | None = None,
    told: ToldDrawings | None = None,
) -> tuple[Float32Array, IntArray, Labelled]:
    """Images (N, 28, 28) and labels (N,) to train on, and such a pair for validation.

    Validation is with MNIST's digits, or if none are learnt from, with those `told` that are kept.
    """
    rng = np.random.default_rng(recipe.seed)
    chosen, held_out = split(len(mnist.y_train), recipe.validation_share, rng, mnist.writers)
    if told and recipe.room_only:
        chosen = chosen[:0]
        validation = images_from_drawings(digits_of(told.validation))
    else:
        validation = _digits(mnist, held_out)
    rooms = told.train if told else []
    if not recipe.outliers:
        rooms = digits_of(rooms)
    room_copies = copies_of(len(rooms), recipe.room_only)
    drawings = pen.train if pen and recipe.pen_copies else []
    others: list[Drawing] = []
    if unipen and recipe.pen_copies:
        drawings = drawings + unipen.digits.train
        others = unipen.others.train if recipe.outliers else []
    copies = len(drawings) * recipe.pen_copies + len(rooms) * room_copies
    outliers = min(recipe.outliers, (len(chosen) + copies) // DIGITS_PER_OUTLIER)
    total = copies + OTHER_COPIES * len(others) + outliers

    def report(done: float) -> None:
        if total:
            on_progress(Progress(0, recipe.epochs, round(done), total, {}))

    made = []
    for _ in range(recipe.pen_copies):
        made += [add_habits(drawing, rng) for drawing in blend_drawings(drawings, rng)]
        report(len(made) / 2)
    for _ in range(OTHER_COPIES if others else 0):
        made += [replace(other, label=NOT_A_DIGIT) for other in blend_drawings(others, rng)]
    made += rooms * room_copies
    made += make_outliers(outliers, drawings + digits_of(rooms), rng)
    augmented = []
    for number, drawing in enumerate(made):
        if number % REPORTED == 0:
            report((len(made) + number) / 2)
        augmented.append(replace(drawing, strokes=augment_strokes(drawing.strokes, rng)))
    drawn, drawn_labels = images_from_drawings(augmented, rng.uniform(*PEN_WIDTHS, len(augmented)))
    images = np.empty((len(chosen) + len(drawn), *drawn.shape[1:]), np.float32)
    np.divide(mnist.x_train[chosen], 255, out=images[: len(chosen)], dtype=np.float32)
    images[len(chosen) :] = drawn
    labels = np.concatenate([mnist.y_train[chosen], drawn_labels])
    return images, labels, validation


def _digits(mnist: Mnist, indices: IntArray) -> Labelled:
    """These training digits of MNIST: images (N, 28, 28) in [0, 1] and labels (N,)."""
    return _from_greys(mnist.x_train[indices]), mnist.y_train[indices]


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
