"""Training in the real app: a process of its own, and several browsers that look on."""

import re
import time
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from digitcanvas import Recognizer
from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from tests.browser.driver import (
    answered,
    choose,
    clear,
    fill_form,
    ink,
    network,
    open_settings,
    panel,
    plot,
    press,
    publish,
    retrain,
    serve,
    share,
    sketch,
    turn_to,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

pytestmark = [pytest.mark.browser, pytest.mark.training]

LONG = 500
"""Epochs: such a run does not come to its end by itself."""

PATIENCE = 90_000
"""Milliseconds that a busy machine may take."""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("home")) as app:
        yield app


@pytest.fixture
def home(app):
    return app.home


def directories(home):
    """Models, and what a run has left behind."""
    return [path.name for path in home.iterdir() if path.is_dir()]


def wait_for_text(page, text):
    panel(page).get_by_text(text).wait_for(timeout=PATIENCE)


def waited(process):
    """Seconds for which a process was ready and had no core, as on a machine with other work."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9


def assert_same(ink, other):
    assert (ink ^ other).sum() < 0.05 * other.sum()


def test_a_network_is_trained_from_the_sidebar_and_reads(sessions, app, home):
    """One session trains, and moves to the result; another looks on, draws and stays."""
    first, second = sessions(), sessions()
    sketch(second, DIGITS[4])
    assert wait_for_digit(second) == 4
    undisturbed = ink(second)
    shares = []

    def train():
        """And watch it from its start to its end."""
        retrain(first, "fresh", epochs=2)
        pressed = time.monotonic()
        worker = wait_for(lambda: app.workers())[0]
        shares.append(wait_for(lambda: share(first)))
        assert time.monotonic() - pressed - waited(worker) < 10
        expect(first.get_by_text("Other runs are under way: yours joins")).to_be_visible()
        wait_for_text(second, "Training fresh")
        while not panel(second).get_by_text("fresh is trained").count():
            shares.append(share(first))
            time.sleep(0.1)

    clear(second)
    sketch(second, DIGITS[4], halfway=train)
    assert wait_for_digit(second) == 4
    assert_same(ink(second), undisturbed)
    assert {shares[0], 100} < set(shares)
    wait_for_text(first, "fresh is trained")
    expect(network(first, "fresh")).to_be_checked()
    expect(network(second, "fresh")).to_be_visible()
    expect(network(second, "CNN")).to_be_checked()

    card = registry.read_card(home / "fresh")
    assert card.recipe["epochs"] == 2 and card.recipe["sample"]
    expect(panel(first)).to_contain_text(percent(card.test["accuracy"], 2))
    sketch(first, DIGITS[7])
    expected = Recognizer.load(home / "fresh").predict_strokes(DIGITS[7])
    assert wait_for_digit(first) == expected.digit
    assert directories(home) == ["fresh"]
    assert "tensorflow" not in app.maps()


def test_a_cancelled_training_is_gone_at_once_and_leaves_nothing(sessions, app, home):
    page = sessions()
    retrain(page, "regretted", LONG)
    wait_for_text(page, re.compile(rf"Epoch \d+ of {LONG}"))
    (worker,) = app.workers()
    press(page, "cancel")
    worker.wait(timeout=2)
    wait_for_text(page, "The training of “regretted” was cancelled. Nothing was kept.")
    assert directories(home) == []
    expect(page.locator(".st-key-retrain button")).to_be_enabled()
    expect(page.locator(".st-key-model").get_by_role("radio")).to_have_count(2)


def test_a_stroke_under_way_survives_a_network_that_another_process_publishes(sessions, home):
    page = sessions()
    sketch(page, DIGITS[4])
    assert wait_for_digit(page) == 4
    undisturbed = ink(page)

    def publish_another():
        publish(home, "mine")
        expect(network(page, "mine")).to_be_visible()

    clear(page)
    sketch(page, DIGITS[4], halfway=publish_another)
    assert wait_for_digit(page) == 4
    assert_same(ink(page), undisturbed)


def test_of_two_who_press_retrain_at_once_one_waits_for_the_other(sessions, app):
    pages = {name: sessions() for name in ("one", "two")}
    for name, page in pages.items():
        fill_form(page, name, LONG)
        with answered(page):
            page.locator(".st-key-name input").press("Enter")
    at = 1000 * time.time() + 500
    for page in pages.values():
        page.evaluate(
            """at => setTimeout(
              () => document.querySelector(".st-key-retrain button").click(), at - Date.now()
            )""",
            at,
        )
    heads = re.compile("(Training )?(one|two)( waits for other runs)?$")
    for name, page in pages.items():
        head = panel(page).locator("strong", has_text=heads).first
        expect(head).to_contain_text(name, timeout=PATIENCE)
        expect(page.get_by_test_id("stException")).to_have_count(0)
    first = wait_for(lambda: next((name for name in pages if is_training(pages[name])), None))
    second = "two" if first == "one" else "one"
    waits = pages[second]
    expect(panel(waits)).to_contain_text("Next: it starts in about")
    queue = waits.locator(".st-key-queue")
    queue.locator("summary").click()
    expect(queue.locator("li")).to_contain_text([first, f"{second} (yours): Next"])
    assert len(app.workers()) == 1
    press(pages[first], "cancel")
    wait_for_text(waits, f"Training {second}")
    expect(queue.locator("details")).to_be_hidden()
    press(waits, "cancel")
    wait_for_text(waits, f"The training of “{second}” was cancelled")
    wait_for(lambda: not app.workers())


def is_training(page):
    return panel(page).get_by_text(re.compile("^Training ")).count() == 1


def test_a_training_process_that_is_killed_is_told(sessions, app, home):
    page = sessions()
    retrain(page, "unlucky", LONG)
    wait_for(lambda: app.workers())[0].kill()
    wait_for_text(page, "“unlucky” was not trained")
    wait_for_text(page, "The run's process was killed (status -9)")
    assert directories(home) == []
    expect(page.locator(".st-key-retrain button")).to_be_enabled()


def enter(page, key, text):
    page.locator(f".st-key-{key} input").fill(text)
    with answered(page):
        page.locator(f".st-key-{key} input").press("Enter")


def value(page, key):
    return page.locator(f".st-key-{key} input").input_value()


def start_search(page):
    """For a network that learns in no time, among a few digits."""
    turn_to(page, "Train")
    with answered(page):
        choose(page, "recipe", "Tutorial MLP: 4 and 4 neurons, greys of 0-1")
    with answered(page):
        choose(page, "data", "The bundled sample of MNIST")
    open_settings(page)
    enter(page, "epochs", "0")
    expect(page.get_by_text("Fix the form in the sidebar first.")).to_be_visible()
    expect(page.locator(".st-key-find_rate button")).to_be_disabled()
    for key, value in (("epochs", "5"), ("batch_size", "256"), ("validation_share", "0.9")):
        enter(page, key, value)
    expect(page.locator(".st-key-find_rate button")).to_be_enabled()
    expect(page.get_by_text("Trains on 400 digits, validates on 3,600")).to_be_visible()
    press(page, "find_rate")
    panel(page).get_by_text("Finding a learning rate").wait_for()


def test_a_learning_rate_is_searched_in_vain_and_again_and_taken_into_the_form(sessions, app):
    page = sessions()
    start_search(page)
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
    rate = float(re.search(r"Use (\S+) for", label)[1])
    press(page, "take_rate")
    toast = page.get_by_test_id("stToast")
    expect(toast).to_contain_text(f"The training form now has the learning rate {rate:g}.")
    wait_for(lambda: float(value(page, "learning_rate")) == rate, 10)
    assert float(value(page, "validation_share")) == 0.9
    for key in ("find_rate", "retrain"):
        expect(page.locator(f".st-key-{key} button")).to_be_enabled()
    assert app.workers() == [] and "tensorflow" not in app.maps()
