"""No stroke is lost, however a pen ends it: canvas, drawing and answer agree."""

import numpy as np
import pytest

from tests.browser.driver import (
    aim,
    answer,
    canvas,
    choose_pen,
    ink,
    on_screen,
    press,
    sketch,
    touch,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser


def place_of(page, key):
    """The middle of a button on the screen."""
    box = page.locator(f".st-key-{key} button").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def is_settled(page, digit):
    """Whether the page reads this digit, and still does so when all reports are in."""
    wait_for(lambda: answer(page).startswith(str(digit)), 10)
    page.wait_for_timeout(600)  # what is tested is that nothing changes any more
    return answer(page).startswith(str(digit))


def goes_on_alone(page):
    """Whether the canvas draws while no button is pressed."""
    before = ink(page)
    for x in range(20, 260, 20):
        page.mouse.move(*on_screen(page)(x, 140))
    page.wait_for_timeout(100)
    return bool((ink(page) & ~before).sum() > 50)


def test_the_pen_is_lifted_over_a_disabled_button(page):
    """Just below the canvas, where the tail of a 9 goes."""
    assert page.locator(".st-key-redo button").is_disabled()
    (stroke,) = DIGITS[9]
    page.mouse.move(*aim(page, *stroke[0])(*stroke[0]))
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*on_screen(page)(*point), steps=4)
    page.mouse.move(*place_of(page, "redo"), steps=8)
    page.mouse.up()
    assert is_settled(page, 9)
    assert not goes_on_alone(page)


@pytest.mark.parametrize("button", ["right", "middle"])
def test_another_button_is_pressed_in_mid_stroke(page, button):
    """As the button on the barrel of a pen."""
    sketch(
        page,
        DIGITS[3],
        halfway=lambda: (page.mouse.down(button=button), page.mouse.up(button=button)),
    )
    assert is_settled(page, 3)
    assert not goes_on_alone(page)


def test_a_touch_is_cancelled_in_mid_stroke(phone):
    """By a call, or by a swipe from the edge: what was drawn stays, and more can be drawn."""
    client = phone.context.new_cdp_session(phone)
    (stroke,) = DIGITS[7]
    for number, point in enumerate(stroke):
        x, y = on_screen(phone)(*point)
        kind = "touchMove" if number else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    client.send("Input.dispatchTouchEvent", {"type": "touchCancel", "touchPoints": []})
    client.detach()
    assert is_settled(phone, 7)
    before = ink(phone)
    assert before.any()
    touch(phone, [np.array([[100.0, 150.0], [180.0, 150.0]])])
    wait_for(lambda: (ink(phone) & ~before).any(), 5)
    phone.wait_for_timeout(400)
    assert not (before & ~ink(phone)).any()


def test_another_page_right_after_the_lift(page):
    sketch(page, DIGITS[5])
    page.get_by_role("link", name="Data", exact=True).click()
    page.locator(".st-key-classes .main-svg").first.wait_for()
    page.get_by_role("link", name="Draw", exact=True).click()
    canvas(page).wait_for()
    assert is_settled(page, 5)
    assert ink(page).sum() > 1000


def test_the_session_is_lost_after_clear(page):
    """There is never an answer without a drawing, nor a drawing without its answer."""
    sketch(page, DIGITS[5])
    wait_for_digit(page)
    press(page, "clear")
    sketch(page, DIGITS[2])
    assert is_settled(page, 2)
    page.reload()
    canvas(page).wait_for()
    assert is_settled(page, 2)
    assert ink(page).sum() > 1000


def test_ink_that_touches_is_read_as_joined(page):
    """Clicks along a 1 with the broadest pen look like a line."""
    choose_pen(page, "Broad")
    for y in range(40, 250, 24):
        page.mouse.click(*aim(page, 140, y)(140, y))
    wait_for(lambda: answer(page).startswith("1"), 10)
    page.wait_for_timeout(600)
    assert answer(page).startswith("1")
    choose_pen(page, "Medium")
