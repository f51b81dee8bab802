"""Pictures of a digit: reading the file, and finding the digit in it."""

import io
import struct
import warnings
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from digitcanvas.drawing.pictures import (
    FORMATS,
    KINDS,
    MAX_WHOLE_PIXELS,
    MNIST_PEN,
    SUFFIXES,
    image_from_picture,
    read_picture,
)
from digitcanvas.drawing.preprocess import image_from_strokes

SHAPES = {
    "two": [[(2, 4), (5, 1), (8, 3), (7, 6), (2, 11), (9, 11)]],
    "four": [[(6, 1), (2, 7), (9, 7)], [(7, 4), (7, 12)]],
    "five": [[(3, 1), (3, 5), (7, 5), (9, 8), (7, 11), (2, 11)], [(4.5, 0), (9, 0)]],
    "seven": [[(2, 1), (9, 1), (5, 12)], [(4, 6), (8, 6)]],
}
"""Digits as strokes in a box of about 10 x 12; the bar of the five is detached."""

PAPER = (246, 240, 230)
INK = (25, 25, 40)


def strokes_of(name):
    return [np.array(stroke, dtype=float) for stroke in SHAPES[name]]


def draw(name, side=300, height=180, pen=12, corner=(70, 60)):
    """The digit's ink as float (side, side) in [0, 1]."""
    ink = np.zeros((side, side), np.uint8)
    for stroke in strokes_of(name):
        points = np.rint((stroke * height / 12 + corner) * 16).astype(np.int32)
        cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA, 4)
    return ink / 255


def paint(ink, colour=INK, paper=PAPER):
    ink = ink[..., np.newaxis]
    return np.rint(ink * np.array(colour) + (1 - ink) * np.array(paper)).astype(np.uint8)


def distance(picture, name):
    """The mean absolute difference to the digit drawn from its strokes. Another digit's is 0.1."""
    return float(
        np.abs(image_from_picture(picture) - image_from_strokes(strokes_of(name), MNIST_PEN)).mean()
    )


