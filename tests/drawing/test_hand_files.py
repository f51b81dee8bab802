import io
import zipfile
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.drawing import hand_files
from digitcanvas.drawing.files import read_drawings
from digitcanvas.drawing.hand_files import (
    HandFile,
    ToldDrawing,
    pack_hand,
    unpack_hand,
)
from tests.digits import DIGITS

NOON = datetime(2026, 11, 27, 12, 0, 0, 250, tzinfo=UTC)
ADA = HandFile(
    "Ada's hand, büro",
    [
        ToldDrawing(strokes, 10 if label == 9 else label, NOON + timedelta(seconds=label))
        for label, strokes in DIGITS.items()
    ],
)

STROKES = sum(len(one.strokes) for one in ADA.told)
POINTS = sum(len(stroke) for one in ADA.told for stroke in one.strokes)


def alike(hand, other):
    return (
        hand.name == other.name
        and len(hand.told) == len(other.told)
        and all(
            one.label == two.label
            and one.told_at == two.told_at
            and len(one.strokes) == len(two.strokes)
            and all(map(np.array_equal, one.strokes, two.strokes))
            for one, two in zip(hand.told, other.told, strict=True)
        )
    )


coordinates = st.floats(-1e5, 1e5)
stroke = st.integers(1, 5).flatmap(lambda n: arrays(np.float64, (n, 2), elements=coordinates))
told = st.builds(
    ToldDrawing,
    st.lists(stroke, min_size=1, max_size=3),
    st.integers(0, 10),
    st.datetimes(
        datetime(1970, 1, 2),
        datetime(9999, 1, 1),
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
    ),
)
names = st.text(min_size=1, max_size=40).filter(lambda name: name.strip() and name.isprintable())


@given(st.builds(HandFile, names, st.lists(told, max_size=5)))
def test_a_hand_comes_back_as_it_was(hand):
    assert alike(unpack_hand(pack_hand(hand)), hand)


def test_a_hand_s_file_is_a_file_of_drawings_too(tmp_path):
    (tmp_path / "ada.npz").write_bytes(pack_hand(ADA))
    drawings = read_drawings(tmp_path / "ada.npz", highest=10)
    assert [drawing.label for drawing in drawings] == [*range(9), 10]
    np.testing.assert_array_equal(drawings[4].strokes[1], DIGITS[4][1])


def saved(**changes):
    """Ada's hand with some arrays changed, or left out if None."""
    with np.load(io.BytesIO(pack_hand(ADA))) as loaded:
        content = {name: loaded[name] for name in loaded} | changes
    file = io.BytesIO()
    np.savez(file, **{name: value for name, value in content.items() if value is not None})
    return file.getvalue()


def test_a_hand_s_file_holds_what_its_documentation_says():
    with np.load(io.BytesIO(pack_hand(ADA))) as content:
        assert set(content) == hand_files.ARRAYS
        assert content["hand_version"] == 1 and content["writers"].tolist() == [0] * 10
        assert content["name"].tobytes().decode() == ADA.name
        assert content["told_at"][3] == (ADA.told[3].told_at.timestamp() * 1_000_000)
    assert alike(unpack_hand(saved()), ADA)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hand_version": None}, "not a hand's file.* lacks hand_version"),
        ({"name": None, "told_at": None}, "it lacks name, told_at"),
        ({"points": None}, "it lacks points"),
        ({"hand_version": np.array(2)}, "newer digitcanvas, in version 2 .* reads version 1"),
        ({"hand_version": np.array(0)}, "version"),
        ({"hand_version": np.array([1, 1])}, "version"),
        ({"hand_version": np.array(1.5)}, "version"),
        ({"name": np.array([1.5])}, "name"),
        ({"name": np.array([255, 254], np.uint8)}, "export the hand again"),
        ({"name": np.array([], np.uint8)}, "name has 1 to 40"),
        ({"name": np.full(41, 65, np.uint8)}, "name has 1 to 40"),
        ({"name": np.array([65, 10, 66], np.uint8)}, "name has 1 to 40"),
        ({"name": np.array(["Ada"])}, "something other than numbers"),
        ({"name": np.array([None])}, "something other than numbers"),
        ({"told_at": np.zeros(9, int)}, "export the hand again"),
        ({"told_at": np.full(10, 2**62)}, "export the hand again"),
        ({"told_at": np.full(10, np.nan)}, "times"),
        ({"labels": np.full(10, 11)}, "told to be 11"),
        ({"labels": np.full(10, -1)}, "told to be -1"),
        ({"drawing_lengths": np.array([STROKES, *[0] * 9])}, "Drawing 2 of this hand is empty"),
        ({"points": np.full((POINTS, 2), np.nan)}, "not a number"),
        ({"points": np.zeros((500_001, 2), np.int8)}, "too many"),
    ],
)
def test_a_file_that_is_not_a_hand_s_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        unpack_hand(saved(**changes))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"{}", b"PK\x05\x06" + bytes(18), bytes(100), pack_hand(ADA)[:-50]]
)
def test_what_is_no_file_of_ours_is_refused(content):
    with pytest.raises(ValueError, match="not a hand's file"):
        unpack_hand(content)


