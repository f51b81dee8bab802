"""How pictures of one digit are read: python -m tests.benchmarks.pictures [--half 0|1]

Makes pictures of each kind, COUNT (50) of it, from drawings by the validation writers of pendigits
and UNIPEN (DIGITCANVAS_PEN, DIGITCANVAS_UNIPEN) and from MNIST's validation images, and reads them
with both shipped networks. The drawings are those that both networks read from their strokes, so
that what fails is the picture's part. Prints for each kind and network the pictures that are read
and accepted. Parameters are chosen on half 0 and reported on half 1: the two have other scenes, of
the same drawings. With `--beside`, the code in another checkout reads the same pictures, and its
figures stand before those of this one. `--keep FOLDER` keeps the pictures.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

NETWORKS = ("cnn", "mlp")
REFUSED = -1
"""Stands for a picture without a digit or with several: right is to accept no answer."""


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
                read = recognizer.predict_image(read_picture(path))
                answer[name] = [read.digit, read.is_digit]
            except ValueError as error:
                answer[name] = [str(error), 0.0]
        answer["seconds"] = (time.perf_counter() - began) / len(recognizers)
    print(json.dumps(answers))


if __name__ == "__main__" and sys.argv[1:2] == ["--read"]:
    read_all(Path(sys.argv[2]))
    sys.exit()


from digitcanvas import Recognizer  # noqa: E402
from digitcanvas.data import mnist  # noqa: E402
from digitcanvas.data.pen import load_pen_digits  # noqa: E402
from digitcanvas.data.unipen import load_unipen  # noqa: E402
from digitcanvas.drawing.strokes import Drawing  # noqa: E402
from tests.photos import (  # noqa: E402
    PENS,
    WHITE,
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


@dataclass
class Made:
    """One picture's file, and the digit in it."""

    data: bytes
    label: int


def encode(picture: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def jpeg(picture: np.ndarray, rng: np.random.Generator, worst: int = 60) -> bytes:
    return encode(picture, quality=int(rng.integers(worst, 95)))


# Data


@cache
def drawings() -> list[Drawing]:
    """Those of the validation writers that both networks read from their strokes."""
    pen, unipen = load_pen_digits(), load_unipen()
    if pen is None or unipen is None:
        sys.exit("Set DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN to the drawings.")
    rng = np.random.default_rng(0)
    chosen = [pen.validation[i] for i in rng.permutation(len(pen.validation))[:700]]
    chosen += unipen.digits.validation
    for name in NETWORKS:
        recognizer = Recognizer.load(name)
        read = [(recognizer.predict_strokes(drawing.strokes), drawing) for drawing in chosen]
        chosen = [d for p, d in read if p.digit == d.label and not p.rejected]
    return chosen


@cache
def mnist_images() -> tuple[np.ndarray, np.ndarray]:
    """Training images that no network learned from are not to be had: these are every 60th."""
    data = mnist.load_mnist()
    return data.x_train[::60], data.y_train[::60]


def pick(rng: np.random.Generator) -> Drawing:
    chosen = drawings()
    return chosen[rng.integers(len(chosen))]


# The kinds


@dataclass
class Scene:
    """A digit on a page: what most kinds vary in one thing or two."""

    rng: np.random.Generator
    share: tuple[float, float] = (0.25, 0.7)
    """The digit's long side, in shares of the picture's short one."""
    pen: tuple[float, float] = (0.025, 0.09)
    """The pen's width, in shares of the digit's long side."""
    spread: float = 0.6
    """How far from the middle the digit may be, in shares of the room."""
    tilt: float = 8

    def __post_init__(self) -> None:
        long = int(self.rng.integers(800, 1500))
        size = [long, int(long * self.rng.uniform(0.6, 1))]
        self.size = tuple(size if self.rng.random() < 0.5 else size[::-1])
        self.drawing = pick(self.rng)
        self.height = self.rng.uniform(*self.share) * min(self.size)
        self.width = max(self.rng.uniform(*self.pen) * self.height, 2)
        room = np.maximum(np.array(self.size) - self.height - 4 * self.width, 0) / 2
        self.middle = np.array(self.size) / 2 + room * self.rng.uniform(-1, 1, 2) * self.spread
        angle = self.rng.uniform(-self.tilt, self.tilt)
        self.strokes = placed(self.drawing.strokes, self.height, self.middle, angle)
        self.ink = written(self.strokes, self.size, self.width)
        self.colour = list(PENS.values())[self.rng.integers(len(PENS))]

    def photo(self, page: np.ndarray, light: np.ndarray | float | None = None, **camera) -> bytes:
        rng = self.rng
        if light is None:
            light = fall_off(self.size, rng.uniform(0.75, 1), rng.uniform(0, 360))
        camera = {
            "exposure": rng.uniform(0.6, 0.95),
            "blur": rng.uniform(0.3, 1.5),
            "noise": rng.uniform(1, 6),
        } | camera
        return jpeg(photographed(page, rng, light, **camera), rng)

    def made(self, page: np.ndarray, light: np.ndarray | float | None = None, **camera) -> Made:
        return Made(self.photo(page, light, **camera), self.drawing.label)


def plain(rng):
    scene = Scene(rng)
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour))


