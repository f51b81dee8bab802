"""The models on disk, for pages, socket and API: cards and recognizers, loaded once for all."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from digitcanvas.reading import registry
from digitcanvas.reading.cards import Card
from digitcanvas.reading.recognizer import Recognizer

LABELS = {"cnn": "CNN", "mlp": "MLP"}


def label(name: str) -> str:
    """What a page calls the model of this name."""
    return LABELS.get(name, name)


def read_cards() -> tuple[dict[str, Card], list[str]]:
    """The cards of the models that can be used, by name; and what is wrong with the others."""
    problem = registry.problem()
    cards, problems = {}, [problem] if problem else []
    for name in registry.model_names():
        try:
            directory = registry.find(name)
            cards[name] = load_card(directory, registry.version(directory))
        except registry.ModelError as error:
            problems.append(str(error))
    return cards, problems


def load(names: Iterable[str]) -> tuple[dict[str, Recognizer], list[str]]:
    """The recognizers of these models, by label; and what is wrong with those left out.

    What a browser names may be anything, but not a directory elsewhere.
    """
    recognizers, problems = {}, []
    known = registry.model_names()
    for name in names:
        try:
            if name not in known:
                raise registry.ModelError(f"There is no model {name!r:.60}: choose another.")
            directory = registry.find(name)
            recognizers[label(name)] = load_recognizer(directory, registry.version(directory))
        except registry.ModelError as error:
            problems.append(str(error))
    return recognizers, problems


# Caches keep an entry until another version is published under the same name.


@lru_cache(32)
def load_recognizer(directory: Path, version: int) -> Recognizer:
    return Recognizer.load(directory)


@lru_cache(1000)
def load_card(directory: Path, version: int) -> Card:
    """The card of a model whose network for serving is whole. Raises ModelError for another."""
    registry.read_served(directory)
    return registry.read_card(directory)
