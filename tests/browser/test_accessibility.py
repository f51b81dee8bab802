"""What assistive technology finds on each page: axe-core's rules, and what they cannot check."""

from contextlib import suppress

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.driver import (
    PLOTS,
    canvas,
    ink,
    kept,
    sketch,
    turn_to,
    wait_for,
    wait_for_digit,
    wait_for_number,
)
from tests.digits import DIGITS, on_canvas

pytestmark = pytest.mark.browser


def violations(page, rules: list[str] | None = None) -> list[str]:
    """What axe-core finds on the page, by these of its rules or by all: a line for each element."""
    options = {"resultTypes": ["violations"]}  # what passes is listed at length otherwise
    if rules:
        options["runOnly"] = rules
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def lasting_violations(page, rules: list[str] | None = None) -> list[str]:
    """Those that stay: while a page grows, a region may scroll that soon will not."""
    found = violations(page, rules)
    if found:
        with suppress(TimeoutError):
            wait_for(lambda: not violations(page, rules), 3)
            return []
    return found


@pytest.mark.parametrize("title", PLOTS)
def test_a_page_breaks_no_rule_in_either_theme(page, title):
    if title == "Draw":
        sketch(page, on_canvas("27", 40))
        wait_for_number(page, "27")
    else:
        turn_to(page, title)
    for scheme, rules in (("dark", None), ("light", ["color-contrast"])):
        page.emulate_media(color_scheme=scheme)
        assert lasting_violations(page, rules) == []
    turn_to(page, "Draw")


def test_a_digit_is_chosen_by_keyboard_alone(page):
    """From the canvas' buttons on with the Tab key: a sample, then Undo and Redo."""
    page.get_by_role("button", name="Sample of a 3").focus()
    page.keyboard.press("Enter")
    assert wait_for_digit(page) == 3
    assert ink(page).any()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert wait_for_digit(page) == 4
    assert len(kept(page)) == 2
    page.get_by_role("button", name="Undo").press("Enter")
    wait_for(lambda: len(kept(page)) == 1)


def test_what_a_screen_reader_hears(page):
    """The final answer alone, and the names of the canvas and the chart."""
    answer = page.locator(".st-key-prediction")
    assert answer.get_attribute("role") == "status"
    assert answer.get_attribute("aria-live") == "polite"
    busy = []
    sketch(page, DIGITS[7], lambda: busy.append(answer.get_attribute("aria-busy")))
    assert wait_for_digit(page) == 7
    assert busy == ["true"] and answer.get_attribute("aria-busy") == "false"
    assert "draw a digit" in canvas(page).get_attribute("aria-label")
    chart = page.locator(".st-key-probabilities .plot")
    wait_for(lambda: "7: 9" in chart.get_attribute("aria-label"))
    assert chart.get_attribute("aria-label").startswith("Chart of probability by digit. 0: ")


def test_nothing_moves_by_itself_for_those_who_want_it_calm(page):
    page.emulate_media(reduced_motion="reduce")
    turn_to(page, "Evaluate")
    plots = page.locator(".stMain .plot")
    moves = plots.evaluate_all(
        "plots => plots.map((plot) => plot.layout.transition?.duration ?? 0)"
    )
    assert moves and not any(moves)
    page.emulate_media(reduced_motion="no-preference")
    turn_to(page, "Draw")
