"""A room of three with a wall, in real browsers: what is drawn appears there, and a game."""

import re

import pytest

from tests.browser.driver import (
    PHONE,
    canvas,
    clear,
    press,
    sketch,
    wait_for,
    wait_for_digit,
)
from tests.browser.test_accessibility import violations
from tests.digits import DIGITS

pytestmark = pytest.mark.browser


@pytest.fixture
def people(someone, app):
    """Opens a page of the app for somebody new."""

    def come(path="", **options):
        page = someone(**options)
        page.goto(app.url + path)
        return page

    return come


def line(page):
    return page.locator(".room .words")


def tiles(wall):
    """The answers on the wall, the newest first."""
    return wall.locator(".tiles .said").all_inner_texts()


def figures(wall):
    entries = wall.locator(".figures > div").all_inner_texts()  # at once, as they change
    return dict(entry.split("\n") for entry in entries)


def test_a_room_of_three_with_a_wall(people):
    """One opens it on a projector; two join by its link, on a laptop and on a phone, and draw."""
    wall = people("/wall", viewport={"width": 1920, "height": 1080})
    press(wall, "open_room")
    code = wall.locator(".st-key-qr .code").inner_text()
    assert re.fullmatch("[A-Z]{5}", code)
    (link,) = re.findall(r"http\S+", wall.locator(".st-key-qr").inner_text())
    assert f"room={code}" in wall.url
    assert wall.locator(".st-key-qr img").evaluate("image => image.naturalWidth > 0")

    one, two = (people(link.removeprefix(wall.url.partition("/wall")[0]), **o) for o in ({}, PHONE))
    for page in (one, two):
        canvas(page).wait_for()
        line(page).get_by_text(f"In room {code}").wait_for()
    sketch(one, DIGITS[7])
    assert wait_for_digit(one) == 7
    wait_for(lambda: tiles(wall) == ["7"], 10)
    sketch(two, DIGITS[3])
    assert wait_for_digit(two) == 3
    wait_for(lambda: tiles(wall) == ["3", "7"], 10)
    wait_for(lambda: figures(wall) == {"drawings": "2", "people drawing": "2"}, 10)

    press(one, "told_right")  # it is the drawing on the wall that this is told of
    wait_for(lambda: figures(wall).get("read right, of those told") == "1 of 1", 15)
    assert len(tiles(wall)) == 2

    press(wall, "play")
    asked = wait_for(lambda: one.locator(".room .asked").inner_text(), 10)
    wait_for(lambda: wall.locator(".asking strong").inner_text() == asked, 5)
    for drawings in (3, 4, 5):  # on a busy machine the next digit may be asked meanwhile
        two.wait_for_timeout(800)  # nobody reads the digit faster
        sketch(two, DIGITS[int(two.locator(".room .asked").inner_text())])  # which clears the last
        wait_for(lambda count=drawings: len(tiles(wall)) == count, 10)
        wait_for(lambda: "In all: 0 read, 0" not in wall.locator(".all").inner_text(), 5)
        if "1 read" in wall.locator(".tally .all").inner_text():
            break
    wait_for(lambda: wall.locator(".best tbody td").all_inner_texts()[2:3] == ["1"], 5)

    wall.mouse.move(1, 1)
    for scheme in ("light", "dark"):
        wall.emulate_media(color_scheme=scheme)
        assert violations(wall) == []
    assert violations(two) == []

    wall.locator(".tiles button").last.click()  # the leader hides the 7
    wait_for(lambda: "7" not in tiles(wall)[-1:], 10)
    two.goto(two.url.replace("?", "wall?"))
    wait_for(lambda: len(tiles(two)) == len(tiles(wall)), 20)
    assert two.locator(".tiles button:enabled").count() == 0

    one.locator(".st-key-leave button").click()
    line(one).wait_for(state="detached")
    shown = tiles(wall)
    clear(one)
    sketch(one, DIGITS[1])
    assert wait_for_digit(one) == 1
    wait_for(lambda: figures(wall)["people drawing"] == "0", 10)
    assert "room" not in one.url and tiles(wall) == shown
