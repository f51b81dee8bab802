"""Where a recognizer fails: figures by file, by writer, by strokes, and on harder drawings."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from digitcanvas.drawing.arrays import BoolArray, Float32Array, FloatArray
from digitcanvas.drawing.strokes import Drawing, Stroke
from digitcanvas.reading.evaluation import expected_calibration_error
from digitcanvas.reading.recognizer import ACCEPTED, Recognizer

Figures = dict[str, Any]

EXTENT = 200
"""The longer side that drawings are given before they are made harder, in canvas pixels."""

WORST = 10
"""The writers shown."""

ENOUGH = 10
"""A writer of fewer drawings is not among the worst: one error would decide."""

MOST_STROKES = 4
"""Drawings of more strokes are counted with these."""

TURNED_AWAY = 0.01
"""The share of digits turned away at which letters and signs are compared."""

SURE = 0.9

Hardship = Callable[[Stroke, np.random.Generator], Stroke]


def turned(degrees: float) -> Hardship:
    """Clockwise, as y points down."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.array([[cos, sin], [-sin, cos]])
    return lambda stroke, rng: stroke @ matrix


def squashed(width: float, height: float) -> Hardship:
    return lambda stroke, rng: stroke * [width, height]


def noisy(deviation: float) -> Hardship:
    return lambda stroke, rng: stroke + rng.normal(0, deviation, stroke.shape)


def of_few_points(count: int) -> Hardship:
    """Evenly spaced along each stroke, and joined by straight lines."""

    def drawn(stroke: Stroke, rng: np.random.Generator) -> Stroke:
        lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(stroke, axis=0).T))])
        positions = np.linspace(0, lengths[-1], count)
        return np.stack([np.interp(positions, lengths, axis) for axis in stroke.T], axis=1)

    return drawn


HARDSHIPS: dict[str, Hardship] = {
    "turned left by 30 degrees": turned(-30),
    "turned left by 15 degrees": turned(-15),
    "turned right by 15 degrees": turned(15),
    "turned right by 30 degrees": turned(30),
    "half as wide": squashed(0.5, 1),
    "half as high": squashed(1, 0.5),
    "noise of 3 pixels": noisy(3),
    "noise of 6 pixels": noisy(6),
    "12 points a stroke": of_few_points(12),
    "6 points a stroke": of_few_points(6),
}
"""What is done to each stroke of a drawing whose longer side is EXTENT."""


def slices(
    recognizer: Recognizer,
    files: Mapping[str, Sequence[Drawing]],
    others: Sequence[Drawing] = (),
    seed: int = 0,
) -> Figures:
    """Figures of the drawings of digits in `files`, by the files' names, and of parts of them all.

    Those of a slice are its `count`, its `accuracy`, the share `rejected`, the share `used`, which
    is read right and accepted, and the `expected_calibration_error`.

    - `all` are the figures of all files together;
    - `files`, `strokes` and `hardships` map the name of each slice to its figures;
    - `worst_writers` are up to ten with at least ten drawings, the least used first, each with the
      `file`, the `writer` and figures;
    - `others`, if there are any, are figures of drawings of letters and signs against the digits:
      `auroc` of `is_digit`, the share `refused` at the threshold that turns away 1 % of the digits,
      the shares `accepted`, and accepted with a top probability over 90 % (`sure`).
    """
    drawings = [drawing for file in files.values() for drawing in file]
    names = np.repeat(list(files), [len(file) for file in files.values()])
    read = _Readings(recognizer, drawings)
    strokes = np.array([min(len(drawing.strokes), MOST_STROKES) for drawing in drawings])
    report: Figures = {
        "all": read.figures(),
        "files": {name: read.figures(names == name) for name in files},
        "strokes": {
            f"{count} or more" if count == MOST_STROKES else str(count): read.figures(
                strokes == count
            )
            for count in np.unique(strokes).tolist()
        },
        "worst_writers": sorted(_writers(read, names, drawings), key=lambda row: row["used"])[
            :WORST
        ],
        "hardships": {},
    }
    for name, hardship in HARDSHIPS.items():
        rng = np.random.default_rng(seed)
        harder = [_harder(drawing, hardship, rng) for drawing in drawings]
        report["hardships"][name] = _Readings(recognizer, harder).figures()
    if others:
        report["others"] = against_others(read, _Readings(recognizer, others))
    return report


