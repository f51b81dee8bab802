"""What a run takes along to another machine, which has neither this home nor its data."""

import hashlib
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from digitcanvas.data.mnist import download_mnist, mnist_path
from digitcanvas.data.told import FILE, drawings_in
from digitcanvas.data.unipen import DIGITS, OTHERS
from digitcanvas.drawing.files import arrays_of
from digitcanvas.reading import registry
from digitcanvas.runs.node import DATA, HOME

MNIST, UNIPEN = "DIGITCANVAS_MNIST", "DIGITCANVAS_UNIPEN"
VARIABLES = (MNIST, "DIGITCANVAS_MNIST_WRITERS", "DIGITCANVAS_PEN", UNIPEN)


@dataclass(frozen=True)
class Item:
    """A file: `key` tells its content from any other, and `read` gives it."""

    key: str
    read: Callable[[], bytes]


@dataclass
class Luggage:
    """A run's task without paths of this machine, and its files by their paths in its folder.

    `variables` are the environment's. Each names such a path, or what it named here.
    """

    task: dict[str, Any]
    items: dict[str, Item] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


def pack(task: Mapping[str, Any], sources: Mapping[str, str], home: Path) -> Luggage:
    """What a run of this task, as `task_to_json` gives it, takes along.

    `sources` say where its data is, by environment variable, before the environment does. Raises
    MnistMissing if MNIST has to be downloaded and cannot be, StoreError for a room's drawings that
    cannot be read, and ModelError for a model that is not there.
    """
    recipe = dict(task["recipe"])
    luggage = Luggage({**task, "recipe": recipe})
    if "output" in task:
        luggage.task["output"] = ""  # it is published here
    paths = {name: sources.get(name, os.environ.get(name, "")) for name in VARIABLES}
    if recipe["sample"]:
        paths[MNIST] = ""
    elif not paths[MNIST]:
        paths[MNIST] = str(_downloaded())
    for name, path in paths.items():
        luggage.variables[name] = _add_data(luggage, name, Path(path)) if path else ""
    if recipe["room"]:
        luggage.variables[FILE] = _add_told(luggage, recipe["room"], home)
    if recipe["start"] not in ("", *registry.SHIPPED_NAMES):
        recipe["start"] = _add_model(luggage, registry.find(recipe["start"]))
    return luggage


def _downloaded() -> Path:
    """MNIST in the cache, where it comes to if it is not there yet."""
    if not (path := mnist_path()):
        download_mnist()
        path = mnist_path()
    assert path
    return path


def _add_data(luggage: Luggage, name: str, path: Path) -> str:
    """Gives what the variable of this name is to hold.

    Where a file is missing it stays as it is: the run then says so, or does without, as here.
    """
    place = f"{DATA}/{name}/{path.name}"
    parts = (f"/{DIGITS}", f"/{OTHERS}") if name == UNIPEN else ("",)
    try:
        items = {place + part: _file(Path(f"{path}{part}")) for part in parts}
    except OSError:
        return str(path)
    luggage.items |= items
    return place


def _add_told(luggage: Luggage, room: str, home: Path) -> str:
    file = io.BytesIO()
    np.savez(file, **arrays_of(drawings_in(room, home)))
    content = file.getvalue()
    place = f"{DATA}/{FILE}.npz"
    luggage.items[place] = Item(hashlib.sha256(content).hexdigest(), lambda: content)
    return place


def _add_model(luggage: Luggage, directory: Path) -> str:
    """Gives the name that the model has in the run's home."""
    file = directory / registry.TRAINABLE
    try:
        luggage.items[f"{HOME}/{directory.name}/{file.name}"] = _file(file)
    except OSError as error:
        raise registry.damaged(directory, f"{file.name} cannot be read ({error})") from error
    return directory.name


def _file(path: Path) -> Item:
    """Raises OSError if it cannot be read."""
    with path.open("rb"):
        about = path.stat()
    return Item(f"{path.absolute()} {about.st_mtime_ns} {about.st_size}", path.read_bytes)
