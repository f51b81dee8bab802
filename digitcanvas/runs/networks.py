"""The networks, each a literal list of layers: images (28, 28) in [0, 1] to a softmax.

A layer is plain data, the name of a class in Keras and its arguments, and needs no Keras. The Keras
network (`learning.keras_networks`), the layer table of a card, the drawing and the estimate of a
run's duration are all made from these lists.

The softmax is over the ten digits and, if there are eleven classes, "not a digit".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from digitcanvas.reading.cards import Layer

if TYPE_CHECKING:
    from digitcanvas.runs.recipes import Recipe

Shape = tuple[int, ...]

IMAGE: Shape = (28, 28)


@dataclass(frozen=True)
class Spec:
    """A layer to build: the name of its class in `keras.layers`, and that class' arguments."""

    kind: str
    arguments: dict[str, Any]


def layer(kind: str, **arguments: Any) -> Spec:
    return Spec(kind, arguments)


def mlp(recipe: Recipe) -> list[Spec]:
    """Dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return [
        *pixels(recipe),
        layer("Flatten"),
        *hidden(recipe),
        layer("Dense", units=recipe.classes, activation="softmax"),
    ]


def cnn(recipe: Recipe) -> list[Spec]:
    """Convolutions, every other one with a stride instead of pooling, and dense layers.

    Batch normalisation comes late, where images are small: earlier, it would take half of the time.
    """
    *early, last = recipe.filters
    return [
        *pixels(recipe),
        layer("Reshape", target_shape=(28, 28, 1)),
        *[
            layer(
                "Conv2D",
                filters=filters,
                kernel_size=3 if i else 5,
                strides=stride(i),
                padding="same",
                activation="relu",
                kernel_initializer="he_normal",
            )
            for i, filters in enumerate(early)
        ],
        *normalised(
            "Conv2D", filters=last, kernel_size=3, strides=stride(len(early)), padding="same"
        ),
        layer("Flatten"),
        layer("Dropout", rate=recipe.dropout),
        *hidden(recipe),
        layer("Dense", units=recipe.classes, activation="softmax"),
    ]


def pooled_cnn(recipe: Recipe) -> list[Spec]:
    """Convolutions, each with a max pooling before its ReLU, and dense layers: made to be quick.

    Pooled first, a quarter of the numbers goes through the ReLU, to the same effect.
    """
    return [
        *pixels(recipe),
        layer("Reshape", target_shape=(28, 28, 1)),
        *[
            spec
            for filters in recipe.filters
            for spec in (
                layer("Conv2D", filters=filters, kernel_size=5, kernel_initializer="he_normal"),
                layer("MaxPooling2D"),
                layer("ReLU"),
            )
        ],
        layer("Flatten"),
        *hidden(recipe),
        layer("Dense", units=recipe.classes, activation="softmax"),
    ]


def plain_mlp(recipe: Recipe) -> list[Spec]:
    """Dense layers and nothing else but dropout, as first tutorials have them."""
    return [
        *pixels(recipe),
        layer("Flatten"),
        *plain_hidden(recipe),
        layer("Dense", units=recipe.classes, activation="softmax"),
    ]


def plain_cnn(recipe: Recipe) -> list[Spec]:
    """Linear convolutions, each with a max pooling, and dense layers, as in first tutorials."""
    return [
        *pixels(recipe),
        layer("Reshape", target_shape=(28, 28, 1)),
        *[
            spec
            for filters in recipe.filters
            for spec in (layer("Conv2D", filters=filters, kernel_size=3), layer("MaxPooling2D"))
        ],
        layer("Flatten"),
        *plain_hidden(recipe),
        layer("Dense", units=recipe.classes, activation="softmax"),
    ]


def pixels(recipe: Recipe) -> list[Spec]:
    return [] if recipe.normalise else [layer("Rescaling", scale=255)]


def stride(index: int) -> int:
    return 1 if index % 2 else 2


def hidden(recipe: Recipe) -> list[Spec]:
    dropout = layer("Dropout", rate=recipe.dropout)
    return [s for width in recipe.hidden for s in (*normalised("Dense", units=width), dropout)]


def plain_hidden(recipe: Recipe) -> list[Spec]:
    dropout = [layer("Dropout", rate=recipe.dropout)] if recipe.dropout else []
    return [
        spec
        for width in recipe.hidden
        for spec in (layer("Dense", units=width, activation="relu"), *dropout)
    ]


def normalised(kind: str, **arguments: Any) -> list[Spec]:
    """The layer without a bias, batch normalisation and a ReLU.

    Keras' default momentum of 0.99 is too slow for runs of a few hundred steps.
    """
    return [
        layer(kind, **arguments, use_bias=False),
        layer("BatchNormalization", momentum=0.9),
        layer("ReLU"),
    ]


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
    "pooled-cnn": Architecture("CNN", pooled_cnn, hidden=(0, 3), filters=(1, 2)),
    "plain-cnn": Architecture("CNN", plain_cnn, hidden=(0, 3), filters=(1, 3)),
    "mlp": Architecture("MLP", mlp, hidden=(1, 5)),
    "plain-mlp": Architecture("MLP", plain_mlp, hidden=(1, 5)),
}


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
    match spec.kind, spec.arguments:
        case "Dense", {"units": units}:
            detail, output = f"{units:,} neurons", (units,)
            weights = shape[0] * units
        case "Conv2D", {"filters": filters, "kernel_size": size, **rest}:
            stride = rest.get("strides", 1)
            detail = f"{filters} filters of {size}x{size}" + f", step {stride}" * (stride > 1)
            output = (*_slide(shape, 1 if rest.get("padding") == "same" else size, stride), filters)
            weights = size**2 * shape[2] * filters
        case "MaxPooling2D", _:
            detail, output = "the largest of 2x2", (*_slide(shape, 2, 2), shape[2])
        case "BatchNormalization", _:
            parameters = 4 * shape[-1]
        case "Dropout", {"rate": rate}:
            detail = f"{rate * 100:g} % left out in training"
        case "Rescaling", {"scale": scale}:
            detail = f"times {scale:g}"
        case "Reshape", {"target_shape": output}:
            pass
        case "Flatten", _:
            output = (math.prod(shape),)
        case "ReLU", _:
            pass
        case kind, _:
            raise ValueError(f"A layer {kind!r} has no description yet.")
    if weights:
        parameters = weights + output[-1] * spec.arguments.get("use_bias", True)
    if activation := spec.arguments.get("activation"):
        detail += f", {activation}"
    uses = math.prod(output[:-1])  # of each weight: once for each pixel of a convolution's output
    return Layer(spec.kind, detail, output, parameters, weights * uses)


def _slide(shape: Shape, window: int, stride: int) -> list[int]:
    """How many positions a window takes along the height and along the width."""
    return [math.ceil((side - window + 1) / stride) for side in shape[:2]]
