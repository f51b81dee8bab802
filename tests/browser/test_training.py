"""Training in the real app: a process of its own, and several browsers that look on."""

import os
import re
import shutil
import signal
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import expect

from digitcanvas import Recognizer
from digitcanvas.reading import registry
from digitcanvas.runs.jobs import SCRATCH
from tests.browser.driver import (
    canvas,
    clear,
    draw,
    fill_form,
    ink,
    open_page,
    panel,
    press,
    retrain,
    serve,
    share,
    wait_for,
    wait_for_digit,
)
from tests.digits import DIGITS

LONG = 500
"""Epochs: such a run does not come to its end by itself."""

PATIENCE = 90_000
"""Milliseconds that a busy machine may take."""

TALL = {"viewport": {"width": 1280, "height": 1200}}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def app(home):
    with serve(home) as app:
        yield app


@pytest.fixture
def sessions(browser, app, home):
    """Opens sessions, and clears away what a test leaves behind."""
    pages = []

    def open_session(app=app):
        pages.append(open_page(browser, app, **TALL))
        return pages[-1]

    yield open_session
    for page in pages:
        page.context.close()
    for worker in app.workers():
        worker.kill()
    wait_for(lambda: not (home / SCRATCH).exists())
    for model in home.iterdir():
        shutil.rmtree(model)


def publish(home, name):
    """As training does: whole, in one step."""
    shutil.copytree(registry.SHIPPED / "mlp", home / f".{name}")
    (home / f".{name}").rename(home / name)


def network(page, name):
    return page.locator(".st-key-model").get_by_role("radio", name=name)


def wait_for_text(page, text):
    panel(page).get_by_text(text).wait_for(timeout=PATIENCE)


