"""How pictures of numbers are read: python -m tests.benchmarks.number_pictures [--half 0|1]

Writes numbers of 2 to 6 digits, each of one validation writer's drawings (DIGITCANVAS_PEN and
DIGITCANVAS_UNIPEN), and takes pictures of them: COUNT (40) of each kind. Prints for each kind and
both shipped networks the numbers that are wholly right, whatever spaces are read; then, for a
picture of 12 megapixels, the seconds that it takes and the megabytes that it adds. Parameters are
chosen on half 0 and reported on half 1. With `--beside`, the code in another checkout reads the
same pictures, and its figures stand before those of this one.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

NETWORKS = ("cnn", "mlp")


# Reading: this part runs in a process of its own, with the code of one checkout


def read_all(folder: Path) -> None:
    """Print for each picture in the folder what each network reads, as JSON."""
    from digitcanvas import Recognizer
    from digitcanvas.drawing.pictures import read_picture

    recognizers = {name: Recognizer.load(name) for name in NETWORKS}
    answers: dict[str, dict] = {}
    for path in sorted(folder.iterdir()):
        began = time.perf_counter()
        answers[path.name] = answer = {}
        for name, recognizer in recognizers.items():
            try:
                read = recognizer.read_number_image(read_picture(path))
                answer[name] = [read.text.replace(" ", ""), not read.rejected]
            except ValueError as error:
                answer[name] = [f"({error})", False]
        answer["seconds"] = (time.perf_counter() - began) / len(recognizers)
    print(json.dumps(answers))


def measure_large(path: Path) -> None:
    """A photo of 4000 x 3000 pixels."""
    from digitcanvas import Recognizer
    from digitcanvas.drawing.pictures import read_picture

    recognizer = Recognizer.load("cnn")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    text = recognizer.read_number_image(read_picture(path)).text
    seconds = time.perf_counter() - began
    added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"12 megapixels: {text} in {seconds:.2f} s, {added / 1024:.0f} MB on {before / 1024:.0f}")


if __name__ == "__main__" and sys.argv[1:2] == ["--read"]:
    read_all(Path(sys.argv[2]))
    sys.exit()

if __name__ == "__main__" and sys.argv[1:2] == ["--large"]:
    measure_large(Path(sys.argv[2]))
    sys.exit()


from digitcanvas.drawing.strokes import Drawing, Stroke  # noqa: E402
from tests.benchmarks.pictures import drawings, encode, jpeg, mnist_images  # noqa: E402
from tests.photos import (  # noqa: E402
    PENS,
    fall_off,
    inked,
    photographed,
    placed,
    rule,
    shadow,
    sheet,
    smooth_noise,
    word,
    written,
)

Digits = list[list[Stroke]]
"""The strokes of each digit."""

Picture = tuple[bytes, str]


@cache
def hands() -> list[list[Drawing]]:
    """The drawings of each writer that both networks read from their strokes."""
    own = defaultdict(list)
    for drawing in drawings():
        own[drawing.writer].append(drawing)
    return [hand for hand in own.values() if len(hand) >= 6]


def pick(rng: np.random.Generator, least: int = 2, most: int = 6) -> list[Drawing]:
    hand = hands()[rng.integers(len(hands()))]
    return [hand[i] for i in rng.integers(0, len(hand), int(rng.integers(least, most + 1)))]


def text_of(chosen: list[Drawing]) -> str:
    return "".join(str(drawing.label) for drawing in chosen)


def side_by_side(
    rng: np.random.Generator,
    chosen: list[Drawing],
    pen: float,
    gaps: tuple[float, float] = (0.08, 0.6),
    heights: tuple[float, float] = (0.85, 1.15),
    slope: float = 0.08,
    touching: int | None = None,
) -> Digits:
    """The digits of height 1, with room between their inks but before `touching`."""
    digits: Digits = []
    right = 0.0
    tangent = np.tan(rng.uniform(-slope, slope))
    for place, drawing in enumerate(chosen):
        height = rng.uniform(*heights)
        ink = placed(drawing.strokes, 1, (0, 0), rng.uniform(-5, 5))
        tall = np.ptp(np.concatenate(ink)[:, 1])
        ink = [stroke * height / max(tall, 0.5) for stroke in ink]
        x = right - np.concatenate(ink)[:, 0].min()
        if place and place == touching:
            before = [stroke for digit in digits for stroke in digit]
            moved = [stroke + np.array([x, tangent * right]) for stroke in ink]
            x -= gap_of(before, moved) + pen / 3
        elif place:
            x += pen + rng.uniform(*gaps)
        y = rng.uniform(-0.08, 0.08) + tangent * right
        digits.append([stroke + np.array([x, y]) for stroke in ink])
        right = max(right, np.concatenate(digits[-1])[:, 0].max())
    return digits


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


@dataclass
class Scene:
    """A number on a page, with digits about `scale` pixels high and a pen as wide."""

    rng: np.random.Generator
    digits: Digits
    size: tuple[int, int]
    pen: float
    """In heights of a digit."""
    width: tuple[float, float] = (0.5, 0.9)
    """The number's, in shares of the picture's."""
    height: float = 0.7
    """At most, in shares of the picture's."""
    room: tuple[float, float] = (0.2, 0.8)

    def __post_init__(self) -> None:
        points = np.concatenate([stroke for digit in self.digits for stroke in digit])
        low, high = points.min(axis=0), points.max(axis=0)
        extent = high - low + self.pen
        self.scale = float(
            min(self.size[0] * self.rng.uniform(*self.width), extent[0] * 9e9) / extent[0]
        )
        self.scale = min(self.scale, self.height * self.size[1] / extent[1])
        room = np.array(self.size) - extent * self.scale
        corner = room * self.rng.uniform(*self.room, 2) + self.pen * self.scale / 2
        self.digits = [
            [(stroke - low) * self.scale + corner for stroke in digit] for digit in self.digits
        ]
        self.colour: Sequence[float] = list(PENS.values())[self.rng.integers(len(PENS))]

    @property
    def strokes(self) -> list[Stroke]:
        return [stroke for digit in self.digits for stroke in digit]

    @property
    def box(self) -> np.ndarray:
        points = np.concatenate(self.strokes)
        return np.array([points.min(axis=0), points.max(axis=0)])

    @property
    def line(self) -> float:
        """The pen's width in pixels."""
        return max(self.pen * self.scale, 1.5)

    def ink(self, strokes: list[Stroke] | None = None, share: float = 1) -> np.ndarray:
        return written(strokes or self.strokes, self.size, max(self.line * share, 1))

    def on(self, page: np.ndarray) -> np.ndarray:
        return inked(page, self.ink(), self.colour)

    def photo(self, page: np.ndarray, light: np.ndarray | None = None, **camera: float) -> bytes:
        rng = self.rng
        if light is None:
            light = fall_off(self.size, rng.uniform(0.5, 1), rng.uniform(0, 360))
        camera = {"exposure": rng.uniform(0.6, 0.95), "noise": rng.uniform(1, 6)} | camera
        return jpeg(photographed(page, rng, light, **camera), rng)


