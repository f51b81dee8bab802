"""Names for the kinds of arrays that pass from room to room."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
"""Coordinates and statistics."""

Float32Array = NDArray[np.float32]
"""Images as a network reads them, in [0, 1], ink 1 on paper 0; logits and probabilities."""

ByteArray = NDArray[np.uint8]
"""Pictures and ink in greys or colours of 0 to 255, among them MNIST's images."""

IntArray = NDArray[np.integer]
"""Labels, indices and counts."""

BoolArray = NDArray[np.bool_]
