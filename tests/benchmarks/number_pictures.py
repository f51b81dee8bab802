"""How pictures of numbers are read: python -m tests.benchmarks.number_pictures [--count N]

Writes numbers of 2 to 6 digits, each of one validation writer's drawings (DIGITCANVAS_PEN and
DIGITCANVAS_UNIPEN), on paper, and takes photos of them: COUNT (50) of each kind. Prints for each
kind and both shipped networks the numbers that are wholly right; then, for a picture of 12
megapixels, the seconds that it takes and the megabytes that it adds.
"""

import argparse
import io
import resource
import time
from collections import defaultdict
from functools import cache

import numpy as np
from PIL import Image

from digitcanvas import Recognizer
from digitcanvas.drawing.pictures import read_picture
from digitcanvas.drawing.strokes import Drawing, Stroke
from tests.benchmarks.pictures import NETWORKS, drawings, encode
from tests.photos import PENS, fall_off, inked, photographed, placed, rule, sheet, written


@cache
def hands() -> list[list[Drawing]]:
    """The drawings of each writer that both networks read from their strokes."""
    own = defaultdict(list)
    for drawing in drawings():
        own[drawing.writer].append(drawing)
    return [hand for hand in own.values() if len(hand) >= 6]


def row(
    rng: np.random.Generator, chosen: list[Drawing], pen: float, touching: int | None
) -> list[Stroke]:
    """The digits side by side, of height 1, with room between their inks but before `touching`."""
    strokes: list[Stroke] = []
    right = 0.0
    slope = np.tan(rng.uniform(-0.08, 0.08))
    for place, drawing in enumerate(chosen):
        height = rng.uniform(0.85, 1.15)
        ink = placed(drawing.strokes, 1, (0, 0), rng.uniform(-5, 5))
        tall = np.ptp(np.concatenate(ink)[:, 1])
        ink = [stroke * height / max(tall, 0.5) for stroke in ink]
        left = np.concatenate(ink)[:, 0].min()
        x = right - left
        if place and place == touching:
            x -= (
                gap_of(strokes, [stroke + np.array([x, slope * right]) for stroke in ink]) + pen / 3
            )
        elif place:
            x += pen + rng.uniform(0.08, 0.6)
        y = rng.uniform(-0.08, 0.08) + slope * right
        strokes += [stroke + np.array([x, y]) for stroke in ink]
        right = np.concatenate(strokes)[:, 0].max()
    return strokes


def gap_of(left: list[Stroke], right: list[Stroke]) -> float:
    """How far the right strokes can move to the left until they touch the left ones."""
    rows: dict[int, list[float]] = {}
    for strokes, side in ((left, 0), (right, 1)):
        for stroke in strokes:
            steps = np.linspace(0, len(stroke) - 1, 12 * len(stroke))
            x, y = (np.interp(steps, np.arange(len(stroke)), axis) for axis in stroke.T)
            for at, column in zip(np.rint(y * 20).astype(int).tolist(), x.tolist(), strict=True):
                ends = rows.setdefault(at, [-np.inf, np.inf])
                ends[side] = max(ends[0], column) if side == 0 else min(ends[1], column)
    gaps = [end - start for start, end in rows.values() if np.isfinite(end - start)]
    return min(gaps, default=0.0)


def picture(rng: np.random.Generator, kind: str) -> tuple[bytes, str]:
    hand = hands()[rng.integers(len(hands()))]
    count = int(rng.integers(2, 7))
    chosen = [hand[i] for i in rng.integers(0, len(hand), count)]
    if kind == "one digit again and again":
        chosen = [hand[rng.integers(len(hand))]] * int(rng.integers(4, 7))
    if kind == "single":
        chosen = chosen[:1]
    pen = rng.uniform(*((0.015, 0.03) if kind == "thin, grainy" else (0.04, 0.1)))
    touching = int(rng.integers(1, len(chosen))) if kind == "one pair touching" else None
    strokes = row(rng, chosen, pen, touching)
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    size = (1600, int(rng.integers(700, 1200)))
    longest = min(
        size[0] * rng.uniform(0.5, 0.9), size[1] * 0.7 * (high - low)[0] / (high - low)[1]
    )
    scale = longest / (high - low)[0]
    room = np.array(size) - (high - low) * scale
    corner = room * (rng.uniform(0.2, 0.8, 2))
    if kind == "at the edge":
        corner[0] = pen * scale * rng.choice([0.2, 0.5, 1]) if rng.random() < 0.5 else room[0]
    strokes = [(stroke - low) * scale + corner for stroke in strokes]
    ink = written(strokes, size, max(pen * scale, 2))
    grain = 0.04 if kind == "thin, grainy" else 0.008
    dark = (0.1, 0.2, 0.15)
    page = sheet(size, rng, dark if kind == "on a board" else (0.93, 0.91, 0.86), grain)
    if kind == "ruled":
        page = rule(page, scale * rng.uniform(0.5, 1.2), 3, (0.6, 0.72, 0.9), rng.random() < 0.5)
    colour = list(PENS.values())[rng.integers(len(PENS))]
    page = inked(page, ink, (0.85, 0.85, 0.82) if kind == "on a board" else colour)
    light = fall_off(size, rng.uniform(0.5, 1), rng.uniform(0, 360))
    photo = photographed(page, rng, light, rng.uniform(0.6, 0.95), noise=rng.uniform(1, 6))
    if kind == "scan":
        return encode(np.where(ink > 0.5, 0, 255).astype(np.uint8), "PNG"), text_of(chosen)
    return encode(photo, quality=int(rng.integers(60, 95))), text_of(chosen)


def text_of(chosen: list[Drawing]) -> str:
    return "".join(str(drawing.label) for drawing in chosen)


KINDS = (
    "apart",
    "one pair touching",
    "one digit again and again",
    "thin, grainy",
    "at the edge",
    "on a board",
    "ruled",
    "scan",
    "single",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    recognizers = {name: Recognizer.load(name) for name in NETWORKS}
    for kind in given.kinds:
        right = dict.fromkeys(NETWORKS, 0)
        seconds, wrong = [], []
        for number in range(given.count):
            rng = np.random.default_rng([given.seed, KINDS.index(kind), number])
            data, text = picture(rng, kind)
            shown = read_picture(data)
            for name, recognizer in recognizers.items():
                began = time.perf_counter()
                read = read_text(recognizer, shown)
                seconds.append(time.perf_counter() - began)
                right[name] += read == text
                if read != text and name == NETWORKS[0]:
                    wrong.append(f"{number}: {text} as {read}")
        shares = "".join(f"{right[name] / given.count:9.1%}" for name in NETWORKS)
        print(f"{kind:28}{shares}{1000 * np.median(seconds):8.0f} ms  ", *wrong[:6], flush=True)
    measure_large(recognizers[NETWORKS[0]])


def read_text(recognizer: Recognizer, shown: np.ndarray) -> str:
    try:
        return recognizer.read_number_image(shown).text
    except ValueError as error:
        return f"({error})"


def measure_large(recognizer: Recognizer) -> None:
    """A photo of 4000 x 3000 pixels."""
    data, _ = picture(np.random.default_rng(0), "apart")
    large = Image.open(io.BytesIO(data)).resize((4000, 3000))
    data = encode(np.asarray(large))
    del large
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    recognizer.read_number_image(read_picture(data))
    seconds = time.perf_counter() - began
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"12 megapixels: {seconds:.2f} s, at most {before / 1024:.0f} + {added / 1024:.0f} MB")


if __name__ == "__main__":
    main()
