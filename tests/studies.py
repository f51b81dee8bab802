"""Studies that have ended, in a store, without a training."""

import math
from dataclasses import replace
from pathlib import Path

from digitcanvas.data.store import Store, database_url
from digitcanvas.data.store.runs import NewRun
from digitcanvas.runs import tuning
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import RECIPES, Recipe
from digitcanvas.runs.run import Run, Trial, task_to_text
from digitcanvas.runs.search_space import varied_in


def reached(trial: Trial, epochs: int, accuracy: float, **fields) -> Run:
    """A trial that comes nearer to this accuracy with each of so many epochs."""
    run = Run.of(trial, **fields)
    for epoch in range(1, epochs + 1):
        share = accuracy * (1 - 0.5**epoch)
        metrics = {"loss": 1, "accuracy": 0.5, "val_loss": 1, "val_accuracy": share}
        run = run.extended(Progress(epoch, trial.recipe.epochs, 10, 10, metrics))
    return run


def accuracy_of(recipe: Recipe) -> float:
    """What a trial would reach in the end: most with Adam and a learning rate of 0.004."""
    lost = 0.02 * abs(math.log(recipe.learning_rate / 0.004)) + 0.03 * (recipe.optimizer == "sgd")
    return max(0.1, 0.93 - lost - 0.05 * recipe.dropout)


def whole_study(trials: list[Trial]) -> list[Run]:
    """The trials as they end one after the other, the poor ones early."""
    ended: list[Run] = []
    for trial in trials:
        values = tuning.ask(trial, ended)
        accuracy = accuracy_of(Run.of(trial, parameters=values).to_do.recipe)
        for epochs in range(1, trial.recipe.epochs + 1):
            run = reached(trial, epochs, accuracy, parameters=values)
            if tuning.is_poor(run, ended):
                run = replace(run, is_poor=True)
                break
        ended.append(replace(run, state="done"))
    return ended


def keep_study(home: Path, name: str, count: int) -> list[Run]:
    """Put a study of this recipe, which has ended, into the store of this home."""
    recipe = RECIPES[name]
    runs = whole_study(tuning.plan(recipe, name, count, varied_in(recipe)))
    queue = Store(database_url(home)).runs
    for run in runs:
        text = task_to_text(run.task)
        queue.add([NewRun(run.id, "", text, 1.0, "", run.task.study)])
        queue.take("gone")
        queue.end(run.id, "gone", run.state, run.to_json())
    return runs
