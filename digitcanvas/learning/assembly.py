"""What a network learns from: digits, drawings and outliers, as a recipe has it, and in batches."""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np

from digitcanvas.data.handwriting import (
    PEN_WIDTHS,
    add_habits,
    augment_strokes,
    blend_drawings,
)
from digitcanvas.data.mnist import Mnist, split
from digitcanvas.data.outliers import NOT_A_DIGIT, make_outliers
from digitcanvas.data.pen import PenDigits, images_from_drawings
from digitcanvas.data.told import ToldDrawings, copies_of, digits_of
from digitcanvas.data.unipen import Unipen
from digitcanvas.drawing.arrays import ByteArray, Float32Array, IntArray
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning.augment import augment_images
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe

Labelled = tuple[Float32Array, IntArray]
"""Images (N, 28, 28) in [0, 1], and their labels (N,)."""

DIGITS_PER_OUTLIER = 5
"""At least as many, so that outliers do not drown a small sample."""

OTHER_COPIES = 2
"""Of each letter or sign, each in another hand."""

AT_ONCE = 250
"""The number of images that are augmented together: the processor's cache holds them."""

REPORTED = 1000
"""The number of drawings made between two reports of progress."""


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
        validation = digits_at(mnist, held_out)
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


def digits_at(mnist: Mnist, indices: IntArray) -> Labelled:
    """These training digits of MNIST: images (N, 28, 28) in [0, 1] and labels (N,)."""
    return _from_greys(mnist.x_train[indices]), mnist.y_train[indices]


def targets_of(labels: IntArray, recipe: Recipe) -> IntArray | Float32Array:
    """Labels (N,) as the recipe's loss takes them."""
    if recipe.takes_labels:
        return labels
    return np.eye(recipe.classes, dtype=np.float32)[labels]


class Batches(keras.utils.PyDataset):
    """Shuffled training batches, augmented anew in each epoch. The seed decides all of it."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, recipe: Recipe) -> None:
        super().__init__()
        self._images, self._targets, self._recipe = images, targets_of(labels, recipe), recipe
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
