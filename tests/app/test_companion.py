"""The companion's side of the server: what it tells, and what the page makes of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas import Recognizer
from digitcanvas.drawing.fabric import strokes_from_canvas
from tests.apptest import html, objects, png, shown
from tests.digits import DIGITS

PIXELS = st.floats(-50, 330, allow_nan=False)
POINTS = st.lists(st.tuples(PIXELS, PIXELS), min_size=1, max_size=30)

NONSENSE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["turn", "strokes", "started", "lifted", "points"]), inner
        )
    ),
)


def live(stroke, started=1, lifted=False):
    return {"started": started, "lifted": lifted, "points": np.ravel(stroke).tolist()}


@pytest.fixture
def told(canvas_module, monkeypatch):
    """What the companion's strokes are, after a message."""
    module = canvas_module.companion

    def told(message):
        monkeypatch.setattr(module.st, "session_state", {"companion": {"live": message}})
        return module.strokes()

    return told


def test_strokes_are_told_with_all_their_points(told):
    first, second = told({"turn": 3, "strokes": [live(DIGITS[4][0], 7, True), live(DIGITS[4][1])]})
    assert (first.started, first.lifted, second.lifted) == (7, True, False)
    np.testing.assert_array_equal(first.points, DIGITS[4][0])


@given(message=NONSENSE)
def test_a_message_that_makes_no_sense_is_no_error(canvas_module, message):
    module = canvas_module.companion
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.st, "session_state", {"companion": {"live": message}})
        for stroke in module.strokes():
            assert stroke.points.ndim == 2 and np.isfinite(stroke.points).all()


@given(started=st.none() | st.text() | st.floats() | st.booleans())
def test_an_odd_start_is_no_error(canvas_module, started):
    module = canvas_module.companion
    message = {"turn": 1, "strokes": [live(DIGITS[1][0], started)]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module.st, "session_state", {"companion": {"live": message}})
        assert all(isinstance(stroke.started, int) for stroke in module.strokes())


@pytest.mark.parametrize(
    "points",
    [[], [1], [1, 2, 3], [float("nan"), 1], [1e300, 1], ["a", "b"], None, [[1, 2], [3]], {}],
)
def test_points_that_are_none_tell_nothing(told, points):
    good = live(DIGITS[1][0])
    assert told({"turn": 1, "strokes": [good]})
    assert told({"turn": 1, "strokes": [good, good | {"points": points}]}) == []


@given(points=POINTS)
def test_as_an_object_of_the_canvas_a_stroke_goes_its_way(canvas_module, points):
    stroke = canvas_module.LiveStroke(1, True, np.array(points))
    (read,) = strokes_from_canvas({"objects": [stroke.as_object(16)]})
    np.testing.assert_allclose(read[[0, -1]], stroke.points[[0, -1]], atol=1e-6)
    middles = (stroke.points[:-1] + stroke.points[1:]) / 2
    gaps = np.linalg.norm(read[:, np.newaxis] - middles, axis=2)
    assert (gaps.min(axis=0) < 1e-6).all()
    assert stroke.is_near(read)


@pytest.mark.parametrize(
    ("moved", "near"), [([0, 0], True), ([2, 0], True), ([4, 0], False), ([0, -3], False)]
)
def test_strokes_are_near_that_begin_and_end_where_the_other_does(canvas_module, moved, near):
    (stroke,) = DIGITS[3]
    live = canvas_module.LiveStroke(1, True, stroke)
    for end in (0, -1):
        other = stroke.copy()
        other[end] += moved
        assert live.is_near(other) is near


def test_the_page_reads_along(page, companion):
    """Pale and unsure at first, then sure, and at the lift nothing changes any more."""
    (stroke,) = DIGITS[3]
    page.run()
    assert companion.data == {"received": None, "confirmed": 0}
    companion.tell(page, live(stroke[:2]))
    assert not page.exception and not page.error
    assert "not sure yet" in html(page, "prediction") and "opacity" in html(page, "prediction")
    companion.tell(page, live(stroke))
    assert ">3<" in html(page, "prediction") and 'class="pen-down"' in html(page, "prediction")
    down = html(page, "prediction")
    companion.tell(page, live(stroke, lifted=True))
    assert html(page, "prediction") == down.replace("pen-down", "pen-up")
    assert companion.data["received"] == 3


