"""All pages in a real browser: walked through, pressed, hovered, saved and left again."""

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from digitcanvas.figures.charts import TOP
from tests.browser.driver import (
    PHONE,
    PLOTS,
    answer,
    answered,
    canvas,
    choose,
    clear,
    go_to,
    ink,
    open_settings,
    open_settled,
    place_of,
    plot,
    press,
    serve,
    settle,
    sketch,
    touch,
    turn_to,
    wait_for,
    wait_for_digit,
    wait_until_drawn,
    wait_until_empty,
    watch,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser

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
    "images": (2, 4, "training image "),
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


@pytest.fixture
def visit(lend, browser, app):
    """Gives a page in a new session, and finds in the end that nothing went wrong on it."""

    def open_one(options):
        page = open_settled(browser, app, **options)
        page.problems = watch(page)
        page.is_new = True
        return page

    def check(page):
        assert_whole(page)
        assert page.problems == []

    def visit(phone=False):
        kind, options = ("Android", ANDROID) if phone else ("visit", DESKTOP)
        page = lend(kind, lambda: open_one(options), check)
        if not page.is_new:
            page.evaluate("sessionStorage.clear()")
            page.emulate_media(color_scheme="light")
            page.set_viewport_size(options["viewport"])
            page.goto(app.url)
            canvas(page).wait_for()
            page.sent.forget()
            page.problems.clear()  # leaving a page ends what it still asks for
        page.is_new = False
        return page

    return visit


@pytest.fixture(params=["desktop", "phone"])
def page(request, visit):
    return visit(phone=request.param == "phone")


def on_phone(page):
    return page.viewport_size["width"] == PHONE["viewport"]["width"]


def assert_whole(page):
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def click(page, key, name):
    """Press one of the buttons below a key."""
    with answered(page):
        page.locator(f".st-key-{key}").get_by_role("button", name=name, exact=True).or_(
            page.locator(f".st-key-{key}").get_by_role("radio", name=name, exact=True)
        ).first.click()
    assert_whole(page)


def press_point(page, key, point, trace=0):
    """With a finger on a phone, else with the mouse."""
    x, y = place_of(page, key, point, trace)
    with answered(page):
        if on_phone(page):
            page.touchscreen.tap(x, y)
        else:
            page.mouse.move(x, y)
            page.mouse.click(x, y)
    assert_whole(page)


def step_up(page, key):
    with answered(page):
        page.locator(f".st-key-{key}").get_by_test_id("stNumberInputStepUp").click()
    assert_whole(page)


def number(page, key):
    return page.locator(f".st-key-{key} input").input_value()


def switch(page, key):
    with answered(page):
        page.locator(f".st-key-{key} label").first.click()
    assert_whole(page)


def captions(page, key):
    return plot(page, key).evaluate("plot => plot.data[1].text")


def wait_for_captions(page, key, fits):
    """Wait until the captions of an image grid are as they should be."""
    wait_for(lambda: fits(captions(page, key)), 10)


def wait_for_number(page, key, value):
    wait_for(lambda: number(page, key) == value, 10)


def are_of(kind):
    """Whether the captions of the gallery are all of a kind: "4", or "4 as 9"."""
    return lambda captions: {caption.split("<br>")[1] for caption in captions} == {kind}


def mistakes(page):
    """The cell of the confusion matrix off its diagonal with most images in it."""
    shares = np.array(plot(page, "confusion").evaluate("plot => plot.data[0].z"))
    np.fill_diagonal(shares, 0)
    return np.argwhere(shares == shares.max())[0].tolist()


def use_draw(page):
    (touch if on_phone(page) else sketch)(page, DIGITS[7])
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


def are_threes(captions):
    return {caption[-1] for caption in captions} == {"3"}


def use_data_again(page):
    wait_for_captions(page, "images", lambda found: are_threes(found) and len(found) == 49)


def use_data(page):
    click(page, "part", "test")
    before = captions(page, "images")
    press(page, "reshuffle")
    wait_for_captions(page, "images", lambda found: found != before)
    click(page, "only", "3")
    wait_for_captions(page, "images", are_threes)
    chosen = captions(page, "images")[8].split(":")[0]
    press_point(page, "images", 8, trace=2)
    wait_for_number(page, "index", chosen)
    expect(page.get_by_text(f"The label of image {chosen} is 3.")).to_be_visible()
    step_up(page, "index")
    wait_for_number(page, "index", str(int(chosen) + 1))
    with answered(page):
        press(page, "random")
    click(page, "shown", "49")
    wait_for_captions(page, "images", lambda found: len(found) == 49)


def use_train(page):
    page.locator(".st-key-learnt input").click()
    with answered(page):
        page.get_by_role("option", name="MLP", exact=True).click()
    names = "plot => plot.data.map(({name}) => name)"
    wait_for(lambda: set(plot(page, "histories").evaluate(names)) == {"CNN", "MLP"}, 10)
    expect(plot(page, "histories").locator(".legendtext")).to_have_text(["CNN", "MLP"])
    page.keyboard.press("Escape")


def use_evaluate(page):
    for shares in ("% of the row", "counts"):
        click(page, "cells", shares)
    true, read = mistakes(page)
    press_point(page, "confusion", [true, read])
    wait_for_captions(page, "gallery", are_of(f"{true} as {read}"))
    expect(page.get_by_text(f"Every {true} that CNN reads as {read}")).to_be_in_viewport()
    press_point(page, "confusion", [4, 4])
    wait_for_captions(page, "gallery", are_of("4"))
    expect(page.locator(".st-key-outcome button").first).to_be_disabled()
    click(page, "order_by", "random")
    before = captions(page, "gallery")
    press(page, "reshuffle")
    wait_for_captions(page, "gallery", lambda found: found != before)
    click(page, "count", "49")
    wait_for_captions(page, "gallery", lambda found: len(found) == 49)
    chosen = captions(page, "gallery")[30].split("<br>")[0]
    press_point(page, "gallery", 30, trace=2)
    wait_for_number(page, "test_index", chosen)
    expect(page.get_by_text(f"Image {chosen} is a 4, read as 4 ")).to_be_in_viewport()
    step_up(page, "test_index")
    click(page, "order_by", "surest first")


def use_sidebar(page):
    """On Evaluate, which it concerns most."""
    page.locator(".st-key-model").get_by_text("MLP", exact=True).click()
    expect(page.get_by_text("Which digits MLP confuses")).to_be_visible()
    choose(page, "compare", "CNN")
    expect(page.locator(".st-key-figures thead th")).to_have_count(3)
    wait_until_drawn(page, "Evaluate")


def test_a_walk_through_all_pages_meets_no_error(page):
    """On a desktop all is used, and most are opened twice, to be found as they were left."""
    first = [
        ("Data", use_data),
        ("Train", use_train),
        ("Evaluate", use_evaluate),
        ("Draw", use_draw),
    ]
    again = [
        ("Evaluate", use_sidebar),
        ("Data", use_data_again),
        ("Draw", use_draw_again),
        ("Train", assert_whole),
    ]
    for title, use in first if on_phone(page) else first + again:
        seconds = turn_to(page, title)
        print(f"{title} opened in {seconds:.2f} s")
        assert seconds < SLOW
        if not on_phone(page):
            use(page)
        assert_whole(page)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        assert width <= page.viewport_size["width"], title
        assert_legible(page)


def test_every_plot_tells_what_is_under_the_pointer_and_is_saved_as_a_picture(visit):
    """And can be read in the dark."""
    page = visit()
    page.emulate_media(color_scheme="dark")
    sketch(page, DIGITS[3])
    assert wait_for_digit(page) == 3
    told = {}
    for title, keys in PLOTS.items():
        if title != "Draw":
            turn_to(page, title)
        if keys:
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
            if key == "images":
                index = captions(page, key)[point].split(":")[0]
                assert f"training image {index}, a " in told[key]
            if key == min(keys):  # one of each page: it takes a while
                assert_saved(page, key)
    turn_to(page, "Evaluate")
    assert_full_cells_stand_out(page)
    assert {key: words for key, words in told.items() if HOVERED[key][2] not in words} == {}
    assert {key: words for key, words in told.items() if "trace" in words} == {}
    assert re.fullmatch(r"grey 0: [\d,]+ pixels", told["values"])


def test_charts_follow_the_width_of_the_page(visit):
    page = visit()
    page.set_viewport_size({"width": 900, "height": 1000})
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
    assert scale[1] == [1, TOP] and scale[0][1] != scale[1][1]


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
    client.detach()
    wait_for(lambda: is_still(page))


def is_still(page):
    """Whether nothing has scrolled for a tenth of a second."""
    before = page.evaluate(SCROLLED)
    page.wait_for_timeout(100)
    return page.evaluate(SCROLLED) == before


SCROLLED = """() => document.querySelector('[data-testid="stMain"]').scrollTop"""
"""How far down the page is, in pixels."""


def test_a_finger_on_a_chart_scrolls_the_page_and_taps_its_cells(visit):
    page = visit(phone=True)
    turn_to(page, "Evaluate")
    for key, point in (("by_digit", 5), ("confusion", [4, 4]), ("test_image", [9, 9])):
        x, y = place_of(page, key, point)
        before = page.evaluate(SCROLLED)
        swipe(page, (x, y), (0, -150))
        assert page.evaluate(SCROLLED) > before + 80, key
    press_point(page, "confusion", [4, 4])
    wait_for_captions(page, "gallery", are_of("4"))
    turn_to(page, "Data")
    x, y = place_of(page, "pixels", [9, 9])
    swipe(page, (x, y), (-150, 0))
    frame = plot(page, "pixels").locator("xpath=..")
    wait_for(lambda: frame.evaluate("frame => frame.scrollLeft") > 80, 5)
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
    assert len(contrasts) >= 10 and min(contrasts)[0] > 4.5, min(contrasts)
    grounds = page.evaluate(
        """() => [...document.querySelectorAll(".stMain .plot")].map(
          (plot) => getComputedStyle(plot.querySelector(".main-svg")).backgroundColor)"""
    )
    for ground in grounds:
        shade = float(np.mean([int(part) for part in re.findall(r"\d+", ground)[:3]]))
        assert (shade < 128) is dark, ground


def test_a_drawing_survives_a_visit_to_another_page_and_can_be_gone_on_with(visit):
    page = visit()
    sketch(page, DIGITS[4])
    assert wait_for_digit(page) == 4
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
    turn_to(page, "Train")
    turn_to(page, "Draw")
    press(page, "redo")
    assert wait_for_digit(page) == 4
    wait_for(lambda: answer(page) == told, 5)
    wait_for(lambda: (ink(page) ^ before).sum() < 0.05 * before.sum(), 5)
    clear(page)
    wait_for(lambda: not ink(page).any(), 5)
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7


def test_below_another_path_of_its_server_the_app_is_whole_and_small(someone, tmp_path):
    """Streamlit itself asks where its server is, and is told that some places are wrong."""
    with serve(tmp_path, base="classes/digits") as app:
        page = someone(**DESKTOP)
        go_to(page, app)
        settle(page)
        problems = watch(page)
        sketch(page, DIGITS[7])
        assert wait_for_digit(page) == 7
        expect(page.locator(".st-key-probabilities .bars path")).to_have_count(10)
        assert app.memory() < 300
        assert "tensorflow" not in app.maps()
        page.goto(f"{app.url}/data")
        wait_until_drawn(page, "Data")
        turn_to(page, "Draw")
        assert page.url.rstrip("/") == app.url
        assert_whole(page)
        asked = [p for p in problems if "/_stcore/" not in p and "Failed to load" not in p]
        assert asked == []


def enter(page, key, value):
    page.locator(f".st-key-{key} input").fill(value)
    with answered(page):
        page.locator(f".st-key-{key} input").press("Enter")


def test_data_follows_the_form_in_the_sidebar(visit):
    page = visit()
    turn_to(page, "Data")
    open_settings(page)
    enter(page, "validation_share", "0.2")
    kept = "keeps 20 % for validation, chosen with seed 17."
    expect(page.get_by_text(f"The form in the sidebar {kept}")).to_be_visible()
    enter(page, "epochs", "0")
    expect(page.get_by_text("Until you fix the form, this page keeps 5 %")).to_be_visible()
    enter(page, "epochs", "3")
    expect(page.get_by_text(f"The form in the sidebar {kept}")).to_be_visible()
    choose(page, "data", "The bundled sample of MNIST")
    expect(page.get_by_text("(3,200, 28, 28)")).to_be_visible()
