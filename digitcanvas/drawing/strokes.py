"""Drawings as strokes: from the canvas' JSON, from UNIPEN files, from and to .npz files.

A stroke is a float64 array (n, 2), n >= 1: the pen's path from its press to its lift, in canvas
pixels, x to the right and y down.
"""

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

Stroke = np.ndarray

MAX_STROKES = 500
MAX_POINTS = 100_000
MAX_COORDINATE = 1e5
MAX_NUMBERS = 100_000_000
"""In an array of an .npz file: some hundred thousand drawings have fewer."""

CURVE_STEPS = np.linspace(0, 1, 9)[1:, np.newaxis]


@dataclass(frozen=True)
class Drawing:
    """A labelled drawing: its strokes, the digit meant (0-9, or 10 for none) and who drew it."""

    strokes: list[Stroke]
    label: int
    writer: int


def check_strokes(strokes: Sequence[Stroke]) -> list[Stroke]:
    """Return the strokes as float64 arrays (n, 2).

    Raises ValueError for anything else: a wrong shape or type, more than 500 strokes or 100,000
    points, and coordinates that are not numbers or lie further out than 100,000 pixels.
    """
    try:
        strokes = list(islice(strokes, MAX_STROKES + 1))
    except TypeError as error:
        raise ValueError("A drawing is a list of strokes, each an array (n, 2).") from error
    if len(strokes) > MAX_STROKES:
        raise ValueError(
            f"More than {MAX_STROKES} strokes are too many for one digit: "
            "clear the canvas and draw again."
        )
    checked = []
    for number, stroke in enumerate(strokes, 1):
        try:
            points = np.asarray(stroke)
        except ValueError as error:
            raise ValueError(f"Stroke {number} is not a list of (x, y) points.") from error
        if points.dtype.kind not in "iuf":
            raise ValueError(f"Stroke {number} is not a list of (x, y) points.")
        points = points.astype(np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
            raise ValueError(
                f"Stroke {number} has the shape {points.shape}; a stroke is an array (n, 2)."
            )
        if not (np.abs(points) <= MAX_COORDINATE).all():
            raise ValueError(
                f"Stroke {number} has coordinates that are no numbers or lie far off the canvas."
            )
        checked.append(points)
    if sum(map(len, checked)) > MAX_POINTS:
        raise ValueError(f"The drawing has more than {MAX_POINTS:,} points: draw it again.")
    return checked


def strokes_from_canvas(json_data: dict | None) -> list[Stroke]:
    """The strokes in what streamlit-drawable-canvas reports, as a person sees them now.

    `json_data` is the canvas' Fabric.js JSON. Every object is a freehand path: its curves are
    sampled, and moved, scaled and rotated as the canvas' edit mode left them. The brush's width
    plays no part. Gives [] for None and for an empty canvas.

    Raises ValueError for JSON of any other form, with a message for the person who drew.
    """
    if json_data is None:
        return []
    objects = json_data.get("objects") if isinstance(json_data, dict) else None
    if not isinstance(objects, list):
        raise ValueError("This is not a drawing: the canvas' data has no list of objects.")
    paths = [obj.get("path") for obj in objects if isinstance(obj, dict)]
    commands = sum(len(path) for path in paths if isinstance(path, list))
    if len(objects) > MAX_STROKES or commands > MAX_POINTS / len(CURVE_STEPS):
        raise ValueError("This is too much for one digit: clear the canvas and draw again.")
    return check_strokes([_stroke_from_object(obj) for obj in objects])


def _stroke_from_object(obj: dict) -> Stroke:
    """A Fabric.js Path as the points of its outline, in canvas pixels.

    Fabric keeps a path's coordinates as drawn and places their box by a matrix: p -> T R S K
    (p - middle), for translation, rotation, scale (with flips) and skew.
    """
    if not isinstance(obj, dict) or str(obj.get("type")).lower() != "path":
        kind = obj.get("type") if isinstance(obj, dict) else obj
        raise ValueError(f"Only freehand strokes can be read, not {kind!r:.40}: clear the canvas.")
    points = _path_points(obj.get("path"))
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    if any(obj.get(key, "center") != "center" for key in ("originX", "originY")):
        raise ValueError("A stroke is placed by a corner, not by its centre.")

    def number(key: str, default: float) -> float:
        return _number(obj.get(key, default), key)

    place = [number("left", middle[0]), number("top", middle[1])]
    scale = [number("scaleX", 1), number("scaleY", 1)]
    flip = [-1 if obj.get(key) else 1 for key in ("flipX", "flipY")]
    skew_x, skew_y, angle = (math.radians(number(key, 0)) for key in ("skewX", "skewY", "angle"))
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = (
        np.array([[cos, -sin], [sin, cos]])
        @ np.diag(np.multiply(scale, flip))
        @ np.array([[1, math.tan(skew_x)], [0, 1]])
        @ np.array([[1, 0], [math.tan(skew_y), 1]])
    )
    return (points - middle) @ matrix.T + place


def _number(value: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"A stroke's {name} is {value!r:.40}, which is no number.")
    if not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"A stroke's {name} is not a number, or lies far off the canvas.")
    return float(value)


