"""Labelled digits to measure networks with: MNIST's test digits, or what people drew and told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from digitcanvas.data.mnist import Mnist
from digitcanvas.data.store import NO_DIGIT, Kept, writer_of
from digitcanvas.data.told import hash_of, person_names
from digitcanvas.drawing.arrays import ByteArray, IntArray
from digitcanvas.drawing.preprocess import image_from_strokes


@dataclass(frozen=True)
class DigitSet:
    """N images, uint8 (N, 28, 28) with ink 255, and the digits that they are, (N,).

    `name` is what all of them are called, `one` what each of them is. If it is known who drew them,
    `persons` (N,) are places in `people`, their names. `others` is the number of drawings left out
    because they were told to be no digit.
    """

    images: ByteArray
    labels: IntArray
    sha256: str
    name: str
    one: str
    persons: IntArray | None = None
    people: Sequence[str] = ()
    others: int = 0


def of_mnist(mnist: Mnist) -> DigitSet:
    return DigitSet(mnist.x_test, mnist.y_test, mnist.sha256, mnist.test_set, "test image")


def of_drawings(drawings: Sequence[Kept], names: Mapping[int, str]) -> DigitSet:
    """Told drawings, with the ink that their networks saw.

    `names` are the people's, by the drawings' writers: see `person_names`. Raises ValueError for
    strokes that cannot be drawn.
    """
    drawings = sorted(drawings, key=lambda drawing: drawing.id)
    digits = [drawing for drawing in drawings if drawing.told != NO_DIGIT]
    writers = [writer_of(drawing.session, drawing.hand) for drawing in digits]
    people = person_names(writers, names)
    places = {writer: place for place, writer in enumerate(people)}
    images = np.empty((len(digits), 28, 28), np.uint8)
    for image, drawing in zip(images, digits, strict=True):
        strokes = drawing.strokes
        image[:] = np.rint(255 * image_from_strokes(strokes, widths=[drawing.pen] * len(strokes)))
    return DigitSet(
        images,
        np.array([drawing.told for drawing in digits], np.int64),
        hash_of([drawing.drawing for drawing in digits]),
        "room's drawings",
        "drawing",
        np.array([places[writer] for writer in writers], np.int64),
        list(people.values()),
        len(drawings) - len(digits),
    )