def falling_light(rng):
    scene = Scene(rng, share=(0.1, 0.35))
    light = fall_off(scene.size, rng.uniform(0.25, 0.5), rng.uniform(0, 360))
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour, rng.uniform(0.6, 1))
    return scene.made(page, light)


def vignette(rng):
    scene = Scene(rng, share=(0.12, 0.5))
    x, y = np.meshgrid(*(np.linspace(-1, 1, length) for length in scene.size))
    x, y = x - rng.uniform(-0.6, 0.6), y - rng.uniform(-0.6, 0.6)
    light = (1 - rng.uniform(0.3, 0.7) * np.minimum((x**2 + y**2) / 2, 1)).astype(np.float32)
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour), light)


def shadows(rng):
    scene = Scene(rng)
    light = 1.0
    for _ in range(rng.integers(1, 3)):
        light = light * shadow(
            scene.size,
            rng.uniform(0.3, 0.65),
            rng.uniform(0.005, 0.1),
            rng.uniform(0, 360),
            rng.uniform(-0.6, 0.6),
        )
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour), light)


def pencil(rng):
    scene = Scene(rng, pen=(0.02, 0.05))
    grain = 0.75 + 0.25 * smooth_noise(scene.size, 2, rng)
    grey = rng.uniform(0.3, 0.55)
    page = inked(sheet(scene.size, rng), scene.ink * grain.clip(0, 1), (grey,) * 3)
    return scene.made(page)


def thin_pen(rng):
    scene = Scene(rng, pen=(0.012, 0.022), share=(0.3, 0.8))
    return scene.made(inked(sheet(scene.size, rng, grain=0.02), scene.ink, scene.colour))


def broad_pen(rng):
    scene = Scene(rng, pen=(0.1, 0.17), share=(0.2, 0.75))
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour))


def small_on_page(rng):
    scene = Scene(rng, share=(0.05, 0.11), pen=(0.05, 0.09), spread=0.4)
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour))


def _ruled(rng, squared):
    scene = Scene(rng, share=(0.25, 0.7))
    spacing = scene.height * (rng.uniform(0.12, 0.5) if squared else rng.uniform(0.3, 1.1))
    colour = [(0.6, 0.72, 0.9), (0.65, 0.65, 0.68), (0.85, 0.6, 0.62)][rng.integers(3)]
    width = max(1, round(scene.width * rng.uniform(0.2, 0.6)))
    page = sheet(scene.size, rng)
    page = rule(page, spacing, width, colour, squared, rng.uniform(-4, 4))
    return scene.made(inked(page, scene.ink, scene.colour))


def ruled(rng):
    return _ruled(rng, False)


def squared(rng):
    return _ruled(rng, True)


