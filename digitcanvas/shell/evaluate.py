"""digitcanvas evaluate: measure a model on the test set and on drawings."""

import argparse
import sys

from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading.evaluation import evaluate, evaluate_drawings
from digitcanvas.shell import loading, options, progress, report


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
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    recognizer = loading.load(given.model)
    options.check_files([given.strokes, given.mnist, given.pen])
    drawings = read_drawings(given.strokes) if given.strokes else []
    mnist = load_mnist(given.mnist)
    if mnist.is_sample:
        print(
            "These are digits of MNIST's training set: they flatter a network that learnt from it.",
            file=sys.stderr,
        )
    with progress.bar("Measuring", 1) as bar:
        metrics = evaluate(
            recognizer, mnist, load_pen_digits(given.pen), lambda share: bar.update(share - bar.n)
        )
    if drawings:
        metrics["strokes"] = {"data": given.strokes} | evaluate_drawings(recognizer, drawings)
    measured = {"model": given.model, "mnist": mnist.source, "metrics": metrics}
    report.show(measured, given.json)
    return 0
