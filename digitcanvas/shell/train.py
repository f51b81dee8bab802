"""digitcanvas train: train a network and publish it as a model."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import Field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import load_unipen
from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from digitcanvas.runs.recipes import LIMITS, RECIPES, Recipe, in_words, read_number, read_widths
from digitcanvas.runs.run import Training
from digitcanvas.shell import following, options, report, seeds


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "train",
        help="train a network and publish it as a model",
        description="Train a network by a recipe, or by a recipe changed, and publish it.",
        epilog=f"The recipes: {', '.join(RECIPES)}.",
    )
    names = parser.add_mutually_exclusive_group(required=True)
    options.add_recipe(names, nargs="?")
    names.add_argument(
        "--recipe",
        dest="named",
        choices=RECIPES,
        metavar="RECIPE",
        help="the same, as an option",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--name",
        help="the new model's name (default: the recipe's, with a number if that is taken)",
    )
    place.add_argument(
        "--output", type=Path, metavar="DIR", help="the model directory to write or replace"
    )
    parser.add_argument(
        "--seeds",
        type=options.at_least_one,
        default=1,
        metavar="N",
        help="train N networks, NAME-1 to NAME-N, from the recipe's seed and those after, and tell "
        "how much their accuracies differ",
    )
    options.add_ray(parser)
    options.add_mnist(parser)
    options.add_pen(parser)
    options.add_unipen(parser)
    options.add_json(parser)
    settings = parser.add_argument_group("to change the recipe")
    for field in fields(Recipe):
        _add_setting(settings, field)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    if given.seeds > 1 and given.output:
        raise ValueError("--seeds makes several models: give them a --name in place of --output.")
    options.use_ray(given)
    base = given.recipe or given.named
    settings = {field.name: getattr(given, field.name) for field in fields(Recipe)}
    changes = {name: value for name, value in settings.items() if value is not None}
    recipe = replace(RECIPES[base], **changes)
    output = str(registry.check_target(given.output.absolute())) if given.output else ""
    name = base if given.seeds > 1 else registry.free_name(base)
    task = Training(recipe, given.name or name, output)
    pen = load_pen_digits(given.pen)  # so that a file that cannot be read stops any training
    unipen = load_unipen(given.unipen)
    if recipe.pen_copies and not (pen or unipen or recipe.room):
        print("No pen drawings given (--pen, --unipen): training on MNIST alone.", file=sys.stderr)
    sources = {options.MNIST: given.mnist, options.PEN: given.pen, options.UNIPEN: given.unipen}
    if given.seeds > 1:
        return seeds.train(task, given.seeds, sources, given.json)
    done = following.follow(task, sources)
    directory = registry.find(done.result)
    card = registry.read_card(directory)
    measured = {"model": str(directory), "untrained": card.untrained, "metrics": card.metrics}
    if not given.json:
        accuracy, loss = percent(card.untrained["accuracy"], 2), card.untrained["loss"]
        print(f"untrained: accuracy {accuracy}, loss {loss:.4f}")
    report.show(measured, given.json)
    return 0


def _add_setting(group: argparse._ArgumentGroup, field: Field[Any]) -> None:
    """An option that overrides this field of the recipe."""
    option = "--" + field.name.replace("_", "-")
    words = field.metadata["words"]
    if field.name in LIMITS:
        words += f" ({in_words(*LIMITS[field.name])})"
    if choices := field.metadata.get("choices"):
        words += f": {', '.join(choices)}"
    words = words.replace("%", "%%")
    if field.type is bool:
        group.add_argument(option, action=argparse.BooleanOptionalAction, default=None, help=words)
    else:
        metavar, read = READERS.get(field.type, WIDTHS)
        group.add_argument(option, type=_in_words(read), metavar=metavar, help=words)


READERS: dict[Any, tuple[str, Callable[[str], Any]]] = {
    int: ("N", partial(read_number, whole=True)),
    float: ("X", read_number),
    str: ("NAME", str),
}
"""What stands for a value of this type in the help, and what reads it."""

WIDTHS = ("N,N...", read_widths)


def _in_words(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """The same for argparse, which says what is wrong only if it gets an error of its own."""

    def read_option(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_option
