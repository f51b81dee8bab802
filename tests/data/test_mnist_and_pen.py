import io
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.data import mnist as mnist_data
from digitcanvas.data.mnist import (
    MnistMissing,
    download_mnist,
    find_mnist,
    load_mnist,
    load_sample,
    mnist_path,
    sha256,
    split,
    validation_size,
)
from digitcanvas.data.pen import images_from_drawings, load_pen_digits, place_at_random
from digitcanvas.drawing.strokes import Drawing
from tests.digits import DIGITS

DRAWINGS = [Drawing(strokes, digit, writer=digit + 1) for digit, strokes in DIGITS.items()]


def save_mnist(path, **changes):
    digits = np.zeros((20, 28, 28), np.uint8)
    arrays = {"x_train": digits, "y_train": np.arange(20) % 10}
    arrays |= {"x_test": digits[:10], "y_test": np.arange(10)}
    np.savez(path, **(arrays | changes))
    return path


@pytest.fixture
def cached(tmp_path):
    """Where MNIST would be in Keras' cache."""
    return tmp_path / "keras" / "datasets" / "mnist.npz"


@pytest.fixture
def offline(monkeypatch, tmp_path, cached):
    """No MNIST on this machine, and no server that has it."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setattr(mnist_data, "URL", "http://{}:{}/".format(*closed.getsockname()))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("KERAS_HOME", str(cached.parent.parent))
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    monkeypatch.delenv("DIGITCANVAS_MNIST_WRITERS", raising=False)


class Server(ThreadingHTTPServer):
    """Answers every request with `content`, as far as `sent` bytes of it, and then waits."""

    content, sent, status = b"", None, 200
    daemon_threads = False  # closing waits for them

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0
        self.closing = threading.Event()

    @property
    def url(self):
        return "http://{}:{}/mnist.npz".format(*self.server_address)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        server = self.server
        server.requests += 1
        self.send_response(server.status)
        self.send_header("Content-Length", str(len(server.content)))
        self.end_headers()
        self.wfile.write(server.content[: server.sent])
        if server.sent is not None:
            server.closing.wait(10)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(offline, tmp_path, monkeypatch):
    """A server that has MNIST, of 20 and 10 digits."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        file = save_mnist(tmp_path / "served.npz")
        server.content = file.read_bytes()
        monkeypatch.setattr(mnist_data, "URL", server.url)
        monkeypatch.setattr(mnist_data, "SHA256", sha256(file))
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


def test_the_path_given_comes_before_the_environment_s(tmp_path, monkeypatch):
    given, other = save_mnist(tmp_path / "a.npz"), save_mnist(tmp_path / "b.npz")
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(other))
    assert load_mnist(given).source == str(given)
    assert load_mnist().source == str(other)


def test_then_comes_keras_cache(server, cached):
    cached.parent.mkdir(parents=True)
    save_mnist(cached, y_test=np.arange(10)[::-1])  # another file than the server's
    assert load_mnist().source == str(cached)
    assert server.requests == 0


def test_then_it_is_downloaded_there_once(server, cached, capfd):
    for _ in range(2):
        mnist = find_mnist()
        assert mnist.source == str(cached) and len(mnist.x_train) == 20
    assert cached.read_bytes() == server.content
    assert list(cached.parent.iterdir()) == [cached]
    assert server.requests == 1
    assert capfd.readouterr().out == ""  # which is for the shell's report


def test_a_damaged_cache_is_downloaded_again(server, cached):
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"half of it")
    server.status = 404
    assert load_mnist().is_sample and cached.read_bytes() == b"half of it"
    server.status = 200
    assert load_mnist().source == str(cached)