class _Readings:
    """What the recognizer reads in N drawings."""

    def __init__(self, recognizer: Recognizer, drawings: Sequence[Drawing]) -> None:
        read = [recognizer.predict_strokes(drawing.strokes) for drawing in drawings]
        self.is_digit: Float32Array = np.array([one.is_digit for one in read], np.float32)
        self.certainty = np.array([one.probabilities.max() for one in read], np.float32)
        labels = np.array([drawing.label for drawing in drawings])
        self.correct: BoolArray = np.array([one.digit for one in read]) == labels
        self.accepted: BoolArray = self.is_digit >= ACCEPTED

    def figures(self, chosen: BoolArray | slice = slice(None)) -> Figures:
        correct, accepted = self.correct[chosen], self.accepted[chosen]
        return {
            "count": len(correct),
            "accuracy": float(correct.mean()),
            "rejected": float(1 - accepted.mean()),
            "used": float((correct & accepted).mean()),
            "expected_calibration_error": expected_calibration_error(
                self.certainty[chosen], correct
            ),
        }


def _writers(read: _Readings, names: np.ndarray, drawings: Sequence[Drawing]) -> Iterator[Figures]:
    places = defaultdict(list)
    for place, (name, drawing) in enumerate(zip(names.tolist(), drawings, strict=True)):
        places[name, drawing.writer].append(place)
    for (name, writer), own in places.items():
        if len(own) >= ENOUGH:
            chosen = np.isin(np.arange(len(drawings)), own)
            yield {"file": name, "writer": writer} | read.figures(chosen)


def _harder(drawing: Drawing, hardship: Hardship, rng: np.random.Generator) -> Drawing:
    points = np.concatenate(drawing.strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = EXTENT / max((high - low).max(), 1e-9)
    strokes = [hardship((stroke - low) * scale, rng) for stroke in drawing.strokes]
    return Drawing(strokes, drawing.label, drawing.writer)


def against_others(digits: _Readings, others: _Readings) -> Figures:
    threshold = np.quantile(digits.is_digit, TURNED_AWAY)
    return {
        "count": len(others.is_digit),
        "auroc": auroc(digits.is_digit, others.is_digit),
        "refused": float((others.is_digit < threshold).mean()),
        "accepted": float(others.accepted.mean()),
        "sure": float((others.accepted & (others.certainty > SURE)).mean()),
    }


def auroc(positive: FloatArray | Float32Array, negative: FloatArray | Float32Array) -> float:
    """The share of pairs in which the positive scores higher; a tie counts half."""
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, "left") + np.searchsorted(ordered, positive, "right")
    return float(below.mean() / 2 / len(ordered))


def table(report: Figures) -> str:
    """The slices as text, a line for each."""
    lines = [f"{'':34}{'count':>7}{'right':>9}{'away':>9}{'used':>9}{'ECE':>9}"]
    lines += [_line("all", report["all"])]
    for title in ("files", "strokes", "hardships"):
        lines += ["", title.capitalize()]
        lines += [_line(name, figures) for name, figures in report[title].items()]
    lines += ["", "Worst writers"]
    lines += [_line(f"{row['writer']} of {row['file']}", row) for row in report["worst_writers"]]
    if others := report.get("others"):
        lines += [
            "",
            f"Letters and signs: {others['count']:,}, AUROC {others['auroc']:.4f}, refused "
            f"{others['refused']:.1%} where {TURNED_AWAY:.0%} of the digits are turned away; "
            f"accepted {others['accepted']:.2%}, over {SURE:.0%} sure {others['sure']:.2%}",
        ]
    return "\n".join(lines)


def _line(name: str, figures: Figures) -> str:
    shares = ("accuracy", "rejected", "used", "expected_calibration_error")
    return f"  {name:32.32}{figures['count']:7,}" + "".join(f"{figures[s]:9.2%}" for s in shares)
