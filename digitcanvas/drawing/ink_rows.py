"""The rows of ink in a picture of several digits, in pieces from left to right.

A piece is connected ink, or a part of it between two columns where digits may touch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from cv2.typing import MatLike

from digitcanvas.drawing import ink_pieces, paper
from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array, FloatArray, IntArray
from digitcanvas.drawing.ink import Ink, checked, fit, stands_out
from digitcanvas.drawing.ink_images import image_from_ink
from digitcanvas.drawing.masks import hull, otsu
from digitcanvas.drawing.rules import without_rules

SIDE = 800
"""The long side, in pixels, to which larger pictures are reduced."""

LEAST_HEIGHT = 0.015
"""The least height of a digit, in shares of the picture's long side."""

# Lengths below are in heights of the row's digits
TALL = 0.5
"""A piece at least this high may be a digit by itself."""

BROADEST = 0.3
"""No pen is wider: what is between digits is."""

FULL = 0.6
"""A sheet of paper is at least this full: there is little ink on it."""

SPECK = 1.5
"""The least area of a low piece, in squares of the pen's width."""

OVERLAP = 0.5
"""Two tall pieces are in one row if they share so much of the lower one's height."""

BESIDE = 0.25
"""A low piece belongs to the row if it is no farther from its tall pieces than this."""

WITHIN = 0.4
"""A low piece that shares so much of its width with a tall one is a part of it."""

CUT_WIDTH = 0.5
"""Wider pieces are cut."""

CUT_APART = 0.12
"""Between two cuts, and between a cut and an end."""

SMOOTH = 0.02
"""The deviation by which the ink in each column is smoothed."""

CUTS = 6

JOINS = (0, 3)
"""A row is cut in either way: so many of the cuts are where the two sides are joined least, the
others where there is the least ink. Of 120 touching pairs more were read with both than with one.
"""

COARSE = 64
"""A piece is reduced to about so many pixels to a digit's height while its joins are measured."""

STUB = 0.25
"""Ink beyond a cut goes with the ink that it hangs by if it is less than so much of its own side:
of 0.15, 0.25, 0.35 and 0.5 the best on touching pairs.
"""

BOXED, WITHIN_CELL, THIN = 0.88, 0.3, 0.1
"""The least share of its rectangle that a cell of a form fills (a 0's hole fills 0.79), and the
least height of what is written in it, in heights of the cell. Its line is thinner than so much of
its shorter side.
"""

SLASH, SLANTS, SHORT, STRAIGHT = 1.12, (8, 60), 0.05, 2.0
"""A slash is a straight stroke that is higher than most digits, and ends no lower than so much
within those beside it; it leans by so many degrees, and its box is at most so many pens wide.
"""


@dataclass(frozen=True)
class Row:
    """A row of P pieces of ink in a picture that was reduced by `scale`.

    `labels` is integer (H, W), 0 where no ink of the row is and the piece's number, from 1, where
    it is; `boxes` (P, 4) are left, top, right and bottom; `cuts` tells
    for each piece but the last whether a cut parts it from the next. `height` is a digit's.
    """

    contrast: ByteArray
    labels: IntArray
    threshold: float
    boxes: IntArray
    cuts: BoolArray
    height: float
    scale: float

    def image(self, first: int, last: int) -> Float32Array:
        """The pieces from `first` to `last` as the image of one digit, (28, 28) in [0, 1]."""
        left, top = self.boxes[first : last + 1, :2].min(axis=0)
        right, bottom = self.boxes[first : last + 1, 2:].max(axis=0)
        labels = np.pad(self.labels[top:bottom, left:right], RIM)
        mask = np.where((labels > first) & (labels <= last + 1), 255, 0).astype(np.uint8)
        contrast = self.contrast[max(top - RIM, 0) : bottom + RIM, max(left - RIM, 0) : right + RIM]
        margins = [
            (RIM - min(top, RIM), RIM - min(self.contrast.shape[0] - bottom, RIM)),
            (RIM - min(left, RIM), RIM - min(self.contrast.shape[1] - right, RIM)),
        ]
        others = (labels > 0) & (mask == 0)
        own = np.where(others, 0, np.pad(contrast, margins)).astype(np.uint8)
        return image_from_ink(Ink(own, mask, mask, self.threshold))

    def box(self, first: int, last: int) -> FloatArray:
        """Where those pieces are in the picture: left, top, right and bottom in its pixels."""
        boxes = self.boxes[first : last + 1]
        return np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]) * self.scale


