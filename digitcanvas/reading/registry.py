"""The model directories on disk: find, list, read and publish them.

A model directory holds `model.keras` (for training on), `model.tflite` (the same network, for
serving) and `card.json` (how it came about, how good it is, and the hashes of the other two).
The shipped ones are in `models/`. Those trained here are in `models/retrained/` of a checkout, in
the user's data directory if the package is installed, or where DIGITCANVAS_HOME points.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import chain, count
from pathlib import Path

from platformdirs import user_data_path

from digitcanvas.reading.cards import Card

PACKAGE = Path(__file__).parents[1]
IS_INSTALLED = (PACKAGE / "models").is_dir()
SHIPPED = PACKAGE / "models" if IS_INSTALLED else PACKAGE.parent / "models"
SHIPPED_NAMES = ("cnn", "mlp")
CARD = "card.json"
SERVED = "model.tflite"
TRAINABLE = "model.keras"

NAME = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,38}[A-Za-z0-9_-])?"
"""What a model may be called."""

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices, whatever follows the first dot."""


class ModelError(ValueError):
    """A model that cannot be used; the message says which, why and what to do."""


def home() -> Path:
    """Where models trained here are kept."""
    if chosen := os.environ.get("DIGITCANVAS_HOME"):
        return Path(chosen)
    return user_data_path("digitcanvas") if IS_INSTALLED else SHIPPED / "retrained"


def model_names() -> list[str]:
    """The names of the shipped models, then of the retrained ones, damaged ones included.

    Folders with nothing of a model in them are others'.
    """
    retrained = (path.name for path in _within(home()) if _is_model(path))
    return [*SHIPPED_NAMES, *(name for name in retrained if not name.startswith("."))]


def _within(directory: Path) -> list[Path]:
    """What is in a directory; nothing if it cannot be read."""
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def problem() -> str:
    """Why the models trained here cannot be seen, and what to do; "" if they can."""
    try:
        next(home().iterdir(), None)
    except FileNotFoundError:
        pass
    except OSError as error:
        return (
            f"The models trained here cannot be seen: {home()} cannot be read ({error.strerror}). "
            "Give the server the right to read it, or set DIGITCANVAS_HOME to another folder."
        )
    return ""


def find(model: str | Path) -> Path:
    """The directory of a shipped or a retrained model, or the given directory itself.

    Raises ModelError if there is none.
    """
    names = model_names()
    if str(model) in names:
        return _directory(str(model))
    if _is_model(Path(model)):
        return Path(model)
    raise ModelError(f"There is no model {str(model)!r:.60}. Choose one of {', '.join(names)}.")


def _directory(name: str) -> Path:
    return (SHIPPED if name in SHIPPED_NAMES else home()) / name


def _is_model(directory: Path) -> bool:
    try:
        return any((directory / file).exists() for file in (CARD, SERVED, TRAINABLE))
    except OSError:
        return False


def version(directory: Path) -> int:
    """A number that changes when another model is published there.

    Raises ModelError if there is no model.
    """
    try:
        return (directory / CARD).stat().st_mtime_ns
    except OSError as error:
        raise damaged(directory, f"its card cannot be read ({error.strerror})") from error


def snapshot() -> tuple[tuple[str, int | None], ...]:
    """What changes when a model is published, renamed, removed or damaged."""
    models: list[tuple[str, int | None]] = []
    for name in model_names():
        try:
            models.append((name, version(_directory(name))))
        except ModelError:
            models.append((name, None))
    return tuple(models)


