"""Reading while the hand moves, in a real browser: mouse, fingers, and what can go wrong."""

import re
import time

import numpy as np
import pytest

from digitcanvas.drawing.fabric import strokes_from_canvas
from tests.browser.driver import (
    HOVER,
    PHONE,
    WITHOUT_COMPANION,
    answer,
    canvas,
    choose,
    clear,
    draw,
    open_watched,
    press,
    serve,
    wait_for,
    wait_for_digit,
    wait_until_empty,
)
from tests.digits import DIGITS

FORGOTTEN = 1.5
"""Seconds after which the companion has forgotten what the canvas does not know."""

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


@pytest.fixture
def page(browser, app):
    page = open_watched(browser, app)
    yield page
    page.context.close()


@pytest.fixture
def phone(browser, app):
    phone = open_watched(browser, app, **PHONE)
    yield phone
    phone.context.close()


def wait_until_committed(page, strokes):
    """Wait until the canvas has reported so many strokes, and the page has taken them in."""
    wait_for(lambda: len(page.sent.drawing()) == strokes, 10)
    time.sleep(0.5)


def assert_told_as_committed(page):
    """The companion's last strokes are the canvas' newest, and it was not left to forget them."""
    time.sleep(FORGOTTEN)
    strokes = page.sent.live()[-1]["strokes"]
    assert strokes and all(stroke["lifted"] for stroke in strokes)
    committed = strokes_from_canvas({"objects": page.sent.drawing()})
    for stroke, other in zip(strokes[::-1], committed[::-1], strict=False):
        points = np.reshape(stroke["points"], (-1, 2))
        np.testing.assert_allclose(points[[0, -1]], other[[0, -1]], atol=0.5)
        np.testing.assert_allclose(points.min(axis=0), other.min(axis=0), atol=2)
        np.testing.assert_allclose(points.max(axis=0), other.max(axis=0), atol=2)


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

    draw(page, DIGITS[8], halfway)
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
    for digit in (7, 4, 3, 0):
        draw(page, DIGITS[digit])
        wait_until_committed(page, len(DIGITS[digit]))
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
    assert in_time >= 3


def test_what_is_told_is_what_is_committed(page):
    for digit in (4, 5):
        draw(page, DIGITS[digit])
        wait_until_committed(page, len(DIGITS[digit]))
        assert_told_as_committed(page)
        clear(page)


def test_the_pen_may_leave_the_canvas_in_mid_stroke(page):
    draw(page, [np.array([(140.0, 40), (140, 150), (-60, 150), (-60, 240), (200, 240)])])
    wait_until_committed(page, 1)
    assert_told_as_committed(page)


@pytest.mark.parametrize("style", ["zoom: 1.4", "transform: scale(0.7)"])
def test_a_page_scaled_by_the_browser(page, style):
    page.add_style_tag(content=f".stMain {{ {style} }}")
    draw(page, DIGITS[3])
    wait_until_committed(page, 1)
    assert_told_as_committed(page)


def test_a_page_scrolled(page):
    page.set_viewport_size({"width": 1280, "height": 420})
    canvas(page).scroll_into_view_if_needed()
    page.mouse.move(700, 200)
    page.mouse.wheel(0, 150)
    time.sleep(0.5)
    draw(page, [stroke + np.array([0, 60]) for stroke in DIGITS[1]])
    wait_until_committed(page, 1)
    assert_told_as_committed(page)


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
        time.sleep(0.02)


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
    time.sleep(0.5)
    assert phone.sent.drawing() == [] and not phone.sent.live()[-1]["strokes"][0]["lifted"]
    fingers("touchEnd")
    wait_until_committed(phone, 1)
    assert_told_as_committed(phone)
    assert len(phone.sent.live()[-1]["strokes"]) == 1


def hold_down(page):
    """Draw a 1 with the mouse, without the lift."""
    box = canvas(page).bounding_box()
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    time.sleep(HOVER)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 200, steps=20)


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
    page.mouse.move(box["x"] + 40, box["y"] + 200, steps=20)
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
    wait_until_committed(page, 1)
    tabs.filter(has_text="Draw").click()
    assert wait_for_digit(page) == 1
    time.sleep(FORGOTTEN)
    assert page.sent.live()[-1]["strokes"] == []


def test_the_canvas_own_undo_takes_back_a_stroke_that_it_has_not_reported(page):
    draw(page, DIGITS[1])
    wait_until_committed(page, 1)
    one = answer(page)
    undo = page.locator(".st-key-canvas").get_by_role("button", name="Undo", exact=True)
    draw(page, DIGITS[4][1:])
    undo.dispatch_event("pointerdown")
    undo.dispatch_event("click")
    wait_for(lambda: page.sent.live()[-1]["strokes"] == [], 0.7)
    time.sleep(FORGOTTEN)
    assert answer(page) == one and len(page.sent.drawing()) == 1


