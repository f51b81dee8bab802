"""What `digitcanvas predict --number` prints of files of drawings."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading.numbers import Box, Number
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.shell import report

ANSWER = "{file}, drawing {drawing}: {text_with_signs} ({certainty} sure)"
NO_NUMBER = "{file}, drawing {drawing}: does not look like a number (nearest: {text})"
FOUND = "{answer}, with {signs}"

COLUMNS = ("file", "drawing", "text", "text_with_signs", "certainty", "confidence", "rejected")

ANY_LABEL = sys.maxsize
"""A drawing may be labelled with the number that it shows."""


def read(files: Iterable[str], recognizer: Recognizer, given: argparse.Namespace) -> list[str]:
    """Print what is read of each drawing, and give what cannot be read."""
    problems: list[str] = []
    answers = _answers(files, recognizer, problems)
    if given.json:
        print(json.dumps(list(answers)))
    elif given.csv:
        writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for answer in answers:
            writer.writerow(answer)
            sys.stdout.flush()
    else:
        for answer in answers:
            print(_sentence(answer), flush=True)
    return problems


def _answers(
    files: Iterable[str], recognizer: Recognizer, problems: list[str]
) -> Iterator[dict[str, Any]]:
    """What is printed for each drawing, as it is read. Adds to the problems."""
    for file in files:
        try:
            for place, drawing in enumerate(read_drawings(file, ANY_LABEL), 1):
                number = recognizer.read_number(drawing.strokes)
                yield {"file": file, "drawing": place, **_answer(number)}
        except ValueError as error:
            problems.append(str(error))


def _sentence(answer: dict[str, Any]) -> str:
    sentence = (NO_NUMBER if answer["rejected"] else ANSWER).format(**answer)
    names = " and ".join(sign["name"] for sign in answer["signs"])
    return FOUND.format(answer=sentence, signs=names) if names else sentence


def _answer(number: Number) -> dict[str, Any]:
    return {
        "text": number.text,
        "text_with_signs": number.text_with_signs,
        "certainty": number.certainty,
        "confidence": round(number.confidence, 6),
        "rejected": number.rejected,
        "digits": [
            {**report.prediction(digit), "box": _rounded(box)}
            for digit, box in zip(number.digits, number.boxes, strict=True)
        ],
        "signs": [
            {"text": sign.text, "name": sign.name, "place": sign.place, "box": _rounded(sign.box)}
            for sign in number.signs
        ],
    }


def _rounded(box: Box) -> list[float]:
    return [round(side, 2) for side in box]
