"""What a network makes of a picture, and what the page shows of that."""

import re
from collections.abc import Mapping
from pathlib import Path

from digitcanvas.app.reply import reply_to, reply_to_number
from digitcanvas.app.tray import Reading, as_jpeg
from digitcanvas.drawing.advice import advice, outlined
from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.marked import boxed, scaled
from digitcanvas.reading.numbers import Number
from digitcanvas.reading.recognizer import Prediction, Recognizer

SIDE, QUALITY = 800, 85
"""Pixels of the long side, and the JPEG's quality, of a picture as it is shown."""

_, _PLACES = (Path(__file__).parent / "parts" / "places.js").read_text().split("COLOURS = [")
COLOURS = [
    (int(red, 16), int(green, 16), int(blue, 16))
    for red, green, blue in re.findall('"#(..)(..)(..)"', _PLACES.split("]")[0])
]
"""Of the digits of a number, as below the answer."""

FOUND = (225, 29, 72)
"""The colour of the outline of what was found where that is no digit."""

DOUBTED = 0.1
"""A number with a digit that is refused is taken for none if it is less sure: it is a word."""

TURNED = "Read after turning it by {} degrees, clockwise."


def read(picture: ByteArray, recognizers: Mapping[str, Recognizer], centred: bool) -> Reading:
    """Read a picture as `read_picture` gives it by the first of the recognizers, by their labels.

    The others are compared with it. If it is not `centred`, it is read as one digit.
    """
    label, first = next(iter(recognizers.items()))
    try:
        number = first.read_number_image(picture) if centred else None
        if number and len(number.digits) > 1 and not _is_refused(number):
            return _several(picture, number, recognizers)
        known = {label: number.digits[0]} if number and len(number.digits) == 1 else {}
        predictions = {
            label: known.get(label) or recognizer.predict_image(picture, centred)
            for label, recognizer in recognizers.items()
        }
    except ValueError as error:
        return Reading({"error": str(error)}, as_jpeg(scaled(picture, SIDE), QUALITY))
    return _one(picture, predictions)


def _is_refused(number: Number) -> bool:
    """Whether so little of it is digits, or so unsure, that the whole is rather none."""
    rejected = sum(digit.rejected for digit in number.digits)
    unsure = rejected > 0 and number.confidence < DOUBTED
    return unsure or 2 * rejected >= len(number.digits)


def _one(picture: ByteArray, predictions: Mapping[str, Prediction]) -> Reading:
    first = next(iter(predictions.values()))
    shown, note = scaled(picture, SIDE), ""
    if first.rejected and first.ink:
        shown, note = outlined(shown, first.ink.mask, FOUND), advice(first.ink)
    elif first.turned:
        note = TURNED.format(first.turned)
    reply = reply_to(predictions, with_logits=True)
    text = "" if first.rejected else str(first.digit)
    return Reading(reply, as_jpeg(shown, QUALITY), note, text, first.certainty)


def _several(picture: ByteArray, number: Number, recognizers: Mapping[str, Recognizer]) -> Reading:
    height, width = picture.shape[:2]
    places = [
        (left / width, top / height, right / width, bottom / height)
        for left, top, right, bottom in number.boxes
    ]
    shown = boxed(scaled(picture, SIDE), places, COLOURS)
    reply = reply_to_number(number, recognizers, with_logits=True)
    text = "" if number.rejected else number.text_with_signs
    return Reading(reply, as_jpeg(shown, QUALITY), "", text, number.certainty)
