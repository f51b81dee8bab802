import numpy as np
import pytest

from digitcanvas import augment as module
from digitcanvas.augment import augment
from digitcanvas.preprocess import image_from_strokes
from tests.digits import DIGITS

IMAGES = np.stack([image_from_strokes(strokes) for strokes in DIGITS.values()] * 20)


def test_the_generator_decides_everything():
    once, again, other = (augment(IMAGES, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(once, other)


def test_copies_are_images_of_about_as_much_ink():
    bent = augment(IMAGES, np.random.default_rng(0))
    assert bent.shape == IMAGES.shape and bent.dtype == np.float32
    assert bent.min() >= 0 and bent.max() <= 1
    ratio = bent.sum(axis=(1, 2)) / IMAGES.sum(axis=(1, 2))
    assert 0.9 < ratio.mean() < 1.1 and ratio.min() > 0.4 and ratio.max() < 2


def test_every_copy_is_bent_and_its_digit_still_read(cnn):
    bent = augment(IMAGES, np.random.default_rng(0))
    assert (np.abs(bent - IMAGES).mean(axis=(1, 2)) > 0.005).all()
    assert (cnn.predict_batch(bent).argmax(axis=1) == np.tile(np.arange(10), 20)).mean() > 0.97


def test_images_are_left_as_they_were():
    before = IMAGES.copy()
    augment(IMAGES, np.random.default_rng(0))
    np.testing.assert_array_equal(before, IMAGES)


STRENGTHS = ("ROTATION", "SHEAR", "SCALE", "SHIFT", "WOBBLE", "PEN")


@pytest.mark.parametrize("kept", [None, *STRENGTHS])
def test_each_distortion_bends_by_itself(monkeypatch, kept):
    for name in STRENGTHS:
        if name != kept:
            monkeypatch.setattr(module, name, 0)
    change = np.abs(augment(IMAGES, np.random.default_rng(0)) - IMAGES).mean()
    assert change > 0.001 if kept else change < 1e-5