def test_the_file_is_the_one_that_keras_downloads():
    keras = Path(find_spec("keras").origin).parent
    source = (keras / "src" / "datasets" / "mnist.py").read_text()
    folder, name = mnist_data.URL.rsplit("/", 1)
    assert f'"{folder}/"' in source and name in source and f'"{mnist_data.SHA256}"' in source


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"content": b"another file"}, "127.0.0.1 sends another file"),
        ({"status": 503}, "127.0.0.1 answers 503"),
        ({"sent": 0}, "there is no connection to 127.0.0.1, or it broke off"),
        ({"sent": 1000}, "there is no connection to 127.0.0.1, or it broke off"),
    ],
    ids=["another file", "an error", "silence", "silence halfway"],
)
def test_a_download_that_fails_leaves_no_file_and_says_what_to_do(
    server, cached, monkeypatch, fault, message
):
    monkeypatch.setattr(mnist_data, "TIMEOUT", 0.2)
    for name, value in fault.items():
        setattr(server, name, value)
    with pytest.raises(MnistMissing) as raised:
        find_mnist()
    assert f"MNIST could not be downloaded: {message}" in str(raised.value)
    assert f"Put a copy of mnist.npz into {cached.parent}" in str(raised.value)
    assert "or set DIGITCANVAS_MNIST to its path" in str(raised.value)
    assert list(cached.parent.iterdir()) == []


def test_a_connection_that_breaks_off_leaves_no_half_file(server, cached):
    server.sent = 1000
    server.closing.set()
    with pytest.raises(MnistMissing, match="it broke off"):
        find_mnist()
    assert list(cached.parent.iterdir()) == []


def test_a_download_tells_how_far_it_is(server, cached):
    shares = []
    download_mnist(shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and min(shares) >= 0
    assert cached.read_bytes() == server.content


def test_a_download_that_takes_for_ever_is_given_up(server, cached, monkeypatch):
    monkeypatch.setattr(mnist_data, "DEADLINE", -60.0)
    with pytest.raises(MnistMissing, match="it has taken -1 minutes"):
        download_mnist()
    assert list(cached.parent.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_told_and_leaves_no_half_file(server, cached, monkeypatch):
    def write(self, url, output_file, *arguments, **options):
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(server.content)

    monkeypatch.setattr("pooch.HTTPDownloader.__call__", write)
    with pytest.raises(MnistMissing, match="downloaded: No space left on device"):
        download_mnist()
    assert list(cached.parent.iterdir()) == []


def test_two_downloads_at_once_do_not_disturb_each_other(server, cached):
    """As those of the page and of a training may be, which are two processes."""
    threads = [threading.Thread(target=download_mnist) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find_mnist().source == str(cached)
    assert list(cached.parent.iterdir()) == [cached]


def test_a_cache_that_cannot_be_written_to_is_a_failed_download(server, cached):
    cached.parent.parent.mkdir()
    cached.parent.write_text("a file where the folder should be")
    with pytest.raises(MnistMissing, match="could not be downloaded"):
        find_mnist()


@given(st.integers(0, 10**9), st.integers(0, 255))
def test_any_damage_to_a_file_is_noticed_or_harmless(compressed, index, byte):
    path, content = compressed
    damaged = bytearray(content)
    damaged[index % len(damaged)] = byte
    path.write_bytes(damaged)
    try:
        load_mnist(path)
    except ValueError as error:
        assert path.name in str(error)


@pytest.fixture(scope="module")
def compressed(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "mine.npz"
    digits = np.random.default_rng(0).integers(0, 255, (10, 28, 28), np.uint8)
    labels = np.arange(10)
    np.savez_compressed(path, x_train=digits, y_train=labels, x_test=digits, y_test=labels)
    return path, path.read_bytes()


def test_offline_the_sample_is_used_and_a_warning_says_so(offline, caplog):
    mnist = load_mnist()
    assert mnist.is_sample and mnist.test_set == "sample's test digits"
    assert "bundled sample" in caplog.text


def test_offline_the_error_says_what_to_do(offline):
    with pytest.raises(MnistMissing) as raised:
        find_mnist()
    for word in ("could not be downloaded", "DIGITCANVAS_MNIST", "sample", "no connection"):
        assert word in str(raised.value)


def test_find_mnist_looks_where_load_mnist_does(offline, cached, tmp_path, monkeypatch):
    cached.parent.mkdir(parents=True)
    given = save_mnist(tmp_path / "given.npz")
    for path, found in (
        (save_mnist(cached), find_mnist()),
        (given, find_mnist(given)),
    ):
        assert found.source == str(path) and not found.is_sample
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(given))
    assert find_mnist().source == str(given)


def test_a_missing_file_that_was_asked_for_is_not_downloaded_instead(offline, tmp_path):
    with pytest.raises(ValueError, match="gone.npz") as raised:
        find_mnist(tmp_path / "gone.npz")
    assert not isinstance(raised.value, MnistMissing)


def one_array():
    """A file of one array, not of several by their names."""
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"hello"),
        lambda path: path.write_bytes(path.read_bytes()[:2000]),
        lambda path: np.savez(path, x=np.zeros(3)),
        lambda path: save_mnist(path, x_test=np.zeros((10, 28, 28))),
        lambda path: save_mnist(path, x_test=np.zeros((10, 27, 28), np.uint8)),
        lambda path: save_mnist(path, y_test=np.arange(9)),
        lambda path: save_mnist(path, y_test=np.arange(10) + 5),
        lambda path: save_mnist(path, y_test=np.arange(10) - 1),
        lambda path: save_mnist(path, y_test=np.arange(10) / 2),
        lambda path: save_mnist(path, y_test=np.array(3)),
        lambda path: save_mnist(
            path, x_test=np.zeros((0, 28, 28), np.uint8), y_test=np.zeros(0, int)
        ),
        lambda path: save_mnist(path, y_test=np.array([None] * 10)),
        lambda path: path.write_bytes(one_array()),
    ],
)
def test_a_damaged_file_that_was_asked_for_is_an_error(tmp_path, damage):
    path = save_mnist(tmp_path / "mine.npz")
    damage(path)
    with pytest.raises(ValueError, match="mine.npz"):
        load_mnist(path)


