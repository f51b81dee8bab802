"""digitcanvas find-rate: find a recipe's learning rate."""

import argparse
import json
from dataclasses import replace

from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import RateSearch
from digitcanvas.shell import following, options


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "find-rate",
        help="find a recipe's learning rate",
        description="Train by a recipe at ever higher learning rates, and report the good range.",
    )
    options.add_recipe(parser)
    options.add_sample(parser)
    options.add_mnist(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    recipe = replace(RECIPES[given.recipe], sample=given.sample)
    curve = following.follow(RateSearch(recipe), {options.MNIST: given.mnist}).curve
    assert isinstance(curve, RateCurve)
    low, high = curve.good
    if given.json:
        found = {"rates": curve.rates, "losses": curve.losses}
        print(json.dumps(found | {"good": curve.good, "choice": curve.choice}))
    else:
        print(f"good learning rates: {low:.2g} to {high:.2g}; take {curve.choice:g}")
    return 0
