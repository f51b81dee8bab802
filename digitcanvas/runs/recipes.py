"""What to train: an architecture, its data and its hyperparameters."""

from dataclasses import dataclass

MLPS = ("mlp", "plain-mlp")
CNNS = ("cnn", "plain-cnn")
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
"""The lowest and the highest that a laptop survives."""

WIDEST = {"hidden": 2048, "filters": 128}
LAYERS = {
    "mlp": {"hidden": (1, 5), "filters": (0, 0)},
    "plain-mlp": {"hidden": (1, 5), "filters": (0, 0)},
    "cnn": {"hidden": (0, 3), "filters": (1, 6)},
    "plain-cnn": {"hidden": (0, 3), "filters": (1, 3)},
}
"""How many layers an architecture takes of a kind, at least and at most."""


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run; how far digits are bent, `augment` and `hands` say.

    `architecture` names a network of `architectures`; `hidden` are the widths of its dense layers
    and `filters` those of its convolutions. `learning_rate` is constant, or the peak: it rises over
    the first 5 % of the run and falls as a cosine. `augment` bends every image anew in each epoch;
    without `normalise` the network reads greys of 0-255 instead of 0-1. The `loss` takes labels as
    ten numbers, one of them 1 (one-hot), or where it is sparse as integers; it is the same number.
    It learns from the bundled `sample`, or from all of MNIST. `pen_copies` of every pen drawing
    there is, each by another hand, and `outliers` drawings that are no digit, at most one to five
    digits, join MNIST's training digits; `validation_share` of MNIST's is kept to watch the run by
    and, where the network is to be `calibrated`, for that. Without outliers a network has no output
    for what is no digit.
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
        """The network's outputs: the ten digits and, where it learns of outliers, "not a digit"."""
        return 11 if self.outliers else 10

    def __post_init__(self) -> None:
        """Raises ValueError for a word that is no choice and for a number out of range."""
        _check_choice("architecture", self.architecture, LAYERS)
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for name, (low, high) in LIMITS.items():
            _check_range(name, getattr(self, name), low, high)
        for name, widest in WIDEST.items():
            widths = tuple(getattr(self, name))  # a list, where it comes from JSON
            object.__setattr__(self, name, widths)
            low, high = LAYERS[self.architecture][name]
            if not low <= len(widths) <= high:
                raise ValueError(
                    f"{name}: {len(widths)} layers are given; this kind of network takes "
                    f"{low} to {high}."
                )
            for width in widths:
                _check_range(f"{name}: a layer's width", width, 1, widest)


def read_widths(text: str) -> tuple[int, ...]:
    """The widths of layers as a person writes them, "128, 64". Raises ValueError for others."""
    try:
        return tuple(int(width) for width in text.replace(",", " ").split())
    except ValueError:
        raise ValueError(
            f"{text!r} is no list of layers: write their widths, as in 128, 64."
        ) from None


def _check_choice(name: str, value: str, choices) -> None:
    if value not in choices:
        raise ValueError(f"There is no {name} {value!r}: take {', '.join(choices)}.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # nor is NaN
        raise ValueError(f"{name} is {value}; it must lie between {low} and {high}.")


TUTORIAL = {
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
"""What the tutorials' recipes have in common: Keras' defaults, and nothing but MNIST as it is."""

SPARSE = TUTORIAL | {"loss": "sparse_categorical_crossentropy"}

TINY = SPARSE | {"hidden": (4, 4), "validation_share": 0.2}

RECIPES = {
    "quick": Recipe(
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
    "quick-mlp": Recipe("mlp", epochs=3, hidden=(512, 256), pen_copies=1, outliers=2000),
    "cnn": Recipe(
        "cnn",
        epochs=28,
        filters=(32, 32, 64, 64, 96),
        hidden=(128,),
        dropout=0.3,
        learning_rate=0.003,
    ),
    "mlp": Recipe("mlp", epochs=40, hidden=(1024, 512)),
    "mlp-128": Recipe("plain-mlp", epochs=10, **TUTORIAL | {"hidden": (128,)}),
    "mlp-128-128": Recipe(
        "plain-mlp", epochs=3, **SPARSE | {"hidden": (128, 128), "validation_share": 0.1}
    ),
    "mlp-512": Recipe(
        "plain-mlp", epochs=4, **TUTORIAL | {"hidden": (512,), "dropout": 0.2, "batch_size": 128}
    ),
    "cnn-28": Recipe(
        "plain-cnn", epochs=5, **SPARSE | {"filters": (28,), "hidden": (128,), "dropout": 0.2}
    ),
    "tiny-raw": Recipe("plain-mlp", epochs=20, **TINY | {"normalise": False}),
    "tiny": Recipe("plain-mlp", epochs=20, **TINY),
    "tiny-lr": Recipe("plain-mlp", epochs=100, **TINY | {"learning_rate": 0.01}),
    "mlp-10-10": Recipe("plain-mlp", epochs=100, **TINY | {"hidden": (10, 10)}),
}
