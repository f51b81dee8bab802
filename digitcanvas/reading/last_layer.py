"""The last layer of a network, which a hand replaces, and what the layers before it make."""

import hashlib
from dataclasses import dataclass

import numpy as np

from digitcanvas.data.mnist import load_sample
from digitcanvas.drawing.arrays import Float32Array
from digitcanvas.reading import rehearsal
from digitcanvas.reading.network import Network
from digitcanvas.reading.once import once

AT_ONCE = 64
"""Images that the network sees at once: people who draw meanwhile wait 5 ms at most."""

PROBES = 8
"""Digits with which the last layer is found."""

TOLERANCE = 1e-3
"""By how much a probability may differ. LiteRT and NumPy differ by about 1e-6."""


@dataclass(frozen=True, eq=False)
class Hand:
    """A person's own last layer for one network: C classes, 10 or 11, from F features.

    `kernel` is float32 (C, F) and `bias` float32 (C,). `network` is the SHA-256 of the network that
    it was fitted for. A hand that was told nothing holds the network's own last layer.
    """

    kernel: Float32Array
    bias: Float32Array
    network: str

    def probabilities(self, features: Float32Array) -> Float32Array:
        """The softmax, float32 (N, C), for features (N, F)."""
        return softmax(features @ self.kernel.T + self.bias)


def softmax(logits: Float32Array) -> Float32Array:
    """Along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Float32Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


class LastLayer:
    """A network's last layer, found in a LiteRT model, and the features that it reads.

    Every method can be called from many threads at once.
    """

    def __init__(self, model: bytes) -> None:
        """Raises ValueError for a network that does not end in a dense layer with a softmax."""
        self._network = Network(model, keeps_tensors=True)
        self._features, kernel, bias = _find(self._network)
        self.served = Hand(kernel, bias, hashlib.sha256(model).hexdigest())
        """The last layer as the network came."""
        self.rehearsal = once(lambda: self.features(rehearsal.images()))
        """The features of what is rehearsed, (1000, F). Made once."""

    def features(self, images: Float32Array) -> Float32Array:
        """What the last layer reads: images float32 (N, 28, 28) in [0, 1] -> float32 (N, F)."""
        parts = [
            self._network.run(images[i : i + AT_ONCE], [self._features])[0]
            for i in range(0, len(images), AT_ONCE)
        ]
        empty = np.empty((0, self.served.kernel.shape[1]), np.float32)
        return np.concatenate(parts) if parts else empty


def _find(network: Network) -> tuple[int, Float32Array, Float32Array]:
    """Which tensor holds the features, and the kernel (C, F) and the bias (C,) that read them.

    Names and places in the file differ with the exporter, so they are told by their shapes, and
    by whether they give what the network gives.
    """
    images = np.divide(load_sample().x_test[:: 1000 // PROBES], 255, dtype=np.float32)
    (expected,) = network.run(images)
    values = {}
    for index in network.tensors():
        try:
            (values[index],) = network.run(images, [index])
        except ValueError:
            continue  # a tensor that the interpreter has optimised away
    classes = network.classes
    kernels = [value for value in values.values() if value.ndim == 2 and len(value) == classes]
    biases = [value for value in values.values() if value.shape == (classes,)]
    biases.append(np.zeros(classes, np.float32))  # which a file leaves out
    nearest, found = TOLERANCE, None
    for index, features in values.items():
        for kernel in kernels:
            if features.shape != (len(images), kernel.shape[1]):
                continue
            for bias in biases:
                distance = np.abs(softmax(features @ kernel.T + bias) - expected).max()
                if distance < nearest:
                    nearest, found = distance, (index, kernel, bias)
    if found:
        return found
    raise ValueError(
        "This network cannot learn a hand, for it does not end in a dense layer with a softmax: "
        "choose another network."
    )
