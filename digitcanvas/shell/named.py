"""The files that a command is given by name, or in a folder."""

from collections.abc import Sequence
from pathlib import Path

from digitcanvas.drawing import pictures
from digitcanvas.drawing.files import check_file

PICTURES = {*pictures.SUFFIXES, "heic", "heif"}
"""The suffixes of pictures; an iPhone's photos are among them to be told what to do."""


def files(named: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files named, a folder's pictures in its place by name; and what is wrong with some."""
    paths, problems = [], []
    for name in named:
        try:
            found = _pictures_in(Path(name)) if Path(name).is_dir() else [name]
        except (ValueError, OSError) as error:
            problems.append(str(error))
            continue
        for file in found:
            try:
                check_file(file)
                paths.append(file)
            except ValueError as error:
                problems.append(str(error))
    return paths, problems


def is_picture(path: str | Path) -> bool:
    """Whether the file is a picture by its suffix."""
    return Path(path).suffix.lower().removeprefix(".") in PICTURES


def _pictures_in(folder: Path) -> list[str]:
    """Raises ValueError if there are none, and OSError if the folder may not be read."""
    paths = sorted(str(path) for path in folder.iterdir() if path.is_file() and is_picture(path))
    if not paths:
        raise ValueError(f"The folder {folder} holds no pictures: {pictures.KINDS} files are read.")
    return paths
