"""What to tell the owner of a picture whose ink does not look like one digit."""

import cv2
import numpy as np

from digitcanvas.drawing import ink_pieces, paper
from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.ink import Ink
from digitcanvas.drawing.marked import on_white
from digitcanvas.drawing.masks import size
from digitcanvas.drawing.rules import without_rules

MANY_PIECES = 5
"""A digit falls into fewer."""

MANY_CHARACTERS = 8
"""So many are rather dirt, or a text."""

SMALL = 0.06
"""Of the picture's long side: a smaller digit has lost its loops."""

LINE = 2
"""Pixels of the outline's width."""


def advice(ink: Ink) -> str:
    """Says in a sentence or two what was found in a rejected picture, and what to do."""
    mask = ink.mask
    if size(mask) < SMALL * max(mask.shape):
        return "What was found is very small: go nearer, or cut the picture down to the digit."
    if paper.is_broad(mask):
        return (
            "What was found is too broad for a pen, like a sheet or a shadow: let the paper fill "
            "the whole picture."
        )
    is_lined = without_rules(ink.ink, ink.contrast) is not None
    pieces = ink_pieces.split(mask)
    is_cut = bool((pieces.edges > 0).any())
    if is_cut and not is_lined:
        return "The ink runs into the picture's edge: leave room around the digit."
    characters = _side_by_side(pieces)
    if 1 < characters < MANY_CHARACTERS and not is_cut:
        return (
            f"{characters} characters were found side by side, which do not look like digits: cut "
            "the picture down to one."
        )
    if is_lined:
        return (
            "Lines run across the picture: use blank paper, or a pen that is darker and wider "
            "than the lines."
        )
    if len(pieces) >= MANY_PIECES:
        return (
            f"The ink that was found is in {len(pieces)} pieces: cut the picture down to the "
            "digit, or use a thicker pen and even light."
        )
    return (
        "The ink that was found does not have the shape of a digit: if its outline is not what was "
        "written, use a darker pen on blank paper."
    )


def _side_by_side(pieces: ink_pieces.Pieces) -> int:
    """How many pieces are about as high as the highest."""
    heights = pieces.boxes[:, 3] - pieces.boxes[:, 1]
    return int(np.count_nonzero(heights > ink_pieces.ANOTHER_DIGIT * heights.max()))


def outlined(picture: ByteArray, mask: ByteArray, colour: tuple[int, int, int]) -> ByteArray:
    """The picture in RGB with the outline of the ink that was found in it, in this colour.

    `picture` is as `image_from_picture` takes it, and `mask` that of an `Ink` found in it.
    """
    shown = np.ascontiguousarray(on_white(picture))
    shape = shown.shape[1::-1]
    large = np.where(cv2.resize(mask, shape, interpolation=cv2.INTER_LINEAR) > 127, 255, 0)
    outlines, _ = cv2.findContours(large.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(shown.copy(), outlines, -1, colour, LINE), np.uint8)
