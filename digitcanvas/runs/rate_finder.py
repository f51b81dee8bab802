"""The learning-rate finder: train at ever higher rates, and see where the loss begins to rise.

Source: L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.
"""

import math
from dataclasses import dataclass, field, replace

from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe

FIRST, DECADE, COUNT = 1e-4, 20, 80
"""The first rate; after how many it is tenfold; and how many there are."""

GUESSING = 0.95 * math.log(10)
"""A loss above this, in nats, is hardly better than guessing among ten digits."""

DIGITS = 6000
"""Digits to train on at each rate, at the most. With all of them a search for `tiny` takes ten
times as long, and the rates that it finds are a third as high."""


@dataclass
class RateCurve:
    """Points (learning rate, mean loss of the training), one for each rate tried so far."""

    points: list[tuple[float, float]] = field(default_factory=list)

    def add(self, progress: Progress) -> None:
        """Take what an epoch's end tells; other progress tells nothing."""
        if "learning_rate" in progress.metrics:
            self.points.append((progress.metrics["learning_rate"], progress.metrics["loss"]))

    @property
    def rates(self) -> list[float]:
        return [rate for rate, _ in self.points]

    @property
    def losses(self) -> list[float]:
        return [loss for _, loss in self.points]

    @property
    def good(self) -> tuple[float, float]:
        """The range worth trying: up to the rate of the least loss, from a tenth of it.

        Raises ValueError where the network learnt at no rate.
        """
        best, loss = min(self.points, key=lambda point: point[1], default=(0, math.inf))
        if loss > GUESSING:
            raise ValueError(
                "At none of the rates did the network learn: try another seed, or another network."
            )
        return max(FIRST, best / 10), best

    @property
    def choice(self) -> float:
        """The middle of the good range, on a log axis, to two digits."""
        low, high = self.good
        return float(f"{(low * high) ** 0.5:.2g}")


def rate_of(epoch: int) -> float:
    """The learning rate of an epoch, from 0: 1e-4 at first, and almost 1 in the end."""
    return FIRST * 10 ** (epoch / DECADE)


def recipe_for(recipe: Recipe) -> Recipe:
    """The recipe as its rates are tried: on MNIST alone, without a schedule."""
    return replace(
        recipe, epochs=COUNT, schedule="constant", pen_copies=0, outliers=0, calibrated=False
    )
