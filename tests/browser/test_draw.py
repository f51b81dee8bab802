"""The real app in a real browser: drawn on with the mouse and with a finger."""

import re
import time

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from digitcanvas.data.pen import place_at_random
from digitcanvas.drawing.preprocess import image_from_strokes
from tests.browser.driver import (
    PHONE,
    answer,
    canvas,
    clear,
    draw,
    open_page,
    press,
    serve,
    touch,
    wait_for_digit,
    wait_for_rejection,
    wait_until_empty,
)
from tests.digits import DIGITS


@pytest.fixture
def page(browser, app):
    page = open_page(browser, app)
    yield page
    page.context.close()


@pytest.fixture
def phone(browser, app):
    page = open_page(browser, app, **PHONE)
    yield page
    page.context.close()


def settle(page):
    """Wait until the page has taken in the last change: the canvas sends after 0.2 s."""
    time.sleep(1)
    expect(page.locator('[data-testid="stStatusWidget"]')).to_have_count(0)


def test_nothing_is_claimed_before_a_stroke(page):
    assert answer(page).startswith("Draw a digit")
    assert page.locator(".st-key-model_view").count() == 0
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    plot = page.locator(".st-key-probabilities .plot")
    assert plot.evaluate("plot => plot.data[0].y") == [0] * 10


def test_digits_one_after_the_other(page):
    for digit in (0, 2, 4, 8):
        draw(page, DIGITS[digit])
        settle(page)
        assert wait_for_digit(page) == digit
        clear(page)


def test_an_answer_has_its_certainty_its_bars_and_its_image(page):
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    assert " % sure" in answer(page)
    expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
    expect(page.locator(".st-key-model_view img")).to_be_visible()


def test_twenty_drawings_by_writers_kept_out_of_training(page, pen):
    """Nineteen of twenty at the least, placed at random, as the mouse draws them."""
    rng = np.random.default_rng(2)
    chosen = rng.choice(len(pen.validation), 20, replace=False)
    right = 0
    for drawing in (place_at_random(pen.validation[i], rng) for i in chosen):
        draw(page, drawing.strokes)
        settle(page)
        right += wait_for_digit(page) == drawing.label
        clear(page)
    assert right >= 19


def test_the_drawing_stays_when_the_sidebar_changes(page):
    """A 1 with a flag, of which the two networks are not equally sure."""
    draw(page, DIGITS[1])
    settle(page)
    by_cnn = answer(page)
    page.locator(".st-key-model").get_by_text("MLP").click()
    page.wait_for_function(
        "before => document.querySelector('.st-key-prediction').innerText !== before", arg=by_cnn
    )
    wait_for_digit(page)
    page.locator(".st-key-pen_width").get_by_role("slider").press("ArrowRight")
    settle(page)
    page.locator(".st-key-model").get_by_text("CNN").click()
    settle(page)
    assert answer(page) == by_cnn


def test_undo_redo_and_clear(page):
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    settle(page)
    press(page, "undo")
    wait_until_empty(page)
    press(page, "redo")
    assert wait_for_digit(page) == 7
    draw(page, DIGITS[1])
    settle(page)
    press(page, "undo")
    settle(page)
    assert wait_for_digit(page) == 7
    clear(page)
    draw(page, DIGITS[1])
    assert wait_for_digit(page) == 1


def test_the_canvas_own_undo_and_redo(page):
    def press_in_toolbar(name):
        canvas(page).hover()
        page.locator(".st-key-canvas").get_by_role("button", name=name, exact=True).click()

    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    press_in_toolbar("Undo")
    wait_until_empty(page)
    press_in_toolbar("Redo")
    assert wait_for_digit(page) == 7


def test_clear_is_at_once_ready_for_the_next_digit(page):
    for digit in (0, 1, 0, 1, 0, 1):
        draw(page, DIGITS[digit])
        assert wait_for_digit(page) == digit
        clear(page)


def test_a_press_whose_answer_is_lost_is_answered_later(browser, app):
    """Streamlit loses one now and then; here, all that comes in the half second after it."""
    page, losing = browser.new_context().new_page(), []

    def relay(socket):
        server = socket.connect_to_server()
        server.on_message(lambda message: None if losing else socket.send(message))

    page.route_web_socket(re.compile("_stcore/stream"), relay)
    page.goto(app.url)
    canvas(page).wait_for()
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    settle(page)
    losing.append(True)
    press(page, "clear")
    page.wait_for_timeout(500)
    losing.clear()
    assert answer(page).startswith("7")
    wait_until_empty(page)
    page.context.close()


