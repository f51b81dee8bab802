"""Strokes or ink as the (28, 28) image that a network reads, made as MNIST was made.

Y. LeCun et al., "Gradient-based learning applied to document recognition", Proc. IEEE 1998,
section III.A: the digit is scaled to fit 20x20 pixels, keeping its aspect ratio, and placed in
28x28 pixels with its centre of mass in the middle.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array, FloatArray
from digitcanvas.drawing.strokes import Stroke, check_strokes
from digitcanvas.drawing.touching import bridges

CANVAS = 280
"""The side of the app's canvas in pixels: it fits a phone of 320."""

SIDE = 28
"""The side of an image in pixels."""

BOX = 20
"""The side in pixels of the box that a digit is scaled to."""

PEN_WIDTH = 1.3
"""The width of the pen that strokes are drawn with, in pixels of the 28x28 image.

It is finer than MNIST's own, about 2.4, which fills the small loops of many people's 8s and 9s.
One network, trained with pens of 1.1 to 2.3, misread 70 of 4,996 drawings made with a pen of 2.1,
51 with 1.6 and 52, but with a lower loss, with 1.2 (models/README.md).
"""

FINE = 8
"""Fine pixels per pixel: ink is drawn in black and white on the fine grid, then averaged."""

SMALLEST = 8.0
"""The least extent, in canvas pixels, that is scaled to the whole box.

A smaller drawing is scaled no further, so a tap, which the canvas reports as a line of a fraction
of a pixel, stays a dot.
"""

FRACTION_BITS = 4
"""Of the fixed-point coordinates that OpenCV draws at: sixteenths of a fine pixel."""

MIDDLE = 14.5 * FINE
"""The centre of mass of MNIST's digits, in fine pixels: the middle of pixel (14, 14).

Measured on the 60,000 training images.
"""


def image_from_strokes(
    strokes: Sequence[Stroke],
    pen_width: float = PEN_WIDTH,
    centred: bool = True,
    widths: Sequence[float] | None = None,
) -> Float32Array:
    """Draw the strokes as an image: float32 (28, 28) in [0, 1], ink 1 on paper 0.

    The strokes are arrays (n, 2) in canvas pixels; `pen_width` is in pixels of the image. A
    `centred` drawing gives the same image wherever it lies on the canvas and whatever its size,
    unless it is smaller than `SMALLEST`. Otherwise the whole canvas, 280x280 pixels, is scaled to
    28x28, and ink outside it is cut off. If the `widths` are given that a person drew the strokes
    with, one for each in canvas pixels, ink that touched on the canvas is joined.

    Raises ValueError for an empty drawing, for strokes that `check_strokes` rejects, for a pen
    thinner than half a pixel or wider than half the box, and for other than one positive width for
    each stroke.
    """
    if not 0.5 <= pen_width <= BOX / 2:
        raise ValueError(
            f"The pen is {pen_width} pixels wide: choose a width from 0.5 to {BOX // 2}."
        )
    strokes = check_strokes(strokes)
    if not strokes:
        raise ValueError("The drawing is empty: draw a digit first.")
    check_widths(widths, strokes)
    if not centred:
        scale = SIDE / CANVAS * FINE
        strokes = _join(strokes, widths, pen_width * FINE / scale)
        return _downscale(_draw(strokes, scale, 0, SIDE * FINE, pen_width))
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()), SMALLEST)
    scale = (BOX - pen_width) / extent * FINE
    offset = (BOX * FINE - (low + high) * scale) / 2  # the middle of the drawing to that of the box
    strokes = _join(strokes, widths, pen_width * FINE / scale)
    return centre(_draw(strokes, scale, offset, BOX * FINE, pen_width))


def check_widths(widths: Sequence[float] | None, strokes: Sequence[Stroke]) -> None:
    """Raises ValueError for other than one positive width for each stroke, or None."""
    if widths is not None and (len(widths) != len(strokes) or not all(w > 0 for w in widths)):
        raise ValueError("Each stroke needs the width of its pen, a positive number.")


def _join(
    strokes: Sequence[Stroke], widths: Sequence[float] | None, gap: float
) -> Sequence[Stroke]:
    return strokes if widths is None else [*strokes, *bridges(strokes, widths, gap)]


def _draw(
    strokes: Sequence[Stroke], scale: float, offset: FloatArray | float, side: int, pen_width: float
) -> ByteArray:
    """Draw the points `stroke * scale + offset`, in fine pixels, as ink: uint8 (side, side)."""
    lines = [
        np.vstack([stroke[:1], stroke]) for stroke in strokes
    ]  # so that a single point is a line
    fixed = [
        np.rint((line * scale + offset - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
        for line in lines
    ]
    ink = np.zeros((side, side), np.uint8)
    thickness = 2 * round((pen_width * FINE - 1) / 2)  # OpenCV draws an even one a pixel wider
    cv2.polylines(ink, fixed, False, 255, thickness, cv2.LINE_8, FRACTION_BITS)
    return ink


def centre(ink: ByteArray) -> Float32Array:
    """Place ink in the image with its centre of mass in the middle: float32 (28, 28) in [0, 1].

    `ink` is uint8 (H, W) with ink 255, in fine pixels, 8 per pixel; H and W are at most 160. Ink
    that would leave the image stops at its edge.
    """
    height, width = ink.shape
    moments = cv2.moments(ink)
    page = np.zeros((SIDE * FINE, SIDE * FINE), np.uint8)
    left = _offset(moments["m10"] / moments["m00"], width)
    top = _offset(moments["m01"] / moments["m00"], height)
    page[top : top + height, left : left + width] = ink
    return _downscale(page)


def _downscale(page: ByteArray) -> Float32Array:
    small = cv2.resize(page, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)


def _offset(mass: float, length: int) -> int:
    """Where on the page ink of this length starts, so that its mass lies in the middle.

    `mass` is its centre of mass from its own start. All are in fine pixels along one axis.
    """
    return min(max(round(MIDDLE - 0.5 - mass), 0), SIDE * FINE - length)
