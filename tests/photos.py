"""Drawings as photos and scans: written on paper, lit, and taken with a phone's noise and blur.

Paper and ink are shares of the light that they give back; a picture is uint8 (H, W, 3).
"""

from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.data.outliers import glyph
from digitcanvas.drawing.strokes import Stroke

WHITE = (0.93, 0.91, 0.86)

PENS = {
    "ballpoint": (0.12, 0.16, 0.45),
    "black": (0.10, 0.10, 0.11),
    "red": (0.75, 0.12, 0.15),
    "green": (0.10, 0.42, 0.22),
}


def placed(
    strokes: Sequence[Stroke], height: float, middle: tuple[float, float], angle: float = 0
) -> list[Stroke]:
    """The strokes turned by so many degrees, this long (the longer side), about this middle."""
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = height / max(float((high - low).max()), 1e-9)
    turn = cv2.getRotationMatrix2D((0, 0), angle, 1)[:, :2]
    return [((stroke - (low + high) / 2) * scale) @ turn.T + middle for stroke in strokes]


def written(strokes: Sequence[Stroke], size: tuple[int, int], pen: float) -> np.ndarray:
    """Where a pen of this width leaves ink: float32 (H, W) in [0, 1], for a size (W, H)."""
    ink = np.zeros(size[::-1], np.uint8)
    for stroke in strokes:
        points = np.rint(np.vstack([stroke[:1], stroke]) * 16).astype(np.int32)
        cv2.polylines(ink, [points], False, 255, max(round(pen), 1), cv2.LINE_AA, 4)
    return ink.astype(np.float32) / 255


def word(text: str, height: float, left: float, top: float) -> list[Stroke]:
    """Letters of a Hershey font as strokes."""
    strokes = []
    for letter in text:
        shape = glyph("scripts", letter)
        points = np.concatenate(shape)
        low = points.min(axis=0)
        scale = height / max(np.ptp(points[:, 1]), 1e-9)
        strokes += [(stroke - low) * scale + (left, top) for stroke in shape]
        left += np.ptp(points[:, 0]) * scale + 0.2 * height
    return strokes


def smooth_noise(size: tuple[int, int], grain: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of mean 0 and deviation 1 whose grains are so many pixels wide: float32 (H, W)."""
    width, height = (max(round(length / grain), 2) for length in size)
    noise = rng.normal(size=(height, width)).astype(np.float32)
    return np.asarray(cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC))


def sheet(
    size: tuple[int, int],
    rng: np.random.Generator,
    colour: Sequence[float] = WHITE,
    grain: float = 0.008,
) -> np.ndarray:
    """Paper with fibres and stains: float32 (H, W, 3)."""
    texture = 1 + grain * smooth_noise(size, 2, rng) + grain * smooth_noise(size, 60, rng)
    return texture[..., np.newaxis] * np.asarray(colour, np.float32)


def rule(
    page: np.ndarray,
    spacing: float,
    width: int,
    colour: Sequence[float],
    squared: bool,
    angle: float = 0,
) -> np.ndarray:
    """The page with lines this far apart, or squares, printed at this angle in degrees."""
    height, length = page.shape[:2]
    lines = np.zeros((height, length), np.uint8)
    reach, middle = float(np.hypot(height, length)), np.array([length / 2, height / 2])
    for turn in (0, 90) if squared else (0,):
        along = np.array([np.cos(np.radians(angle + turn)), np.sin(np.radians(angle + turn))])
        across = np.array([-along[1], along[0]])
        for offset in np.arange(-reach, reach, spacing):
            ends = [middle + offset * across + side * reach * along for side in (-1, 1)]
            cv2.polylines(
                lines,
                [np.rint(np.array(ends) * 16).astype(np.int32)],
                False,
                255,
                width,
                cv2.LINE_AA,
                4,
            )
    share = (lines.astype(np.float32) / 255)[..., np.newaxis]
    return page * (1 - share) + page * np.asarray(colour, np.float32) * share


def inked(
    page: np.ndarray, ink: np.ndarray, colour: Sequence[float], cover: float = 1
) -> np.ndarray:
    """The page where ink of this colour covers it."""
    share = (ink * cover)[..., np.newaxis]
    return page * (1 - share) + np.asarray(colour, np.float32) * share


def fall_off(size: tuple[int, int], darkest: float, angle: float) -> np.ndarray:
    """Light that falls from 1 to `darkest` across the picture, in a direction in degrees."""
    x, y = np.meshgrid(*(np.linspace(-1, 1, length, dtype=np.float32) for length in size))
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle))
    return 1 - (1 - darkest) * (along - along.min()) / np.ptp(along)


def shadow(
    size: tuple[int, int], depth: float, softness: float, angle: float, offset: float
) -> np.ndarray:
    """A shadow over one side of the picture, whose edge is `softness` of its width wide."""
    x, y = np.meshgrid(*(np.linspace(-1, 1, length, dtype=np.float32) for length in size))
    along = x * np.cos(np.radians(angle)) + y * np.sin(np.radians(angle)) - offset
    return 1 - depth / (1 + np.exp(-along / max(softness, 1e-3)))


def photographed(
    page: np.ndarray,
    rng: np.random.Generator,
    light: np.ndarray | float = 1.0,
    exposure: float = 0.85,
    blur: float = 0.8,
    noise: float = 3.0,
) -> np.ndarray:
    """What a camera takes of the page in this light; `noise` in greys of 255."""
    light = np.asarray(light, np.float32)
    seen = page * (light[..., np.newaxis] if light.ndim == 2 else light)
    seen = cv2.GaussianBlur(seen, (0, 0), blur) if blur else seen
    height, width = seen.shape[:2]
    grey = 0.7 * noise * rng.normal(size=(height, width, 1)).astype(np.float32)
    colour = 0.7 * noise * smooth_noise((width, height), 2, rng)[..., np.newaxis]
    return (255 * exposure * seen + grey + colour * (1, -0.5, 0.5)).clip(0, 255).astype(np.uint8)