def _path_points(path: list) -> np.ndarray:
    """Sample a freehand path, [["M", x, y], ["Q", cx, cy, x, y], ..., ["L", x, y]]."""
    if not isinstance(path, list) or not path:
        raise ValueError("A stroke has no path: clear the canvas and draw again.")
    pieces = []
    for number, command in enumerate(path):
        name, numbers = _command(command)
        if (name == "M") != (number == 0):
            raise ValueError("A stroke's path does not begin at one place and go on from there.")
        if name == "Q":
            start, control, end = pieces[-1][-1], numbers[:2], numbers[2:]
            t = CURVE_STEPS
            pieces.append((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
        else:
            pieces.append(numbers[np.newaxis])
    return np.concatenate(pieces)


def _command(command: list) -> tuple[str, np.ndarray]:
    lengths = {"M": 3, "L": 3, "Q": 5}
    if (
        not isinstance(command, (list, tuple))
        or not command
        or not isinstance(command[0], str)
        or lengths.get(command[0]) != len(command)
    ):
        raise ValueError(f"A stroke's path has a part that is not understood: {command!r:.60}.")
    return command[0], np.array([_number(value, "coordinate") for value in command[1:]])


def read_unipen(path: str | Path) -> list[Drawing]:
    """Read the digits in a UNIPEN file, in its order.

    A digit is a `.SEGMENT DIGIT i-j ? "8"`, a `.COMMENT label writer number`, and its strokes,
    each between `.PEN_DOWN` and `.PEN_UP`, a point "x y" a line. The tablet's y points up; it is
    flipped here (0 becomes the top). Format: I. Guyon et al., "UNIPEN project of on-line data
    exchange and recognizer benchmarks", ICPR 1994.

    Raises ValueError for a file that is not of this form, naming the line, and OSError where it
    cannot be read.
    """
    drawings: list[Drawing] = []
    stroke: list[list[float]] | None = None
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        try:
            if not words:
                continue
            if stroke is not None and words[0] in (".PEN_DOWN", ".SEGMENT"):
                raise ValueError("a stroke without its end")
            if words[0] == ".SEGMENT":
                label = list("0123456789").index(words[-1].strip('"'))
                drawings.append(Drawing([], label, writer=0))
            elif words[0] == ".COMMENT" and drawings and len(words) == 4:
                drawings[-1] = replace(drawings[-1], writer=int(words[2]))
            elif words[0] == ".PEN_DOWN":
                stroke = []
            elif words[0] == ".PEN_UP":
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
        raise ValueError(f"{path} ends within a stroke: fetch the file again.")
    drawings = [drawing for drawing in drawings if drawing.strokes]
    if not drawings:
        raise ValueError(f"{path} holds no UNIPEN digits.")
    return drawings


def read_drawings(path: str | Path) -> list[Drawing]:
    """Read labelled drawings from an .npz file (see `write_drawings`) or else a UNIPEN file.

    Raises ValueError for a file that is neither, and OSError where it cannot be read.
    """
    return _read_npz(path) if zipfile.is_zipfile(path) else read_unipen(path)


def write_drawings(path: str | Path, drawings: Sequence[Drawing]) -> None:
    """Write drawings to an .npz file of five arrays, D drawings of S strokes of P points in all.

    `points` (P, 2) holds the points of all strokes one after the other, x to the right, y down;
    `stroke_lengths` (S,) how many of them belong to each stroke, `drawing_lengths` (D,) how many
    strokes to each drawing; `labels` (D,) the digits, and `writers` (D,) who drew them.
    """
    strokes = [stroke for drawing in drawings for stroke in drawing.strokes]
    with open(path, "wb") as file:
        np.savez_compressed(
            file,
            points=np.concatenate(strokes) if strokes else np.empty((0, 2)),
            stroke_lengths=np.array([len(stroke) for stroke in strokes], int),
            drawing_lengths=np.array([len(drawing.strokes) for drawing in drawings], int),
            labels=np.array([drawing.label for drawing in drawings], int),
            writers=np.array([drawing.writer for drawing in drawings], int),
        )


def _read_npz(path: str | Path) -> list[Drawing]:
    """Reads what `write_drawings` writes; `writers` may be missing."""
    content = io.BytesIO(Path(path).read_bytes())
    try:
        _check_headers(content)
        content.seek(0)
        with np.load(content) as arrays:
            points, stroke_lengths, drawing_lengths, labels = (
                arrays[name] for name in ("points", "stroke_lengths", "drawing_lengths", "labels")
            )
            writers = arrays["writers"] if "writers" in arrays else np.zeros_like(labels)
        if {labels.dtype.kind, writers.dtype.kind} - set("iu"):
            raise ValueError("labels and writers are no integers")
        strokes = _cut(points, stroke_lengths)
        drawings = [
            Drawing(check_strokes(own), int(label), int(writer))
            for own, label, writer in zip(
                _cut(strokes, drawing_lengths), labels, writers, strict=True
            )
        ]
    except Exception as error:  # NumPy's readers raise all sorts on damaged files
        raise ValueError(f"{path} holds no drawings as digitcanvas writes them: {error}") from error
    if not drawings:
        raise ValueError(f"{path} holds no drawings.")
    if not all(drawing.strokes and 0 <= drawing.label <= 9 for drawing in drawings):
        raise ValueError(
            f"{path} has a drawing without strokes, or with a label other than 0 to 9."
        )
    return drawings


def _check_headers(content: io.BytesIO) -> None:
    """Refuse arrays of anything but numbers, and of far too many, before they are unpacked."""
    with zipfile.ZipFile(content) as archive:
        for name in archive.namelist():
            with archive.open(name) as member:
                if np.lib.format.read_magic(member) != (1, 0):
                    raise ValueError(f"{name} is not of format 1.0")
                shape, _, dtype = np.lib.format.read_array_header_1_0(member)
            if dtype.kind not in "iuf" or math.prod(shape) > MAX_NUMBERS:
                raise ValueError(f"{name} holds no numbers, or too many")


def _cut(items: Sequence, lengths: np.ndarray) -> list[Sequence]:
    """The items in runs of such lengths."""
    if lengths.dtype.kind not in "iu" or (lengths < 0).any() or lengths.sum() != len(items):
        raise ValueError("the lengths do not add up")
    ends = np.cumsum(lengths)
    return [items[end - length : end] for end, length in zip(ends, lengths, strict=True)]
