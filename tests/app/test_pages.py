"""Data, Train and Evaluate without a browser: what they show, also where something is missing."""

import base64
import os
import re
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.elements.lib import policies

from digitcanvas import Recognizer
from digitcanvas.app.parts import shared_mnist, shared_predictions
from digitcanvas.data.mnist import MnistMissing, load_mnist, load_sample, split
from digitcanvas.drawing.files import write_drawings
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import predict_images
from digitcanvas.runs.networks import layer_table
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.rate_finder import RateCurve
from digitcanvas.runs.recipes import RECIPES
from tests.apptest import (
    GAINED,
    a_run,
    a_search,
    keys,
    open_session,
    plots,
    press_in,
    progress,
    publish,
    turn_to,
    words,
)
from tests.data.test_mnist_and_pen import unipen
from tests.digits import DIGITS

PAGES = ("", "data", "train", "tune", "evaluate", "hand")
SAMPLE_SHOWN = "These are 5,000 of MNIST's 70,000 digits: the sample that came with the app."
FIX_FORM = "Fix the form in the sidebar first."
NONE = "Choose other answers or digits above."
RATES = RateCurve(((0.001, 2.0), (0.01, 0.5), (0.1, 3.0)))


@pytest.fixture
def sample(monkeypatch, tmp_path_factory):
    """The bundled digits, on a machine that has no others."""
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    return load_sample()


@pytest.fixture
def visit(page):
    """Runs the session on the page of a path, and finds no error there."""

    def visit(path=None):
        if path is not None:
            turn_to(page, path)
        page.run()
        assert_whole(page)
        return page

    return visit


@pytest.fixture
def data(visit, sample):
    return visit("data")


@pytest.fixture
def train(visit, jobs):
    return visit("train")


@pytest.fixture
def evaluation(visit, sample):
    return visit("evaluate")


def assert_whole(page):
    assert not page.exception and not page.error


def text(page):
    return " ".join(element.value for element in (*page.main.markdown, *page.main.caption))


def notes(page):
    return " ".join(note.value for note in page.info)


def warnings(page):
    return " ".join(warning.value for warning in page.main.warning)


def table(page, column):
    """The table with a column of this name, by its columns."""
    (found,) = tables(page, column)
    return found


def rows(page, row):
    """The table with a row of this name, by its columns; each gives its values by the rows."""
    for found in (dict(table.value) for table in page.main.table):
        head, *columns = found
        names = list(found[head])
        if row in names:
            return {label: dict(zip(names, found[label], strict=True)) for label in columns}
    raise LookupError(row)


def tables(page, column):
    return [
        {name: list(values) for name, values in table.value.items()}
        for table in page.main.table
        if column in table.value.columns
    ]


def captions(page, key):
    """What stands below the images of a grid: the index first, then a colon or a second line."""
    return plots(page)[key]["data"][1]["text"]


def indices(page, key):
    return [int(re.split(":|<br>", caption)[0]) for caption in captions(page, key)]


def numbers(page, key):
    """What a press on each image of a grid gives."""
    return plots(page)[key]["data"][2]["customdata"]


def tile(page, key, column):
    """An image in the first row of a grid."""
    _, png = plots(page)[key]["data"][0]["source"].split(",")
    board = np.frombuffer(base64.b64decode(png), np.uint8)
    left = 2 + 32 * column
    return cv2.imdecode(board, cv2.IMREAD_UNCHANGED)[:28, left : left + 28, 0]


# All pages


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("state", ["running", "done", "failed", "cancelled"])
def test_every_page_shows_the_run(page, jobs, home, path, state):
    publish(home, "mine")
    turn_to(page, path).run()
    jobs.run = a_run(state=state)
    page.run()
    assert not page.exception
    assert "mine" in words(page.get_by_key("training"))


@pytest.mark.parametrize(
    ("path", "kind", "key", "value"),
    [
        ("", "toggle", "centred", False),
        ("", "toggle", "logits", True),
        ("data", "segmented_control", "part", "test"),
        ("data", "pills", "only", [3]),
        ("data", "segmented_control", "shown", 49),
        ("data", "number_input", "index", 77),
        ("train", "multiselect", "learnt", ["mlp"]),
        ("train", "multiselect", "learnt", []),
        ("evaluate", "segmented_control", "cells", "% of the row"),
        ("evaluate", "segmented_control", "outcome", "right"),
        ("evaluate", "segmented_control", "order_by", "random"),
        ("evaluate", "segmented_control", "count", 9),
        ("evaluate", "selectbox", "true_digit", 3),
        ("evaluate", "selectbox", "read_digit", 5),
        ("evaluate", "number_input", "test_index", 88),
    ],
)
def test_a_widget_stands_as_it_was_left_when_its_page_is_found_again(
    page, visit, sample, path, kind, key, value
):
    """Though news reruns a part of the other page meanwhile."""
    visit(path)
    getattr(page, kind)(key=key).set_value(value).run()
    assert_whole(page)
    for other in ("train" if path == "data" else "data", "", "evaluate"):
        visit(other)
        page.run_fragments()
        page.run_fragments()
    visit(path)
    assert getattr(page, kind)(key=key).value == value


# Data


def parts(page):
    """How many digits there are for training, validation and test."""
    return [int(count.replace(",", "")) for count in table(page, "shape of the images")["digits"]]


def classes(page):
    """How many there are of each digit, by the names of the parts."""
    return {bar["name"]: bar["y"] for bar in plots(page)["classes"]["data"]}


def test_all_of_mnist_is_counted(mnist, visit):
    page = visit("data")
    assert not page.info
    assert parts(page) == [57_000, 3_000, 10_000]
    train, validation, test = classes(page).values()
    np.testing.assert_array_equal(np.add(train, validation), np.bincount(mnist.y_train))
    np.testing.assert_array_equal(test, np.bincount(mnist.y_test))
    raw, normalised = plots(page)["values"]["data"]
    counts = np.bincount(mnist.x_train.ravel(), minlength=256)
    np.testing.assert_array_equal(raw["y"], counts)
    np.testing.assert_array_equal(normalised["y"], counts)
    np.testing.assert_allclose(normalised["x"], np.array(raw["x"]) / 255, atol=1e-4)


def test_without_mnist_the_sample_is_shown_and_said_to_be_one(data):
    assert SAMPLE_SHOWN in text(data)
    assert data.button(key="fetch_mnist").label == "Fetch all of MNIST"
    assert parts(data) == [3_800, 200, 1_000]
    assert classes(data)["test"] == [100] * 10