def margin(rng):
    """A second hand's writing at the margin, in another pen."""
    scene = Scene(rng, share=(0.35, 0.6), spread=0.2)
    size = rng.uniform(0.12, 0.22) * scene.height
    points = np.concatenate(scene.strokes)
    texts = ["good", "see me", "ok", "page 3", "ex 2 a", "name"]
    notes = []
    for _ in range(rng.integers(1, 3)):
        note = word(texts[rng.integers(len(texts))].replace(" ", ""), size, 0, 0)
        extent = np.ptp(np.concatenate(note), axis=0)
        below = rng.random() < 0.5
        room = points[:, 1].max() + size * 1.5 if below else size * 0.5
        top = (
            min(room, scene.size[1] - size * 1.2)
            if below
            else min(room, points[:, 1].min() - size * 2.5)
        )
        left = rng.uniform(0, max(scene.size[0] - extent[0] - 4, 1))
        if (below and top < points[:, 1].max() + size) or top < 0:
            continue
        notes += [stroke + np.array([left, top]) for stroke in note]
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    if notes:
        ink = written(notes, scene.size, max(scene.width * rng.uniform(0.3, 0.8), 2))
        page = inked(page, ink, list(PENS.values())[rng.integers(len(PENS))])
    return scene.made(page)


def framed(rng):
    """A box or a ring around the digit, well inside the picture."""
    scene = Scene(rng, share=(0.2, 0.45), spread=0.3)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    points = np.concatenate(scene.strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    gap = scene.width + scene.height * rng.uniform(0.1, 0.4, 4)
    (left, top), (right, bottom) = low - gap[:2], high + gap[2:]
    if rng.random() < 0.2:
        angles = np.linspace(0, 2 * np.pi, 60)
        radius = 0.75 * np.hypot(right - left, bottom - top) / 1.3
        box = scene.middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    else:
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
        corners = corners + rng.normal(0, 0.02 * scene.height, corners.shape)
        box = np.vstack([corners, corners[:1]])
    frame = written([box], scene.size, max(scene.width * rng.uniform(0.3, 1), 2))
    colour = scene.colour if rng.random() < 0.5 else PENS["black"]
    return scene.made(inked(page, frame, colour))


def fills(rng):
    """A digit as large as the picture, or cut a little by its edge."""
    scene = Scene(rng, share=(0.93, 1.03), spread=0, tilt=3)
    return scene.made(inked(sheet(scene.size, rng), scene.ink, scene.colour))


def turned(rng):
    scene = Scene(rng)
    while scene.drawing.label in (1, 6, 9):
        scene = Scene(rng)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    data = scene.photo(page)
    picture = np.asarray(Image.open(io.BytesIO(data)))
    sideways = np.ascontiguousarray(np.rot90(picture, rng.choice([1, 3])))
    return Made(jpeg(sideways, rng), scene.drawing.label)


def board(rng):
    """Chalk on a blackboard that was wiped."""
    scene = Scene(rng, pen=(0.03, 0.08))
    dark = [(0.12, 0.13, 0.13), (0.10, 0.22, 0.16)][rng.integers(2)]
    page = sheet(scene.size, rng, dark, 0.05) + 0.02 * smooth_noise(scene.size, 90, rng)[..., None]
    grain = (0.8 + 0.25 * smooth_noise(scene.size, 2, rng)).clip(0, 1)
    return scene.made(inked(page, scene.ink * grain, (0.85, 0.85, 0.82)))


def sheet_on_table(rng):
    scene = Scene(rng, share=(0.25, 0.45), spread=0.2)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    table = sheet(scene.size, rng, [(0.25, 0.17, 0.12), (0.1, 0.1, 0.12)][rng.integers(2)], 0.1)
    points = np.concatenate(scene.strokes)
    gap = scene.height * rng.uniform(0.2, 0.5, 4) + scene.width
    low, high = points.min(axis=0) - gap[:2], points.max(axis=0) + gap[2:]
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    corners = corners + rng.normal(0, 0.04 * scene.height, corners.shape)
    mask = np.zeros(scene.size[::-1], np.uint8)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 255, cv2.LINE_AA)
    share = (mask / np.float32(255))[..., np.newaxis]
    return scene.made(page * share + table * (1 - share))


