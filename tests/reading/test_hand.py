import numpy as np
import pytest

from digitcanvas import fit_hand
from digitcanvas.data.handwriting import augment_strokes
from digitcanvas.drawing.strokes import Drawing
from tests.digits import DIGITS
from tests.strangers import zigzag

ZIGZAG = [stroke * 100 for stroke in zigzag(np.random.default_rng(4), [])]


def drawn(digit, label=None, seed=0):
    """The digit as one hand draws it again and again, told to be what the label says."""
    rng = np.random.default_rng(100 * digit + seed)
    strokes = DIGITS[digit] if seed == 0 else augment_strokes(DIGITS[digit], rng)
    return Drawing(strokes, digit if label is None else label, writer=1)


THREE_EACH = [drawn(digit, seed=seed) for seed in range(3) for digit in range(10)]


def same(hand, other):
    return (
        np.array_equal(hand.kernel, other.kernel)
        and np.array_equal(hand.bias, other.bias)
        and hand.network == other.network
    )


@pytest.fixture(scope="module")
def mirrored():
    """What somebody draws for a 3: it is misread by every network as it comes."""
    strokes = [np.array(stroke) * [-1, 1] + [280, 0] for stroke in DIGITS[3]]
    rng = np.random.default_rng(3)
    return [Drawing(augment_strokes(strokes, rng), 3, writer=1) for _ in range(6)]


def test_what_was_told_is_read_as_it_was_told(recognizer, mirrored):
    """One telling is enough for the drawing itself, and a few for others like it."""
    told, later = mirrored[:3], mirrored[3:]
    assert recognizer.predict_strokes(told[0].strokes).digit != 3
    for count in (1, 3):
        reader = recognizer.with_hand(fit_hand(recognizer, told[:count]))
        assert [reader.predict_strokes(one.strokes).digit for one in told[:count]] == [3] * count
    assert [reader.predict_strokes(one.strokes).digit for one in later] == [3] * 3
