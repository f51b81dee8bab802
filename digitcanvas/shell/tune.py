"""digitcanvas tune: find better settings for a recipe."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from digitcanvas.reading.words import percent
from digitcanvas.runs import tuning
from digitcanvas.runs.recipes import RECIPES, Recipe
from digitcanvas.runs.run import Run, Trial
from digitcanvas.runs.search_space import VARIED, varied_in
from digitcanvas.shell import following, options


def add(commands: options.Commands) -> None:
    parser = commands.add_parser(
        "tune",
        help="find better settings for a recipe",
        description="Train by a recipe many times, each time with other settings, and report the "
        "best ones. Trials that fall behind are stopped early. No network is kept.",
    )
    options.add_recipe(parser)
    parser.add_argument("--trials", type=int, default=30, metavar="N", help="2 to 50 (30)")
    parser.add_argument(
        "--vary",
        type=_names,
        metavar="NAME,NAME...",
        help=f"what to vary, of {', '.join(map(_option, VARIED))} (all that the recipe has)",
    )
    options.add_sample(parser)
    options.add_ray(parser)
    options.add_mnist(parser)
    options.add_pen(parser)
    options.add_unipen(parser)
    options.add_json(parser)
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    options.use_ray(given)
    recipe = replace(RECIPES[given.recipe], sample=given.sample)
    vary = varied_in(recipe) if given.vary is None else given.vary
    trials = tuning.plan(recipe, given.recipe, given.trials, vary)
    sources = {options.MNIST: given.mnist, options.PEN: given.pen, options.UNIPEN: given.unipen}
    ended = following.follow_all(trials, sources, f"Tuning {given.recipe}")
    runs = sorted(ended, key=_number)
    best = tuning.best(runs)
    if not best:
        raise ValueError(f"No trial went on to its end: {runs[0].error or 'try more of them.'}")
    if given.json:
        print(json.dumps({"trials": [_described(run) for run in runs], "best": _described(best)}))
    else:
        print(_sentence(runs, best))
        print(f"train with them: digitcanvas train {given.recipe} {_changes(recipe, best)}")
    return 0


def _option(field: str) -> str:
    """What a shell calls a field of a recipe."""
    return field.replace("_", "-")


def _names(text: str) -> list[str]:
    return [name.strip().replace("-", "_") for name in text.split(",") if name.strip()]


def _sentence(runs: Sequence[Run], best: Run) -> str:
    poor = sum(run.is_poor for run in runs)
    share = percent(tuning.accuracy(best) or 0.0, 2)
    return (
        f"trial {_number(best)} of {len(runs)} reads {share} of the validation digits; "
        f"{poor} were stopped early"
    )


def _changes(recipe: Recipe, best: Run) -> str:
    """The options of `digitcanvas train` for what the best trial has changed in the recipe."""
    chosen = best.to_do.recipe
    changed = [
        (field.name, getattr(chosen, field.name))
        for field in fields(Recipe)
        if getattr(chosen, field.name) != getattr(recipe, field.name)
    ]
    words = [f"--{_option(name)} {_value(value)}" for name, value in changed]
    return " ".join([*words, *(["--sample"] if recipe.sample else [])])


def _value(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _described(run: Run) -> dict[str, Any]:
    return {
        "trial": _number(run),
        "state": run.state,
        "stopped_early": run.is_poor,
        "accuracy": tuning.accuracy(run),
        "parameters": dict(run.parameters),
    }


def _number(run: Run) -> int:
    assert isinstance(run.task, Trial)
    return run.task.number