def test_the_canvas_stroke_takes_the_place_of_the_live_one(page, canvas, companion, monkeypatch):
    """The drawing never holds both, nor neither."""
    counts = count_strokes(monkeypatch)
    page.run()
    companion.tell(page, live(DIGITS[4][0], 5, True))
    canvas.report(objects(DIGITS[4][:1]))
    page.run()
    assert companion.data["confirmed"] == 5
    companion.tell(page, live(DIGITS[4][0], 5, True), live(DIGITS[4][1], 9))
    companion.tell(page, live(DIGITS[4][1], 9, True))
    canvas.report(objects(DIGITS[4]))
    page.run()
    assert companion.data["confirmed"] == 9
    assert counts == [1, 1, 2, 2, 2]
    assert ">4<" in shown(page)


def test_a_stroke_taken_off_the_canvas_does_not_live_on(page, canvas, companion):
    """Not even where the companion has not heard yet that the canvas had it."""
    page.run()
    companion.tell(page, live(DIGITS[7][0], 5, True))
    canvas.report(objects(DIGITS[7]))
    page.run()
    canvas.report([])
    page.run()
    assert "Draw a digit" in shown(page)


def test_a_stroke_that_the_canvas_never_had_goes_when_the_companion_forgets_it(page, companion):
    page.run()
    companion.tell(page, live(DIGITS[7][0], 5, True))
    assert ">7<" in shown(page)
    companion.tell(page)
    assert "Draw a digit" in shown(page)


def test_an_open_stroke_is_not_taken_for_one_that_the_canvas_has(page, canvas, companion):
    """A loop may end where it began, and where another did."""
    loop = np.concatenate([DIGITS[0][0], DIGITS[0][0][:1]])
    canvas.report(objects([loop]))
    page.run()
    companion.tell(page, live(loop, 5))
    assert companion.data["confirmed"] == 0


def test_only_the_newest_of_the_canvas_are_taken_for_what_was_told(page, canvas, companion):
    """A tap beside an older one is not that one, and settles nothing before it."""
    tap, line = np.array([(100.0, 100)]), np.array([(50.0, 50), (50, 200)])
    canvas.report(objects([tap]))
    page.run()
    companion.tell(page, live(line, 5, True), live(tap + 1, 9, True))
    assert companion.data["confirmed"] == 0
    canvas.report(objects([tap, line]))
    page.run()
    assert companion.data["confirmed"] == 5
    canvas.report(objects([tap, line, tap + 1]))
    page.run()
    assert companion.data["confirmed"] == 9


@pytest.mark.parametrize(("key", "left"), [("undo", 0), ("clear", 0), ("redo", 1)])
def test_a_press_while_the_pen_is_down_is_not_about_the_open_stroke(
    page, canvas, companion, key, left
):
    canvas.report(objects(DIGITS[1]))
    page.run()
    if key == "redo":
        page.button(key="undo").click().run()
    companion.tell(page, live(DIGITS[7][0], 5))
    page.button(key=key).click().run()
    assert len(canvas.arguments["initial_drawing"]["objects"]) == left
    assert companion.data["confirmed"] == 0 and 'class="pen-down"' in html(page, "prediction")


def test_clear_takes_the_live_stroke_with_it(page, companion):
    page.run()
    companion.tell(page, live(DIGITS[7][0], 5, True))
    page.button(key="clear").click().run()
    assert "Draw a digit" in shown(page) and companion.data["confirmed"] == 5
    companion.tell(page, live(DIGITS[1][0], 9))
    assert "Draw a digit" not in shown(page)


