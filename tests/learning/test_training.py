import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from digitcanvas import Recognizer
from digitcanvas.data.mnist import BUNDLED, SAMPLE, load_sample, sha256
from digitcanvas.data.outliers import NOT_A_DIGIT, make_outliers
from digitcanvas.data.pen import VALIDATION_WRITERS, PenDigits, images_from_drawings
from digitcanvas.data.told import ToldDrawings, copies_of
from digitcanvas.data.unipen import Split, Unipen
from digitcanvas.drawing.preprocess import PEN_WIDTH, image_from_strokes
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning import assembly, training
from digitcanvas.learning.assembly import Batches
from digitcanvas.learning.keras_networks import build
from digitcanvas.learning.training import Diverged, find_rate, publish, train
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import evaluate
from digitcanvas.reading.recognizer import ACCEPTED, split_softmax
from digitcanvas.runs import rate_finder
from digitcanvas.runs.recipes import (
    LOSSES,
    OPTIMIZERS,
    RECIPES,
    TUTORIAL,
    Recipe,
)
from tests.data.test_mnist_and_pen import DRAWINGS
from tests.digits import DIGITS

pytestmark = pytest.mark.training

TINY = Recipe(
    "mlp",
    epochs=2,
    hidden=(512, 256),
    batch_size=500,
    sample=True,
    pen_copies=3,
    outliers=300,
    validation_share=0.25,
    seed=3,
)
PLAIN = Recipe("plain-mlp", epochs=1, **TUTORIAL | {"hidden": (16,), "sample": True})
SPARSE = "sparse_categorical_crossentropy"
SCRIBBLED = 3 * len(DRAWINGS) + 300
"""Drawings that TINY makes to learn from."""


@pytest.fixture(scope="module")
def pen_drawings():
    return PenDigits(DRAWINGS, DRAWINGS[5:], "0" * 64)


@pytest.fixture(scope="module")
def run(pen_drawings):
    """A run on the sample, and the progress it reported."""
    progress = []
    return train(TINY, load_sample(), pen_drawings, progress.append), progress


def test_a_run_learns(run):
    trained, _ = run
    assert trained.history["val_accuracy"][-1] > 0.8
    assert trained.model.optimizer.weight_decay == TINY.weight_decay
    assert trained.history["loss"][1] < trained.history["loss"][0]


