"""Reading while the hand moves, in a real browser: by the live socket, and where there is none."""

import base64
import json
import time
from functools import partial

import cv2
import numpy as np
import pytest

from digitcanvas.drawing.preprocess import image_from_strokes
from tests.browser.driver import (
    aim,
    answer,
    canvas,
    choose,
    choose_pen,
    clear,
    coarse,
    draw,
    go_to,
    ink,
    kept,
    on_screen,
    press,
    serve,
    settle,
    sketch,
    wait_for,
    wait_for_digit,
    wait_until_empty,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser

PEN_DOWN = "() => document.querySelector('.st-key-prediction.pen-down .digit')"

WATCH = """
() => {
  const seen = (window.seen = []);
  const note = (text) => { if (seen.at(-1) !== text) seen.push(text); };
  addEventListener("pointerup", () => note("lifted"), true);
  new MutationObserver(() => {
    const answer = document.querySelector(".st-key-prediction");
    note(answer.innerText);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""


def bars(page):
    return page.evaluate("() => document.querySelector('.st-key-probabilities .plot').data[0].y")


def stand_at(page, percent):
    return np.allclose(bars(page), percent, atol=0.006)


def image_shown(page):
    source = page.locator(".st-key-model_view img").get_attribute("src")
    png = np.frombuffer(base64.b64decode(source.partition(",")[2]), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_UNCHANGED) / 255


def assert_drawn(page, *strokes):
    """The drawing that the tab keeps, and the ink on the canvas, are these strokes, sketched."""
    drawn = kept(page)
    assert len(drawn) == len(strokes)
    seen = ink(page)
    for points, stroke in zip(drawn, map(coarse, strokes), strict=True):
        np.testing.assert_allclose(points[[0, -1]], stroke[[0, -1]], atol=2)
        np.testing.assert_allclose(points.min(axis=0), stroke.min(axis=0), atol=2)
        np.testing.assert_allclose(points.max(axis=0), stroke.max(axis=0), atol=2)
        inside = points[((points > 8) & (points < 272)).all(axis=1)].astype(int)
        assert seen[inside[:, 1], inside[:, 0]].all()
    widest = np.ones((23, 23), np.uint8)  # no ink is farther away than that
    marked = np.zeros(seen.shape, np.uint8)
    lines = [np.rint(points).astype(np.int32) for points in drawn]
    cv2.polylines(marked, lines, False, 1, 2)
    assert not (seen & (cv2.dilate(marked, widest) == 0)).any()


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
    assert not page.sent.has_asked()


def test_the_final_answer_is_that_of_the_library_and_does_not_change(page, cnn):
    page.evaluate(WATCH)
    for digit in (7, 4, 0):
        sketch(page, DIGITS[digit])
        assert wait_for_digit(page) == digit
        expected = cnn.predict_strokes(kept(page), widths=[16] * len(DIGITS[digit]))
        words = f"{digit}\n{expected.certainty} sure"
        assert answer(page) == words
        wait_for(partial(stand_at, page, expected.probabilities * 100), 5)
        np.testing.assert_allclose(image_shown(page), expected.image, atol=0.01)
        page.wait_for_timeout(500)  # in which nothing changes any more
        seen = page.evaluate("seen")
        lifted = len(seen) - seen[::-1].index("lifted")
        after = seen[lifted:]
        assert set(after[after.index(words) :]) == {words}
        clear(page)


def test_messages_hold_what_is_new_alone(page):
    """Together they are the drawing; with its answer each takes 600 bytes, at most 30 a second."""
    draw(page, DIGITS[4])
    assert wait_for_digit(page) == 4
    press(page, "undo")
    wait_for(lambda: page.sent.live()[-1]["from"] == [1, 0])
    rows = []
    for message in page.sent.live():
        stroke, point = message["from"]
        tail = rows[stroke][: 2 * point] if stroke < len(rows) else []
        rows[stroke:] = message["points"]
        if message["points"]:
            rows[stroke] = tail + rows[stroke]
    assert rows == [stroke.ravel().tolist() for stroke in kept(page)]
    assert size_of(page.sent.live() + page.sent.replies()) < 600 * len(page.sent.replies())


def size_of(frames):
    return sum(len(json.dumps(frame, separators=(",", ":"))) for frame in frames)


def test_the_pen_may_leave_the_canvas_in_mid_stroke(page):
    stroke = np.array([(140.0, 40), (140, 150), (-30, 150), (-30, 240), (200, 240)])
    sketch(page, [stroke])
    wait_for(lambda: len(kept(page)))
    assert_drawn(page, stroke)


@pytest.mark.parametrize("style", [("zoom", "1.4"), ("transform", "scale(0.7)")])
def test_a_page_scaled_by_the_browser(page, style):
    size = page.viewport_size
    page.set_viewport_size({"width": 1600, "height": 1200})
    page.evaluate(STYLE, style)
    sketch(page, DIGITS[3])
    assert wait_for_digit(page) == 3
    assert_drawn(page, *DIGITS[3])
    page.evaluate(STYLE, [style[0], ""])
    page.set_viewport_size(size)


STYLE = "([name, value]) => { document.querySelector('.stMain').style[name] = value; }"


def test_a_page_scrolled(page):
    size = page.viewport_size
    page.set_viewport_size({"width": 1280, "height": 360})
    before = wait_for(canvas(page).bounding_box)["y"]
    page.mouse.move(1200, 200)
    page.mouse.wheel(0, 30)  # less than would bring the canvas under the page's header
    wait_for(lambda: canvas(page).bounding_box()["y"] < before)
    sketch(page, [stroke + np.array([0, 20]) for stroke in DIGITS[1]])
    assert wait_for_digit(page) == 1
    assert_drawn(page, *[stroke + np.array([0, 20]) for stroke in DIGITS[1]])
    page.set_viewport_size(size)


class Fingers:
    """Fingers on a phone, in canvas pixels."""

    def __init__(self, page):
        self.place = aim(page, 140, 60)
        self.client = page.context.new_cdp_session(page)

    def __call__(self, kind, *points, first=0):
        places = [
            dict(zip("xy", self.place(*point), strict=True)) | {"id": number}
            for number, point in enumerate(points, first)
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
    assert_drawn(phone, stroke)
    fingers.client.detach()


@pytest.mark.parametrize("lifted", ["first", "second"])
def test_of_two_fingers_the_first_draws(phone, lifted):
    """And the stroke ends with its lift, whether the other is still down or not."""
    fingers = Fingers(phone)
    fingers("touchStart", (140, 60))
    for y in range(70, 150, 10):
        fingers("touchMove", (140, y))
    fingers("touchStart", (140, 140), (40, 180))
    for y in range(150, 200, 10):
        fingers("touchMove", (140, y), (40, 40 + y))
    end = 190
    if lifted == "second":
        fingers("touchEnd", (40, 230), first=1)
        for y in range(200, 240, 10):
            fingers("touchMove", (140, y))
        end = 230
    fingers("touchEnd")
    wait_for(lambda: phone.locator(".st-key-prediction.pen-up").count())
    assert_drawn(phone, np.array([(140.0, 60), (140, end)]))
    fingers.client.detach()


def hold_down(page):
    """Draw a 1 with the mouse, without the lift."""
    place = aim(page, 140, 60)
    page.mouse.move(*place(140, 60))
    page.mouse.down()
    page.mouse.move(*place(140, 200), steps=8)
    return place


def test_a_lift_that_nobody_told_of_is_noticed(page):
    hold_down(page)
    page.wait_for_function(PEN_DOWN)
    page.evaluate(
        """() => document.dispatchEvent(new PointerEvent("pointermove",
             {pointerId: 1, isPrimary: true, buttons: 0, bubbles: true}))"""
    )
    assert wait_for_digit(page) == 1
    page.mouse.move(*on_screen(page)(40, 200), steps=8)
    page.mouse.up()
    assert_drawn(page, np.array([(140.0, 60), (140, 200)]))


def test_a_lift_with_another_button_pressed_is_noticed(page):
    place = hold_down(page)
    page.mouse.down(button="right")
    page.mouse.up()
    page.mouse.move(*place(40, 200), steps=8)
    assert wait_for_digit(page) == 1
    assert_drawn(page, np.array([(140.0, 60), (140, 200)]))
    page.mouse.up(button="right")


def test_the_other_mouse_button_draws_nothing(page):
    place = aim(page, 140, 60)
    page.mouse.move(*place(140, 60))
    page.mouse.down(button="right")
    page.mouse.move(*place(140, 200), steps=10)
    page.mouse.up(button="right")
    page.keyboard.press("Escape")
    assert kept(page) == [] and not ink(page).any()
    assert page.sent.live() == []


def test_a_stroke_left_open_by_the_picture_tab_stays(page):
    hold_down(page)
    page.evaluate("() => document.querySelectorAll('[role=tab]')[1].click()")
    page.wait_for_function("() => document.querySelector('.st-key-picture')?.offsetWidth > 0")
    page.mouse.up()
    page.get_by_role("tab", name="Canvas").click()
    assert wait_for_digit(page) == 1
    sketch(page, DIGITS[4][1:])
    wait_for(lambda: len(kept(page)) == 2)


def test_a_dialog_over_a_stroke_ends_it(page):
    hold_down(page)
    page.once("dialog", lambda dialog: dialog.accept())
    page.evaluate("() => { window.dispatchEvent(new Event('blur')); alert('a call'); }")
    page.mouse.up()
    assert wait_for_digit(page) == 1
    assert_drawn(page, np.array([(140.0, 60), (140, 200)]))


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
            aim(page, *DIGITS[7][0][0])
            wait_for(lambda count=1 + compared: bar_charts(page) == count)
            place = page.locator(".st-key-probabilities")
            before, sheet = place.bounding_box(), canvas(page).bounding_box()
            sketch(page, DIGITS[7])
            wait_for_digit(page)
            wait_for(lambda: unevenness(page) < 2, 5)
            assert place.bounding_box() == before
            assert canvas(page).bounding_box() == sheet
            clear(page)
    page.set_viewport_size(size)


def bar_charts(page):
    return page.locator(".st-key-probabilities .bars").count()


def unevenness(page):
    """The pixels by which the feet of the bars differ in height."""
    return page.evaluate(
        """() => {
          const chart = document.querySelector(".st-key-probabilities");
          const bottom = (element) => element.getBoundingClientRect().bottom;
          const feet = [...chart.querySelectorAll(".bars path")].map(bottom);
          return Math.max(...feet) - Math.min(...feet);
        }"""
    )


def test_undo_and_clear_at_once_take_back_what_was_drawn(page):
    def press_at_once(key):
        page.evaluate(f"() => document.querySelector('.st-key-{key} button').click()")

    sketch(page, DIGITS[1])
    wait_for_digit(page)
    one = answer(page)
    sketch(page, DIGITS[4][1:])
    press_at_once("undo")
    wait_for(lambda: answer(page) == one, 10)
    assert_drawn(page, *DIGITS[1])
    press_at_once("redo")
    wait_for(lambda: len(kept(page)) == 2)
    assert_drawn(page, *DIGITS[1], *DIGITS[4][1:])
    for _ in range(3):
        sketch(page, DIGITS[7])
        press_at_once("clear")
        wait_until_empty(page)
        page.wait_for_timeout(300)  # nothing of the stroke comes back
        assert answer(page).startswith("Draw a digit")
        wait_for(lambda: not ink(page).any(), 5)


def test_a_slow_network_is_not_flooded(proxied):
    """Where a message takes longer, one at a time is sent, and the answer is to all of it."""
    answered, under_way = [], []

    def relay(socket):
        server = socket.connect_to_server()

        def pass_on(message):
            under_way.append(len(under_way) - len(answered))
            time.sleep(0.02)
            server.send(message)

        def answer_late(message):
            if '"turn"' in message:
                answered.append(message)
            socket.send(message)

        socket.on_message(pass_on)
        server.on_message(answer_late)

    page = proxied(relay)
    draw(page, DIGITS[8])
    assert wait_for_digit(page) == 8
    assert under_way and set(under_way) == {0}


def test_where_a_proxy_lets_nothing_through_reruns_answer(proxied):
    page = proxied(lambda socket: None)
    sketch(page, DIGITS[7])
    assert wait_for_digit(page, 30) == 7


def test_where_a_proxy_refuses_the_socket_reruns_answer(proxied):
    page = proxied(lambda socket: socket.close(code=1011))
    sketch(page, DIGITS[7])
    assert wait_for_digit(page, 30) == 7
    press(page, "undo")
    wait_until_empty(page)
    press(page, "redo")
    assert wait_for_digit(page, 30) == 7
    page.locator(".st-key-model").get_by_text("MLP").click()
    sketch(page, DIGITS[1])
    clear(page)
    sketch(page, DIGITS[4])
    assert wait_for_digit(page, 30) == 4


def test_a_socket_cut_in_mid_stroke_loses_nothing(proxied):
    sockets = []

    def relay(socket):
        sockets.append(socket)
        socket.connect_to_server()

    page = proxied(relay)
    sketch(page, DIGITS[8], halfway=lambda: sockets[-1].close(code=1012))
    assert wait_for_digit(page) == 8
    wait_for(lambda: page.wait_for_timeout(10) or len(sockets) > 1, 10)
    press(page, "undo")
    sketch(page, DIGITS[4])
    assert wait_for_digit(page) == 4


def test_a_server_that_starts_anew_finds_the_drawing_in_the_browser(someone, tmp_path):
    """Its sessions are gone: the page connects again, and the drawing is still there, and read."""
    with serve(tmp_path) as first:
        page = someone()
        go_to(page, first)
        settle(page)
        sketch(page, DIGITS[7])
        assert wait_for_digit(page) == 7
        clear(page)
        sketch(page, DIGITS[4])
        assert wait_for_digit(page) == 4
        port = int(first.url.rpartition(":")[2])
    with serve(tmp_path, port=port) as second:
        assert second.url == first.url
        page.sent.forget()
        wait_for(lambda: page.sent.replies(), 30)
        assert wait_for_digit(page) == 4
        assert_drawn(page, *DIGITS[4])
        press(page, "undo")
        sketch(page, DIGITS[4][1:])
        assert wait_for_digit(page) == 4
        assert_drawn(page, *DIGITS[4])
        image = image_from_strokes(kept(page), widths=[16, 16])
        np.testing.assert_allclose(image_shown(page), image, atol=0.01)


def test_what_is_shown_is_read_with_the_pen_that_shows_it(page, cnn):
    """After a reload the canvas shows all strokes with the present pen."""
    choose_pen(page, "Broad")
    for x in (120, 146):
        sketch(page, [np.array([(float(x), 60), (x, 220)])])
    wait_for(lambda: page.locator(".st-key-prediction.pen-up").count())
    choose_pen(page, "Medium")
    page.reload()
    wait_for(lambda: len(kept(page)) == 2)
    aim(page, 140, 140)
    widths = "JSON.parse(sessionStorage.getItem('digitcanvas.drawing')).strokes.map((s) => s.width)"
    wait_for(lambda: page.evaluate(widths) == [16, 16])
    gap = ink(page)[80:200, 132:134]
    assert not gap.any()


def test_a_sample_is_taken_back(page):
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    page.get_by_role("button", name="Sample of a 3").click()
    wait_for(lambda: answer(page).startswith("3"), 10)
    press(page, "undo")
    wait_for(lambda: answer(page).startswith("7"), 10)
    assert_drawn(page, *DIGITS[7])
