"""Drawings as other programs take them: UNIPEN, and pictures."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.preprocess import CANVAS
from digitcanvas.drawing.strokes import Drawing, Stroke

FINE = 4
"""Fine pixels per pixel: ink is drawn in black and white on the fine grid, then averaged."""

FRACTION_BITS = 4
"""Of OpenCV's fixed-point coordinates: sixteenths of a pixel."""

MARGIN = 0.1
"""Around a drawing that is fitted into a picture: a share of the picture's side."""


def write_unipen(path: str | Path, drawings: Iterable[Drawing]) -> None:
    """Write drawings of digits as UNIPEN, as `read_unipen` reads it, point for point.

    The label and the writer stand in a comment, as in "Pen-Based Recognition of Handwritten Digits"
    (UCI Machine Learning Repository). UNIPEN's y axis points up.

    Raises ValueError for a label that is not a digit.
    """
    lines = [".VERSION 1.0", ".COORD X Y", ".HIERARCHY DIGIT"]
    first = 0
    for number, drawing in enumerate(drawings, 1):
        if drawing.label not in range(10):
            raise ValueError(f"UNIPEN's digits are 0 to 9, and drawing {number} is none.")
        last = first + len(drawing.strokes) - 1
        which = f"{first}-{last}" if last > first else f"{first}"
        lines.append(f'\n.SEGMENT DIGIT {which} ? "{drawing.label}"')
        lines.append(f".COMMENT {drawing.label} {drawing.writer} {number}")
        for stroke in drawing.strokes:
            points = (f"{x!r} {0 - y!r}" for x, y in stroke.tolist())
            lines += [".PEN_DOWN", *points, ".PEN_UP"]
        first = last + 1
    Path(path).write_text("\n".join([*lines, ""]), encoding="utf-8")


def picture_from_strokes(strokes: Sequence[Stroke], pen: float) -> ByteArray:
    """The canvas as it was drawn on: uint8 (280, 280), black ink 0 on white paper 255.

    The strokes (n, 2), n >= 1, and the width of the `pen` are in canvas pixels. A drawing that does
    not lie on the canvas, as one from another device, is scaled and moved into the middle.
    """
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale, offset = 1.0, np.zeros(2)
    if low.min() < 0 or high.max() > CANVAS:
        scale = (1 - 2 * MARGIN) * CANVAS / max((high - low).max(), 1)
        offset = (CANVAS - (low + high) * scale) / 2
    page = np.full((CANVAS * FINE, CANVAS * FINE), 255, np.uint8)
    thickness = 2 * round((pen * FINE - 1) / 2)  # OpenCV draws an even one a pixel wider
    for stroke in strokes:
        line = np.vstack([stroke[:1], stroke]) * scale + offset  # so that a single point is a line
        fixed = np.rint((line * FINE - 0.5) * (1 << FRACTION_BITS)).astype(np.int32)
        cv2.polylines(page, [fixed], False, 0, max(1, thickness), cv2.LINE_8, FRACTION_BITS)
    return cv2.resize(page, (CANVAS, CANVAS), interpolation=cv2.INTER_AREA).astype(np.uint8)


def write_png(path: Path, picture: ByteArray) -> None:
    """Raises OSError if it cannot be written."""
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
