"""Digits as pictures: drawn, painted and encoded."""

import io

import cv2
import numpy as np
from PIL import Image

from digitcanvas.drawing.ink_images import MNIST_PEN, image_from_picture
from digitcanvas.drawing.preprocess import image_from_strokes

SHAPES = {
    "two": [[(2, 4), (5, 1), (8, 3), (7, 6), (2, 11), (9, 11)]],
    "four": [[(6, 1), (2, 7), (9, 7)], [(7, 4), (7, 12)]],
    "five": [[(3, 1), (3, 5), (7, 5), (9, 8), (7, 11), (2, 11)], [(4.5, 0), (9, 0)]],
    "seven": [[(2, 1), (9, 1), (5, 12)], [(4, 6), (8, 6)]],
}
"""Digits as strokes in a box of about 10 x 12; the bar of the five is detached."""

PAPER = (246, 240, 230)
INK = (25, 25, 40)


def strokes_of(name):
    return [np.array(stroke, dtype=float) for stroke in SHAPES[name]]


def draw(name, side=300, height=180, pen=12, corner=(70, 60)):
    """The digit's ink as float (side, side) in [0, 1]."""
    ink = np.zeros((side, side), np.uint8)
    for stroke in strokes_of(name):
        points = np.rint((stroke * height / 12 + corner) * 16).astype(np.int32)
        cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA, 4)
    return ink / 255


def paint(ink, colour=INK, paper=PAPER):
    ink = ink[..., np.newaxis]
    return np.rint(ink * np.array(colour) + (1 - ink) * np.array(paper)).astype(np.uint8)


def distance(picture, name):
    """The mean absolute difference to the digit drawn from its strokes. Another digit's is 0.1."""
    return float(
        np.abs(image_from_picture(picture) - image_from_strokes(strokes_of(name), MNIST_PEN)).mean()
    )


def encode(picture, kind="PNG", **options):
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def result_or_refusal(function, argument):
    try:
        return function(argument)
    except ValueError as error:
        assert str(error)
        return None