RIM = 3
"""Pixels around a piece that may hold a little of its ink."""


def find_rows(picture: ByteArray) -> Iterator[Row]:
    """The main row of ink in either polarity, the likelier first.

    Yields none where nothing stands out from the paper. Raises ValueError as `image_from_picture`.
    """
    picture = np.ascontiguousarray(checked(picture))
    scale = max(max(picture.shape[:2]) / SIDE, 1.0)
    small = fit(picture, SIDE) if scale > 1 else picture
    for window in paper.WINDOWS:
        for greys in _greys(small):
            for contrast, ink, threshold in _looks(greys, window):
                yield from _rows(contrast, ink, threshold, scale)
                sheet = _sheet(ink)
                if sheet is not None:
                    colours = small[..., :3] if small.ndim == 3 else small
                    for inner in _greys(paper.continued(colours, sheet)):
                        for look in _looks(inner, window):
                            yield from _rows(*look, scale)


def _greys(picture: ByteArray) -> Iterator[list[ByteArray]]:
    """The picture in greys: all its colours at once, if it has many, and those of `paper.greys`."""
    greys = list(paper.greys(picture))
    if len(greys) > 1 and picture.shape[2] == 3:
        yield [np.ascontiguousarray(picture[..., colour]) for colour in range(3)]
    for grey in greys:
        yield [grey]


def _looks(greys: list[ByteArray], window: float) -> Iterator[tuple[ByteArray, ByteArray, float]]:
    """The contrast, the ink and its threshold in either polarity, the likelier first.

    Each pixel has the contrast of that grey in which it stands out most, so that digits of any
    colours do in one picture.
    """
    dark = sum(paper.is_dark_on_light(grey) for grey in greys) > len(greys) / 2
    for invert in [False, True] if dark else [True, False]:
        contrasts = [paper.contrast(255 - grey if invert else grey, window) for grey in greys]
        contrast: ByteArray = np.max(contrasts, axis=0)
        threshold, ink = otsu(contrast)
        if stands_out(contrast, ink, window):
            yield contrast, ink, threshold


