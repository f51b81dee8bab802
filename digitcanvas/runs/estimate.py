"""How long a recipe will take on this machine, roughly: for a person who is about to press Retrain.

The constants were fitted to seven runs on one core of the machine whose PACE is given
(`python -m tests.benchmarks.estimate` measures such runs); this machine's pace is compared to it.
"""

import math
import time
from functools import cache

import numpy as np

from digitcanvas.data.mnist import validation_size
from digitcanvas.data.pen import pen_path
from digitcanvas.data.told import SHARE, copies_of
from digitcanvas.data.unipen import unipen_folder
from digitcanvas.runs import rate_finder
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import Task, Training, Trial

MNIST_DIGITS, SAMPLE_DIGITS = 60_000, 4_000
PEN_DRAWINGS, UNIPEN_DIGITS, UNIPEN_OTHERS = 6_000, 4_800, 2 * 8_200
"""How many there are to train on. Each of UNIPEN's letters and signs is taken twice."""

# Seconds
START = 7.3  # until the first batch, without drawings
PUBLISH = 3.5
DRAWING = 0.35e-3  # to make one
AUGMENTATION = 0.03e-3  # of one image
MULTIPLICATION = 42e-12  # with what it takes on the way back
STEP = 1.4e-3  # of a batch of any size
UPDATE = 13e-9  # of a weight after a batch

TRIAL = 1 / 3
"""The share of a training that a study's trial takes on average, as most are stopped early: 30 took
the time of 9.9 (`python -m tests.benchmarks.tune`).
"""

PACE = 0.0010
"""What `pace` gave where the others were measured."""


def seconds_for(recipe: Recipe, told: int = 0) -> float:
    """From the press of Retrain to the published model, with the drawings that are at hand.

    `told` is the number of the room's drawings, where the recipe learns from them.
    """
    digits, _ = split_sizes(recipe)
    has_unipen = unipen_folder() is not None
    drawings = PEN_DRAWINGS * (pen_path() is not None) + UNIPEN_DIGITS * has_unipen
    drawings *= recipe.pen_copies
    if recipe.room:
        learnt = told - told // SHARE
        drawings += learnt * copies_of(learnt, recipe.room_only)
    drawings += min(recipe.outliers, (digits + drawings) // 5)
    if has_unipen and recipe.pen_copies and recipe.outliers:
        drawings += UNIPEN_OTHERS
    epoch = _epoch(recipe, digits + drawings)
    return (START + drawings * DRAWING + recipe.epochs * epoch + PUBLISH) * pace() / PACE


def seconds_of(task: Task) -> float:
    """From a run's beginning to its end."""
    match task:
        case Training():
            return seconds_for(task.recipe)
        case Trial():
            return seconds_for(task.recipe) * TRIAL
    return seconds_to_find_rate(task.recipe)


def seconds_to_find_rate(recipe: Recipe) -> float:
    """From the press of the button to the rate found."""
    recipe = rate_finder.recipe_for(recipe)
    digits, _ = split_sizes(recipe)
    epoch = _epoch(recipe, min(rate_finder.DIGITS, digits))
    return (START + recipe.epochs * epoch) * pace() / PACE


def split_sizes(recipe: Recipe) -> tuple[int, int]:
    """How many of MNIST's training digits there are to train on, and to validate with.

    Where MNIST's writers are known, a few digits more or fewer: no writer is split. None where the
    room's drawings are all that is learnt from.
    """
    if recipe.room_only:
        return 0, 0
    digits = SAMPLE_DIGITS if recipe.sample else MNIST_DIGITS
    kept = validation_size(digits, recipe.validation_share)
    return digits - kept, kept


def _epoch(recipe: Recipe, images: int) -> float:
    """Seconds at the pace that the constants were fitted to."""
    table = layer_table(recipe)
    multiplications = sum(layer.multiplications for layer in table)
    weights = sum(layer.parameters for layer in table)
    image = AUGMENTATION * recipe.augment + MULTIPLICATION * multiplications
    step = STEP + UPDATE * weights
    return images * image + math.ceil(images / recipe.batch_size) * step


@cache
def pace() -> float:
    """Seconds that one core takes for a fixed piece of arithmetic: the best of many tries."""
    values = np.random.default_rng(0).random((256, 256))
    times = []
    for _ in range(30):
        start = time.perf_counter()
        np.fft.fft2(values)
        times.append(time.perf_counter() - start)
    return min(times)