@pytest.mark.parametrize("path", ["data", "evaluate"])
@pytest.mark.parametrize("kind", ["missing", "garbage", "other arrays", "a folder"])
def test_a_file_that_is_no_mnist_is_named_and_the_sample_shown(
    page, visit, monkeypatch, tmp_path_factory, path, kind
):
    file = tmp_path_factory.mktemp("data") / "mnist.npz"
    if kind == "garbage":
        file.write_bytes(b"PK garbage")
    elif kind == "other arrays":
        np.savez(file, x_train=np.zeros(3))
    elif kind == "a folder":
        file.mkdir()
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(file))
    page = visit(path)
    assert str(file) in warnings(page) and SAMPLE_SHOWN in text(page)
    assert "fetch_mnist" not in keys(page)  # which would not help
    assert "1,000" in str([table.value for table in page.main.table]) + text(page)


@pytest.mark.parametrize("path", ["data", "evaluate"])
def test_a_file_that_is_no_mnist_is_read_once(page, visit, monkeypatch, tmp_path_factory, path):
    file = tmp_path_factory.mktemp("data") / "mnist.npz"
    file.write_bytes(b"PK garbage")
    monkeypatch.setenv("DIGITCANVAS_MNIST", str(file))
    reads = []

    def load(path):
        reads.append(path)
        return load_mnist(path)

    monkeypatch.setattr(shared_mnist, "load_mnist", load)
    visit(path)
    visit(path)
    assert reads == [file]


def test_the_page_says_who_made_mnist_and_where_it_is_fetched_from(data):
    assert "LeCun" in text(data) and "https://doi.org/10.1109/5.726791" in text(data)
    assert "storage.googleapis.com" in data.button(key="fetch_mnist").help


@pytest.mark.parametrize("path", ["data", "evaluate"])
def test_digits_that_come_and_go_in_mid_session_are_no_error(
    mnist, page, visit, sample, monkeypatch, path
):
    """An index may lie beyond those that are left."""
    key = "index" if path == "data" else "test_index"
    visit(path)
    assert page.number_input(key=key).max == (3_999 if path == "data" else 999)
    monkeypatch.setenv("DIGITCANVAS_MNIST", mnist.source)
    visit()
    assert "These are all 70,000 digits of MNIST." in text(page)
    page.number_input(key=key).set_value(9_999).run()
    assert_whole(page)
    assert "**9999**" in text(page)
    monkeypatch.delenv("DIGITCANVAS_MNIST")
    visit()
    assert SAMPLE_SHOWN in text(page)
    assert page.number_input(key=key).value <= page.number_input(key=key).max


@pytest.fixture
def download(sample, monkeypatch):
    """A download of MNIST, of 30 digits, that ends when it is told to."""

    class Fake(shared_mnist.Download):
        started, end, fault = 0, threading.Event(), None

        def fetch(self, on_progress):
            self.started += 1
            on_progress(0.25)
            self.end.wait(10)
            if self.fault:
                raise self.fault
            folder = Path(os.environ["KERAS_HOME"], "datasets")
            folder.mkdir()
            digits, labels = sample.x_test[:10], np.arange(10)
            np.savez(
                folder / "mnist.npz",
                x_train=np.repeat(digits, 2, axis=0),
                y_train=np.repeat(labels, 2),
                x_test=digits,
                y_test=labels,
            )

        def finish(self):
            self.end.set()
            for _ in range(1000):
                if self.percent is None:
                    return
                time.sleep(0.01)

    fake = Fake()
    monkeypatch.setattr(shared_mnist, "download", fake)
    monkeypatch.setattr(shared_mnist, "download_mnist", fake.fetch)
    yield fake
    fake.finish()


def fetching(page):
    return [bar.proto.text for bar in page.main.get("progress")]


def test_all_of_mnist_is_fetched_once_for_everybody(page, visit, download):
    """Also for those who look at another page meanwhile, and for two who press at once."""
    other = turn_to(open_session(), "evaluate").run()
    visit("data")
    page.button(key="fetch_mnist").click().run()
    other.button(key="fetch_mnist").click().run()
    for session in (page, other):
        assert_whole(session)
        assert fetching(session) == [f"{SAMPLE_SHOWN} The others are on their way …"]
        assert "fetch_mnist" not in keys(session)
    download.finish()
    assert download.started == 1
    for session in (page, other):
        session.bring_news()
        assert_whole(session)
        assert not fetching(session) and "These are all 30 digits of MNIST." in text(session)
    assert parts(page) == [19, 1, 10]
    assert "of the MNIST test set right" in text(other) and "of the 10 digits" in text(other)


def test_a_download_that_fails_says_what_to_do_and_can_be_tried_again(page, visit, download):
    visit("data")
    download.fault = MnistMissing("MNIST could not be downloaded: there is no connection.")
    page.button(key="fetch_mnist").click().run()
    download.finish()
    page.bring_news()
    assert_whole(page)
    assert warnings(page) == str(download.fault) and SAMPLE_SHOWN in text(page)
    assert page.button(key="fetch_mnist").label == "Try again"
    download.fault = None
    page.button(key="fetch_mnist").click().run()
    download.finish()
    page.bring_news()
    assert "These are all 30 digits of MNIST." in text(page) and not warnings(page)


def test_a_damaged_file_in_the_cache_is_named_and_can_be_fetched_again(visit, download):
    file = Path(os.environ["KERAS_HOME"], "datasets", "mnist.npz")
    file.parent.mkdir()
    file.write_bytes(b"PK garbage")
    page = visit("data")
    assert str(file) in warnings(page) and page.button(key="fetch_mnist")


def test_a_mix_of_the_sample_is_shown_with_its_labels(data, sample):
    """Its first 400 training digits are all zeros."""
    shown = indices(data, "images")
    assert captions(data, "images") == [f"{place}: {sample.y_train[place]}" for place in shown]
    assert len(set(shown)) == 25 and len(set(sample.y_train[shown])) >= 7
    for column in range(5):
        np.testing.assert_array_equal(tile(data, "images", column), sample.x_train[shown[column]])
    assert indices(turn_to(open_session(), "data").run(), "images") == shown


def test_the_first_of_mnist_are_shown_as_in_all_tutorials(mnist, visit):
    page = visit("data")
    assert captions(page, "images")[:5] == ["0: 5", "1: 0", "2: 4", "3: 1", "4: 9"]


