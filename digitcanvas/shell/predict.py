"""digitcanvas predict: read pictures of handwritten digits, and numbers."""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from digitcanvas.drawing import pictures
from digitcanvas.reading import answers
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.shell import named, numbers, options, progress, report

ANSWER = "{picture}: {digit} ({certainty} sure)"
NO_DIGIT = "{picture}: does not look like a digit (nearest: {digit})"

PROBABILITIES = [f"p{digit}" for digit in range(10)]
COLUMNS = ["picture", "digit", "certainty", "is_digit", "rejected", *PROBABILITIES, "turned"]


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "predict",
        help="read pictures of handwritten digits",
        description="Read pictures of one handwritten digit each, or whole numbers.",
    )
    parser.add_argument(
        "pictures",
        nargs="+",
        metavar="PICTURE",
        help=f"a {pictures.KINDS} file, or a folder; with --number, a file of drawings too",
    )
    parser.add_argument(
        "--number",
        action="store_true",
        help="read numbers of several digits, from pictures or from drawings: .npz or UNIPEN",
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
    read, sentence, columns = (
        (numbers.read, numbers.sentence, numbers.COLUMNS)
        if given.number
        else (_read, _sentence, COLUMNS)
    )
    paths, problems = named.files(given.pictures)
    # As they come, answers need no bar beside them
    seen = sys.stdout.isatty() and not given.json
    found = _answers(paths, lambda path: read(path, recognizer), problems, seen)
    if given.json:
        print(json.dumps(list(found)))
    elif given.csv:
        _print_csv(found, columns)
    else:
        for answer in found:
            print(sentence(answer), flush=True)
    for problem in problems:
        print(f"digitcanvas: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _answers(
    paths: Sequence[str],
    read: Callable[[str], Iterator[dict[str, Any]]],
    problems: list[str],
    seen: bool,
) -> Iterator[dict[str, Any]]:
    """What is printed for each file, as it is read. Adds to the problems."""
    with progress.bar("Reading", len(paths), hidden=seen) as bar:
        for path in paths:
            try:
                yield from map(report.rounded, read(path))
            except ValueError as error:
                problems.append(str(error))
            bar.update()


def _read(path: str, recognizer: Recognizer) -> Iterator[dict[str, Any]]:
    """What is printed for a picture. Raises ValueError, with its name, if it cannot be read."""
    try:
        prediction = recognizer.predict_image(pictures.read_picture(path))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    yield {"picture": path, **answers.of_prediction(prediction)}


def _sentence(answer: dict[str, Any]) -> str:
    said = (NO_DIGIT if answer["rejected"] else ANSWER).format(**answer)
    return report.with_turn(said, answer["turned"])


def _print_csv(found: Iterable[dict[str, Any]], columns: list[str]) -> None:
    """A line for each answer, with a digit's ten probabilities in columns p0 to p9."""
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for answer in found:
        probabilities = zip(PROBABILITIES, answer.get("probabilities", []), strict=False)
        writer.writerow(answer | dict(probabilities))
        sys.stdout.flush()
