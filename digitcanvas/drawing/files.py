"""Files of labelled drawings: UNIPEN, and .npz as digitcanvas writes it."""

import io
import math
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from digitcanvas.drawing.arrays import IntArray
from digitcanvas.drawing.strokes import Drawing, check_strokes

MAX_NUMBERS = 100_000_000
"""The most in one array of an .npz file. Hundreds of thousands of drawings have fewer."""


def check_file(path: str | Path) -> None:
    """Raises ValueError, in words, if this is not a file that can be read and holds something."""
    path = Path(path)
    if path.is_dir():
        raise ValueError(f"{path} is a folder, not a file.")
    if not path.exists():
        raise ValueError(f"There is no file {path}.")
    if not os.access(path, os.R_OK):
        raise ValueError(f"You may not read {path}: ask its owner, or change its permissions.")
    if path.is_file() and path.stat().st_size == 0:
        raise ValueError(f"{path} is empty.")


def read_unipen(path: str | Path) -> list[Drawing]:
    """Read the digits in a UNIPEN file, in the order of the file.

    A digit is a line `.SEGMENT DIGIT i-j ? "8"`, a line `.COMMENT label writer number`, and its
    strokes: each between `.PEN_DOWN` and `.PEN_UP`, one point "x y" a line. The tablet's y axis
    points up, and is flipped here to point down. Format: I. Guyon et al., "UNIPEN project of
    on-line data exchange and recognizer benchmarks", ICPR 1994.

    Raises ValueError for a file that cannot be read, and for one in another format, by its line.
    """
    check_file(path)
    drawings: list[Drawing] = []
    stroke: list[list[float]] | None = None
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        try:
            if not words:
                continue
            if stroke is not None and words[0] in (".PEN_DOWN", ".SEGMENT"):
                raise ValueError("the stroke before this line has no end")
            if words[0] == ".SEGMENT":
                label = list("0123456789").index(words[-1].strip('"'))
                drawings.append(Drawing([], label, writer=0))
            elif words[0] == ".COMMENT" and drawings and len(words) == 4:
                drawings[-1] = replace(drawings[-1], writer=int(words[2]))
            elif words[0] == ".PEN_DOWN":
                stroke = []
            elif words[0] == ".PEN_UP":
                if stroke is None:
                    raise ValueError("no stroke ends here")
                drawings[-1].strokes.extend(check_strokes([stroke]))
                stroke = None
            elif stroke is not None:
                x, y = map(float, words)
                stroke.append([x, -y])
        except (ValueError, IndexError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}: {line.strip()[:60]!r} is not UNIPEN."
            ) from error
    if stroke is not None:
        raise ValueError(f"{path} ends in the middle of a stroke: download the file again.")
    drawings = [drawing for drawing in drawings if drawing.strokes]
    if not drawings:
        raise ValueError(f"{path} contains no UNIPEN digits.")
    return drawings


def read_drawings(path: str | Path, highest: int = 9) -> list[Drawing]:
    """Read labelled drawings from an .npz file (see `write_drawings`) or from a UNIPEN file.

    The labels of an .npz file are 0 to `highest`: above 9, they need not be digits.

    Raises ValueError for a file that is neither, or cannot be read.
    """
    check_file(path)
    return _read_npz(path, highest) if zipfile.is_zipfile(path) else read_unipen(path)


def write_drawings(path: str | Path, drawings: Sequence[Drawing]) -> None:
    """Write D drawings, with S strokes and P points in all, to an .npz file of five arrays.

    `points` (P, 2) holds the points of all strokes one after the other, x to the right, y down;
    `stroke_lengths` (S,) the number of points of each stroke; `drawing_lengths` (D,) the number of
    strokes of each drawing; `labels` (D,) the digits; `writers` (D,) who drew them.
    """
    with open(path, "wb") as file:
        np.savez_compressed(file, **arrays_of(drawings))


def arrays_of(drawings: Sequence[Drawing]) -> dict[str, Any]:
    """The five arrays that `write_drawings` writes, by name."""
    strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
    return {
        "points": np.concatenate(strokes) if strokes else np.empty((0, 2)),
        "stroke_lengths": np.array([len(stroke) for stroke in strokes], np.int64),
        "drawing_lengths": np.array([len(drawing.strokes) for drawing in drawings], np.int64),
        "labels": np.array([drawing.label for drawing in drawings], np.int64),
        "writers": np.array([drawing.writer for drawing in drawings], np.int64),
    }


def drawings_of(arrays: Mapping[str, Any]) -> list[Drawing]:
    """The drawings in such arrays; `writers` may be missing. Raises ValueError or KeyError."""
    points, stroke_lengths, drawing_lengths, labels = (
        arrays[name] for name in ("points", "stroke_lengths", "drawing_lengths", "labels")
    )
    writers = arrays["writers"] if "writers" in arrays else np.zeros_like(labels)
    if {labels.dtype.kind, writers.dtype.kind} - set("iu"):
        raise ValueError("labels and writers must be integers")
    strokes = _split(points, stroke_lengths)
    return [
        Drawing(check_strokes(own), int(label), int(writer))
        for own, label, writer in zip(
            _split(strokes, drawing_lengths), labels, writers, strict=True
        )
    ]


def _read_npz(path: str | Path, highest: int) -> list[Drawing]:
    content = io.BytesIO(Path(path).read_bytes())
    try:
        check_headers(content)
        with np.load(content) as arrays:
            drawings = drawings_of(arrays)
    except Exception as error:  # a damaged file makes NumPy raise almost anything
        raise ValueError(f"{path} cannot be read as drawings: {error!s:.200}") from error
    if not drawings:
        raise ValueError(f"{path} contains no drawings.")
    if not all(drawing.strokes and 0 <= drawing.label <= highest for drawing in drawings):
        raise ValueError(
            f"{path} has a drawing without strokes, or with a label other than 0 to {highest}."
        )
    return drawings


def check_headers(content: io.BytesIO, most: int = MAX_NUMBERS) -> None:
    """Check the arrays of an .npz file before they are unpacked, and go back to its beginning.

    Raises ValueError for anything but numbers, and for an array of more than `most` of them.
    """
    with zipfile.ZipFile(content) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                if np.lib.format.read_magic(member) != (1, 0):
                    raise ValueError(f"{name} is not in NumPy's format 1.0")
                shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            if dtype.kind not in "iuf" or math.prod(shape) > most:
                raise ValueError(
                    f"{name} contains something other than numbers, or too many of them"
                )
    content.seek(0)


def _split(items: Sequence[Any], lengths: IntArray) -> list[Any]:
    """The items, split into consecutive runs of these lengths."""
    if lengths.dtype.kind not in "iu" or (lengths < 0).any() or lengths.sum() != len(items):
        raise ValueError("the lengths do not add up to the number of items")
    ends = np.cumsum(lengths)
    return [items[end - length : end] for end, length in zip(ends, lengths, strict=True)]
