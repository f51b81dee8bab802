"""The Picture tab in a browser: how pictures come, and that they stay."""

import base64

import pytest
from playwright.sync_api import expect

from digitcanvas.app.parts.picture_source import SAMPLES
from tests.browser.driver import turn_to
from tests.browser.test_accessibility import violations

FIVE, YEAR, TURNED = SAMPLES.values()

pytestmark = pytest.mark.browser

BRING = """
([how, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  const place = document.querySelector(".st-key-frame img");
  const options = { bubbles: true, cancelable: true };
  const event = how === "paste"
    ? new ClipboardEvent("paste", { ...options, clipboardData: data })
    : new DragEvent("drop", { ...options, dataTransfer: data });
  return place.dispatchEvent(event);
}
"""
"""Paste a file, or drop it on the picture. Gives whether the browser would do something itself."""


def bring(page, how, path):
    content = base64.b64encode(path.read_bytes()).decode()
    assert page.evaluate(BRING, [how, path.name, content]) is False


def rows(page):
    return page.locator(".pictures tbody tr")


def expect_shown(page, row, name, text):
    """The list has this in that row, and it is the picture that is shown."""
    cells = rows(page).nth(row).locator("td")
    expect(cells.nth(0)).to_have_text(name)
    expect(cells.nth(1)).to_have_text(text)
    expect(cells.nth(0).locator("button")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".st-key-frame img")).to_be_visible()


def visit(page, title):
    turn_to(page, title)
    if page.viewport_size["width"] < 600:  # a phone, where the sidebar covers the page
        page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()


@pytest.fixture(params=["page", "phone"])
def picture_tab(request):
    """A page on its Picture tab, without pictures before and after."""
    page = request.getfixturevalue(request.param)

    def empty():
        while rows(page).count():
            count = rows(page).count()
            rows(page).first.locator("button").last.click()
            expect(rows(page)).to_have_count(count - 1)

    page.get_by_role("tab", name="Picture").click()
    page.locator(".st-key-pictures .pictures").wait_for(state="attached")
    empty()
    expect(page.locator(".st-key-sample_pictures button")).to_have_count(3)
    yield page
    empty()
    page.get_by_role("tab", name="Canvas").click()


def test_pictures_come_by_file_paste_and_drop_and_stay(picture_tab):
    page = picture_tab
    assert page.locator(".st-key-sample_pictures").evaluate(
        "(samples) => samples.getBoundingClientRect().bottom <= innerHeight"
    )
    page.locator(".st-key-picture [type=file]").set_input_files(YEAR)
    expect(page.locator(".st-key-prediction")).to_contain_text("2026")
    expect_shown(page, 0, "year.jpg", "2026")
    visit(page, "Wall")
    expect(rows(page)).to_have_count(0)
    visit(page, "Draw")
    page.get_by_role("tab", name="Picture").click()
    expect_shown(page, 0, "year.jpg", "2026")
    if page.viewport_size["width"] < 600:  # a phone, from whose keyboard nothing is pasted
        return
    bring(page, "paste", FIVE)
    expect_shown(page, 1, "five.jpg", "5")
    bring(page, "drop", TURNED)
    expect_shown(page, 2, "turned.jpg", "4")
    expect(page.locator(".st-key-frame")).to_contain_text("Read after turning it by 90 degrees")
    assert violations(page) == []
    rows(page).nth(0).locator("button").first.click()
    expect_shown(page, 0, "year.jpg", "2026")
