"""All pages in a real browser: walked through, pressed, hovered, saved and left again."""

import re
import time

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import (
    PHONE,
    PLOTS,
    answer,
    canvas,
    choose,
    clear,
    draw,
    ink,
    open_page,
    panel,
    place_of,
    plot,
    press,
    serve,
    touch,
    turn_to,
    wait_for,
    wait_for_digit,
    wait_until_drawn,
    wait_until_empty,
    watch,
)
from tests.digits import DIGITS

DESKTOP = {"viewport": {"width": 1280, "height": 1000}}
ANDROID = PHONE | {
    "user_agent": "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36"
}
"""Streamlit closes the sidebar on who says that it is a phone."""

SLOW = 10
"""Seconds that a busy machine may take to open a page; the app is to take two."""

HOVERED = {
    "probabilities": (0, 3, "3: "),
    "classes": (0, 7, "7: "),
    "images": (2, 4, "image 4, a "),
    "pixels": (0, [0, 0], "row 0, column 0: 0"),
    "values": (0, 0, "grey 0: "),
    "histories": (0, 4, "epoch 5: "),
    "diagram": (1, 1, "parameters"),
    "by_digit": (0, 5, "5: "),
    "confusion": (0, [4, 4], "a 4 read as 4: "),
    "gallery": (2, 1, "read as"),
    "test_image": (0, [27, 27], "row 27, column 27: 0"),
    "test_probabilities": (0, None, ": "),
}
"""Of each plot a trace, a point of it, and words of what is told of it; None is the highest bar."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("home")) as app:
        yield app


@pytest.fixture
def visit(browser, app):
    """Opens sessions, and finds in the end that nothing went wrong in them."""
    pages, problems = [], []

    def visit(**context):
        page = open_page(browser, app, **DESKTOP | context)
        pages.append(page)
        problems.append(watch(page))
        return page

    yield visit
    for page in pages:
        assert_whole(page)
        page.context.close()
    assert not any(problems), problems


@pytest.fixture(params=["desktop", "phone"])
def page(request, visit):
    return visit(**ANDROID if request.param == "phone" else {})


def on_phone(page):
    return page.viewport_size["width"] == PHONE["viewport"]["width"]


def settle(page):
    """Wait until the page has done what it was asked for."""
    page.wait_for_timeout(100)
    page.wait_for_function(
        """() => document.querySelector('[data-testid="stApp"]')
             .dataset.testScriptState === "notRunning" """
    )
    page.wait_for_timeout(50)


def assert_whole(page):
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def click(page, key, name):
    """Press one of the buttons below a key."""
    page.locator(f".st-key-{key}").get_by_role("button", name=name, exact=True).or_(
        page.locator(f".st-key-{key}").get_by_role("radio", name=name, exact=True)
    ).first.click()
    settle(page)
    assert_whole(page)


def press_point(page, key, point, trace=0):
    """With a finger on a phone, else with the mouse."""
    x, y = place_of(page, key, point, trace)
    if on_phone(page):
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x, y)
        page.mouse.click(x, y)
    settle(page)
    assert_whole(page)


def step_up(page, key):
    page.locator(f".st-key-{key}").get_by_test_id("stNumberInputStepUp").click()
    settle(page)
    assert_whole(page)


def number(page, key):
    return page.locator(f".st-key-{key} input").input_value()


def switch(page, key):
    page.locator(f".st-key-{key} label").first.click()
    settle(page)
    assert_whole(page)


def captions(page, key):
    return plot(page, key).evaluate("plot => plot.data[1].text")


def mistakes(page):
    """The cell of the confusion matrix off its diagonal with most images in it."""
    shares = np.array(plot(page, "confusion").evaluate("plot => plot.data[0].z"))
    np.fill_diagonal(shares, 0)
    return np.argwhere(shares == shares.max())[0].tolist()


def use_draw(page):
    (touch if on_phone(page) else draw)(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    switch(page, "centred")
    assert wait_for_digit(page) >= 0
    switch(page, "centred")
    switch(page, "logits")
    expect(page.get_by_text("logit of CNN", exact=True)).to_be_visible()
    switch(page, "logits")
    press(page, "undo")
    wait_until_empty(page)
    press(page, "redo")
    assert wait_for_digit(page) == 7
    switch(page, "centred")


def is_on(page, key):
    return page.locator(f".st-key-{key} input").is_checked()


def use_draw_again(page):
    """The panel of the pages between has looked for news, and Streamlit forgotten widgets."""
    assert wait_for_digit(page) >= 0 and not is_on(page, "centred")


def use_data_again(page):
    settle(page)
    assert {caption[-1] for caption in captions(page, "images")} == {"3"}
    assert len(captions(page, "images")) == 49


def use_data(page):
    click(page, "part", "test")
    before = captions(page, "images")
    press(page, "reshuffle")
    settle(page)
    assert captions(page, "images") != before
    click(page, "only", "3")
    assert {caption[-1] for caption in captions(page, "images")} == {"3"}
    chosen = captions(page, "images")[8].split(":")[0]
    press_point(page, "images", 8, trace=2)
    assert number(page, "index") == chosen
    expect(page.get_by_text(f"The label of image {chosen} is 3.")).to_be_visible()
    step_up(page, "index")
    assert number(page, "index") == str(int(chosen) + 1)
    press(page, "random")
    click(page, "shown", "49")
    assert len(captions(page, "images")) == 49


def use_train(page):
    page.locator(".st-key-learnt input").click()
    page.get_by_role("option", name="MLP", exact=True).click()
    settle(page)
    names = plot(page, "histories").evaluate("plot => plot.data.map(({name}) => name)")
    assert set(names) == {"CNN", "MLP"}
    expect(plot(page, "histories").locator(".legendtext")).to_have_text(["CNN", "MLP"])
    page.keyboard.press("Escape")


def use_evaluate(page):
    for shares in ("% of the row", "counts"):
        click(page, "cells", shares)
    true, read = mistakes(page)
    press_point(page, "confusion", [true, read])
    assert {caption.split("<br>")[1] for caption in captions(page, "gallery")} == {
        f"{true} as {read}"
    }
    press_point(page, "confusion", [4, 4])
    assert {caption.split("<br>")[1] for caption in captions(page, "gallery")} == {"4"}
    expect(page.locator(".st-key-outcome button").first).to_be_disabled()
    click(page, "order_by", "at random")
    before = captions(page, "gallery")
    press(page, "reshuffle")
    settle(page)
    assert captions(page, "gallery") != before
    click(page, "count", "49")
    assert len(captions(page, "gallery")) == 49
    chosen = captions(page, "gallery")[30].split("<br>")[0]
    press_point(page, "gallery", 30, trace=2)
    assert number(page, "test_index") == chosen
    expect(page.get_by_text(f"Image {chosen} is a 4, read as 4.")).to_be_visible()
    step_up(page, "test_index")
    click(page, "order_by", "the surest first")


def use_sidebar(page):
    """On Evaluate, which it concerns most."""
    page.locator(".st-key-model").get_by_text("MLP", exact=True).click()
    expect(page.get_by_text("The layers of MLP")).to_be_visible()
    choose(page, "compare", "CNN")
    expect(page.locator(".st-key-figures tbody tr")).to_have_count(2)
    wait_until_drawn(page, "Evaluate")


def test_a_walk_through_all_pages_meets_no_error(page):
    """Most are opened twice: they are also left and found again, as they were left."""
    for title, use in (
        ("Data", use_data),
        ("Train", use_train),
        ("Evaluate", use_evaluate),
        ("Draw", use_draw),
        ("Evaluate", settle if on_phone(page) else use_sidebar),
        ("Data", use_data_again),
        ("Draw", use_draw_again),
        ("Train", settle),
    ):
        seconds = turn_to(page, title)
        print(f"{title} opened in {seconds:.2f} s")
        assert seconds < SLOW
        use(page)
        assert_whole(page)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        assert width <= page.viewport_size["width"], title
        assert_legible(page)


def test_every_plot_tells_what_is_under_the_pointer_and_is_saved_as_a_picture(visit):
    """And can be read in the dark."""
    page = visit(color_scheme="dark")
    draw(page, DIGITS[3])
    assert wait_for_digit(page) == 3
    told = {}
    for title, keys in PLOTS.items():
        if title != "Draw":
            turn_to(page, title)
        assert_legible(page, dark=True)
        for key in sorted(keys):
            trace, point, _ = HOVERED[key]
            if point is None:
                point = int(np.argmax(plot(page, key).evaluate("plot => plot.data[0].y")))
            page.mouse.move(1, 1)
            x, y = place_of(page, key, point, trace)
            page.mouse.move(x - 1, y)
            page.mouse.move(x, y)
            hover = plot(page, key).locator(".hovertext").first
            hover.wait_for()
            told[key] = hover.text_content()
            assert_saved(page, key)
    assert_full_cells_stand_out(page)
    assert {key: words for key, words in told.items() if HOVERED[key][2] not in words} == {}
    assert {key: words for key, words in told.items() if "trace" in words} == {}
    assert re.fullmatch(r"grey 0: [\d,]+ pixels", told["values"])


def test_charts_follow_the_width_of_the_page(visit):
    page = visit(viewport={"width": 900, "height": 1000})
    turn_to(page, "Evaluate")
    assert_full_cells_stand_out(page)
    before = plot_width(page, "confusion")
    page.get_by_test_id("stSidebarHeader").hover()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    wait_for(lambda: plot_width(page, "confusion") > before + 50, 5)
    wait_for(lambda: plot_width(page, "confusion") == room(page, "confusion"), 5)
    page.get_by_test_id("stExpandSidebarButton").click()
    wait_for(lambda: plot_width(page, "confusion") == before, 5)


def assert_full_cells_stand_out(page):
    """In both themes."""
    scale = plot(page, "confusion").evaluate("plot => plot.data[0].colorscale")
    assert scale[1] == [1, "#4f46e5"] and scale[0][1] != scale[1][1]


def plot_width(page, key):
    """As Plotly has drawn it."""
    return plot(page, key).evaluate("plot => plot._fullLayout.width")


def room(page, key):
    return plot(page, key).evaluate("plot => plot.offsetWidth")


def swipe(page, start, way):
    """With a finger, from a place of the screen on its way across it."""
    client = page.context.new_cdp_session(page)
    for share in np.linspace(0, 1, 11):
        x, y = np.array(start) + share * np.array(way)
        touched = {"touchPoints": [{"x": x, "y": y}]}
        kind = "touchMove" if share else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind} | touched)
        page.wait_for_timeout(16)
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(300)


SCROLLED = """() => document.querySelector('[data-testid="stMain"]').scrollTop"""


def test_a_finger_on_a_chart_scrolls_the_page_and_taps_its_cells(visit):
    page = visit(**ANDROID)
    turn_to(page, "Evaluate")
    for key, point in (("by_digit", 5), ("confusion", [4, 4]), ("test_image", [9, 9])):
        x, y = place_of(page, key, point)
        before = page.evaluate(SCROLLED)
        swipe(page, (x, y), (0, -150))
        assert page.evaluate(SCROLLED) > before + 80, key
    press_point(page, "confusion", [4, 4])
    assert {caption.split("<br>")[1] for caption in captions(page, "gallery")} == {"4"}
    turn_to(page, "Data")
    x, y = place_of(page, "pixels", [9, 9])
    swipe(page, (x, y), (-150, 0))
    frame = plot(page, "pixels").locator("xpath=..")
    assert frame.evaluate("frame => frame.scrollLeft") > 80
    assert frame.evaluate("frame => frame.scrollWidth > frame.clientWidth")


def assert_saved(page, key):
    """As a picture of twice the plot's size, in which there is something."""
    with page.expect_download() as download:
        plot(page, key).locator("[data-title='Download plot as a PNG']").click()
    assert download.value.suggested_filename == f"digitcanvas-{key}.png"
    picture = cv2.imread(str(download.value.path()))
    width = plot(page, key).bounding_box()["width"]
    assert picture.shape[1] == pytest.approx(2 * width, abs=4) and np.ptp(picture) > 100