def test_undo_before_the_canvas_reports_takes_the_live_stroke_and_redo_brings_it(
    page, canvas, companion
):
    canvas.report(objects(DIGITS[1]))
    page.run()
    one = html(page, "prediction")
    companion.tell(page, live(DIGITS[4][0], 5, True))
    page.button(key="undo").click().run()
    assert html(page, "prediction") == one
    assert canvas.arguments["initial_drawing"]["objects"] == objects(DIGITS[1])
    page.button(key="redo").click().run()
    first, second = strokes_from_canvas(canvas.arguments["initial_drawing"])
    np.testing.assert_allclose(first, DIGITS[1][0])
    np.testing.assert_allclose(second[[0, -1]], DIGITS[4][0][[0, -1]])


def test_a_new_live_stroke_leaves_nothing_to_redo(page, canvas, companion):
    canvas.report(objects(DIGITS[1] + DIGITS[7]))
    page.run()
    page.button(key="undo").click().run()
    assert not page.button(key="redo").disabled
    companion.tell(page, live(DIGITS[4][0], 5, True))
    page.button(key="undo").click().run()
    page.button(key="redo").click().run()
    strokes = strokes_from_canvas(canvas.arguments["initial_drawing"])
    np.testing.assert_allclose(strokes[-1][[0, -1]], DIGITS[4][0][[0, -1]])
    assert len(strokes) == 2


def test_no_digit_is_turned_away_once_the_drawing_rests(page, canvas, companion):
    cross = [np.array([(80.0, 80), (200, 200)]), np.array([(200.0, 80), (80, 200)])]
    page.run()
    companion.tell(page, live(cross[0], 5, True), live(cross[1], 9, True))
    assert "not sure yet" in shown(page)
    canvas.report(objects(cross))
    page.run()
    assert "does not look like a digit" in shown(page)


def test_the_trail_tells_how_the_network_changed_its_mind(page, canvas, companion):
    """A 7 whose pen goes on becomes another digit; what is doubtful leaves no trace."""
    page.run()
    companion.tell(page, live(DIGITS[1][0], 5))
    companion.tell(page, live(DIGITS[1][0][:1], 5))
    companion.tell(page, live(DIGITS[7][0], 5))
    companion.tell(page, live(DIGITS[7][0], 5))
    assert ">1 … 7<" in html(page, "trail")
    companion.tell(page, live(DIGITS[1][0], 5, True))
    assert ">1 … 7 … 1<" in html(page, "trail")
    page.button(key="clear").click().run()
    assert "…" not in html(page, "trail")
    companion.tell(page, live(DIGITS[8][0], 9))
    assert "…" not in html(page, "trail")


def test_another_network_has_a_trail_of_its_own(page, companion):
    page.run()
    companion.tell(page, live(DIGITS[1][0], 5))
    companion.tell(page, live(DIGITS[8][0], 5))
    assert ">1 … 8<" in html(page, "trail")
    page.radio(key="model").set_value("mlp").run()
    assert "…" not in html(page, "trail")


def test_a_picture_has_no_trail_and_leaves_the_drawing_s_alone(page, companion):
    page.run()
    companion.tell(page, live(DIGITS[1][0], 5))
    page.session_state["input"] = "Picture"
    page.file_uploader(key="picture").set_value(("eight.png", png(8), "image/png")).run()
    assert ">8<" in html(page, "prediction") and "…" not in html(page, "trail")
    page.session_state["input"] = "Draw"
    page.run()
    companion.tell(page, live(DIGITS[7][0], 5))
    assert ">1 … 7<" in html(page, "trail")


def test_on_the_picture_tab_nothing_is_read_along(page, companion):
    page.run()
    page.session_state["input"] = "Picture"
    companion.tell(page, live(DIGITS[3][0], 5))
    assert "Upload a picture" in shown(page)


def count_strokes(monkeypatch):
    """How many strokes each reading was of, from now on."""
    counts, read = [], Recognizer.predict_strokes

    def predict(self, strokes, *centred):
        counts.append(len(strokes))
        return read(self, strokes, *centred)

    monkeypatch.setattr(Recognizer, "predict_strokes", predict)
    return counts
