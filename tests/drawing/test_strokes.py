import copy
import io
import json
import math
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from digitcanvas.drawing.fabric import strokes_from_canvas
from digitcanvas.drawing.files import read_drawings, read_unipen, write_drawings
from digitcanvas.drawing.strokes import MAX_STROKES, Drawing, check_strokes

DATA = Path(__file__).parent


def path(points, **changes):
    """A Fabric.js Path through these points, placed where it was drawn."""
    points = np.array(points, float)
    left, top = (points.min(axis=0) + points.max(axis=0)) / 2
    commands = [["M", *points[0]], *(["L", *point] for point in points[1:])]
    return {"type": "Path", "path": commands, "left": left, "top": top} | changes


def canvas(*objects):
    return {"version": "7.4.0", "objects": list(objects)}


LINE = [(10, 20), (30, 20), (30, 60)]


def test_an_empty_canvas_has_no_strokes():
    assert strokes_from_canvas(None) == []
    assert strokes_from_canvas(canvas()) == []


def test_a_stroke_is_its_points():
    (stroke,) = strokes_from_canvas(canvas(path(LINE)))
    np.testing.assert_allclose(stroke, LINE)


@given(st.floats(4, 40))
def test_the_brush_makes_no_difference(width):
    (stroke,) = strokes_from_canvas(canvas(path(LINE, strokeWidth=width)))
    np.testing.assert_allclose(stroke, LINE)


def test_curves_are_sampled_on_the_curve():
    curve = {"type": "Path", "path": [["M", 0, 0], ["Q", 50, 100, 100, 0]]}
    (stroke,) = strokes_from_canvas(canvas(curve))
    x, y = stroke.T
    np.testing.assert_allclose(y, 2 * x * (1 - x / 100), atol=1e-9)
    assert len(stroke) > 5 and x[0] == 0 and x[-1] == 100


def test_a_moved_scaled_and_rotated_stroke_lies_where_the_canvas_painted_it():
    """Recorded in a browser: a 4 whose first stroke was scaled and rotated, its second moved."""
    drawing = json.loads((DATA / "edited_drawing.json").read_text())
    painted = cv2.imread(str(DATA / "edited_drawing.png"), cv2.IMREAD_GRAYSCALE) > 0
    centre_line = np.zeros(painted.shape, np.uint8)
    strokes = [np.rint(stroke).astype(np.int32) for stroke in strokes_from_canvas(drawing)]
    cv2.polylines(centre_line, strokes, False, 255)
    assert painted[centre_line > 0].mean() > 0.93  # the recording lacks what its handles hid
    far_from_paint = cv2.distanceTransform((centre_line == 0).astype(np.uint8), cv2.DIST_L2, 5)
    assert far_from_paint[painted].max() < 11  # half the scaled brush, and a pixel


@given(
    st.floats(-180, 180), st.floats(0.2, 4), st.floats(0.2, 4), st.booleans(), st.floats(-300, 300)
)
def test_the_transform_is_undone_by_its_inverse(angle, scale_x, scale_y, flip, left):
    """Against complex numbers: rotating the plane is multiplying by a unit."""
    changed = path(LINE, angle=angle, scaleX=scale_x, scaleY=scale_y, flipX=flip, left=left)
    (stroke,) = strokes_from_canvas(canvas(changed))
    z = (stroke[:, 0] - left) + 1j * (stroke[:, 1] - changed["top"])
    z *= np.exp(-1j * math.radians(angle))
    back = np.column_stack([z.real / scale_x * (-1 if flip else 1), z.imag / scale_y])
    np.testing.assert_allclose(back, np.array(LINE) - [20, 40], atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"flipY": True}, [(10, 60), (30, 60), (30, 20)]),
        ({"skewX": 45}, [(-10, 20), (10, 20), (50, 60)]),
        ({"skewY": 45}, [(10, 10), (30, 30), (30, 70)]),
        ({"skewX": 45, "skewY": 45}, [(-20, 10), (20, 30), (60, 70)]),
        ({"skewX": 45, "scaleX": 2}, [(-40, 20), (0, 20), (80, 60)]),
    ],
)
def test_flips_and_skews_are_those_of_fabric(changes, expected):
    """Skew y, then skew x, then scale and flip."""
    (stroke,) = strokes_from_canvas(canvas(path(LINE, **changes)))
    np.testing.assert_allclose(stroke, expected, atol=1e-9)