def test_digits_are_filtered(data, sample):
    data.pills(key="only").set_value([3, 5]).run()
    assert_whole(data)
    shown = indices(data, "images")
    assert len(shown) == 25 and set(sample.y_train[shown]) == {3, 5}
    np.testing.assert_array_equal(tile(data, "images", 1), sample.x_train[shown[1]])


def test_a_reshuffle_shows_others_of_the_same_digits(data, sample):
    data.pills(key="only").set_value([7]).run()
    seen = [indices(data, "images")]
    for _ in range(2):
        data.button(key="reshuffle").click().run()
        seen.append(indices(data, "images"))
        assert len(set(seen[-1])) == 25 and set(sample.y_train[seen[-1]]) == {7}
    assert seen[0] != seen[1] != seen[2]
    data.run()
    assert indices(data, "images") == seen[2]


def test_the_test_digits_are_another_part_and_start_at_the_first_shown(data, sample):
    data.number_input(key="index").set_value(3_999).run()
    data.segmented_control(key="part").set_value("test").run()
    assert_whole(data)
    first, _, third, *_ = indices(data, "images")
    assert data.number_input(key="index").value == first
    assert data.number_input(key="index").max == 999
    np.testing.assert_array_equal(tile(data, "images", 2), sample.x_test[third])
    np.testing.assert_array_equal(plots(data)["pixels"]["data"][0]["z"], sample.x_test[first])


def test_an_image_is_chosen_by_its_index_and_its_pixels_are_numbers(data, sample):
    data.number_input(key="index").set_value(1_234).run()
    assert_whole(data)
    assert f"The label of image **1234** is **{sample.y_train[1_234]}**" in text(data)
    (heat,) = plots(data)["pixels"]["data"]
    np.testing.assert_array_equal(heat["z"], sample.x_train[1_234])
    assert heat["texttemplate"] == "%{z}"


def test_a_press_on_an_image_chooses_it(data):
    data.pills(key="only").set_value([2, 8]).run()
    data.button(key="reshuffle").click().run()
    for place in (7, 24):
        chosen = indices(data, "images")[place]
        assert chosen == numbers(data, "images")[place]
        press_in(data, "images", chosen)
        assert_whole(data)
        assert data.number_input(key="index").value == chosen and f"**{chosen}**" in text(data)


def test_a_press_on_a_gallery_that_is_gone_still_chooses_what_was_pressed(data):
    """Where the page was reshuffled before the press arrived."""
    old = numbers(data, "images")[3]
    data.button(key="reshuffle").click().run()
    assert numbers(data, "images")[3] != old
    press_in(data, "images", old)
    assert_whole(data)
    assert data.number_input(key="index").value == old


@pytest.mark.parametrize("count", [9, 25, 49])
def test_as_many_images_are_shown_as_are_chosen(data, count):
    data.segmented_control(key="shown").set_value(count).run()
    assert_whole(data)
    assert len(set(indices(data, "images"))) == count
    assert "Below each image: its index and its label." in text(data)


def test_a_digit_of_which_there_is_none_is_no_error(data, monkeypatch):
    sample = load_sample()
    monkeypatch.setattr(shared_mnist, "load_bundled", lambda: without(sample, 7))
    data.pills(key="only").set_value([7]).run()
    assert_whole(data)
    assert "images" not in plots(data)
    assert "The training set has no such digit. Choose others above." in notes(data)


def without(mnist, digit):
    kept = mnist.y_train != digit
    return replace(mnist, x_train=mnist.x_train[kept], y_train=mnist.y_train[kept])


def test_an_image_is_taken_at_random(data):
    data.segmented_control(key="part").set_value("test").run()
    chosen = set()
    for _ in range(3):
        data.button(key="random").click().run()
        assert_whole(data)
        chosen.add(data.number_input(key="index").value)
    assert len(chosen) > 1 and max(chosen) < 1_000


def test_the_split_is_the_form_s(data, sample):
    """By the share and by the seed."""
    seen = []
    for share, seed in ((0.2, 17), (0.2, 18)):
        data.text_input(key="validation_share").set_value(str(share))
        data.text_input(key="seed").set_value(str(seed)).run()
        assert_whole(data)
        assert parts(data) == [3_200, 800, 1_000]
        _, kept = split(4_000, share, np.random.default_rng(seed))
        expected = np.bincount(sample.y_train[kept])
        np.testing.assert_array_equal(classes(data)["validation"], expected)
        assert (
            "The form in the sidebar keeps 20 % for validation, chosen with seed "
            f"{seed}." in text(data)
        )
        seen.append(expected.tolist())
    assert seen[0] != seen[1]


def test_the_split_is_by_writer_where_the_writers_are_known(visit, sample, monkeypatch):
    writers = np.arange(4_000) // 50
    written = replace(sample, writers=writers)
    monkeypatch.setattr(shared_mnist, "load_bundled", lambda: written)
    page = visit("data")
    _, kept = split(4_000, 0.05, np.random.default_rng(17), writers)
    expected = np.bincount(sample.y_train[kept], minlength=10)
    np.testing.assert_array_equal(classes(page)["validation"], expected)
    assert "keeps 5 % for validation, chosen by writer, with seed 17." in text(page)


def test_a_form_that_cannot_be_leaves_the_split_as_the_first_recipe_s(data):
    data.text_input(key="validation_share").set_value("0.95").run()
    assert not data.exception and not data.main.error
    assert parts(data) == [3_800, 200, 1_000]
    kept = "Until you fix the form, this page keeps 5 % for validation, chosen with seed 17."
    assert kept in text(data)
    data.text_input(key="validation_share").set_value("0.5").run()
    assert_whole(data)
    assert parts(data) == [2_000, 2_000, 1_000]


def test_where_the_form_learns_from_the_sample_it_is_the_sample_that_is_shown(mnist, visit):
    page = visit("data")
    page.selectbox(key="data").set_value("The bundled sample of MNIST").run()
    assert_whole(page)
    assert parts(page) == [3_800, 200, 1_000]
    assert "The form in the sidebar is set to the bundled sample" in text(page)
    assert "fetch_mnist" not in keys(page)
    page.selectbox(key="data").set_value("All of MNIST").run()
    assert parts(page) == [57_000, 3_000, 10_000]


