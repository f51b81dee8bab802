"""What networks are measured on."""

from datetime import UTC, datetime

import numpy as np

from digitcanvas.data.mnist import load_sample
from digitcanvas.data.store import NO_DIGIT, Kept, writer_of
from digitcanvas.data.store.packing import pack
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading.digit_sets import of_drawings, of_mnist
from tests.digits import DIGITS

NOW = datetime.now(UTC)


def kept(number, told, session, hand=None, pen=16.0, strokes=None):
    packed = pack([np.array(stroke, float) for stroke in strokes or DIGITS[told % 10]])
    return Kept(number, session, NOW, None, told, pen, hand, None, False, packed)


def test_mnist_s_test_digits_have_no_persons():
    digits = of_mnist(load_sample())
    assert digits.name == "sample's test digits" and digits.persons is None
    assert digits.images.shape == (1000, 28, 28) and len(digits.labels) == 1000


def test_drawings_come_in_their_order_with_who_drew_them():
    drawings = [kept(4, 7, "b"), kept(3, 1, "a", hand=5), kept(9, 2, "a", hand=6), kept(5, 3, "b")]
    digits = of_drawings(drawings, {writer_of("a", 5): "Ada"})
    assert list(digits.labels) == [1, 7, 3, 2] and list(digits.persons) == [0, 1, 1, 2]
    assert digits.people == ["Ada", "Person 2", "Person 3"]


def test_people_of_one_name_are_told_apart():
    called = {"a": "Ada", "b": "Ada", "c": "", "d": "My hand", "e": "My hand 2", "f": "Person 3"}
    names = {writer_of(session, None): name for session, name in called.items()}
    digits = of_drawings([kept(n, 1, session) for n, session in enumerate("abcdefg")], names)
    assert digits.people == [
        "Ada",
        "Ada (2)",
        "Person 3",
        "Person 4",
        "Person 5",
        "Person 3 (2)",
        "Person 7",
    ]


def test_what_is_no_digit_is_counted_and_left_out():
    digits = of_drawings([kept(1, NO_DIGIT, "a"), kept(2, 4, "b"), kept(3, NO_DIGIT, "b")], {})
    assert list(digits.labels) == [4] and digits.others == 2 and digits.people == ["Person 1"]
    assert len(of_drawings([], {}).images) == 0


def test_an_image_is_what_the_network_saw_with_the_pen_it_was_drawn_with():
    strokes = [[[60, 40], [60, 200]], [[90, 200], [200, 200]]]  # which meet if the pen is thick
    images = of_drawings([kept(n, 0, "a", None, pen, strokes) for n, pen in ((1, 40), (2, 4))], {})
    for image, pen in zip(images.images, (40, 4), strict=True):
        seen = image_from_strokes(strokes, widths=[pen, pen])
        np.testing.assert_array_equal(image, np.rint(255 * seen))
    assert not np.array_equal(*images.images)


def test_the_hash_is_that_of_strokes_and_labels():
    one, same, other = (
        of_drawings([kept(1, told, session)], {})
        for told, session in ((4, "a"), (4, "b"), (5, "a"))
    )
    assert one.sha256 == same.sha256 != other.sha256
