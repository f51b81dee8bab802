"""What a room's drawings teach a network: python -m tests.benchmarks.room [RECIPE]...

People whom no network learned from, of the writers kept out of UNIPEN and of the pen strokes, tell
their first two drawings of each digit in a room. Each recipe (by default cnn-more) learns from
these beside MNIST and the other drawings, as the form has it, and once more without the room.
Prints what each network, and the CNN as shipped, reads of the people's later drawings: right, right
of the quarter of the people whom it reads worst, and refused; of other people kept out: right; and
of MNIST's test set. All shares of people count each of them once. Needs DIGITCANVAS_MNIST,
DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN. A recipe takes as long as `digitcanvas recipes` says, twice.
"""

import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.mnist import Mnist, find_mnist
from digitcanvas.data.pen import images_from_drawings, load_pen_digits
from digitcanvas.data.store import Store, database_url
from digitcanvas.data.told import load_told
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning.training import publish, train
from digitcanvas.reading.evaluation import predict_images
from digitcanvas.reading.recognizer import ACCEPTED
from digitcanvas.runs.recipes import RECIPES

PENS = 1000
"""Added to the numbers of the pen strokes' writers, which UNIPEN's have too."""

TOLD = 2
"""Drawings of each digit."""

LEAST = 7
"""Drawings that are left of a person to judge by."""

ELSEWHERE = 3
"""One in so many people is in no room, so that it shows what others gain or lose."""


@dataclass(frozen=True)
class Room:
    """What its people told, and what they drew later; and the drawings of all others."""

    told: list[Drawing]
    later: list[Drawing]
    others: list[Drawing]


def main() -> None:
    mnist, pen, unipen = find_mnist(), load_pen_digits(), load_unipen()
    if not (pen and unipen):
        sys.exit("Set DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN.")
    strangers = [replace(d, writer=PENS + d.writer) for d in pen.validation]
    room = choose(strangers + unipen.digits.validation)
    for what, part in (("told", room.told), ("later", room.later), ("by others", room.others)):
        print(f"{what}: {len(part):,} drawings by {len({d.writer for d in part})} people")
    print(f"{'':26}{'room':>8}{'worst':>8}{'refused':>9}{'others':>8}{'MNIST':>8}{'s':>6}")
    present = {drawing.writer for drawing in room.told}
    pen = replace(pen, validation=[d for d in pen.validation if PENS + d.writer not in present])
    kept = [d for d in unipen.digits.validation if d.writer not in present]
    unipen = replace(unipen, digits=replace(unipen.digits, validation=kept))
    show("cnn as shipped", Recognizer.load("cnn"), room, mnist, 0)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with Store(database_url(home)) as store:
            opened = store.rooms.open("leader", "benchmark")
            sessions = [f"person-{drawing.writer}" for drawing in room.told]
            store.drawings.add_told(room.told, sessions, 16, room=opened.id)
        for name in sys.argv[1:] or ["cnn-more"]:
            for code in (opened.code, ""):
                recipe = replace(RECIPES[name], room=code)
                told = load_told(code, home) if code else None
                start = time.monotonic()
                trained = train(recipe, mnist, pen, unipen=unipen, told=told)
                seconds = time.monotonic() - start
                publish(trained, home / "new")
                label = f"{name}, {'with' if code else 'without'} the room"
                show(label, Recognizer.load(home / "new"), room, mnist, seconds)


def choose(strangers: Sequence[Drawing]) -> Room:
    """Those who have drawn enough, two in three of them in the room."""
    by_writer = defaultdict(list)
    for drawing in strangers:
        by_writer[drawing.writer].append(drawing)
    room = Room([], [], [])
    enough = 0
    for _, drawings in sorted(by_writer.items(), key=lambda pair: -len(pair[1])):
        seen: Counter[int] = Counter()
        told, later = [], []
        for drawing in drawings:
            (told if seen[drawing.label] < TOLD else later).append(drawing)
            seen[drawing.label] += 1
        enough += len(later) >= LEAST
        if len(later) >= LEAST and enough % ELSEWHERE:
            room.told.extend(told)
            room.later.extend(later)
        else:
            room.others.extend(drawings)
    return room


def show(name: str, recognizer: Recognizer, room: Room, mnist: Mnist, seconds: float) -> None:
    right, refused = by_person(recognizer, room.later)
    figures = [
        np.mean(right),
        np.mean(sorted(right)[: len(right) // 4]),
        np.mean(refused),
        np.mean(by_person(recognizer, room.others)[0]),
        predict_images(recognizer, mnist.x_test, mnist.y_test).metrics["accuracy"],
    ]
    print(
        f"{name:26}" + "".join(f"{100 * x:8.2f}" for x in figures) + f"{seconds:7.0f}", flush=True
    )


def by_person(
    recognizer: Recognizer, drawings: Sequence[Drawing]
) -> tuple[list[float], list[float]]:
    """The share that is read right, and the share that is refused, of each person's drawings."""
    images, labels = images_from_drawings(drawings)
    digits, is_digit = recognizer.classify_batch(images)
    writers = np.array([drawing.writer for drawing in drawings])
    people = [writers == writer for writer in sorted(set(writers.tolist()))]
    is_right, is_refused = digits.argmax(axis=1) == labels, is_digit < ACCEPTED
    return [is_right[one].mean() for one in people], [is_refused[one].mean() for one in people]


if __name__ == "__main__":
    main()
