"""Ink as masks, uint8 (H, W) of 255 on 0: OpenCV's operations on them, and what they measure."""

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array, FloatArray


def otsu(contrast: ByteArray) -> tuple[float, ByteArray]:
    """N. Otsu's threshold (IEEE Trans. SMC, 1979), and where the contrast is above it."""
    threshold, ink = cv2.threshold(contrast, 0, 255, cv2.THRESH_OTSU)
    return threshold, np.asarray(ink, np.uint8)


def dilated(mask: ByteArray, width: int, height: int | None = None) -> ByteArray:
    return _changed(cv2.MORPH_DILATE, mask, width, height)


def eroded(mask: ByteArray, width: int, height: int | None = None) -> ByteArray:
    return _changed(cv2.MORPH_ERODE, mask, width, height)


def opened(mask: ByteArray, width: int, height: int | None = None) -> ByteArray:
    return _changed(cv2.MORPH_OPEN, mask, width, height)


def closed(mask: ByteArray, width: int, height: int | None = None) -> ByteArray:
    return _changed(cv2.MORPH_CLOSE, mask, width, height)


def _changed(operation: int, mask: ByteArray, width: int, height: int | None) -> ByteArray:
    window = np.ones((height or width, width), np.uint8)
    return np.asarray(cv2.morphologyEx(mask, operation, window), np.uint8)


def hull(mask: ByteArray) -> ByteArray:
    """The mask's convex hull."""
    outline = cv2.convexHull(cv2.findNonZero(mask))
    return np.asarray(cv2.fillConvexPoly(np.zeros_like(mask), outline, 255), np.uint8)


def size(mask: ByteArray) -> int:
    """The longer side of the mask's box in pixels; 0 if it is empty."""
    return max(cv2.boundingRect(mask)[2:])


def crop(mask: ByteArray) -> ByteArray:
    """The mask's box."""
    left, top, width, height = cv2.boundingRect(mask)
    return mask[top : top + height, left : left + width]


def depth(mask: ByteArray) -> Float32Array:
    """The distance of each pixel of the ink to the paper, in pixels."""
    return np.asarray(cv2.distanceTransform(mask, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def pen_width(mask: ByteArray) -> float:
    """The pen's mean width in pixels; 0 without ink."""
    return float(width_from_depth(depth(mask)[mask > 0].mean())) if mask.any() else 0.0


def width_from_depth(mean: FloatArray) -> FloatArray:
    """A pen's width, of which the mean depth across a stroke is a quarter."""
    return 4 * (mean - 0.5)
