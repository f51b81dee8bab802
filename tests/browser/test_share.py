"""The drawing saved, sent in a link, and drawn again from the list of the tab's drawings."""

import json
import urllib.request

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.driver import (
    canvas,
    clear,
    ink,
    kept,
    press,
    sketch,
    wait_for,
    wait_for_digit,
    wait_until_empty,
)
from tests.browser.test_accessibility import violations
from tests.digits import DIGITS

pytestmark = pytest.mark.browser


def open_share(page):
    press(page, "share")
    dialog = page.locator("dialog.share")
    dialog.wait_for()
    return dialog


def way(page, name):
    return page.locator("dialog.share").get_by_role("button", name=name)


def copy_link(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_share(page)
    way(page, "Copy the link").click()
    expect(page.locator("dialog.share [role=status]")).to_contain_text("Copied")
    way(page, "Close").click()
    return page.evaluate("navigator.clipboard.readText()")


def saved(page, name):
    """What the browser saves on a press of the button of that name."""
    with page.expect_download() as download:
        way(page, name).click()
    return download.value.path()


def try_sample(page, digit):
    page.get_by_role("button", name=f"Sample of a {digit}").click()
    assert wait_for_digit(page) == digit


def again(page):
    """The listed drawings' buttons, which draw them again."""
    return page.locator("dialog.share .again")


def test_a_link_opens_the_page_with_the_drawing(someone, page, app):
    sketch(page, DIGITS[8])
    assert wait_for_digit(page) == 8
    drawn = ink(page)
    link = copy_link(page)
    assert link.startswith(f"{app.url}/") and len(link) < 700
    friend = someone()
    asked = []
    friend.on("request", lambda request: asked.append(request.url))
    friend.goto(link)
    canvas(friend).wait_for()
    assert wait_for_digit(friend) == 8
    wait_for(lambda: (ink(friend) & drawn).sum() > 0.95 * drawn.sum(), 10)
    assert "drawing" not in friend.url
    assert asked and not any("drawing=" in url for url in asked)


def test_a_link_opened_in_the_tab_is_undone_as_a_sample_is(page):
    try_sample(page, 3)
    link = copy_link(page)
    clear(page)
    sketch(page, DIGITS[1])
    assert wait_for_digit(page) == 1
    page.evaluate("link => { location.href = link }", link)  # a fragment alone: nothing is loaded
    page.wait_for_function("() => document.querySelector('.digit')?.textContent === '3'")
    assert wait_for_digit(page) == 3
    press(page, "undo")
    page.wait_for_function("() => document.querySelector('.digit')?.textContent === '1'")
    assert wait_for_digit(page) == 1


@pytest.mark.parametrize("damage", [lambda text: text[:-3], lambda _: "", lambda _: "<b>%00"])
def test_a_damaged_link_does_nothing_and_says_so(page, app, damage):
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
    before = kept(page)
    page.evaluate("rest => { location.hash = 'drawing=' + rest }", damage("AQAAAQID"))
    notice = page.locator(".st-key-companion .notice")
    expect(notice).to_have_text("The drawing in this link is damaged: ask for the link again.")
    assert "drawing" not in page.url
    np.testing.assert_equal(kept(page), before)
    sketch(page, DIGITS[1])
    expect(notice).to_be_hidden()


def test_without_a_clipboard_the_link_can_be_copied_by_hand(page, app):
    sketch(page, DIGITS[7])
    wait_for_digit(page)
    page.evaluate(
        """() => {
          Object.defineProperty(navigator, "clipboard", {value: null, configurable: true});
          document.execCommand = () => false;
        }"""
    )
    open_share(page)
    way(page, "Copy the link").click()
    expect(page.locator("dialog.share [role=status]")).to_contain_text("Copy the link yourself")
    field = page.get_by_label("The link to this drawing")
    expect(field).to_be_focused()
    assert field.input_value().startswith(f"{app.url}/#drawing=")
    way(page, "Close").click()
    page.evaluate("() => { delete navigator.clipboard; delete document.execCommand }")


def test_a_phone_sends_the_link_by_an_app_of_its_own(page, app):
    try_sample(page, 7)
    open_share(page)
    expect(way(page, "Send the link")).to_be_hidden()
    way(page, "Close").click()
    page.evaluate("() => { navigator.share = async (what) => { window.sent = what } }")
    open_share(page)
    way(page, "Send the link").click()
    assert page.evaluate("window.sent.url").startswith(f"{app.url}/#drawing=")
    page.evaluate("() => { navigator.share = async () => { throw new TypeError() } }")
    way(page, "Send the link").click()
    expect(page.locator("dialog.share [role=status]")).to_contain_text("copy it")
    way(page, "Close").click()
    page.evaluate("delete navigator.share")


def test_what_is_saved_is_read_as_it_was(page, app, cnn):
    sketch(page, DIGITS[4])
    assert wait_for_digit(page) == 4
    open_share(page)
    picture = cv2.imread(str(saved(page, "Save as a picture (PNG)")), cv2.IMREAD_GRAYSCALE)
    strokes = saved(page, "Save its strokes (JSON)").read_bytes()
    way(page, "Close").click()
    assert picture.shape == (840, 840)
    assert cnn.predict_image(picture).digit == 4
    small = cv2.resize(picture, (280, 280), interpolation=cv2.INTER_AREA) > 128
    assert (small ^ ink(page))[5:-5, 5:-5].sum() < 0.03 * small.sum()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{app.url}/api/predict", strokes, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["digit"] == 4


def test_the_tabs_drawings_are_drawn_again_and_deleted(page):
    open_share(page)
    page.locator("dialog.share .all").evaluate("button => button.click()")
    way(page, "Close").click()
    for digit in 7, 3, 2:
        try_sample(page, digit)
    clear(page)
    open_share(page)
    expect(again(page)).to_have_text(["2", "3", "7"])
    page.get_by_role("button", name="Draw it again: a 3").click()
    assert wait_for_digit(page) == 3
    wait_for(lambda: ink(page).any(), 10)
    open_share(page)
    page.get_by_role("button", name="Delete: a 2").press("Enter")
    expect(again(page)).to_have_text(["3", "7"])
    expect(page.get_by_role("button", name="Delete: a 3")).to_be_focused()
    way(page, "Delete all").click()
    expect(again(page)).to_have_count(0)
    way(page, "Close").click()
    page.reload()
    assert wait_for_digit(page) == 3
    press(page, "undo")
    wait_until_empty(page)
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    open_share(page)
    expect(page.locator("dialog.share .none")).to_be_visible()
    expect(way(page, "Copy the link")).to_be_disabled()
    page.keyboard.press("Escape")


def test_the_dialog_is_used_by_keyboard_and_draws_nothing_beside_it(page):
    try_sample(page, 5)
    button = page.get_by_role("button", name="Save or share")
    button.press("Enter")
    dialog = page.locator("dialog.share")
    expect(dialog).to_be_visible()
    page.keyboard.press("3")  # which tells what the drawing is, but for the dialog
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    button.press("Enter")
    before = kept(page)
    box = page.locator(".st-key-canvas").bounding_box()
    page.mouse.click(box["x"] + 20, box["y"] + 20)
    expect(dialog).to_be_hidden()
    np.testing.assert_equal(kept(page), before)
    assert wait_for_digit(page) == 5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_dialog_breaks_no_rule(page, scheme):
    page.emulate_media(color_scheme=scheme)
    try_sample(page, 7)
    try_sample(page, 1)
    open_share(page)
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.emulate_media(color_scheme="light")
