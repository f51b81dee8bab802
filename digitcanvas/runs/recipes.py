"""What to train: an architecture, its data and its hyperparameters."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from digitcanvas.runs.networks import ARCHITECTURES

OPTIMIZERS = ("adam", "sgd", "rmsprop")
SCHEDULES = ("cosine", "cycles", "constant")
LOSSES = ("categorical_crossentropy", "sparse_categorical_crossentropy")

LIMITS = {
    "epochs": (1, 500),
    "batch_size": (8, 1024),
    "learning_rate": (1e-6, 1),
    "weight_decay": (0, 1),
    "dropout": (0, 0.9),
    "pen_copies": (0, 20),
    "outliers": (0, 100_000),
    "validation_share": (0.01, 0.9),
    "seed": (0, 2**31 - 1),
}
"""The lowest and the highest value that a laptop can bear."""

WIDEST = {"hidden": 2048, "filters": 128}


def _setting(words: str, choices: Collection[str] = (), **default: Any) -> Any:
    """A field of a recipe, with what it means and may be for a person."""
    return field(metadata={"words": words, "choices": tuple(choices)}, **default)


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run.

    `architecture` names one of `networks.ARCHITECTURES`. `learning.augment` says by how much the
    images change. Both values of `loss` are the same cross-entropy: one takes one-hot labels, the
    sparse one integers. Without outliers the network has no output for "not a digit".

    `room` is the code of a room, or `data.told.ALL_ROOMS`. With `room_only`, neither MNIST nor pen
    drawings are learnt from, so `pen_copies` becomes 0; the sample is then only measured on.

    `start` is the name or directory of a model with the recipe's own layers.
    """

    architecture: str = _setting("the kind of network", ARCHITECTURES)
    epochs: int = _setting("passes over the digits")
    hidden: tuple[int, ...] = _setting("the widths of the dense layers", default=())
    filters: tuple[int, ...] = _setting("the numbers of filters of the convolutions", default=())
    dropout: float = _setting("the share of neurons left out at random in a step", default=0.2)
    batch_size: int = _setting("the images in a step", default=256)
    optimizer: str = _setting("what turns gradients into steps", OPTIMIZERS, default="adam")
    loss: str = _setting("what is made small", LOSSES, default="categorical_crossentropy")
    learning_rate: float = _setting(
        "the length of a step; its peak, unless the schedule is constant", default=0.002
    )
    schedule: str = _setting(
        "the learning rate over time (cosine: rises in the first 5 %, then falls to zero; cycles: "
        "does so in each epoch, from a lower peak each time)",
        SCHEDULES,
        default="cosine",
    )
    weight_decay: float = _setting("how strongly weights are pulled to zero", default=1e-4)
    augment: bool = _setting("change every image anew in each epoch", default=True)
    start: str = _setting(
        "the network whose weights it goes on from; chance's by default", default=""
    )
    normalise: bool = _setting("divide the greys of 0-255 by 255", default=True)
    sample: bool = _setting("learn from the 5,000 bundled digits, not from MNIST", default=False)
    room: str = _setting(
        "the code of a room whose told drawings it learns from too, or all for all rooms; none by "
        "default",
        default="",
    )
    room_only: bool = _setting("learn from the room's drawings, and not from MNIST", default=False)
    pen_copies: int = _setting("copies of each pen drawing, each in another hand", default=4)
    outliers: int = _setting(
        "drawings that are not digits to learn from, at most one for five digits", default=12_000
    )
    calibrated: bool = _setting("calibrate the probabilities after the training", default=True)
    validation_share: float = _setting(
        "the share of digits held out, to watch the run with and to calibrate", default=0.05
    )
    seed: int = _setting("where chance starts: the same seed gives the same network", default=17)

    @property
    def classes(self) -> int:
        """The number of outputs: the ten digits and, if it learns from outliers, "not a digit"."""
        return 11 if self.outliers else 10

    @property
    def takes_labels(self) -> bool:
        """Whether its loss takes integer labels; if not, it takes one-hot rows."""
        return self.loss == "sparse_categorical_crossentropy"

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown choice, another type, and a number out of range."""
        _check_choice("architecture", self.architecture, tuple(ARCHITECTURES))
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for each in fields(self):
            _check_type(label_of(each.name), getattr(self, each.name), each.type)
        if self.room_only:
            if not self.room:
                raise ValueError(
                    "Room only: name the room, by its code, or all for the drawings of all rooms."
                )
            object.__setattr__(self, "pen_copies", 0)
        for name, (low, high) in LIMITS.items():
            _check_range(label_of(name), getattr(self, name), low, high)
        for name, widest in WIDEST.items():
            widths = tuple(getattr(self, name))  # a list, where it comes from JSON
            object.__setattr__(self, name, widths)
            for width in widths:
                _check_type(label_of(name), width, int)
            low, high = getattr(ARCHITECTURES[self.architecture], name)
            if not low <= len(widths) <= high:
                raise ValueError(
                    f"{label_of(name)}: this kind of network takes {low} to {high}, "
                    f"not {len(widths)}."
                )
            for width in widths:
                _check_range(label_of(name), width, 1, widest)


def label_of(name: str) -> str:
    """What people call a field of a recipe."""
    return {"hidden": "Hidden layers"}.get(name, name.replace("_", " ").capitalize())


def read_number(text: str, whole: bool = False) -> float:
    """Parse a number as a person writes it: 0.005, 0,005 or 5e-3. A `whole` one has digits alone.

    Raises ValueError for anything else. A whole number takes no comma: "1,000" would become 1.
    """
    try:
        return int(text) if whole else float(text.replace(",", "."))
    except ValueError:
        what = "whole number: write digits alone, such as 5" if whole else "number such as 0.005"
        raise ValueError(f"{text!r:.40} is not a {what}.") from None


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


KINDS: dict[Any, tuple[str, tuple[type, ...]]] = {
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
    bool: ("true or false", (bool,)),
    str: ("a text", (str,)),
    tuple[int, ...]: ("a list of whole numbers", (tuple, list)),
}
"""What the fields of a recipe hold, by their types: in words, and as they come from JSON."""


def _check_type(name: str, value: object, kind: Any) -> None:
    words, types = KINDS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise ValueError(f"{name}: {value!r:.40} is not {words}.")


def _check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise ValueError(f"There is no {name} {value!r:.40}: choose {', '.join(choices)}.")


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # refuses NaN too
        written = f"{value:.10g}" if isinstance(value, float) else f"{value}"[:40]
        raise ValueError(
            f"{name}: {written} is out of range. Choose a number from {in_words(low, high)}."
        )


def in_words(low: float, high: float) -> str:
    """Limits, such as "0.000001 to 1"."""
    return " to ".join(f"{number:,.6f}".rstrip("0").rstrip(".") for number in (low, high))


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
        "Quick CNN: under a minute",
        Recipe(
            "pooled-cnn",
            epochs=3,
            filters=(12, 32),
            hidden=(96,),
            dropout=0.1,
            batch_size=128,
            learning_rate=0.02,
            schedule="cycles",
            pen_copies=1,
            outliers=2000,
        ),
    ),
    "quick-mlp": (
        "Quick MLP: under a minute",
        Recipe("mlp", epochs=3, hidden=(512, 256), pen_copies=1, outliers=2000),
    ),
    "cnn": (
        "Best CNN: like the app's own",
        Recipe(
            "cnn",
            epochs=28,
            filters=(32, 32, 64, 96, 128),
            hidden=(128,),
            dropout=0.3,
            learning_rate=0.003,
        ),
    ),
    "mlp": (
        "Best MLP: like the app's own",
        Recipe("mlp", epochs=40, hidden=(1024, 512)),
    ),
    "cnn-more": (
        "The app's CNN, trained on: two minutes",
        Recipe(
            "cnn",
            epochs=2,
            filters=(32, 32, 64, 96, 128),
            hidden=(128,),
            dropout=0.3,
            learning_rate=0.0005,
            start="cnn",
            pen_copies=1,
            outliers=4000,
        ),
    ),
    "mlp-128": (
        "Tutorial MLP: 128 neurons",
        Recipe("plain-mlp", epochs=10, **TUTORIAL | {"hidden": (128,)}),
    ),
    "mlp-128-128": (
        "Tutorial MLP: 128 and 128 neurons",
        Recipe("plain-mlp", epochs=3, **SPARSE | {"hidden": (128, 128), "validation_share": 0.1}),
    ),
    "mlp-512": (
        "Tutorial MLP: 512 neurons",
        Recipe(
            "plain-mlp",
            epochs=4,
            **TUTORIAL | {"hidden": (512,), "dropout": 0.2, "batch_size": 128},
        ),
    ),
    "cnn-28": (
        "Tutorial CNN: 28 filters",
        Recipe(
            "plain-cnn", epochs=5, **SPARSE | {"filters": (28,), "hidden": (128,), "dropout": 0.2}
        ),
    ),
    "tiny-raw": (
        "Tutorial MLP: 4 and 4 neurons, greys of 0-255",
        Recipe("plain-mlp", epochs=20, **TINY | {"normalise": False}),
    ),
    "tiny": (
        "Tutorial MLP: 4 and 4 neurons, greys of 0-1",
        Recipe("plain-mlp", epochs=20, **TINY),
    ),
    "tiny-lr": (
        "Tutorial MLP: 4 and 4 neurons, a higher learning rate",
        Recipe("plain-mlp", epochs=100, **TINY | {"learning_rate": 0.01}),
    ),
    "mlp-10-10": (
        "Tutorial MLP: 10 and 10 neurons",
        Recipe("plain-mlp", epochs=100, **TINY | {"hidden": (10, 10)}),
    ),
}
"""Each recipe by its name: its title in the form, and the recipe itself."""

RECIPES = {name: recipe for name, (_, recipe) in _TITLED.items()}
TITLES = {name: title for name, (title, _) in _TITLED.items()}
