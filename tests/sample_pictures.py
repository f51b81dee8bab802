"""The Picture tab's sample pictures, made of our own strokes.

Run: python -m tests.sample_pictures
"""

from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.app.parts.picture_source import SAMPLES
from digitcanvas.drawing.strokes import Stroke
from tests.digits import DIGITS
from tests.photos import (
    PENS,
    fall_off,
    inked,
    photographed,
    placed,
    rule,
    shadow,
    sheet,
    written,
)

SIZE = (640, 480)

QUALITY = 70


def main() -> None:
    makers = {"five": _five, "year": _year, "turned": _turned}
    for sample in SAMPLES.values():
        picture = makers[sample.stem](np.random.default_rng(17))
        cv2.imwrite(str(sample), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        print(f"{sample.name}: {sample.stat().st_size / 1024:.0f} kB")


def _five(rng: np.random.Generator) -> np.ndarray:
    """A 5 in pencil on paper, in light that falls off."""
    page = _written(sheet(SIZE, rng), _by_hand(5, 170, (330, 250), rng), 9, "black", cover=0.75)
    return photographed(page, rng, fall_off(SIZE, 0.35, 35))


def _year(rng: np.random.Generator) -> np.ndarray:
    """2026 in ballpoint on squared paper, with a shadow over one side."""
    page = rule(sheet(SIZE, rng), 40, 2, (0.62, 0.72, 0.86), squared=True, angle=2)
    left = 110.0
    for digit in (2, 0, 2, 6):
        strokes = _by_hand(digit, rng.uniform(120, 135), (left, 240 + rng.uniform(-8, 8)), rng)
        page = _written(page, strokes, 7, "ballpoint", cover=0.95)
        left += 125
    return photographed(page, rng, shadow(SIZE, 0.35, 0.3, 20, 0.4))


def _turned(rng: np.random.Generator) -> np.ndarray:
    """A 4 in red on paper, photographed from the side."""
    page = _written(sheet(SIZE, rng), _by_hand(4, 190, (320, 240), rng), 10, "red")
    upright = photographed(page, rng, fall_off(SIZE, 0.6, 120))
    return np.ascontiguousarray(np.rot90(upright))


def _written(
    page: np.ndarray, strokes: Sequence[Stroke], width: float, pen: str, cover: float = 0.9
) -> np.ndarray:
    return inked(page, written(strokes, SIZE, width), PENS[pen], cover)


def _by_hand(
    digit: int, height: float, middle: tuple[float, float], rng: np.random.Generator
) -> list[Stroke]:
    """The digit so high about this middle, a little slanted and unsteady, as people write."""
    slanted = placed(DIGITS[digit], height, middle, rng.uniform(-6, 6))
    return [_unsteady(stroke, rng) for stroke in slanted]


def _unsteady(stroke: Stroke, rng: np.random.Generator) -> Stroke:
    """The stroke with a point every 4 pixels, beside its way, and with rounded corners."""
    along = np.append(0, np.cumsum(np.hypot(*np.diff(stroke, axis=0).T)))
    places = np.linspace(0, along[-1], max(int(along[-1] / 4), 2))
    points = np.stack([np.interp(places, along, axis) for axis in stroke.T], axis=1)
    points += 4 * cv2.GaussianBlur(rng.normal(size=points.shape), (1, 0), sigmaX=6)
    padded = np.pad(points, ((2, 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(axis, np.full(5, 0.2), "valid") for axis in padded.T], axis=1)


if __name__ == "__main__":
    main()
