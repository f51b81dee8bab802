"""What to train: an architecture, its data and its hyperparameters."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what a training run learns, but for the data's own content.

    `learning_rate` is the peak: it rises over the first 5 % of the run and falls as a cosine.
    `pen_widths` are those that each pen drawing is drawn with, in pixels of the 28x28 image: one
    copy a width joins the training images. `validation_share` of MNIST's training digits is kept
    to watch the run by.
    """

    architecture: str
    epochs: int
    batch_size: int = 256
    learning_rate: float = 0.002
    weight_decay: float = 1e-4
    label_smoothing: float = 0.0
    augment: bool = True
    pen_widths: tuple[float, ...] = (1.9, 2.4, 2.9)
    validation_share: float = 0.1
    seed: int = 17

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
            "validation_share": (0.01, 0.9),
            "seed": (0, 2**31 - 1),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; it must lie between {low} and {high}.")
        if not all(0.5 <= width <= 10 for width in self.pen_widths):
            raise ValueError(f"pen_widths are {self.pen_widths}; each must lie between 0.5 and 10.")


RECIPES = {
    "mlp": Recipe("mlp", epochs=30),
    "cnn": Recipe("cnn", epochs=24, learning_rate=0.003),
}