@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_the_two_cross_entropies_are_one_and_right(data, sample, model):
    read = Recognizer.load(model).predict_batch(sample.x_train.astype(np.float32) / 255)
    right = read[np.arange(len(read)), sample.y_train]
    index = int(np.flatnonzero((right > 0.01) & (right < 0.9))[0])
    label, probability = sample.y_train[index], right[index]
    data.segmented_control(key="model").set_value(model)
    data.number_input(key="index").set_value(index).run()
    rows = table(data, f"{model.upper()} here")
    assert rows[f"{model.upper()} here"] == [f"{-np.log(probability):.4f}"] * 2
    assert rows["loss"] == ["sparse categorical cross-entropy", "categorical cross-entropy"]
    integer, one_hot = rows["label"]
    assert integer == str(label)
    assert one_hot.split() == ["1" if digit == label else "0" for digit in range(10)]


@pytest.mark.parametrize(("read", "loss"), [(0, "0.0000"), (1, "87.3365")])
def test_a_network_that_is_wholly_sure_has_a_loss_too(data, monkeypatch, read, loss):
    """For a 0: 0 has no logarithm, and no loss is below 0."""
    surely = np.eye(10, dtype=np.float32)[[read]]
    monkeypatch.setattr(Recognizer, "predict_batch", lambda self, images: surely)
    data.number_input(key="index").set_value(0).run()
    assert_whole(data)
    assert table(data, "loss")["CNN here"] == [loss, loss]


def test_of_two_networks_the_first_tells_its_loss(data):
    data.selectbox(key="compare").set_value("mlp").run()
    assert_whole(data)
    assert list(table(data, "loss")) == ["as", "label", "loss", "CNN here"]


def test_without_a_network_the_data_are_shown_without_a_loss(page, visit, broken, sample):
    for name in ("cnn", "mlp"):
        shutil.rmtree(broken / name)
    visit("data")
    assert list(table(page, "loss")) == ["as", "label", "loss"]
    assert set(plots(page)) == {"classes", "images", "pixels", "values"}


def test_drawings_beside_mnist_are_counted_and_credited(
    page, visit, sample, tmp_path_factory, monkeypatch
):
    folder = tmp_path_factory.mktemp("drawings")
    (folder / "pen.tra").write_text("".join(unipen(writer, writer) for writer in (4, 5, 6)))
    digits = [Drawing(DIGITS[writer], writer, writer) for writer in (5, 6, 7, 8)]
    letters = [Drawing(DIGITS[4], ord("A"), writer) for writer in (8, 9, 10)]
    write_drawings(folder / "unipen-digits.npz", digits)
    write_drawings(folder / "unipen-others.npz", letters)
    assert "Unipen" not in text(visit("data")) and "Alimoglu" not in text(page)
    monkeypatch.setenv("DIGITCANVAS_PEN", str(folder / "pen.tra"))
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", str(folder))
    visit()
    assert "3 digits by 3 people. E. Alpaydin and F. Alimoglu" in text(page)
    assert "4 digits, and 3 letters and signs" in text(page)
    assert "by 6 people on many devices. The International Unipen Foundation" in text(page)


def test_drawings_that_cannot_be_read_are_told(data, visit, monkeypatch):
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", "gone")
    visit()
    assert "unipen-digits.npz" in warnings(data)


# Train


def curves(page):
    """The losses by epoch of the networks laid over each other, and their accuracies."""
    losses, accuracies = {}, {}
    for line in plots(page)["histories"]["data"]:
        part = {"dot": "training", "solid": "validation"}[line["line"]["dash"]]
        figures = accuracies if "yaxis" in line else losses
        figures[f"{line['name']}, {part}"] = line["y"]
    return losses, accuracies


def legend(page):
    return [line["name"] for line in plots(page)["histories"]["data"] if line["showlegend"]]


def measured(metrics):
    return f"{metrics['accuracy'] * 100:.2f} %, loss {metrics['loss']:.4f}"


def test_the_chosen_network_s_curves_are_shown_as_its_card_has_them(train):
    assert train.multiselect(key="learnt").options == ["CNN", "MLP"]
    card = registry.read_card(registry.SHIPPED / "cnn")
    losses, accuracies = curves(train)
    assert losses == {
        "CNN, training": card.history["loss"],
        "CNN, validation": card.history["val_loss"],
    }
    for name, figure in (("CNN, training", "accuracy"), ("CNN, validation", "val_accuracy")):
        np.testing.assert_allclose(accuracies[name], 100 * np.array(card.history[figure]))
    facts = rows(train, "epochs")["CNN"]
    assert facts["epochs"] == str(card.recipe["epochs"])
    assert facts["learned from"] == "MNIST, pen drawings, UNIPEN"
    assert facts["before training"] == measured(card.untrained)
    assert facts["after training"] == measured(card.test)


def test_data_that_a_network_was_only_measured_on_are_none_that_it_learned_from(train, visit, home):
    publish(home, "mine", data={"mnist": {"name": "MNIST"}, "pen": {"train": 0}})
    visit()
    train.multiselect(key="learnt").set_value(["mine"]).run()
    assert rows(train, "epochs")["mine"]["learned from"] == "MNIST"


def test_several_networks_are_laid_over_each_other(train, visit, home):
    publish(home, "mine")
    visit()
    train.multiselect(key="learnt").set_value(["mine", "cnn"]).run()
    assert_whole(train)
    losses, _ = curves(train)
    assert list(losses) == [
        "mine, training",
        "mine, validation",
        "CNN, training",
        "CNN, validation",
    ]
    lines = plots(train)["histories"]["data"]
    colors = {(line["name"], line["line"]["color"]) for line in lines}
    assert len(colors) == 2 and len({color for _, color in colors}) == 2
    assert legend(train) == ["mine", "CNN"]
    facts = rows(train, "epochs")
    assert list(facts) == ["mine", "CNN"]
    assert facts["mine"]["before training"] == measured(GAINED["untrained"])
    assert measured(GAINED["untrained"]) == "9.51 %, loss 2.3456"
    assert facts["mine"]["time"] == "10 minutes"


def test_a_card_that_tells_nothing_of_before_is_no_error(train, visit, home):
    """As those of old."""
    publish(home, "mine", untrained={}, recipe={"epochs": 3})
    visit()
    train.multiselect(key="learnt").set_value(["mine"]).run()
    assert_whole(train)
    facts = rows(train, "epochs")["mine"]
    assert facts["before training"] == facts["optimizer"] == facts["batch size"] == "unknown"
    assert facts["epochs"] == "3"


