"""Drawings that are no digit, of kinds that no network here learns from."""

from collections.abc import Callable, Sequence

import numpy as np

from digitcanvas.data.handwriting import EXTENT, augment_strokes, middle_and_size
from digitcanvas.data.outliers import glyph
from digitcanvas.drawing.strokes import Drawing, Stroke
from tests.digits import arc


def strangers(
    kind: str, count: int, digits: Sequence[Drawing], seed: int = 0
) -> list[list[Stroke]]:
    """So many drawings of one kind, by other hands; `digits` are those to make triples from."""
    rng = np.random.default_rng(seed)
    drawings = []
    for _ in range(count):
        strokes = KINDS[kind](rng, digits)
        _, size = middle_and_size(strokes)
        drawings.append(augment_strokes([stroke / size * EXTENT for stroke in strokes], rng))
    return drawings


def zigzag(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    turns = rng.integers(6, 20)
    along = np.linspace(0, rng.uniform(0.5, 1.5), turns)
    across = np.arange(turns) % 2 + rng.normal(0, 0.15, turns)
    return [np.stack([along, across] if rng.random() < 0.5 else [across, along], axis=1)]


def face(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    smile = arc(0, 0, 6, 6, 20, 160) if rng.random() < 0.5 else arc(0, 9, 5, 4, 200, 340)
    parts = [arc(0, 0, 10, 10, 0, 360), arc(-4, -3, 1, 1, 0, 360), arc(4, -3, 1, 1, 0, 360), smile]
    return [np.array(part) for part in parts]


def triple(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
    """Three digits side by side."""
    strokes, left = [], 0.0
    for _ in range(3):
        digit = digits[rng.integers(len(digits))].strokes
        middle, size = middle_and_size(digit)
        width = np.ptp(np.concatenate(digit)[:, 0]) / size
        strokes += [(stroke - middle) / size + [left + width / 2, 0] for stroke in digit]
        left += width + 0.15
    return strokes


def characters(font: str, chosen: str) -> Callable:
    def character(rng: np.random.Generator, digits: Sequence[Drawing]) -> list[Stroke]:
        return glyph(font, str(rng.choice(list(chosen))))

    return character


KINDS = {
    "zigzag": zigzag,
    "face": face,
    "three digits": triple,
    "hiragana": characters("japanese", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "greek": characters("greeks", "acegjklmnpstuvwx"),
    "ornament": characters("symbolic", "abcdeghijkmnopwxyz"),
    "punctuation": characters("futural", "#$%&*+=?@<>"),
}
