"""The networks, each a literal list of Keras layers: images (N, 28, 28) -> softmax (N, 10)."""

from keras import Input, Sequential, layers


def mlp() -> Sequential:
    """Two wide dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            layers.Dense(1024, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(512, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cnn() -> Sequential:
    """Four 3x3 convolutions, two of them with a stride in pooling's place, and a dense layer."""
    return Sequential(
        [
            Input((28, 28)),
            layers.Reshape((28, 28, 1)),
            *convolution(16),
            *convolution(16, strides=2),
            *convolution(32),
            *convolution(32, strides=2),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(128, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def convolution(filters: int, strides: int = 1) -> list[layers.Layer]:
    """A 3x3 convolution with batch normalisation, whose momentum suits runs of few steps."""
    return [
        layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.ReLU(),
    ]


ARCHITECTURES = {"mlp": mlp, "cnn": cnn}