def test_a_card_without_a_history_says_so_beside_those_that_have_one(train, visit, home):
    publish(home, "mine", history={})
    visit()
    train.multiselect(key="learnt").set_value(["mine"]).run()
    assert_whole(train)
    assert "histories" not in plots(train)
    assert "The card of mine does not say how it learned. Train it again" in notes(train)
    train.multiselect(key="learnt").set_value(["mine", "cnn"]).run()
    assert legend(train) == ["CNN"] and list(rows(train, "epochs")) == ["mine", "CNN"]


def test_no_network_chosen_is_no_curve_and_no_error(train):
    train.multiselect(key="learnt").set_value([]).run()
    assert_whole(train)
    assert "histories" not in plots(train)
    assert "Choose a network above to see how it learned." in notes(train)


@pytest.mark.parametrize("change", [registry.remove, lambda name: registry.rename(name, "ours")])
@pytest.mark.parametrize("others", [[], ["cnn"]])
def test_a_network_taken_away_while_it_is_shown_is_shown_no_longer(
    train, visit, home, change, others
):
    publish(home, "mine")
    visit()
    train.segmented_control(key="model").set_value("mine")
    train.multiselect(key="learnt").set_value(["mine", *others]).run()
    assert "mine" in str(curves(train))
    change("mine")
    visit()
    assert train.multiselect(key="learnt").value == ["cnn"]
    assert legend(train) == ["CNN"]
    assert "CNN" in train.main.subheader[-1].value


def test_a_network_that_was_just_trained_joins_the_choice(train, visit, jobs, home):
    train.button(key="retrain").click().run()
    jobs.finish(home)
    visit()
    assert train.multiselect(key="learnt").options == ["CNN", "MLP", "quick"]
    assert legend(train) == ["CNN", "quick"]
    assert "quick" in train.main.subheader[-1].value


def test_a_network_chosen_in_the_sidebar_comes_to_those_shown_once(train, visit):
    """Also where it is chosen on another page; who takes it off again is not contradicted."""
    visit("data")
    train.segmented_control(key="model").set_value("mlp").run()
    visit("train")
    assert legend(train) == ["CNN", "MLP"]
    train.multiselect(key="learnt").set_value(["cnn"]).run()
    visit()
    assert legend(train) == ["CNN"]
    train.segmented_control(key="model").set_value("cnn").run()
    assert legend(train) == ["CNN"]
    train.segmented_control(key="model").set_value("mlp").run()
    assert_whole(train)
    assert legend(train) == ["CNN", "MLP"]


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_layers_are_those_of_the_network_that_reads(page, visit, sample, name):
    visit("train")
    page.segmented_control(key="model").set_value(name).run()
    assert_whole(page)
    assert page.main.subheader[-1].value == f"The layers of {name.upper()}"
    card = registry.read_card(registry.SHIPPED / name)
    assert tables(page, "layer")[-1]["layer"] == [layer.kind for layer in card.layers]
    assert f"{card.parameters:,} parameters in all" in text(page)
    captions = plots(page)["diagram"]["data"][2]["text"]
    assert captions[0] == "image<br>28x28" and captions[-1].startswith("dense<br>1")


def test_a_card_without_a_layer_table_has_that_of_its_recipe(page, visit, home, sample):
    """As cards had none before 0.2; a recipe that this version does not know is a message."""
    publish(home, "mine", layers=[])
    publish(home, "odd", layers=[], recipe={"architecture": "rnn", "epochs": 1})
    visit("train")
    page.segmented_control(key="model").set_value("mine").run()
    assert_whole(page)
    layers = registry.read_card(registry.SHIPPED / "mlp").layers
    assert tables(page, "layer")[-1]["layer"] == [layer.kind for layer in layers]
    page.segmented_control(key="model").set_value("odd").run()
    assert_whole(page)
    (warning,) = page.main.warning
    assert "layers of this network are unknown" in warning.value and "diagram" not in plots(page)
    page.segmented_control(key="model").set_value("cnn").run()
    assert not page.main.warning and "diagram" in plots(page)


def test_without_any_network_there_are_no_layers_and_no_error(page, visit, broken, jobs):
    for name in ("cnn", "mlp"):
        shutil.rmtree(broken / name)
    visit("train")
    assert not plots(page) and page.button(key="find_rate")
    assert "There is no network to show. Press *Retrain*" in notes(page)
    assert "No network can be used" in page.sidebar.warning[0].value


# The search for a learning rate


def test_the_search_is_for_the_form_s_network(train, jobs):
    train.text_input(key="hidden").set_value("24")
    train.selectbox(key="optimizer").set_value("sgd").run()
    train.button(key="find_rate").click().run()
    assert_whole(train)
    assert jobs.asked == ["rate search"]
    quick = replace(RECIPES["quick"], pen_copies=0)
    assert jobs.run.task.recipe == replace(quick, hidden=(24,), optimizer="sgd")
    for session in (train, open_session("train").run()):
        assert "Finding a learning rate" in words(session.get_by_key("training"))
        assert keys(session.get_by_key("training")) == ["cancel"]


def test_while_a_network_is_in_training_a_search_waits(train, jobs):
    train.button(key="retrain").click().run()
    train.button(key="find_rate").click().run()
    assert [run.task.kind for run in jobs.runs()] == ["training", "rate search"]
    assert jobs.others[0].state == "waiting"


def test_a_search_that_cannot_start_is_a_message(train, jobs):
    jobs.refusal = "The disk is almost full."
    train.button(key="find_rate").click().run()
    assert not train.exception and jobs.run is None
    assert [error.value for error in train.main.error] == ["The disk is almost full."]


@pytest.mark.parametrize(
    ("kind", "field", "value"), [("text_input", "epochs", "0"), ("text_input", "hidden", "wide")]
)
def test_until_the_form_is_fixed_no_rate_is_searched(train, kind, field, value):
    good = getattr(train, kind)(key=field).value
    getattr(train, kind)(key=field).set_value(value).run()
    assert not train.exception and not train.main.error
    assert train.button(key="find_rate").disabled and FIX_FORM in text(train)
    getattr(train, kind)(key=field).set_value(good).run()
    assert_whole(train)
    assert not train.button(key="find_rate").disabled and FIX_FORM not in text(train)


def test_the_search_s_estimate_follows_the_form(train, monkeypatch):
    monkeypatch.setattr(
        "digitcanvas.app.pages.train.seconds_to_find_rate", lambda recipe: 60.0 * recipe.hidden[0]
    )
    for hidden in (3, 7):
        train.text_input(key="hidden").set_value(f"{hidden}").run()
        assert_whole(train)
        assert f"About {hidden} minutes on this machine, on a part of MNIST" in text(train)


