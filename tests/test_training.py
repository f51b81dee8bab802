import json
from dataclasses import replace

import keras
import numpy as np
import pytest

from digitcanvas import Recognizer, datasets, registry, training
from digitcanvas.architectures import ARCHITECTURES
from digitcanvas.datasets import PenDigits, load_sample
from digitcanvas.evaluation import evaluate
from digitcanvas.outliers import NOT_A_DIGIT, make_outliers
from digitcanvas.preprocess import PEN_WIDTH, image_from_strokes
from digitcanvas.recipes import RECIPES, Recipe
from digitcanvas.recognizer import ACCEPTED, judged
from digitcanvas.training import Batches, publish, train
from tests.digits import DIGITS
from tests.test_datasets import DRAWINGS

TINY = Recipe(
    "mlp", epochs=2, batch_size=500, pen_copies=3, outliers=300, validation_share=0.25, seed=3
)


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
    batches = -(-(3000 + 3 * len(DRAWINGS) + 300) // 500)
    seen = [(p.epoch, p.batch) for p in progress]
    assert seen == [
        (epoch, batch) for epoch in (1, 2) for batch in [*range(1, batches + 1), batches]
    ]
    assert all((p.epochs, p.batches) == (2, batches) for p in progress)
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(progress[-1].metrics)


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
    *_, (kept, labels) = training.gather(TINY, load_sample(), pen_drawings)
    (images, meant), (drawn, written) = seen
    np.testing.assert_array_equal(images, kept)
    np.testing.assert_array_equal(meant, labels)
    np.testing.assert_array_equal(drawn, datasets.images_of(pen_drawings.validation)[0])
    assert list(written) == [5, 6, 7, 8, 9]


def test_what_is_no_digit_is_turned_away_and_digits_are_not(run):
    trained, _ = run
    others, _ = datasets.images_of(make_outliers(300, [], np.random.default_rng(99)))
    digits = load_sample().x_test.astype(np.float32) / 255
    rejected = [
        (judged(trained.model.predict(images, verbose=0))[1] < ACCEPTED).mean()
        for images in (others, digits)
    ]
    assert rejected[0] > 0.2 and rejected[1] < 0.03


def test_there_is_at_most_one_outlier_to_five_digits():
    _, labels, _ = training.gather(replace(TINY, outliers=12_000), load_sample(), None)
    assert (labels == NOT_A_DIGIT).sum() == (labels != NOT_A_DIGIT).sum() / 5


def test_without_outliers_a_network_tells_ten_digits(pen_drawings):
    recipe = replace(TINY, epochs=1, outliers=0)
    trained = train(recipe, load_sample(), pen_drawings)
    assert trained.model.output_shape == (None, 10)
    images, labels, _ = training.gather(recipe, load_sample(), pen_drawings)
    assert len(images) == 3000 + 3 * 10 and max(labels) == 9


def test_a_published_model_serves_what_was_trained(run, tmp_path):
    trained, _ = run
    card = publish(trained, tmp_path / "mine")
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {
        registry.CARD,
        registry.SERVED,
        registry.TRAINABLE,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    images = load_sample().x_test[:100].astype(np.float32) / 255
    served = Recognizer.load(tmp_path / "mine").judge_batch(images)
    kept = keras.models.load_model(tmp_path / "mine" / registry.TRAINABLE)
    for model in (trained.model, kept):
        for ours, theirs in zip(served, judged(model.predict(images, verbose=0)), strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert card.recipe["seed"] == 3
    assert card.history == trained.history
    served = Recognizer.load(tmp_path / "mine")
    assert card.metrics == evaluate(served, trained.mnist, trained.pen)
    assert card.metrics["pen"]["count"] == 5
    assert card.data == {
        "mnist": {
            "name": datasets.BUNDLED,
            "sha256": datasets.sha256(datasets.SAMPLE),
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


def test_a_failed_publish_leaves_the_old_model_and_nothing_else(run, tmp_path, monkeypatch):
    trained, _ = run
    publish(trained, tmp_path / "mine")
    before = (tmp_path / "mine" / registry.CARD).read_bytes()

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(registry, "write_card", full_disk)
    with pytest.raises(OSError, match="No space"):
        publish(trained, tmp_path / "mine")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine" / registry.CARD).read_bytes() == before


def test_batches_show_every_image_once_an_epoch():
    labels = np.arange(70)
    images = np.zeros((70, 28, 28), np.float32)
    batches = Batches(images, labels, Recipe("mlp", epochs=1, batch_size=32))
    first = np.concatenate([batches[i][1] for i in range(len(batches))])
    batches.on_epoch_end()
    second = np.concatenate([batches[i][1] for i in range(len(batches))])
    assert sorted(first) == sorted(second) == list(labels)
    assert list(first) != list(second)


def test_every_batch_of_every_epoch_is_bent_anew():
    images = np.stack([image_from_strokes(DIGITS[7])] * 16)  # alike, so that order plays no part
    labels = np.zeros((16, 10))
    batches = Batches(images, labels, Recipe("mlp", epochs=2, batch_size=8))
    first, second = batches[0][0], batches[1][0]
    batches.on_epoch_end()
    later = batches[0][0]
    for one, other in ((first, images[:8]), (first, second), (first, later)):
        assert not np.array_equal(one, other)
    plain = Batches(images, labels, Recipe("mlp", epochs=2, batch_size=8, augment=False))
    np.testing.assert_array_equal(plain[0][0], images[:8])


def test_what_watches_the_run_is_kept_out_of_it(pen_drawings):
    images, _, (kept, _) = training.gather(TINY, load_sample(), pen_drawings)
    assert len(kept) == 1000
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in kept}


def test_pen_copies_and_outliers_join_mnist_s_digits(pen_drawings):
    images, labels, (kept, meant) = training.gather(TINY, load_sample(), pen_drawings)
    assert list(labels[3000:]) == [*range(10)] * 3 + [NOT_A_DIGIT] * 300
    every = zip([*images[:3000], *kept], [*labels[:3000], *meant], strict=True)
    sample = zip(load_sample().x_train.astype(np.float32) / 255, load_sample().y_train, strict=True)
    assert {(x.tobytes(), y) for x, y in every} == {(x.tobytes(), y) for x, y in sample}
    drawn = {image.tobytes() for image in images[3000:]}
    assert len(drawn) > 320
    assert not drawn & {image_from_strokes(strokes).tobytes() for strokes in DIGITS.values()}


def test_without_pen_strokes_outliers_join_all_the_same():
    images, labels, _ = training.gather(TINY, load_sample(), None)
    assert len(images) == 3300 and list(labels[3000:]) == [NOT_A_DIGIT] * 300


def test_drawings_are_learnt_from_with_pens_of_all_widths(monkeypatch, pen_drawings):
    """Among them the one that is served."""
    widths = []
    monkeypatch.setattr(
        training, "images_of", lambda drawings, pens: widths.extend(pens) or ([], [])
    )
    training._draw_bent(pen_drawings.train * 30, np.random.default_rng(0))
    thin, wide = training.PEN_WIDTHS
    assert len(widths) == 300
    assert thin <= min(widths) < thin + 0.1 and wide - 0.1 < max(widths) <= wide
    assert thin < PEN_WIDTH < wide


@pytest.mark.parametrize("classes", [10, 11])
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_its_network(name, classes):
    model = ARCHITECTURES[RECIPES[name].architecture](classes)
    softmax = model.predict(np.zeros((2, 28, 28), np.float32), verbose=0)
    assert softmax.shape == (2, classes)
    np.testing.assert_allclose(softmax.sum(axis=1), 1, atol=1e-5)
    assert model.count_params() < {"mlp": 2_000_000, "cnn": 500_000}[name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"learning_rate": -1.0},
        {"learning_rate": float("nan")},
        {"validation_share": 1.0},
        {"label_smoothing": 1.0},
        {"seed": -1},
        {"pen_copies": -1},
        {"pen_copies": 101},
        {"outliers": -1},
        {"outliers": 1_000_001},
        {"architecture": "rnn"},
    ],
)
def test_a_recipe_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Recipe(**({"architecture": "mlp", "epochs": 1} | wrong))


@pytest.mark.parametrize(("outliers", "classes"), [(0, 10), (1, 11), (15_000, 11)])
def test_what_is_no_digit_has_a_class_where_it_is_learnt(outliers, classes):
    assert Recipe("cnn", epochs=1, outliers=outliers).classes == classes


@pytest.mark.parametrize("name", ["cnn", "mlp"])
def test_the_shipped_cards_tell_how_they_came_about(name):
    card = registry.read_card(registry.SHIPPED / name)
    recipe = json.loads(json.dumps(RECIPES[name].__dict__))
    assert card.recipe == recipe
    assert card.data["mnist"]["train"] == 60_000
    assert card.data["pen"]["validation_writers"] == list(datasets.VALIDATION_WRITERS)
    assert len(card.history["val_loss"]) == recipe["epochs"]
    for file, sha256 in card.files.items():
        assert datasets.sha256(registry.SHIPPED / name / file) == sha256
