"""Reading while the hand moves, in a real browser: mouse, fingers, and what can go wrong."""

import re
import time

import numpy as np
import pytest

from digitcanvas.drawing.fabric import strokes_from_canvas
from tests.browser.driver import (
    WITHOUT_COMPANION,
    aim,
    answer,
    canvas,
    choose,
    clear,
    draw,
    open_watched,
    press,
    serve,
    sketch,
    wait_for,
    wait_for_digit,
    wait_until_committed,
    wait_until_empty,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser

FORGOTTEN = 1.5
"""Seconds after which the companion has forgotten what the canvas does not know."""

REPORTED = 0.4
"""Seconds after the lift when the canvas has reported it, if it does: it waits for 0.2 s."""

PEN_DOWN = "() => document.querySelector('.st-key-prediction .pen-down')"

WATCH = """
() => {
  const seen = (window.seen = []);
  const note = (text) => { if (seen.at(-1) !== text) seen.push(text); };
  addEventListener("pointerup", () => note("lifted"), true);
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    const paths = new TextDecoder().decode(data).split('"type":"Path"').length - 1;
    if (paths) note(`the canvas reports ${paths}`);
    return send.call(this, data);
  };
  new MutationObserver(() => {
    const answer = document.querySelector(".st-key-prediction");
    note(answer?.querySelector(".pen-up") ? answer.innerText : "pen down");
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""


def assert_told_as_committed(page):
    """The companion's last strokes are the canvas' newest."""
    strokes = page.sent.live()[-1]["strokes"]
    assert strokes and all(stroke["lifted"] for stroke in strokes)
    committed = strokes_from_canvas({"objects": page.sent.drawing()})
    for stroke, other in zip(strokes[::-1], committed[::-1], strict=False):
        points = np.reshape(stroke["points"], (-1, 2))
        np.testing.assert_allclose(points[[0, -1]], other[[0, -1]], atol=0.5)
        np.testing.assert_allclose(points.min(axis=0), other.min(axis=0), atol=2)
        np.testing.assert_allclose(points.max(axis=0), other.max(axis=0), atol=2)


def wait_until_shown(page):
    """Wait until the browser has painted what it has received."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")


def bars(page):
    return page.evaluate("() => document.querySelector('.st-key-probabilities .plot').data[0].y")


def test_the_answer_is_read_while_the_pen_is_down(page):
    """And the bars are those of one figure from the first point to the last."""
    bar = page.locator(".st-key-probabilities .bars .point path").first
    bar.evaluate("bar => { bar.mark = 'the same'; }")
    assert bars(page) == [0] * 10
    halves = []

    def halfway():
        page.wait_for_function(PEN_DOWN)
        wait_for(lambda: sum(bars(page)) > 99)
        halves.append(bars(page))

    sketch(page, DIGITS[8], halfway)
    assert wait_for_digit(page) == 8
    wait_for(lambda: bars(page)[8] > 50)
    assert halves and halves[0] != bars(page)
    assert bar.evaluate("bar => bar.mark") == "the same"


def answers(seen):
    """The digits that were shown, and in percent how sure."""
    found = (re.match(r"(\d)\s.*?([\d.]+) % sure", note) for note in seen)
    return [(int(read[1]), float(read[2])) for read in found if read]


def test_the_answer_stands_before_the_canvas_reports_and_does_not_change_when_it_does(page):
    page.evaluate(WATCH)
    in_time = 0
    for digit in (7, 4, 0):
        sketch(page, DIGITS[digit])
        wait_until_committed(page, len(DIGITS[digit]))
        wait_until_shown(page)
        seen = page.evaluate("seen")
        report = f"the canvas reports {len(DIGITS[digit])}"
        lifted = len(seen) - seen[::-1].index("lifted")
        reported = lifted + seen[lifted:].index(report)
        before, after = map(answers, (seen[lifted:reported], seen[reported:]))
        in_time += bool(before)
        assert {read for read, _ in before + after} == {digit}
        assert np.ptp([sure for _, sure in before + after]) < 0.5
        clear(page)
        wait_until_committed(page, 0)
        page.evaluate("() => { seen.length = 0; }")
    assert in_time >= 2