def test_progress_counts_batches_and_epochs(run):
    _, progress = run
    batches = -(-(3000 + SCRIBBLED) // 500)
    training = [p for p in progress if p.epoch]
    seen = [(p.epoch, p.batch) for p in training]
    assert seen == [
        (epoch, batch) for epoch in (1, 2) for batch in [*range(1, batches + 1), batches]
    ]
    assert all((p.epochs, p.batches) == (2, batches) for p in training)
    at_ends = [p for p in training if "val_loss" in p.metrics]
    assert [(p.epoch, p.batch) for p in at_ends] == [(1, batches), (2, batches)]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(progress[-1].metrics)


def test_before_the_first_epoch_progress_counts_the_drawings_made(run, pen_drawings, monkeypatch):
    epochs = [p.epoch for p in run[1]]
    assert epochs[0] == 0 and epochs == sorted(epochs)
    progress = []
    monkeypatch.setattr(assembly, "REPORTED", 50)
    assembly.assemble(TINY, load_sample(), pen_drawings, progress.append)
    assert all((p.epoch, p.epochs, p.batches) == (0, 2, SCRIBBLED) for p in progress)
    done = [p.batch for p in progress]
    assert done == sorted(done) and len(done) == 3 + 7
    assert done[0] > 0 and 0.9 * SCRIBBLED < done[-1] <= SCRIBBLED


def test_where_no_drawings_are_made_none_are_counted(pen_drawings):
    progress = []
    assembly.assemble(PLAIN, load_sample(), pen_drawings, progress.append)
    assert progress == []


def test_the_same_seed_learns_the_same(run, pen_drawings):
    trained, _ = run
    again = train(TINY, load_sample(), pen_drawings)
    assert again.history == trained.history
    for one, same in zip(trained.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_a_run_is_calibrated_on_what_is_kept_to_measure_it(run, pen_drawings, monkeypatch):
    seen = []
    monkeypatch.setattr(training, "calibrate", lambda model, validation: seen.extend(validation))
    train(replace(TINY, epochs=1), load_sample(), pen_drawings)
    *_, (kept, labels) = assembly.assemble(TINY, load_sample(), pen_drawings)
    (images, meant), (drawn, written) = seen
    np.testing.assert_array_equal(images, kept)
    np.testing.assert_array_equal(meant, labels)
    np.testing.assert_array_equal(drawn, images_from_drawings(pen_drawings.validation)[0])
    assert list(written) == [5, 6, 7, 8, 9]


def test_a_run_that_is_not_to_be_calibrated_keeps_its_softmax(pen_drawings, monkeypatch):
    def fail(*_):
        raise AssertionError("calibrated")

    monkeypatch.setattr(training, "calibrate", fail)
    trained = train(PLAIN, load_sample(), pen_drawings)
    assert trained.history["val_accuracy"][-1] > 0.5


def test_without_copies_pen_strokes_take_no_part(pen_drawings, monkeypatch):
    recipe = replace(TINY, epochs=1, pen_copies=0)
    seen = []
    monkeypatch.setattr(training, "calibrate", lambda model, validation: seen.extend(validation))
    one, other = (train(recipe, load_sample(), pen) for pen in (pen_drawings, None))
    assert one.history == other.history
    assert [len(labels) for _, labels in seen] == [1000, 1000]


def test_what_is_no_digit_is_turned_away_and_digits_are_not(run):
    trained, _ = run
    others, _ = images_from_drawings(make_outliers(300, [], np.random.default_rng(99)))
    digits = load_sample().x_test.astype(np.float32) / 255
    rejected = [
        (split_softmax(trained.model.predict(images, verbose=0))[1] < ACCEPTED).mean()
        for images in (others, digits)
    ]
    assert rejected[0] > 0.2 and rejected[1] < 0.03


def test_there_is_at_most_one_outlier_to_five_digits():
    _, labels, _ = assembly.assemble(replace(TINY, outliers=12_000), load_sample(), None)
    assert (labels == NOT_A_DIGIT).sum() == (labels != NOT_A_DIGIT).sum() / 5


def test_without_outliers_a_network_tells_ten_digits(pen_drawings):
    recipe = replace(TINY, epochs=1, outliers=0)
    trained = train(recipe, load_sample(), pen_drawings)
    assert trained.model.output_shape == (None, 10)
    images, labels, _ = assembly.assemble(recipe, load_sample(), pen_drawings)
    assert len(images) == 3000 + 3 * 10 and max(labels) == 9


def letters(text, writer=1):
    return [Drawing(DIGITS[4][:1], ord(sign), writer) for sign in text]


@pytest.fixture
def unipen():
    digits = Split(DRAWINGS[:4], DRAWINGS[:3])
    return Unipen(digits, Split(letters("AAB"), letters("K", 5)), {"unipen-digits.npz": "1" * 64})


def test_unipen_s_digits_join_the_pen_s_and_its_letters_the_outliers(pen_drawings, unipen):
    sample = load_sample()
    images, labels, _ = assembly.assemble(TINY, sample, pen_drawings, unipen=unipen)
    _, before, _ = assembly.assemble(TINY, sample, pen_drawings)
    more = np.bincount(labels, minlength=11) - np.bincount(before, minlength=11)
    assert list(more) == [3] * 4 + [0] * 6 + [3 * assembly.OTHER_COPIES]
    assert len(images) == len(labels)
    none = replace(TINY, outliers=0, pen_copies=0)
    assert len(assembly.assemble(none, sample, pen_drawings, unipen=unipen)[1]) == 3000


def test_a_run_is_calibrated_on_unipen_s_writers_too(pen_drawings, unipen, monkeypatch):
    seen = []
    monkeypatch.setattr(training, "calibrate", lambda model, validation: seen.extend(validation))
    train(replace(TINY, epochs=1), load_sample(), pen_drawings, unipen=unipen)
    assert [list(labels) for _, labels in seen[1:]] == [[5, 6, 7, 8, 9], [0, 1, 2]]


def test_a_card_names_unipen_s_files_and_writers(run, unipen, tmp_path):
    card = publish(replace(run[0], unipen=unipen), tmp_path / "mine")
    assert card.metrics["unipen"]["count"] == 3
    assert card.data["unipen"] == {
        "sha256": {"unipen-digits.npz": "1" * 64},
        "train": 4,
        "others": 3,
        "validation": 3,
        "validation_writers": [1, 2, 3],
    }


@pytest.fixture
def told():
    """What a room told: two drawings are no digits, and four are kept out."""
    others = [replace(drawing, label=NOT_A_DIGIT) for drawing in DRAWINGS[:2]]
    return ToldDrawings([*DRAWINGS, others[0]], [*DRAWINGS[:3], others[1]], 7, "2" * 64)


def test_a_room_s_drawings_join_mnist_s_digits_and_what_is_none_the_outliers(told):
    recipe = replace(TINY, room="all")
    images, labels, (kept, _) = assembly.assemble(recipe, load_sample(), None, told=told)
    copies = copies_of(11, alone=False)
    assert list(np.bincount(labels[3000:], minlength=11)) == [copies] * 10 + [copies + 300]
    assert len(images) == len(labels) and len(kept) == 1000
    drawn = {image.tobytes() for image in images[3000:]}
    assert len(drawn) > 0.95 * (len(images) - 3000)
    assert not drawn & {image_from_strokes(drawing.strokes).tobytes() for drawing in told.train}
    plain = replace(recipe, outliers=0)
    assert max(assembly.assemble(plain, load_sample(), None, told=told)[1]) == 9


def test_a_room_s_drawings_alone_are_learnt_from_and_validated_with(told, pen_drawings):
    recipe = replace(TINY, room="all", room_only=True)
    images, labels, (kept, meant) = assembly.assemble(
        recipe, load_sample(), pen_drawings, told=told
    )
    copies = copies_of(11, alone=True)
    assert len(images) == 11 * copies + 11 * copies // 5
    assert list(np.bincount(labels)[:10]) == [copies] * 10
    np.testing.assert_array_equal(kept, images_from_drawings(DRAWINGS[:3])[0])
    assert list(meant) == [0, 1, 2]


def test_without_a_room_nothing_changes(pen_drawings):
    with_it, without = (
        assembly.assemble(TINY, load_sample(), pen_drawings, **more)
        for more in ({"told": None}, {})
    )
    np.testing.assert_array_equal(with_it[0], without[0])


@pytest.mark.parametrize("alone", [False, True])
def test_a_run_with_a_room_is_calibrated_and_measured_on_what_is_kept_of_it(
    told, alone, monkeypatch, tmp_path
):
    seen = []
    monkeypatch.setattr(training, "calibrate", lambda model, validation: seen.extend(validation))
    recipe = replace(TINY, epochs=1, room="all", room_only=alone)
    trained = train(recipe, load_sample(), told=told)
    assert [len(labels) for _, labels in seen] == ([3] if alone else [1000, 3])
    card = publish(trained, tmp_path / "mine")
    assert card.metrics["room"]["count"] == 3
    assert card.data["room"] == {"sha256": "2" * 64, "train": 11, "validation": 4, "people": 7}
    assert card.data["mnist"]["train"] == (0 if alone else 4000)
    assert card.recipe["room"] == "all" and "writer" not in str(card.data)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A network that later ones may start from, and where it is published."""
    trained, home = train(PLAIN, load_sample()), tmp_path_factory.mktemp("published")
    publish(trained, home / "mine")
    return trained, home


@pytest.fixture
def mine(published, home):
    trained, elsewhere = published
    shutil.copytree(elsewhere / "mine", home / "mine")
    return trained


def test_a_run_goes_on_from_the_network_that_it_names(mine, home, tmp_path):
    trained = train(replace(PLAIN, start="mine", epochs=2), load_sample())
    for first, last in zip(trained.initial, mine.model.get_weights(), strict=True):
        np.testing.assert_array_equal(first, last)
    assert trained.history["loss"][0] < mine.history["loss"][0] / 1.5
    card = publish(trained, tmp_path / "more")
    assert card.data["start"] == {"name": "mine", "sha256": sha256(home / "mine" / "model.keras")}
    assert card.untrained["accuracy"] == registry.read_card(home / "mine").test["accuracy"]
    assert "start" not in registry.read_card(home / "mine").data


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"start": "gone"}, "There is no model 'gone'"),
        ({"hidden": (17,)}, "mine has other layers than the recipe: leave those as they are"),
        ({"outliers": 9}, "mine has other layers than the recipe"),
        ({"hidden": (16, 16)}, "mine has other layers than the recipe"),
    ],
)
def test_a_network_that_cannot_be_gone_on_from_is_said_before_all_else(mine, changes, complaint):
    with pytest.raises(ValueError, match=complaint):
        train(replace(PLAIN, **{"start": "mine"} | changes), load_sample(), fail)


def test_a_damaged_network_cannot_be_gone_on_from(mine, home):
    (home / "mine" / "model.keras").write_bytes(b"damaged")
    with pytest.raises(registry.ModelError, match="'mine' cannot be used: model.keras cannot be"):
        train(replace(PLAIN, start="mine"), load_sample())


def fail(*_):
    raise AssertionError("begun")


def test_mnist_is_split_by_its_writers_where_they_are_known():
    sample = load_sample()
    writers = np.arange(len(sample.y_train)) // 100
    known = replace(sample, writers=writers)
    *_, (kept, _) = assembly.assemble(PLAIN, known, None)
    own = {image.tobytes() for image in kept}
    held_out = [
        (image.astype(np.float32) / np.float32(255)).tobytes() in own for image in sample.x_train
    ]
    shares = np.reshape(held_out, (-1, 100)).mean(axis=1)
    assert set(shares) == {0, 1}


@pytest.fixture(scope="module")
def result(run, tmp_path_factory):
    """The run's card, and the home where its network is published."""
    home = tmp_path_factory.mktemp("result")
    return publish(run[0], home / "mine"), home


def test_a_published_model_serves_what_was_trained(run, result):
    (trained, _), (card, home) = run, result
    assert {path.name for path in (home / "mine").iterdir()} == {
        registry.CARD,
        registry.SERVED,
        registry.TRAINABLE,
    }
    assert [path.name for path in home.iterdir()] == ["mine"]
    images = load_sample().x_test[:100].astype(np.float32) / 255
    served = Recognizer.load(home / "mine").classify_batch(images)
    kept = keras.models.load_model(home / "mine" / registry.TRAINABLE)
    for model in (trained.model, kept):
        for ours, theirs in zip(
            served, split_softmax(model.predict(images, verbose=0)), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert card.recipe["seed"] == 3
    assert card.history == trained.history
    assert card.versions["tensorflow"] == tf.__version__
    served = Recognizer.load(home / "mine")
    assert card.metrics == evaluate(served, trained.mnist, trained.pen)
    assert card.metrics["pen"]["count"] == 5
    assert card.data == {
        "mnist": {
            "name": BUNDLED,
            "sha256": sha256(SAMPLE),
            "train": 4000,
            "test": 1000,
        },
        "pen": {
            "sha256": "0" * 64,
            "train": 10,
            "validation": 5,
            "validation_writers": [6, 7, 8, 9, 10],
        },
    }
    assert card.test["count"] == 1000 and card.test["accuracy"] > 0.8
    assert card.parameters == trained.model.count_params()


def test_a_card_tells_what_the_network_read_before_training(run, result):
    (trained, _), (card, _) = run, result
    bare = build(TINY)
    bare.set_weights(trained.initial)
    sample = load_sample()
    softmax = bare.predict(sample.x_test.astype(np.float32) / 255, verbose=0)
    accuracy = (split_softmax(softmax)[0].argmax(axis=1) == sample.y_test).mean()
    assert card.untrained["accuracy"] == pytest.approx(accuracy)
    assert accuracy < 0.3 and card.untrained["loss"] > card.test["loss"]


def test_a_model_is_made_where_one_may_scribble(run, tmp_path, monkeypatch):
    trained, _ = run
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    seen = []
    write_card = registry.write_card
    monkeypatch.setattr(
        registry, "write_card", lambda path, card: seen.append(path) or write_card(path, card)
    )
    publish(trained, tmp_path / "models" / "mine", scratch)
    assert seen[0].is_relative_to(scratch) and list(scratch.iterdir()) == []
    assert Recognizer.load(tmp_path / "models" / "mine")
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["mine"]


def test_a_network_of_raw_pixels_still_takes_images_from_0_to_1(tmp_path):
    recipe = replace(PLAIN, hidden=(64,))
    trained = train(replace(recipe, normalise=False), load_sample())
    assert trained.history["val_accuracy"][-1] > 0.3
    images = load_sample().x_test[:100].astype(np.float32) / 255
    normalised = build(recipe)
    normalised.set_weights(trained.model.get_weights())
    softmax = trained.model.predict(images, verbose=0)
    np.testing.assert_allclose(softmax, normalised.predict(images * 255, verbose=0), atol=1e-5)
    assert np.abs(softmax - normalised.predict(images, verbose=0)).max() > 0.1

    card = publish(trained, tmp_path / "raw")
    served = Recognizer.load(tmp_path / "raw").predict_batch(images)
    np.testing.assert_allclose(served, softmax, atol=1e-5)
    right = trained.model.predict(load_sample().x_test.astype(np.float32) / 255, verbose=0)
    accuracy = (right.argmax(axis=1) == load_sample().y_test).mean()
    assert card.test["accuracy"] == pytest.approx(accuracy, abs=0.002)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns_and_is_what_it_says(optimizer):
    recipe = replace(PLAIN, optimizer=optimizer, learning_rate=0.01, weight_decay=0.001)
    trained = train(recipe, load_sample())
    assert trained.history["val_accuracy"][-1] > 0.5
    used = trained.model.optimizer
    assert (
        type(used)
        is {
            "adam": keras.optimizers.Adam,
            "sgd": keras.optimizers.SGD,
            "rmsprop": keras.optimizers.RMSprop,
        }[optimizer]
    )
    assert float(used.learning_rate) == pytest.approx(0.01)
    assert used.weight_decay == 0.001
    if optimizer == "sgd":
        assert used.momentum == 0.9


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_no_decay_is_none_and_a_whole_rate_a_rate(optimizer):
    used = training._optimizer(replace(PLAIN, optimizer=optimizer, learning_rate=1), steps=10)
    assert used.weight_decay is None and float(used.learning_rate) == 1


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_rate_is_constant_or_rises_and_falls_as_a_cosine(optimizer):
    recipe = replace(PLAIN, optimizer=optimizer, learning_rate=0.5)
    rate_finder = {}
    for schedule in ("constant", "cosine"):
        used = training._optimizer(replace(recipe, schedule=schedule), steps=200)
        rate_finder[schedule] = []
        for step in range(0, 201, 5):
            used.iterations.assign(step)
            rate_finder[schedule].append(float(used.learning_rate))
    assert set(rate_finder["constant"]) == {0.5}
    rises, falls = rate_finder["cosine"][:3], rate_finder["cosine"][2:]
    np.testing.assert_allclose(rises, [0.05, 0.275, 0.5], rtol=1e-5)
    half_turn = (1 + np.cos(np.linspace(0, np.pi, len(falls)))) / 2
    np.testing.assert_allclose(falls, 0.5 * (0.01 + 0.99 * half_turn), rtol=1e-4)


def test_in_cycles_the_rate_rises_and_falls_in_each_epoch_from_a_lower_peak_each_time():
    recipe = replace(PLAIN, epochs=3, schedule="cycles", learning_rate=0.6)
    used = training._optimizer(recipe, steps=300)
    rates = []
    for step in range(301):
        used.iterations.assign(step)
        rates.append(float(used.learning_rate))
    assert rates[0::100] == pytest.approx([0.06, 0.04, 0.02, 0], abs=1e-6)
    for epoch, peak in enumerate([0.6, 0.4, 0.2]):
        cycle = rates[100 * epoch : 100 * (epoch + 1)]
        top = int(np.argmax(cycle))
        assert top == 5 and cycle[top] == pytest.approx(peak, rel=0.01)
        assert cycle[50] == pytest.approx(peak / 2, rel=1e-4) and cycle[-1] < peak / 1000
        assert cycle[top:] == sorted(cycle[top:], reverse=True)


def test_a_run_that_lost_its_way_says_to_lower_the_learning_rate():
    recipe = replace(PLAIN, optimizer="sgd", learning_rate=1, normalise=False, hidden=(64,) * 3)
    progress = []
    with pytest.raises(ValueError, match=r"undefined in epoch 1, .*lower learning rate"):
        train(recipe, load_sample(), on_progress=progress.append)
    assert all(np.isfinite(p.metrics["loss"]) for p in progress)


def test_so_does_one_that_loses_it_in_an_epoch_s_last_step():
    """The loss is that before the step; validation comes after it."""
    report = training._Report(lambda progress: None)
    report.set_params({"epochs": 1, "steps": 4})
    report.on_epoch_begin(0)
    with pytest.raises(ValueError, match="lower learning rate"):
        report.on_epoch_end(0, {"loss": 2.3, "accuracy": 0.1, "val_loss": float("nan")})


def test_a_failed_publish_leaves_the_old_model_and_nothing_else(mine, home, monkeypatch):
    before = (home / "mine" / registry.CARD).read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry, "write_card", full_disk)
    with pytest.raises(OSError, match="No space"):
        publish(mine, home / "mine")
    assert [path.name for path in home.iterdir()] == ["mine"]
    assert (home / "mine" / registry.CARD).read_bytes() == before


def test_batches_show_every_image_once_an_epoch():
    labels = np.arange(70)
    images = np.zeros((70, 28, 28), np.float32)
    recipe = Recipe("mlp", epochs=1, hidden=(8,), batch_size=32, loss=SPARSE)
    batches = Batches(images, labels, recipe)
    batches.on_epoch_begin()
    first = np.concatenate([batches[i][1] for i in range(len(batches))])
    batches.on_epoch_end()
    batches.on_epoch_begin()
    second = np.concatenate([batches[i][1] for i in range(len(batches))])
    assert sorted(first) == sorted(second) == list(labels)
    assert list(first) != list(second)


def test_every_batch_of_every_epoch_is_bent_anew():
    images = np.stack([image_from_strokes(DIGITS[7])] * 16)  # alike, so that order plays no part
    labels = np.full(16, 7)
    recipe = Recipe("mlp", epochs=2, hidden=(8,), batch_size=8)
    batches = Batches(images, labels, recipe)
    batches.on_epoch_begin()
    first, second = batches[0][0], batches[1][0]
    batches.on_epoch_end()
    batches.on_epoch_begin()
    later = batches[0][0]
    for one, other in ((first, images[:8]), (first, second), (first, later)):
        assert not np.array_equal(one, other)
    plain = Batches(images, labels, replace(recipe, augment=False))
    np.testing.assert_array_equal(plain[0][0], images[:8])


def test_a_batch_is_the_same_in_whatever_thread_it_is_asked_for_and_however_often():
    images = np.stack([image_from_strokes(DIGITS[7])] * 16)
    batches = Batches(images, np.arange(16), replace(TINY, batch_size=8, loss=SPARSE))
    batches.on_epoch_begin()
    once = [batches[i] for i in (0, 1)]
    with ThreadPoolExecutor() as pool:
        again = [*pool.map(batches.__getitem__, (1, 0))][::-1]
    for one, same in zip(once, again, strict=True):
        np.testing.assert_array_equal(one[0], same[0])
        np.testing.assert_array_equal(one[1], same[1])
        assert one[0].dtype == np.float32


def test_what_watches_the_run_is_kept_out_of_it(pen_drawings):
    images, _, (kept, _) = assembly.assemble(TINY, load_sample(), pen_drawings)
    assert len(kept) == 1000
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in kept}


def test_pen_copies_and_outliers_join_mnist_s_digits(pen_drawings):
    images, labels, (kept, meant) = assembly.assemble(TINY, load_sample(), pen_drawings)
    assert list(labels[3000:]) == [*range(10)] * 3 + [NOT_A_DIGIT] * 300
    every = zip([*images[:3000], *kept], [*labels[:3000], *meant], strict=True)
    sample = zip(load_sample().x_train.astype(np.float32) / 255, load_sample().y_train, strict=True)
    assert {(x.tobytes(), y) for x, y in every} == {(x.tobytes(), y) for x, y in sample}
    drawn = {image.tobytes() for image in images[3000:]}
    assert len(drawn) > 320
    assert not drawn & {image_from_strokes(strokes).tobytes() for strokes in DIGITS.values()}


def test_without_pen_strokes_outliers_join_all_the_same():
    images, labels, _ = assembly.assemble(TINY, load_sample(), None)
    assert len(images) == 3300 and list(labels[3000:]) == [NOT_A_DIGIT] * 300


def test_drawings_are_learnt_from_with_pens_of_all_widths(monkeypatch, pen_drawings):
    """Among them the one that is served."""
    widths = []
    draw = assembly.images_from_drawings
    monkeypatch.setattr(
        assembly,
        "images_from_drawings",
        lambda drawings, pens: widths.extend(pens) or draw(drawings, pens),
    )
    recipe = replace(TINY, pen_copies=20, outliers=100)
    assembly.assemble(recipe, load_sample(), pen_drawings)
    thin, wide = assembly.PEN_WIDTHS
    assert len(widths) == 300
    assert thin <= min(widths) < thin + 0.1 and wide - 0.1 < max(widths) <= wide
    assert thin < PEN_WIDTH < wide


def test_labels_are_one_hot_or_as_the_sparse_loss_takes_them_integers():
    labels, images = np.array([7, 0, NOT_A_DIGIT, 9]), np.zeros((4, 28, 28), np.float32)
    recipe = replace(TINY, batch_size=8, augment=False)
    one_hot = Batches(images, labels, recipe)[0][1]
    integers = Batches(images, labels, replace(recipe, loss=SPARSE))[0][1]
    assert one_hot.shape == (4, 11) and sorted(one_hot.argmax(axis=1)) == sorted(labels)
    assert (one_hot.sum(axis=1) == 1).all() and set(one_hot.ravel()) == {0, 1}
    assert integers.shape == (4,) and sorted(integers) == sorted(labels)


@pytest.mark.parametrize("base", [PLAIN, replace(TINY, epochs=1, calibrated=False)])
def test_either_cross_entropy_learns_the_same(base, pen_drawings):
    """They are the same number: only the labels are written in another way."""
    one_hot, sparse = (
        train(replace(base, loss=loss), load_sample(), pen_drawings) for loss in LOSSES
    )
    assert one_hot.model.loss != sparse.model.loss == SPARSE
    for one, other in zip(one_hot.model.get_weights(), sparse.model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    for figure, values in one_hot.history.items():
        assert sparse.history[figure] == pytest.approx(values, abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_tensorflow_traces_a_step_once(loss, monkeypatch):
    """A second time, as where variables are created in the first step, takes half a second."""
    traced, step = [], keras.Model.train_step

    def train_step(model, data):
        traced.append(data)
        return step(model, data)

    monkeypatch.setattr(keras.Model, "train_step", train_step)
    train(replace(PLAIN, loss=loss, epochs=2), load_sample())
    assert len(traced) == 1


@pytest.mark.parametrize(("share", "seed"), [(0.01, 0), (0.05, 17), (0.25, 3), (0.9, 17)])
def test_digits_are_split_as_they_have_been_from_the_start(share, seed):
    """Shuffled by the seed, and the first are kept, so that old models can be trained again."""
    recipe = replace(PLAIN, validation_share=share, seed=seed)
    images, labels, (watched, meant) = assembly.assemble(recipe, load_sample(), None)
    sample = load_sample()
    order = np.random.default_rng(seed).permutation(4000)
    kept = round(4000 * share)
    for found, places in ((images, order[kept:]), (watched, order[:kept])):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(np.rint(found * 255), sample.x_train[places])
    np.testing.assert_array_equal(labels, sample.y_train[order[kept:]])
    np.testing.assert_array_equal(meant, sample.y_train[order[:kept]])


SEARCHED = replace(PLAIN, batch_size=500)


@pytest.fixture
def few_digits(monkeypatch):
    """A step at each rate, so that a search takes seconds."""
    monkeypatch.setattr(rate_finder, "DIGITS", 500)


@pytest.fixture(scope="module")
def search():
    """A search at all of the rates, and the progress it reported."""
    progress = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rate_finder, "DIGITS", 1000)
        return find_rate(SEARCHED, load_sample(), progress.append), progress


def test_a_search_trains_at_ever_higher_rates_and_the_loss_falls_at_first(search):
    curve, _ = search
    expected = [rate_finder.rate_of(epoch) for epoch in range(80)]
    assert curve.rates == pytest.approx(expected, rel=1e-4) and len(curve.losses) == 80
    assert np.isfinite(curve.losses).all()
    assert curve.losses[0] > 2 and min(curve.losses) < 0.7
    low, high = curve.good
    assert 1e-4 < low < curve.choice < high < 1


def test_its_progress_tells_the_rate_at_each_epoch_s_end_and_there_alone(search):
    curve, progress = search
    assert [(p.epoch, p.batch) for p in progress] == [
        (epoch, batch) for epoch in range(1, 81) for batch in (1, 2, 2)
    ]
    assert all((p.epochs, p.batches) == (80, 2) for p in progress)
    ends = [p for p in progress if p.ends_epoch]
    assert ends == progress[2::3]
    assert [p.metrics["learning_rate"] for p in ends] == curve.rates
    assert [p.metrics["loss"] for p in ends] == curve.losses


def test_each_epoch_is_trained_at_the_rate_that_is_told(few_digits, monkeypatch):
    """The weights move by just so much: SGD's first step is the rate times the slope."""
    monkeypatch.setattr(rate_finder, "COUNT", 1)
    moved, compiled = [], training._compiled

    def watched(recipe, steps):
        model = compiled(recipe, steps)
        moved.append((model, model.get_weights()))
        return model

    monkeypatch.setattr(training, "_compiled", watched)
    for rate in (1e-4, 1e-2):
        monkeypatch.setattr(rate_finder, "rate_of", lambda epoch, *, rate=rate: rate)
        find_rate(replace(SEARCHED, optimizer="sgd", learning_rate=1.0), load_sample())
    steps = [
        np.concatenate(
            [
                (after - before).ravel()
                for after, before in zip(model.get_weights(), weights, strict=True)
            ]
        )
        for model, weights in moved
    ]
    np.testing.assert_allclose(steps[1], 100 * steps[0], atol=1e-4)
    assert np.abs(steps[1]).max() > 1e-3


def test_a_search_of_the_same_seed_finds_the_same(few_digits, monkeypatch):
    monkeypatch.setattr(rate_finder, "COUNT", 4)
    one, same = (find_rate(SEARCHED, load_sample()) for _ in range(2))
    other = find_rate(replace(SEARCHED, seed=18), load_sample())
    assert one == same != other


def test_a_search_learns_from_so_many_digits_and_no_more(few_digits, monkeypatch):
    monkeypatch.setattr(rate_finder, "COUNT", 1)
    seen = []
    monkeypatch.setattr(
        training, "Batches", lambda *given: seen.append(given[:2]) or Batches(*given)
    )
    recipe = replace(SEARCHED, outliers=300, pen_copies=2)
    find_rate(recipe, load_sample())
    ((images, labels),) = seen
    assert len(images) == len(labels) == 500 and max(labels) == 9
    every, _, _ = assembly.assemble(replace(recipe, outliers=0, pen_copies=0), load_sample(), None)
    np.testing.assert_array_equal(images, every[:500])


WILD = replace(SEARCHED, optimizer="sgd", weight_decay=1, normalise=False)


def test_a_search_ends_where_the_loss_diverges_and_keeps_what_came_before(few_digits, monkeypatch):
    monkeypatch.setattr(rate_finder, "DECADE", 1)  # from 1e-4 to 1e75
    progress = []
    curve = find_rate(WILD, load_sample(), progress.append)
    assert 2 <= len(curve.rates) < 60 and np.isfinite(curve.losses).all()
    assert curve.rates == pytest.approx([1e-4 * 10**i for i in range(len(curve.rates))], rel=1e-4)
    assert [p.metrics["learning_rate"] for p in progress if p.ends_epoch] == curve.rates
    assert curve.rates[int(np.argmin(curve.losses))] < curve.rates[-1]


def test_a_search_that_diverges_at_once_says_so(few_digits, monkeypatch):
    monkeypatch.setattr(rate_finder, "FIRST", 1e30)
    with pytest.raises(Diverged, match="infinite or undefined"):
        find_rate(replace(WILD, batch_size=100), load_sample())


def test_a_search_that_breaks_off_for_another_reason_is_no_success(few_digits):
    def fail(progress):
        if progress.epoch == 3:
            raise ValueError("the disk is full")

    with pytest.raises(ValueError, match="disk is full"):
        find_rate(SEARCHED, load_sample(), fail)


def test_a_training_that_diverges_is_told_from_other_errors():
    recipe = replace(PLAIN, optimizer="sgd", learning_rate=1, normalise=False, hidden=(64,) * 3)
    with pytest.raises(Diverged):
        train(recipe, load_sample())


@pytest.mark.parametrize("outliers", [0, 1000])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_its_network(name, outliers):
    recipe = replace(RECIPES[name], outliers=outliers)
    model = build(recipe)
    softmax = model.predict(np.zeros((2, 28, 28), np.float32), verbose=0)
    assert softmax.shape == (2, 11 if outliers else 10)
    np.testing.assert_allclose(softmax.sum(axis=1), 1, atol=1e-5)
    widths = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    filters = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert (*recipe.hidden, recipe.classes) == tuple(widths)
    assert recipe.filters == tuple(filters)
    dropouts = {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}
    assert dropouts == {recipe.dropout} - {0}


@pytest.mark.parametrize(("name", "limit"), [("mlp", 2_000_000), ("cnn", 500_000)])
def test_the_best_networks_stay_small(name, limit):
    assert build(RECIPES[name]).count_params() < limit


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mlp-128", 784 * 128 + 128 + 128 * 10 + 10),
        ("mlp-128-128", 784 * 128 + 128 + 128 * 128 + 128 + 128 * 10 + 10),
        ("mlp-512", 407_050),  # so it stands in the tutorial
        ("cnn-28", 28 * 9 + 28 + 13 * 13 * 28 * 128 + 128 + 128 * 10 + 10),
        ("tiny-raw", 784 * 4 + 4 + 4 * 4 + 4 + 4 * 10 + 10),
        ("mlp-10-10", 784 * 10 + 10 + 10 * 10 + 10 + 10 * 10 + 10),
    ],
)
def test_a_tutorial_s_network_has_as_many_parameters_as_there(name, parameters):
    assert build(RECIPES[name]).count_params() == parameters


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_shipped_cards_tell_how_they_came_about(name):
    card = registry.read_card(registry.SHIPPED / name)
    recipe = Recipe(**card.recipe)
    assert recipe == RECIPES[name]
    assert card.data["mnist"]["train"] == 60_000
    assert card.data["pen"]["validation_writers"] == list(VALIDATION_WRITERS)
    assert len(card.history["val_loss"]) == recipe.epochs
    assert card.untrained["accuracy"] < 0.3
    for file, expected in card.files.items():
        assert sha256(registry.SHIPPED / name / file) == expected
