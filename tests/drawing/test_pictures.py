"""Reading the files of pictures."""

import io
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitcanvas.drawing.ink_images import image_from_picture
from digitcanvas.drawing.pictures import FORMATS, KINDS, MAX_WHOLE_PIXELS, SUFFIXES, read_picture
from tests.drawing.shapes import (
    distance,
    draw,
    encode,
    paint,
    result_or_refusal,
)


def png_header(width, height):
    """The start of a PNG that claims to be this large."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks += struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("kind", FORMATS)
def test_read_every_format_from_bytes_and_file(kind, tmp_path):
    picture = paint(draw("seven"))
    data = encode(picture, kind)
    path = tmp_path / "digit"
    path.write_bytes(data)
    read = read_picture(data)
    assert read.dtype == np.uint8 and read.shape == picture.shape
    assert np.abs(read.astype(int) - picture).mean() < 4
    assert np.array_equal(read, read_picture(path))
    assert np.array_equal(read, read_picture(str(path)))


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        ("1", "PNG", 1),
        ("L", "JPEG", 1),
        ("P", "PNG", 3),
        ("LA", "PNG", 4),
        ("CMYK", "JPEG", 3),
        ("1", "TIFF", 1),
        ("L", "GIF", 3),
        ("P", "TIFF", 3),
        ("RGBA", "TIFF", 4),
        ("CMYK", "TIFF", 3),
    ],
)
def test_read_every_mode(mode, kind, channels):
    read = read_picture(encode(Image.fromarray(paint(draw("two"))).convert(mode), kind))
    assert (1 if read.ndim == 2 else read.shape[2]) == channels
    assert distance(read, "two") < 0.04


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
@pytest.mark.parametrize("ink", [0, 255])
def test_read_a_palette_with_transparency(ink, kind):
    image = Image.fromarray((draw("four") > 0.5).astype(np.uint8)).convert("P")
    image.putpalette([255 - ink, 0, 0, ink, ink, ink])
    read = read_picture(encode(image, kind, transparency=0))
    assert read.shape == (300, 300, 4)
    assert distance(read, "four") < 0.04


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (6, 1), (3, 2), (8, 3)])
def test_read_turns_the_picture_as_exif_says(kind, orientation, turns):
    exif = Image.Exif()
    exif[0x0112] = orientation
    sideways = np.ascontiguousarray(np.rot90(paint(draw("seven")), turns))
    assert distance(read_picture(encode(sideways, kind, exif=exif)), "seven") < 0.04


def test_read_reduces_a_phone_s_photo():
    ink = cv2.resize(draw("two"), (8000, 6000))
    data = encode(np.rint(250 - 220 * ink).astype(np.uint8), "JPEG")
    picture = read_picture(data)
    assert picture.shape == (750, 1000)
    assert image_from_picture(picture).max() == 1


def test_read_a_photo_of_many_pictures_as_its_first():
    first, second = (Image.fromarray(paint(draw(name))) for name in ("two", "seven"))
    data = encode(first, "MPO", save_all=True, append_images=[second])
    assert distance(read_picture(data), "two") < 0.04


@pytest.mark.parametrize(
    "size", [(20_000, 20_000), (9_000, 8_000), (10_000, 10_000), (5_000, 5_000)]
)
def test_read_refuses_a_large_picture_by_its_header(size):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with pytest.raises(ValueError, match="too large.*megapixels"):
            read_picture(png_header(*size))
    assert not caught


def test_read_refuses_a_large_progressive_jpeg():
    data = encode(Image.new("L", (7500, 7000)), "JPEG", progressive=True)
    with pytest.raises(ValueError, match="too large for a progressive JPEG"):
        read_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "GIF", "TIFF"])
def test_of_an_animation_or_several_pages_the_first_is_read(kind):
    first, *others = (Image.fromarray(paint(draw(name))) for name in ("two", "four", "seven"))
    data = encode(first, kind, save_all=True, append_images=others)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    assert distance(read_picture(data), "two") < 0.04


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"])
def test_read_a_scan_however_it_is_compressed(compression):
    scan = Image.fromarray(paint(draw("five"))).convert("1" if compression == "group4" else "RGB")
    assert distance(read_picture(encode(scan, "TIFF", compression=compression)), "five") < 0.04


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_read_greys_of_as_many_bits_as_a_scanner_has(kind, bits):
    grey = (1 - 0.8 * draw("four")) * (2**bits - 1)
    read = read_picture(encode(grey.astype(np.uint16), kind))
    assert read.shape == (300, 300) and read.max() == 255
    assert distance(read, "four") < 0.04


def test_read_sixteen_bits_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    sideways = np.rot90(np.rint(60_000 * (1 - draw("seven"))).astype(np.uint16))
    for kind in ("PNG", "TIFF"):
        data = encode(np.ascontiguousarray(sideways), kind, exif=exif)
        assert distance(read_picture(data), "seven") < 0.04


@pytest.mark.parametrize("mode", ["I", "F"])
def test_read_refuses_more_than_sixteen_bits(mode):
    with pytest.raises(ValueError, match="more than 16 bits a channel: save it with 8"):
        read_picture(encode(Image.new(mode, (30, 30)), "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "AVIF"])
def test_read_refuses_a_large_picture_of_any_format(kind):
    data = encode(Image.new("1" if kind == "TIFF" else "L", (5000, 4000)), kind)
    with pytest.raises(ValueError, match="too large.*12 megapixels"):
        read_picture(data)


def tiled_tiff(side):
    """The header of a compressed TIFF of 10 x 10 pixels in a tile that claims to be so large."""
    tags = {256: 10, 257: 10, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 8, 325: 9}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)


def test_read_tells_what_to_do_with_an_iphone_s_photo():
    for brand in (b"heic", b"mif1"):
        with pytest.raises(ValueError, match="HEIC photo.*save it as JPEG"):
            read_picture(bytes([0, 0, 0, 24]) + b"ftyp" + brand + bytes(4) + brand + b"hevc")


def test_other_formats_are_refused_with_those_that_can_be_read():
    assert KINDS == "PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP"
    with pytest.raises(ValueError, match=f"not a picture: use a {KINDS} file"):
        read_picture(encode(paint(draw("two")), "PPM"))


def test_a_file_of_each_suffix_can_be_read(tmp_path):
    assert {"png", "jpg", "jpeg", "gif", "tif", "tiff", "webp", "bmp", "avif"} == set(SUFFIXES)
    for suffix in SUFFIXES:
        path = tmp_path / f"digit.{suffix}"
        Image.fromarray(paint(draw("two"))).save(path)
        assert distance(read_picture(path), "two") < 0.04


@pytest.mark.parametrize("data", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg/>"])
def test_read_refuses_a_file_that_is_not_a_picture(data):
    with pytest.raises(ValueError, match="not a picture"):
        read_picture(data)


@pytest.mark.parametrize("kind", FORMATS)
def test_read_refuses_a_picture_cut_short(kind):
    data = encode(paint(draw("two")), kind)
    with pytest.raises(ValueError, match="damaged|not a picture"):
        read_picture(data[: len(data) // 2])


def test_read_refuses_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_picture(tmp_path / "absent.png")
    with pytest.raises(ValueError, match="cannot be read"):
        read_picture(tmp_path)


@settings(max_examples=200)
@given(
    kind=st.sampled_from(FORMATS),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=8),
    length=st.floats(0, 1),
)
def test_any_bytes_give_a_picture_or_a_refusal(kind, edits, length):
    data = bytearray(encode(cv2.resize(paint(draw("two")), (40, 40)), kind))
    for position, value in edits:
        data[int(position * len(data))] = value
    picture = result_or_refusal(read_picture, bytes(data[: round(length * len(data))]))
    if picture is not None:
        assert picture.dtype == np.uint8 and picture.ndim in (2, 3)


@given(st.binary(max_size=200))
def test_noise_is_refused(data):
    with pytest.raises(ValueError):
        read_picture(data)


def test_read_refuses_a_large_baseline_jpeg():
    data = encode(Image.new("L", (9000, 8000)), "JPEG")
    with pytest.raises(ValueError, match="at most 64 megapixels"):
        read_picture(data)


def test_read_refuses_a_small_picture_in_a_large_tile():
    with pytest.raises(ValueError, match="damaged"):
        read_picture(tiled_tiff(16))
    with pytest.raises(ValueError, match="too large"):
        read_picture(tiled_tiff(int(MAX_WHOLE_PIXELS**0.5) + 1))
