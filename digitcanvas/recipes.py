"""What to train: an architecture, its data and its hyperparameters."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters of a training run; how far digits are bent, `augment` and `hands` say.

    `learning_rate` is the peak: it rises over the first 5 % of the run and falls as a cosine.
    `augment` bends every image anew in each epoch. `pen_copies` of every pen drawing there is,
    each by another hand, and `outliers` drawings that are no digit, at most one to five digits,
    join MNIST's training digits; `validation_share` of MNIST's is kept to watch the run by and to
    calibrate with. Without outliers a network has no output for what is no digit.
    """

    architecture: str
    epochs: int
    batch_size: int = 256
    learning_rate: float = 0.002
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0
    augment: bool = True
    pen_copies: int = 4
    outliers: int = 12_000
    validation_share: float = 0.05
    seed: int = 17

    @property
    def classes(self) -> int:
        """The network's outputs: the ten digits and, where it learns of outliers, "not a digit"."""
        return 11 if self.outliers else 10

    def __post_init__(self) -> None:
        """Raises ValueError for an unknown architecture and for a number out of range."""
        if self.architecture not in ("mlp", "cnn"):
            raise ValueError(f"There is no architecture {self.architecture!r}: take mlp or cnn.")
        limits = {
            "epochs": (1, 1000),
            "batch_size": (1, 10_000),
            "learning_rate": (1e-7, 10),
            "weight_decay": (0, 1),
            "label_smoothing": (0, 0.5),
            "pen_copies": (0, 100),
            "outliers": (0, 1_000_000),
            "validation_share": (0.01, 0.9),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it must lie between {low} and {high}.")


RECIPES = {
    "mlp": Recipe("mlp", epochs=40),
    "cnn": Recipe("cnn", epochs=28, learning_rate=0.003),
}