@pytest.mark.parametrize(
    "json_data",
    [
        "",
        {},
        [],
        "{}",
        {"objects": None},
        {"objects": {}},
        {"objects": [None]},
        {"objects": [{}]},
        canvas({"type": "Rect", "width": 3}),
        canvas({"type": "Path"}),
        canvas({"type": "Path", "path": []}),
        canvas({"type": "Path", "path": "M 0 0"}),
        canvas({"type": "Path", "path": [["L", 0, 0]]}),
        canvas({"type": "Path", "path": [["M", 0]]}),
        canvas({"type": "Path", "path": [["M", 0, 0], ["Q", 1, 1]]}),
        canvas({"type": "Path", "path": [["M", 0, 0], ["M", 1, 1]]}),
        canvas({"type": "Path", "path": [["M", "0", 0]]}),
        canvas({"type": "Path", "path": [["M", True, 0]]}),
        canvas({"type": "Path", "path": [["M", None, 0]]}),
        canvas({"type": "Path", "path": [["M", math.nan, 0]]}),
        canvas({"type": "Path", "path": [["M", math.inf, 0]]}),
        canvas({"type": "Path", "path": [["M", 1e300, 0]]}),
        canvas({"type": "Path", "path": [["M", 10**400, 0]]}),
        canvas({"type": "Path", "path": [["X", 0, 0]]}),
        canvas({"type": "Path", "path": [[["M"], 0, 0]]}),
        canvas(path(LINE, angle=math.nan)),
        canvas(path(LINE, left="left")),
        canvas(path(LINE, left=1e99)),
        canvas(path(LINE, originX="left")),
        canvas(path(LINE, originX=[])),
        canvas(path(LINE, originY={})),
        canvas("x" * 100_000),
        canvas(*[path(np.zeros((5_000, 2)))] * 5),
        canvas(path(LINE, scaleX=1e5, angle=1)),
        canvas(*[path(LINE)] * 10_000),
        canvas(path(np.zeros((200_000, 2)))),
    ],
)
def test_odd_json_is_refused_with_a_message(json_data):
    with pytest.raises(ValueError, match=r"\w+ \w+") as caught:
        strokes_from_canvas(json_data)
    assert len(str(caught.value)) < 200


def damage(value, choices):
    """Replace one part of nested JSON, chosen at random."""
    if isinstance(value, dict) and value:
        key = choices(st.sampled_from(sorted(value)))
    elif isinstance(value, list) and value:
        key = choices(st.integers(0, len(value) - 1))
    else:
        return choices(JSON)
    if choices(st.integers(0, 3)) == 0:
        value[key] = choices(JSON)
    else:
        value[key] = damage(value[key], choices)
    return value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.data())
def test_damaged_json_gives_strokes_or_a_value_error(data):
    drawing = json.loads((DATA / "edited_drawing.json").read_text())
    for obj in drawing["objects"]:
        obj["path"] = obj["path"][:4]
    damaged = damage(copy.deepcopy(drawing), data.draw)
    try:
        strokes = strokes_from_canvas(damaged)
    except ValueError as error:
        assert str(error)
    else:
        assert all(np.isfinite(stroke).all() and stroke.shape[1] == 2 for stroke in strokes)


def test_strokes_of_any_number_type_are_accepted():
    (stroke,) = check_strokes([[(1, 2), (3, 4)]])
    assert stroke.dtype == np.float64


def test_too_many_strokes_are_refused():
    with pytest.raises(ValueError, match="too many"):
        check_strokes([np.zeros((1, 2))] * (MAX_STROKES + 1))


UNIPEN = """.INCLUDE dene.doc
.LEXICON "0" "1"

.SEGMENT DIGIT 0 ? "4"
.COMMENT 4 12 7
.PEN_DOWN
 10  100
 20  50
.PEN_UP
.DT 100
.PEN_DOWN
 15  90
.PEN_UP

.SEGMENT DIGIT 1 ? "1"
.COMMENT 1 26 8
.PEN_DOWN
 0 0
 0 30
.PEN_UP
"""


