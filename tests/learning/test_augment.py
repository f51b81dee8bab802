import numpy as np
import pytest

from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.learning import augment
from digitcanvas.learning.augment import augment_images
from tests.digits import DIGITS

IMAGES = np.stack([image_from_strokes(strokes) for strokes in DIGITS.values()] * 20)


def generator(seed=0):
    return np.random.default_rng(seed)


def only(monkeypatch, strengths, kept=None):
    """Switch off all distortions but the one kept."""
    for name, none in strengths.items():
        if name != kept:
            monkeypatch.setattr(augment, name, none)


def test_the_generator_decides_everything():
    once, again, other = (augment_images(IMAGES, generator(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_copies_are_images_of_about_as_much_ink():
    copies = augment_images(IMAGES, generator())
    assert copies.shape == IMAGES.shape and copies.dtype == np.float32
    assert copies.min() >= 0 and copies.max() <= 1
    ratio = copies.sum(axis=(1, 2)) / IMAGES.sum(axis=(1, 2))
    assert 0.9 < ratio.mean() < 1.15 and ratio.min() > 0.4 and ratio.max() < 2


def test_every_copy_is_distorted_and_its_digit_still_read(cnn):
    copies = augment_images(IMAGES, generator())
    assert (np.abs(copies - IMAGES).mean(axis=(1, 2)) > 0.005).all()
    assert (cnn.predict_batch(copies).argmax(axis=1) == np.tile(np.arange(10), 20)).mean() > 0.97


def test_the_images_are_not_changed():
    before = IMAGES.copy()
    augment_images(IMAGES, generator())
    np.testing.assert_array_equal(before, IMAGES)


OF_IMAGES = dict.fromkeys(("ROTATION", "SHEAR", "SCALE", "SHIFT", "WOBBLE"), 0)
OF_IMAGES |= {"PAPER": (0, 0), "INK": (1, 1)}


@pytest.mark.parametrize("kept", [None, *OF_IMAGES])
def test_each_distortion_works_on_its_own(monkeypatch, kept):
    only(monkeypatch, OF_IMAGES, kept)
    change = np.abs(augment_images(IMAGES, generator()) - IMAGES).mean()
    assert change > 0.001 if kept else change < 1e-5


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [("PAPER", 0.25, [0, 0, 1 / 3, 1]), ("INK", 0.5, [0, 0.4, 1, 1])],
)
def test_greys_towards_an_end_become_paper_or_ink(monkeypatch, name, value, expected):
    only(monkeypatch, OF_IMAGES | {name: (value, value)})
    greys = np.array([0, 0.2, 0.5, 1], np.float32)[:, np.newaxis, np.newaxis]
    flat = np.broadcast_to(greys, (4, 28, 28)).copy()
    np.testing.assert_allclose(augment_images(flat, generator())[:, 14, 14], expected, atol=1e-5)


@pytest.mark.parametrize("shift", [-40, -9, 9, 40])
def test_no_image_reaches_into_another(monkeypatch, shift):
    """However far they are shifted, or sampled beyond their edges."""
    only(monkeypatch, OF_IMAGES)
    monkeypatch.setattr(augment, "_Y", augment._Y + np.float32(shift))
    full = np.ones((3, 28, 28), np.float32)
    full[1] = 0
    copies = augment_images(full, generator())
    assert copies[1].max() == 0
    np.testing.assert_allclose(copies[0], copies[2], atol=1e-3)
    assert copies[0].sum() == pytest.approx(28 * max(0, 28 - abs(shift)), abs=0.1)


def test_more_images_than_are_distorted_at_once_are_distorted(monkeypatch):
    whole = augment_images(IMAGES, generator())
    monkeypatch.setattr(augment, "AT_ONCE", 7)
    np.testing.assert_allclose(augment_images(IMAGES, generator()), whole, atol=2e-3)
