"""The pictures that a session keeps: each decoded once, and read once by the networks chosen."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from digitcanvas.app.reply import Reply
from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.marked import on_white, scaled
from digitcanvas.drawing.pictures import read_picture

MOST, ROOM = 30, 40 * 2**20
"""Pictures that a session keeps, and their bytes: a photo reduced to 1,000 pixels takes 1.3 MB."""

THUMBNAIL = 88
"""Pixels of a thumbnail's long side: shown at half of that, on a sharp screen."""

LONGEST_NAME = 80


class Full(ValueError):
    """There is no room for another picture."""


@dataclass(frozen=True)
class Reading:
    """What is shown of a picture: what was read, the picture with what was found, and a note.

    `reply` is as a drawing's, `text` and `certainty` are empty where nothing was read, and `shown`
    is a JPEG.
    """

    reply: Reply
    shown: bytes
    note: str = ""
    text: str = ""
    certainty: str = ""


@dataclass
class Kept:
    """A picture, or a file that is none and what is the `problem` with it."""

    id: str
    name: str
    problem: str = ""
    thumbnail: str = ""  # a JPEG in base64
    _png: bytes = b""
    _read: tuple[object, Reading] | None = None

    @property
    def size(self) -> int:
        return len(self._png)

    @property
    def picture(self) -> ByteArray:
        """As `read_picture` gave it."""
        png = np.frombuffer(self._png, np.uint8)
        return np.asarray(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), np.uint8)

    def reading(self, way: object, read: Callable[[ByteArray], Reading]) -> Reading:
        """What `read` makes of the picture; it is asked again only for another `way` to read."""
        if self._read is None or self.waits(way):
            self._read = way, read(self.picture)
        return self._read[1]

    def waits(self, way: object) -> bool:
        """Whether it can be read, and has not been read in this way."""
        return not self.problem and (self._read is None or self._read[0] != way)


@dataclass
class Tray:
    """The pictures in the order in which they came, and the id of the one that is looked at."""

    pictures: list[Kept] = field(default_factory=list)
    chosen: str = ""

    def add(self, name: str, content: bytes) -> Kept:
        """Keep the picture in a file of this content; the same content is kept once.

        Raises Full if there is no room for it.
        """
        id = hashlib.blake2b(content, digest_size=16).hexdigest()
        known = self.find(id)
        if known:
            return known
        if len(self.pictures) >= MOST:
            raise Full(f"At most {MOST} pictures are kept")
        kept = _keep(id, named(name), content)
        if sum(one.size for one in self.pictures) + kept.size > ROOM:
            raise Full(f"At most {ROOM // 2**20} MB of pictures are kept")
        self.pictures.append(kept)
        return kept

    def find(self, id: object) -> Kept | None:
        return next((one for one in self.pictures if one.id == id), None)

    def choose(self, id: Any) -> None:
        """Look at the picture of this id, if there is one."""
        if self.find(id):
            self.chosen = id

    def remove(self, id: object) -> None:
        """Forget the picture of this id, if there is one, and look at the next if it was shown."""
        gone = self.find(id)
        if gone is None:
            return
        place = self.pictures.index(gone)
        self.pictures.remove(gone)
        if self.chosen == id:
            following = self.pictures[place:] or self.pictures[-1:]
            self.chosen = following[0].id if following else ""

    @property
    def shown(self) -> Kept | None:
        return self.find(self.chosen)


def named(name: str) -> str:
    """A file's name as the page shows it: its end, in one line."""
    return " ".join(name.split())[-LONGEST_NAME:]


def _keep(id: str, name: str, content: bytes) -> Kept:
    try:
        picture = read_picture(content)
    except ValueError as error:
        return Kept(id, name, str(error))
    _, png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    thumbnail = as_jpeg(scaled(picture, THUMBNAIL), 75)
    return Kept(id, name, "", base64.b64encode(thumbnail).decode(), png.tobytes())


def as_jpeg(picture: ByteArray, quality: int) -> bytes:
    """A picture as `read_picture` gives it as a file."""
    _, jpeg = cv2.imencode(
        ".jpg", on_white(picture)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return jpeg.tobytes()
