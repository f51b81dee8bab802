"""The real app in a real browser: drawn on with the mouse and with a finger."""

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from digitcanvas.data.pen import place_at_random
from digitcanvas.drawing.preprocess import image_from_strokes
from tests.browser.driver import (
    aim,
    answer,
    canvas,
    choose_pen,
    clear,
    go_to,
    ink,
    kept,
    press,
    settle,
    sketch,
    touch,
    wait_for,
    wait_for_digit,
    wait_for_rejection,
    wait_until_empty,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser

LUMINANCES_DIFFER = """
scheme => {
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
    return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
  };
  const digit = document.querySelector('.st-key-prediction .digit');
  const app = document.querySelector('[data-testid="stApp"]');
  const ink = luminance(getComputedStyle(digit).color);
  const paper = luminance(getComputedStyle(app).backgroundColor);
  return scheme === "dark" ? paper < 0.2 && ink > 0.8 : paper > 0.8 && ink < 0.3;
}
"""
"""Whether the digit stands out from the page in a theme."""

SIZES = [
    ("page", 1280, 900),
    ("page", 1920, 1080),
    ("page", 820, 1180),
    ("phone", 390, 664),
    ("phone", 844, 390),
]
"""A laptop, a projector, a tablet, and a phone in both ways, in CSS pixels."""

BOXES = """
() => Object.fromEntries(
["canvas", "reading", "undo", "redo", "clear", "share", "pen_width"].map((key) => {
  const { x, y, right, bottom } = document.querySelector(`.st-key-${key}`).getBoundingClientRect();
  return [key, [x, y, right, bottom]];
}))
"""
"""Where what one needs to draw is: left, top, right and bottom, by its key."""


def test_nothing_is_claimed_before_a_stroke(page):
    assert answer(page).startswith("Draw a digit")
    assert page.locator(".st-key-model_view").is_hidden()
    canvas(page).hover()
    assert page.locator(".st-key-canvas .dc-toolbar").is_hidden()  # our buttons are below
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    plot = page.locator(".st-key-probabilities .plot")
    assert plot.evaluate("plot => plot.data[0].y") == [0] * 10


def test_a_drawing_runs_nothing_of_streamlit(page):
    for digit in (7, 4):
        sketch(page, DIGITS[digit])
        assert wait_for_digit(page) == digit
        press(page, "undo")
        press(page, "redo")
        assert wait_for_digit(page) == digit
        clear(page)
    page.wait_for_timeout(300)  # longer than the canvas waits before it reports, if it does
    assert not page.sent.has_asked()


def test_an_answer_has_its_certainty_its_bars_and_its_image(page):
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    assert " % sure" in answer(page)
    expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
    expect(page.locator(".st-key-model_view img")).to_be_visible()


def test_digits_one_after_the_other(page):
    for digit in (2, 4, 8, 0, 1):
        sketch(page, DIGITS[digit])
        assert wait_for_digit(page) == digit
        clear(page)


def test_drawings_by_writers_kept_out_of_training_are_read_as_without_a_browser(page, pen, cnn):
    """Placed at random, as the mouse draws them; tests/reading reads all of them."""
    rng = np.random.default_rng(2)
    chosen = rng.choice(len(pen.validation), 3, replace=False)
    for drawing in (place_at_random(pen.validation[i], rng) for i in chosen):
        sketch(page, drawing.strokes, spacing=8)  # some are small
        assert wait_for_digit(page) == drawing.label
        expected = cnn.predict_strokes(kept(page))
        assert expected.digit == drawing.label
        assert f"{expected.certainty} sure" in answer(page)
        clear(page)


def test_the_drawing_stays_when_the_network_or_the_pen_changes(page):
    """A 1 with a flag, about which the two networks are not equally sure."""

    def network(name):
        return page.locator(".st-key-model").get_by_text(name)

    sketch(page, DIGITS[1])
    wait_for_digit(page)
    by_cnn = answer(page)
    network("MLP").click()
    page.wait_for_function(
        "before => document.querySelector('.st-key-prediction').innerText !== before", arg=by_cnn
    )
    wait_for_digit(page)
    choose_pen(page, "Broad")
    network("CNN").click()
    expect(page.locator(".st-key-prediction")).to_have_text(by_cnn, use_inner_text=True)
    choose_pen(page, "Medium")
    assert answer(page) == by_cnn


def test_undo_redo_and_clear(page):
    clear_button = page.get_by_role("button", name="Clear")
    expect(clear_button).to_be_disabled()
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    press(page, "undo")
    wait_until_empty(page)
    press(page, "redo")
    assert wait_for_digit(page) == 7
    seven = answer(page)
    sketch(page, DIGITS[1])
    press(page, "undo")
    expect(page.locator(".st-key-prediction")).to_have_text(seven, use_inner_text=True)
    press(page, "clear")
    wait_until_empty(page)
    expect(clear_button).to_be_disabled()
    sketch(page, DIGITS[1])
    assert wait_for_digit(page) == 1


def test_keys_clear_undo_and_redo(page):
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    page.keyboard.press("Delete")
    wait_until_empty(page)
    wait_for(lambda: not ink(page).any(), 10)
    page.keyboard.press("Control+z")
    assert wait_for_digit(page) == 7
    wait_for(lambda: ink(page).any(), 10)
    page.keyboard.press("Control+y")
    wait_until_empty(page)
    wait_for(lambda: not ink(page).any(), 10)
    page.locator(".st-key-compare input").focus()
    page.keyboard.press("Control+z")
    assert kept(page) == []
    page.get_by_role("button", name="Undo").press("Enter")
    assert wait_for_digit(page) == 7


def test_escape_drops_the_stroke_under_the_pen(page):
    sketch(page, DIGITS[7])
    sketch(page, DIGITS[1], lambda: page.keyboard.press("Escape"))
    assert wait_for_digit(page) == 7
    assert len(kept(page)) == len(DIGITS[7])


@pytest.mark.parametrize(("kind", "width", "height"), SIZES)
def test_all_that_one_draws_with_is_in_view_and_stands_still(request, kind, width, height):
    """The tour, too: it covers nothing, and moves nothing."""
    page = request.getfixturevalue(kind)
    size = page.viewport_size
    page.set_viewport_size({"width": width, "height": height})
    tour = page.locator(".tour")
    if tour.is_hidden():
        page.get_by_role("button", name="Show me around").click()
    page.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    aim(page, 140, 140)
    boxes = page.evaluate(BOXES)
    for key, (left, top, right, bottom) in boxes.items():
        assert 0 <= left < right <= width and 0 <= top < bottom <= height, key
    card = tour.bounding_box()
    assert card["y"] + card["height"] <= height
    for left, top, right, bottom in boxes.values():
        beside = card["x"] >= right or card["x"] + card["width"] <= left
        assert beside or card["y"] >= bottom or card["y"] + card["height"] <= top
    meanwhile = []
    sketch(page, DIGITS[4], lambda: meanwhile.append(page.evaluate(BOXES)))
    assert wait_for_digit(page) == 4
    expect(tour).to_contain_text("2 of 4")
    assert [*meanwhile, page.evaluate(BOXES)] == [boxes] * 2
    digit = page.locator(".st-key-prediction .digit").bounding_box()
    assert digit["y"] >= 0 and digit["y"] + digit["height"] <= height
    page.set_viewport_size(size)


def escape_from_menu(page):
    """Open the sidebar's menu and close it by Escape, while the focus is on its button."""
    page.locator(".st-key-manage button").click()
    page.locator(".st-key-download-keras").wait_for()
    page.keyboard.press("Escape")
    page.locator(".st-key-download-keras").wait_for(state="hidden")


def test_a_tour_of_four_steps_comes_once_and_again_when_it_is_asked_for(someone, app):
    page = someone()
    go_to(page, app)
    settle(page)
    tour = page.locator(".tour")
    expect(tour).to_contain_text("1 of 4")
    sketch(page, DIGITS[7])
    expect(tour).to_contain_text("2 of 4")
    escape_from_menu(page)
    expect(tour).to_contain_text("2 of 4")
    page.keyboard.press("Escape")
    expect(tour).to_be_hidden()
    escape_from_menu(page)
    assert len(kept(page)) == len(DIGITS[7])
    page.get_by_role("button", name="Show me around").press("Enter")
    expect(tour).to_contain_text("1 of 4")
    sketch(page, DIGITS[1])
    for step in "2 of 4", "3 of 4", "4 of 4":
        expect(tour).to_contain_text(step)
        tour.get_by_role("button").first.press("Enter")
    expect(tour).to_be_hidden()
    assert not page.sent.has_asked()
    second = page.context.new_page()
    second.goto(app.url)
    expect(second.get_by_role("button", name="Show me around")).to_be_visible()
    expect(second.locator(".tour")).to_be_hidden()


def test_a_tap_is_no_digit_and_no_error(page):
    page.mouse.click(*aim(page, 150, 150)(150, 150))
    wait_for_rejection(page)
    assert 50 < ink(page).sum() < 400


def test_what_is_no_digit_is_turned_away_until_it_is_one(page):
    cross = [np.array([(80.0, 80), (200, 200)]), np.array([(200.0, 80), (80, 200)])]
    sketch(page, cross)
    wait_for_rejection(page)
    assert re.search(r"nearest:\s\d", answer(page))
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    clear(page)
    sketch(page, DIGITS[8])
    assert wait_for_digit(page) == 8


def test_a_finger_draws_and_clears_on_a_phone(phone):
    for digit in (7, 3):
        touch(phone, DIGITS[digit])
        assert wait_for_digit(phone) == digit
        phone.locator(".st-key-undo button").tap()
        wait_until_empty(phone)
        phone.locator(".st-key-redo button").tap()
        assert wait_for_digit(phone) == digit
        phone.locator(".st-key-clear button").tap()
        wait_until_empty(phone)


def test_a_phone_shows_all_without_scrolling_sideways(phone):
    touch(phone, DIGITS[7])
    wait_for_digit(phone)
    expect(phone.locator(".st-key-probabilities .bars path")).to_have_count(10)
    for key in ("canvas", "clear", "prediction", "probabilities", "model_view"):
        box = phone.locator(f".st-key-{key}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 375, key


def test_on_a_phone_what_a_drawing_is_can_be_told_without_scrolling(phone):
    """In the place of the samples, which come back with the empty canvas."""
    size = phone.viewport_size
    phone.set_viewport_size({"width": 390, "height": 664})
    skip = phone.get_by_role("button", name="Skip")
    if skip.is_visible():
        skip.click()
    phone.locator(".stMain").evaluate("main => main.scrollTo(0, 0)")
    samples = phone.locator(".samples")
    expect(samples).to_be_visible()
    touch(phone, DIGITS[4])
    assert wait_for_digit(phone) == 4
    for key in ("told_right", "told_4"):
        box = phone.locator(f".st-key-{key} button").bounding_box()
        assert box["y"] + box["height"] <= 664, key
    expect(samples).to_be_hidden()
    clear(phone)
    expect(samples).to_be_visible()
    phone.set_viewport_size(size)


def test_the_answer_can_be_read_in_either_theme(page):
    sketch(page, DIGITS[7])
    wait_for_digit(page)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(LUMINANCES_DIFFER, arg=scheme)


def test_a_picture_is_uploaded_and_read(page, tmp_path):
    image = np.rint(255 - image_from_strokes(DIGITS[8]) * 255).astype(np.uint8)
    picture = cv2.resize(image, (300, 300))
    cv2.imwrite(str(tmp_path / "eight.jpg"), picture)
    (tmp_path / "bad.png").write_text("hello")
    sketch(page, DIGITS[1])
    assert wait_for_digit(page) == 1
    page.get_by_role("tab", name="Picture").click()
    page.wait_for_function(
        "() => document.querySelector('.st-key-prediction').innerText.startsWith('Choose')"
    )
    page.locator(".st-key-picture input[type=file]").set_input_files(tmp_path / "eight.jpg")
    assert wait_for_digit(page) == 8
    page.locator(".st-key-picture input[type=file]").set_input_files(tmp_path / "bad.png")
    expect(page.locator(".st-key-prediction")).to_have_text(re.compile("not a picture"))
    page.get_by_role("tab", name="Canvas").click()
    assert wait_for_digit(page) == 1


def test_without_its_script_the_chart_says_what_to_do_and_the_rest_works(someone, app):
    page = someone()
    page.route("**/plotly.min.js", lambda route: route.abort())
    go_to(page, app)
    expect(page.locator(".st-key-probabilities")).to_have_text(re.compile("reload the page"))
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7


def test_the_page_asks_nothing_of_other_servers(page, app):
    """It works offline: every request goes to the app itself."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    sketch(page, DIGITS[7])
    wait_for_digit(page)
    expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
    assert [url for url in asked if not url.startswith((app.url, "data:", "blob:"))] == []
    assert any(url.endswith("plotly.min.js") for url in asked)


def test_the_server_needs_no_tensorflow(page, app):
    sketch(page, DIGITS[7])
    wait_for_digit(page)
    assert "tensorflow" not in app.maps()
