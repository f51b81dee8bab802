"""Ruled and squared paper: finding the lines among the ink, and taking them out."""

import cv2
import numpy as np

from digitcanvas.drawing.arrays import BoolArray, ByteArray
from digitcanvas.drawing.masks import closed, dilated, opened, pen_width

SLOPES = np.linspace(-0.12, 0.12, 25)
"""Up to 7 degrees, half a degree apart."""

RUN = 1 / 7
"""A line runs straight over this share of the picture at a time, so that it may bend a little."""

SPAN, SHORT_SPAN, SHORT = 0.6, 0.98, 0.5
"""A line covers at least this share of the picture's width; more if the width is less than half of
the height, since a digit may be as long in a crop of a row.
"""

SEVERAL, THINNER = 3, 0.7
"""So many lines are rules; fewer are if they are thinner than the ink, by this factor."""

DARKER = 1.35
"""Ink is at least so many times darker than the lines, if it is to stay where both are."""


def without_rules(ink: ByteArray, contrast: ByteArray) -> ByteArray | None:
    """The ink, 255 on 0, without the lines that cross the whole picture; None without such lines.

    `contrast` is that of the ink to the paper. Strokes that a line has cut are mended. A few lines
    as thick as the rest of the ink are strokes of a digit that fills the picture.
    """
    count, rest, thickest = 0, np.ascontiguousarray(ink), 0.0
    for turned in (False, True):
        page = np.ascontiguousarray(rest.T if turned else rest)
        lines, number, thickness = _lines(page)
        if number:
            page = _without(page, lines, contrast.T if turned else contrast, thickness)
            rest = np.ascontiguousarray(page.T if turned else page)
            count, thickest = count + number, max(thickest, thickness)
    if not count or (count < SEVERAL and thickest > THINNER * pen_width(rest)):
        return None
    return rest


def _lines(ink: ByteArray) -> tuple[BoolArray, int, float]:
    """Where about horizontal lines are, (H, W), how many there are, and how thick they are."""
    size = ink.shape[::-1]
    slope = _slope(ink)
    level = np.array([[1, 0, 0], [-slope, 1, slope * size[0] / 2]])
    sheared = np.asarray(cv2.warpAffine(ink, level, size, flags=cv2.INTER_NEAREST), np.uint8)
    wider = dilated(sheared, 1, 3)  # so that steps of a pixel do no harm
    runs = opened(wider, max(round(RUN * size[0]), 1), 1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(runs)
    span = SPAN if size[0] > SHORT * size[1] else SHORT_SPAN
    is_line = stats[:, cv2.CC_STAT_WIDTH] >= span * size[0]
    is_line[0] = False
    straight = np.where(is_line[labels], 255, 0).astype(np.uint8)
    back = cv2.invertAffineTransform(level)
    lines = (cv2.warpAffine(straight, back, size, flags=cv2.INTER_NEAREST) > 0) & (ink > 0)
    thickness = np.count_nonzero(lines) / max(stats[is_line, cv2.CC_STAT_WIDTH].sum(), 1)
    return lines, int(np.count_nonzero(is_line)) if lines.any() else 0, thickness


def _without(ink: ByteArray, lines: BoolArray, contrast: ByteArray, thickness: float) -> ByteArray:
    """The ink without these horizontal lines, but with the strokes that cross them."""
    lines &= contrast < DARKER * np.median(contrast[lines])
    rest = np.where(lines, 0, ink).astype(np.uint8)
    reach = 2 * round(thickness) + 5
    return np.where(lines & (closed(rest, 3, reach) > 0), 255, rest).astype(np.uint8)


def _slope(ink: ByteArray) -> float:
    """The slope at which the ink's pixels fall into the fewest rows."""
    y, x = np.nonzero(ink)
    middle = ink.shape[1] / 2
    reach = int(middle * SLOPES[-1]) + 1

    def peaks(slope: float) -> float:
        rows = np.rint(y - slope * (x - middle)).astype(np.int64) + reach
        return float((np.bincount(rows) ** 2.0).sum())

    return float(max(SLOPES, key=peaks)) if len(y) else 0.0
