"""Training images, distorted the way handwriting varies.

After P. Simard et al., "Best practices for convolutional neural networks applied to visual document
analysis", ICDAR 2003: affine and elastic distortions, and here of the pen's width too.
"""

import cv2
import numpy as np

from digitcanvas.data.handwriting import affine
from digitcanvas.drawing.arrays import Float32Array

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

SIDE = 28
AT_ONCE = 1000  # images in one call of OpenCV, which takes up to 32,767 rows

_Y, _X = np.mgrid[-14:14, -14:14].astype(np.float32)
_STRETCH = np.hstack(  # (28, 5): from the cells to the pixels, along one axis
    [
        cv2.resize(cell[:, np.newaxis], (1, SIDE), interpolation=cv2.INTER_CUBIC)
        for cell in np.eye(WOBBLE_CELLS, dtype=np.float32)
    ]
)


def augment_images(images: Float32Array, rng: np.random.Generator) -> Float32Array:
    """A distorted copy of each image: float32 (N, 28, 28) in [0, 1] -> the same.

    Each is rotated, sheared, scaled and shifted at random. Its strokes wobble, and become thicker
    or thinner, softer or crisper. The same generator state gives the same copies.
    """
    count = len(images)
    rotation = rng.normal(0, ROTATION, count)
    shear = rng.normal(0, SHEAR, count)
    scale = np.exp(rng.normal(0, SCALE, (count, 2)))
    shift = rng.normal(14, SHIFT, (count, 2)).astype(np.float32)
    wobble = rng.normal(0, WOBBLE, (count, WOBBLE_CELLS, WOBBLE_CELLS, 2)).astype(np.float32)
    offset = _STRETCH @ wobble.transpose(0, 3, 1, 2) @ _STRETCH.T + shift[..., None, None]
    # Where in the original each pixel of the copy comes from
    matrices = np.moveaxis(affine(rotation, shear, scale.T), -1, 0).astype(np.float32)
    source = matrices @ np.stack([_X.ravel(), _Y.ravel()])
    source = source.reshape(count, 2, SIDE, SIDE) + offset
    distorted = np.concatenate(
        [
            _sampled(images[start : start + AT_ONCE], source[start : start + AT_ONCE])
            for start in range(0, count, AT_ONCE)
        ]
    )
    paper = rng.uniform(*PAPER, (count, 1, 1)).astype(np.float32)
    ink = rng.uniform(*INK, (count, 1, 1)).astype(np.float32)
    return np.clip((distorted - paper) / (ink - paper), 0, 1)


def _sampled(images: Float32Array, source: Float32Array) -> Float32Array:
    """Each image (N, 28, 28) read at its `source` (N, 2, 28, 28), x and y in pixels.

    One call for all of them, stacked with paper in between: a call for each takes five times as
    long.
    """
    high = SIDE + 2
    stacked = np.pad(images, ((0, 0), (1, 1), (0, 0))).reshape(-1, SIDE)
    tops = np.arange(1, high * len(images), high, dtype=np.float32)
    x, y = source[:, 0], np.clip(source[:, 1], -1, SIDE) + tops[:, None, None]
    sampled = cv2.remap(
        stacked, x.reshape(-1, SIDE), y.reshape(-1, SIDE), cv2.INTER_LINEAR, borderValue=0
    )
    return np.asarray(sampled, np.float32).reshape(images.shape)
