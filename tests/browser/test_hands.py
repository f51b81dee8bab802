"""Two people teach two hands at once, in two browsers."""

import re
import time

import pytest

from digitcanvas.app.visitor import KEEPING
from tests.browser.driver import (
    PHONE,
    answer,
    go_to,
    sketch,
    turn_to,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

IN_TURN = "() => { Math.random = () => 0.999 }"
"""Has digits asked for in turn, beginning with 9."""

SMALL = PHONE | {"viewport": {"width": 375, "height": 664}}

ON_SCREEN = """
(selectors) => selectors.every((selector) => {
  const box = document.querySelector(selector).getBoundingClientRect();
  const isInside = box.left >= 0 && box.top >= 0 && box.right <= innerWidth;
  return box.height > 0 && isInside && box.bottom <= innerHeight;
})
"""


pytestmark = pytest.mark.browser


class Person:
    """A person in a browser of their own, who draws the digits given when these are asked for."""

    def __init__(self, page, writes):
        self.page, self.writes = page, {digit: digit for digit in range(10)} | writes

    def begin(self):
        self.page.evaluate(IN_TURN)
        self.open("Your hand")
        press_in(self.page, "go")

    def open(self, title):
        turn_to(self.page, title)
        if (
            self.page.viewport_size == SMALL["viewport"]
        ):  # the sidebar has the links, and stays open
            self.page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()

    def sees(self, *selectors):
        """Whether all of these elements are on the screen."""
        return self.page.evaluate(ON_SCREEN, selectors)

    def draw(self):
        digit = int(self.page.locator(".asking .asked").get_attribute("data-digit"))
        sketch(self.page, DIGITS[self.writes[digit]])
        return digit

    def wait(self, count):
        """Until so many drawings are kept, and the last one can be taken back."""
        self.has(count)
        self.page.locator(".asking .back").wait_for()

    def has(self, count):
        self.page.locator(".asking .count").get_by_text(re.compile(f"^{count} of 30")).wait_for()

    def stop(self):
        press_in(self.page, "halt")
        self.page.locator(".st-key-shelf .shelf img").first.wait_for()

    def taught(self):
        """What the drawings on the page were told to be."""
        return self.page.locator(".st-key-shelf .shelf button").all_inner_texts()

    def corrects(self, told, name):
        self.page.locator(".st-key-shelf .shelf button", has_text=told).click()
        self.page.locator(".st-key-shelf").get_by_role("button", name=name).click()

    def reads(self, digit):
        """As what the page reads the digit's drawing."""
        sketch(self.page, DIGITS[digit])
        return wait_for_digit(self.page)


def press_in(page, name):
    page.locator(f".asking .{name}").click()


@pytest.fixture
def people(sessions, someone, app):
    """Ada writes her 7 as others write a 1; Bob writes as others do, on a phone."""
    phone = someone(**SMALL)
    go_to(phone, app)
    return Person(sessions(), {7: 1}), Person(phone, {})


def test_two_people_teach_two_hands_at_once(people):
    ada, bob = people
    for person in people:
        person.begin()
    assert bob.sees(".asking .asked", ".asking .bar", ".st-key-canvas", ".st-key-clear")
    for count in (1, 2, 3):
        asked = [person.draw() for person in people]
        assert asked == [10 - count] * 2
        for person in people:
            person.wait(count)
    words = [person.page.locator(".asking .words").inner_text() for person in people]
    assert words == ["Your 7 was read as a 1 until now.", "Your 7 was read right."]

    press_in(bob.page, "back")  # that was not a 7
    bob.has(2)
    assert bob.draw() == 7
    bob.wait(3)

    for person in people:
        person.stop()
        assert person.taught() == ["7", "8", "9"]
    bob.corrects("9", "It is a 4")
    wait_for(lambda: bob.taught() == ["4", "7", "8"], 10)
    bob.corrects("4", "Take it back")
    wait_for(lambda: bob.taught() == ["7", "8"], 10)

    for person in people:
        person.open("Draw")
    assert [person.reads(1) for person in people] == [7, 1]

    ada.page.locator(".st-key-hand").get_by_text("Everybody's").click()
    wait_for(lambda: answer(ada.page).startswith("1"), 10)
    ada.page.locator(".st-key-hand").get_by_text("My hand").click()
    wait_for(lambda: answer(ada.page).startswith("7"), 10)
    assert answer(bob.page).startswith("1")


def test_that_nothing_is_to_be_kept_holds_in_all_tabs_and_lasts(someone, app):
    page = someone()
    go_to(page, app)
    tab = page.context.new_page()
    tab.goto(app.url)
    turn_to(page, "Your hand")
    page.locator(".st-key-keep").get_by_text("Keep what I tell").click()
    cookies = wait_for(lambda: [c for c in page.context.cookies() if c["name"] == KEEPING], 10)
    assert cookies[0]["value"] == "0" and cookies[0]["expires"] > time.time() + 300 * 24 * 3600
    sketch(tab, DIGITS[7])
    tab.locator(".st-key-told_right button").click()
    tab.get_by_text("You have switched off").wait_for()
