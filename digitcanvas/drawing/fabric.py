"""Strokes from the canvas's JSON.

streamlit-drawable-canvas reports a drawing as Fabric.js objects, each a freehand path.
"""

import math
from typing import Any

import numpy as np

from digitcanvas.drawing.arrays import FloatArray
from digitcanvas.drawing.strokes import (
    MAX_COORDINATE,
    MAX_POINTS,
    MAX_STROKES,
    Stroke,
    check_strokes,
)

CURVE_STEPS = np.linspace(0, 1, 9)[1:, np.newaxis]
"""Where a curve is sampled, (8, 1): from after its start, 0, to its end, 1."""


def strokes_from_canvas(json_data: dict[str, Any] | None) -> list[Stroke]:
    """The strokes that streamlit-drawable-canvas reports, as a person sees them now.

    `json_data` is the canvas's Fabric.js JSON. Every object in it is a freehand path. Its curves
    are sampled, then moved, scaled and rotated as the canvas's edit mode left them. The width of
    the brush makes no difference. Returns [] for None and for an empty canvas.

    Raises ValueError for any other JSON, with a message for the person who drew.
    """
    if json_data is None:
        return []
    objects = json_data.get("objects") if isinstance(json_data, dict) else None
    if not isinstance(objects, list):
        raise ValueError("This is not a drawing: the canvas's data has no list of objects.")
    paths = [obj.get("path") for obj in objects if isinstance(obj, dict)]
    commands = sum(len(path) for path in paths if isinstance(path, list))
    if len(objects) > MAX_STROKES or commands > MAX_POINTS / len(CURVE_STEPS):
        raise ValueError("The drawing is too long: clear the canvas and draw again.")
    return check_strokes([_stroke_from_object(obj) for obj in objects])


def _stroke_from_object(obj: Any) -> Stroke:
    """The points of a Fabric.js Path, in canvas pixels.

    Fabric keeps a path's coordinates as they were drawn, and positions their box by a matrix:
    p -> T R S K (p - middle), for translation, rotation, scale (with flips) and skew.
    """
    if not isinstance(obj, dict) or str(obj.get("type")).lower() != "path":
        kind = obj.get("type") if isinstance(obj, dict) else obj
        raise ValueError(f"Only freehand strokes can be read, not {kind!r:.40}: clear the canvas.")
    points = _path_points(obj.get("path"))
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    if any(obj.get(key, "center") != "center" for key in ("originX", "originY")):
        raise ValueError("A stroke is positioned by a corner, not by its centre: clear the canvas.")

    def number(key: str, default: float) -> float:
        return _number(obj.get(key, default), key)

    position = [number("left", middle[0]), number("top", middle[1])]
    scale = [number("scaleX", 1), number("scaleY", 1)]
    flip = [-1 if obj.get(key) else 1 for key in ("flipX", "flipY")]
    skew_x, skew_y, angle = (math.radians(number(key, 0)) for key in ("skewX", "skewY", "angle"))
    cos, sin = math.cos(angle), math.sin(angle)
    matrix: FloatArray = (
        np.array([[cos, -sin], [sin, cos]])
        @ np.diag(np.multiply(scale, flip))
        @ np.array([[1, math.tan(skew_x)], [0, 1]])
        @ np.array([[1, 0], [math.tan(skew_y), 1]])
    )
    moved: FloatArray = (points - middle) @ matrix.T + position
    return moved


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"A stroke's {name} is {value!r:.40}, which is not a number.")
    if not abs(value) <= MAX_COORDINATE:
        raise ValueError(f"A stroke's {name} is not a number or is far off the canvas.")
    return float(value)


def _path_points(path: object) -> FloatArray:
    """Sample a freehand path, [["M", x, y], ["Q", cx, cy, x, y], ..., ["L", x, y]]."""
    if not isinstance(path, list) or not path:
        raise ValueError("A stroke has no path: clear the canvas and draw again.")
    pieces: list[FloatArray] = []
    for number, command in enumerate(path):
        name, numbers = _command(command)
        if (name == "M") != (number == 0):
            raise ValueError("A stroke's path must begin with a single move: clear the canvas.")
        if name == "Q":
            start, control, end = pieces[-1][-1], numbers[:2], numbers[2:]
            t = CURVE_STEPS  # a quadratic Bezier curve
            pieces.append((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)
        else:
            pieces.append(numbers[np.newaxis])
    return np.concatenate(pieces)


def _command(command: object) -> tuple[str, FloatArray]:
    lengths = {"M": 3, "L": 3, "Q": 5}
    if (
        not isinstance(command, (list, tuple))
        or not command
        or not isinstance(command[0], str)
        or lengths.get(command[0]) != len(command)
    ):
        raise ValueError(f"A stroke's path has an unknown command: {command!r:.60}.")
    return command[0], np.array([_number(value, "coordinate") for value in command[1:]])
