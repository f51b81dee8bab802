import json

import keras
import numpy as np
import pytest

from digitcanvas import Recognizer, datasets, registry, training
from digitcanvas.architectures import ARCHITECTURES
from digitcanvas.datasets import PenDigits, load_sample
from digitcanvas.evaluation import evaluate
from digitcanvas.preprocess import PEN_WIDTH, image_from_strokes
from digitcanvas.recipes import RECIPES, Recipe
from digitcanvas.training import Batches, publish, train
from tests.digits import DIGITS
from tests.test_datasets import DRAWINGS

TINY = Recipe("mlp", epochs=2, batch_size=500, validation_share=0.25, seed=3)


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
    batches = -(-(3000 + 3 * len(DRAWINGS)) // 500)
    seen = [(p.epoch, p.batch) for p in progress]
    assert seen == [
        (epoch, batch) for epoch in (1, 2) for batch in [*range(1, batches + 1), batches]
    ]
    assert all((p.epochs, p.batches) == (2, batches) for p in progress)
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(progress[-1].metrics)


def test_the_same_seed_learns_the_same(run, pen_drawings):
    trained, _ = run
    again = train(TINY, load_sample(), pen_drawings)
    assert again.history["loss"] == pytest.approx(trained.history["loss"], rel=1e-3)


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
    served = Recognizer.load(tmp_path / "mine").predict_batch(images)
    np.testing.assert_allclose(served, trained.model.predict(images, verbose=0), atol=1e-5)
    kept = keras.models.load_model(tmp_path / "mine" / registry.TRAINABLE)
    np.testing.assert_allclose(served, kept.predict(images, verbose=0), atol=1e-5)
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
    images, _, (kept, _) = training._split(TINY, load_sample(), pen_drawings)
    assert len(kept) == 1000
    assert not {image.tobytes() for image in images} & {image.tobytes() for image in kept}


def test_the_pen_that_is_served_lies_among_those_learnt_from():
    for recipe in RECIPES.values():
        assert min(recipe.pen_widths) < PEN_WIDTH < max(recipe.pen_widths)


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_builds_its_network(name):
    model = ARCHITECTURES[RECIPES[name].architecture]()
    softmax = model.predict(np.zeros((2, 28, 28), np.float32), verbose=0)
    assert softmax.shape == (2, 10)
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
        {"architecture": "rnn"},
    ],
)
def test_a_recipe_out_of_range_is_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Recipe(**({"architecture": "mlp", "epochs": 1} | wrong))


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