def test_unipen_digits_are_read_and_flipped_upright(tmp_path):
    file = tmp_path / "digits.tra"
    file.write_text(UNIPEN)
    four, one = read_unipen(file)
    assert (four.label, four.writer, len(four.strokes)) == (4, 12, 2)
    assert (one.label, one.writer, len(one.strokes)) == (1, 26, 1)
    np.testing.assert_array_equal(four.strokes[0], [(10, -100), (20, -50)])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello\n",
        UNIPEN.replace(" 20  50", " 20"),
        UNIPEN.replace(" 20  50", " x y"),
        UNIPEN.replace(' ? "4"', ' ? "four"'),
        UNIPEN.replace(".COMMENT 4 12 7", ".COMMENT 4 x 7"),
        UNIPEN[UNIPEN.index(".PEN_DOWN") :],
        UNIPEN.replace(".PEN_DOWN", ""),
        UNIPEN.replace(".PEN_UP", ""),
        UNIPEN[: UNIPEN.rindex(".PEN_UP")],
        UNIPEN.replace(" 10  100", " 10  nan"),
        UNIPEN.replace(' ? "4"', ' ? "14"'),
        UNIPEN.replace(" 10  100\n 20  50\n", ""),
    ],
)
def test_a_damaged_unipen_file_is_refused_by_name(text, tmp_path):
    file = tmp_path / "digits.tra"
    file.write_text(text)
    with pytest.raises(ValueError, match="digits.tra"):
        read_unipen(file)


def test_all_pen_digits_are_read(pen):
    drawings = pen.train + pen.validation
    assert len(drawings) == 7494
    assert {drawing.writer for drawing in drawings} == set(range(1, 31))
    assert not {d.writer for d in pen.train} & {d.writer for d in pen.validation}


STROKE = arrays(float, st.tuples(st.integers(1, 8), st.just(2)), elements=st.floats(-1e5, 1e5))
DRAWING = st.builds(
    Drawing, st.lists(STROKE, min_size=1, max_size=4), st.integers(0, 9), st.integers(0, 10**6)
)


@pytest.fixture(scope="module")
def npz(tmp_path_factory):
    return tmp_path_factory.mktemp("data") / "mine.npz"


@given(st.lists(DRAWING, min_size=1, max_size=5))
def test_drawings_are_read_as_they_were_written(npz, drawings):
    write_drawings(npz, drawings)
    for written, read in zip(drawings, read_drawings(npz), strict=True):
        assert (read.label, read.writer) == (written.label, written.writer)
        for stroke, same in zip(written.strokes, read.strokes, strict=True):
            assert same.dtype == np.float64
            np.testing.assert_array_equal(same, stroke)


def test_an_npz_file_holds_what_its_documentation_says(npz):
    strokes = [np.array([[1.0, 2]]), np.array([[3.0, 4], [5, 6]]), np.array([[7.0, 8]])]
    write_drawings(npz, [Drawing(strokes[:2], 4, writer=12), Drawing(strokes[2:], 1, writer=26)])
    with np.load(npz) as content:
        assert {name: array.tolist() for name, array in content.items()} == {
            "points": [[1, 2], [3, 4], [5, 6], [7, 8]],
            "stroke_lengths": [1, 2, 1],
            "drawing_lengths": [2, 1],
            "labels": [4, 1],
            "writers": [12, 26],
        }


def save_drawings(path, **changes):
    """A file of one drawing of a 4, with other arrays or, for None, without them."""
    content = {"points": np.arange(6.0).reshape(3, 2), "stroke_lengths": np.array([1, 2])}
    content |= {"drawing_lengths": np.array([2]), "labels": np.array([4]), "writers": np.array([9])}
    content |= changes
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint64])
def test_integers_of_any_type_are_accepted_for_points_too(npz, kind):
    save_drawings(
        npz,
        points=np.arange(6).reshape(3, 2).astype(kind),
        stroke_lengths=np.array([1, 2], kind),
        drawing_lengths=np.array([2], kind),
        labels=np.array([4], kind),
    )
    (drawing,) = read_drawings(npz)
    assert drawing.label == 4 and [len(stroke) for stroke in drawing.strokes] == [1, 2]


def test_the_writers_may_be_missing(npz):
    save_drawings(npz, writers=None)
    assert [drawing.writer for drawing in read_drawings(npz)] == [0]


