"""The models in the sidebar, in a real browser: removed, renamed and downloaded."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.driver import (
    answered,
    clear,
    network,
    press,
    publish,
    sketch,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser


@pytest.fixture
def home(app):
    return app.home


def test_a_network_is_removed_after_a_question_and_who_reads_with_it_is_told(sessions, home):
    publish(home, "mine")
    first, second = sessions(), sessions()
    for page in (first, second):
        network(page, "mine").click()
    sketch(second, DIGITS[7])
    assert wait_for_digit(second) == 7

    def ask():
        press(first, "manage")
        press(first, "remove")
        return first.get_by_role("dialog").filter(has_text="gone for good")

    question = ask()
    question.get_by_role("button", name="Close").click()
    expect(question).to_have_count(0)
    expect(network(first, "mine")).to_be_checked()
    question = ask()
    publish(home, "hers")
    expect(network(first, "hers")).to_have_count(1)
    expect(question).to_be_visible()
    press(first, "confirm_removal")
    expect(question).to_have_count(0)
    expect(network(first, "mine")).to_have_count(0)
    assert [path.name for path in home.iterdir() if path.is_dir()] == ["hers"]

    second.get_by_text("'mine' is gone").first.wait_for()  # in the sidebar, and as a toast
    expect(network(second, "CNN")).to_be_checked()
    assert wait_for_digit(second) == 7
    clear(second)
    sketch(second, DIGITS[4])
    assert wait_for_digit(second) == 4


def test_a_new_network_appears_on_every_page_and_without_a_live_socket_once_it_is_used(
    sessions, proxied, home
):
    page, cut_off = sessions(), proxied(lambda socket: socket.close())
    publish(home, "mine")
    expect(network(page, "mine")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(network(cut_off, "mine")).to_have_count(0)

    def is_used():
        cut_off.keyboard.press("Shift")
        cut_off.wait_for_timeout(1000)
        return network(cut_off, "mine").count()

    wait_for(is_used, 15)


def test_a_network_is_renamed_and_downloaded(sessions, home):
    publish(home, "mine")
    page = sessions()
    network(page, "mine").click()
    press(page, "manage")
    page.locator(".st-key-new_name input").fill("ours")
    with answered(page):
        press(page, "rename")
    expect(network(page, "ours")).to_be_checked()

    def download(suffix):
        """At its end, a run of the page removes what is being downloaded: news may bring one."""
        with page.expect_download() as download:
            page.locator(f".st-key-download{suffix.replace('.', '-')} button").click()
        return download if download.value.suggested_filename == f"ours{suffix}" else None

    for suffix in (".keras", ".tflite"):
        downloaded = wait_for(lambda suffix=suffix: download(suffix), 15)
        served = Path(downloaded.value.path()).read_bytes()
        assert served == (home / "ours" / f"model{suffix}").read_bytes()
