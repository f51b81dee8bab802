"""The pictures that a session keeps."""

import cv2
import numpy as np
import pytest

from digitcanvas.app import tray as tray_room
from digitcanvas.app.tray import MOST, Full, Reading, Tray
from digitcanvas.drawing.pictures import read_picture
from tests.apptest import png


@pytest.fixture
def tray():
    return Tray()


def noise(seed, shape=(64, 64, 3)):
    picture = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return cv2.imencode(".png", picture)[1].tobytes()


@pytest.mark.parametrize("shape", [(40, 30), (40, 30, 3), (40, 30, 4)])
def test_a_picture_is_kept_as_it_was_read(tray, shape):
    content = noise(1, shape)
    kept = tray.add("a.png", content)
    np.testing.assert_array_equal(kept.picture, read_picture(content))
    assert kept.name == "a.png" and not kept.problem and kept.thumbnail


def test_a_large_photo_is_kept_reduced(tray):
    jpeg = cv2.imencode(".jpg", np.full((3000, 4000, 3), 200, np.uint8))[1].tobytes()
    assert tray.add("a.jpg", jpeg).picture.shape == (750, 1000, 3)


def test_a_file_that_is_no_picture_is_kept_with_what_is_wrong(tray):
    kept = tray.add("a.png", b"hello")
    assert kept.problem.startswith("This is not a picture") and kept.size == 0
    assert not kept.thumbnail and tray.pictures == [kept]


def test_the_same_picture_is_kept_once(tray):
    first = tray.add("a.png", png(3))
    assert tray.add("b.png", png(3)) is first and len(tray.pictures) == 1


def test_a_picture_is_read_once_by_each_choice(tray):
    kept, read = tray.add("a.png", png(3)), []

    def reading(picture):
        read.append(picture)
        return Reading({}, b"", text=str(len(read)))

    assert kept.waits("cnn")
    texts = [kept.reading(way, reading).text for way in ("cnn", "cnn", "mlp", "mlp", "cnn")]
    assert texts == ["1", "1", "2", "2", "3"]
    assert not kept.waits("cnn") and kept.waits("mlp")
    assert not tray.add("b.png", b"hello").waits("cnn")


def test_no_more_than_so_many_are_kept(tray):
    for seed in range(MOST):
        tray.add(f"{seed}.png", noise(seed, (4, 4)))
    with pytest.raises(Full, match=f"{MOST} pictures"):
        tray.add("more.png", noise(998, (4, 4)))
    assert tray.add("again.png", noise(0, (4, 4))).name == "0.png"
    tray.remove(tray.pictures[0].id)
    tray.add("more.png", noise(999, (4, 4)))


def test_no_more_bytes_than_so_many_are_kept(tray, monkeypatch):
    monkeypatch.setattr(tray_room, "ROOM", 2**20)
    sizes = [tray.add(f"{seed}.png", noise(seed, (300, 300, 3))).size for seed in range(3)]
    assert 4 * min(sizes) > 2**20 > sum(sizes)
    with pytest.raises(Full, match="1 MB"):
        tray.add("more.png", noise(4, (300, 300, 3)))
    assert len(tray.pictures) == 3


def test_one_is_looked_at_and_when_it_goes_the_next(tray):
    ids = [tray.add(f"{digit}.png", png(digit)).id for digit in range(4)]
    assert tray.shown is None
    tray.choose(ids[1])
    assert tray.shown.id == ids[1]
    for unknown in ("nobody", None, 7, [], {}):
        tray.choose(unknown)
        tray.remove(unknown)
    assert tray.shown.id == ids[1]
    tray.remove(ids[1])
    assert tray.shown.id == ids[2]
    tray.remove(ids[0])
    assert tray.shown.id == ids[2]
    tray.choose(ids[3])
    tray.remove(ids[3])
    assert tray.shown.id == ids[2]
    tray.remove(ids[2])
    assert tray.shown is None and tray.pictures == []