def scene_of(
    rng: np.random.Generator,
    chosen: list[Drawing] | None = None,
    pen: tuple[float, float] = (0.04, 0.1),
    size: tuple[int, int] | None = None,
    width: tuple[float, float] = (0.5, 0.9),
    room: tuple[float, float] = (0.2, 0.8),
    height: float = 0.7,
    touching: bool = False,
    **row: tuple[float, float] | float,
) -> tuple[Scene, str]:
    chosen = chosen or pick(rng)
    thickness = rng.uniform(*pen)
    place = int(rng.integers(1, len(chosen))) if touching else None
    digits = side_by_side(rng, chosen, thickness, touching=place, **row)  # type: ignore[arg-type]
    size = size or (1600, int(rng.integers(700, 1200)))
    return Scene(rng, digits, size, thickness, width, height, room), text_of(chosen)


def plain(scene: Scene) -> bytes:
    return scene.photo(scene.on(sheet(scene.size, scene.rng)))


def apart(rng):
    scene, text = scene_of(rng)
    return plain(scene), text


def one_pair_touching(rng):
    scene, text = scene_of(rng, touching=True)
    return plain(scene), text


def again_and_again(rng):
    """One digit so often that it counts against its polarity."""
    scene, text = scene_of(rng, pick(rng)[:1] * int(rng.integers(4, 7)))
    return plain(scene), text