def test_a_large_file_is_refused_unread(monkeypatch):
    monkeypatch.setattr(hand_files, "MOST_BYTES", 1000)
    content = pack_hand(ADA)
    with pytest.raises(ValueError, match="too large for a hand"):
        unpack_hand(content)


def test_an_array_that_would_unpack_to_much_is_refused_by_its_header():
    file = io.BytesIO(pack_hand(ADA))
    header = io.BytesIO()
    shape = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 2)}
    np.lib.format.write_array_header_1_0(header, shape)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr("points.npy", header.getvalue() + bytes(10**7), zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="too many"):
        unpack_hand(file.getvalue())


PACKED = pack_hand(ADA)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, len(PACKED) - 1), st.integers(0, 255)), max_size=20))
def test_any_damage_is_noticed_or_harmless(changes):
    damaged = bytearray(PACKED)
    for place, byte in changes:
        damaged[place] = byte
    try:
        hand = unpack_hand(bytes(damaged))
    except ValueError as error:
        assert str(error)
    else:
        assert len(hand.told) <= hand_files.MOST_DRAWINGS
        assert alike(unpack_hand(pack_hand(hand)), hand)


values = st.one_of(
    arrays(
        st.sampled_from([np.int64, np.uint8, np.float64, np.uint64, np.float16]),
        st.sampled_from([(), (0,), (1,), (3,), (2, 2), (1, 2, 3)]),
    ),
    st.sampled_from([np.array(1), np.array([1]), np.zeros((1, 2)), np.array([65], np.uint8)]),
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(sorted(hand_files.ARRAYS)), values))
def test_any_arrays_are_refused_or_a_hand(changes):
    try:
        hand = unpack_hand(saved(**changes))
    except ValueError as error:
        assert str(error)
    else:
        assert alike(unpack_hand(pack_hand(hand)), hand)


@pytest.mark.parametrize(
    ("name", "drawings", "words"),
    [
        ("", [], "name has 1 to 40"),
        (" ", [], "name has 1 to 40"),
        ("A" * 41, [], "name has 1 to 40"),
        ("A\nB", [], "name has 1 to 40"),
        ("A", [ToldDrawing(DIGITS[1], 1, NOON)] * 301, "301 drawings, and 300 is the most"),
        ("A", [ToldDrawing([], 1, NOON)], "Drawing 1 of this hand is empty"),
        ("A", [ToldDrawing(DIGITS[1], 11, NOON)], "told to be 11"),
        ("A", [ToldDrawing(DIGITS[1], 1, NOON.replace(tzinfo=None))], "time zone"),
        ("A", [ToldDrawing([np.zeros((90_000, 2))], 1, NOON)] * 6, "too many points"),
    ],
)
def test_what_could_not_be_imported_is_not_exported(name, drawings, words):
    with pytest.raises(ValueError, match=words):
        pack_hand(HandFile(name, drawings))


def test_the_largest_hand_is_imported():
    points = np.random.default_rng(0).normal(100, 50, (1600, 2))
    hand = HandFile("A" * 40, [ToldDrawing([points], 1, NOON)] * 300)
    random = [ToldDrawing([points + i / 7], 1, NOON) for i in range(300)]
    for one in (hand, HandFile("A", random)):
        assert alike(unpack_hand(pack_hand(one)), one)
