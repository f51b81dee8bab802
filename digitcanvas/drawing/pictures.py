"""A picture of one handwritten digit (a photo, a scan, a screenshot) as a (28, 28) image."""

import io
import warnings
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps, TiffImagePlugin, features

from digitcanvas.drawing.arrays import BoolArray, ByteArray, Float32Array
from digitcanvas.drawing.preprocess import BOX, FINE, SIDE, centre

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
"""For all but a baseline JPEG, the only format that can be decoded at a fraction of its size."""

READ_SIDE = 1000
"""The long side, in pixels, to which larger pictures are reduced when they are read."""

WORK_SIDE = 400
"""The long side, in pixels, to which larger pictures are reduced before a digit is searched."""

MEDIAN_SIDE = 128
"""The long side, in pixels, at which it is decided whether ink is darker or lighter than paper."""

OUTLINE_SIDE = 320
MARGIN = 40
"""A digit's long side while its pen is thinned or widened, and the margin around it, in pixels."""

COARSE = 40
"""A digit of fewer pixels than this keeps its greys, which hold more than its outline does."""

MIN_SIDE = 5
MIN_CONTRAST = 16
DARKEST_PAPER = 64
FAINTEST_INK = 16

WINDOW = 0.25
MIN_WINDOW = 11
"""The window of the closing that finds the paper: a share of the long side, and least pixels.

It is wider than a pen, so that no stroke is taken for paper.
"""

SPECK = 0.04
"""Ink of less than this share of the digit's main piece is dirt."""

EDGE, FRAME = 0.1, 0.01
"""The least mean weight of a piece of ink that touches the picture's edge, and of any other.

A pixel weighs 1 in the middle of the picture, and 0 just outside it.
"""

PENLIKE = 18
"""Only ink as slender as this may win over rarer ink: a sheet of paper is broader."""

MNIST_PEN = 2.4
"""The width of MNIST's own pen, about, in pixels of the image. Thinner pens are widened to it."""

WIDEST_PEN = 3.6
"""The width of the boldest pens in MNIST, about. Wider pens are thinned to MNIST_PEN."""

RIDGE_SLOPE = 0.6
"""The distance to the paper rises by 1 a pixel across a stroke, and by less along its middle."""


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
        with io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
            return _read(file)
    except OSError as error:
        raise ValueError(f"The file cannot be read: {error.strerror}.") from error


def _read(file: BinaryIO) -> ByteArray:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(file, formats=FORMATS)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ValueError(_too_large(MAX_PIXELS)) from error
    except Exception as error:  # a damaged file makes Pillow raise almost anything
        raise ValueError(_unknown(file)) from error
    _check_header(image)
    try:
        return np.array(_decode(image))
    except Exception as error:
        raise ValueError(DAMAGED) from error


def _unknown(file: BinaryIO) -> str:
    file.seek(0)
    header = file.read(12)
    if header[4:8] == b"ftyp" and header[8:] in HEIC_BRANDS:
        return (
            "This is a HEIC photo, which cannot be read here: save it as JPEG. To have an iPhone "
            "take JPEG photos, choose Most Compatible in its settings, under Camera and Formats."
        )
    return f"This is not a picture: use a {KINDS} file."


def _check_header(image: Image.Image) -> None:
    """Reject what cannot be read or would take too much memory, before it is decoded."""
    if image.width * image.height > MAX_PIXELS:
        raise ValueError(_too_large(MAX_PIXELS))
    if image.mode in ("I", "F"):
        raise ValueError("The picture has more than 16 bits a channel: save it with 8.")
    whole = image.format not in ("JPEG", "MPO") or "progressive" in image.info
    if whole and max(image.width * image.height, _tile(image)) > MAX_WHOLE_PIXELS:
        raise ValueError(_too_large(MAX_WHOLE_PIXELS))


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
        f"({MAX_PIXELS // 1_000_000} as a baseline JPEG)."
    )


def _decode(image: Image.Image) -> Image.Image:
    """The image as grey, RGB or RGBA, reduced and upright."""
    image.draft(None, (READ_SIDE, READ_SIDE))
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