def thin_on_grainy_paper(rng):
    scene, text = scene_of(rng, pen=(0.015, 0.03))
    return scene.photo(scene.on(sheet(scene.size, rng, grain=0.04))), text


def broad_pen(rng):
    scene, text = scene_of(rng, pen=(0.1, 0.18))
    return plain(scene), text


def at_the_edge(rng):
    """The ink ends within a pen's width of one edge or two."""
    scene, text = scene_of(rng, width=(0.6, 0.8))
    shift = np.zeros(2)
    low, high = scene.box
    for axis in rng.permutation(2)[: rng.integers(1, 3)]:
        gap = scene.line * rng.uniform(0.6, 1.5)
        ends = (gap - low[axis], scene.size[axis] - gap - high[axis])
        shift[axis] = ends[rng.integers(2)]
    scene.digits = [[stroke + shift for stroke in digit] for digit in scene.digits]
    return plain(scene), text


def on_a_board(rng):
    scene, text = scene_of(rng)
    page = sheet(scene.size, rng, (0.1, 0.2, 0.15), 0.04)
    grain = (0.8 + 0.25 * smooth_noise(scene.size, 2, rng)).clip(0, 1)
    return scene.photo(inked(page, scene.ink() * grain, (0.85, 0.85, 0.82))), text


