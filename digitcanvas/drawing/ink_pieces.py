"""Which pieces of the ink in a picture are the digit's, and not dirt, frames or notes."""

from dataclasses import dataclass

import cv2
import numpy as np

from digitcanvas.drawing.arrays import BoolArray, ByteArray, FloatArray, IntArray
from digitcanvas.drawing.masks import depth, dilated, width_from_depth

SPECK = 0.04
"""Ink of less than this share of the digit's main piece is dirt."""

EDGE, FRAME = 0.1, 0.01
"""The least mean weight of a piece of ink that touches the picture's edge, and of any other.

A pixel weighs 1 in the middle of the picture, and 0 just outside it.
"""

LEAST_MAIN = 0.08
"""The least size of a main piece, as a share of the picture's long side, if ink at the edge is
larger."""

NEAR = 0.2
"""Between the boxes of the main piece and of a smaller one, in sizes of the main piece."""

ANOTHER_DIGIT = 0.5
"""A piece at least as high as this, in heights of the main piece, is kept: it is a digit."""

WIDEST_PART = 0.9
"""A piece that is wider than so many sizes of the main piece, and not as high, is a note."""

CUT_DIGIT = 0.3
"""A digit that the edge cuts, if as much of the main piece's height is left of it."""

SAME_PEN = 1.6
"""The most by which the widths of one pen differ from piece to piece."""

LETTER = 2.5
"""A letter is higher than so many pens, and a piece of a bar is lower."""

RING, HOLLOW = 0.85, 0.8
"""The share of a frame's outline that has ink, and of its ink that is near its outline."""

BOX, ANY = 0.88, 0.7
"""The least share of a rectangle that the outline of a box fills, and that of a ring (0.79)."""

WITHIN_BOX, WITHIN_RING = 0.2, (0.3, 0.65)
"""The size of what is framed, in sizes of its frame: a 0's slash is longer, its dot smaller."""

LARGEST = 30
"""As many pieces are asked whether they frame others."""


@dataclass(frozen=True)
class Pieces:
    """The connected pieces of ink, N of them.

    `boxes` (N, 4) are left, top, right and bottom, `size` their longer sides, `weight` the ink near
    the picture's middle, `width` the pen's in pixels, and `edges` how many of the picture's four
    edges each touches.
    """

    labels: IntArray
    boxes: IntArray
    size: IntArray
    area: IntArray
    weight: FloatArray
    width: FloatArray
    edges: IntArray

    def __len__(self) -> int:
        return len(self.area)

    def ink(self, kept: BoolArray) -> ByteArray:
        return np.where(np.concatenate([[False], kept])[self.labels], 255, 0).astype(np.uint8)


