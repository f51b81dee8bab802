"""What `digitcanvas predict --number` prints of pictures and of files of drawings."""

import sys
from collections.abc import Iterator
from typing import Any

from digitcanvas.drawing import pictures
from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading import answers
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.shell import named, report

ANSWER = "{where}: {text_with_signs} ({certainty} sure)"
NO_NUMBER = "{where}: does not look like a number (nearest: {text})"
FOUND = "{answer}, with {signs}"

COLUMNS = ["file", "drawing", "text", "text_with_signs", "certainty", "confidence", "rejected"]

ANY_LABEL = sys.maxsize
"""A drawing may be labelled with the number that it shows."""


def read(path: str, recognizer: Recognizer) -> Iterator[dict[str, Any]]:
    """What is printed for a picture, or for each drawing in a file.

    Raises ValueError, with the file's name, if it cannot be read.
    """
    if named.is_picture(path):
        try:
            number = recognizer.read_number_image(pictures.read_picture(path))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        yield {"file": path, "drawing": None, **answers.of_number(number)}
        return
    for place, drawing in enumerate(read_drawings(path, ANY_LABEL), 1):
        number = recognizer.read_number(drawing.strokes)
        yield {"file": path, "drawing": place, **answers.of_number(number)}


def sentence(answer: dict[str, Any]) -> str:
    place = answer["drawing"]
    where = f"{answer['file']}, drawing {place}" if place else answer["file"]
    said = (NO_NUMBER if answer["rejected"] else ANSWER).format(where=where, **answer)
    signs = " and ".join(sign["name"] for sign in answer["signs"])
    if signs:
        said = FOUND.format(answer=said, signs=signs)
    return report.with_turn(said, answer["digits"][0]["turned"])
