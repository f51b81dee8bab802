"""Training images, distorted the way handwriting varies.

After P. Simard et al., "Best practices for convolutional neural networks applied to visual document
analysis", ICDAR 2003: affine and elastic distortions, and here of the pen's width too.
"""

import cv2
import numpy as np

from digitcanvas.drawing.arrays import Float32Array, FloatArray

# Standard deviations, a little below those tried first (models/README.md)
ROTATION = np.radians(5)
SHEAR = 0.12
SCALE = 0.06
SHIFT = 0.75  # pixels
WOBBLE = 0.5  # pixels, at WOBBLE_CELLS x WOBBLE_CELLS points, interpolated smoothly in between

# Ranges. With wider ones, a network read MNIST's 7s as the 1s that Europeans write
PAPER = (0.0, 0.15)  # the grey below which everything becomes paper: a high one thins strokes
INK = (0.7, 1.0)  # the grey above which everything becomes ink: a low one thickens strokes

WOBBLE_CELLS = 5

_Y, _X = np.mgrid[-14:14, -14:14].astype(np.float32)


def augment_images(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    """A distorted copy of each image: float32 (N, 28, 28) in [0, 1] -> the same.

    Each is rotated, sheared, scaled and shifted at random. Its strokes wobble, and become thicker
    or thinner, softer or crisper. The same generator state gives the same copies.
    """
    count = len(images)
    rotation = rng.normal(0, ROTATION, count)
    shear = rng.normal(0, SHEAR, count)
    scale = np.exp(rng.normal(0, SCALE, (count, 2)))
    shift = rng.normal(14, SHIFT, (count, 2))
    wobble = rng.normal(0, WOBBLE, (count, WOBBLE_CELLS, WOBBLE_CELLS, 2)).astype(np.float32)
    distorted = np.empty_like(images)
    for i, image in enumerate(images):
        # Where in the original each pixel of the copy comes from
        (a, b), (c, d) = affine(rotation[i], shear[i], scale[i])
        offset = cv2.resize(wobble[i], (28, 28), interpolation=cv2.INTER_CUBIC) + shift[i]
        source_x = (a * _X + b * _Y + offset[..., 0]).astype(np.float32)
        source_y = (c * _X + d * _Y + offset[..., 1]).astype(np.float32)
        cv2.remap(image, source_x, source_y, cv2.INTER_LINEAR, dst=distorted[i])
    paper = rng.uniform(*PAPER, (count, 1, 1)).astype(np.float32)
    ink = rng.uniform(*INK, (count, 1, 1)).astype(np.float32)
    return np.clip((distorted - paper) / (ink - paper), 0, 1)


def affine(rotation: float, shear: float, scale: FloatArray) -> FloatArray:
    """The matrix (2, 2) that scales, then shears, then rotates (radians)."""
    cos, sin = np.cos(rotation), np.sin(rotation)
    matrix: FloatArray = (
        np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) @ np.diag(scale)
    )
    return matrix
