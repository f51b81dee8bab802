from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitcanvas.runs.progress import POINTS, LearningCurve, Progress


def reports(losses):
    """What Keras gives of losses (epochs, batches): each epoch's mean so far, and then its end."""
    epochs, batches = losses.shape
    for epoch in range(epochs):
        for batch in range(1, batches + 1):
            mean = losses[epoch, :batch].mean()
            metrics = {"loss": mean, "accuracy": 1 - mean}
            yield Progress(epoch + 1, epochs, batch, batches, metrics)
        metrics |= {"val_loss": 10.0 + epoch, "val_accuracy": epoch / 10}
        yield Progress(epoch + 1, epochs, batches, batches, metrics)


def curve_of(reports):
    curve = LearningCurve()
    for report in reports:
        curve = curve.extended(report)
    return curve


def means_between(curve, losses):
    """Each point's mean loss, from the batches themselves."""
    ends = [0, *(round(done * losses.shape[1]) for done, _, _ in curve.training)]
    return [losses.ravel()[start:end].mean() for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    ("epoch", "batch", "done", "share"),
    [(1, 0, 0, 0), (1, 10, 0.25, 0.05), (3, 20, 2.5, 0.5), (5, 40, 5, 1)],
)
def test_progress_counts_epochs_and_their_share(epoch, batch, done, share):
    progress = Progress(epoch, 5, batch, 40, {})
    assert (progress.epochs_done, progress.share) == (done, share)


def test_while_drawings_are_made_no_epoch_is_done_and_the_share_is_theirs():
    progress = Progress(0, 5, 10, 40, {})
    assert (progress.epochs_done, progress.share) == (0, 0.25)


@given(
    st.integers(1, 4), st.integers(1, 300), st.floats(0, 1), st.integers(0, 2**32 - 1), st.data()
)
def test_a_point_is_the_mean_of_the_batches_since_the_one_before(
    epochs, batches, dropped, seed, data
):
    """Also where not every report comes through; the last of an epoch always does."""
    rng = np.random.default_rng(seed)
    losses = rng.uniform(0, 1, (epochs, batches))
    heard = [r for r in reports(losses) if "val_loss" in r.metrics or rng.random() >= dropped]
    curve = curve_of(heard)
    means = means_between(curve, losses)
    np.testing.assert_allclose([loss for _, loss, _ in curve.training], means, atol=1e-9)
    np.testing.assert_allclose([1 - accuracy for *_, accuracy in curve.training], means, atol=1e-9)

    epoch = data.draw(st.integers(0, epochs - 1))
    ends = [0, *(done for done, *_ in curve.training)]
    points = [
        (end - start, loss)
        for (start, end), (_, loss, _) in zip(pairwise(ends), curve.training, strict=True)
        if epoch < end <= epoch + 1
    ]
    assert sum(share * loss for share, loss in points) == pytest.approx(losses[epoch].mean())


@pytest.mark.parametrize(("epochs", "batches"), [(1, 1875), (10, 1875), (28, 350), (100, 40)])
def test_a_long_run_has_about_as_many_points_as_asked(epochs, batches):
    curve = curve_of(reports(np.random.default_rng(0).uniform(0, 1, (epochs, batches))))
    assert 0.75 * POINTS <= len(curve.training) <= 1.5 * POINTS


def test_a_short_run_has_a_point_for_every_batch():
    curve = curve_of(reports(np.array([[0.8, 0.6], [0.4, 0.2]])))
    assert [done for done, *_ in curve.training] == [0.5, 1, 1.5, 2]
    np.testing.assert_allclose([loss for _, loss, _ in curve.training], [0.8, 0.6, 0.4, 0.2])


def test_validation_has_a_point_at_every_epoch_s_end():
    curve = curve_of(reports(np.ones((3, 500))))
    assert curve.validation == ((1.0, 10.0, 0.0), (2.0, 11.0, 0.1), (3.0, 12.0, 0.2))
    assert {1, 2, 3} <= {done for done, *_ in curve.training}


def test_making_drawings_leaves_no_point():
    assert curve_of([Progress(0, 3, batch, 1000, {}) for batch in (0, 500, 1000)]).training == ()


@pytest.mark.parametrize(
    ("metrics", "ends"),
    [
        ({}, False),
        ({"loss": 1.0, "accuracy": 0.5}, False),
        ({"loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5}, True),
        ({"loss": 1.0, "accuracy": 0.5, "learning_rate": 1e-4}, True),
    ],
)
@pytest.mark.parametrize("batch", [1, 9])
def test_an_epoch_ends_with_what_is_told_at_its_end_alone(metrics, ends, batch):
    assert Progress(1, 5, batch, 9, metrics).ends_epoch is ends


def test_where_rates_are_tried_there_is_a_training_curve_and_no_validation():
    metrics = {"loss": 2.0, "accuracy": 0.5}
    curve = curve_of(
        Progress(epoch, 2, 1, 1, metrics | last)
        for epoch in (1, 2)
        for last in ({}, {"learning_rate": 1e-4})
    )
    assert curve.training == ((1.0, 2.0, 0.5), (2.0, 2.0, 0.5)) and curve.validation == ()