@pytest.fixture
def search(train, jobs):
    """Gives the panel of a search that stands so."""

    def search(**fields):
        jobs.run = a_search(**fields)
        train.run()
        assert not train.exception
        return train.get_by_key("training")

    return search


def test_a_search_tells_how_far_it_is_and_charts_what_it_has(search, train):
    panel = search(stage="Starting TensorFlow")
    assert progress(panel) == ("Starting TensorFlow …", 0) and "curves" not in plots(train)
    so_far = Progress(3, 80, 50, 100, {"loss": 0.5, "accuracy": 0.8})
    panel = search(stage="", progress=so_far, curve=RATES)
    assert "**Finding a learning rate**" in words(panel) and keys(panel) == ["cancel"]
    assert progress(panel) == ("Rate 3 of 80", 3)
    chart = plots(train)["curves"]
    assert (chart["data"][0]["x"], chart["data"][0]["y"]) == (RATES.rates, RATES.losses)
    assert chart["layout"]["xaxis"]["type"] == "log" and not chart["layout"]["shapes"]


def test_a_rate_that_was_found_is_taken_into_the_form_and_nothing_else_changes(search, train, jobs):
    train.text_input(key="epochs").set_value("7")
    panel = search(state="done", curve=RATES)
    assert "Learning rates from **0.001** to **0.01** are worth trying" in words(panel)
    (band,) = plots(train)["curves"]["layout"]["shapes"]
    assert (band["x0"], band["x1"]) == (0.001, 0.01)
    assert train.button(key="take_rate").label == "Use 0.0032 for the next training"
    train.button(key="take_rate").click().run()
    assert_whole(train)
    assert train.text_input(key="learning_rate").value == "0.0032"
    train.button(key="retrain").click().run()
    quick = replace(RECIPES["quick"], pen_copies=0)
    assert jobs.run.task.recipe == replace(quick, epochs=7, learning_rate=0.0032)


@pytest.mark.parametrize("path", PAGES)
def test_a_rate_can_be_taken_on_every_page(search, train, path):
    search(state="done", curve=RATES)
    turn_to(train, path).run()
    train.button(key="take_rate").click().run()
    assert_whole(train)
    assert train.text_input(key="learning_rate").value == "0.0032"


def test_where_the_network_learnt_at_no_rate_there_is_none_to_take(search, train):
    panel = search(state="done", curve=RateCurve(((0.001, 2.3), (0.01, 2.29), (0.1, 2.31))))
    assert_whole(train)
    assert "The network learned at none of these rates: try another seed" in words(panel)
    assert keys(panel) == ["close"] and not plots(train)["curves"]["layout"]["shapes"]


def test_a_rate_s_good_range_begins_where_the_search_does(search, train):
    panel = search(state="done", curve=RateCurve(((0.0001, 2.0), (0.0002, 0.5), (0.1, 3.0))))
    assert "Learning rates from **0.0001** to **0.0002** are worth trying" in words(panel)


def test_a_search_that_failed_tells_why(search, train):
    panel = search(state="failed", error="The memory is full.", curve=RATES)
    assert "No learning rate was found" in words(panel)
    assert panel.error[0].value == "The memory is full."
    assert keys(panel) == ["close"] and not plots(train)["curves"]["layout"]["shapes"]
    train.button(key="close").click().run()
    with pytest.raises(KeyError):
        train.get_by_key("training")
    assert not train.button(key="find_rate").disabled


def test_without_mnist_a_search_on_the_sample_is_one_press_away(search, train, jobs):
    panel = search(state="failed", error="MNIST could not be downloaded.", offline=True)
    assert keys(panel) == ["close", "take_sample"]
    recipe = jobs.run.task.recipe
    train.button(key="take_sample").click().run()
    assert jobs.asked == ["rate search"] and jobs.run.task.recipe == replace(recipe, sample=True)


def test_a_search_is_cancelled(search, train, jobs, visit):
    search(stage="Starting TensorFlow")
    train.button(key="cancel").click().run()
    assert jobs.asked == ["cancel"]
    visit()
    panel = train.get_by_key("training")
    assert "The search for a learning rate was cancelled" in words(panel)
    assert keys(panel) == ["close"] and not train.button(key="find_rate").disabled


# Evaluate


@pytest.fixture(scope="module")
def readings():
    """What the two shipped networks make of the sample's test digits, by their labels."""
    mnist = load_sample()
    return {
        name.upper(): predict_images(Recognizer.load(name), mnist.x_test, mnist.y_test)
        for name in ("cnn", "mlp")
    }


def assert_figures(page, readings, rejected="{} ({:.1f} %)"):
    figures = rows(page, "accuracy")
    assert list(figures) == list(readings)
    for label, reading in readings.items():
        metrics = reading.metrics
        wrong = int((reading.predicted != reading.labels).sum())
        low, high = metrics["interval"]
        assert figures[label] == {
            "accuracy": f"{metrics['accuracy'] * 100:.2f} %",
            "95 % interval": f"{low * 100:.2f} % to {high * 100:.2f} %",
            "loss": f"{metrics['loss']:.4f}",
            "expected calibration error": f"{metrics['expected_calibration_error'] * 100:.1f} %",
            "rejected as not a digit": rejected.format(
                round(1000 * metrics["rejected"]), 100 * metrics["rejected"]
            ),
        }
        assert (
            f"**{label}** reads **{figures[label]['accuracy']}** of the sample's test digits right "
            f"and misreads **{wrong}** of the 1,000 digits. With 95 % confidence, it reads "
            f"{low * 100:.2f} % to {high * 100:.2f} % of other" in text(page)
        )
    dots = plots(page)["by_digit"]["data"]
    assert [of["name"] for of in dots] == list(readings)
    for of, reading in zip(dots, readings.values(), strict=True):
        expected = 100 * (1 - np.array(reading.metrics["accuracy_by_digit"]))
        np.testing.assert_allclose(of["y"], expected, atol=1e-6)


def test_the_figures_are_those_that_are_measured(evaluation, readings):
    assert_figures(evaluation, {"CNN": readings["CNN"]})
    assert "these digits before: its figures look better than they are." in text(evaluation)
    assert_confusion(evaluation, readings["CNN"])


