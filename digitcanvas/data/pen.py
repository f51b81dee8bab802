"""Digits drawn with a pen, split by writer.

Source: E. Alpaydin, F. Alimoglu, "Pen-Based Recognition of Handwritten Digits", UCI Machine
Learning Repository.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digitcanvas.data.mnist import sha256
from digitcanvas.drawing.arrays import Float32Array, FloatArray, IntArray
from digitcanvas.drawing.files import read_unipen
from digitcanvas.drawing.preprocess import CANVAS, PEN_WIDTH, image_from_strokes
from digitcanvas.drawing.strokes import Drawing

VALIDATION_WRITERS = range(5, 31, 5)
"""Every fifth of the 30 writers is held out of training."""


@dataclass(frozen=True)
class PenDigits:
    """Pen drawings, split by writer: no writer is in both sets."""

    train: list[Drawing]
    validation: list[Drawing]
    sha256: str


def load_pen_digits(path: str | Path | None = None) -> PenDigits | None:
    """The drawings in the UNIPEN file `path`, else in that named by DIGITCANVAS_PEN, else None.

    Raises ValueError for a file that is missing or not UNIPEN, or lacks drawings by either the
    writers held out or the others.
    """
    path = path or pen_path()
    if not path:
        return None
    drawings = read_unipen(path)
    train = [drawing for drawing in drawings if drawing.writer not in VALIDATION_WRITERS]
    validation = [drawing for drawing in drawings if drawing.writer in VALIDATION_WRITERS]
    if not train or not validation:
        raise ValueError(
            f"{path} needs drawings by writers {', '.join(map(str, VALIDATION_WRITERS))}, to "
            "validate with, and by others, to train on."
        )
    return PenDigits(train, validation, sha256(path))


def pen_path() -> str | None:
    """The file that DIGITCANVAS_PEN names, even if it does not exist."""
    return os.environ.get("DIGITCANVAS_PEN") or None


def images_from_drawings(
    drawings: Sequence[Drawing], pen_widths: FloatArray | float = PEN_WIDTH
) -> tuple[Float32Array, IntArray]:
    """The drawings as float32 images (N, 28, 28) in [0, 1], and their labels, int64 (N,).

    `pen_widths` is one width for all or an array (N,), in pixels of the images.
    """
    images = np.empty((len(drawings), 28, 28), np.float32)
    widths = np.broadcast_to(pen_widths, len(drawings))
    for image, drawing, width in zip(images, drawings, widths, strict=True):
        image[:] = image_from_strokes(drawing.strokes, width)
    return images, np.array([drawing.label for drawing in drawings], np.int64)


def place_at_random(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """The drawing anywhere on a 280-pixel canvas, its longer side 35-80 % of the canvas's side."""
    points = np.concatenate(drawing.strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = rng.uniform(0.35, 0.80) * CANVAS / max(extent.max(), 1)
    corner = rng.uniform(0, CANVAS - extent * scale)
    strokes = [(stroke - low) * scale + corner for stroke in drawing.strokes]
    return Drawing(strokes, drawing.label, drawing.writer)
