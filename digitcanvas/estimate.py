"""How long a recipe will take on this machine, roughly: for a person who is about to press Retrain.

The constants were measured with `python -m tests.benchmarks.quick --times`, on one core of the
machine whose PACE is given; another machine's is measured and compared.
"""

import math
import time
from functools import cache
from itertools import pairwise

import numpy as np

from digitcanvas.recipes import Recipe

MNIST_DIGITS, SAMPLE_DIGITS, PEN_DRAWINGS = 60_000, 4_000, 6_000
"""Those to train on."""

START, PUBLISH = 8.0, 6.0  # seconds
DRAWING = 0.35e-3  # seconds to make one
PICTURE = 20e-6  # seconds to feed one image
BENDING = 45e-6  # seconds to bend one
STEP = 1.5e-3  # seconds beside the arithmetic of a batch
SPEED = 25e9  # multiplications and additions a second in training
PACE = 0.010  # seconds that `pace` took


def seconds_for(recipe: Recipe, with_pen: bool) -> float:
    """From the press of Retrain to the published model, with the pen drawings or without."""
    digits = SAMPLE_DIGITS if recipe.sample else MNIST_DIGITS
    digits -= round(digits * recipe.validation_share)
    drawings = PEN_DRAWINGS * recipe.pen_copies * with_pen
    drawings += min(recipe.outliers, (digits + drawings) // 5)
    images = digits + drawings
    image = PICTURE + recipe.augment * BENDING + 3 * multiplications(recipe) / SPEED
    epoch = images * image + math.ceil(images / recipe.batch_size) * STEP
    return (START + drawings * DRAWING + recipe.epochs * epoch + PUBLISH) * pace() / PACE


def multiplications(recipe: Recipe) -> int:
    """Those of one image's way forward through the network."""
    side, channels, total = 28, 1, 0
    for place, filters in enumerate(recipe.filters):
        if recipe.architecture == "plain-cnn":
            side -= 2
            total += side**2 * 9 * channels * filters
            side //= 2
        else:
            size = 5 if place == 0 and len(recipe.filters) > 1 else 3
            side = side if place % 2 else math.ceil(side / 2)
            total += side**2 * size**2 * channels * filters
        channels = filters
    widths = (side**2 * channels, *recipe.hidden, recipe.classes)
    return total + sum(a * b for a, b in pairwise(widths))


@cache
def pace() -> float:
    """Processor seconds of a fixed piece of arithmetic on one core: the best of a few tries."""
    values = np.random.default_rng(0).random((256, 256))
    times = []
    for _ in range(5):
        start = time.thread_time()
        np.fft.fft2(values)
        times.append(time.thread_time() - start)
    return min(times)
