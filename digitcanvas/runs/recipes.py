"""What to train: an architecture, its data and its hyperparameters."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from digitcanvas.runs.networks import ARCHITECTURES

OPTIMIZERS = ("adam", "sgd", "rmsprop")
SCHEDULES = ("cosine", "constant")
LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")

LIMITS = {
    "epochs": (1, 500),
    "batch_size": (8, 1024),
    "learning_rate": (1e-6, 10),
    "weight_decay": (0, 1),
    "dropout": (0, 0.9),
    "pen_copies": (0, 20),
    "outliers": (0, 100_000),
    "validation_share": (0.01, 0.9),
    "seed": (0, 2**31 - 1),
}
"""The lowest and the highest value that a laptop can bear."""

WIDEST = {"hidden": 2048, "filters": 128}


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run.

    `architecture` names one of `networks.ARCHITECTURES`; `hidden` are the widths of its dense
    layers, `filters` the numbers of filters of its convolutions. The `learning_rate` is constant,
    or it is the peak that a cosine schedule reaches after the first 5 % of the run. `augment`
    changes every image anew in each epoch (`learning.augment` says by how much). Without
    `normalise` the network reads greys of 0-255 instead of 0-1. Both values of `loss` are the same
    cross-entropy: one takes one-hot labels, the sparse one integers.

    The network learns from the bundled `sample`, or else from all of MNIST. `pen_copies` of each
    pen drawing, each in another hand, and `outliers`, at most one for every five digits, join the
    training digits. Without outliers the network has no output for "not a digit".
    `validation_share` of MNIST's training digits is held out to watch the run with and, if the
    network is to be `calibrated`, to calibrate it.
    """

    architecture: str
    epochs: int
    hidden: tuple[int, ...] = ()
    filters: tuple[int, ...] = ()
    dropout: float = 0.2
    batch_size: int = 256
    optimizer: str = "adam"
    loss: str = "categorical_crossentropy"
    learning_rate: float = 0.002
    schedule: str = "cosine"
    weight_decay: float = 1e-4
    augment: bool = True
    normalise: bool = True
    sample: bool = False
    pen_copies: int = 4
    outliers: int = 12_000
    calibrated: bool = True
    validation_share: float = 0.05
    seed: int = 17

    @property
    def classes(self) -> int:
        """The number of outputs: the ten digits and, if it learns from outliers, "not a digit"."""
        return 11 if self.outliers else 10

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown choice and for a number out of range."""
        _check_choice("architecture", self.architecture, ARCHITECTURES)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for name, (low, high) in LIMITS.items():
            _check_range(name, getattr(self, name), low, high)
        for name, widest in WIDEST.items():
            widths = tuple(getattr(self, name))  # a list, where it comes from JSON
            object.__setattr__(self, name, widths)
            low, high = getattr(ARCHITECTURES[self.architecture], name)
            if not low <= len(widths) <= high:
                raise ValueError(
                    f"{name}: this kind of network takes {low} to {high} layers, not {len(widths)}."
                )
            for width in widths:
                _check_range(f"{name}: a layer's width", width, 1, widest)


def read_widths(text: str) -> tuple[int, ...]:
    """Parse the widths of layers as a person writes them, "128, 64".

    Raises ValueError for anything else.
    """
    try:
        return tuple(int(width) for width in text.replace(",", " ").split())
    except ValueError:
        raise ValueError(
            f"{text!r} is not a list of layers: write their widths, such as 128, 64."
        ) from None


def _check_choice(name: str, value: str, choices: Collection[str]) -> None:
    if value not in choices:
        raise ValueError(f"There is no {name} {value!r}: choose {', '.join(choices)}.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # refuses NaN too
        raise ValueError(f"{name} is {value}; it must lie between {low} and {high}.")


TUTORIAL: dict[str, Any] = {
    "batch_size": 32,
    "learning_rate": 0.001,
    "schedule": "constant",
    "weight_decay": 0,
    "dropout": 0,
    "augment": False,
    "pen_copies": 0,
    "outliers": 0,
    "calibrated": False,
}
"""What the tutorials' recipes have in common: Keras' defaults, and MNIST alone as it is."""

SPARSE = TUTORIAL | {"loss": "sparse_categorical_crossentropy"}

TINY = SPARSE | {"hidden": (4, 4), "validation_share": 0.2}

_TITLED = {
    "quick": (
        "Quick: under a minute",
        Recipe(
            "cnn",
            epochs=2,
            filters=(16, 32, 64),
            hidden=(96,),
            dropout=0.1,
            batch_size=128,
            learning_rate=0.005,
            pen_copies=1,
            outliers=2000,
        ),
    ),
    "quick-mlp": (
        "Quick: under a minute",
        Recipe("mlp", epochs=3, hidden=(512, 256), pen_copies=1, outliers=2000),
    ),
    "cnn": (
        "Best: like the CNN that came with the app",
        Recipe(
            "cnn",
            epochs=32,
            filters=(32, 32, 64, 64, 96),
            hidden=(128,),
            dropout=0.3,
            learning_rate=0.003,
        ),
    ),
    "mlp": (
        "Best: like the MLP that came with the app",
        Recipe("mlp", epochs=40, hidden=(1024, 512)),
    ),
    "mlp-128": (
        "Tutorial: 128 neurons",
        Recipe("plain-mlp", epochs=10, **TUTORIAL | {"hidden": (128,)}),
    ),
    "mlp-128-128": (
        "Tutorial: 128 and 128 neurons",
        Recipe("plain-mlp", epochs=3, **SPARSE | {"hidden": (128, 128), "validation_share": 0.1}),
    ),
    "mlp-512": (
        "Tutorial: 512 neurons",
        Recipe(
            "plain-mlp",
            epochs=4,
            **TUTORIAL | {"hidden": (512,), "dropout": 0.2, "batch_size": 128},
        ),
    ),
    "cnn-28": (
        "Tutorial: 28 filters",
        Recipe(
            "plain-cnn", epochs=5, **SPARSE | {"filters": (28,), "hidden": (128,), "dropout": 0.2}
        ),
    ),
    "tiny-raw": (
        "Tutorial: 4 and 4 neurons, greys of 0-255",
        Recipe("plain-mlp", epochs=20, **TINY | {"normalise": False}),
    ),
    "tiny": (
        "Tutorial: 4 and 4 neurons, greys of 0-1",
        Recipe("plain-mlp", epochs=20, **TINY),
    ),
    "tiny-lr": (
        "Tutorial: 4 and 4 neurons, a higher learning rate",
        Recipe("plain-mlp", epochs=100, **TINY | {"learning_rate": 0.01}),
    ),
    "mlp-10-10": (
        "Tutorial: 10 and 10 neurons",
        Recipe("plain-mlp", epochs=100, **TINY | {"hidden": (10, 10)}),
    ),
}
"""Each recipe by its name: its title in the form, and the recipe itself."""

RECIPES = {name: recipe for name, (_, recipe) in _TITLED.items()}
TITLES = {name: title for name, (title, _) in _TITLED.items()}