def test_the_sample_holds_every_class_evenly():
    mnist = load_sample()
    assert mnist.x_train.shape == (4000, 28, 28) and mnist.x_test.shape == (1000, 28, 28)
    assert (np.bincount(mnist.y_train) == 400).all() and (np.bincount(mnist.y_test) == 100).all()
    assert mnist_data.SAMPLE.stat().st_size < 1_000_000


def test_the_sample_is_of_mnist_s_training_set_and_labelled_as_there(mnist):
    label_of = {
        image.tobytes(): label for image, label in zip(mnist.x_train, mnist.y_train, strict=True)
    }
    sample = load_sample()
    for x, y in ((sample.x_train, sample.y_train), (sample.x_test, sample.y_test)):
        assert [label_of.get(image.tobytes()) for image in x] == list(y)


def unipen(digit, writer):
    points = "".join(f" {x:.0f} {-y:.0f}\n" for x, y in np.concatenate(DIGITS[digit]))
    return (
        f'.SEGMENT DIGIT 0 ? "{digit}"\n.COMMENT {digit} {writer} 1\n.PEN_DOWN\n{points}.PEN_UP\n'
    )


def test_no_writer_is_in_both_sets(tmp_path):
    file = tmp_path / "pen.tra"
    file.write_text("".join(unipen(writer % 10, writer) for writer in range(1, 31)))
    pen = load_pen_digits(file)
    assert {d.writer for d in pen.validation} == {5, 10, 15, 20, 25, 30}
    assert len(pen.train) == 24


@pytest.mark.parametrize("writers", [[1, 2], [5, 10]])
def test_drawings_for_only_one_of_the_sets_are_refused(tmp_path, writers):
    file = tmp_path / "pen.tra"
    file.write_text("".join(unipen(1, writer) for writer in writers))
    with pytest.raises(ValueError, match="needs drawings by writers"):
        load_pen_digits(file)


