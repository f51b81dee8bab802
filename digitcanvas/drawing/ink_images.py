"""The ink of one digit in a picture as the (28, 28) image that a network reads."""

import cv2
import numpy as np

from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array
from digitcanvas.drawing.ink import Ink, find_inks, fit
from digitcanvas.drawing.masks import crop, depth, dilated, pen_width
from digitcanvas.drawing.preprocess import BOX, FINE, SIDE, centre

OUTLINE_SIDE = 320
MARGIN = 40
"""A digit's long side while its pen is thinned or widened, and the margin around it, in pixels."""

COARSE = 40
"""A digit of fewer pixels than this keeps its greys, which hold more than its outline does."""

FAINTEST_INK = 16

MNIST_PEN = 2.4
"""The width of MNIST's own pen, about, in pixels of the image. Thinner pens are widened to it."""

WIDEST_PEN = 3.6
"""The width of the boldest pens in MNIST, about. Wider pens are thinned to MNIST_PEN."""

RIDGE_SLOPE = 0.6
"""The distance to the paper rises by 1 a pixel across a stroke, and by less along its middle."""


def image_from_picture(picture: ByteArray, centred: bool = True) -> Float32Array:
    """Find the digit in a picture: float32 (28, 28) in [0, 1], ink 1 on paper 0.

    `picture` is uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, and shows one digit, dark on
    light or light on dark. Its size, position and colours, the width of its pen, and uneven light
    make little difference. A digit of fewer than 40 pixels keeps its greys, and MNIST's own images
    are returned as they are. A digit that is not `centred` keeps its position and size: the whole
    picture is scaled to 28x28, whatever its shape.

    Raises ValueError for another type or shape, a side of fewer than 5 pixels, and a picture in
    which nothing stands out from the paper.
    """
    return image_from_ink(next(find_inks(picture)), centred)


def image_from_ink(ink: Ink, centred: bool = True) -> Float32Array:
    """The digit's image, float32 (28, 28) in [0, 1]; see `image_from_picture`."""
    if centred and ink.detail:
        ink = ink.detail
    contrast = np.where(dilated(ink.mask, 5) > 0, ink.contrast, 0).astype(np.uint8)
    if not centred:
        small = cv2.resize(_stretch(contrast, ink.mask), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / np.float32(255)
    if max(crop(ink.mask).shape) >= COARSE:
        drawn = _redraw(crop(contrast), ink.threshold)
    else:
        drawn = _stretch(contrast, ink.mask)
        if _is_centred(drawn):
            return drawn.astype(np.float32) / np.float32(255)
    return centre(fit(crop(drawn), BOX * FINE))


def _stretch(contrast: ByteArray, digit: ByteArray) -> ByteArray:
    """Ink in greys: the contrast, stretched so that the digit's darkest twentieth becomes 255."""
    ink = contrast * (255 / np.percentile(contrast[digit > 0], 95))
    return np.where(ink < FAINTEST_INK, 0, ink.clip(max=255)).astype(np.uint8)


def _is_centred(ink: ByteArray) -> bool:
    """Whether the ink is laid out as MNIST's images are."""
    if ink.shape != (SIDE, SIDE) or max(crop(ink).shape) > BOX + 1:
        return False
    moments = cv2.moments(ink)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    return bool((np.abs(middle - SIDE / 2) < 1).all())


def _redraw(contrast: ByteArray, threshold: float) -> ByteArray:
    """Ink in black and white, with a thin pen widened and a broad pen thinned to MNIST_PEN.

    The path of a broad pen is the ridge of the distance transform, where its slope is well below 1.
    """
    grey = cv2.copyMakeBorder(
        fit(contrast, OUTLINE_SIDE), MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT
    )
    ink = np.where(grey > threshold, 255, 0).astype(np.uint8)
    pixel = max(crop(ink).shape) / BOX
    width = pen_width(ink)
    if width > WIDEST_PEN * pixel:
        inside = cv2.GaussianBlur(depth(ink), (0, 0), 2)
        slope = np.hypot(*(cv2.Sobel(inside, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (0, 1)))
        ridge = (slope < RIDGE_SLOPE) & (inside > width / 4)
        return _dilate(ridge, MNIST_PEN * pixel / 2)
    return _dilate(ink > 0, max(MNIST_PEN * pixel - width, 0) / 2)


def _dilate(ink: BoolArray, radius: float) -> ByteArray:
    distance = depth(np.where(ink, 0, 255).astype(np.uint8))
    return np.where(distance <= radius, 255, 0).astype(np.uint8)
