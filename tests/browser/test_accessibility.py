"""What assistive technology finds on each page: axe-core's rules, and what they cannot check."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.driver import PLOTS, sketch, turn_to, wait_for_digit
from tests.digits import DIGITS

pytestmark = pytest.mark.browser


def violations(page) -> list[str]:
    """What axe-core finds on the page, a line for each element."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("title", PLOTS)
def test_a_page_breaks_no_rule(page, title, scheme):
    page.emulate_media(color_scheme=scheme)
    if title == "Draw":
        sketch(page, DIGITS[7])
        wait_for_digit(page)
    else:
        turn_to(page, title)
    assert violations(page) == []
    page.emulate_media(color_scheme="light")
    turn_to(page, "Draw")
