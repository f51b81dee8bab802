"""A drawing or a picture's ink as the (28, 28) image a network reads, made as MNIST was made.

Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 1998,
section III.A: the digit is fitted into 20x20 with its aspect kept, and placed in 28x28 with its
centre of mass in the middle.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array, FloatArray
from digitcanvas.drawing.strokes import Stroke, check_strokes

CANVAS = 280
"""The side of the app's canvas in pixels: it fits a phone of 320."""

SIDE = 28
BOX = 20
PEN_WIDTH = 1.3
"""The pen that strokes are drawn anew with, in pixels of the 28x28 image.

It is finer than MNIST's own, about 2.4, which fills the small loops of many hands' 8s and 9s.
"""

FINE = 8
"""Fine pixels to a pixel: drawn in black and white on this grid, then averaged to greys."""

SMALLEST = 8.0
"""A drawing under this extent, in canvas pixels, is a dot that is not blown up to a digit."""

FRACTION_BITS = 4

MIDDLE = 14.5 * FINE
"""Where MNIST's centres of mass lie: in the middle of pixel (14, 14), measured on its 60,000."""


def image_from_strokes(
    strokes: Sequence[Stroke], pen_width: float = PEN_WIDTH, centred: bool = True
) -> Float32Array:
    """Draw the strokes anew: float32 (28, 28) in [0, 1], ink 1 on paper 0.

    The strokes are arrays (n, 2) in canvas pixels; `pen_width` is in pixels of the result. Where
    on the canvas they lie and how large they are makes no difference, but for a dot (`SMALLEST`);
    or it makes all the difference, where they are not to be `centred`: then the whole canvas, 280
    pixels wide and high, is brought to 28x28 as it is.

    Raises ValueError for an empty drawing, for what `check_strokes` refuses, and for a pen under
    half a pixel or over half the box.
    """
    if not 0.5 <= pen_width <= BOX / 2:
        raise ValueError(f"The pen is {pen_width} pixels wide; it must be 0.5 to {BOX // 2}.")
    strokes = check_strokes(strokes)
    if not strokes:
        raise ValueError("The drawing is empty: draw a digit first.")
    if not centred:
        return _small(_ink(strokes, SIDE / CANVAS * FINE, 0, SIDE * FINE, pen_width))
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), SMALLEST)
    scale = (BOX - pen_width) / extent * FINE
    corner = (BOX * FINE - (low + high) * scale) / 2
    return centre(_ink(strokes, scale, corner, BOX * FINE, pen_width))


def _ink(
    strokes: Sequence[Stroke], scale: float, corner: FloatArray | float, side: int, pen_width: float
) -> ByteArray:
    """The strokes as ink, uint8 (side, side) in fine pixels: scaled, and moved to the corner."""
    lines = [np.vstack([stroke[:1], stroke]) for stroke in strokes]  # a lone point is a line too
    fixed = [
        np.rint((line * scale + corner - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
        for line in lines
    ]
    ink = np.zeros((side, side), np.uint8)
    thickness = 2 * round((pen_width * FINE - 1) / 2)  # OpenCV draws an even one a pixel wider
    cv2.polylines(ink, fixed, False, 255, thickness, cv2.LINE_8, FRACTION_BITS)
    return ink


def centre(ink: ByteArray) -> Float32Array:
    """Place ink in the (28, 28) image with its centre of mass in the middle.

    `ink` is uint8 (H, W), H and W at most 160, eight fine pixels to a pixel; ink is 255. Ink that
    would leave the image is held at its edge. Gives float32 (28, 28) in [0, 1].
    """
    height, width = ink.shape
    moments = cv2.moments(ink)
    page = np.zeros((SIDE * FINE, SIDE * FINE), np.uint8)
    left = _offset(moments["m10"] / moments["m00"], width)
    top = _offset(moments["m01"] / moments["m00"], height)
    page[top : top + height, left : left + width] = ink
    return _small(page)


def _small(page: ByteArray) -> Float32Array:
    small = cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _offset(mass: float, length: int) -> int:
    """Where ink of this length begins, so that its mass comes to the middle of the page."""
    return int(np.clip(round(MIDDLE - 0.5 - mass), 0, SIDE * FINE - length))
