"""What five tutorials on MNIST report of their networks, and the recipes that train the same.

By the numbers that this project gives them: 000, a network of 128 neurons; 001, one of 128 and 128,
and why images are centred; 002, a convolutional network; 003, tiny networks, and how to tune them;
004, one of 512 neurons with dropout.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import mean, median
from typing import Any

from digitcanvas.reading.cards import Card
from digitcanvas.runs.recipes import RECIPES, Recipe


@dataclass(frozen=True)
class Claim:
    """A figure of a trained network's: its name, and what the tutorial says, if it gives one."""

    figure: str
    theirs: float | None


FIGURES: dict[str, Callable[[Card], float]] = {
    "test accuracy": lambda card: card.test["accuracy"],
    "test loss": lambda card: card.test["loss"],
    "test accuracy, untrained": lambda card: card.untrained["accuracy"],
    "test loss, untrained": lambda card: card.untrained["loss"],
    "training accuracy": lambda card: card.history["accuracy"][-1],
    "validation accuracy": lambda card: card.history["val_accuracy"][-1],
}


@dataclass(frozen=True)
class Experiment:
    """A tutorial's network: a recipe's name, what to change in it, and what came of it."""

    tutorial: str
    base: str
    claims: Sequence[Claim]
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def recipe(self) -> Recipe:
        return replace(RECIPES[self.base], **self.changes)

    @property
    def name(self) -> str:
        """The recipe as one would ask for it: "tiny --epochs 200"."""
        options = (_option(name, value) for name, value in self.changes.items())
        return " ".join([self.base, *options])


def _option(name: str, value: object) -> str:
    option = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{option}" if value else f"--no-{option}"
    return f"--{option} {value}"


EXPERIMENTS = (
    Experiment("000", "mlp-128", [Claim("test accuracy", 0.975)]),
    Experiment(
        "001",
        "mlp-128-128",
        [
            Claim("test accuracy, untrained", 0.0721),
            Claim("test loss, untrained", 2.3634),
            Claim("test accuracy", 0.9742),
            Claim("test loss", 0.0825),
            Claim("training accuracy", 0.9808),
        ],
    ),
    Experiment(
        "001", "mlp-128-128", [Claim("training accuracy", 0.9489)], changes={"normalise": False}
    ),
    Experiment("002", "cnn-28", [Claim("test accuracy", 0.984)]),
    Experiment("003", "tiny-raw", [Claim("training accuracy", 0.66)]),
    Experiment("003", "tiny", [Claim("training accuracy", 0.86)]),
    Experiment("003", "tiny", [Claim("training accuracy", None)], changes={"optimizer": "sgd"}),
    Experiment("003", "tiny-lr", [Claim("training accuracy", 0.88)]),
    Experiment("003", "tiny", [Claim("training accuracy", 0.88)], changes={"epochs": 200}),
    Experiment(
        "003",
        "mlp-10-10",
        [Claim("training accuracy", 0.95), Claim("validation accuracy", 0.93)],
    ),
    Experiment("004", "mlp-512", [Claim("test loss", 0.07), Claim("test accuracy", 0.979)]),
)
"""000 and 002 print no figures: theirs were measured by running them as written. For SGD, 003 gives
none."""


def names() -> list[str]:
    """The recipes that the experiments are based on."""
    return list(dict.fromkeys(experiment.base for experiment in EXPERIMENTS))


def chosen(recipes: Sequence[str]) -> list[Experiment]:
    """The experiments with these recipes, or all. Raises ValueError for a recipe of no tutorial."""
    for recipe in recipes:
        if recipe not in names():
            raise ValueError(f"No tutorial has a recipe {recipe!r}: take {', '.join(names())}.")
    return [e for e in EXPERIMENTS if not recipes or e.base in recipes]


def rows(experiment: Experiment, cards: Sequence[Card]) -> list[dict[str, Any]]:
    """For each of the experiment's claims the tutorial's figure and ours, from a card a seed.

    `seconds` is what a training took on average.
    """
    return [
        {
            "tutorial": experiment.tutorial,
            "recipe": experiment.name,
            "figure": claim.figure,
            "theirs": claim.theirs,
            "ours": [FIGURES[claim.figure](card) for card in cards],
            "seconds": mean(card.seconds for card in cards),
        }
        for claim in experiment.claims
    ]


HEAD = """| tutorial | recipe | | the tutorial's | ours | time |
|---|---|---|---|---|---|"""
"""A table's first lines, in Markdown."""


def line(row: dict[str, Any]) -> str:
    """A row in Markdown; of several seeds the median, the lowest and the highest."""
    figure, values = row["figure"], row["ours"]
    theirs, ours = _words(figure, row["theirs"]), _words(figure, median(values))
    if len(values) > 1:
        ours += f" ({_words(figure, min(values))} to {_words(figure, max(values))})"
    cells = [row["tutorial"], f"`{row['recipe']}`", figure, theirs, ours]
    return f"| {' | '.join(cells)} | {row['seconds']:.0f} s |"


def _words(figure: str, value: float | None) -> str:
    if value is None:
        return "none given"
    return f"{value:.4f}" if "loss" in figure else f"{value * 100:.1f} %"