def test_what_a_network_gets_wrong_is_shown_before_anything_is_pressed(evaluation, readings):
    wrong = readings["CNN"].select("wrong")
    assert evaluation.main.subheader[0].value == "What CNN gets wrong"
    assert indices(evaluation, "gallery") == wrong[:25].tolist()
    assert evaluation.number_input(key="test_index").value == wrong[0]


def assert_confusion(page, reading):
    (heat,) = plots(page)["confusion"]["data"]
    expected = [[f"{count}" if count else "" for count in row] for row in confusion(reading)]
    assert heat["text"] == expected


def confusion(reading):
    return np.array(reading.metrics["confusion"])


def test_a_network_with_ten_outputs_takes_nothing_for_no_digit(
    page, visit, sample, readings, monkeypatch
):
    monkeypatch.setattr(Recognizer, "can_reject", False)
    assert_figures(visit("evaluate"), {"CNN": readings["CNN"]}, rejected="it cannot reject")


def test_a_network_that_rejects_none_says_so(page, visit, sample, readings, monkeypatch):
    accepted = replace(readings["CNN"], is_digit=np.ones(1000, np.float32))
    monkeypatch.setattr(shared_predictions, "load", lambda *arguments: accepted)
    assert_figures(visit("evaluate"), {"CNN": accepted}, rejected="none")


def test_a_network_that_errs_nowhere_has_no_wrong_answer_to_show(
    page, visit, sample, readings, monkeypatch
):
    labels = readings["CNN"].labels
    perfect = replace(readings["CNN"], probabilities=np.eye(10, dtype=np.float32)[labels])
    monkeypatch.setattr(shared_predictions, "load", lambda *arguments: perfect)
    visit("evaluate")
    assert "gallery" not in plots(page)
    assert "CNN misreads no digit here. Choose other answers or digits above." in notes(page)
    assert page.number_input(key="test_index").value == 0


def test_on_all_of_mnist_the_figures_are_the_card_s(mnist, page, visit):
    visit("evaluate")
    card = registry.read_card(registry.SHIPPED / "cnn")
    figures = rows(page, "accuracy")["CNN"]
    assert figures["accuracy"] == f"{card.test['accuracy'] * 100:.2f} %"
    assert figures["loss"] == f"{card.test['loss']:.4f}"
    assert f"**{figures['accuracy']}** of the MNIST test set right" in text(page)
    assert "of the 10,000 digits" in text(page)
    assert "seen these digits before" not in text(page)


def test_two_networks_are_measured_beside_each_other(evaluation, readings):
    evaluation.selectbox(key="compare").set_value("mlp").run()
    assert_whole(evaluation)
    assert_figures(evaluation, readings)
    assert_confusion(evaluation, readings["CNN"])
    evaluation.segmented_control(key="model").set_value("mlp").run()
    assert_figures(evaluation, {"MLP": readings["MLP"]})
    assert "Which digits MLP confuses" in [title.value for title in evaluation.main.subheader]


def test_the_cells_show_counts_or_shares_of_their_row(evaluation, readings):
    counts = confusion(readings["CNN"])
    true, read = np.argwhere((counts > 0) & (counts < 10))[0]
    for shares, expected in (("counts", "{}"), ("% of the row", "{}.0")):
        evaluation.segmented_control(key="cells").set_value(shares).run()
        assert_whole(evaluation)
        (heat,) = plots(evaluation)["confusion"]["data"]
        assert heat["text"][true][read] == expected.format(counts[true, read])


@pytest.mark.parametrize("same", [True, False])
def test_a_press_on_a_cell_shows_its_images(evaluation, readings, same):
    """Whether answers are right or wrong does not count then: a cell has but one kind."""
    counts = confusion(readings["CNN"])
    true, read = (4, 4) if same else np.argwhere((counts > 0) & ~np.eye(10, dtype=bool))[0]
    other = "wrong" if same else "right"
    evaluation.segmented_control(key="outcome").set_value(other)
    evaluation.selectbox(key="read_digit").set_value(0).run()
    assert not evaluation.segmented_control(key="outcome").disabled
    press_in(evaluation, "confusion", [int(true), int(read)])
    assert_whole(evaluation)
    assert evaluation.selectbox(key="true_digit").value == true
    assert evaluation.selectbox(key="read_digit").value == read
    assert evaluation.segmented_control(key="outcome").disabled
    found = readings["CNN"].select("all", true, read)
    assert len(found) == counts[true, read] > 0
    assert f"{min(25, len(found))} of {len(found):,}. Below each image: its index" in text(
        evaluation
    )
    assert indices(evaluation, "gallery") == found[:25].tolist()
    evaluation.selectbox(key="true_digit").set_value(None).run()
    evaluation.selectbox(key="read_digit").set_value(None).run()
    assert evaluation.segmented_control(key="outcome").value == other
    assert not evaluation.segmented_control(key="outcome").disabled
    assert indices(evaluation, "gallery") == readings["CNN"].select(other)[:25].tolist()


def test_a_press_on_a_cell_is_nothing_that_streamlit_warns_of(evaluation, caplog, monkeypatch):
    """It warns once in a process, with a traceback in the server's log."""
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    press_in(evaluation, "confusion", [4, 4])
    assert_whole(evaluation)
    assert "Session State" not in caplog.text


@pytest.mark.parametrize("outcome", ["wrong", "right", "all"])
@pytest.mark.parametrize("count", [9, 25, 49])
def test_the_gallery_shows_the_surest_first(evaluation, readings, sample, outcome, count):
    evaluation.segmented_control(key="outcome").set_value(outcome)
    evaluation.segmented_control(key="count").set_value(count).run()
    assert_whole(evaluation)
    reading = readings["CNN"]
    found = reading.select(outcome)[:count]
    expected = [
        f"{place}<br>{read}" if read == true else f"{place}<br>{true} as {read}"
        for place, read, true in zip(
            found, reading.predicted[found], reading.labels[found], strict=True
        )
    ]
    assert captions(evaluation, "gallery") == expected
    assert numbers(evaluation, "gallery") == found.tolist()
    np.testing.assert_array_equal(tile(evaluation, "gallery", 1), sample.x_test[found[1]])


def test_only_at_random_the_gallery_is_reshuffled(evaluation, readings):
    evaluation.segmented_control(key="outcome").set_value("right").run()
    assert "reshuffle" not in keys(evaluation)
    evaluation.segmented_control(key="order_by").set_value("random").run()
    seen = [indices(evaluation, "gallery")]
    for _ in range(2):
        evaluation.button(key="reshuffle").click().run()
        assert_whole(evaluation)
        seen.append(indices(evaluation, "gallery"))
    right = set(readings["CNN"].select("right").tolist())
    assert all(len(set(shown)) == 25 and set(shown) <= right for shown in seen)
    assert seen[0] != seen[1] != seen[2]