def _sheet(ink: ByteArray) -> ByteArray | None:
    """The outline of the largest piece of ink if that is a sheet of paper that was written on."""
    pieces = ink_pieces.split(ink)
    largest = pieces.ink(np.arange(len(pieces)) == pieces.area.argmax())
    outlines, _ = cv2.findContours(largest, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.asarray(cv2.drawContours(np.zeros_like(ink), outlines, -1, 255, -1), np.uint8)
    is_full = pieces.area.max() > FULL * cv2.countNonZero(filled)
    return hull(largest) if is_full and paper.is_broad(filled) else None


def _rows(contrast: ByteArray, ink: ByteArray, threshold: float, scale: float) -> Iterator[Row]:
    """The row of all ink, and that of the darker half of it: printed lines are lighter.

    Each is cut in the two ways of JOINS, if there is anything to cut.
    What is one piece is left whole, since a letter's darker half may fall into digits.
    """
    darker, _ = cv2.threshold(contrast[ink > 0], 0, 255, cv2.THRESH_OTSU)
    for least in (threshold, darker):
        strong = _without_cells(np.where(contrast > least, 255, 0).astype(np.uint8))
        plain = without_rules(strong, contrast)
        rest = strong if plain is None else plain
        for joins in JOINS:
            row = _row(rest, contrast, least, scale, joins)
            if row:
                yield row
            if row is None or not row.cuts.any():
                break
        if row and plain is None and len(row.cuts) and row.cuts.all():
            return


def _thickness(outer: MatLike, inner: MatLike) -> float:
    """How near a hole comes to the outline that it is in, in pixels."""
    return float(
        min(abs(cv2.pointPolygonTest(outer, point, True)) for point in inner[:, 0].tolist())
    )


def _without_cells(ink: ByteArray) -> ByteArray:
    """The ink without the boxes, or the table, whose cells it is written in."""
    outlines, tree = cv2.findContours(ink, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    rest = ink
    for outline, (_, _, inner, outer) in zip(
        outlines, tree[0] if len(outlines) else [], strict=True
    ):
        if inner < 0 or outer < 0:
            continue
        _, (width, height), _ = cv2.minAreaRect(outline)
        held = cv2.boundingRect(outlines[inner])[3]
        is_cell = cv2.contourArea(outline) > BOXED * width * height
        is_cell &= held > WITHIN_CELL * cv2.boundingRect(outline)[3]
        if is_cell and _thickness(outlines[outer], outline) < THIN * min(width, height):
            rest = rest.copy() if rest is ink else rest
            cv2.floodFill(rest, None, outlines[outer][0, 0].tolist(), 0, flags=8)
    return rest


def _row(
    ink: ByteArray, contrast: ByteArray, threshold: float, scale: float, joins: int
) -> Row | None:
    pieces = ink_pieces.split(ink)
    if not len(pieces):
        return None
    heights = pieces.boxes[:, 3] - pieces.boxes[:, 1]
    usable = ~ink_pieces.frames(pieces) & (pieces.edges < 2)
    usable &= heights > 0
    tall = usable & (heights >= LEAST_HEIGHT * max(ink.shape))
    if not tall.any():
        return None
    main = int(np.where(tall, pieces.weight, 0).argmax())
    if not tall[main]:
        return None
    members = _row_of(pieces.boxes, heights, tall, main)
    slashes = _slashes(pieces, heights, members)
    members &= ~slashes
    height = float(np.median(heights[members]))
    if np.average(pieces.width[members], weights=pieces.area[members]) > BROADEST * height:
        return None
    low = _low_ones(pieces, usable & ~members & ~slashes, members, height)
    labels, boxes, cuts = _cut(pieces, np.flatnonzero(members), low, height, joins)
    return Row(contrast, labels, threshold, boxes, cuts, height, scale)


def _row_of(boxes: IntArray, heights: IntArray, tall: BoolArray, main: int) -> BoolArray:
    """The tall pieces that are in one row with the main one: (N,), neighbour by neighbour."""
    members = np.zeros(len(boxes), bool)
    members[main] = True
    order = [int(i) for i in np.argsort(boxes[:, 0]) if tall[i]]
    for way in (order[order.index(main) :], order[order.index(main) :: -1]):
        last = main
        for piece in way[1:]:
            common = min(boxes[piece, 3], boxes[last, 3]) - max(boxes[piece, 1], boxes[last, 1])
            lower, higher = sorted((heights[piece], heights[last]))
            if common >= OVERLAP * lower and lower >= TALL * higher:
                members[piece] = True
                last = piece
    return members


def _slashes(pieces: ink_pieces.Pieces, heights: IntArray, members: BoolArray) -> BoolArray:
    """Which members of the row are slashes between two digits, as in a date: (N,)."""
    found = np.zeros(len(pieces), bool)
    row = sorted(np.flatnonzero(members), key=lambda piece: pieces.boxes[piece, 0])
    height = np.median(heights[members])
    for left, piece, right in zip(row, row[1:], row[2:], strict=False):
        beside = pieces.boxes[[left, right]]
        top, bottom = pieces.boxes[piece, 1::2]
        short = SHORT * height
        reaches = top < beside[:, 1].min() + short and bottom > beside[:, 3].max() - short
        if reaches and heights[piece] > SLASH * height:
            ink = pieces.labels == piece + 1
            points = np.argwhere(ink)[:, ::-1].astype(np.float32)
            along_x, along_y, *_ = cv2.fitLine(points, cv2.DIST_L2, 0, 0.01, 0.01).ravel().tolist()
            slant = np.degrees(np.arctan2(-along_x * np.sign(along_y), abs(along_y)))
            across = points @ (-along_y, along_x)
            width = STRAIGHT * pieces.width[piece]
            found[piece] = SLANTS[0] < slant < SLANTS[1] and np.ptp(across) < width
    return found


def _low_ones(
    pieces: ink_pieces.Pieces, others: BoolArray, members: BoolArray, height: float
) -> list[tuple[int, int]]:
    """Low pieces with the tall piece that each belongs to: bars and gaps of a digit."""
    found = []
    tall = np.flatnonzero(members)
    pen = np.average(pieces.width[tall], weights=pieces.area[tall])
    for piece in np.flatnonzero(others & (pieces.area >= SPECK * pen * pen)):
        box, rows = pieces.boxes[piece], pieces.boxes[tall]
        common = np.minimum(box[2], rows[:, 2]) - np.maximum(box[0], rows[:, 0])
        apart = np.maximum(rows[:, 1] - box[3], box[1] - rows[:, 3])
        near = (common >= WITHIN * (box[2] - box[0])) & (apart <= BESIDE * height)
        beside = np.maximum(rows[:, 0] - box[2], box[0] - rows[:, 2])
        near |= (beside <= 0.1 * height) & (apart < 0) & (common > -0.1 * height)
        if near.any():
            found.append((int(piece), int(tall[np.where(near, common, -np.inf).argmax()])))
    return found


def _cut(
    pieces: ink_pieces.Pieces,
    tall: IntArray,
    low: list[tuple[int, int]],
    height: float,
    joins: int,
) -> tuple[IntArray, IntArray, BoolArray]:
    """The pieces in order, the wide ones cut: their labels, boxes and cuts."""
    labels = np.zeros(pieces.labels.shape, np.int32)
    boxes, cuts = [], []
    number = 0
    for piece in sorted(tall, key=lambda i: pieces.boxes[i, 0] + pieces.boxes[i, 2]):
        own = [piece, *(one for one, owner in low if owner == piece)]
        low_corner = pieces.boxes[own][:, :2].min(axis=0)
        high_corner = pieces.boxes[own][:, 2:].max(axis=0)
        (left, top), (right, bottom) = low_corner, high_corner
        ink = np.isin(pieces.labels[top:bottom, left:right], np.array(own) + 1)
        place = np.zeros(ink.shape, np.int32)
        for column in _cut_columns(ink, height, joins):
            place += _right_of(ink, column)
        for part in (ink & (place == value) for value in np.unique(place[ink])):
            x, y, width, extent = cv2.boundingRect(part.astype(np.uint8))
            number += 1
            labels[top:bottom, left:right][part] = number
            boxes.append((left + x, top + y, left + x + width, top + y + extent))
            cuts.append(True)
        cuts[-1] = False
    return labels, np.array(boxes), np.array(cuts, bool)[:-1]


def _cut_columns(ink: BoolArray, height: float, joins: int) -> list[int]:
    """The columns at which a wide piece may be cut.

    Up to so many `joins` of them are where its two sides are joined least, the others where it has
    the least ink around.
    """
    if ink.shape[1] <= CUT_WIDTH * height:
        return []
    apart = max(round(CUT_APART * height), 2)
    chosen: list[int] = []
    measured = [(_joins(ink, height), joins)] if joins else []
    for values, most in (*measured, (ink.sum(axis=0), CUTS)):
        count = cv2.GaussianBlur(
            values.astype(np.float32)[np.newaxis], (0, 1), max(SMOOTH * height, 0.5)
        )[0]
        for column in np.argsort(count, kind="stable"):
            is_far = all(abs(column - other) >= apart for other in (0, ink.shape[1], *chosen))
            is_least = count[column] <= count[max(column - 2, 0) : column + 3].min()
            if is_far and is_least and len(chosen) < most:
                chosen.append(int(column))
    return sorted(chosen)


def _joins(ink: BoolArray, height: float) -> FloatArray:
    """How much ink joins the two sides of a cut at each column: (W,), in reduced pixels."""
    step = max(round(height / COARSE), 1)
    small = ink[::step, ::step]
    columns = range(1, small.shape[1])
    joins = []
    for column in columns:
        right = _right_of(small, column)
        left = small[:, column - 1] & ~right[:, column - 1]
        joins.append(np.count_nonzero(left & right[:, column]))
    return np.interp(np.arange(ink.shape[1]), np.array(columns) * step, joins)


def _right_of(ink: BoolArray, column: int) -> BoolArray:
    """The ink (H, W) to the right of a cut at the column, with what hangs by it: (H, W)."""
    right = np.zeros_like(ink)
    right[:, :column] = _stubs(ink[:, :column], -1)
    right[:, column:] = ink[:, column:] & ~_stubs(ink[:, column:], 0)
    return right


def _stubs(ink: BoolArray, end: int) -> BoolArray:
    """The small pieces of a side's ink that reach its column `end`, where it was cut: (H, W)."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8))
    area = stats[:, cv2.CC_STAT_AREA]
    is_stub = np.isin(np.arange(len(area)), labels[:, end])
    is_stub &= area < STUB * area[1:].max(initial=0)
    is_stub[0] = False
    stubs: BoolArray = is_stub[labels]
    return stubs
