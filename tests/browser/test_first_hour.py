"""What a newcomer does first, in so few presses; and what a reload keeps."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from digitcanvas.reading import registry
from tests.apptest import png
from tests.browser.driver import (
    PHONE,
    ROOT,
    answered,
    choose,
    choose_pen,
    go_to,
    network,
    open_settings,
    press,
    publish,
    serve,
    settle,
    sketch,
    turn_to,
    wait_for,
    wait_for_digit,
    wait_until_drawn,
)
from tests.digits import DIGITS

pytestmark = pytest.mark.browser

WITH_FAKE_WORKER = f"""
from digitcanvas.reading import registry
from digitcanvas.runs import jobs

FAKE = {sys.executable!r}, {str(ROOT / "tests/runs/fake_worker.py")!r}
jobs._all[registry.home()] = jobs.Jobs(registry.home(), FAKE)
"""
"""What makes the app's trainings those of fake_worker.py, which take no time."""

COUNT = """
window.presses = [];
addEventListener("click", (event) => {
  const isReal = event.isTrusted && (event.pointerId ?? 0) >= 0; // not a label's for its input
  const [target] = event.composedPath();
  if (isReal && !target.matches("canvas")) presses.push(target.textContent);
}, true);
"""
"""Notes each press of the page, but not the pen's."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    script = tmp_path_factory.mktemp("script") / "app.py"
    script.write_text(WITH_FAKE_WORKER + Path(ROOT, "streamlit_app.py").read_text())
    with serve(tmp_path_factory.mktemp("home"), script=str(script)) as app:
        yield app


@pytest.fixture
def home(app):
    yield app.home
    for path in app.home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


@pytest.fixture
def fresh(someone, app, home):
    """The page as a newcomer finds it."""
    page = someone({"width": 1280, "height": 900})
    go_to(page, app)
    settle(page)
    page.evaluate(COUNT)
    return page


def presses(page):
    return page.evaluate("presses")


def test_a_digit_is_read_without_a_press(fresh):
    sketch(fresh, DIGITS[4])
    assert wait_for_digit(fresh) == 4
    assert presses(fresh) == []


def test_a_picture_is_read_with_two(fresh):
    fresh.get_by_role("tab", name="Picture").click()
    with fresh.expect_file_chooser() as chooser:
        fresh.locator(".st-key-picture button").first.click()
    chooser.value.set_files({"name": "8.png", "mimeType": "image/png", "buffer": png(8)})
    wait_for(lambda: fresh.locator(".st-key-prediction").inner_text().startswith("8"), 20)
    assert len(presses(fresh)) == 2


def test_the_network_is_switched_with_one(fresh):
    network(fresh, "MLP").click()
    expect(network(fresh, "MLP")).to_be_checked()
    parameters = registry.read_card(registry.SHIPPED / "mlp").parameters
    expect(fresh.get_by_text(f"{parameters:,} parameters")).to_be_visible()
    sketch(fresh, DIGITS[7])
    assert wait_for_digit(fresh) == 7
    assert presses(fresh) == ["MLP"]


def test_a_network_is_retrained_and_reads_with_three(fresh):
    """One does with all of MNIST. On this page's left, all of it in sight."""
    choose(fresh, "data", "The bundled sample of MNIST")
    button = fresh.locator(".st-key-retrain button").bounding_box()
    assert button["y"] + button["height"] < 700
    press(fresh, "retrain")
    expect(network(fresh, "quick")).to_be_checked(timeout=30_000)
    sketch(fresh, DIGITS[3])
    assert wait_for_digit(fresh) == 3
    assert len(presses(fresh)) == 3


def test_what_a_network_misreads_is_seen_with_one(fresh):
    fresh.get_by_role("link", name="Evaluate", exact=True).click()
    wait_until_drawn(fresh, "Evaluate")
    expect(fresh.locator(".st-key-outcome").get_by_role("radio", name="wrong")).to_be_checked()
    expect(fresh.locator(".st-key-gallery .plot")).to_be_visible()
    assert presses(fresh) == ["Evaluate"]


# A reload


def test_a_reload_keeps_what_was_chosen_and_no_step_of_it_is_in_the_history(fresh):
    page = fresh
    steps = page.evaluate("history.length")
    with answered(page):
        network(page, "MLP").click()
    with answered(page):
        choose(page, "compare", "CNN")
    choose_pen(page, "Broad")
    with answered(page):
        page.locator(".st-key-centred label").first.click()
    open_settings(page)
    page.locator(".st-key-epochs input").fill("7")
    page.locator(".st-key-epochs input").press("Enter")
    link = "?model=mlp&compare=cnn&pen_width=28&centred=false&epochs=7"
    page.wait_for_function("(link) => location.search === link", arg=link)
    assert page.evaluate("history.length") == steps
    page.get_by_role("link", name="Data", exact=True).click()
    page.wait_for_function(
        "(link) => location.pathname === '/data' && location.search === link", arg=link
    )
    page.reload()
    expect(network(page, "MLP")).to_be_checked()
    expect(page.locator(".st-key-compare input")).to_have_value("CNN")
    turn_to(page, "Draw")
    expect(page.get_by_role("radio", name="Broad pen")).to_be_checked()
    expect(page.locator(".st-key-centred input")).not_to_be_checked()
    open_settings(page)
    expect(page.locator(".st-key-epochs input")).to_have_value("7")
    network(page, "CNN").click()
    page.wait_for_function("() => !location.search.includes('model')")


def test_a_tab_that_is_reloaded_in_its_run_moves_to_the_result(fresh, home):
    page = fresh
    publish(home, "mine")
    run = "0123456789abcdef"
    card = home / "mine" / registry.CARD
    card.write_text(json.dumps(json.loads(card.read_text()) | {"run": run}))
    expect(network(page, "mine")).to_be_visible()
    page.evaluate("(run) => sessionStorage.setItem('digitcanvas.run', run)", run)
    page.reload()
    expect(network(page, "mine")).to_be_checked(timeout=10_000)
    page.wait_for_function("() => sessionStorage.getItem('digitcanvas.run') === null")


def test_the_sidebar_of_a_phone_opens_over_the_page_and_closes(someone, app):
    page = someone(**PHONE)
    go_to(page, app)
    page.get_by_test_id("stExpandSidebarButton").click()
    network(page, "MLP").click()
    expect(network(page, "MLP")).to_be_checked()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    expect(network(page, "MLP")).not_to_be_in_viewport()
    sketch(page, DIGITS[7])
    assert wait_for_digit(page) == 7
