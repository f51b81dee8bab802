"""The networks, each a literal list of Keras layers: images (N, 28, 28) -> softmax (N, 10)."""

from keras import Input, Sequential, layers


def mlp() -> Sequential:
    """Two wide dense layers: they see 784 numbers and nothing of their neighbourhood."""
    return Sequential(
        [
            Input((28, 28)),
            layers.Flatten(),
            *normalised(layers.Dense(1024, use_bias=False)),
            layers.Dropout(0.2),
            *normalised(layers.Dense(512, use_bias=False)),
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
            *normalised(layers.Conv2D(16, 3, padding="same", use_bias=False)),
            *normalised(layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)),
            *normalised(layers.Conv2D(32, 3, padding="same", use_bias=False)),
            *normalised(layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)),
            layers.Flatten(),
            layers.Dropout(0.3),
            *normalised(layers.Dense(128, use_bias=False)),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )


def normalised(layer: layers.Layer) -> list[layers.Layer]:
    """The layer, batch normalisation with a momentum for runs of few steps, and a ReLU."""
    return [layer, layers.BatchNormalization(momentum=0.9), layers.ReLU()]


ARCHITECTURES = {"mlp": mlp, "cnn": cnn}