def test_what_is_told_is_what_is_committed(page):
    """And is then not forgotten: the companion sends nothing more."""
    for digit in (4, 5):
        draw(page, DIGITS[digit])
        wait_until_committed(page, len(DIGITS[digit]))
        assert_told_as_committed(page)
        if digit == 4:
            clear(page)
    time.sleep(FORGOTTEN)  # nothing is sent in this time
    assert_told_as_committed(page)


def test_the_pen_may_leave_the_canvas_in_mid_stroke(page):
    sketch(page, [np.array([(140.0, 40), (140, 150), (-60, 150), (-60, 240), (200, 240)])])
    wait_until_committed(page, 1)
    assert_told_as_committed(page)


def test_a_page_scaled_by_the_browser(page):
    for name, value in (("zoom", "1.4"), ("transform", "scale(0.7)")):
        page.evaluate(STYLE, [name, value])
        sketch(page, DIGITS[3])
        wait_until_committed(page, 1)
        assert_told_as_committed(page)
        page.evaluate(STYLE, [name, ""])
        clear(page)


STYLE = "([name, value]) => { document.querySelector('.stMain').style[name] = value; }"


def test_a_page_scrolled(page):
    size = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 420})
    before = wait_for(canvas(page).bounding_box)["y"]
    page.mouse.move(700, 200)
    page.mouse.wheel(0, 150)
    wait_for(lambda: is_still(page) and canvas(page).bounding_box()["y"] < before)
    sketch(page, [stroke + np.array([0, 60]) for stroke in DIGITS[1]])
    wait_until_committed(page, 1)
    assert_told_as_committed(page)
    page.set_viewport_size(size)


def is_still(page):
    """Whether the canvas has not moved for a tenth of a second."""
    before = canvas(page).bounding_box()
    page.wait_for_timeout(100)
    return canvas(page).bounding_box() == before


class Fingers:
    """Fingers on a phone, in canvas pixels."""

    def __init__(self, page):
        self.box = canvas(page).bounding_box()
        self.client = page.context.new_cdp_session(page)

    def __call__(self, kind, *points, first=0):
        places = [
            {"x": self.box["x"] + x, "y": self.box["y"] + y, "id": number}
            for number, (x, y) in enumerate(points, first)
        ]
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})


def test_a_finger_is_read_along(phone):
    fingers = Fingers(phone)
    (stroke,) = DIGITS[3]
    for number, point in enumerate(stroke):
        fingers("touchMove" if number else "touchStart", point)
    phone.wait_for_function(PEN_DOWN)
    fingers("touchEnd")
    assert wait_for_digit(phone) == 3
    wait_until_committed(phone, 1)
    assert_told_as_committed(phone)
    fingers.client.detach()


@pytest.mark.parametrize("lifted", ["first", "second"])
def test_of_two_fingers_the_first_draws(phone, lifted):
    """And the stroke ends with the last one's lift, as the canvas has it."""
    fingers = Fingers(phone)
    fingers("touchStart", (140, 60))
    for y in range(70, 150, 10):
        fingers("touchMove", (140, y))
    fingers("touchStart", (140, 140), (40, 180))
    for y in range(150, 200, 10):
        fingers("touchMove", (140, y), (40, 40 + y))
    if lifted == "second":
        fingers("touchEnd", (40, 230), first=1)
        for y in range(200, 240, 10):
            fingers("touchMove", (140, y))
    else:
        fingers("touchEnd", (140, 190))
    time.sleep(REPORTED)  # it does not: a finger is still down
    assert phone.sent.drawing() == [] and not phone.sent.live()[-1]["strokes"][0]["lifted"]
    fingers("touchEnd")
    wait_until_committed(phone, 1)
    assert_told_as_committed(phone)
    assert len(phone.sent.live()[-1]["strokes"]) == 1
    fingers.client.detach()