def read_card(directory: Path) -> Card:
    """Raises ModelError for a card that is missing or damaged."""
    try:
        return Card.from_json(json.loads((directory / CARD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(directory, f"its card cannot be read ({error!s:.200})") from error


def read_served(directory: Path) -> bytes:
    """The network for serving, checked against its card. Raises ModelError if it is damaged."""
    card = read_card(directory)
    try:
        content = (directory / SERVED).read_bytes()
    except OSError as error:
        raise damaged(directory, f"{SERVED} cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != card.files.get(SERVED):
        raise damaged(directory, f"{SERVED} is not the file that its card describes")
    return content


def damaged(directory: Path, what: str) -> ModelError:
    return ModelError(
        f"The model {directory.name!r} cannot be used: {what}. "
        f"Restore or remove {directory}, or choose another model."
    )


def check_target(target: Path) -> Path:
    """Check that a model can be written there, and give the place back.

    Raises ModelError if something other than a model is there, or the folder cannot be made.
    """
    if target.exists() and not _is_model(target):
        raise ModelError(f"{target} exists and is not a model: choose another place.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"The model cannot be written to {target} ({error.strerror}).") from error
    return target


@contextmanager
def publishing(target: Path, scratch: Path | None = None) -> Iterator[Path]:
    """Give an empty directory to fill, and move it to `target` whole when the block ends.

    The directory is made in `scratch`, on the same file system, or else beside `target`. A model at
    `target` is replaced; for an instant there is none. A model that appeared there meanwhile is not
    replaced (OSError). If the block or the move raises, `target` stays as it was.
    """
    replaces = check_target(target).exists()
    with tempfile.TemporaryDirectory(prefix=".publishing-", dir=scratch or target.parent) as folder:
        new, old = Path(folder, "new"), Path(folder, "old")
        new.mkdir()
        yield new
        if replaces and target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise


def name_of_run(run: str, models: Path, likely: str = "") -> str | None:
    """The name of the model, in this directory of models, that the run with this id published.

    The `likely` name is tried first. Gives None if there is none, or `models` cannot be read.
    """
    names = [path.name for path in _within(models) if not path.name.startswith(".")]
    for name in sorted(names, key=lambda name: name != likely):
        with suppress(ModelError):
            if run and read_card(models / name).run == run:
                return name
    return None


def write_card(directory: Path, card: Card) -> None:
    (directory / CARD).write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")


def check_name(name: str) -> str:
    """Check the name of a new model, and give it back.

    Raises ModelError if it is taken or would make a bad file name.
    """
    if not re.fullmatch(NAME, name):
        raise ModelError(
            f"{name!r} cannot name a model: use up to 40 letters, digits, '.', '_' and '-', and no "
            "'.' at the end."
        )
    if DEVICES.fullmatch(name):
        raise ModelError(f"{name!r} is the name of a device on Windows: choose another name.")
    if name.lower() in _taken():
        raise ModelError(f"There is a model {name!r} already: choose another name.")
    return name


def free_name(name: str, others: Iterable[str] = ()) -> str:
    """The name or, if a model or one of the `others` has it, with the first free number from 2."""
    taken = _taken() | {other.lower() for other in others}
    numbered = (f"{name}-{number}" for number in count(2))
    return next(free for free in chain([name], numbered) if free.lower() not in taken)


def _taken() -> set[str]:
    """All names in lower case: some file systems ignore case, and so do people.

    Folders that are no models have theirs, too.
    """
    return {name.lower() for name in (*SHIPPED_NAMES, *(path.name for path in _within(home())))}


def rename(name: str, new: str) -> None:
    """Give a retrained model another name. Raises ModelError if that fails."""
    try:
        _retrained(name).rename(home() / check_name(new))
    except OSError as error:
        raise ModelError(f"{name!r} could not be renamed ({error.strerror}).") from error


def remove(name: str) -> None:
    """Remove a retrained model. Raises ModelError if that fails."""
    directory = _retrained(name)
    removed = directory.with_name(f".removed-{uuid.uuid4().hex}")
    try:
        directory.rename(removed)
        if removed.is_symlink():
            removed.unlink()
        else:
            shutil.rmtree(removed)
    except OSError as error:
        raise ModelError(f"{name!r} could not be removed ({error.strerror}).") from error


def _retrained(name: str) -> Path:
    if name in SHIPPED_NAMES:
        raise ModelError(f"{name!r} came with the app and stays as it is.")
    directory = find(name)
    if directory.parent != home():
        raise ModelError(f"{name!r} was not trained here and stays as it is.")
    return directory
