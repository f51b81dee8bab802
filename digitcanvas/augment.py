"""Training images bent the way hands bend them.

After P. Simard et al., "Best practices for convolutional neural networks applied to visual document
analysis", ICDAR 2003: affine and elastic distortions, and here the pen's width too.
"""

import cv2
import numpy as np

# Standard deviations
ROTATION = np.radians(6)
SHEAR = 0.15
SCALE = 0.075
SHIFT = 0.75  # pixels
WOBBLE = 0.65  # pixels, at WOBBLE_CELLS x WOBBLE_CELLS points and smooth between them
PEN = 0.25  # the share of a pixel by which strokes grow or shrink on each side

WOBBLE_CELLS = 5

_Y, _X = np.mgrid[-14:14, -14:14].astype(np.float32)
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def augment(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A bent copy of each image: float32 (N, 28, 28) in [0, 1] -> the same.

    Each is rotated, sheared, scaled and shifted at random, its strokes wobble, and grow a little
    thicker or thinner. The same generator state gives the same copies.
    """
    count = len(images)
    rotation = rng.normal(0, ROTATION, count)
    shear = rng.normal(0, SHEAR, count)
    scale = np.exp(rng.normal(0, SCALE, (count, 2)))
    shift = rng.normal(14, SHIFT, (count, 2))
    wobble = rng.normal(0, WOBBLE, (count, WOBBLE_CELLS, WOBBLE_CELLS, 2)).astype(np.float32)
    pen = np.clip(rng.normal(0, PEN, count), -1, 1)
    bent = np.empty_like(images)
    for i, image in enumerate(images):
        (a, b), (c, d) = _affine(rotation[i], shear[i], scale[i])
        offset = cv2.resize(wobble[i], (28, 28), interpolation=cv2.INTER_CUBIC) + shift[i]
        source_x = (a * _X + b * _Y + offset[..., 0]).astype(np.float32)
        source_y = (c * _X + d * _Y + offset[..., 1]).astype(np.float32)
        warped = cv2.remap(image, source_x, source_y, cv2.INTER_LINEAR)
        morph = cv2.dilate if pen[i] > 0 else cv2.erode
        share = abs(pen[i])
        bent[i] = (1 - share) * warped + share * morph(warped, _CROSS)
    return bent


def _affine(rotation: float, shear: float, scale: np.ndarray) -> np.ndarray:
    cos, sin = np.cos(rotation), np.sin(rotation)
    return np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) @ np.diag(scale)
