"""The same training with several seeds: how much of a network's accuracy is chance?"""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from statistics import mean, stdev
from typing import Any

from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from digitcanvas.runs.run import Run, Training
from digitcanvas.shell import following


def train(task: Training, count: int, sources: Mapping[str, str | None], as_json: bool) -> int:
    """Train `count` networks with the task's seed and those after, and print what they measure.

    They are called after the task, with a number from 1. Gives 1 if a run failed.
    """
    tasks = [
        replace(
            task,
            recipe=replace(task.recipe, seed=task.recipe.seed + number),
            name=registry.free_name(f"{task.name}-{number + 1}"),
        )
        for number in range(count)
    ]
    label = f"Training {task.name}, {count} seeds"
    measured = []
    for run in following.follow_all(tasks, sources, label):
        if run.state != "done":
            print(
                f"digitcanvas: {run.task.title}: {run.error or run.task.cancelled}", file=sys.stderr
            )
            continue
        measured.append(_measured(run))
        if not as_json:
            print(_line(measured[-1]), flush=True)
    accuracy = _spread([each["accuracy"] for each in measured])
    if as_json:
        models = sorted(measured, key=lambda each: each["seed"])
        print(json.dumps({"models": models, "accuracy": accuracy}))
    elif len(measured) > 1:
        print(
            f"{len(measured)} seeds: accuracy {percent(accuracy['mean'], 2)} on average, standard "
            f"deviation {percent(accuracy['deviation'], 2)}"
        )
    return int(len(measured) < count)


def _measured(run: Run) -> dict[str, Any]:
    directory = registry.find(run.result)
    test = registry.read_card(directory).test
    figures = {name: test[name] for name in ("data", "accuracy", "loss")}
    return {"model": run.result, "seed": run.task.recipe.seed, **figures}


def _line(each: Mapping[str, Any]) -> str:
    return (
        f"{each['model']} (seed {each['seed']}): accuracy {percent(each['accuracy'], 2)}, "
        f"loss {each['loss']:.4f} on the {each['data']}"
    )


def _spread(values: list[float]) -> dict[str, Any]:
    """The mean and the standard deviation; None where there are too few for one."""
    return {
        "mean": mean(values) if values else None,
        "deviation": stdev(values) if len(values) > 1 else None,
    }
