"""Strokes as bytes, compact and exact.

A byte tells the kind; the rest is compressed by zlib: the number of strokes and the points of each,
as uint32, then all points' x and all points' y. The canvas gives hundredths of a pixel: those are
integers, of which the steps are kept ("h"). Other points are kept as float64 ("f").
"""

import zlib
from collections.abc import Sequence

import numpy as np

from digitcanvas.data.store.errors import StoreError
from digitcanvas.drawing.arrays import FloatArray
from digitcanvas.drawing.strokes import Stroke

HUNDREDTHS, FLOATS = b"h", b"f"


def pack(strokes: Sequence[Stroke]) -> bytes:
    """Strokes that `check_strokes` has passed, as bytes: about 4 for each point of a pen."""
    points = np.concatenate(strokes)
    head = np.array([len(strokes), *map(len, strokes)], "<u4").tobytes()
    hundredths = np.rint(points * 100)
    if (hundredths / 100 == points).all():
        return HUNDREDTHS + zlib.compress(head + _pack_steps(hundredths))
    return FLOATS + zlib.compress(head + points.T.astype("<f8").tobytes())


def unpack(packed: bytes) -> list[Stroke]:
    """The strokes that `pack` took, equal to the last bit. Raises StoreError for other bytes."""
    try:
        content = zlib.decompress(packed[1:])
        count = int(np.frombuffer(content, "<u4", 1)[0])
        lengths = np.frombuffer(content, "<u4", count, 4).astype(int)
        body, total = content[4 * (1 + count) :], int(lengths.sum())
        if packed[:1] == HUNDREDTHS:
            points = _unpack_steps(body, total)
        else:
            points = np.frombuffer(body, "<f8").reshape(2, total).T
    except (zlib.error, ValueError) as error:
        raise StoreError("A drawing in the store is damaged: delete it.") from error
    return np.split(np.ascontiguousarray(points), np.cumsum(lengths)[:-1])


def _pack_steps(hundredths: FloatArray) -> bytes:
    """Steps from point to point as integers without a sign, their low bytes before their high ones.

    Small steps of both signs then have nothing but zeros in the high bytes, which zlib removes.
    """
    steps = np.diff(hundredths.astype("<i4"), axis=0, prepend=np.int32(0)).T
    unsigned = np.ascontiguousarray((steps << 1) ^ (steps >> 31)).view(np.uint8)
    return unsigned.reshape(-1, 4).T.tobytes()


def _unpack_steps(body: bytes, total: int) -> FloatArray:
    planes = np.frombuffer(body, np.uint8).reshape(4, 2 * total).T
    unsigned = np.ascontiguousarray(planes).view("<u4").reshape(2, total)
    steps = (unsigned >> 1).astype(np.int64) ^ -(unsigned & 1).astype(np.int64)
    hundredths: FloatArray = steps.cumsum(axis=1).T / 100
    return hundredths