def band(rng):
    """A stripe of another colour across the picture, under a coloured digit."""
    scene = Scene(rng, share=(0.3, 0.6), pen=(0.04, 0.09), spread=0.4)
    hue = rng.uniform(0, 180)

    def colour(shift, strong, bright):
        hsv = np.array([[[(hue + shift) % 180, 255 * strong, 255 * bright]]], np.uint8)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0] / 255

    page = sheet(scene.size, rng, colour(0, rng.uniform(0, 1), rng.uniform(0.85, 1)))
    start = np.array(scene.size) * rng.uniform(0, 1, 2)
    along = rng.normal(size=2)
    along *= 2 * max(scene.size) / np.hypot(*along)
    stripe = written([np.stack([start - along, start + along])], scene.size, scene.height * 0.25)
    page = inked(page, stripe, colour(rng.uniform(40, 140), 1, 1))
    return scene.made(
        inked(page, scene.ink, colour(rng.uniform(40, 140), 1, rng.uniform(0.2, 0.5)))
    )


def transparent(rng):
    """A PNG: ink alone, or on a box of paper, on nothing."""
    scene = Scene(rng)
    ink = np.rint(scene.ink * 255).astype(np.uint8)
    dark = rng.random() < 0.7
    colour = rng.integers(0, 80, 3) if dark else rng.integers(190, 256, 3)
    if rng.random() < 0.3:
        rgb = np.broadcast_to(colour.astype(np.uint8), (*ink.shape, 3))
        return Made(encode(np.dstack([rgb, ink]), "PNG"), scene.drawing.label)
    paper = (255, 255, 255) if dark else (20, 20, 30)
    share = ink[..., np.newaxis] / 255
    rgb = (share * colour + (1 - share) * paper).astype(np.uint8)
    points = np.concatenate(scene.strokes)
    gap = scene.height * rng.uniform(0.1, 0.6, 4) + scene.width
    low, high = points.min(axis=0) - gap[:2], points.max(axis=0) + gap[2:]
    box = np.zeros_like(ink)
    cv2.rectangle(box, np.rint(low).astype(int), np.rint(high).astype(int), 255, -1)
    rgb[box == 0] = rng.choice([0, 255])
    return Made(encode(np.dstack([rgb, box]), "PNG"), scene.drawing.label)


def bad_jpeg(rng):
    scene = Scene(rng)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    picture = np.asarray(Image.open(io.BytesIO(scene.photo(page))))
    side = int(rng.integers(150, 400))
    scale = side / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Made(encode(small, quality=int(rng.integers(8, 30))), scene.drawing.label)


def blurred(rng):
    scene = Scene(rng, pen=(0.04, 0.09))
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    blur = scene.height * rng.uniform(0.015, 0.03)
    return scene.made(page, blur=blur, noise=rng.uniform(6, 16))


def noisy(rng):
    scene = Scene(rng)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    return scene.made(page, noise=rng.uniform(12, 30), exposure=rng.uniform(0.3, 0.6))


def grainy_paper(rng):
    scene = Scene(rng, pen=(0.02, 0.05))
    colour = [WHITE, (0.72, 0.58, 0.42), (0.8, 0.8, 0.78)][rng.integers(3)]
    page = sheet(scene.size, rng, colour, rng.uniform(0.03, 0.07))
    page = page * (1 + 0.04 * smooth_noise(scene.size, 25, rng))[..., np.newaxis]
    return scene.made(inked(page, scene.ink, PENS[rng.choice(["black", "ballpoint"])]))


def scan(rng):
    """In black and white, with dust."""
    scene = Scene(rng)
    ink = scene.ink > 0.5
    width, height = scene.size
    dust = rng.integers(0, (width, height), (int(rng.integers(0, 60)), 2))
    grey = np.where(ink, 0, 255).astype(np.uint8)
    for point in dust:
        cv2.circle(grey, point.tolist(), int(rng.integers(1, 4)), 0, -1)
    file = io.BytesIO()
    Image.fromarray(grey).convert("1").save(file, "TIFF", compression="group4")
    return Made(file.getvalue(), scene.drawing.label)


def screenshot(rng):
    scene = Scene(rng, pen=(0.03, 0.12))
    dark = rng.random() < 0.5
    grey = np.rint(255 * (1 - scene.ink if dark else scene.ink)).astype(np.uint8)
    return Made(encode(grey, "PNG"), scene.drawing.label)


