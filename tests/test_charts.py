import json

import numpy as np
import plotly.graph_objects as go
import pytest

from digitcanvas.charts import comparison_chart, learning_curve, probability_chart
from digitcanvas.progress import LearningCurve


def test_ten_bars_in_percent_on_fixed_axes_and_the_top_one_stands_out():
    probabilities = np.full(10, 0.05)
    probabilities[7] = 0.55
    figure = go.Figure(probability_chart(probabilities))
    (bars,) = figure.data
    assert list(bars.x) == list(range(10))
    np.testing.assert_allclose(bars.y, probabilities * 100)
    colours = list(bars.marker.color)
    assert [digit for digit in range(10) if colours.count(colours[digit]) == 1] == [7]
    assert tuple(figure.layout.yaxis.range) == (0, 100)
    assert figure.layout.xaxis.fixedrange and figure.layout.yaxis.fixedrange


def test_no_bar_stands_out_in_what_is_no_digit_and_where_nothing_was_read():
    probabilities = np.full(10, 0.05)
    probabilities[7] = 0.55
    refused, empty = (
        probability_chart(probabilities, rejected=True),
        probability_chart(np.zeros(10)),
    )
    for figure in map(go.Figure, (refused, empty)):
        assert len(set(figure.data[0].marker.color)) == 1
    np.testing.assert_allclose(refused["data"][0]["y"], probabilities * 100)
    titles = [figure["layout"]["yaxis"]["title"]["text"] for figure in (refused, empty)]
    assert titles == ["if it were a digit", "probability"]


def test_two_networks_have_bars_side_by_side_by_their_names():
    readings = {"CNN": np.linspace(0, 0.2, 10), "mine": np.linspace(0.2, 0, 10)}
    figure = go.Figure(comparison_chart(readings))
    assert [bars.name for bars in figure.data] == ["CNN", "mine"]
    for bars, probabilities in zip(figure.data, readings.values(), strict=True):
        assert list(bars.x) == list(range(10))
        np.testing.assert_allclose(bars.y, probabilities * 100)
    assert len({bars.marker.color for bars in figure.data}) == 2
    assert figure.layout.barmode in (None, "group")
    assert tuple(figure.layout.yaxis.range) == (0, 100)


def test_a_figure_of_bars_is_plain_json():
    probabilities = np.full(10, 0.1, np.float32)
    for figure in (
        probability_chart(probabilities),
        comparison_chart({"CNN": probabilities, "MLP": probabilities}),
    ):
        assert json.loads(json.dumps(figure)) == figure


def test_one_network_or_three_are_no_comparison():
    for count in (1, 3):
        with pytest.raises(ValueError):
            comparison_chart({str(number): np.full(10, 0.1) for number in range(count)})


CURVE = LearningCurve(
    training=[(0.5, 2.1, 0.3), (1.0, 1.5, 0.5), (1.5, 1.0, 0.7)], validation=[(1.0, 1.2, 0.6)]
)


def lines(figure):
    """Name and points of each line, by its axes."""
    return {
        axis: {
            line.name: list(zip(line.x, line.y, strict=True))
            for line in figure.data
            if line.xaxis == axis
        }
        for axis in ("x", "x2")
    }


def test_a_learning_curve_has_loss_and_accuracy_in_training_and_in_validation():
    figure = learning_curve(CURVE, epochs=4)
    loss, accuracy = lines(figure).values()
    assert loss == {"training": [(0.5, 2.1), (1.0, 1.5), (1.5, 1.0)], "validation": [(1.0, 1.2)]}
    assert accuracy == {
        "training": [(0.5, 30), (1.0, 50), (1.5, 70)],
        "validation": [(1.0, 60)],
    }
    assert [line.name for line in figure.data if line.showlegend] == ["training", "validation"]
    for line in figure.data:
        assert ("markers" in line.mode) is (line.name == "validation")
        assert line.cliponaxis is False  # the last point, on the edge, is seen whole


def test_a_learning_curve_s_axes_are_the_whole_run_s():
    layout = learning_curve(CURVE, epochs=4).layout
    assert tuple(layout.xaxis.range) == tuple(layout.xaxis2.range) == (0, 4)
    assert [axis.title.text for axis in (layout.xaxis, layout.xaxis2)] == ["epoch", "epoch"]
    assert [axis.title.text for axis in (layout.yaxis, layout.yaxis2)] == ["loss", "accuracy"]
    assert layout.yaxis.rangemode == "tozero" and layout.yaxis2.ticksuffix == " %"
    axes = (layout.xaxis, layout.xaxis2, layout.yaxis, layout.yaxis2)
    assert all(axis.fixedrange for axis in axes)


@pytest.mark.parametrize("training", [[], CURVE.training])
def test_a_learning_curve_can_be_drawn_before_the_first_epoch_s_end(training):
    for points in lines(learning_curve(LearningCurve(training), epochs=4)).values():
        assert len(points["training"]) == len(training) and points["validation"] == []