def image_from_picture(picture: ByteArray, centred: bool = True) -> Float32Array:
    """Find the digit in a picture: float32 (28, 28) in [0, 1], ink 1 on paper 0.

    `picture` is uint8 (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, and shows one digit, dark on
    light or light on dark. Its size, position and colours, the width of its pen, and uneven light
    make little difference. A digit of fewer than 40 pixels keeps its greys, and MNIST's own images
    are returned as they are. A digit that is not `centred` keeps its position and size: the whole
    picture is scaled to 28x28, whatever its shape.

    Raises ValueError for another type or shape, a side of fewer than 5 pixels, and a picture in
    which nothing stands out from the paper.
    """
    picture = np.asarray(picture)
    if picture.dtype != np.uint8:
        raise ValueError(f"A picture's values must be uint8, 0 to 255, not {picture.dtype}.")
    if picture.ndim != 2 and (picture.ndim != 3 or picture.shape[2] not in (3, 4)):
        raise ValueError(
            f"A picture's shape must be (H, W), (H, W, 3) or (H, W, 4), not {picture.shape}."
        )
    height, width = picture.shape[:2]
    if min(height, width) < MIN_SIDE:
        raise ValueError(
            f"The picture is {width} x {height} pixels: each side needs at least {MIN_SIDE}."
        )
    if max(height, width) > WORK_SIDE:
        picture = _fit(picture, WORK_SIDE)
    contrast, digit, threshold = _find_digit(_grey(np.ascontiguousarray(picture)))
    contrast[cv2.dilate(digit, np.ones((5, 5), np.uint8)) == 0] = 0
    if not centred:
        ink = cv2.resize(_stretch(contrast, digit), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        return ink.astype(np.float32) / np.float32(255)
    if max(_crop(digit).shape) >= COARSE:
        ink = _redraw(_crop(contrast), threshold)
    else:
        ink = _stretch(contrast, digit)
        if _is_centred(ink):
            return ink.astype(np.float32) / np.float32(255)
    return centre(_fit(_crop(ink), BOX * FINE))


def _fit(picture: ByteArray, side: int) -> ByteArray:
    """The picture with its long side scaled to `side` pixels."""
    scale = side / max(picture.shape[:2])
    height, width = (max(round(length * scale), 1) for length in picture.shape[:2])
    interpolation = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (width, height), interpolation=interpolation), np.uint8)


def _crop(ink: ByteArray) -> ByteArray:
    left, top, width, height = cv2.boundingRect(ink)
    return ink[top : top + height, left : left + width]


def _grey(picture: ByteArray) -> ByteArray:
    """The picture projected on the axis of colour and transparency along which it varies most.

    So yellow stands out from white as well as black does, and any colour from transparency.
    """
    if picture.ndim == 2:
        return picture
    colours = picture.reshape(-1, picture.shape[2]).astype(np.float32)
    if picture.shape[2] == 4:
        colours[:, :3] *= colours[:, 3:] / 255
    _, axes = cv2.PCACompute(  # the stub lacks None, for a mean to be computed
        colours,
        None,  # type: ignore[call-overload]
        maxComponents=1,
    )
    axis = axes[0]
    axis /= np.abs(axis).sum()  # so that greys span 0 to 255, once the least is moved to 0
    grey: Float32Array = colours @ axis - 255 * np.minimum(axis, 0).sum()
    return np.rint(grey).clip(0, 255).astype(np.uint8).reshape(picture.shape[:2])


def _find_digit(grey: ByteArray) -> tuple[ByteArray, ByteArray, float]:
    """Find the digit, dark on light or light on dark; returns what `_find_dark_digit` does.

    Ink is rarer than paper, so the local median is that of the paper, and the sign of the summed
    cubes of the differences from it is that of the ink. The other polarity wins only if it shows a
    long thin line: on a photo of a dark table, white paper is rarer.
    """
    small = _fit(grey, MEDIAN_SIDE) if max(grey.shape) > MEDIAN_SIDE else grey
    difference = small.astype(np.float32) - cv2.medianBlur(small, _odd(max(small.shape) / 2))
    sides = [255 - grey, grey] if (difference**3).sum() > 0 else [grey, 255 - grey]
    found = [_find_dark_digit(side) for side in sides]
    likely, other = (_penlike(contrast, digit) for contrast, digit, _ in found)
    contrast, digit, threshold = found[int(other > max(PENLIKE, 1.7 * likely))]
    if not digit.any():
        raise ValueError("No digit stands out from the paper: use a darker pen or better light.")
    return contrast, digit, threshold


