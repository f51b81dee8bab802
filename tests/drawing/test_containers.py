"""Files in more parts than there is time for."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digitcanvas.drawing.containers import MAX_PARTS, check_parts
from digitcanvas.drawing.pictures import read_picture
from tests.drawing.shapes import encode


def in_chunks(count):
    """A PNG with so many empty chunks more."""
    data = encode(Image.new("L", (20, 20)))
    empty = struct.pack(">I4sI", 0, b"abCd", zlib.crc32(b"abCd"))
    return data[:-12] + count * empty + data[-12:]


def in_strips(count, order, big, tag=273):
    """A TIFF of 1 x `count` pixels in so many strips."""
    version, offset, entries, entry = (43, "HHQ", "Q", "HHQQ") if big else (42, "I", "H", "HHII")
    start = 16 if big else 8
    tags = [(256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (277, 4, 1, 1), (278, 4, 1, 1)]
    tags += [(tag, 4, count, 4000), (279, 4, count, 4000 + 4 * count)]
    head = struct.pack(
        order + "2sH" + offset,
        b"II" if order == "<" else b"MM",
        version,
        *([8, 0] if big else []),
        start,
    )
    body = struct.pack(order + entries, len(tags))
    body += b"".join(struct.pack(order + entry, *one) for one in tags)
    numbers = struct.pack(f"{order}{count}I", *[100] * count)
    return (
        (head + body).ljust(4000, b"\0") + numbers + struct.pack(f"{order}{count}I", *[1] * count)
    )


def test_a_png_in_a_few_chunks_is_read_and_one_in_millions_refused():
    assert read_picture(in_chunks(1000)).shape == (20, 20)
    check_parts(in_chunks(MAX_PARTS - 4))
    with pytest.raises(ValueError, match="too many parts: save it again"):
        read_picture(in_chunks(MAX_PARTS))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("tag", [273, 324])
def test_a_tiff_in_a_few_strips_passes_and_one_in_millions_is_refused(order, big, tag):
    check_parts(in_strips(MAX_PARTS, order, big, tag))
    with pytest.raises(ValueError, match="too many parts"):
        read_picture(in_strips(MAX_PARTS + 1, order, big, tag))


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"II+\0", b""]), st.binary())
def test_any_bytes_are_checked(start, data):
    check_parts(start + data)