@pytest.mark.parametrize("width", [1280, 375])
def test_nothing_moves_when_two_networks_answer_and_their_bars_stand_on_the_axis(
    browser, app, width
):
    page = open_watched(browser, app)
    choose(page, "compare", "MLP")
    time.sleep(1)
    page.set_viewport_size({"width": width, "height": 1000})
    place = page.locator(".st-key-probabilities")
    before = wait_for(place.bounding_box)
    for compared in (True, False):
        draw(page, DIGITS[7])
        wait_for_digit(page)
        time.sleep(1)
        assert place.bounding_box() == before
        assert page.locator(".st-key-probabilities .bars").count() == 1 + compared
        bottoms, axis = page.evaluate(
            """() => {
              const chart = document.querySelector(".st-key-probabilities");
              const bottom = (element) => element.getBoundingClientRect().bottom;
              const bars = [...chart.querySelectorAll(".bars path")];
              return [bars.map(bottom), bottom(chart.querySelector(".yzl"))];
            }"""
        )
        assert max(abs(bottom - axis) for bottom in bottoms) < 2
        clear(page)
        if compared:
            page.set_viewport_size({"width": 1280, "height": 1000})
            page.locator(".st-key-compare [aria-label*='lear']").first.click()
            time.sleep(1)
            page.set_viewport_size({"width": width, "height": 1000})
            time.sleep(0.5)
    page.context.close()


def test_the_other_mouse_button_draws_nothing(page):
    box = canvas(page).bounding_box()
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    page.mouse.down(button="right")
    page.mouse.move(box["x"] + 140, box["y"] + 200, steps=10)
    page.mouse.up(button="right")
    time.sleep(0.5)
    assert page.sent.live() == []


def test_in_the_canvas_edit_mode_no_stroke_is_drawn(page):
    draw(page, DIGITS[1])
    wait_until_committed(page, 1)
    told = page.sent.live()
    canvas(page).hover()
    page.locator(".st-key-canvas").get_by_role("button", name="Edit").click()
    draw(page, [np.array([(140.0, 140), (190, 160)])])
    wait_for(lambda: page.sent.drawing()[0]["left"] > 160, 10)
    time.sleep(0.5)
    assert page.sent.live() == told
    assert wait_for_digit(page) == 1


def press_at_once(page, key):
    page.evaluate(f"() => document.querySelector('.st-key-{key} button').click()")


def test_undo_before_the_canvas_reports_takes_off_the_last_stroke_alone(page):
    draw(page, DIGITS[1])
    wait_until_committed(page, 1)
    one = answer(page)
    draw(page, DIGITS[4][1:])
    press_at_once(page, "undo")
    wait_until_committed(page, 1)
    assert answer(page) == one
    press(page, "redo")
    wait_until_committed(page, 2)
    first, second = strokes_from_canvas({"objects": page.sent.drawing()})
    np.testing.assert_allclose(first[[0, -1]], DIGITS[1][0][[0, -1]], atol=2)
    np.testing.assert_allclose(second[[0, -1]], DIGITS[4][1][[0, -1]], atol=2)
    time.sleep(FORGOTTEN)
    assert len(page.sent.drawing()) == 2


def test_clear_before_the_canvas_reports_takes_off_all(page):
    for _ in range(5):
        draw(page, DIGITS[7])
        press_at_once(page, "clear")
        wait_until_empty(page)
        time.sleep(FORGOTTEN)
        assert answer(page).startswith("Draw a digit")
        assert page.sent.drawing() == []


def test_a_slow_network_is_not_flooded(page):
    """Where a message takes a second, a stroke of three seconds sends a few and not 25."""
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


def test_without_the_companion_the_app_works_as_before_only_later(browser, tmp_path):
    with serve(tmp_path, WITHOUT_COMPANION) as app:
        page = open_watched(browser, app)
        page.evaluate(WATCH)
        for digit in (7, 4, 3):
            draw(page, DIGITS[digit])
            assert wait_for_digit(page) == digit
            wait_until_committed(page, len(DIGITS[digit]))
            seen = page.evaluate("seen")
            assert "pen down" not in seen
            assert seen.index("the canvas reports 1") > seen.index("lifted")
            press(page, "undo")
            press(page, "redo")
            wait_until_committed(page, len(DIGITS[digit]))
            assert wait_for_digit(page) == digit
            clear(page)
        assert page.sent.live() == []
        page.context.close()
