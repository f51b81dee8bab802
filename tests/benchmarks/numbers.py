"""How well whole numbers are read: python -m tests.benchmarks.numbers [--count N] [--half A|B]

Makes numbers of 2 to 6 digits from the drawings of the validation writers, whom no network has
learned from (DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN name the files), and prints a table: each share
in per cent, by network, beside what is asked for. Half A of the writers chose the parameters of
`reading/numbers` and `reading/lattice`; half B, which is measured if none is named, did not.
"""

import argparse
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.strokes import Drawing, Stroke
from digitcanvas.reading.numbers import Number
from tests.written_numbers import WrittenNumber, write_number

Hands = Sequence[Sequence[Drawing]]
"""The drawings of each writer."""

KINDS = ("numbers", "touching", "late", "joined", "apart", "minus", "point")
MARKS = {"apart": " ", "minus": "-", "point": "."}

ASKED = {
    "numbers": 96.0,
    "digits": 98.8,
    "touching": 90.0,
    "late": 96.0,
    "joined": 60.0,
    "split": 0.15,
    "ms, median": 10.0,
}

SURE = 0.5
"""The least confidence of a number that is trusted."""

FRAME = 3
"""Points from one reading to the next while the pen moves: about thirty readings a second."""


def hands(half: str) -> Hands:
    """The validation writers of both files, dealt into two halves."""
    pen, unipen = load_pen_digits(), load_unipen()
    if not pen or not unipen:
        raise SystemExit("Set DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN.")
    own = defaultdict(list)
    for file, drawings in enumerate((pen.validation, unipen.digits.validation)):
        for drawing in drawings:
            own[file, drawing.writer].append(drawing)
    return [own[key] for key in sorted(own) if is_in(half, key[1])]


def is_in(half: str, writer: int) -> bool:
    """Every fifth writer validates (data/pen, data/unipen), by turns in either half."""
    return writer // 5 % 2 == (half == "A")


def others(half: str) -> list[Drawing]:
    """Letters and signs by the same people."""
    validation = load_unipen().others.validation
    return [drawing for drawing in validation if is_in(half, drawing.writer)]


def written(kind: str, count: int, hands: Hands, seed: int = 0) -> list[WrittenNumber]:
    """So many numbers, each by one hand."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    numbers: list[WrittenNumber] = []
    while len(numbers) < count:
        hand = hands[rng.integers(len(hands))]
        digits = [hand[i] for i in rng.integers(len(hand), size=rng.integers(2, 7))]
        if kind == "late" and all(len(digit.strokes) < 2 for digit in digits):
            continue
        marks = {}
        if kind in MARKS:
            marks[int(rng.integers(kind != "minus", len(digits)))] = MARKS[kind]
        late = True if kind == "late" else None
        numbers.append(write_number(digits, rng, kind == "touching", late, kind == "joined", marks))
    return numbers


def wrong_digits(read: str, written: str) -> int:
    """The least digits to change, add or leave out: Levenshtein's distance."""
    row = list(range(len(read) + 1))
    for i, expected in enumerate(written, 1):
        before, row[0] = row[:], i
        for j, digit in enumerate(read, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (digit != expected))
    return row[-1]


def read_all(
    recognizer: Recognizer, numbers: Sequence[WrittenNumber]
) -> tuple[list[Number], list[float]]:
    """What is read, and the milliseconds of the processor for each."""
    read, times = [], []
    for number in numbers:
        began = time.thread_time()
        read.append(recognizer.read_number(number.strokes))
        times.append((time.thread_time() - began) * 1000)
    return read, times


def measure_numbers(recognizer: Recognizer, hands: Hands, count: int) -> dict[str, float]:
    shown: dict[str, float] = {}
    for kind in KINDS:
        numbers = written(kind, count, hands)
        read, times = read_all(recognizer, numbers)
        pairs = [
            (n.text_with_signs if kind in ("minus", "point") else n.text, number.text)
            for n, number in zip(read, numbers, strict=True)
        ]
        right = np.array([a == b for a, b in pairs])
        shown[kind] = percent(right)
        if kind != "numbers":
            continue
        length = np.array([len(number.text) for number in numbers])
        wrong = sum(wrong_digits(*pair) for pair in pairs)
        sure = np.array([n.confidence > SURE for n in read])
        shown["digits"] = 100 - 100 * wrong / length.sum()
        shown |= {f"of {digits} digits": percent(right[length == digits]) for digits in range(2, 7)}
        shown |= {"sure": percent(sure), "right, if sure": percent(right[sure])}
        shown |= {"ms, median": statistics.median(times), "ms, 95 %": np.quantile(times, 0.95)}
    return shown


def measure_drawings(recognizer: Recognizer, half: str) -> dict[str, float]:
    """Single digits, and the others' letters and signs, which are none."""
    drawings = [drawing.strokes for hand in hands(half) for drawing in hand]
    letters = [drawing.strokes for drawing in others(half)]
    read = [recognizer.read_number(strokes) for strokes in drawings]
    taken = [recognizer.read_number(strokes) for strokes in letters]
    return {
        "split": percent([len(n.text) > 1 for n in read]),
        "letters refused": percent([n.rejected for n in taken]),
        "letters refused as one digit": percent(
            [recognizer.predict_strokes(strokes).rejected for strokes in letters]
        ),
    }


def frames(strokes: Sequence[Stroke]) -> Iterator[tuple[list[Stroke], bool]]:
    """The drawing as it comes about, and whether the pen is down."""
    for last, stroke in enumerate(strokes):
        for points in range(FRAME, len(stroke), FRAME):
            yield [*strokes[:last], stroke[:points]], True
        yield list(strokes[: last + 1]), False


def flickers(recognizer: Recognizer, strokes: Sequence[Stroke], steady: bool) -> int:
    """How often the number of digits falls while they are drawn."""
    before, falls, digits = None, 0, 0
    for drawn, is_down in frames(strokes):
        before = recognizer.read_number(drawn, before=before if steady and is_down else None)
        falls += len(before.digits) < digits
        digits = len(before.digits)
    return falls


def measure_flicker(recognizer: Recognizer, hands: Hands, count: int) -> dict[str, float]:
    """Falls in a hundred drawings."""
    rng = np.random.default_rng(1)
    single = [drawing.strokes for hand in hands for drawing in hand if len(drawing.strokes) > 1]
    single = [single[i] for i in rng.permutation(len(single))[:count]]
    many = [number.strokes for number in written("numbers", count, hands, seed=1)]
    return {
        f"falls, {name}, {how}": percent([flickers(recognizer, s, steady) for s in drawings])
        for name, drawings in (("single", single), ("numbers", many))
        for how, steady in (("as each is", False), ("steady", True))
    }


def percent(values: Sequence[float] | np.ndarray) -> float:
    return 100 * float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="numbers of each kind")
    parser.add_argument("--half", choices=["A", "B"], default="B")
    given = parser.parse_args()
    own = hands(given.half)
    rows = {}
    for name in ("cnn", "mlp"):
        recognizer = Recognizer.load(name)
        rows[name] = (
            measure_numbers(recognizer, own, given.count)
            | measure_drawings(recognizer, given.half)
            | measure_flicker(recognizer, own, given.count // 10)
        )
    print(f"{'':32}{'asked':>8}" + "".join(f"{name:>8}" for name in rows))
    for measure in rows["cnn"]:
        asked = ASKED.get(measure, "")
        figures = "".join(f"{row[measure]:8.2f}" for row in rows.values())
        print(f"{measure:32}{asked:>8}{figures}")


if __name__ == "__main__":
    main()
