"""Digits, letters and signs drawn on many devices, split by writer.

Source: I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks", ICPR
1994; its training set is published by The International Unipen Foundation.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from digitcanvas.data.mnist import sha256
from digitcanvas.drawing.files import read_drawings
from digitcanvas.drawing.strokes import Drawing

FOLDS = 5
"""The writers are dealt into so many groups, one of which is held out of training."""

DIGITS, OTHERS = "unipen-digits.npz", "unipen-others.npz"

HIGHEST_CODE = 0x10FFFF

TWINS = frozenset("BDGIJLOQSUZabgijloqsyz|/\\()![].,:;'`-_")
"""Letters and signs that many people write as others write a digit, and dots and short lines.

Neither reading one as a digit nor turning it away is wrong, so nothing is learned or measured on
them.
"""


@dataclass(frozen=True)
class Split:
    """Drawings to train on and drawings to validate with, by different writers."""

    train: list[Drawing]
    validation: list[Drawing]


@dataclass(frozen=True)
class Unipen:
    """Digits, and letters and signs without TWINS, whose labels are code points.

    No writer is in both parts of a split, nor on different sides of the two splits. `sha256` holds
    the hash of each file by its name.
    """

    digits: Split
    others: Split
    sha256: dict[str, str]


def load_unipen(folder: str | Path | None = None, fold: int = 0) -> Unipen | None:
    """The drawings in `folder`, else in the folder named by DIGITCANVAS_UNIPEN, else None.

    The folder holds unipen-digits.npz and unipen-others.npz, both as `write_drawings` writes them.
    The writers of `fold`, 0 to 4, are held out for validation. Neighbouring numbers are people of
    one place with one device, so each fold has writers of each.

    Raises ValueError for a file that is missing or damaged, or lacks writers on one side.
    """
    folder = folder or unipen_folder()
    if not folder:
        return None
    digits, others = Path(folder, DIGITS), Path(folder, OTHERS)
    return Unipen(
        _split(read_drawings(digits), fold, digits),
        _split(
            [d for d in read_drawings(others, HIGHEST_CODE) if chr(d.label) not in TWINS],
            fold,
            others,
        ),
        {path.name: sha256(path) for path in (digits, others)},
    )


def unipen_folder() -> str | None:
    """The folder that DIGITCANVAS_UNIPEN names, even if it does not exist."""
    return os.environ.get("DIGITCANVAS_UNIPEN") or None


def _split(drawings: Sequence[Drawing], fold: int, path: Path) -> Split:
    split = Split(
        [drawing for drawing in drawings if drawing.writer % FOLDS != fold],
        [drawing for drawing in drawings if drawing.writer % FOLDS == fold],
    )
    if not split.train or not split.validation:
        raise ValueError(
            f"{path} needs drawings by writers whose number leaves {fold} when divided by {FOLDS}, "
            "to validate with, and by others, to train on."
        )
    return split
