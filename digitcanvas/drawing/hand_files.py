"""A hand as one file: its name, and the drawings that it was told.

The weights are not in it: a hand is fitted to the drawings anew, for any network. The file is an
.npz file as `files.write_drawings` writes it, which `files.read_drawings` reads (with labels up to
10), and has three more arrays:

- `hand_version`, an integer: 1;
- `name`, uint8: the name's UTF-8;
- `told_at`, int64 (D,): when each drawing was told, in microseconds since the start of 1970, UTC.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from digitcanvas.drawing.files import arrays_of, check_headers, drawings_of
from digitcanvas.drawing.strokes import Drawing, Stroke, check_strokes

VERSION = 1

HIGHEST = 10
"""The highest label: not a digit."""

MOST_DRAWINGS = 300
"""Drawings that a hand learns from, at most: fitting it takes a second."""

MOST_BYTES = 10_000_000
MOST_NUMBERS = 1_000_000
"""Limits on a file, and on each of its arrays: that many drawings of 1,600 points."""

LONGEST_NAME = 40

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ARRAYS = frozenset(
    {"points", "stroke_lengths", "drawing_lengths", "labels", "writers"}
    | {"hand_version", "name", "told_at"}
)


@dataclass(frozen=True)
class ToldDrawing:
    """Strokes, what a person said they are (0 to 9, or 10 for not a digit), and when."""

    strokes: list[Stroke]
    label: int
    told_at: datetime
    """An aware time."""


@dataclass(frozen=True)
class HandFile:
    """What a hand's file holds: a name of 1 to 40 characters, and up to 300 told drawings."""

    name: str
    told: Sequence[ToldDrawing]

    @property
    def drawings(self) -> list[Drawing]:
        """What `fit_hand` takes."""
        return [Drawing(one.strokes, one.label, writer=0) for one in self.told]


def pack_hand(hand: HandFile) -> bytes:
    """The content of a hand's file.

    Raises ValueError for a hand that `unpack_hand` would refuse, and for a time without a zone.
    """
    check_hand(hand)
    if any(one.told_at.tzinfo is None for one in hand.told):
        raise ValueError("The time at which a drawing was told needs a time zone.")
    since = [(one.told_at - EPOCH) // timedelta(microseconds=1) for one in hand.told]
    content = io.BytesIO()
    np.savez_compressed(
        content,
        **arrays_of(hand.drawings),
        hand_version=np.array(VERSION),
        name=np.frombuffer(hand.name.encode(), np.uint8),
        told_at=np.array(since, np.int64),
    )
    return content.getvalue()


def unpack_hand(content: bytes) -> HandFile:
    """Read the content of a hand's file, which may come from anybody.

    Raises ValueError, with what to do, for anything but a hand's file of this version.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"This file is too large for a hand: {MOST_BYTES / 1e6:.0f} MB at most.")
    try:
        hand = _unpack(io.BytesIO(content))
    except _Newer as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # a damaged file makes NumPy raise almost anything
        raise ValueError(
            f"This is not a hand's file, or it is damaged: export the hand again ({error!s:.200})."
        ) from error
    check_hand(hand)
    return hand


class _Newer(ValueError):
    pass


def _unpack(content: io.BytesIO) -> HandFile:
    check_headers(content, MOST_NUMBERS)
    with np.load(content) as arrays:
        if missing := ARRAYS - set(arrays):
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
        version, name, told_at = (arrays[one] for one in ("hand_version", "name", "told_at"))
        if version.shape != () or version.dtype.kind not in "iu" or version < 1:
            raise ValueError("its version is not a number")
        if version > VERSION:
            raise _Newer(
                f"This hand was exported by a newer digitcanvas, in version {version} of the "
                f"format: this one reads version {VERSION}. Install the newer one."
            )
        if name.dtype != np.uint8 or name.ndim != 1 or told_at.dtype.kind not in "iu":
            raise ValueError("its name or its times are not what they must be")
        return HandFile(
            name.tobytes().decode(),
            [
                ToldDrawing(
                    drawing.strokes, drawing.label, EPOCH + timedelta(microseconds=int(since))
                )
                for drawing, since in zip(drawings_of(arrays), told_at, strict=True)
            ],
        )


def check_hand(hand: HandFile) -> None:
    """Raises ValueError for a hand that is not within the limits."""
    if not hand.name.strip() or len(hand.name) > LONGEST_NAME or not hand.name.isprintable():
        raise ValueError(f"A hand's name has 1 to {LONGEST_NAME} letters, digits and signs.")
    if len(hand.told) > MOST_DRAWINGS:
        raise ValueError(
            f"This hand has {len(hand.told):,} drawings, and {MOST_DRAWINGS:,} is the most: take "
            "some back."
        )
    for number, one in enumerate(hand.told, 1):
        if not check_strokes(one.strokes):
            raise ValueError(f"Drawing {number} of this hand is empty: take it back.")
        if one.label not in range(HIGHEST + 1):
            raise ValueError(
                f"Drawing {number} of this hand is told to be {one.label!r}: a digit is 0 to 9, "
                f"and {HIGHEST} is not a digit."
            )
    if sum(len(stroke) for one in hand.told for stroke in one.strokes) * 2 > MOST_NUMBERS:
        raise ValueError("The drawings of this hand have too many points: take some back.")
