import json

import keras
import numpy as np
import pytest

from digitcanvas import Recognizer, datasets, registry
from digitcanvas.architectures import ARCHITECTURES
from digitcanvas.datasets import PenDigits, load_sample
from digitcanvas.recipes import RECIPES, Recipe
from digitcanvas.training import Batches, publish, train
from tests.test_datasets import DRAWINGS

TINY = Recipe("mlp", epochs=2, batch_size=500, validation_share=0.25, seed=3)


@pytest.fixture(scope="module")
def pen_drawings():
    return PenDigits(DRAWINGS, DRAWINGS, "0" * 64)


@pytest.fixture(scope="module")
def run(pen_drawings):
    """A run on the sample, and the progress it reported."""
    progress = []
    return train(TINY, load_sample(), pen_drawings, progress.append), progress


def test_a_run_learns(run):
    trained, _ = run
    assert trained.history["val_accuracy"][-1] > 0.8
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
    assert card == registry.read_card(tmp_path / "mine")
    assert card.recipe["seed"] == 3 and card.metrics["pen"]["count"] == 10
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
