"""The networks, each a literal list of layers: images (28, 28) in [0, 1] to a softmax.

The layers are plain data and know nothing of Keras. Keras' own layers
(`learning.keras_networks`), the layer table of a card, the drawing and the estimate of a run's
duration are all made from these lists.

The softmax is over the ten digits and, if there are eleven classes, "not a digit".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from digitcanvas.reading.cards import Layer

if TYPE_CHECKING:
    from digitcanvas.runs.recipes import Recipe

Activation = Literal["linear", "relu", "softmax"]
Shape = tuple[int, ...]

IMAGE: Shape = (28, 28)


@dataclass(frozen=True)
class Rescaling:
    """Multiplies every number by `scale`."""

    scale: float


@dataclass(frozen=True)
class Reshape:
    shape: Shape


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dense:
    units: int
    activation: Activation = "linear"
    bias: bool = True


@dataclass(frozen=True)
class Conv2D:
    """Filters of `size` x `size` pixels that move by `stride` pixels."""

    filters: int
    size: int
    stride: int = 1
    padding: Literal["same", "valid"] = "valid"
    activation: Activation = "linear"
    bias: bool = True
    initializer: Literal["glorot_uniform", "he_normal"] = "glorot_uniform"


@dataclass(frozen=True)
class MaxPooling2D:
    """The largest number of each square of 2x2."""


@dataclass(frozen=True)
class BatchNormalization:
    momentum: float


@dataclass(frozen=True)
class ReLU:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


Spec = (
    Rescaling
    | Reshape
    | Flatten
    | Dense
    | Conv2D
    | MaxPooling2D
    | BatchNormalization
    | ReLU
    | Dropout
)


def mlp(recipe: Recipe) -> list[Spec]:
    """Dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return [
        *pixels(recipe),
        Flatten(),
        *hidden(recipe),
        Dense(recipe.classes, "softmax"),
    ]


def cnn(recipe: Recipe) -> list[Spec]:
    """Convolutions, every other one with a stride instead of pooling, and dense layers.

    Batch normalisation comes late, where images are small: earlier, it would take half of the time.
    """
    *early, last = recipe.filters
    return [
        *pixels(recipe),
        Reshape((28, 28, 1)),
        *[
            Conv2D(filters, 3 if i else 5, stride(i), "same", "relu", initializer="he_normal")
            for i, filters in enumerate(early)
        ],
        *normalised(Conv2D(last, 3, stride(len(early)), "same", bias=False)),
        Flatten(),
        Dropout(recipe.dropout),
        *hidden(recipe),
        Dense(recipe.classes, "softmax"),
    ]


def plain_mlp(recipe: Recipe) -> list[Spec]:
    """Dense layers and nothing else but dropout, as first tutorials have them."""
    return [
        *pixels(recipe),
        Flatten(),
        *plain_hidden(recipe),
        Dense(recipe.classes, "softmax"),
    ]


def plain_cnn(recipe: Recipe) -> list[Spec]:
    """Linear convolutions, each with a max pooling, and dense layers, as in first tutorials."""
    return [
        *pixels(recipe),
        Reshape((28, 28, 1)),
        *pooled(recipe),
        Flatten(),
        *plain_hidden(recipe),
        Dense(recipe.classes, "softmax"),
    ]


def pooled(recipe: Recipe) -> list[Spec]:
    specs: list[Spec] = []
    for filters in recipe.filters:
        specs += [Conv2D(filters, 3), MaxPooling2D()]
    return specs


def pixels(recipe: Recipe) -> list[Spec]:
    return [] if recipe.normalise else [Rescaling(255)]


def stride(index: int) -> int:
    return 1 if index % 2 else 2


def hidden(recipe: Recipe) -> list[Spec]:
    return [
        spec
        for width in recipe.hidden
        for spec in (*normalised(Dense(width, bias=False)), Dropout(recipe.dropout))
    ]


def plain_hidden(recipe: Recipe) -> list[Spec]:
    specs: list[Spec] = []
    for width in recipe.hidden:
        specs.append(Dense(width, "relu"))
        if recipe.dropout:
            specs.append(Dropout(recipe.dropout))
    return specs


def normalised(spec: Spec) -> list[Spec]:
    """The layer, batch normalisation and a ReLU.

    Keras' default momentum of 0.99 is too slow for runs of a few hundred steps.
    """
    return [spec, BatchNormalization(momentum=0.9), ReLU()]


@dataclass(frozen=True)
class Architecture:
    """A kind of network: its `family` in the form, its layers for a recipe, and its limits.

    `hidden` and `filters` are the least and the greatest number of dense and of convolutional
    layers that a recipe may give it.
    """

    family: str
    specs: Callable[[Recipe], list[Spec]]
    hidden: tuple[int, int]
    filters: tuple[int, int] = (0, 0)


ARCHITECTURES = {
    "cnn": Architecture("CNN", cnn, hidden=(0, 3), filters=(1, 6)),
    "plain-cnn": Architecture("CNN", plain_cnn, hidden=(0, 3), filters=(1, 3)),
    "mlp": Architecture("MLP", mlp, hidden=(1, 5)),
    "plain-mlp": Architecture("MLP", plain_mlp, hidden=(1, 5)),
}

FAMILIES = tuple(dict.fromkeys(architecture.family for architecture in ARCHITECTURES.values()))


def family(recipe: Recipe) -> str:
    return ARCHITECTURES[recipe.architecture].family


def specs(recipe: Recipe) -> list[Spec]:
    """The recipe's network. Its input is an image (28, 28)."""
    return ARCHITECTURES[recipe.architecture].specs(recipe)


def layer_table(recipe: Recipe) -> tuple[Layer, ...]:
    """The recipe's network as a table, a row for each layer."""
    table, shape = [], IMAGE
    for spec in specs(recipe):
        table.append(describe(spec, shape))
        shape = table[-1].shape
    return tuple(table)


def describe(spec: Spec, shape: Shape) -> Layer:
    """A layer as a row of the table, if its input has this shape."""
    detail, output, weights, parameters = "", shape, 0, 0
    match spec:
        case Dense(units, activation, bias):
            detail = _activated(f"{units:,} neurons", activation)
            output = (units,)
            weights = shape[0] * units
            parameters = weights + bias * units
        case Conv2D(filters, size, stride, padding, activation, bias):
            step = f", step {stride}" if stride > 1 else ""
            detail = _activated(f"{filters} filters of {size}x{size}{step}", activation)
            output = (*_slide(shape, 1 if padding == "same" else size, stride), filters)
            weights = size**2 * shape[2] * filters
            parameters = weights + bias * filters
        case MaxPooling2D():
            detail = "the largest of 2x2"
            output = (*_slide(shape, 2, 2), shape[2])
        case BatchNormalization():
            parameters = 4 * shape[-1]
        case Dropout(rate):
            detail = f"{rate * 100:g} % left out in training"
        case Rescaling(scale):
            detail = f"times {scale:g}"
        case Reshape(output):
            pass
        case Flatten():
            output = (math.prod(shape),)
    uses = math.prod(output[:-1])  # of each weight: once for each pixel of a convolution's output
    return Layer(type(spec).__name__, detail, output, parameters, weights * uses)


def _slide(shape: Shape, window: int, stride: int) -> Sequence[int]:
    """How many positions a window takes along the height and along the width."""
    return [math.ceil((side - window + 1) / stride) for side in shape[:2]]


def _activated(detail: str, activation: Activation) -> str:
    return detail if activation == "linear" else f"{detail}, {activation}"
