"""The networks, each a literal list of Keras layers: images (N, 28, 28) -> softmax (N, classes).

The classes are the ten digits and, where there are eleven, "not a digit".
"""

from keras import Input, Sequential, layers


def mlp(classes: int) -> Sequential:
    """Two wide dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            *normalised(layers.Dense(1024, use_bias=False)),
            layers.Dropout(0.2),
            *normalised(layers.Dense(512, use_bias=False)),
            layers.Dropout(0.2),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def cnn(classes: int) -> Sequential:
    """Five convolutions, three of them with a stride in pooling's place, and a dense layer.

    Batch normalisation comes late, where images are small: before, it would take half of the time.
    """
    return Sequential(
        [
            Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            convolution(32, 5, strides=2),
            convolution(32, 3),
            convolution(64, 3, strides=2),
            convolution(64, 3),
            *normalised(layers.Conv2D(96, 3, strides=2, padding="same", use_bias=False)),
            layers.Flatten(),
            layers.Dropout(0.3),
            *normalised(layers.Dense(128, use_bias=False)),
            layers.Dropout(0.3),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def convolution(filters: int, size: int, strides: int = 1) -> layers.Layer:
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
    )


def normalised(layer: layers.Layer) -> list[layers.Layer]:
    """The layer, batch normalisation with a momentum for runs of few steps, and a ReLU."""
    return [layer, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


ARCHITECTURES = {"mlp": mlp, "cnn": cnn}