def split(ink: ByteArray) -> Pieces:
    """The pieces of ink, uint8 (H, W) of 255 on 0."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    left, top, width, height, area = stats[1:].T
    right, bottom = left + width, top + height
    sides = (left == 0, top == 0, right == ink.shape[1], bottom == ink.shape[0])
    middle = np.minimum.outer(*(np.hanning(length + 2)[1:-1] for length in ink.shape))
    flat = labels.ravel()
    weight = np.bincount(flat, (middle * (ink > 0)).ravel().astype(float), count)[1:]
    mean_depth = np.bincount(flat, depth(ink).ravel(), count)[1:] / np.maximum(area, 1)
    return Pieces(
        np.asarray(labels),
        np.stack([left, top, right, bottom], axis=1),
        np.maximum(width, height),
        area,
        weight.astype(float),
        width_from_depth(mean_depth),
        np.sum(sides, axis=0),
    )


def digit(ink: ByteArray, in_ring: bool = False) -> ByteArray:
    """The digit's ink, 255 on 0: its main piece, and those others that seem to belong to it.

    The main piece has the most ink near the middle, and does not touch the picture's edge unless
    nothing else is large enough. Further pieces are parts of the digit if they are near it, and
    other digits if they are about as high. Specks are dropped, and so are frames around the main
    piece, notes at the margin, and what touches the edge unless a digit's pen wrote a digit there.
    Rings around something are frames only if the digit is said to be `in_ring`: else they are 0s.
    """
    pieces = split(ink)
    if not len(pieces):
        return ink
    candidates = ~frames(pieces, in_ring)
    main = _main(pieces, candidates, max(ink.shape))
    extent = pieces.boxes[:, 2:] - pieces.boxes[:, :2]
    height, width = extent[:, 1] / extent[main, 1], pieces.width / pieces.width[main]
    kept = candidates & (pieces.area > SPECK * pieces.area[main])
    near = (_gap(pieces, main) < NEAR * pieces.size[main]) & (
        extent[:, 0] < WIDEST_PART * pieces.size[main]
    )
    kept &= near | (height > ANOTHER_DIGIT)
    at_edge = pieces.edges > 0
    alike = (height > CUT_DIGIT) & (height < 1 / ANOTHER_DIGIT)
    alike &= (width < SAME_PEN) & (width > 1 / SAME_PEN)
    if not at_edge[main]:
        kept &= ~at_edge
    kept &= pieces.weight > np.where(at_edge, EDGE, FRAME) * pieces.area
    kept |= candidates & at_edge & alike
    kept &= ~_notes(pieces, main)
    kept[main] = True
    return pieces.ink(kept)


def _notes(pieces: Pieces, main: int) -> BoolArray:
    """Which pieces are letters of a text above or below the main piece: (N,).

    They are much lower than it, but not flat as a bar, and stand in a row.
    """
    left, top, right, bottom = pieces.boxes.T
    height = bottom - top
    letters = (height < ANOTHER_DIGIT * height[main]) & (height > LETTER * pieces.width)
    letters &= (pieces.area > SPECK * SPECK * pieces.area[main]) & (
        (top + height / 2 > bottom[main]) | (bottom - height / 2 < top[main])
    )
    found = np.flatnonzero(letters)
    lower = np.minimum.outer(height[found], height[found])
    common = np.minimum.outer(bottom[found], bottom[found]) - np.maximum.outer(
        top[found], top[found]
    )
    apart = np.maximum.outer(left[found], left[found]) - np.minimum.outer(
        right[found], right[found]
    )
    in_row = (common > lower / 2) & (apart < 2 * lower)
    np.fill_diagonal(in_row, False)
    notes = np.zeros(len(pieces), bool)
    notes[found] = in_row.any(axis=1)
    return notes


def _main(pieces: Pieces, candidates: BoolArray, side: int) -> int:
    weight = np.where(candidates, pieces.weight, 0)
    inner = np.where(pieces.edges == 0, weight, 0).argmax()
    whole = pieces.edges[inner] == 0 and pieces.size[inner] >= LEAST_MAIN * side
    return int(inner if whole else weight.argmax())


def _gap(pieces: Pieces, main: int) -> IntArray:
    """The distance of each piece's box to the main piece's, (N,), along the farther axis."""
    low, high = pieces.boxes[:, :2], pieces.boxes[:, 2:]
    gaps: IntArray = np.maximum(low - high[main], low[main] - high).max(axis=1)
    return gaps


def frames(pieces: Pieces, in_ring: bool = False) -> BoolArray:
    """Which pieces frame another one: what runs along three of the edges, and closed outlines.

    An outline that is no box is a 0 with something in it, unless that has the size of a digit in a
    ring, or the digit is said to be `in_ring`.
    """
    found = np.zeros(len(pieces), bool)
    largest = np.argsort(-pieces.area)[:LARGEST]
    for outer in largest:
        low, high = pieces.boxes[outer, :2], pieces.boxes[outer, 2:]
        within = (pieces.boxes[largest, :2] > low) & (pieces.boxes[largest, 2:] < high)
        held = largest[within.all(axis=1)]
        inner = pieces.size[held].max(initial=0) / pieces.size[outer]
        if inner > WITHIN_BOX:
            is_ring = in_ring or WITHIN_RING[0] < inner < WITHIN_RING[1]
            least = ANY if is_ring else BOX
            found[outer] = pieces.edges[outer] >= 3 or _is_box(pieces, int(outer), least)
    return found


def _is_box(pieces: Pieces, piece: int, least: float) -> bool:
    left, top, right, bottom = pieces.boxes[piece]
    ink = np.where(pieces.labels[top:bottom, left:right] == piece + 1, 255, 0).astype(np.uint8)
    points = cv2.findNonZero(ink)
    hull = cv2.convexHull(points)
    _, (width, height), _ = cv2.minAreaRect(hull)
    if cv2.contourArea(hull) < least * width * height:
        return False
    near = 2 * max(3, round(1.2 * pieces.width[piece]), round(0.05 * pieces.size[piece])) + 1
    outline = np.zeros_like(ink)
    cv2.polylines(outline, [hull], True, 255, 1)
    hollow = cv2.countNonZero(dilated(outline, near) & ink) / len(points)
    ring = cv2.countNonZero(dilated(ink, near) & outline) / cv2.countNonZero(outline)
    return bool(hollow > HOLLOW and ring > RING)
