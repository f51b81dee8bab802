import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.data.store import StoreError
from digitcanvas.data.store.packing import FLOATS, HUNDREDTHS, pack, unpack
from digitcanvas.drawing.strokes import MAX_COORDINATE
from tests.digits import DIGITS

LIMITS = {"min_value": -MAX_COORDINATE, "max_value": MAX_COORDINATE}
SHAPES = st.tuples(st.integers(1, 20), st.just(2))
POINTS = arrays(np.float64, SHAPES, elements=st.floats(**LIMITS))
PIXELS = POINTS.map(lambda points: np.rint(points * 100) / 100)


@given(st.lists(POINTS, min_size=1, max_size=5) | st.lists(PIXELS, min_size=1, max_size=5))
def test_strokes_come_back_to_the_last_bit(strokes):
    back = unpack(pack(strokes))
    assert [stroke.dtype for stroke in back] == [np.float64] * len(strokes)
    for stroke, same in zip(strokes, back, strict=True):
        np.testing.assert_array_equal(stroke, same)


def test_what_the_canvas_gives_takes_a_quarter_of_the_room():
    strokes = [np.round(stroke, 2) for digit in DIGITS.values() for stroke in digit]
    packed = pack(strokes)
    assert packed[:1] == HUNDREDTHS and len(packed) < sum(s.nbytes for s in strokes) / 3.5
    assert pack([stroke / 3 for stroke in strokes])[:1] == FLOATS


@given(st.binary(max_size=200))
def test_other_bytes_are_told_to_be_damaged(noise):
    whole = pack([np.ones((3, 2))])
    for content in (noise, HUNDREDTHS + noise, whole[: len(noise) % len(whole)]):
        with pytest.raises(StoreError, match="damaged"):
            unpack(content)
