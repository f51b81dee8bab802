"""The networks, each a list of Keras layers: images (N, 28, 28) in [0, 1] -> softmax (N, classes).

The classes are the ten digits and, where there are eleven, "not a digit".
"""

from keras import Input, Sequential, layers

from digitcanvas.runs.recipes import Recipe


def mlp(recipe: Recipe) -> Sequential:
    """Dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return Sequential(
        [
            *pixels(recipe),
            layers.Flatten(),
            *hidden(recipe),
            layers.Dense(recipe.classes, activation="softmax"),
        ]
    )


def cnn(recipe: Recipe) -> Sequential:
    """Convolutions, every other one with a stride in pooling's place, and dense layers.

    Batch normalisation comes late, where images are small: before, it would take half of the time.
    """
    *early, last = recipe.filters
    return Sequential(
        [
            *pixels(recipe),
            layers.Reshape((28, 28, 1)),
            *[
                convolution(filters, size=3 if i else 5, strides=stride(i))
                for i, filters in enumerate(early)
            ],
            *normalised(layers.Conv2D(last, 3, stride(len(early)), padding="same", use_bias=False)),
            layers.Flatten(),
            layers.Dropout(recipe.dropout),
            *hidden(recipe),
            layers.Dense(recipe.classes, activation="softmax"),
        ]
    )


def plain_mlp(recipe: Recipe) -> Sequential:
    """Dense layers and nothing else but dropout, as first tutorials have them."""
    return Sequential(
        [
            *pixels(recipe),
            layers.Flatten(),
            *plain_hidden(recipe),
            layers.Dense(recipe.classes, activation="softmax"),
        ]
    )


def plain_cnn(recipe: Recipe) -> Sequential:
    """Linear convolutions, each with a max pooling, and dense layers, as in first tutorials."""
    return Sequential(
        [
            *pixels(recipe),
            layers.Reshape((28, 28, 1)),
            *[
                layer
                for filters in recipe.filters
                for layer in (layers.Conv2D(filters, 3), layers.MaxPooling2D())
            ],
            layers.Flatten(),
            *plain_hidden(recipe),
            layers.Dense(recipe.classes, activation="softmax"),
        ]
    )


ARCHITECTURES = {"mlp": mlp, "cnn": cnn, "plain-mlp": plain_mlp, "plain-cnn": plain_cnn}


def build(recipe: Recipe) -> Sequential:
    """The recipe's network, untrained."""
    return ARCHITECTURES[recipe.architecture](recipe)


def pixels(recipe: Recipe) -> list:
    return [Input((28, 28))] if recipe.normalise else [Input((28, 28)), layers.Rescaling(255)]


def stride(place: int) -> int:
    return 1 if place % 2 else 2


def convolution(filters: int, size: int, strides: int) -> layers.Layer:
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
    )


def hidden(recipe: Recipe) -> list[layers.Layer]:
    return [
        layer
        for width in recipe.hidden
        for layer in (
            *normalised(layers.Dense(width, use_bias=False)),
            layers.Dropout(recipe.dropout),
        )
    ]


def plain_hidden(recipe: Recipe) -> list[layers.Layer]:
    return [
        layer
        for width in recipe.hidden
        for layer in (
            layers.Dense(width, activation="relu"),
            *([layers.Dropout(recipe.dropout)] if recipe.dropout else []),
        )
    ]


def normalised(layer: layers.Layer) -> list[layers.Layer]:
    """The layer, batch normalisation with a momentum for runs of few steps, and a ReLU."""
    return [layer, layers.BatchNormalization(momentum=0.9), layers.ReLU()]
