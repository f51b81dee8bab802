"""Studies: searches for better settings of a recipe, by Optuna's sampler and pruner.

A study's trials are runs in the queue (`run.Trial`), and there is nothing else of it: for each
question an Optuna study is made of them, in memory. So any server may answer, and a study outlives
them all.
"""

import uuid
from collections.abc import Sequence

import optuna
from optuna.trial import TrialState

from digitcanvas.runs.progress import LearningCurve
from digitcanvas.runs.recipes import Recipe
from digitcanvas.runs.run import Run, Trial
from digitcanvas.runs.search_space import own_values, space

MOST = 50
"""Trials of a study, as many as a person may have waiting."""

RANDOM = 1 / 3
"""The share of the trials whose values are drawn at random, before the sampler learns from them."""

WHOLE, FIRST, KEPT = 3, 0.1, 33
"""Once so many trials went on to their end, each other is compared with them from this share of its
epochs on. It goes on while it is among the best so many percent. `python -m tests.benchmarks.tune`
tells what 30 trials take then.
"""

STATES = {
    "running": TrialState.RUNNING,
    "done": TrialState.COMPLETE,
    "failed": TrialState.FAIL,
    "cancelled": TrialState.FAIL,
}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def plan(recipe: Recipe, base: str, count: int, vary: Sequence[str]) -> list[Trial]:
    """The trials of a new study. `base` is the name of the recipe that it began from.

    Raises ValueError if there are too few or too many, and for what `space` refuses.
    """
    if not 2 <= count <= MOST:
        raise ValueError(f"A study has 2 to {MOST} trials, not {count}.")
    space(recipe, vary)
    study = uuid.uuid4().hex
    return [
        Trial(recipe, base, study, number, count, tuple(vary)) for number in range(1, count + 1)
    ]


def ask(trial: Trial, others: Sequence[Run]) -> dict[str, object]:
    """The values for a trial that begins, beside the others of its study.

    The first that begins takes the recipe's own values, so that the others can be compared to it.
    """
    values = space(trial.recipe, trial.vary)
    begun = [run for run in others if run.parameters]
    if not begun and (own := own_values(trial.recipe, values)):
        return own
    study = study_of(trial, begun)
    study.sampler = optuna.samplers.TPESampler(
        n_startup_trials=round(RANDOM * trial.count), multivariate=True, seed=trial.number
    )
    return study.ask(values).params


def is_poor(run: Run, others: Sequence[Run]) -> bool:
    """Whether a trial under way does worse than most of those that went on to their end."""
    assert isinstance(run.task, Trial)
    first = max(1, round(FIRST * run.task.recipe.epochs))
    pruner = optuna.pruners.PercentilePruner(KEPT, WHOLE, first)
    study = study_of(run.task, [each for each in others if each.id != run.id])
    frozen = _frozen(run)
    return frozen is not None and pruner.prune(study, frozen)


def study_of(trial: Trial, runs: Sequence[Run]) -> optuna.Study:
    """Optuna's study of these runs, which tried to raise the accuracy on validation digits."""
    study = optuna.create_study(direction="maximize", study_name=trial.base)
    study.add_trials([frozen for frozen in map(_frozen, runs) if frozen])
    return study


def accuracy(run: Run) -> float | None:
    """A trial's accuracy on validation digits, 0 to 1, at the end of its last epoch so far."""
    assert isinstance(run.curve, LearningCurve)
    return run.curve.validation[-1][2] if run.curve.validation else None


def best(runs: Sequence[Run]) -> Run | None:
    """The best of the trials that went on to their end."""
    whole = [run for run in runs if run.state == "done" and not run.is_poor and accuracy(run)]
    return max(whole, key=lambda run: accuracy(run) or 0.0, default=None)


def _frozen(run: Run) -> optuna.trial.FrozenTrial | None:
    """A trial as Optuna has it; None if it has not begun, or another version chose its values."""
    assert isinstance(run.task, Trial) and isinstance(run.curve, LearningCurve)
    if not run.parameters or run.state == "waiting":
        return None
    state = TrialState.PRUNED if run.is_poor else STATES[run.state]
    try:
        values = space(run.task.recipe, run.task.vary)
        return optuna.trial.create_trial(
            state=state,
            value=accuracy(run) if state == TrialState.COMPLETE else None,
            params=dict(run.parameters),
            distributions={name: values[name] for name in run.parameters},
            intermediate_values={int(epoch): share for epoch, _, share in run.curve.validation},
        )
    except (ValueError, KeyError):
        return None