def test_a_cell_without_images_is_no_error(evaluation, readings):
    true, read = np.argwhere(confusion(readings["CNN"]) == 0)[0]
    press_in(evaluation, "confusion", [int(true), int(read)])
    assert_whole(evaluation)
    assert f"CNN reads no {true} as {read}. {NONE}" in notes(evaluation)
    assert "gallery" not in plots(evaluation)
    evaluation.selectbox(key="true_digit").set_value(None)
    evaluation.selectbox(key="read_digit").set_value(None).run()
    assert "gallery" in plots(evaluation)


def assert_shows_image(page, index, reading, mnist):
    """The image, what it is, what it is read as, and its ten probabilities."""
    assert_whole(page)
    label, answer = mnist.y_test[index], reading.predicted[index]
    expected = f"Test image **{index}** is a **{label}**, read as **{answer}** "
    sure, true = (f"{reading.probabilities[index, digit] * 100:.1f} %" for digit in (answer, label))
    assert f"{expected}({sure} sure)." in text(page)
    assert (f"The {label} gets {true}." in text(page)) is bool(answer != label)
    np.testing.assert_array_equal(plots(page)["test_image"]["data"][0]["z"], mnist.x_test[index])
    probabilities = reading.probabilities[index]
    shares = plots(page)["test_probabilities"]["data"][0]["y"]
    np.testing.assert_allclose(shares, 100 * probabilities, rtol=1e-5)


def test_a_test_image_is_read_by_its_index(evaluation, readings, sample):
    evaluation.number_input(key="test_index").set_value(0).run()
    assert_shows_image(evaluation, 0, readings["CNN"], sample)
    wrong = int(readings["CNN"].select("wrong")[0])
    evaluation.number_input(key="test_index").set_value(wrong).run()
    assert_shows_image(evaluation, wrong, readings["CNN"], sample)
    evaluation.number_input(key="test_index").set_value(999).run()
    assert_shows_image(evaluation, 999, readings["CNN"], sample)


def test_a_press_on_an_image_of_the_gallery_chooses_it(evaluation, readings, sample):
    evaluation.segmented_control(key="outcome").set_value("all").run()
    chosen = indices(evaluation, "gallery")[11]
    press_in(evaluation, "gallery", chosen)
    assert evaluation.number_input(key="test_index").value == chosen
    assert_shows_image(evaluation, chosen, readings["CNN"], sample)


def test_a_network_that_has_just_been_removed_is_evaluated_no_longer(
    page, visit, home, sample, readings
):
    publish(home, "mine")
    visit("evaluate")
    page.segmented_control(key="model").set_value("mine").run()
    assert_figures(page, {"mine": readings["MLP"]})
    registry.remove("mine")
    visit()
    assert "'mine' is gone" in page.sidebar.warning[0].value
    assert_figures(page, {"CNN": readings["CNN"]})


def test_a_rival_that_has_just_been_removed_is_measured_no_longer(
    page, visit, home, sample, readings
):
    publish(home, "mine")
    visit("evaluate")
    page.selectbox(key="compare").set_value("mine").run()
    assert_figures(page, {"CNN": readings["CNN"], "mine": readings["MLP"]})
    registry.remove("mine")
    visit()
    assert_figures(page, {"CNN": readings["CNN"]})


def test_without_any_network_evaluate_says_what_to_do(page, broken, sample):
    for name in ("cnn", "mlp"):
        (broken / name / registry.SERVED).write_bytes(b"")
    turn_to(page, "evaluate").run()
    assert not page.exception
    (error,) = page.main.error
    assert "Restore `models/`" in error.value and not plots(page)


@pytest.fixture
def read(monkeypatch):
    """Which recognizers have read the test digits."""
    read = []

    def read_too(recognizer, *arguments):
        read.append(recognizer)
        return predict_images(recognizer, *arguments)

    monkeypatch.setattr(shared_predictions, "predict_images", read_too)
    return read


def test_a_network_is_evaluated_once_for_all_until_another_takes_its_name(
    page, visit, home, sample, readings, read
):
    publish(home, "mine")
    visit("evaluate")
    read.clear()
    page.segmented_control(key="model").set_value("mine").run()
    visit("data")
    visit("evaluate")
    other = turn_to(open_session(), "evaluate").run()
    other.segmented_control(key="model").set_value("mine").run()
    assert_figures(other, {"mine": readings["MLP"]})
    assert len(read) == 1
    publish(home, "mine", of="cnn")
    for session in (page, other):
        session.run()
        assert_figures(session, {"mine": readings["CNN"]})
    assert len(read) == 2


def test_other_test_digits_are_read_anew(mnist, page, visit, home, sample, read, monkeypatch):
    publish(home, "mine")
    visit("")
    page.segmented_control(key="model").set_value("mine").run()
    visit("evaluate")
    monkeypatch.setenv("DIGITCANVAS_MNIST", mnist.source)
    visit()
    card = registry.read_card(home / "mine")
    accuracy = f"{card.test['accuracy'] * 100:.2f} %"
    assert rows(page, "accuracy")["mine"]["accuracy"] == accuracy
    assert len(read) == 2


def test_the_reading_tells_how_far_it_is(page, visit, home, sample, monkeypatch):
    seen = []

    def read_slowly(recognizer, images, labels, on_progress):
        readings = predict_images(recognizer, images, labels, lambda share: seen.append(share))
        on_progress(seen[-1])
        return readings

    monkeypatch.setattr(shared_predictions, "predict_images", read_slowly)
    publish(home, "mine")
    visit("evaluate")
    page.segmented_control(key="model").set_value("mine").run()
    assert seen == [1] and not page.main.get("progress")


def test_the_layers_of_the_form_s_network_are_shown_before_it_is_trained(train):
    def kinds():
        return tables(train, "layer")[0]["layer"]

    assert kinds() == [layer.kind for layer in layer_table(RECIPES["quick"])]
    train.text_input(key="hidden").set_value("64, 32").run()
    changed = layer_table(replace(RECIPES["quick"], hidden=(64, 32)))
    assert kinds() == [layer.kind for layer in changed]
    train.text_input(key="hidden").set_value("many").run()
    assert len(tables(train, "layer")) == 1  # that of the network that reads