def waited(process):
    """Seconds for which a process was ready and had no core, as on a machine with other work."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9


def test_a_network_is_trained_from_the_sidebar_and_reads(sessions, app, home):
    """One session trains, and moves to the result; another looks on, draws and stays."""
    first, second = sessions(), sessions()
    retrain(first, "fresh", epochs=3)
    pressed = time.monotonic()
    worker = wait_for(lambda: app.workers())[0]
    shares = [wait_for(lambda: share(first))]
    assert time.monotonic() - pressed - waited(worker) < 10

    expect(first.locator(".st-key-retrain button")).to_be_disabled()
    second.reload()
    canvas(second).wait_for()
    wait_for_text(second, "Training fresh")

    def watch():
        while not panel(second).get_by_text("fresh is trained").count():
            shares.append(share(first))
            time.sleep(0.1)

    draw(second, DIGITS[4], halfway=watch)
    assert wait_for_digit(second) == 4
    assert {shares[0], 100} < set(shares)
    wait_for_text(first, "fresh is trained")
    expect(network(first, "fresh")).to_be_checked()
    expect(network(second, "fresh")).to_be_visible()
    expect(network(second, "CNN")).to_be_checked()

    card = registry.read_card(home / "fresh")
    assert card.recipe["epochs"] == 3 and card.recipe["sample"]
    assert f"{card.test['accuracy'] * 100:.2f} %" in panel(first).inner_text()
    draw(first, DIGITS[7])
    expected = Recognizer.load(home / "fresh").predict_strokes(DIGITS[7])
    assert wait_for_digit(first) == expected.digit
    assert [path.name for path in home.iterdir()] == ["fresh"]
    assert "tensorflow" not in app.maps()


def test_a_cancelled_training_is_gone_at_once_and_leaves_nothing(sessions, app, home):
    page = sessions()
    retrain(page, "regretted", LONG)
    wait_for_text(page, f"Epoch 1 of {LONG}")
    (worker,) = app.workers()
    press(page, "cancel")
    worker.wait(timeout=2)
    wait_for_text(page, "The training of regretted was cancelled; nothing of it is left")
    assert list(home.iterdir()) == []
    expect(page.locator(".st-key-retrain button")).to_be_enabled()
    expect(page.locator(".st-key-model").get_by_role("radio")).to_have_count(2)


def test_a_stroke_under_way_survives_a_training_s_start_and_end_and_a_new_network(sessions, home):
    first, second = sessions(), sessions()
    draw(second, DIGITS[4])
    assert wait_for_digit(second) == 4
    undisturbed = ink(second)

    def start():
        retrain(first, "disturbing", LONG)
        wait_for_text(second, "Training disturbing")

    def publish_another():
        publish(home, "mine")
        expect(network(second, "mine")).to_be_visible()

    def cancel():
        press(first, "cancel")
        wait_for_text(second, "disturbing was cancelled")

    for disturb in (start, lambda: None, publish_another, cancel):
        clear(second)
        draw(second, DIGITS[4], halfway=disturb)
        assert wait_for_digit(second) == 4
        assert (ink(second) ^ undisturbed).sum() < 0.05 * undisturbed.sum()


def test_of_two_who_press_retrain_at_once_one_trains_and_both_see_which(sessions, app):
    pages = {name: sessions() for name in ("one", "two")}
    for name, page in pages.items():
        fill_form(page, name, LONG)
        page.locator(".st-key-name input").press("Enter")
    time.sleep(1)
    at = 1000 * time.time() + 500
    for page in pages.values():
        page.evaluate(
            """at => setTimeout(
              () => document.querySelector(".st-key-retrain button").click(), at - Date.now()
            )""",
            at,
        )
    titles = set()
    for page in pages.values():
        title = panel(page).get_by_text(re.compile("Training (one|two)"))
        title.wait_for(timeout=PATIENCE)
        titles.add(title.inner_text())
        expect(page.locator(".st-key-retrain button")).to_be_disabled()
        expect(page.get_by_text(re.compile("(one|two).? is in training"))).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
    assert len(titles) == len(app.workers()) == 1


def test_a_training_process_that_is_killed_is_told(sessions, app, home):
    page = sessions()
    retrain(page, "unlucky", LONG)
    wait_for(lambda: app.workers())[0].kill()
    wait_for_text(page, "unlucky was not trained")
    wait_for_text(page, "The training process was killed (status -9)")
    assert list(home.iterdir()) == []
    expect(page.locator(".st-key-retrain button")).to_be_enabled()


def test_a_server_that_dies_takes_its_training_along_and_the_next_one_tells(sessions, tmp_path):
    with serve(tmp_path) as app:
        page = sessions(app)
        retrain(page, "orphan", LONG)
        wait_for_text(page, "Starting TensorFlow")
        (worker,) = app.workers()
        os.kill(app.process.pid, signal.SIGKILL)
        psutil.wait_procs([worker], timeout=10)
        assert not worker.is_running()
    with serve(tmp_path) as app:
        page = sessions(app)
        wait_for_text(page, "orphan was not trained")
        wait_for_text(page, "The server stopped in the middle of the training")
        assert list(tmp_path.iterdir()) == []
        expect(page.locator(".st-key-retrain button")).to_be_enabled()


def test_a_network_is_removed_after_a_question_and_who_reads_with_it_is_told(sessions, home):
    publish(home, "mine")
    first, second = sessions(), sessions()
    for page in (first, second):
        network(page, "mine").check(force=True)
    draw(second, DIGITS[7])
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
    publish(home, "theirs")
    expect(network(first, "theirs")).to_have_count(1)
    expect(question).to_be_visible()
    press(first, "confirm_removal")
    expect(question).to_have_count(0)
    expect(network(first, "mine")).to_have_count(0)
    assert [path.name for path in home.iterdir()] == ["theirs"]

    second.get_by_text("'mine' is gone").first.wait_for()  # in the sidebar, and as a toast
    expect(network(second, "CNN")).to_be_checked()
    assert wait_for_digit(second) == 7
    clear(second)
    draw(second, DIGITS[4])
    assert wait_for_digit(second) == 4


def test_a_network_is_renamed_and_downloaded(sessions, home):
    publish(home, "mine")
    page = sessions()
    network(page, "mine").check(force=True)
    press(page, "manage")
    page.locator(".st-key-new_name input").fill("ours")
    press(page, "rename")
    expect(network(page, "ours")).to_be_checked()
    for suffix in (".keras", ".tflite"):
        button = page.locator(f".st-key-download{suffix.replace('.', '-')} button")
        with page.expect_download() as download:
            button.click()
        assert download.value.suggested_filename == f"ours{suffix}"
        served = Path(download.value.path()).read_bytes()
        assert served == (home / "ours" / f"model{suffix}").read_bytes()
