"""The card of a model: how it came about, what it consists of and how good it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Self


@dataclass(frozen=True)
class Layer:
    """One row of a network's layer table.

    `kind` is the layer's class in Keras and `detail` what sets it apart, in words. `shape` is that
    of its output for one image, such as (28, 28), (14, 14, 32) or (128,); `parameters` are the
    numbers that it holds, and `multiplications` those that it makes for one image.
    """

    kind: str
    detail: str
    shape: tuple[int, ...]
    parameters: int
    multiplications: int

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Raises TypeError and KeyError for anything but what `asdict` gives."""
        layer = cls(**{**values, "shape": tuple(values["shape"])})
        numbers = [*layer.shape, layer.parameters, layer.multiplications]
        if len(layer.shape) not in (1, 2, 3) or not all(isinstance(n, int) for n in numbers):
            raise TypeError(f"a layer is {values!r:.40}")
        return layer


PLAIN = re.compile(r"[^\[\]<>`\\\x00-\x1f]*")
"""A text that a page shows as it is: in Markdown, an image would be fetched from anywhere."""

NUMBER = (int, float)

KINDS: dict[str, Any] = {
    "recipe": {str: object},
    "data": {str: object},
    "versions": {str: str},
    "metrics": {str: dict},
    "history": {str: [NUMBER]},
    "parameters": int,
    "seconds": NUMBER,
    "files": {str: str},
    "untrained": {str: NUMBER},
    "run": str,
}
"""What each field of a card holds: a type, several, or those of a list or of a dict."""

DRAWN = ("pen", "unipen")
"""The metrics on drawings by writers kept out."""

MEASURED: dict[str, Any] = {"data": str, "accuracy": float}
"""What each set's metrics hold at least."""


def _check(name: str, value: Any, kind: Any) -> None:
    """Raises TypeError for a value of another kind."""
    if isinstance(kind, dict):
        _check(name, value, dict)
        ((_, own),) = kind.items()
        for key, each in value.items():
            _check(f"{name} {key}", each, own)
    elif isinstance(kind, list):
        _check(name, value, list)
        for each in value:
            _check(name, each, kind[0])
    elif not isinstance(value, kind) or (isinstance(value, bool) and kind is not object):
        raise TypeError(f"{name} is {value!r:.40}")


def _check_plain(values: Any) -> None:
    """Raises TypeError for a text somewhere in it that is not plain."""
    match values:
        case str():
            if not PLAIN.fullmatch(values):
                raise TypeError(f"{values!r:.40} is not plain text")
        case Mapping():
            _check_plain([*values, *values.values()])
        case list() | tuple():
            for each in values:
                _check_plain(each)


@dataclass(frozen=True)
class Card:
    """How a model came about and how good it is.

    `recipe`, `data`, `versions` and `history` (a list of numbers for each epoch, by name) are what
    the training used and saw. `metrics` holds what was measured on the "test" set, and on drawings
    ("pen", "unipen") if there were any: `data` (their name), and what `evaluation.compute_metrics`
    gives.
    `trained_at` is an ISO 8601 time, `seconds` the training's wall time. `files` maps each file
    beside the card to its SHA-256. `untrained` holds the "loss" and "accuracy" on the test set
    before the training. `run` is the id of the run that published the model, and `layers` its layer
    table. Cards written before these three existed leave them empty.
    """

    recipe: dict[str, Any]
    data: dict[str, Any]
    versions: dict[str, str]
    metrics: dict[str, Any]
    history: dict[str, list[float]]
    parameters: int
    trained_at: str
    seconds: float
    files: dict[str, str]
    untrained: dict[str, float] = field(default_factory=dict)
    run: str = ""
    layers: tuple[Layer, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Check the content of a card's file. Raises TypeError, ValueError, KeyError if damaged."""
        _check_plain(values)
        card = cls(**{**values, "layers": tuple(map(Layer.from_json, values.get("layers", ())))})
        for name, kind in KINDS.items():
            _check(name, getattr(card, name), kind)
        for name in ("test", *(name for name in DRAWN if name in card.metrics)):
            for key, kind in MEASURED.items():
                if name == "test" or key in card.metrics[name]:
                    _check(f"{name} {key}", card.metrics[name][key], kind)
        _check("used", card.used_of_strangers or 0.0, float)
        _check("trained_at", card.trained_on, date)
        return card

    @property
    def test(self) -> dict[str, Any]:
        """The metrics on the test set that belongs to the training data."""
        test: dict[str, Any] = self.metrics["test"]
        return test

    @property
    def used_of_strangers(self) -> float | None:
        """The share of the drawings by writers kept out that is read right and accepted.

        None if it was not measured.
        """
        sets = [self.metrics[name] for name in ("pen", "unipen") if name in self.metrics]
        if not sets or not all("used" in drawn for drawn in sets):
            return None
        count = sum(drawn["count"] for drawn in sets)
        used: float = sum(drawn["used"] * drawn["count"] for drawn in sets) / count
        return used

    @property
    def trained_on(self) -> date:
        return datetime.fromisoformat(self.trained_at).date()
