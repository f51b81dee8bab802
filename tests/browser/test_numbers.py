"""Whole numbers on the real page: with a mouse and with a finger, on both canvases."""

import numpy as np
import pytest
from playwright.sync_api import expect

from digitcanvas.drawing.preprocess import CANVAS
from tests.browser.driver import (
    answered,
    canvas,
    clear,
    ink,
    kept,
    press,
    sketch,
    touch,
    turn_to,
    wait_for,
    wait_for_number,
)
from tests.digits import on_canvas

pytestmark = pytest.mark.browser

APART, TOUCHING = 40, -4
"""Gaps in pixels between digits about 100 wide. Pens are broad enough to close the second."""

MARKS = """
canvas => [...canvas.getRootNode().querySelectorAll(".place")].map((place) => {
  const { left, right } = place.getBoundingClientRect();
  return [left, right, place.classList.contains("chosen")];
})
"""
"""Where the digits are marked on the canvas, and which is chosen."""


def sides(page):
    """How many times as wide as high the canvas is, on the screen and in itself."""
    box = canvas(page).bounding_box()
    own = canvas(page).evaluate("({ width, height }) => width / height")
    return own if own == pytest.approx(box["width"] / box["height"], abs=0.02) else None


def digits(page):
    return page.locator(".st-key-digits button")


def test_a_number_is_read_digit_by_digit_apart_and_touching(page):
    sketch(page, on_canvas("2026", APART), spacing=40)
    wait_for_number(page, "2026")
    assert [one.locator("b").inner_text() for one in digits(page).all()] == list("2026")
    clear(page)
    assert digits(page).count() == 0
    strokes = on_canvas("2026", TOUCHING)
    sketch(page, strokes, spacing=40)
    wait_for_number(page, "2026")
    plot = page.locator(".st-key-probabilities .plot")

    def shown():
        return int(np.argmax(plot.evaluate("plot => plot.data[0].y")))

    for place, digit in enumerate((2, 0)):
        digits(page).nth(place).click()
        expect(digits(page).nth(place)).to_have_attribute("aria-pressed", "true")
        wait_for(lambda digit=digit: shown() == digit)
        marks = canvas(page).evaluate(MARKS)
        assert [chosen for *_, chosen in marks] == [at == place for at in range(4)]
    box = canvas(page).bounding_box()
    scale = box["height"] / CANVAS
    for (left, right, _), stroke in zip(marks, strokes, strict=True):
        assert left <= box["x"] + stroke[:, 0].min() * scale < right
        assert left < box["x"] + stroke[:, 0].max() * scale <= right


def test_on_a_phone_the_canvas_is_made_as_wide_as_the_screen_and_a_number_stays(phone):
    width = phone.viewport_size["width"]
    with answered(phone):
        phone.locator(".st-key-wide label").click()
    wait_for(lambda: sides(phone) == 3)
    assert canvas(phone).bounding_box()["width"] > width - 40
    for gap in (APART, TOUCHING):
        clear(phone)
        touch(phone, on_canvas("2026", gap, sides=3), spacing=45)
        wait_for_number(phone, "2026")
    assert max(stroke.max() for stroke in kept(phone)) > CANVAS
    with answered(phone):
        phone.locator(".st-key-wide label").click()
    wait_for(lambda: sides(phone) == 1 and max(stroke.max() for stroke in kept(phone)) < CANVAS)
    wait_for(lambda: len(canvas(phone).evaluate(MARKS)) == 4)
    wait_for_number(phone, "2026")


def test_a_wide_drawing_is_as_it_was_after_a_visit_to_another_canvas(page):
    switch = page.locator(".st-key-wide label")
    with answered(page):
        switch.click()
    wait_for(lambda: sides(page) == 3)
    sketch(page, on_canvas("20", APART, sides=3), spacing=40)
    wait_for_number(page, "20")
    drawn = max(stroke.max() for stroke in kept(page))
    turn_to(page, "Your hand")
    wait_for(lambda: sides(page) == 1 and ink(page).any())
    assert canvas(page).evaluate(MARKS) == []
    assert max(stroke.max() for stroke in kept(page)) == drawn
    turn_to(page, "Draw")
    wait_for(lambda: sides(page) == 3)
    wait_for_number(page, "20")
    with answered(page):
        switch.click()
    wait_for(lambda: sides(page) == 1 and max(stroke.max() for stroke in kept(page)) < CANVAS)
    press(page, "undo")
    wait_for(lambda: sides(page) == 3)
    assert max(stroke.max() for stroke in kept(page)) == drawn
    clear(page)
    with answered(page):
        switch.click()
    wait_for(lambda: sides(page) == 1)


def test_a_digit_of_a_number_is_told_and_the_number_read_anew(sessions):
    page = sessions()
    sketch(page, on_canvas("27", APART))
    wait_for_number(page, "27")
    digits(page).nth(1).click()
    said = page.locator(".said > span")
    expect(said).to_contain_text("This is about the 7 that is marked.")
    press(page, "told_1")
    wait_for_number(page, "21", 20)
    expect(said).to_contain_text("Read as a 1 since you told it so.")
    page.locator(".said .back").click()
    wait_for_number(page, "27", 20)
