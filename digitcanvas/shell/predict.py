"""digitcanvas predict: read pictures of handwritten digits."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from digitcanvas.drawing import pictures
from digitcanvas.drawing.files import check_file
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.shell import numbers, options, progress, report

ANSWER = "{picture}: {digit} ({certainty} sure)"
NO_DIGIT = "{picture}: does not look like a digit (nearest: {digit})"

LOOKED_AT = {*pictures.SUFFIXES, "heic", "heif"}
"""The suffixes of a folder's pictures; an iPhone's photos are among them to be told what to do."""


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "predict",
        help="read pictures of handwritten digits",
        description="Read pictures of one handwritten digit each, or drawings of whole numbers.",
    )
    parser.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help=f"a {pictures.KINDS} file, or a folder; with --number, a file of drawings",
    )
    parser.add_argument(
        "--number",
        action="store_true",
        help="read numbers of several digits, from files of drawings: .npz or UNIPEN",
    )
    parser.add_argument(
        "--model", default="cnn", help="the model to read with: its name or directory (cnn)"
    )
    options.add_hand(parser)
    form = parser.add_mutually_exclusive_group()
    options.add_json(form)
    form.add_argument("--csv", action="store_true", help="print a table, for spreadsheets")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Read every file that can be read, even after one that cannot."""
    recognizer = options.with_hand(Recognizer.load(given.model), given.hand)
    if given.number:
        problems = numbers.read(given.pictures, recognizer, given)
    else:
        problems = _read_pictures(recognizer, given)
    for problem in problems:
        print(f"digitcanvas: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _read_pictures(recognizer: Recognizer, given: argparse.Namespace) -> list[str]:
    """Print what is read, and give what cannot be."""
    paths, problems = _pictures_in(given.pictures)
    answers = _answers(paths, recognizer, problems, given)
    if given.json:
        print(json.dumps(list(answers)))
    elif given.csv:
        _print_csv(answers)
    else:
        for answer in answers:
            print((NO_DIGIT if answer["rejected"] else ANSWER).format(**answer), flush=True)
    return problems


def _answers(
    paths: Sequence[str], recognizer: Recognizer, problems: list[str], given: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """What is printed for each picture, as it is read. Adds to the problems."""
    seen = sys.stdout.isatty() and not given.json  # as they come, so they need no bar beside them
    with progress.bar("Reading", len(paths), hidden=seen) as bar:
        for path in paths:
            try:
                yield _answer(path, recognizer)
            except ValueError as error:
                problems.append(f"{path}: {error}")
            bar.update()


def _pictures_in(named: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files named, with those in a folder in its place by name; and what is wrong with some."""
    paths, problems = [], []
    for name in named:
        try:
            files = _pictures_in_folder(Path(name)) if Path(name).is_dir() else [name]
        except (ValueError, OSError) as error:
            problems.append(str(error))
            continue
        for file in files:
            try:
                check_file(file)
                paths.append(file)
            except ValueError as error:
                problems.append(str(error))
    return paths, problems


def _pictures_in_folder(folder: Path) -> list[str]:
    """Raises ValueError if there are none, and OSError if the folder may not be read."""
    paths = sorted(
        str(path)
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower().removeprefix(".") in LOOKED_AT
    )
    if not paths:
        raise ValueError(f"The folder {folder} holds no pictures: {pictures.KINDS} files are read.")
    return paths


def _answer(path: str, recognizer: Recognizer) -> dict[str, Any]:
    """What is printed for a picture. Raises ValueError for one that cannot be read."""
    prediction = recognizer.predict_image(pictures.read_picture(path))
    return {"picture": path, **report.prediction(prediction)}


def _print_csv(answers: Iterable[dict[str, Any]]) -> None:
    """A line for each answer, its ten probabilities in columns p0 to p9."""
    columns = ["picture", "digit", "certainty", "is_digit", "rejected"]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*columns, *(f"p{digit}" for digit in range(10))])
    for answer in answers:
        writer.writerow([*(answer[column] for column in columns), *answer["probabilities"]])
        sys.stdout.flush()