CONTRASTS = """
() => {
  const rgb = (color) => color.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const luminance = (color) => {
    const [r, g, b] = rgb(color)
      .map((c) => c / 255)
      .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
  const texts = [...document.querySelectorAll(
    ".stMain .plot :is(.xtick, .ytick, .g-xtitle, .g-ytitle, .legend, .scatterlayer) text"
  )];
  return texts.map((text) => {
    const both = [getComputedStyle(text).fill, ground].map(luminance);
    return [(Math.max(...both) + 0.05) / (Math.min(...both) + 0.05), text.textContent];
  });
}
"""


def assert_legible(page, dark=False):
    """By the contrast that the WCAG ask of small text, 4.5; the ground, too, is the page's."""
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 10 and min(contrasts)[0] > 4.5, min(contrasts)
    grounds = page.evaluate(
        """() => [...document.querySelectorAll(".stMain .plot")].map(
          (plot) => getComputedStyle(plot.querySelector(".main-svg")).backgroundColor)"""
    )
    for ground in grounds:
        shade = float(np.mean([int(part) for part in re.findall(r"\d+", ground)[:3]]))
        assert (shade < 128) is dark, ground


def test_a_drawing_survives_a_visit_to_another_page_and_can_be_gone_on_with(visit):
    page = visit()
    draw(page, DIGITS[4])
    assert wait_for_digit(page) == 4
    page.wait_for_timeout(500)
    before, told = ink(page), answer(page)
    turn_to(page, "Evaluate")
    turn_to(page, "Draw")
    assert wait_for_digit(page) == 4
    wait_for(lambda: (ink(page) ^ before).sum() < 0.05 * before.sum(), 5)
    assert answer(page) == told
    press(page, "undo")
    page.wait_for_function(
        "told => document.querySelector('.st-key-prediction').innerText !== told", arg=told
    )
    settle(page)
    turn_to(page, "Train")
    turn_to(page, "Draw")
    press(page, "redo")
    assert wait_for_digit(page) == 4
    wait_for(lambda: answer(page) == told, 5)
    wait_for(lambda: (ink(page) ^ before).sum() < 0.05 * before.sum(), 5)
    page.wait_for_timeout(500)
    clear(page)
    wait_for(lambda: not ink(page).any(), 5)
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7