def hold_down(page):
    """Draw a 1 with the mouse, without the lift."""
    box = canvas(page).bounding_box()
    aim(page, 140, 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 200, steps=8)


def test_a_lift_that_nobody_told_of_is_noticed_and_forgotten(page):
    hold_down(page)
    page.wait_for_function(PEN_DOWN)
    page.evaluate(
        """() => document.dispatchEvent(new PointerEvent("pointermove",
             {pointerId: 1, isPrimary: true, buttons: 0, bubbles: true}))"""
    )
    page.wait_for_function("() => document.querySelector('.st-key-prediction .pen-up')")
    assert page.sent.live()[-1]["strokes"][0]["lifted"]
    wait_until_empty(page)
    page.mouse.up()
    assert wait_for_digit(page) == 1


def test_a_lift_with_another_button_pressed_is_noticed(page):
    hold_down(page)
    page.mouse.down(button="right")
    page.mouse.up()
    box = canvas(page).bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 200, steps=8)
    wait_until_committed(page, 1)
    assert wait_for_digit(page) == 1
    assert_told_as_committed(page)
    page.mouse.up(button="right")


def test_a_stroke_left_open_by_the_picture_tab_is_forgotten(page):
    hold_down(page)
    page.wait_for_function(PEN_DOWN)
    tabs = page.get_by_role("tab")
    tabs.filter(has_text="Picture").dispatch_event("click")
    page.wait_for_function(
        "() => document.querySelector('.st-key-prediction').innerText.startsWith('Upload')"
    )
    page.mouse.up()
    wait_for(lambda: len(page.sent.drawing()) == 1, 10)
    tabs.filter(has_text="Draw").click()
    assert wait_for_digit(page) == 1
    wait_until_committed(page, 1)


def test_the_canvas_own_undo_takes_back_a_stroke_that_it_has_not_reported(page):
    sketch(page, DIGITS[1])
    wait_until_committed(page, 1)
    one = answer(page)
    undo = page.locator(".st-key-canvas").get_by_role("button", name="Undo", exact=True)
    sketch(page, DIGITS[4][1:])
    undo.dispatch_event("pointerdown")
    undo.dispatch_event("click")
    wait_for(lambda: page.sent.live()[-1]["strokes"] == [], 0.7)
    time.sleep(REPORTED)  # nothing of the second stroke
    wait_for(lambda: answer(page) == one, 10)
    assert len(page.sent.drawing()) == 1


def test_nothing_moves_when_two_networks_answer_and_their_bars_stand_on_the_axis(page):
    size = page.viewport_size
    for compared in (True, False):
        page.set_viewport_size({"width": 1280, "height": 1000})
        if compared:
            choose(page, "compare", "MLP")
        else:
            page.locator(".st-key-compare [aria-label*='lear']").first.click()
        for width in (1280, 375):
            page.set_viewport_size({"width": width, "height": 1000})
            wait_for(lambda: is_still(page))
            place = page.locator(".st-key-probabilities")
            before = place.bounding_box()
            sketch(page, DIGITS[7])
            wait_until_committed(page, 1)
            wait_for_digit(page)
            wait_for(lambda count=1 + compared: bar_charts(page) == count)
            wait_for(lambda: distance_to_axis(page) < 2, 5)
            assert place.bounding_box() == before
            clear(page)
    page.set_viewport_size(size)


def bar_charts(page):
    return page.locator(".st-key-probabilities .bars").count()


def distance_to_axis(page):
    """In pixels, that of the bar whose foot is farthest from the axis."""
    return page.evaluate(
        """() => {
          const chart = document.querySelector(".st-key-probabilities");
          const bottom = (element) => element.getBoundingClientRect().bottom;
          const axis = bottom(chart.querySelector(".yzl"));
          return Math.max(
            ...[...chart.querySelectorAll(".bars path")].map((bar) => Math.abs(bottom(bar) - axis))
          );
        }"""
    )


