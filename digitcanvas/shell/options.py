"""Options that several commands have in common, and the files that they name."""

import argparse
import os
from typing import Any

from digitcanvas.data.outliers import NOT_A_DIGIT
from digitcanvas.drawing.files import read_drawings
from digitcanvas.reading.hand import fit_hand
from digitcanvas.reading.recognizer import Recognizer
from digitcanvas.runs.process import RAY
from digitcanvas.runs.recipes import RECIPES

Commands = Any
"""What `add_subparsers` gives: argparse has no public name for it."""

MNIST, PEN, UNIPEN = "DIGITCANVAS_MNIST", "DIGITCANVAS_PEN", "DIGITCANVAS_UNIPEN"


def add_json(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model's name, or its directory")


def add_hand(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hand",
        metavar="FILE",
        help="read as somebody's hand: the file that the app exports, or other drawings with what "
        "they are, as an .npz or a UNIPEN file",
    )


def with_hand(recognizer: Recognizer, file: str | None) -> Recognizer:
    """The recognizer, with the hand that `--hand` names. Raises ValueError for a damaged file."""
    if not file:
        return recognizer
    return recognizer.with_hand(fit_hand(recognizer, read_drawings(file, NOT_A_DIGIT)))


def add_recipe(parser: argparse._ActionsContainer, **how: Any) -> None:
    help = "a recipe's name, as `digitcanvas recipes` lists them"
    parser.add_argument("recipe", choices=RECIPES, metavar="RECIPE", help=help, **how)


def add_mnist(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mnist",
        metavar="FILE",
        help=f"MNIST as mnist.npz; otherwise the file that {MNIST} names, or a download",
    )


def add_sample(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sample", action="store_true", help="learn from the 5,000 bundled digits, not from MNIST"
    )


def add_pen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pen",
        metavar="FILE",
        help=f"pen drawings, as a UNIPEN file; otherwise the file that {PEN} names, or none",
    )


def add_unipen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unipen",
        metavar="FOLDER",
        help="drawings made on many devices: a folder with unipen-digits.npz and "
        f"unipen-others.npz; otherwise the folder that {UNIPEN} names, or none",
    )


def add_ray(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ray",
        metavar="ADDRESS",
        help=f"train on the Ray cluster at this address; otherwise on the one that {RAY} names, or "
        "here",
    )


def use_ray(given: argparse.Namespace) -> None:
    """Have the runs of this process go to the cluster that `--ray` names."""
    if given.ray:
        os.environ[RAY] = given.ray


def at_least_one(text: str) -> int:
    """Reads a number of seeds."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seeds: use 1 or more.")
    return int(text)
