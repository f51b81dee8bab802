"""The plain layers of `runs.networks` as a Keras network."""

import keras
from keras import layers

from digitcanvas.runs import networks
from digitcanvas.runs.networks import Spec
from digitcanvas.runs.recipes import Recipe


def build(recipe: Recipe) -> keras.Sequential:
    """The recipe's network, untrained: images (N, 28, 28) in [0, 1] to softmax (N, classes)."""
    return keras.Sequential(
        [keras.Input(networks.IMAGE), *map(keras_layer, networks.specs(recipe))]
    )


def keras_layer(spec: Spec) -> layers.Layer:
    match spec:
        case networks.Dense(units, activation, bias):
            return layers.Dense(units, activation, use_bias=bias)
        case networks.Conv2D(filters, size, stride, padding, activation, bias, initializer):
            return layers.Conv2D(
                filters,
                size,
                stride,
                padding,
                activation=activation,
                use_bias=bias,
                kernel_initializer=initializer,
            )
        case networks.MaxPooling2D():
            return layers.MaxPooling2D()
        case networks.BatchNormalization(momentum):
            return layers.BatchNormalization(momentum=momentum)
        case networks.ReLU():
            return layers.ReLU()
        case networks.Dropout(rate):
            return layers.Dropout(rate)
        case networks.Rescaling(scale):
            return layers.Rescaling(scale)
        case networks.Reshape(shape):
            return layers.Reshape(shape)
        case networks.Flatten():
            return layers.Flatten()
