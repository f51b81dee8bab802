"""What decoding a JPEG would take, from its markers alone."""

import re
from dataclasses import dataclass

START = b"\xff\xd8"

MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")
"""What follows a run of 255 within coded data is no marker if it is 0 (stuffing) or a restart."""

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SCAN, END = 0xDA, 0xD9
STANDALONE = (0x01, 0xD8)
"""Markers without a segment."""

MAX_SCANS = 100
"""A progressive JPEG has about ten. Each scan, even an empty one, costs a pass over the picture."""

MAX_SEGMENTS = 5000
"""Of 64 kB each, so that profiles, depth maps and thumbnails of any size fit."""

MAX_FILL = 100_000
"""Bytes of 255 before markers, which Pillow reads one by one. Cameras write none."""


@dataclass(frozen=True)
class Layout:
    """`buffered` is the bytes of coefficients that are held until the last scan has come.

    They are 0 if a single scan holds all components, so that each row is decoded as it comes.
    """

    scans: int
    buffered: int


def layout(data: bytes) -> Layout:
    """The layout of a JPEG's first picture (ITU-T T.81, annex B).

    Raises ValueError for more than MAX_SCANS, MAX_SEGMENTS or MAX_FILL.
    """
    scans = coefficients = components = fill = 0
    interleaved = progressive = False
    position = len(START)
    for _ in range(MAX_SEGMENTS):
        found = MARKER.search(data, position)
        kind = found[1][0] if found else END
        if not found or kind == END:
            break
        position = found.end()
        fill += len(found[0])
        if fill > MAX_FILL:
            raise ValueError("The picture has too many fill bytes: save it again.")
        if kind in STANDALONE:
            continue
        length = int.from_bytes(data[position : position + 2], "big")
        segment = data[position + 2 : position + length]
        position += max(length, 2)
        if kind in FRAMES:
            components, coefficients = _frame(segment)
            progressive = kind % 4 == 2
        elif kind == SCAN:
            scans += 1
            interleaved |= scans == 1 and segment[:1] == bytes([components])
            if scans > MAX_SCANS:
                raise ValueError(f"The picture has more than {MAX_SCANS} scans: save it again.")
    else:
        raise ValueError("The picture has too many segments: save it again.")
    return Layout(scans, 0 if interleaved and not progressive else 2 * coefficients)


def _frame(segment: bytes) -> tuple[int, int]:
    """The number of components and of coefficients that a frame's header tells."""
    height, width = (int.from_bytes(segment[start : start + 2], "big") for start in (1, 3))
    samplings = [(code >> 4, code & 15) for code in segment[7::3]]
    across, down = (max((s[axis] for s in samplings), default=1) or 1 for axis in (0, 1))
    shares = [(x / across) * (y / down) for x, y in samplings]
    return len(samplings), int(width * height * sum(shares))