@pytest.mark.parametrize(
    "changes",
    [
        {"points": None},
        {"stroke_lengths": None},
        {"drawing_lengths": None},
        {"labels": None},
        {"stroke_lengths": np.array([4, -1])},
        {"stroke_lengths": np.array([-1, 4])},
        {"stroke_lengths": np.array([1, 1])},
        {"stroke_lengths": np.array([1, 3])},
        {"stroke_lengths": np.array([3, 0])},
        {"stroke_lengths": np.array([1.0, 2.0])},
        {"stroke_lengths": np.array(3)},
        {"stroke_lengths": np.array([2**63, 2**63, 3], np.uint64)},
        {"stroke_lengths": np.array([2**62] * 4 + [3])},
        {"drawing_lengths": np.array([1])},
        {"drawing_lengths": np.array([3, -1]), "labels": np.array([4, 4])},
        {"drawing_lengths": np.array([2, 0]), "labels": np.array([4] * 2), "writers": None},
        {"drawing_lengths": np.array([2.0])},
        {"labels": np.array([10])},
        {"labels": np.array([-1])},
        {"labels": np.array([3.7])},
        {"labels": np.array([math.nan])},
        {"labels": np.array([4, 4])},
        {"labels": np.array(4)},
        {"labels": np.array([4], object)},
        {"writers": np.array([1, 2])},
        {"points": np.full((3, 2), math.nan)},
        {"points": np.full((3, 2), math.inf)},
        {"points": np.full((3, 2), 2e5)},
        {"points": np.zeros((3, 3))},
        {"points": np.zeros(3)},
        {"points": np.zeros((3, 2), complex)},
        {"points": np.array([["1", "2"]] * 3)},
        {"points": np.array([[1, 2]] * 3, object)},
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_an_npz_file_of_other_arrays_is_refused_by_name(npz, changes):
    save_drawings(npz)
    assert len(read_drawings(npz)) == 1
    save_drawings(npz, **changes)
    with pytest.raises(ValueError, match="mine.npz"):
        read_drawings(npz)


def test_a_file_without_drawings_is_refused(npz):
    write_drawings(npz, [])
    with pytest.raises(ValueError, match="mine.npz contains no drawings"):
        read_drawings(npz)


@given(st.floats(0, 1, exclude_max=True))
def test_a_file_cut_short_is_refused_by_name(npz, share):
    save_drawings(npz)
    content = npz.read_bytes()
    npz.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ValueError, match="mine.npz"):
        read_drawings(npz)


@given(st.integers(0, 10**9), st.integers(0, 255))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_any_damage_to_a_file_is_noticed_or_harmless(npz, index, byte):
    write_drawings(npz, [Drawing([np.ones((3, 2))], 4, writer=9)] * 3)
    damaged = bytearray(npz.read_bytes())
    damaged[index % len(damaged)] = byte
    npz.write_bytes(damaged)
    try:
        drawings = read_drawings(npz)
    except ValueError as error:
        assert npz.name in str(error)
    else:
        assert [(drawing.label, len(drawing.strokes)) for drawing in drawings] == [(4, 1)] * 3


def test_a_file_that_is_not_npz_is_read_as_unipen(tmp_path):
    file = tmp_path / "digits.tra"
    file.write_text(UNIPEN)
    assert [drawing.label for drawing in read_drawings(file)] == [4, 1]
    file.write_text("hello")
    with pytest.raises(ValueError, match="digits.tra"):
        read_drawings(file)


def test_a_missing_file_and_a_folder_cannot_be_read(tmp_path):
    with pytest.raises(ValueError, match="There is no file .*gone.npz"):
        read_drawings(tmp_path / "gone.npz")
    with pytest.raises(ValueError, match="is a folder"):
        read_drawings(tmp_path)


def test_a_pickle_is_not_loaded(npz):
    """It would run code."""

    class Fuse:
        def __reduce__(self):
            return pytest.fail, ("a pickle was loaded",)

    save_drawings(npz, points=np.array([Fuse()], object))
    with pytest.raises(ValueError, match="other than numbers"):
        read_drawings(npz)


@pytest.mark.timeout(20)
def test_an_archive_that_claims_more_than_it_holds_is_refused_at_once(npz):
    """Items of no size, which NumPy would count one by one."""
    save_drawings(npz)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|V0", "fortran_order": False, "shape": (10**12,)}
    )
    with zipfile.ZipFile(npz) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(npz, "w") as archive:
        for name, member in (members | {"labels.npy": header.getvalue()}).items():
            archive.writestr(name, member)
    with pytest.raises(ValueError, match="labels.npy contains something other than numbers"):
        read_drawings(npz)
