"""Finding the ink of one handwritten digit in a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from digitcanvas.drawing import ink_pieces, paper
from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.masks import dilated, eroded, hull, opened, otsu, pen_width, size
from digitcanvas.drawing.rules import without_rules

WORK_SIDE = 400
"""The long side, in pixels, to which larger pictures are reduced before a digit is searched."""

LEAST_SCENE = 100
"""Only in pictures of so many pixels is more looked for than a digit on paper."""

LEAST_PART = 0.08
"""The least size of a digit among rules, on a stripe or on a sheet, in shares of their size."""

LEAST_COLOUR = 0.02
"""The least share of all ink that has one of two colours."""

TWO_COLOURS, FAR_APART = 0.8, 20
"""The least share of the variance of ink of two colours that is between the two, and the least
distance between them. One colour in noise has a share of 0.64.
"""

RIM = 4
"""Pixels inside the edge of a sheet of paper that no digit on it reaches."""

DEVIATIONS = dict(zip(paper.WINDOWS, (4, 6), strict=True))
"""Of the paper's contrast: so much more is ink's, for each window. Noise has up to 4 and 5."""

SMALL, SAME_PLACE = 80, 0.2
"""The size in pixels below which a digit is looked at in more detail, and the most by which its box
may differ then, in shares of its size."""

MIN_SIDE = 5
MIN_CONTRAST = 16

PENLIKE = 18
"""Only ink as slender as this may win over rarer ink: a sheet of paper is broader."""


@dataclass(frozen=True)
class Ink:
    """A digit's ink in a picture that was reduced to (H, W).

    `contrast` is uint8 (H, W), how much each pixel stands out from the paper; `ink` is uint8
    (H, W), 255 where any ink is, and `mask` the same where the digit's is; `threshold` is the
    contrast that divides ink from paper. Of a small digit, `detail` is the same in a part of the
    picture that was not reduced.
    """

    contrast: ByteArray
    ink: ByteArray
    mask: ByteArray
    threshold: float
    detail: "Ink | None" = None


class NoDigit(ValueError):
    """A picture in which nothing stands out from the paper; the message says what to do."""


def find_inks(picture: ByteArray) -> Iterator[Ink]:
    """Where a picture's digit may be, the likeliest first.

    Raises NoDigit if nothing stands out from the paper, and ValueError as `image_from_picture`.
    """
    picture = np.ascontiguousarray(checked(picture))
    small = fit(picture, WORK_SIDE) if max(picture.shape[:2]) > WORK_SIDE else picture
    greys = list(paper.greys(small))
    seen: list[ByteArray] = []
    for window in paper.WINDOWS:
        inks = [ink for ink in (_likelier(grey, window) for grey in greys) if ink]
        for ink in _in_order(inks, small):
            if not any(np.array_equal(ink.mask, mask) for mask in seen):
                seen.append(ink.mask)
                yield _nearer(ink, picture)
    if not seen:
        raise NoDigit(
            "No digit stands out from the paper's grain and shadows: use a darker pen, go nearer, "
            "or photograph it in more light."
        )


def _in_order(inks: list[Ink], picture: ByteArray) -> Iterator[Ink]:
    """What was found in each grey, and what else it may be; last what fills or leaves the picture.

    In a picture of a few pixels nothing is looked for but a digit on paper.
    """
    if max(picture.shape[:2]) < LEAST_SCENE:
        yield from inks
        return
    doubtful = []
    for ink in inks:
        looks = list(_within(ink, picture)) if _is_cut(ink) else [ink]
        yield from (look for look in looks if not _is_cut(look))
        doubtful += [look for look in looks if _is_cut(look)]
    yield from doubtful
    for ink in inks:
        yield from _without_ring(ink)


def _is_cut(ink: Ink) -> bool:
    """Whether the ink is a sheet of paper, or more of it touches the edge than makes the digit."""
    rim = np.ones(ink.ink.shape, bool)
    rim[1:-1, 1:-1] = False
    _, labels = cv2.connectedComponents(ink.ink)
    at_edge = np.isin(labels, np.unique(labels[rim & (labels > 0)]))
    return bool(
        np.count_nonzero(at_edge) > np.count_nonzero(ink.mask[~at_edge]) or paper.is_broad(ink.mask)
    )


def _within(found: Ink, picture: ByteArray) -> Iterator[Ink]:
    """The digit on a sheet of paper, between the lines of ruled paper, on a stripe, or as it is."""
    if paper.is_broad(found.mask):
        sheet = hull(found.mask)
        inner = eroded(sheet, 2 * RIM + 1) > 0
        colours = picture[..., :3] if picture.ndim == 3 else picture
        for grey in paper.greys(paper.continued(colours, sheet)):
            ink = _likelier(grey, paper.WINDOWS[0])
            if ink and size(ink.mask) > LEAST_PART * size(sheet) and not ink.mask[~inner].any():
                yield ink
    plain = without_rules(found.ink, found.contrast)
    if plain is not None:
        found = replace(found, ink=plain, mask=ink_pieces.digit(plain))
        if size(found.mask) > LEAST_PART * max(plain.shape):
            yield found
    yield from sorted(_in_two_colours(found, picture), key=_penlike, reverse=True)
    if plain is None:
        yield found


def _in_two_colours(found: Ink, picture: ByteArray) -> Iterator[Ink]:
    """The found ink where it has one of two colours, or one of two greys."""
    ink = found.ink
    core = eroded(ink, 3)
    fringe = (dilated(core, 3) & ink & ~core) > 0  # its colours are mixed with the paper's
    clear = (ink > 0) & ~fringe
    if np.count_nonzero(clear) < 2:
        return
    grey = found.contrast
    if picture.ndim == 3:
        grey = np.zeros_like(ink)
        grey[ink > 0] = next(paper.greys(picture[ink > 0][np.newaxis, :, :3]))[0]
    threshold, _ = cv2.threshold(grey[clear], 0, 255, cv2.THRESH_OTSU)
    dark, light = clear & (grey <= threshold), clear & (grey > threshold)
    share = np.count_nonzero(dark) / np.count_nonzero(clear)
    if not LEAST_COLOUR < share < 1 - LEAST_COLOUR:
        return
    apart = grey[light].mean() - grey[dark].mean()
    if apart < FAR_APART or share * (1 - share) * apart**2 < TWO_COLOURS * grey[clear].var():
        return
    for own, other in ((dark, light), (light, dark)):
        near = [dilated(part.astype(np.uint8), 3) > 0 for part in (own, other)]
        part = np.where(own | (fringe & near[0] & ~near[1]), 255, 0).astype(np.uint8)
        mask = ink_pieces.digit(opened(part, 2))
        if size(mask) > LEAST_PART * max(mask.shape):
            yield replace(found, ink=part, mask=mask)


def _without_ring(found: Ink) -> Iterator[Ink]:
    """What is in a ring that was drawn around it."""
    inner = ink_pieces.digit(found.ink, in_ring=True)
    if not np.array_equal(inner, found.mask):
        yield replace(found, mask=inner)


def _nearer(found: Ink, picture: ByteArray) -> Ink:
    """With the same ink in more detail, if it is small in a picture that was reduced."""
    scale = picture.shape[0] / found.mask.shape[0]
    room = size(found.mask)
    if room >= SMALL or scale < 1.5:
        return found
    left, top, width, height = cv2.boundingRect(found.mask)
    x, y = max(left - room, 0), max(top - room, 0)
    window = np.rint(np.array([y, top + height + room, x, left + width + room]) * scale).astype(int)
    part = np.ascontiguousarray(picture[window[0] : window[1], window[2] : window[3]])
    for grey in paper.greys(part):
        near = _likelier(grey, paper.WINDOWS[0])
        if near:
            box = np.array(cv2.boundingRect(near.mask)) / scale
            if np.abs(box - (left - x, top - y, width, height)).max() < SAME_PLACE * room:
                return replace(found, detail=near)
    return found


def checked(picture: ByteArray) -> ByteArray:
    picture = np.asarray(picture)
    if picture.dtype != np.uint8:
        raise ValueError(f"A picture's values must be uint8, 0 to 255, not {picture.dtype}.")
    if picture.ndim != 2 and (picture.ndim != 3 or picture.shape[2] not in (3, 4)):
        raise ValueError(
            f"A picture's shape must be (H, W), (H, W, 3) or (H, W, 4), not {picture.shape}."
        )
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ValueError(
            f"The picture is {width} x {height} pixels: each side needs at least {MIN_SIDE}."
        )
    return picture


def _likelier(grey: ByteArray, window: float) -> Ink | None:
    """The likelier polarity, or the other one if it shows a long thin line.

    On a photo of a dark table, white paper is rarer than the table.
    """
    sides = [grey, 255 - grey] if paper.is_dark_on_light(grey) else [255 - grey, grey]
    likely, other = (_find_dark(side, window) for side in sides)
    if _penlike(other) > max(PENLIKE, 1.7 * _penlike(likely)):
        likely = other
    return likely if likely.mask.any() else None


def _find_dark(grey: ByteArray, window: float) -> Ink:
    """Find dark ink. The mask is empty if none stands out from the paper's noise."""
    contrast = paper.contrast(grey, window)
    threshold, ink = otsu(contrast)
    is_ink = stands_out(contrast, ink, window)
    return Ink(contrast, ink, ink_pieces.digit(ink) if is_ink else np.zeros_like(ink), threshold)


def stands_out(contrast: ByteArray, ink: ByteArray, window: float) -> bool:
    """Whether the ink, 255 on 0, is more than the paper's noise; `window` found the contrast."""
    noise, deviation = (value.item() for value in cv2.meanStdDev(contrast, mask=255 - ink))
    least = max(MIN_CONTRAST, DEVIATIONS[window] * deviation)
    return bool(cv2.mean(contrast, mask=ink)[0] - noise >= least)


def _penlike(ink: Ink) -> float:
    """How slender ink is, times its contrast. Noise is slender too, but comes in many pieces."""
    if not ink.mask.any():
        return 0.0
    count = cv2.connectedComponents(ink.mask)[0] - 1
    slenderness = cv2.countNonZero(ink.mask) / pen_width(ink.mask) ** 2 / count
    return float(slenderness * ink.contrast[ink.mask > 0].mean() / 255)


def fit(picture: ByteArray, side: int) -> ByteArray:
    """The picture with its long side scaled to `side` pixels."""
    scale = side / max(picture.shape[:2])
    height, width = (max(round(length * scale), 1) for length in picture.shape[:2])
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (width, height), interpolation=interpolation), np.uint8)