def test_without_a_pen_file_there_are_no_drawings_and_a_missing_one_is_an_error(offline, tmp_path):
    assert load_pen_digits() is None
    with pytest.raises(ValueError, match="gone.tra"):
        load_pen_digits(tmp_path / "gone.tra")


def test_drawings_become_images_with_labels():
    images, labels = images_from_drawings(DRAWINGS)
    assert images.shape == (10, 28, 28) and images.dtype == np.float32
    assert list(labels) == list(range(10))


def test_a_drawing_is_placed_whole_on_the_canvas():
    rng = np.random.default_rng(0)
    dot = Drawing([np.array([[7.0, 7.0]])], 1, writer=1)
    assert np.isfinite(place_at_random(dot, rng).strokes[0]).all()
    for drawing in DRAWINGS * 20:
        points = np.concatenate(place_at_random(drawing, rng).strokes)
        assert points.min() >= 0 and points.max() <= 280
        assert 0.35 * 280 <= np.ptp(points, axis=0).max() <= 0.80 * 280


def test_no_digit_of_the_sample_is_in_both_sets():
    mnist = load_sample()
    train, test = ({image.tobytes() for image in x} for x in (mnist.x_train, mnist.x_test))
    assert not train & test


def test_drawings_are_drawn_with_the_pen_asked_for():
    thin, wide = (images_from_drawings(DRAWINGS, width)[0].sum(axis=(1, 2)) for width in (1.9, 2.9))
    assert (wide > 1.2 * thin).all()
    mixed, _ = images_from_drawings(DRAWINGS[:2], np.array([1.9, 2.9]))
    np.testing.assert_array_equal(mixed.sum(axis=(1, 2)), [thin[0], wide[1]])


def test_as_many_pens_as_drawings_are_needed():
    with pytest.raises(ValueError):
        images_from_drawings(DRAWINGS, np.array([1.9, 2.4, 2.9]))


def test_the_strokes_given_come_before_the_environment_s(tmp_path, monkeypatch):
    given, other = tmp_path / "a.tra", tmp_path / "b.tra"
    given.write_text(unipen(1, 4) + unipen(2, 5))
    other.write_text(unipen(3, 4) + unipen(4, 5))
    monkeypatch.setenv("DIGITCANVAS_PEN", str(other))
    assert load_pen_digits(given).train[0].label == 1
    assert load_pen_digits().train[0].label == 3


def test_drawings_are_placed_all_over_the_canvas():
    rng = np.random.default_rng(0)
    placed = [place_at_random(DRAWINGS[0], rng).strokes[0].mean(axis=0) for _ in range(200)]
    assert (np.ptp(placed, axis=0) > 80).all()


sizes = st.integers(20, 5000)
shares = st.floats(0.01, 0.9)
seeds = st.integers(0, 2**31 - 1)


@given(sizes, shares, seeds)
def test_a_split_has_every_digit_on_one_side(count, share, seed):
    train, kept = split(count, share, np.random.default_rng(seed))
    assert sorted([*train, *kept]) == list(range(count))
    assert len(kept) == validation_size(count, share) and len(train) >= 1
    assert abs(len(kept) - count * share) <= 0.5 or len(kept) == 1


@given(sizes, shares, seeds)
def test_a_seed_s_split_is_always_the_same(count, share, seed):
    one, same = (split(count, share, np.random.default_rng(seed)) for _ in range(2))
    for indices, again in zip(one, same, strict=True):
        np.testing.assert_array_equal(indices, again)


def test_another_seed_s_split_is_another_and_both_sides_are_shuffled():
    (train, kept), (_, other) = (split(4000, 0.25, np.random.default_rng(s)) for s in (17, 18))
    assert set(kept) != set(other)
    for indices in (train, kept):
        assert list(indices) != sorted(indices)
        assert abs(np.mean(indices) - 2000) < 100


