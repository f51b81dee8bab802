"""What a study varies in a recipe, and between which values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from digitcanvas.runs.networks import ARCHITECTURES
from digitcanvas.runs.recipes import OPTIMIZERS, WIDEST, Recipe

VARIED = {
    "learning_rate": "learning rate",
    "hidden": "layers and their widths",
    "batch_size": "batch size",
    "optimizer": "optimizer",
    "dropout": "dropout",
    "filters": "filters",
}
"""The fields of a recipe that a study may vary, and what people call them."""

BATCHES = (32, 64, 128, 256, 512)

DEEPEST = 3
"""Dense layers that a study tries at most."""

SCALES = (0.5, 1.0, 2.0)
"""By how much the numbers of filters are multiplied."""


def varied_in(recipe: Recipe) -> tuple[str, ...]:
    """Those of VARIED that a recipe has; who goes on from a network keeps its layers."""
    missing = set()
    if recipe.start:
        missing = {"hidden", "filters"}
    elif not recipe.filters:
        missing = {"filters"}
    return tuple(name for name in VARIED if name not in missing)


def space(recipe: Recipe, vary: Sequence[str]) -> dict[str, BaseDistribution]:
    """The values to try for what varies, by the names that figures show.

    Widths go from half of the recipe's narrowest to four times its widest. Raises ValueError for a
    name that is none of `varied_in`'s, and if there are none.
    """
    if unknown := set(vary) - set(varied_in(recipe)):
        raise ValueError(
            f"{min(unknown)!r:.40} cannot be varied here: choose {', '.join(varied_in(recipe))}."
        )
    if not vary:
        raise ValueError("Choose at least one setting to vary.")
    all_values: dict[str, dict[str, BaseDistribution]] = {
        "learning_rate": {"learning rate": FloatDistribution(1e-4, 0.1, log=True)},
        "hidden": _layers(recipe),
        "batch_size": {"batch size": CategoricalDistribution(BATCHES)},
        "optimizer": {"optimizer": CategoricalDistribution(OPTIMIZERS)},
        "dropout": {"dropout": FloatDistribution(0, 0.5, step=0.05)},
        "filters": {"filters": CategoricalDistribution(SCALES)},
    }
    chosen = [all_values[field] for field in VARIED if field in vary]
    return {name: values for each in chosen for name, values in each.items()}


def own_values(recipe: Recipe, values: Mapping[str, BaseDistribution]) -> dict[str, Any] | None:
    """The recipe's own values in its `space`, None if one of them is not among those to try."""
    widths = recipe.hidden or (WIDEST["hidden"] // 16,)
    known = {name: getattr(recipe, field) for field, name in VARIED.items()}
    known |= {"layers": len(recipe.hidden), "filters": 1.0}
    known |= {f"width {n + 1}": widths[min(n, len(widths) - 1)] for n in range(DEEPEST)}
    own = {name: known[name] for name in values}
    return own if all(_offers(values[name], own[name]) for name in values) else None


def _offers(values: BaseDistribution, value: Any) -> bool:
    match values:
        case CategoricalDistribution(choices=choices):
            return value in choices
        case FloatDistribution(low=low, high=high, step=step):
            steps = (value - low) / step if step else 0.0
            return bool(low <= value <= high and abs(steps - round(steps)) < 1e-8)
        case IntDistribution(low=low, high=high):
            return bool(low <= value <= high)
    raise ValueError(f"{values!r} is of no kind that a space has.")


def _layers(recipe: Recipe) -> dict[str, BaseDistribution]:
    """How many dense layers, and how wide each is; a network of fewer leaves the last ones out."""
    fewest, most = ARCHITECTURES[recipe.architecture].hidden
    most = min(most, DEEPEST)
    known = recipe.hidden or (WIDEST["hidden"] // 16,)
    narrowest, widest = max(1, min(known) // 2), min(WIDEST["hidden"], max(known) * 4)
    widths = [f"width {number}" for number in range(1, most + 1)]
    values: dict[str, BaseDistribution] = {"layers": IntDistribution(fewest, most)}
    return values | {name: IntDistribution(narrowest, widest, log=True) for name in widths}


def changed(recipe: Recipe, parameters: Mapping[str, Any]) -> Recipe:
    """The recipe with values of its `space`. Raises ValueError if they are out of range."""
    changes = {
        field: parameters[name]
        for field, name in VARIED.items()
        if name in parameters and field != "filters"
    }
    if rate := parameters.get("learning rate"):
        changes["learning_rate"] = float(f"{rate:.3g}")  # as a person would write it
    if "layers" in parameters:
        count = parameters["layers"]
        changes["hidden"] = tuple(parameters[f"width {number + 1}"] for number in range(count))
    if scale := parameters.get("filters"):
        widest = WIDEST["filters"]
        changes["filters"] = tuple(min(widest, max(1, round(n * scale))) for n in recipe.filters)
    return replace(recipe, **changes)
