"""digitcanvas evaluate: measure a model on the test set and on drawings."""

import argparse
import sys
from typing import Any

import numpy as np

from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.store import Store, StoreError, Told, database_url
from digitcanvas.data.told import ALL_ROOMS, digits_of, person_names, selection
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading import registry, slices
from digitcanvas.reading.evaluation import Metrics, evaluate, evaluate_drawings, predict_drawings
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.reading.words import percent
from digitcanvas.shell import options, progress, report
from digitcanvas.shell.lists import print_table


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on the test set and on drawings",
        description="Measure a model on MNIST's test set, and on drawings if there are any.",
    )
    options.add_model(parser)
    parser.add_argument(
        "--strokes", metavar="FILE", help="your own drawings, as an .npz or a UNIPEN file"
    )
    parser.add_argument(
        "--room",
        metavar="CODE",
        help=f"the drawings that people told in this room, or {ALL_ROOMS} for those of all "
        "rooms, by person",
    )
    options.add_hand(parser)
    options.add_mnist(parser)
    options.add_pen(parser)
    options.add_unipen(parser)
    parser.add_argument(
        "--slices",
        action="store_true",
        help="tell what is read and accepted by file, by writer, by the number of strokes, and of "
        "drawings that are turned, squashed, shaky or made of few points",
    )
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    recognizer = options.with_hand(Recognizer.load(given.model), given.hand)
    drawings = read_drawings(given.strokes) if given.strokes else []
    told = _read_room(given.room) if given.room else None
    with progress.bar("Fetching MNIST", 1) as bar:
        mnist = load_mnist(given.mnist, lambda share: bar.update(share - bar.n))
    if mnist.is_sample:
        print(
            "The sample's digits come from MNIST's training set, so a network that learned from it "
            "looks better than it is.",
            file=sys.stderr,
        )
    pen, unipen = load_pen_digits(given.pen), load_unipen(given.unipen)
    with progress.bar("Measuring", 1) as bar:
        metrics = evaluate(recognizer, mnist, pen, lambda share: bar.update(share - bar.n), unipen)
    if drawings:
        metrics["strokes"] = {"data": given.strokes} | evaluate_drawings(recognizer, drawings)
    if told:
        metrics["room"], people = _measure_room(recognizer, told)
    measured = {"model": given.model, "mnist": mnist.source, "metrics": metrics}
    if given.slices:
        files = {"pen": pen.validation} if pen else {}
        files |= {"unipen": unipen.digits.validation} if unipen else {}
        files |= {given.strokes: drawings} if drawings else {}
        if not files:
            raise ValueError("--slices needs drawings: give --pen, --unipen or --strokes.")
        others = unipen.others.validation if unipen else []
        measured["slices"] = slices.slices(recognizer, files, others)
    if told:
        measured["people"] = people
    report.show(measured, given.json)
    if given.slices and not given.json:
        print("\n" + slices.table(measured["slices"]))
    if told and not given.json:
        print()
        print_table(
            ["person", "digits", "accuracy"],
            [[one["person"], str(one["count"]), percent(one["accuracy"])] for one in people],
        )
    return 0


def _read_room(room: str) -> Told:
    """Raises StoreError if nobody has told a digit there."""
    with Store(database_url(registry.home())) as store:
        told = store.drawings.to_learn_from(selection(store, room))
    digits = digits_of(told.drawings)
    if not digits:
        where = "in any room" if room == ALL_ROOMS else f"in the room {room}"
        raise StoreError(f"Nobody has told {where} what digit a drawing is: have some told first.")
    return Told(digits, told.names)


def _measure_room(recognizer: Recognizer, told: Told) -> tuple[Metrics, list[dict[str, Any]]]:
    """The metrics of all drawings, and the accuracy of each person's, the worst first."""
    predictions = predict_drawings(recognizer, told.drawings)
    names = person_names([drawing.writer for drawing in told.drawings], told.names)
    places = {writer: place for place, writer in enumerate(names)}
    persons = np.array([places[drawing.writer] for drawing in told.drawings])
    people: list[dict[str, Any]] = [
        {"person": name, "count": errors.count, "accuracy": 1 - errors.share}
        for name, errors in zip(
            names.values(), predictions.errors_by(persons, len(names)), strict=True
        )
    ]
    people.sort(key=lambda one: (one["accuracy"], -one["count"]))
    return {"data": "the room's drawings"} | predictions.metrics, people