def test_a_stroke_reruns_the_drawing_part_and_nothing_else(browser, app):
    """The server sends again what it ran again: after a stroke, nothing of the sidebar."""
    page = browser.new_context().new_page()
    received = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(frame)),
    )
    page.goto(app.url)
    canvas(page).wait_for()
    settle(page)
    assert any(b"Width in pixels" in frame for frame in received)
    received.clear()
    draw(page, DIGITS[7])
    wait_for_digit(page)
    settle(page)
    assert any(b" sure" in frame for frame in received)
    assert not any(b"Width in pixels" in frame for frame in received)
    page.context.close()


def test_a_tap_is_no_digit_and_no_error(page):
    canvas(page).hover()
    time.sleep(0.4)
    canvas(page).click(position={"x": 150, "y": 150})
    wait_for_rejection(page)


def test_what_is_no_digit_is_turned_away_until_it_is_one(page):
    cross = [np.array([(80.0, 80), (200, 200)]), np.array([(200.0, 80), (80, 200)])]
    draw(page, cross)
    wait_for_rejection(page)
    assert re.search(r"nearest:\s\d", answer(page))
    page.locator(".st-key-probabilities .bars").wait_for(state="attached")
    clear(page)
    draw(page, DIGITS[8])
    assert wait_for_digit(page) == 8


def test_a_finger_draws_and_clears_on_a_phone(phone):
    for digit in (7, 3):
        touch(phone, DIGITS[digit])
        settle(phone)
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_answer_can_be_read_in_either_theme(browser, app, scheme):
    page = open_page(browser, app, color_scheme=scheme)
    draw(page, DIGITS[7])
    wait_for_digit(page)
    luminances = page.evaluate(
        """() => {
          const luminance = colour => {
            const [r, g, b] = colour.match(/[\\d.]+/g).map(Number);
            return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
          };
          const digit = document.querySelector('.st-key-prediction div div');
          const app = document.querySelector('[data-testid="stApp"]');
          return [getComputedStyle(digit).color, getComputedStyle(app).backgroundColor]
            .map(luminance);
        }"""
    )
    ink, paper = luminances
    assert (paper < 0.2 and ink > 0.8) if scheme == "dark" else (paper > 0.8 and ink < 0.3)
    page.context.close()


def test_a_picture_is_uploaded_and_read(page, tmp_path):
    picture = cv2.resize(255 - image_from_strokes(DIGITS[8]) * 255, (300, 300))
    cv2.imwrite(str(tmp_path / "eight.jpg"), picture)
    (tmp_path / "bad.png").write_text("hello")
    draw(page, DIGITS[1])
    assert wait_for_digit(page) == 1
    page.get_by_role("tab", name="Picture").click()
    page.wait_for_function(
        "() => document.querySelector('.st-key-prediction').innerText.startsWith('Upload')"
    )
    page.locator(".st-key-picture input[type=file]").set_input_files(tmp_path / "eight.jpg")
    assert wait_for_digit(page) == 8
    page.locator(".st-key-picture input[type=file]").set_input_files(tmp_path / "bad.png")
    expect(page.get_by_test_id("stAlert")).to_be_visible()
    page.get_by_role("tab", name="Draw").click()
    assert wait_for_digit(page) == 1


def test_the_page_asks_nothing_of_other_servers(browser, app):
    """It works offline: every request goes to the app itself."""
    page = browser.new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app.url)
    canvas(page).wait_for()
    draw(page, DIGITS[7])
    wait_for_digit(page)
    expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
    assert [url for url in asked if not url.startswith((app.url, "data:", "blob:"))] == []
    page.context.close()


def test_without_its_script_the_chart_says_what_to_do_and_the_rest_works(browser, app):
    page = browser.new_context().new_page()
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto(app.url)
    canvas(page).wait_for()
    expect(page.locator(".st-key-probabilities")).to_have_text(re.compile("reload the page"))
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    page.context.close()


def test_below_another_path_of_its_server_the_app_is_whole(browser, tmp_path):
    with serve(tmp_path, base="classes/digits") as app:
        page = open_page(browser, app)
        draw(page, DIGITS[7])
        assert wait_for_digit(page) == 7
        expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
        page.context.close()


def test_the_server_stays_small_and_without_tensorflow(page, app):
    draw(page, DIGITS[7])
    wait_for_digit(page)
    assert app.memory() < 300
    assert "tensorflow" not in app.maps()
