"""digitcanvas evaluate: measure a model on the test set and on drawings."""

import argparse
import sys

from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import load_unipen
from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading import slices
from digitcanvas.reading.evaluation import evaluate, evaluate_drawings
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.shell import options, progress, report


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
    recognizer = Recognizer.load(given.model)
    drawings = read_drawings(given.strokes) if given.strokes else []
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
    measured = {"model": given.model, "mnist": mnist.source, "metrics": metrics}
    if given.slices:
        files = {"pen": pen.validation} if pen else {}
        files |= {"unipen": unipen.digits.validation} if unipen else {}
        files |= {given.strokes: drawings} if drawings else {}
        if not files:
            raise ValueError("--slices needs drawings: give --pen, --unipen or --strokes.")
        others = unipen.others.validation if unipen else []
        measured["slices"] = slices.slices(recognizer, files, others)
    report.show(measured, given.json)
    if given.slices and not given.json:
        print("\n" + slices.table(measured["slices"]))
    return 0
