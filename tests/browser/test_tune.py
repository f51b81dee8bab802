"""Tune in a browser: a study's figures, a study that begins and is stopped."""

import pytest

from digitcanvas.runs import tuning
from tests.browser.driver import choose, plot, press, serve, wait_for
from tests.browser.test_accessibility import lasting_violations
from tests.studies import keep_study

pytestmark = pytest.mark.browser

FIGURES = ("study_history", "study_lines", "study_importances")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A server whose home has a study that has ended, and that study."""
    home = tmp_path_factory.mktemp("home")
    runs = keep_study(home, "quick-mlp", 20)
    with serve(home) as app:
        yield app, runs


def open_tune(page, app):
    page.goto(f"{app.url}/tune")
    for key in FIGURES:
        plot(page, key).locator(".main-svg").first.wait_for()


def test_a_study_s_figures_can_be_read_on_a_phone_and_by_all(study, someone):
    app, runs = study
    page = someone({"width": 390, "height": 664})
    open_tune(page, app)
    best = tuning.best(runs)
    page.get_by_text(f"trial {best.task.number}, reads").wait_for()
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 900})
    for scheme, rules in (("dark", None), ("light", ["color-contrast"])):
        page.emulate_media(color_scheme=scheme)
        assert lasting_violations(page, rules) == []
    names = plot(page, "study_lines").evaluate("plot => plot.layout.xaxis.ticktext")
    assert names[0] == "accuracy" and "learning rate" in names
    press(page, "take_best")
    page.get_by_text("The training form now has the best trial's settings.").wait_for()
    chosen = best.to_do.recipe
    page.locator(".st-key-settings summary").click()
    rate = page.locator(".st-key-learning_rate input")
    wait_for(lambda: rate.input_value() == str(chosen.learning_rate))


def test_a_study_begins_and_is_stopped(study, someone):
    app, _ = study
    page = someone()
    open_tune(page, app)
    choose(page, "data", "The bundled sample of MNIST")
    press(page, "start_study")
    page.get_by_text("0 of 30 trials have ended").wait_for()
    page.locator(".st-key-queue summary").click()
    page.get_by_text("29 trials of quick").wait_for()
    press(page, "stop_study")
    page.get_by_text("30 were cancelled.").wait_for()
    wait_for(lambda: page.locator(".st-key-stop_study").count() == 0)