def encode(picture, kind="PNG", **options):
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_header(width, height):
    """The start of a PNG that claims to be this large."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    data = b"IDAT" + zlib.compress(b"\0" * 100)
    chunks += struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("name", SHAPES)
def test_a_digit_is_found_and_laid_out_as_mnist(name):
    image = image_from_picture(paint(draw(name)))
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert image.min() == 0 and image.max() == 1
    rows, columns = np.nonzero(image)
    assert 19 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
    mass = (np.indices(image.shape) * image).sum(axis=(1, 2)) / image.sum()
    assert np.abs(mass - 14).max() < 0.5
    assert distance(paint(draw(name)), name) < 0.04


@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        (INK, PAPER),
        ((230, 230, 220), (25, 45, 35)),
        ((240, 220, 40), (250, 250, 250)),
        ((200, 30, 40), (40, 130, 60)),
        ((200, 60, 60), (60, 200, 60)),
        ((170, 170, 170), (225, 225, 225)),
    ],
    ids=["dark on light", "light on dark", "yellow on white", "red on green", "as bright", "pale"],
)
@pytest.mark.parametrize("name", SHAPES)
def test_colours_and_polarity_make_no_difference(name, ink, paper):
    assert distance(paint(draw(name), ink, paper), name) < 0.04


@pytest.mark.parametrize("name", SHAPES)
def test_grey_and_rgb_give_the_same(name):
    grey = np.rint(255 - 200 * draw(name)).astype(np.uint8)
    rgb = np.repeat(grey[..., np.newaxis], 3, axis=2)
    assert np.array_equal(image_from_picture(grey), image_from_picture(rgb))
    assert np.abs(image_from_picture(grey) - image_from_picture(255 - grey)).mean() < 0.01


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("colour", [(0, 0, 0), (255, 255, 255), (200, 40, 40), (128, 128, 128)])
def test_ink_on_transparent_ground(colour, hidden):
    ink = draw("four")
    picture = np.full((*ink.shape, 4), hidden, np.uint8)
    picture[ink > 0, :3] = colour
    picture[..., 3] = np.rint(ink * 255)
    assert distance(picture, "four") < 0.04


def test_opaque_and_cut_out_alpha():
    opaque = np.dstack([paint(draw("two")), np.full((300, 300), 255, np.uint8)])
    assert distance(opaque, "two") < 0.04
    cut_out = np.full((300, 300, 4), 255, np.uint8)
    cut_out[..., 3] -= np.rint(draw("two") * 255).astype(np.uint8)
    assert distance(cut_out, "two") < 0.04


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(SHAPES)),
    side=st.integers(280, 900),
    share=st.floats(0.4, 0.85),
    position=st.tuples(st.floats(0.05, 0.95), st.floats(0.05, 0.95)),
    pen=st.floats(0.03, 0.14),
    dark=st.booleans(),
)
def test_scale_position_and_pen_make_little_difference(name, side, share, position, pen, dark):
    height = share * side
    thickness = max(3, round(pen * height))
    room = side - height - 2 * thickness
    ink = draw(name, side, height, thickness, thickness + np.maximum(room, 0) * np.array(position))
    assert distance(np.rint(255 * (ink if dark else 1 - ink)).astype(np.uint8), name) < 0.05


@pytest.mark.parametrize("light", ["gradient", "vignette", "shadow", "noise"])
@pytest.mark.parametrize("name", SHAPES)
def test_uneven_light(name, light):
    rows, columns = np.mgrid[-1:1:300j, -1:1:300j]
    shade = {
        "gradient": 0.7 + 0.3 * columns,
        "vignette": 1 - 0.3 * (rows**2 + columns**2),
        "shadow": np.where(rows + 0.5 * columns > 0.1, 1.0, 0.55),
        "noise": 0.9 + 0.05 * np.random.default_rng(0).normal(size=rows.shape),
    }[light]
    picture = (paint(draw(name)) * shade[..., np.newaxis]).clip(0, 255).astype(np.uint8)
    assert distance(read_picture(encode(picture, "JPEG", quality=60)), name) < 0.05


def test_specks_and_the_picture_s_edge_are_dropped_but_not_a_detached_bar():
    picture = paint(draw("five"))
    for x, y in [(15, 20), (280, 30), (250, 270)]:
        cv2.circle(picture, (x, y), 2, INK, -1)
    picture[-6:] = 40
    assert distance(picture, "five") < 0.04
    assert distance(paint(draw("five")), "five") < 0.04


def test_noise_is_not_mistaken_for_a_short_stroke():
    ink = np.zeros((160, 160), np.uint8)
    cv2.line(ink, (110, 20), (90, 110), 255, 14, cv2.LINE_AA)
    noise = np.random.default_rng(0).normal(0, 8, (160, 160, 3))
    picture = (paint(ink / 255, (210, 195, 40), (225, 220, 214)) + noise).clip(0, 255)
    image = image_from_picture(picture.astype(np.uint8))
    assert np.ptp(np.nonzero(image.max(axis=0) > 0.5)) < 10


def test_a_sheet_on_a_dark_table():
    picture = cv2.copyMakeBorder(
        paint(draw("four", pen=7)), 60, 150, 40, 120, cv2.BORDER_CONSTANT, value=(90, 60, 40)
    )
    assert distance(picture, "four") < 0.06


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("inverted", [False, True])
def test_an_image_like_mnist_s_is_returned_unchanged(name, inverted):
    image = image_from_strokes(strokes_of(name))
    picture = np.rint(image * 255).astype(np.uint8)
    result = image_from_picture(255 - picture if inverted else picture)
    assert np.abs(result - image).mean() < 0.01


def test_a_small_picture_keeps_its_greys():
    picture = cv2.resize(draw("two"), (40, 40), interpolation=cv2.INTER_AREA)
    image = image_from_picture(np.rint(255 * picture).astype(np.uint8))
    assert len(np.unique(image)) > 50
    assert np.abs(image - image_from_strokes(strokes_of("two"), MNIST_PEN)).mean() < 0.06


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
    data = encode(Image.new("L", (5000, 4000)), "JPEG", progressive=True)
    with pytest.raises(ValueError, match="too large"):
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


def test_read_refuses_a_small_picture_in_a_large_tile():
    with pytest.raises(ValueError, match="damaged"):
        read_picture(tiled_tiff(16))
    with pytest.raises(ValueError, match="too large"):
        read_picture(tiled_tiff(int(MAX_WHOLE_PIXELS**0.5) + 1))


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


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((100, 100), np.uint8),
        np.full((100, 100, 3), 255, np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.full((28, 28), 128, np.uint8),
        np.tile(np.linspace(90, 250, 300).astype(np.uint8), (300, 1)),
        np.random.default_rng(0).normal(200, 8, (300, 300)).astype(np.uint8),
    ],
    ids=["all ink", "white", "transparent", "small", "gradient", "noise"],
)
def test_a_picture_without_a_digit_is_refused(picture):
    with pytest.raises(ValueError, match="No digit"):
        image_from_picture(picture)


@pytest.mark.parametrize("shape", [(1, 1), (4, 300), (300, 4, 3), (0, 0), (0, 20, 3)])
def test_a_tiny_picture_is_refused(shape):
    with pytest.raises(ValueError, match="each side needs"):
        image_from_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "shape", [(), (28,), (28, 28, 1), (28, 28, 2), (28, 28, 5), (1, 28, 28, 3)]
)
def test_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        image_from_picture(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint16, bool])
def test_another_type_is_refused(dtype):
    with pytest.raises(ValueError, match="uint8"):
        image_from_picture(np.zeros((28, 28), dtype))


def test_the_picture_is_not_changed():
    picture = paint(draw("two"))
    before = picture.copy()
    image_from_picture(picture[::-1, :, ::-1])
    image_from_picture(picture)
    assert np.array_equal(picture, before)


def result_or_refusal(function, argument):
    try:
        return function(argument)
    except ValueError as error:
        assert str(error)
        return None


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 5)).flatmap(
        lambda shape: arrays(np.uint8, shape if shape[2] > 1 else shape[:2])
    )
)
def test_any_array_gives_an_image_or_a_refusal(picture):
    image = result_or_refusal(image_from_picture, picture)
    if image is not None:
        assert image.shape == (28, 28) and image.dtype == np.float32
        assert image.min() >= 0 and image.max() <= 1 and image.any()


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


def test_what_transparency_hides_makes_no_difference():
    """An eraser leaves the colours that it hid."""
    ink = draw("four")
    picture = np.dstack([paint(draw("two")), np.rint(ink * 255).astype(np.uint8)])
    picture[ink > 0, :3] = 0
    assert distance(picture, "four") < 0.04


def test_a_stroke_that_enters_from_the_edge_is_dropped():
    picture = paint(draw("five"))
    cv2.line(picture, (299, 150), (235, 150), INK, 12)
    assert distance(picture, "five") < 0.04


def test_a_small_image_off_centre_is_centred():
    image = np.roll(image_from_strokes(strokes_of("two")), 3, axis=1)
    result = image_from_picture(np.rint(image * 255).astype(np.uint8))
    mass = (np.indices(result.shape) * result).sum(axis=(1, 2)) / result.sum()
    assert np.abs(mass - 14).max() < 0.6


def test_a_broad_pen_is_thinned():
    seven = np.array([(100, 80), (300, 80), (180, 330)])
    ink = np.zeros((400, 400), np.uint8)
    cv2.polylines(ink, [seven], False, 255, 66)
    ratio = image_from_picture(255 - ink).sum() / image_from_strokes([seven], MNIST_PEN).sum()
    assert 0.75 < ratio < 1.3


def test_read_refuses_a_large_baseline_jpeg():
    data = encode(Image.new("L", (9000, 8000)), "JPEG")
    with pytest.raises(ValueError, match="at most 64 megapixels"):
        read_picture(data)


def centre_of_mass(image):
    """The centre of mass of any image, in shares of its width and height."""
    y, x = np.indices(image.shape)
    return np.array([(x * image).sum(), (y * image).sum()]) / image.sum() / image.shape[::-1]


@settings(max_examples=40)
@given(
    name=st.sampled_from(sorted(SHAPES)),
    height=st.integers(70, 170),
    x=st.floats(0.15, 0.85),
    y=st.floats(0.15, 0.85),
    dark=st.booleans(),
)
def test_an_uncentred_digit_keeps_its_position_in_the_picture(name, height, x, y, dark):
    room = 300 - height - 24
    ink = draw(name, height=height, pen=12, corner=(12 + x * room, 12 + y * room))
    colours = (INK, PAPER) if dark else (PAPER, INK)
    image = image_from_picture(paint(ink, *colours), centred=False)
    assert image.shape == (28, 28) and image.dtype == np.float32
    assert np.abs(centre_of_mass(image) - centre_of_mass(ink)).max() < 0.5 / 28
    high, expected = (np.ptp(np.flatnonzero(each.max(axis=1) > 0.2)) + 1 for each in (image, ink))
    assert high == pytest.approx(expected * 28 / 300, abs=2)


def test_an_uncentred_digit_moves_with_the_picture_s():
    pictures = [paint(draw("two", height=120, corner=corner)) for corner in ((20, 30), (160, 140))]
    one, other = (image_from_picture(picture) for picture in pictures)
    assert np.abs(one - other).mean() < 0.01
    one, other = (image_from_picture(picture, centred=False) for picture in pictures)
    assert one[:, 14:].sum() < 0.2 * one.sum() and other[:, 14:].sum() > 0.8 * other.sum()
    assert one.sum() == pytest.approx(other.sum(), rel=0.05)


def test_an_image_like_mnist_s_is_returned_unchanged_uncentred():
    image = np.rint(image_from_strokes(strokes_of("two"), MNIST_PEN) * 255).astype(np.uint8)
    for picture in (image, np.roll(image, 3, axis=1)):
        found = image_from_picture(picture, centred=False)
        assert np.abs(found - picture / 255.0).mean() < 0.01


def test_a_picture_s_digit_is_centred_by_default():
    picture = paint(draw("four", corner=(10, 100)))
    image = image_from_picture(picture)
    np.testing.assert_array_equal(image_from_picture(picture, centred=True), image)
    assert np.abs(centre_of_mass(image) * 28 - 14).max() < 0.5


@pytest.mark.parametrize(
    "picture",
    [None, np.zeros((4, 300), np.uint8), np.full((300, 300), 200, np.uint8), np.zeros((28, 28))],
)
def test_an_uncentred_picture_without_a_digit_is_refused_too(picture):
    with pytest.raises(ValueError):
        image_from_picture(picture, centred=False)