def _find_dark_digit(grey: ByteArray) -> tuple[ByteArray, ByteArray, float]:
    """Find dark ink: its contrast to the paper, the digit, and Otsu's threshold of the contrast.

    The paper is a grey closing of the picture, which follows shadows but not strokes. The contrast,
    0 to 255, is relative to the paper, and so the same in light and in shade. The digit, 255 on 0,
    is the piece with the most ink near the middle and all others except specks and what touches
    the picture's edge. It is empty if the ink does not stand out from the paper's noise.
    """
    side = _odd(max(max(grey.shape) * WINDOW, MIN_WINDOW))
    window = np.ones((side, side), np.uint8)
    paper = cv2.morphologyEx(cv2.medianBlur(grey, 5), cv2.MORPH_CLOSE, window)
    relative = cv2.subtract(paper, grey) / np.maximum(paper, DARKEST_PAPER).astype(np.float32)
    contrast = np.rint(255 * relative).astype(np.uint8)
    threshold, ink = cv2.threshold(contrast, 0, 255, cv2.THRESH_OTSU)
    noise, deviation = (value.item() for value in cv2.meanStdDev(contrast, mask=255 - ink))
    if cv2.mean(contrast, mask=ink)[0] - noise < max(MIN_CONTRAST, 4 * deviation):
        return contrast, np.zeros_like(ink), threshold

    count, labels, boxes, _ = cv2.connectedComponentsWithStats(ink)
    left, top, width, height, area = boxes.T
    at_edge = (left == 0) | (top == 0)
    at_edge |= (left + width == ink.shape[1]) | (top + height == ink.shape[0])
    middle = np.minimum.outer(*(np.hanning(length + 2)[1:-1] for length in ink.shape))
    # The weight of each piece: the sum of `middle` over its pixels (piece 0 is the paper)
    weight = np.bincount(labels.ravel(), (middle * (ink > 0)).ravel(), count)
    main = weight.argmax()
    kept = (area > SPECK * area[main]) & (at_edge <= at_edge[main])
    kept &= weight > np.where(at_edge, EDGE, FRAME) * area
    return contrast, np.where(kept[labels], ink, 0), threshold


def _odd(length: float) -> int:
    return int(length) | 1


def _depth(ink: ByteArray) -> Float32Array:
    """The distance of each pixel of the ink to the paper, in pixels."""
    return np.asarray(cv2.distanceTransform(ink, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)


def _pen_width(ink: ByteArray) -> np.floating:
    """The pen's mean width in pixels: the mean depth across a stroke is a quarter of it."""
    mean: np.floating = _depth(ink)[ink > 0].mean()
    return 4 * (mean - 0.5)


def _penlike(contrast: ByteArray, digit: ByteArray) -> float:
    """How slender ink is, times its contrast. Noise is slender too, but comes in many pieces."""
    if not digit.any():
        return 0.0
    pieces = cv2.connectedComponents(digit)[0] - 1
    slenderness = cv2.countNonZero(digit) / _pen_width(digit) ** 2 / pieces
    return float(slenderness * contrast[digit > 0].mean() / 255)


def _stretch(contrast: ByteArray, digit: ByteArray) -> ByteArray:
    """Ink in greys: the contrast, stretched so that the digit's darkest twentieth becomes 255."""
    ink = contrast * (255 / np.percentile(contrast[digit > 0], 95))
    return np.where(ink < FAINTEST_INK, 0, ink.clip(max=255)).astype(np.uint8)


def _is_centred(ink: ByteArray) -> bool:
    """Whether the ink is laid out as MNIST's images are."""
    if ink.shape != (SIDE, SIDE) or max(_crop(ink).shape) > BOX + 1:
        return False
    moments = cv2.moments(ink)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    return bool((np.abs(middle - SIDE / 2) < 1).all())


def _redraw(contrast: ByteArray, threshold: float) -> ByteArray:
    """Ink in black and white, with a thin pen widened and a broad pen thinned to MNIST_PEN.

    The path of a broad pen is the ridge of the distance transform, where its slope is well below 1.
    """
    grey = cv2.copyMakeBorder(
        _fit(contrast, OUTLINE_SIDE), MARGIN, MARGIN, MARGIN, MARGIN, cv2.BORDER_CONSTANT
    )
    ink = np.where(grey > threshold, 255, 0).astype(np.uint8)
    pixel = max(_crop(ink).shape) / BOX
    width = _pen_width(ink)
    if width > WIDEST_PEN * pixel:
        depth = cv2.GaussianBlur(_depth(ink), (0, 0), 2)
        slope = np.hypot(*(cv2.Sobel(depth, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (0, 1)))
        ridge = (slope < RIDGE_SLOPE) & (depth > width / 4)
        return _dilate(ridge, MNIST_PEN * pixel / 2)
    return _dilate(ink > 0, max(MNIST_PEN * pixel - width, 0) / 2)


def _dilate(ink: BoolArray, radius: float) -> ByteArray:
    distance = _depth(np.where(ink, 0, 255).astype(np.uint8))
    return np.where(distance <= radius, 255, 0).astype(np.uint8)