@pytest.mark.parametrize(
    ("count", "share", "kept"),
    [(60_000, 0.2, 12_000), (60_000, 0.1, 6000), (60_000, 0.05, 3000), (20, 0.01, 1), (2, 0.1, 1)],
)
def test_as_many_digits_are_held_out_as_in_the_tutorials_and_at_least_one(count, share, kept):
    assert validation_size(count, share) == kept


def test_mnist_path_is_where_find_mnist_looks(offline, cached, tmp_path, monkeypatch):
    assert mnist_path() is None
    cached.parent.mkdir(parents=True)
    assert mnist_path() is None
    save_mnist(cached)
    assert mnist_path() == cached and find_mnist().source == str(mnist_path())
    given = save_mnist(tmp_path / "given.npz")
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(given))
    assert mnist_path() == given and find_mnist().source == str(mnist_path())


def test_a_file_that_was_asked_for_is_returned_even_if_missing(offline, tmp_path, monkeypatch):
    """So that reading it reports the mistake, instead of a download."""
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(tmp_path / "gone.npz"))
    assert mnist_path() == tmp_path / "gone.npz"
    with pytest.raises(ValueError, match="gone.npz"):
        load_mnist(mnist_path())


def test_by_default_keras_cache_is_in_the_home_directory(offline, tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert mnist_path() is None
    cached = tmp_path / ".keras" / "datasets" / "mnist.npz"
    cached.parent.mkdir(parents=True)
    save_mnist(cached)
    monkeypatch.setenv("DIGITCANVAS_MNIST", "")
    assert mnist_path() == cached


def test_looking_for_mnist_downloads_nothing(server):
    assert mnist_path() is None
    assert server.requests == 0


@pytest.fixture
def writers(tmp_path, monkeypatch):
    path = tmp_path / "writers.npz"
    monkeypatch.setenv("DIGITCANVAS_MNIST_WRITERS", str(path))
    return path


def test_mnist_s_writers_are_read_from_the_file_that_the_environment_names(tmp_path, writers):
    file = save_mnist(tmp_path / "mnist.npz")
    np.savez(writers, train_writers=np.arange(20) // 4)
    assert list(load_mnist(file).writers) == list(np.arange(20) // 4)


@pytest.mark.parametrize("own", [np.arange(19), np.ones(20)])
def test_writers_of_other_digits_are_ignored(tmp_path, writers, own, caplog):
    file = save_mnist(tmp_path / "mnist.npz")
    np.savez(writers, train_writers=own)
    assert load_mnist(file).writers is None
    assert "who wrote these 20 digits" in caplog.text


def test_a_file_without_writers_is_refused(tmp_path, writers):
    file = save_mnist(tmp_path / "mnist.npz")
    np.savez(writers, others=np.arange(20))
    with pytest.raises(ValueError, match=r"writers\.npz cannot be read.*unset it"):
        load_mnist(file)


def test_without_writers_none_are_known(tmp_path, monkeypatch):
    monkeypatch.delenv("DIGITCANVAS_MNIST_WRITERS", raising=False)
    assert load_mnist(save_mnist(tmp_path / "mnist.npz")).writers is None


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=200).filter(lambda w: len(set(w)) > 1),
    st.floats(0.01, 0.9),
    st.integers(0, 2**32),
)
def test_no_writer_is_on_both_sides_of_a_split_by_writer(writers, share, seed):
    writers = np.array(writers)
    train, kept = split(len(writers), share, np.random.default_rng(seed), writers)
    assert sorted([*train, *kept]) == list(range(len(writers)))
    assert len(train) and len(kept)
    assert not set(writers[train]) & set(writers[kept])
    largest = np.bincount(writers).max()
    assert len(kept) < share * len(writers) + 1 + largest


def test_where_nobody_has_a_home_mnist_is_looked_for_all_the_same(monkeypatch):
    """As in a container whose user has no name."""

    def refuse(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", refuse)
    for name in ("KERAS_HOME", "DIGITCANVAS_MNIST"):
        monkeypatch.delenv(name, raising=False)
    assert mnist_path() is None or mnist_path().name == "mnist.npz"