def perspective(rng):
    scene = Scene(rng, share=(0.3, 0.55), spread=0.3, tilt=12)
    page = inked(sheet(scene.size, rng), scene.ink, scene.colour)
    width, height = scene.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = (corners + rng.uniform(-0.12, 0.12, (4, 2)) * scene.size).astype(np.float32)
    warp = cv2.getPerspectiveTransform(corners, moved)
    page = cv2.warpPerspective(page, warp, scene.size, borderMode=cv2.BORDER_REPLICATE)
    return scene.made(page)


def whiteboard(rng):
    """A lamp's reflection, and what was not quite wiped off."""
    scene = Scene(rng, pen=(0.04, 0.08))
    page = sheet(scene.size, rng, (0.8, 0.82, 0.83), 0.004)
    old = placed(pick(rng).strokes, scene.height, np.array(scene.size) * rng.uniform(0.2, 0.8, 2))
    page = inked(page, written(old, scene.size, scene.width), (0.3, 0.3, 0.4), 0.06)
    page = inked(page, scene.ink, scene.colour, 0.9)
    x, y = np.meshgrid(*(np.arange(length, dtype=np.float32) for length in scene.size))
    spot = np.array(scene.size) * rng.uniform(0.1, 0.9, 2)
    distance = ((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (0.1 * min(scene.size)) ** 2
    glare = 0.5 * np.exp(-distance)[..., np.newaxis]
    return scene.made(page + glare, exposure=rng.uniform(0.8, 1))


def low_contrast(rng):
    scene = Scene(rng)
    grey = rng.uniform(0.3, 0.9)
    page = sheet(scene.size, rng, (grey,) * 3)
    faint = rng.uniform(0.6, 0.75)
    return scene.made(inked(page, scene.ink, (grey * faint,) * 3), noise=rng.uniform(1, 4))


def tiny(rng):
    """A picture of about 28 x 28 pixels, drawn with a pen of one pixel."""
    side = int(rng.integers(26, 41))
    drawing = pick(rng)
    height = side * rng.uniform(0.65, 0.85)
    middle = np.array([side / 2, side / 2]) + rng.uniform(-1, 1, 2)
    strokes = placed(drawing.strokes, height, middle)
    grey = np.zeros((side, side), np.uint8)
    kind = cv2.LINE_AA if rng.random() < 0.5 else cv2.LINE_8
    for stroke in strokes:
        points = np.rint(np.vstack([stroke[:1], stroke]) * 16).astype(np.int32)
        cv2.polylines(grey, [points], False, 255, 1, kind, 4)
    return Made(encode(255 - grey if rng.random() < 0.5 else grey, "PNG"), drawing.label)


def tiny_broad(rng):
    """A picture of about 28 x 28 pixels, drawn with a pen of two or three."""
    side = int(rng.integers(26, 41))
    drawing = pick(rng)
    height = side * rng.uniform(0.6, 0.8)
    strokes = placed(drawing.strokes, height * 10, (side * 5, side * 5))
    ink = written(strokes, (side * 10, side * 10), 10 * side / 28 * rng.uniform(1.8, 3))
    grey = cv2.resize(ink, (side, side), interpolation=cv2.INTER_AREA)
    grey = np.rint(255 * (1 - grey if rng.random() < 0.5 else grey)).astype(np.uint8)
    return Made(encode(grey, "PNG"), drawing.label)


def like_mnist(rng):
    """One of MNIST's own images, in either polarity, as it is or enlarged."""
    images, labels = mnist_images()
    number = rng.integers(len(images))
    image = images[number] if rng.random() < 0.5 else 255 - images[number]
    scale = int(rng.choice([1, 1, 2, 10]))
    large = np.kron(image, np.ones((scale, scale), np.uint8))
    return Made(encode(large, "PNG"), int(labels[number]))


def two_digits(rng):
    """Two digits side by side: no answer is right."""
    scene = Scene(rng, share=(0.3, 0.5), spread=0.3)
    other = pick(rng)
    points = np.concatenate(scene.strokes)
    second = placed(other.strokes, scene.height * rng.uniform(0.85, 1.1), (0, 0))
    reach = np.concatenate(second)[:, 0]
    side = rng.choice([-1, 1])
    gap = scene.width + scene.height * rng.uniform(0.08, 0.4)
    x = points[:, 0].max() + gap - reach.min()
    if side < 0:
        x = points[:, 0].min() - gap - reach.max()
    ink = np.maximum(
        scene.ink,
        written(
            [stroke + np.array([x, scene.middle[1]]) for stroke in second], scene.size, scene.width
        ),
    )
    return Made(scene.photo(inked(sheet(scene.size, rng), ink, scene.colour)), REFUSED)


def nothing(rng):
    """Paper in all lights, with rules or without."""
    scene = Scene(rng)
    page = sheet(scene.size, rng, grain=rng.uniform(0.004, 0.03))
    if rng.random() < 0.4:
        page = rule(page, rng.uniform(30, 120), 2, (0.6, 0.72, 0.9), rng.random() < 0.5)
    light = fall_off(scene.size, rng.uniform(0.3, 1), rng.uniform(0, 360))
    return Made(scene.photo(page, light), REFUSED)


def letter(rng):
    """A letter or a sign that is no digit's twin."""
    scene = Scene(rng)
    others = load_others()
    drawing = others[rng.integers(len(others))]
    strokes = placed(drawing.strokes, scene.height, scene.middle)
    ink = written(strokes, scene.size, scene.width)
    return Made(scene.photo(inked(sheet(scene.size, rng), ink, scene.colour)), REFUSED)


@cache
def load_others() -> list[Drawing]:
    unipen = load_unipen()
    assert unipen
    return unipen.others.validation


KINDS: dict[str, Callable[[np.random.Generator], Made]] = {
    kind.__name__.replace("_", " "): kind
    for kind in (
        plain,
        falling_light,
        vignette,
        shadows,
        pencil,
        thin_pen,
        broad_pen,
        small_on_page,
        ruled,
        squared,
        margin,
        framed,
        fills,
        turned,
        board,
        sheet_on_table,
        band,
        transparent,
        bad_jpeg,
        blurred,
        noisy,
        grainy_paper,
        scan,
        screenshot,
        perspective,
        whiteboard,
        low_contrast,
        tiny,
        tiny_broad,
        like_mnist,
        two_digits,
        nothing,
        letter,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--half", type=int, choices=(0, 1), default=1)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        labels = make(folder, given.kinds, given.half, given.count)
        checkouts = [given.beside] if given.beside else []
        answers = [read_in(checkout, folder) for checkout in (*checkouts, Path.cwd())]
        report(answers, labels, given.kinds)


def make(folder: Path, kinds: list[str], half: int, count: int) -> dict[str, int]:
    """Write the pictures; those that a folder has already are taken as they are."""
    index = folder.with_name(folder.name + ".json")
    labels: dict[str, int] = json.loads(index.read_text()) if index.exists() else {}
    for kind in kinds:
        for number in range(count):
            name = f"{kind} {half}{number:03}"
            if name not in labels:
                made = KINDS[kind](np.random.default_rng([half, list(KINDS).index(kind), number]))
                (folder / name).write_bytes(made.data)
                labels[name] = int(made.label)
    index.write_text(json.dumps(labels))
    return labels


def read_in(checkout: Path, folder: Path) -> dict[str, dict]:
    command = [sys.executable, "-P", str(Path(__file__).resolve()), "--read", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    answers: dict[str, dict] = json.loads(result.stdout)
    return answers


def is_right(answer: list, label: int) -> bool:
    accepted = answer[1] >= 0.5
    return not accepted if label == REFUSED else accepted and answer[0] == label


def report(answers: list[dict[str, dict]], labels: dict[str, int], kinds: list[str]) -> None:
    for kind in [*kinds, "all"]:
        names = [name for name in labels if name[:-5] in ([kind] if kind != "all" else kinds)]
        row = f"{kind:16}{len(names):6}"
        for network in NETWORKS:
            for answer in answers:
                right = sum(is_right(answer[name][network], labels[name]) for name in names)
                row += f"{right / len(names):9.1%}"
        milliseconds = [
            1000 * float(np.mean([a[name]["seconds"] for name in names])) for a in answers
        ]
        print(row + "".join(f"{each:8.0f} ms" for each in milliseconds))


if __name__ == "__main__":
    main()
