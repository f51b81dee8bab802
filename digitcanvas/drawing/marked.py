"""Pictures as a page shows them, and boxes over them."""

from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray

Colour = tuple[int, int, int]

LINE = 160
"""A box's lines are this part of the picture's long side wide."""


def scaled(picture: ByteArray, side: int) -> ByteArray:
    """The picture with a long side of so many pixels, so that lines over it are as sharp in all."""
    scale = side / max(picture.shape[:2])
    size = [max(round(length * scale), 1) for length in picture.shape[1::-1]]
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size, interpolation=way), np.uint8)


def on_white(picture: ByteArray) -> ByteArray:
    """uint8 (H, W), (H, W, 3) RGB or (H, W, 4) RGBA in RGB, white where it is transparent."""
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)
    if picture.shape[2] == 3:
        return picture
    share = picture[..., 3:] / 255
    return np.rint(picture[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


def boxed(
    picture: ByteArray,
    boxes: Sequence[tuple[float, float, float, float]],
    colours: Sequence[Colour],
) -> ByteArray:
    """The picture in RGB with a box around each place, in the colours from the first, over again.

    A box is left, top, right and bottom in shares of the picture's width and height. It is drawn
    around its place, with a white edge so that it stands out from dark paper too.
    """
    shown = on_white(picture).copy()
    height, width = shown.shape[:2]
    line = max(round(max(height, width) / LINE), 1)
    for place, (left, top, right, bottom) in enumerate(boxes):
        corner = round(left * width) - 2 * line, round(top * height) - 2 * line
        other = round(right * width) + 2 * line, round(bottom * height) + 2 * line
        cv2.rectangle(shown, corner, other, (255, 255, 255), line + 2 * max(line // 3, 1))
        cv2.rectangle(shown, corner, other, colours[place % len(colours)], line)
    return shown
