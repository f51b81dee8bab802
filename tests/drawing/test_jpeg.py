"""What a JPEG's markers tell before it is decoded."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digitcanvas.drawing import jpeg
from digitcanvas.drawing.pictures import read_picture
from tests.drawing.shapes import encode


def segment(kind, content=b""):
    return bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2, "big") + content


def frame(kind, width, height, samplings=(0x22, 0x11, 0x11)):
    components = b"".join(bytes([n, s, 0]) for n, s in enumerate(samplings, 1))
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return segment(kind, b"\x08" + size + bytes([len(samplings)]) + components)


def scan(*components):
    table = b"".join(bytes([component, 0]) for component in components)
    return segment(0xDA, bytes([len(components)]) + table + b"\0\x3f\0") + b"\x12\xff\0\x34\xff\xd0"


def test_a_single_scan_of_all_components_is_decoded_row_by_row():
    data = jpeg.START + frame(0xC0, 6000, 4000) + scan(1, 2, 3) + b"\xff\xd9"
    assert jpeg.layout(data) == jpeg.Layout(scans=1, buffered=0)


@pytest.mark.parametrize(("kind", "scans"), [(0xC2, [(1, 2, 3)]), (0xC0, [(1,), (2,), (3,)])])
def test_the_coefficients_are_held_until_the_last_scan(kind, scans):
    data = jpeg.START + frame(kind, 600, 400) + b"".join(scan(*each) for each in scans)
    held = jpeg.layout(data)
    assert held.scans == len(scans)
    assert held.buffered == 2 * (600 * 400 + 2 * 300 * 200)


def test_what_lies_within_a_segment_is_no_marker():
    thumbnail = segment(0xE1, b"Exif" + frame(0xC2, 60, 40) + scan(1) * 200)
    data = jpeg.START + thumbnail + frame(0xC0, 600, 400) + scan(1, 2, 3) + b"\xff\xd9"
    assert jpeg.layout(data + scan(1) * 200) == jpeg.Layout(1, 0)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_the_layout_of_what_is_written(mode, progressive):
    data = encode(Image.new(mode, (60, 40)), "JPEG", progressive=progressive)
    assert jpeg.layout(data).scans > 1 if progressive else jpeg.layout(data).scans == 1
    assert (jpeg.layout(data).buffered > 0) == progressive


def empty_scans(count):
    """A progressive JPEG with so many scans that change nothing."""
    data = encode(Image.new("L", (64, 64)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def test_a_hundred_scans_are_read_and_more_are_refused():
    extra = jpeg.layout(empty_scans(1)).scans - 1
    read_picture(empty_scans(jpeg.MAX_SCANS - extra))
    with pytest.raises(ValueError, match="more than 100 scans: save it again"):
        read_picture(empty_scans(jpeg.MAX_SCANS - extra + 1))


def test_more_segments_than_any_camera_writes_are_refused():
    data = encode(Image.new("L", (64, 64)), "JPEG")
    comments = segment(0xFE) * jpeg.MAX_SEGMENTS
    with pytest.raises(ValueError, match="too many segments"):
        read_picture(data[:2] + comments + data[2:])


@given(st.binary(max_size=200))
def test_any_bytes_have_a_layout(data):
    held = jpeg.layout(jpeg.START + data)
    assert 0 <= held.scans <= jpeg.MAX_SCANS and held.buffered >= 0


def test_a_progressive_jpeg_of_a_phone_is_read_at_a_fraction():
    image = Image.new("RGB", (3815, 3815), (240, 240, 230))
    image.paste((20, 20, 30), (1500, 800, 1700, 3000))
    data = encode(image, "JPEG", progressive=True)
    assert read_picture(data).shape == (1000, 1000, 3)


def test_a_long_thin_jpeg_is_decoded_at_a_fraction(monkeypatch):
    decoded = []
    load = Image.Image.load
    data = encode(Image.new("RGB", (60_000, 500)), "JPEG")
    monkeypatch.setattr(
        Image.Image, "load", lambda image: (decoded.append(image.size), load(image))[1]
    )
    assert read_picture(data).shape == (8, 1000, 3)
    assert max(width * height for width, height in decoded) < 1_000_000


@pytest.mark.parametrize("kind", [0xC0, 0xC2])
def test_more_coefficients_than_fit_in_memory_are_refused(kind):
    image = encode(Image.new("RGB", (64, 64)), "JPEG", progressive=kind == 0xC2)
    start = image.index(bytes([0xFF, kind])) + 5
    large = (7000).to_bytes(2, "big") * 2
    data = image[:start] + large + image[start + 4 :]
    if kind == 0xC0:
        where = data.index(b"\xff\xda")
        data = data[:where] + scan(1) + data[where:]
    with pytest.raises(ValueError, match="too large for a progressive JPEG"):
        read_picture(data)


def test_a_large_compressed_bitmap_is_refused():
    def bitmap(side):
        """A BMP of 8 bits a pixel in runs (RLE8), all of one colour."""
        rows = (bytes([255, 1]) * (side // 255) + b"\0\0") * side + b"\0\1"
        palette = bytes(range(256)) * 4
        offset = 14 + 40 + len(palette)
        header = struct.pack("<2sIII", b"BM", offset + len(rows), 0, offset)
        header += struct.pack("<IiiHHIIIIII", 40, side, side, 1, 8, 1, len(rows), 0, 0, 256, 0)
        return header + palette + rows

    assert Image.open(io.BytesIO(bitmap(510))).info["compression"] == 1
    assert read_picture(bitmap(510)).shape[:2] == (510, 510)
    with pytest.raises(ValueError, match="BMP of this size takes too long: save it as PNG"):
        read_picture(bitmap(1530))


def test_a_flood_of_fill_bytes_is_refused():
    data = encode(Image.new("L", (64, 64)), "JPEG")
    assert read_picture(data[:2] + b"\xff" * 1000 + data[2:]).shape == (64, 64)
    with pytest.raises(ValueError, match="too many fill bytes: save it again"):
        read_picture(data[:2] + b"\xff" * jpeg.MAX_FILL + data[2:])
