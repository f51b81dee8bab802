"""digitcanvas reproduce: train the tutorials' networks, and compare their figures with ours."""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from digitcanvas.reading import registry
from digitcanvas.runs import tutorials
from digitcanvas.runs.run import Training
from digitcanvas.runs.tutorials import Experiment
from digitcanvas.shell import following, options


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "reproduce",
        help="train the tutorials' networks, and compare their figures with ours",
        description="Train the tutorials' networks as written, and print a table of their figures "
        "and ours. All of it takes half an hour on two cores.",
    )
    parser.add_argument(
        "recipes",
        nargs="*",
        metavar="RECIPE",
        help=f"only these: {', '.join(tutorials.names())} (all)",
    )
    parser.add_argument(
        "--seeds", type=options.at_least_one, default=1, metavar="N", help="train each N times (1)"
    )
    options.add_sample(parser)
    options.add_mnist(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    rows = _reproduced(tutorials.chosen(given.recipes), given)
    if given.json:
        print(json.dumps(list(rows)))
        return 0
    print(tutorials.HEAD, flush=True)
    for row in rows:
        print(tutorials.line(row), flush=True)
    return 0


def _reproduced(
    experiments: Sequence[Experiment], given: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """The experiments' rows, as they are trained: each with its recipe's seed and those after."""
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model")
        for experiment in experiments:
            cards = []
            for number in range(given.seeds):
                seed = experiment.recipe.seed + number
                recipe = replace(experiment.recipe, seed=seed, sample=given.sample)
                task = Training(recipe, model.name, str(model))
                sources = {options.MNIST: given.mnist, options.PEN: "", options.UNIPEN: ""}
                following.follow_patiently(task, sources, experiment.name)
                cards.append(registry.read_card(model))
            yield from tutorials.rows(experiment, cards)
