"""The plain layers of `runs.networks` as a Keras network."""

import keras

from digitcanvas.runs import networks
from digitcanvas.runs.recipes import Recipe


def build(recipe: Recipe) -> keras.Sequential:
    """The recipe's network, untrained: images (N, 28, 28) in [0, 1] to softmax (N, classes)."""
    layers = [getattr(keras.layers, spec.kind)(**spec.arguments) for spec in networks.specs(recipe)]
    return keras.Sequential([keras.Input(networks.IMAGE), *layers])