def on_a_whiteboard(rng):
    scene, text = scene_of(rng, pen=(0.05, 0.1))
    page = sheet(scene.size, rng, (0.8, 0.82, 0.83), 0.004)
    old = [stroke + rng.uniform(-200, 200, 2) for stroke in scene.strokes]
    page = scene.on(inked(page, scene.ink(old), (0.3, 0.3, 0.4), 0.06))
    x, y = np.meshgrid(*(np.arange(length, dtype=np.float32) for length in scene.size))
    spot = np.array(scene.size) * rng.uniform(0.1, 0.9, 2)
    distance = ((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (0.1 * min(scene.size)) ** 2
    return scene.photo(page + 0.5 * np.exp(-distance)[..., None], exposure=0.9), text


def _printed(rng, squared):
    scene, text = scene_of(rng)
    spacing = scene.scale * (rng.uniform(0.2, 1.1) if squared else rng.uniform(0.5, 1.3))
    colour = [(0.6, 0.72, 0.9), (0.65, 0.65, 0.68), (0.85, 0.6, 0.62)][rng.integers(3)]
    width = max(1, round(scene.line * rng.uniform(0.2, 0.6)))
    page = rule(sheet(scene.size, rng), spacing, width, colour, squared, rng.uniform(-4, 4))
    return scene.photo(scene.on(page)), text


def ruled(rng):
    return _printed(rng, False)


def squared(rng):
    return _printed(rng, True)


def sheet_on_a_table(rng):
    scene, text = scene_of(rng, width=(0.4, 0.65), height=0.4, room=(0.3, 0.7))
    table = sheet(scene.size, rng, [(0.25, 0.17, 0.12), (0.1, 0.1, 0.12)][rng.integers(2)], 0.1)
    low, high = scene.box
    gap = scene.scale * rng.uniform(0.3, 0.8, 4) + scene.line
    low, high = low - gap[:2], high + gap[2:]
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    corners = corners + rng.normal(0, 0.04 * scene.scale, corners.shape)
    mask = np.zeros(scene.size[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 255, cv2.LINE_AA)
    share = (mask / np.float32(255))[..., np.newaxis]
    return scene.photo(scene.on(sheet(scene.size, rng)) * share + table * (1 - share)), text


def small_on_a_page(rng):
    size = (1200, 1600) if rng.random() < 0.6 else (1600, 1200)
    scene, text = scene_of(rng, size=size, width=(0.2, 0.45), pen=(0.06, 0.1))
    return plain(scene), text


def shadows(rng):
    scene, text = scene_of(rng)
    edge = (
        rng.uniform(0.3, 0.6),
        rng.uniform(0.005, 0.1),
        rng.uniform(0, 360),
        rng.uniform(-0.6, 0.6),
    )
    return scene.photo(scene.on(sheet(scene.size, rng)), shadow(scene.size, *edge)), text


def sizes_and_slope(rng):
    scene, text = scene_of(rng, heights=(0.65, 1.35), slope=0.22)
    return plain(scene), text


def wide_gaps(rng):
    scene, text = scene_of(rng, gaps=(0.8, 2.2), width=(0.7, 0.9))
    return plain(scene), text


def _cells(scene, rng):
    """A cell about each digit: (N, 4)."""
    gap = scene.scale * 0.12 + scene.line
    boxes = [np.concatenate(digit) for digit in scene.digits]
    top, bottom = scene.box[0, 1] - gap, scene.box[1, 1] + gap
    lefts = [points[:, 0].min() for points in boxes]
    rights = [points[:, 0].max() for points in boxes]
    half = max(r - x for x, r in zip(lefts, rights, strict=True)) / 2 + gap
    return [
        ((x + r) / 2 - half, top, (x + r) / 2 + half, bottom)
        for x, r in zip(lefts, rights, strict=True)
    ]


def _form(rng, dotted):
    scene, text = scene_of(rng, gaps=(0.5, 0.5), slope=0.01, width=(0.5, 0.75))
    middles = [np.concatenate(digit)[:, 0] for digit in scene.digits]
    pitch = max(np.ptp(x) for x in middles) + 0.35 * scene.scale + 2 * scene.line
    start = scene.size[0] / 2 - pitch * (len(middles) - 1) / 2
    if pitch * len(middles) > 0.95 * scene.size[0]:
        return _form(rng, dotted)
    scene.digits = [
        [stroke + np.array([start + i * pitch - (x.min() + x.max()) / 2, 0]) for stroke in digit]
        for i, (digit, x) in enumerate(zip(scene.digits, middles, strict=True))
    ]
    page = scene.on(sheet(scene.size, rng))
    lines = np.zeros(scene.size[::-1], np.uint8)
    apart_ = rng.random() < 0.5
    thick = max(1, round(scene.line * rng.uniform(0.15, 0.4)))
    gap = 0.15 * scene.scale + scene.line
    top, bottom = scene.box[0, 1] - gap, scene.box[1, 1] + gap
    for i in range(len(middles)):
        half = pitch / 2 - (thick * 2 if apart_ else 0)
        left, right = start + i * pitch - half, start + i * pitch + half
        corners = np.array(
            [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        )
        if dotted:
            for a, b in pairwise(corners):
                count = int(np.hypot(*(b - a)) / (4 * thick))
                for t in np.linspace(0, 1, max(count, 2)):
                    cv2.circle(lines, np.rint(a + t * (b - a)).astype(int).tolist(), thick, 255, -1)
        else:
            cv2.polylines(lines, [np.rint(corners).astype(np.int32)], False, 255, thick)
    colour = [(0.3, 0.3, 0.32), (0.8, 0.45, 0.4), (0.4, 0.6, 0.8)][rng.integers(3)]
    return scene.photo(inked(page, lines / np.float32(255), colour)), text


def dotted_boxes(rng):
    return _form(rng, True)


def boxes(rng):
    return _form(rng, False)


def on_a_line(rng):
    """Over one printed line, as in a form."""
    scene, text = scene_of(rng, slope=0.01)
    low, high = scene.box
    y = high[1] + scene.scale * rng.uniform(-0.05, 0.25)
    ends = np.array([(low[0] - 0.5 * scene.scale, y), (high[0] + 0.7 * scene.scale, y + 3)])
    page = inked(scene.on(sheet(scene.size, rng)), scene.ink([ends], 0.4), PENS["black"])
    return scene.photo(page), text


def _separated(rng, signs):
    """A price or a date: digits with signs between them, which are none."""
    text = signs[rng.integers(len(signs))]
    chosen = pick(rng, *(sum(c == "0" for c in text),) * 2)
    pen = rng.uniform(0.05, 0.1)
    digits = side_by_side(rng, chosen, pen, gaps=(0.15, 0.4), slope=0.02)
    out: Digits = []
    shift, place = 0.0, 0
    for sign in text:
        right = max((np.concatenate(d)[:, 0].max() for d in out), default=0)
        if sign == "0":
            out.append([stroke + np.array([shift, 0]) for stroke in digits[place]])
            place += 1
            continue
        x = right + 0.15 + pen
        shape = {
            ".": [(0, 0.46), (0.01, 0.48)],
            ",": [(0.05, 0.45), (0.03, 0.55), (-0.03, 0.68)],
            "-": [(0, 0.02), (0.4, 0)],
            "/": [(0.0, 0.65), (0.35, -0.65)],
        }[sign]
        out.append([np.array(shape, float) + np.array([x, 0])])
        shift += max(p[0] for p in shape) + 0.15 + pen
    # commas are strokes of their own, and count for no digit
    size = (1600, int(rng.integers(500, 1000)))
    scene = Scene(rng, out, size, pen, (0.6, 0.9))
    return plain(scene), text_of(chosen)


def prices(rng):
    return _separated(rng, ["00.00", "0.00", "00,00", "0,00", "000.00"])


def dashes(rng):
    return _separated(rng, ["00-00", "0-00", "00-0"])


def dates(rng):
    return _separated(rng, ["00.00.0000", "00/00/00", "0/00", "00-00-00", "0.0.00"])


def wide_crop(rng):
    scene, text = scene_of(rng, size=(1000, 120), height=0.85, slope=0.01, pen=(0.05, 0.1))
    return plain(scene), text


def small_crop(rng):
    size = (120, 40)
    large = (960, 320)
    scene, text = scene_of(
        rng, pick(rng, 2, 4), size=large, height=0.8, slope=0.03, pen=(0.07, 0.12), width=(0.7, 0.9)
    )
    picture = np.asarray(Image.open(io.BytesIO(plain(scene))))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return jpeg(small, rng) if rng.random() < 0.5 else encode(small, "PNG"), text


def colours(rng):
    scene, text = scene_of(rng)
    page = sheet(scene.size, rng)
    for digit in scene.digits:
        page = inked(page, scene.ink(digit), list(PENS.values())[rng.integers(len(PENS))])
    return scene.photo(page), text


def bright_colours(rng):
    """A paint program's colours, on white or black."""
    scene, text = scene_of(rng)
    dark = rng.random() < 0.5
    page = np.full((*scene.size[::-1], 3), 0.0 if dark else 1.0, np.float32)
    palette = (
        [(1, 1, 0), (0, 1, 0), (0, 1, 1), (1, 0.5, 0), (1, 0.4, 0.7), (1, 1, 1)]
        if dark
        else [(1, 0, 0), (0, 0, 1), (0, 0.5, 0), (0.6, 0, 0.6), (0, 0, 0), (1, 0.4, 0)]
    )
    for digit in scene.digits:
        page = inked(page, scene.ink(digit), palette[rng.integers(len(palette))])
    return encode(np.rint(255 * page).astype(np.uint8), "PNG"), text


def paint_program(rng):
    """A window with a bar of tools over the canvas."""
    scene, text = scene_of(rng, size=(1200, 800), room=(0.3, 0.8), height=0.5)
    page = np.full((800, 1200, 3), 255, np.uint8)
    for digit in scene.digits:
        for stroke in digit:
            points = np.rint(stroke).astype(np.int32)
            kind = cv2.LINE_8 if scene.colour[0] < 0.5 else cv2.LINE_AA
            cv2.polylines(page, [points], False, (0, 0, 0), round(scene.line), kind)
    bar = int(rng.integers(40, 110))
    whole = np.full((800 + bar, 1200, 3), 240, np.uint8)
    whole[bar:] = page
    cv2.line(whole, (0, bar), (1200, bar), (180, 180, 180), 1)
    for i in range(int(rng.integers(4, 12))):
        colour = rng.integers(0, 256, 3).tolist()
        x = 20 + 60 * i
        cv2.rectangle(whole, (x, 8), (x + 26, bar - 12), colour, -1 if rng.random() < 0.6 else 2)
    return encode(whole, "PNG"), text


def white_on_black(rng):
    scene, text = scene_of(rng)
    return encode(np.rint(255 * scene.ink()).astype(np.uint8), "PNG"), text


def scan(rng):
    scene, text = scene_of(rng)
    grey = np.where(scene.ink() > 0.5, 0, 255).astype(np.uint8)
    for point in rng.integers(0, scene.size, (int(rng.integers(0, 40)), 2)):
        cv2.circle(grey, point.tolist(), int(rng.integers(1, 4)), 0, -1)
    return encode(grey, "PNG"), text


def hershey(rng):
    text = "".join(str(d) for d in rng.integers(0, 10, rng.integers(2, 7)))
    font = int(rng.choice([0, 1, 2, 3, 4, 6, 7]))
    scale = rng.uniform(1, 4)
    thick = max(1, round(scale * rng.uniform(1, 3)))
    (width, height), _ = cv2.getTextSize(text, font, scale, thick)
    margin = round(height * rng.uniform(0.3, 1.5)) + thick
    picture = np.full((height + 2 * margin, width + 2 * margin), 255, np.uint8)
    cv2.putText(picture, text, (margin, margin + height), font, scale, 0, thick, cv2.LINE_AA)
    return encode(255 - picture if rng.random() < 0.4 else picture, "PNG"), text


def typed(rng):
    text = "".join(str(d) for d in rng.integers(0, 10, rng.integers(2, 7)))
    size = int(rng.integers(24, 160))
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    margin = round(size * rng.uniform(0.2, 1))
    whole = (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin)
    image = Image.new("L", whole, 255)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, 0, font=font)
    picture = np.asarray(image)
    return encode(255 - picture if rng.random() < 0.4 else picture, "PNG"), text


def like_mnist(rng):
    """Two to five of MNIST's images side by side, at their size or enlarged."""
    images, labels = mnist_images()
    chosen = rng.integers(0, len(images), rng.integers(2, 6))
    picture = np.concatenate(list(images[chosen]), axis=1)
    scale = int(rng.choice([1, 1, 2, 8]))
    picture = np.kron(picture, np.ones((scale, scale), np.uint8))
    text = "".join(str(labels[i]) for i in chosen)
    return encode(255 - picture if rng.random() < 0.4 else picture, "PNG"), text


def other_writing(rng):
    """A smaller line of writing or of digits over the number, or under it."""
    scene, text = scene_of(rng, height=0.4, width=(0.5, 0.8), room=(0.35, 0.65))
    low, high = scene.box
    size = scene.scale * rng.uniform(0.25, 0.5)
    texts = ["number", "total", "my code", "room", "answer", "see page"]
    if rng.random() < 0.5:
        note = word(texts[rng.integers(len(texts))].replace(" ", ""), size, 0, 0)
    else:
        other = side_by_side(rng, pick(rng, 2, 5), 0.1)
        note = [(stroke + np.array([0, 0.6])) * size for digit in other for stroke in digit]
    below = rng.random() < 0.5
    y = high[1] + 0.35 * scene.scale + size * 0.3 if below else low[1] - 0.5 * scene.scale - size
    note = [
        stroke + np.array([low[0] + rng.uniform(0, 0.4) * (high - low)[0], y]) for stroke in note
    ]
    page = scene.on(sheet(scene.size, rng))
    page = inked(
        page, scene.ink(note, max(size / scale if (scale := scene.scale) else 1, 0.3)), scene.colour
    )
    return scene.photo(page), text


def perspective(rng):
    scene, text = scene_of(rng, width=(0.45, 0.7), room=(0.3, 0.7))
    page = scene.on(sheet(scene.size, rng))
    width, height = scene.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = (corners + rng.uniform(-0.12, 0.12, (4, 2)) * scene.size).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, moved)
    page = cv2.warpPerspective(page, warp, scene.size, borderMode=cv2.BORDER_REPLICATE)
    return scene.photo(page), text


def pencil(rng):
    scene, text = scene_of(rng, pen=(0.03, 0.06))
    grain = (0.75 + 0.25 * smooth_noise(scene.size, 2, rng)).clip(0, 1)
    grey = rng.uniform(0.3, 0.55)
    return scene.photo(inked(sheet(scene.size, rng), scene.ink() * grain, (grey,) * 3)), text


def single(rng):
    scene, text = scene_of(rng, pick(rng)[:1], width=(0.2, 0.6))
    return plain(scene), text


KINDS: dict[str, Callable[[np.random.Generator], Picture]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        apart,
        one_pair_touching,
        again_and_again,
        thin_on_grainy_paper,
        broad_pen,
        pencil,
        at_the_edge,
        on_a_board,
        on_a_whiteboard,
        ruled,
        squared,
        on_a_line,
        sheet_on_a_table,
        small_on_a_page,
        shadows,
        perspective,
        sizes_and_slope,
        wide_gaps,
        dotted_boxes,
        boxes,
        prices,
        dashes,
        dates,
        wide_crop,
        small_crop,
        colours,
        bright_colours,
        paint_program,
        white_on_black,
        scan,
        hershey,
        typed,
        like_mnist,
        other_writing,
        single,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--half", type=int, choices=(0, 1), default=1)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--keep", type=Path, help="where the pictures are kept")
    parser.add_argument("--show-wrong", action="store_true")
    given = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary) / "pictures"
        folder.mkdir(parents=True, exist_ok=True)
        texts = make(folder, given.kinds, given.half, given.count)
        checkouts = [given.beside] if given.beside else []
        answers = [
            json.loads(run_in(checkout, "--read", folder)) for checkout in (*checkouts, Path.cwd())
        ]
        report(answers, texts, given.show_wrong)
        large = Path(temporary) / "large"
        data, _ = apart(np.random.default_rng(0))
        large.write_bytes(encode(np.asarray(Image.open(io.BytesIO(data)).resize((4000, 3000)))))
        print(run_in(Path.cwd(), "--large", large).strip())


def make(folder: Path, kinds: list[str], half: int, count: int) -> dict[str, str]:
    """Write the pictures; those that a folder has already are taken as they are."""
    index = folder.with_name(folder.name + ".json")
    texts: dict[str, str] = json.loads(index.read_text()) if index.exists() else {}
    for kind in kinds:
        for number in range(count):
            name = f"{kind} {half}{number:03}"
            if name not in texts:
                rng = np.random.default_rng([half, list(KINDS).index(kind), number])
                data, texts[name] = KINDS[kind](rng)
                (folder / name).write_bytes(data)
    index.write_text(json.dumps(texts))
    return {name: text for name, text in texts.items() if name[:-5] in kinds}


def run_in(checkout: Path, *arguments: str | Path) -> str:
    command = [sys.executable, "-P", str(Path(__file__).resolve()), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return result.stdout.decode()


def report(answers: list[dict[str, dict]], texts: dict[str, str], show_wrong: bool) -> None:
    for kind in dict.fromkeys(name[:-5] for name in texts):
        names = [name for name in texts if name[:-5] == kind]
        row = f"{kind:22}"
        for network in NETWORKS:
            for answer in answers:
                right = sum(answer[name][network][0] == texts[name] for name in names)
                row += f"{right / len(names):8.1%}"
        for answer in answers:
            row += f"{1000 * np.median([answer[name]['seconds'] for name in names]):6.0f} ms"
        print(row)
        if show_wrong:
            for name in names:
                read = answers[-1][name][NETWORKS[0]]
                if read[0] != texts[name]:
                    print("   ", name[-4:], texts[name], "as", *read)


if __name__ == "__main__":
    main()
