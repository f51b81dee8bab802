"""Ink's contrast to the paper in a picture, whatever its colours and light."""

from collections.abc import Iterator

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray, Float32Array
from digitcanvas.drawing.masks import crop, depth, eroded, size

MEDIAN_SIDE = 128
"""The long side, in pixels, at which it is decided whether ink is darker or lighter than paper."""

DARKEST_PAPER = 64

WINDOWS = (0.25, 0.06)
MIN_WINDOW = 11
"""The windows of the closing that finds the paper: shares of the long side, and least pixels.

The first is wider than any pen, so that no stroke is taken for paper. The second follows light
that falls off steeply around a small digit.
"""

SECOND_COLOUR = 6.0
"""The least deviation, in greys, along the second axis of colour that is looked at."""

BROAD, SOLID = 0.12, 0.75
"""What the depth of a sheet of paper is at least of its long side, and the least share that it
fills of its outline, and its outline of a rectangle."""

RIM = 2
"""Pixels at the edge of a sheet whose colours are mixed with those outside it."""


def greys(picture: ByteArray) -> Iterator[ByteArray]:
    """The picture in greys, (H, W), in which a digit may stand out; the likeliest first.

    It is projected on the axis of colour and transparency along which it varies most, so that
    yellow stands out from white as well as black does, and any colour from transparency. If it
    has many colours, it is projected on the second axis too, on which ink stands out that shares
    the page with a broad patch of colour, and then on the distance to the paper's colour.
    """
    if picture.ndim == 2:
        yield picture
        return
    if picture.shape[2] == 4:
        yield from _without_ground(picture)
    colours = picture.reshape(-1, picture.shape[2]).astype(np.float32)
    if picture.shape[2] == 4:
        colours[:, :3] *= colours[:, 3:] / 255
    _, axes, variances = cv2.PCACompute2(  # the stub lacks None, for a mean to be computed
        colours,
        None,  # type: ignore[call-overload]
        maxComponents=2,
    )
    yield _project(colours, axes[0]).reshape(picture.shape[:2])
    if variances.item(1) > SECOND_COLOUR**2:
        yield _project(colours, axes[1]).reshape(picture.shape[:2])
        distance = np.linalg.norm(colours - np.median(colours, axis=0), axis=1)
        yield 255 - distance.clip(max=255).astype(np.uint8).reshape(picture.shape[:2])


def _project(colours: Float32Array, axis: Float32Array) -> ByteArray:
    axis = axis / np.abs(axis).sum()  # so that greys span 0 to 255, once the least is moved to 0
    grey: Float32Array = colours @ axis - 255 * np.minimum(axis, 0).sum()
    return np.rint(grey).clip(0, 255).astype(np.uint8)


def _without_ground(picture: ByteArray) -> Iterator[ByteArray]:
    """A sheet of paper that lies on transparency, as if it went on to the picture's edges."""
    visible = np.where(picture[..., 3] > 127, 255, 0).astype(np.uint8)
    if not visible.all() and is_broad(visible):
        yield from greys(continued(picture[..., :3], visible))


def is_broad(ink: ByteArray) -> bool:
    """Whether this, uint8 (H, W) of 255 on 0, is a sheet of paper rather than a pen's ink."""
    if not ink.any():
        return False
    outline = cv2.convexHull(cv2.findNonZero(ink))
    width, height = cv2.minAreaRect(outline)[1]
    area = cv2.contourArea(outline)
    if cv2.countNonZero(ink) < SOLID * area or area < SOLID * width * height:
        return False
    return bool(depth(np.pad(crop(ink), 1)).max() > BROAD * size(ink))


def continued(picture: ByteArray, sheet: ByteArray) -> ByteArray:
    """The picture where the sheet is, 255 on 0, and around it the colour of the sheet."""
    inner = eroded(sheet, 2 * RIM + 1) > 0
    result: ByteArray = picture.copy()
    if inner.any():
        result[~inner] = np.median(picture[inner], axis=0)
    return result


def is_dark_on_light(grey: ByteArray) -> bool:
    """Whether ink is likelier darker than the paper.

    Ink is rarer than paper, so the local median is that of the paper, and the sign of the summed
    cubes of the differences from it is that of the ink.
    """
    scale = min(MEDIAN_SIDE / max(grey.shape), 1)
    shape = [max(round(length * scale), 1) for length in grey.shape[::-1]]
    small = np.asarray(cv2.resize(grey, shape, interpolation=cv2.INTER_AREA), np.uint8)
    difference = small.astype(np.float32) - cv2.medianBlur(small, odd(max(small.shape) / 2))
    return bool((difference**3).sum() <= 0)


def contrast(grey: ByteArray, window: float) -> ByteArray:
    """How much darker than the paper each pixel is, 0 to 255: the same in light and in shade.

    The paper is a grey closing of the picture, which follows shadows but not strokes. Beyond its
    edges the picture is continued by point reflection, so that light goes on to fall off there; but
    not brighter than the paper is at the edge, as strokes would be.
    """
    side = odd(max(max(grey.shape) * window, MIN_WINDOW))
    smooth = cv2.medianBlur(grey, 5)
    margins = [(min(side // 2, length - 1),) * 2 for length in grey.shape]
    wide = np.pad(smooth.astype(np.int16), margins, "reflect", reflect_type="odd")
    square = np.ones((side, side), np.uint8)
    brightest = np.pad(cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, square), margins, "edge")
    continued = cv2.morphologyEx(np.minimum(wide, brightest), cv2.MORPH_CLOSE, square)
    (top, _), (left, _) = margins
    paper = continued[top : top + grey.shape[0], left : left + grey.shape[1]].clip(0, 255)
    paper = np.maximum(paper, smooth).astype(np.uint8)
    relative = cv2.subtract(paper, grey) / np.maximum(paper, DARKEST_PAPER).astype(np.float32)
    darker: ByteArray = np.rint(255 * relative).astype(np.uint8)
    return darker


def odd(length: float) -> int:
    return int(length) | 1
