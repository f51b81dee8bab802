"""Reading the file of a picture: a photo, a scan or a screenshot."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import BmpImagePlugin, Image, ImageOps, TiffImagePlugin, features

from digitcanvas.drawing import jpeg
from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.containers import check_parts

_SUFFIXES = {
    "PNG": ["png"],
    "JPEG": ["jpg", "jpeg"],
    "WebP": ["webp"],
    "AVIF": ["avif"] if features.check("avif") else [],
    "GIF": ["gif"],
    "TIFF": ["tif", "tiff"],
    "BMP": ["bmp"],
}
FORMATS = [name for name, suffixes in _SUFFIXES.items() if suffixes]
"""The formats that can be read; AVIF only where Pillow was built with it."""

SUFFIXES = [suffix for suffixes in _SUFFIXES.values() for suffix in suffixes]
"""The suffixes of such files, in lower case and without the dot."""

KINDS = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
"""The formats in words."""

HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
"""What stands in the header of a photo by an iPhone, which Pillow cannot read."""

DAMAGED = "The picture is damaged or cut short: save it again."

MAX_PIXELS = 64_000_000
MAX_WHOLE_PIXELS = 12_500_000
"""For what is decoded whole: all but a JPEG, which can be decoded at a fraction of its size."""

MAX_BUFFERED = 100_000_000
"""Bytes of coefficients: 16 megapixels of a progressive JPEG, 33 with colours at half the size."""

MAX_RUNS = 2_000_000
"""Bytes and pixels of a BMP coded in runs, which Pillow decodes in Python: half a second."""

RUNS = [BmpImagePlugin.BmpImageFile.COMPRESSIONS[kind] for kind in ("RLE8", "RLE4")]

READ_SIDE = 1000
"""The long side, in pixels, to which larger pictures are reduced when they are read."""


def read_picture(source: str | Path | bytes) -> ByteArray:
    """Read a picture in one of the FORMATS from a file or from its bytes.

    Returns uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, rotated as its EXIF data say and
    reduced to a long side of at most 1,000 pixels. Of an animation or of several pages, that is
    the first.

    Raises ValueError, with a message for the owner of the picture, for a file that is missing, not
    such a picture or damaged, and for a picture that is too large or has more than 16 bits a
    channel.
    """
    try:
        with (
            io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file,
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore", UserWarning)  # a damaged TIFF fills the log
            return _read(file)
    except OSError as error:
        raise ValueError(f"The file cannot be read: {error.strerror}.") from error


def _read(file: BinaryIO) -> ByteArray:
    coded = _layout(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(_too_large(MAX_PIXELS)) from error
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise ValueError(_unknown(file)) from error
    _check_header(image, coded)
    try:
        return np.array(_decode(image))
    except Exception as error:
        raise ValueError(DAMAGED) from error


def _layout(file: BinaryIO) -> jpeg.Layout | None:
    """That of a JPEG; None for another format. Checks the file's parts."""
    data = file.read()
    file.seek(0)
    if data.startswith(jpeg.START):
        return jpeg.layout(data)
    check_parts(data)
    return None


def _unknown(file: BinaryIO) -> str:
    file.seek(0)
    header = file.read(12)
    if header[4:8] == b"ftyp" and header[8:] in HEIC_BRANDS:
        return (
            "This is a HEIC photo, which cannot be read here: save it as JPEG. To have an iPhone "
            "take JPEG photos, choose Most Compatible in its settings, under Camera and Formats."
        )
    return f"This is not a picture: use a {KINDS} file."


def _check_header(image: Image.Image, coded: jpeg.Layout | None) -> None:
    """Reject what cannot be read or would take too much memory or time, before it is decoded.

    `coded` is the layout of a JPEG, whose image is set to be decoded at a fraction of its size.
    """
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(_too_large(MAX_PIXELS))
    if image.mode in ("I", "F"):
        raise ValueError("The picture has more than 16 bits a channel: save it with 8.")
    if coded and coded.buffered > MAX_BUFFERED:
        raise ValueError(
            "The picture is too large for a progressive JPEG: save it as a baseline JPEG, or with "
            "half its width and height."
        )
    if coded:
        image.draft(None, _fitted(image.size))
    if max(image.width * image.height, _tile(image)) > MAX_WHOLE_PIXELS:
        raise ValueError(_too_large(MAX_WHOLE_PIXELS))
    if isinstance(image, BmpImagePlugin.BmpImageFile) and image.info.get("compression") in RUNS:
        size = image.fp.seek(0, io.SEEK_END) if image.fp else 0
        if max(size, image.width * image.height) > MAX_RUNS:
            raise ValueError("A compressed BMP of this size takes too long: save it as PNG.")


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size (width, height) with a long side of READ_SIDE."""
    scale = READ_SIDE / max(size)
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def _tile(image: Image.Image) -> int:
    """The pixels of a TIFF's tile, which may be larger than its image; 0 if it has no tiles."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 0
    width, height = (
        image.tag_v2.get(tag, 0) for tag in (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH)
    )
    if not isinstance(width, int) or not isinstance(height, int):
        raise ValueError(DAMAGED)
    return width * height


def _too_large(limit: int) -> str:
    return (
        f"The picture is too large: use one of at most {limit // 1_000_000} megapixels "
        f"({MAX_PIXELS // 1_000_000} as a JPEG)."
    )


def _decode(image: Image.Image) -> Image.Image:
    """The image as grey, RGB or RGBA, reduced and upright."""
    if image.mode.startswith("I;16"):
        image = _eight_bits(image)
    mode = "RGBA" if image.has_transparency_data else "L" if image.mode in "1L" else "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    image.thumbnail((READ_SIDE, READ_SIDE))
    return ImageOps.exif_transpose(image)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits as greys of 8. Scanners often fill only 10 or 12 of the 16."""
    greys = np.asarray(image)
    unused = max(int(greys.max()).bit_length() - 8, 0)
    eight = Image.fromarray((greys >> unused).astype(np.uint8))
    eight.info |= {"exif": image.info.get("exif", b"")}
    return eight
