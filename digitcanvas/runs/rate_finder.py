"""The learning-rate finder: train at ever higher rates, and see where the loss begins to rise.

Source: L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import Recipe

FIRST, DECADE, COUNT = 1e-4, 20, 80
"""The first rate, the number of rates in which it grows tenfold, and the number of all rates."""

GUESSING = 0.95 * math.log(10)
"""A loss above this, in nats, is hardly better than guessing among ten digits."""

DIGITS = 6000
"""The greatest number of digits to train on at each rate. With all of MNIST a search for `tiny`
takes ten times as long, and the rates that it finds are a third as high."""


@dataclass(frozen=True)
class RateCurve:
    """Points (learning rate, mean loss of the training), one for each rate tried so far."""

    points: tuple[tuple[float, float], ...] = ()

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> RateCurve:
        """The curve of which these are the fields, as they come from JSON."""
        return cls(tuple((rate, loss) for rate, loss in values["points"]))

    def extended(self, progress: Progress) -> RateCurve:
        """The curve with the rate that this report ends, if it ends one."""
        if "learning_rate" not in progress.metrics:
            return self
        point = (progress.metrics["learning_rate"], progress.metrics["loss"])
        return RateCurve((*self.points, point))

    @property
    def rates(self) -> list[float]:
        return [rate for rate, _ in self.points]

    @property
    def losses(self) -> list[float]:
        return [loss for _, loss in self.points]

    @property
    def good(self) -> tuple[float, float]:
        """The range worth trying: from a tenth of the rate with the least loss up to that rate.

        Raises ValueError if the network learned at none of the rates.
        """
        best, loss = min(self.points, key=lambda point: point[1], default=(0.0, math.inf))
        if loss > GUESSING:
            raise ValueError(
                "The network learned at none of these rates: try another seed or another network."
            )
        return max(FIRST, best / 10), best

    @property
    def choice(self) -> float:
        """The middle of the good range on a log axis, to two digits."""
        low, high = self.good
        return float(f"{(low * high) ** 0.5:.2g}")


def rate_of(epoch: int) -> float:
    """The learning rate of an epoch, counted from 0: from 1e-4 to almost 1."""
    return FIRST * 10 ** (epoch / DECADE)


def recipe_for(recipe: Recipe) -> Recipe:
    """The recipe with which its rates are tried: by chance's weights, on MNIST alone, each rate
    constant."""
    return replace(
        recipe,
        epochs=COUNT,
        schedule="constant",
        start="",
        room="",
        room_only=False,
        pen_copies=0,
        outliers=0,
        calibrated=False,
    )