class Runs:
    """Counts the runs of the whole page, each of which sends the sidebar anew."""

    def __init__(self, page):
        self._page, self._frames = page, []
        page.on(
            "websocket",
            lambda socket: socket.on("framereceived", lambda frame: self._frames.append(frame)),
        )

    def within(self, seconds):
        self._frames.clear()
        self._page.wait_for_timeout(seconds * 1000)
        return sum(b"Width in pixels" in frame for frame in self._frames)


def test_after_clear_and_a_visit_to_another_page_the_page_comes_to_rest(browser, app):
    """It runs again where the canvas has not heard of a press, and must not do so for ever."""
    page = browser.new_context(**DESKTOP).new_page()
    runs, problems = Runs(page), watch(page)
    page.goto(app.url)
    canvas(page).wait_for()
    draw(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    assert runs.within(1) == 0
    press(page, "clear")
    turn_to(page, "Train")
    assert runs.within(2.5) == 0
    turn_to(page, "Draw")
    assert runs.within(3) <= 1
    assert answer(page).startswith("Draw a digit") and not problems
    page.context.close()


def test_below_another_path_of_its_server_a_page_opened_by_its_address_is_whole(browser, tmp_path):
    """Streamlit itself asks where its server is, and is told that some places are wrong."""
    with serve(tmp_path, base="classes/digits") as app:
        page = browser.new_context(**DESKTOP).new_page()
        problems = watch(page)
        page.goto(f"{app.url}/data")
        wait_until_drawn(page, "Data")
        turn_to(page, "Draw")
        assert page.url.rstrip("/") == app.url
        assert_whole(page)
        page.context.close()
        asked = [p for p in problems if "/_stcore/" not in p and "Failed to load" not in p]
        assert asked == []


def enter(page, key, value):
    page.locator(f".st-key-{key} input").fill(value)
    page.locator(f".st-key-{key} input").press("Enter")
    settle(page)


def test_data_follows_the_form_in_the_sidebar(visit):
    page = visit()
    turn_to(page, "Data")
    page.locator(".st-key-settings summary").click()
    enter(page, "validation_share", "0.2")
    kept = "keeps 20 % to validate with, drawn by the seed 17."
    expect(page.get_by_text(f"The form in the sidebar {kept}")).to_be_visible()
    enter(page, "epochs", "0")
    expect(page.get_by_text("Until the form is mended, this keeps 5 %")).to_be_visible()
    enter(page, "epochs", "3")
    expect(page.get_by_text(f"The form in the sidebar {kept}")).to_be_visible()
    choose(page, "data", "The bundled sample of MNIST")
    expect(page.get_by_text("(3,200, 28, 28)")).to_be_visible()
    settle(page)


def start_search(page):
    """For a network that learns in no time, among a few digits."""
    turn_to(page, "Train")
    page.locator(".st-key-family").get_by_text("MLP").click()
    settle(page)
    choose(page, "recipe", "Tutorial: 4 and 4 neurons, greys of 0-1")
    settle(page)
    choose(page, "data", "The bundled sample of MNIST")
    settle(page)
    page.locator(".st-key-settings summary").click()
    enter(page, "epochs", "0")
    expect(page.get_by_text("The form in the sidebar has to be mended first.")).to_be_visible()
    expect(page.locator(".st-key-find_rate button")).to_be_disabled()
    for key, value in (("epochs", "5"), ("batch_size", "256"), ("validation_share", "0.9")):
        enter(page, key, value)
    expect(page.locator(".st-key-find_rate button")).to_be_enabled()
    expect(page.get_by_text("Learns from 400 digits, validates on 3,600")).to_be_visible()
    press(page, "find_rate")
    panel(page).get_by_text("Finding a learning rate").wait_for()


def test_a_learning_rate_is_searched_in_vain_and_again_and_taken_into_the_form(visit, app):
    page = visit()
    start_search(page)
    for key in ("find_rate", "retrain"):
        expect(page.locator(f".st-key-{key} button")).to_be_disabled()
    (worker,) = wait_for(app.workers)
    press(page, "cancel")
    worker.wait(timeout=5)
    panel(page).get_by_text("The search for a learning rate was cancelled").wait_for()
    press(page, "close")
    expect(panel(page)).to_have_count(0)

    press(page, "find_rate")
    start = time.monotonic()
    panel(page).get_by_text("worth trying").wait_for(timeout=90_000)
    print(f"searched in {time.monotonic() - start:.1f} s")
    chart = wait_for(lambda: plot(page, "curves").evaluate("plot => plot.data?.[0]"), 10)
    np.testing.assert_allclose(chart["x"][:3], [1e-4, 1.122e-4, 1.2589e-4], rtol=1e-3)
    assert len(chart["x"]) == len(chart["y"]) > 40
    wait_for(lambda: plot(page, "curves").evaluate("plot => plot.layout.shapes?.length"), 10)
    assert plot(page, "curves").evaluate("plot => plot.layout.xaxis.type") == "log"
    label = page.locator(".st-key-take_rate button").inner_text()
    rate = float(re.search(r"Take (\S+) for", label)[1])
    press(page, "take_rate")
    toast = page.get_by_test_id("stToast")
    expect(toast).to_contain_text(f"The form in the sidebar now has the learning rate {rate:g}.")
    wait_for(lambda: float(number(page, "learning_rate")) == rate, 10)
    assert float(number(page, "validation_share")) == 0.9
    for key in ("find_rate", "retrain"):
        expect(page.locator(f".st-key-{key} button")).to_be_enabled()
    assert app.workers() == [] and "tensorflow" not in app.maps()
