"""In how many parts a PNG or a TIFF is: Pillow goes through them in Python, one by one."""

import struct

PNG = b"\x89PNG\r\n\x1a\n"

TIFFS = {b"II": "<", b"MM": ">"}
"""How a TIFF begins for each order of bytes."""

BIG_TIFF = 43
"""The version of TIFF whose counts and offsets have 8 bytes instead of 4."""

OFFSETS = (273, 324)
"""The tags of a TIFF that hold where each strip, or tile, begins."""

MAX_PARTS = 100_000
"""A picture that any program writes has a few thousand: so many take a third of a second."""


def check_parts(data: bytes) -> None:
    """Raises ValueError for a PNG in more than MAX_PARTS chunks, and a TIFF in more strips."""
    try:
        parts = _chunks(data) if data.startswith(PNG) else _strips(data)
    except (struct.error, OverflowError):  # cut short, or damaged
        return
    if parts > MAX_PARTS:
        raise ValueError("The picture's file is in too many parts: save it again.")


def _chunks(data: bytes) -> int:
    """Those of a PNG (ISO/IEC 15948, 5.3), at most one more than MAX_PARTS."""
    position, count = len(PNG), 0
    while position < len(data) and count <= MAX_PARTS:
        position += 12 + int.from_bytes(data[position : position + 4], "big")
        count += 1
    return count


def _strips(data: bytes) -> int:
    """Those of the first image of a TIFF, or its tiles (TIFF 6.0, section 2); else 0."""
    order = TIFFS.get(data[:2])
    if not order:
        return 0
    (version,) = struct.unpack_from(order + "H", data, 2)
    at, offset, count, entry = (
        (8, "Q", "Q", "HHQQ") if version == BIG_TIFF else (4, "I", "H", "HHII")
    )
    (start,) = struct.unpack_from(order + offset, data, at)
    (entries,) = struct.unpack_from(order + count, data, start)
    start += struct.calcsize(order + count)
    length = struct.calcsize(order + entry)
    table = data[start : start + min(entries, MAX_PARTS) * length]
    found = struct.iter_unpack(order + entry, table[: len(table) // length * length])
    return max((number for tag, _, number, _ in found if tag in OFFSETS), default=0)
