"""digitcanvas models, and digitcanvas recipes: what there is to read with, and to train."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from digitcanvas.data.unipen import unipen_folder
from digitcanvas.reading import registry
from digitcanvas.reading.words import duration, percent
from digitcanvas.runs import estimate
from digitcanvas.runs.recipes import RECIPES, TITLES
from digitcanvas.shell import options


def add(commands: options.Commands) -> None:
    for name, run, what in (
        ("models", _models, "list the models: how good, how large, trained when, and where"),
        ("recipes", _recipes, "list the recipes: what each trains, and how long that takes here"),
    ):
        parser = commands.add_parser(name, help=what, description=f"{what.capitalize()}.")
        options.add_json(parser)
        parser.set_defaults(run=run)


def _models(given: argparse.Namespace) -> int:
    """List those that can be used, even if others cannot."""
    models: list[dict[str, Any]] = []
    problems = []
    for name in registry.model_names():
        directory = registry.find(name)
        try:
            card = registry.read_card(directory)
        except registry.ModelError as error:
            problems.append(str(error))
            continue
        models.append(
            {
                "name": name,
                "accuracy": card.test["accuracy"],
                "measured_on": card.test["data"],
                "parameters": card.parameters,
                "trained_on": card.trained_on.isoformat(),
                "shipped": name in registry.SHIPPED_NAMES,
                "directory": str(directory),
            }
        )
    for problem in problems:
        print(f"digitcanvas: {problem}", file=sys.stderr)
    if given.json:
        print(json.dumps(models))
        return 0
    print_table(
        ["model", "accuracy", "on", "parameters", "trained", "where"],
        [
            [
                model["name"],
                percent(model["accuracy"], 2),
                model["measured_on"],
                f"{model['parameters']:,}",
                model["trained_on"],
                model["directory"],
            ]
            for model in models
        ],
    )
    return 0


def _recipes(given: argparse.Namespace) -> int:
    drawings = f"pen drawings{' and UNIPEN' if unipen_folder() else ''}"
    recipes: list[dict[str, Any]] = [
        {
            "name": name,
            "title": TITLES[name],
            "network": recipe.architecture,
            "data": "sample" if recipe.sample else "MNIST",
            "pen_copies": recipe.pen_copies,
            "outliers": recipe.outliers,
            "epochs": recipe.epochs,
            "seconds": round(estimate.seconds_for(recipe)),
        }
        for name, recipe in RECIPES.items()
    ]
    if given.json:
        print(json.dumps(recipes))
        return 0
    print_table(
        ["recipe", "what it is", "network", "learns from", "epochs", "about"],
        [
            [
                recipe["name"],
                recipe["title"],
                recipe["network"],
                ", ".join(
                    [
                        recipe["data"],
                        *([drawings] if recipe["pen_copies"] else []),
                        *(["outliers"] if recipe["outliers"] else []),
                    ]
                ),
                str(recipe["epochs"]),
                duration(recipe["seconds"]),
            ]
            for recipe in recipes
        ],
    )
    return 0


def print_table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())