def test_the_other_mouse_button_draws_nothing(page):
    box = canvas(page).bounding_box()
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 140, box["y"] + 200, steps=10)
    page.mouse.up(button="right")
    time.sleep(REPORTED)  # nothing
    assert page.sent.live() == [] and page.sent.drawing() == []


def test_in_the_canvas_edit_mode_no_stroke_is_drawn(page):
    sketch(page, DIGITS[1])
    wait_until_committed(page, 1)
    told = page.sent.live()
    canvas(page).hover()
    edit = page.locator(".st-key-canvas").get_by_role("button", name="Edit")
    edit.click()
    sketch(page, [np.array([(140.0, 140), (190, 160)])])
    wait_for(lambda: page.sent.drawing()[0]["left"] > 160, 10)
    assert wait_for_digit(page) == 1
    assert page.sent.live() == told
    edit.click()


def press_at_once(page, key):
    page.evaluate(f"() => document.querySelector('.st-key-{key} button').click()")


def test_undo_before_the_canvas_reports_takes_off_the_last_stroke_alone(page):
    sketch(page, DIGITS[1])
    wait_until_committed(page, 1)
    one = answer(page)
    sketch(page, DIGITS[4][1:])
    press_at_once(page, "undo")
    wait_until_committed(page, 1)
    wait_for(lambda: answer(page) == one, 10)
    press(page, "redo")
    wait_until_committed(page, 2)
    first, second = strokes_from_canvas({"objects": page.sent.drawing()})
    np.testing.assert_allclose(first[[0, -1]], DIGITS[1][0][[0, -1]], atol=2)
    np.testing.assert_allclose(second[[0, -1]], DIGITS[4][1][[0, -1]], atol=2)


def test_clear_before_the_canvas_reports_takes_off_all(page):
    for _ in range(3):
        sketch(page, DIGITS[7])
        press_at_once(page, "clear")
        wait_until_empty(page)
        time.sleep(REPORTED)  # nothing of the stroke comes back
        assert answer(page).startswith("Draw a digit")
        wait_until_committed(page, 0)
    time.sleep(FORGOTTEN)  # nor when the companion forgets it
    assert answer(page).startswith("Draw a digit")
    assert page.sent.drawing() == []


def test_a_slow_network_is_not_flooded(browser, app):
    """Where a message takes a second, a stroke of three seconds sends a few and not 25."""
    page = open_watched(browser, app)
    page.evaluate(
        """() => {
          const send = WebSocket.prototype.send;
          WebSocket.prototype.send = function (data) {
            setTimeout(() => send.call(this, data), 1000);
          };
        }"""
    )
    start = time.monotonic()
    draw(page, DIGITS[8])
    seconds = time.monotonic() - start
    assert wait_for_digit(page) == 8
    wait_until_committed(page, 1)
    assert 2 <= len(page.sent.live()) <= 2 + seconds
    page.context.close()


def test_without_the_companion_the_app_works_as_before_only_later(browser, tmp_path):
    with serve(tmp_path, WITHOUT_COMPANION) as app:
        page = open_watched(browser, app)
        page.evaluate(WATCH)
        for digit in (7, 4):
            sketch(page, DIGITS[digit])
            wait_until_committed(page, len(DIGITS[digit]))
            assert wait_for_digit(page) == digit
            seen = page.evaluate("seen")
            assert "pen down" not in seen
            assert seen.index("the canvas reports 1") > seen.index("lifted")
            press(page, "undo")
            wait_until_committed(page, len(DIGITS[digit]) - 1)
            press(page, "redo")
            wait_until_committed(page, len(DIGITS[digit]))
            assert wait_for_digit(page) == digit
            clear(page)
        assert page.sent.live() == []
        page.context.close()
