import json

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitcanvas.figures.charts import (
    class_chart,
    comparison_chart,
    confusion_chart,
    error_chart,
    history_chart,
    learning_curve,
    person_chart,
    probability_chart,
    rate_chart,
    value_chart,
)
from digitcanvas.reading.evaluation import ErrorRate


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


def test_no_bar_stands_out_for_a_rejected_drawing_or_an_empty_canvas():
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


def test_a_comparison_needs_two_networks():
    for count in (1, 3):
        with pytest.raises(ValueError):
            comparison_chart({str(number): np.full(10, 0.1) for number in range(count)})


TRAINING = [(0.5, 2.1, 0.3), (1.0, 1.5, 0.5), (1.5, 1.0, 0.7)]
VALIDATION = [(1.0, 1.2, 0.6)]


def lines(figure):
    """Name and points of each line, by its axes."""
    return {
        axis: {
            line.name: list(zip(line.x, line.y, strict=True))
            for line in go.Figure(figure).data
            if (line.xaxis or "x") == axis
        }
        for axis in ("x", "x2")
    }


def test_a_learning_curve_has_loss_and_accuracy_in_training_and_in_validation():
    figure = learning_curve(TRAINING, VALIDATION, epochs=4)
    loss, accuracy = lines(figure).values()
    assert loss == {"training": [(0.5, 2.1), (1.0, 1.5), (1.5, 1.0)], "validation": [(1.0, 1.2)]}
    assert accuracy == {
        "training": [(0.5, 30), (1.0, 50), (1.5, 70)],
        "validation": [(1.0, 60)],
    }
    drawn = go.Figure(figure).data
    assert [line.name for line in drawn if line.showlegend is not False] == [
        "training",
        "validation",
    ]
    for line in drawn:
        assert ("markers" in line.mode) is (line.name == "validation")
        assert line.cliponaxis is False  # the last point, on the edge, is seen whole


def test_a_learning_curve_s_axes_are_the_whole_run_s():
    layout = go.Figure(learning_curve(TRAINING, VALIDATION, epochs=4)).layout
    assert tuple(layout.xaxis.range) == tuple(layout.xaxis2.range) == (0, 4)
    assert [axis.title.text for axis in (layout.xaxis, layout.xaxis2)] == ["epoch", "epoch"]
    assert [axis.title.text for axis in (layout.yaxis, layout.yaxis2)] == ["loss", "accuracy"]
    assert layout.yaxis.rangemode == "tozero" and layout.yaxis2.ticksuffix == " %"
    axes = (layout.xaxis, layout.xaxis2, layout.yaxis, layout.yaxis2)
    assert all(axis.fixedrange for axis in axes)


@pytest.mark.parametrize("training", [[], TRAINING])
def test_a_learning_curve_can_be_drawn_before_the_first_epoch_s_end(training):
    for points in lines(learning_curve(training, [], epochs=4)).values():
        assert len(points["training"]) == len(training) and points["validation"] == []


def history(epochs, start=2.0):
    """Losses that fall and accuracies that rise, in training a little behind validation's."""
    losses = [start / epoch for epoch in range(1, epochs + 1)]
    return {
        "loss": losses,
        "accuracy": [1 - loss / 4 for loss in losses],
        "val_loss": [loss / 2 for loss in losses],
        "val_accuracy": [1 - loss / 8 for loss in losses],
    }


def test_histories_share_the_axes_with_training_dotted():
    histories = {"mine": history(3), "yours": history(2, start=1.0)}
    drawn = go.Figure(history_chart(histories)).data
    points = {
        (line.name, line.line.dash, line.xaxis or "x"): list(zip(line.x, line.y, strict=True))
        for line in drawn
    }
    assert len(points) == len(drawn) == 8
    assert points["mine", "dot", "x"] == [(1, 2), (2, 1), (3, 2 / 3)]
    assert points["mine", "solid", "x"] == [(1, 1), (2, 0.5), (3, 1 / 3)]
    assert points["yours", "dot", "x"] == [(1, 1), (2, 0.5)]
    assert points["yours", "solid", "x"] == [(1, 0.5), (2, 0.25)]
    assert points["mine", "dot", "x2"] == [(1, 50), (2, 75), (3, pytest.approx(250 / 3))]
    assert points["yours", "solid", "x2"] == [(1, 87.5), (2, 93.75)]


def test_a_network_has_one_colour_and_stands_in_the_legend_once():
    drawn = go.Figure(history_chart({"mine": history(3), "yours": history(2)})).data
    colours = {(line.name, line.line.color) for line in drawn}
    assert len(colours) == 2 and len({colour for _, colour in colours}) == 2
    for line in drawn:
        assert line.mode == "lines" and line.legendgroup == line.name
    in_legend = [(line.name, line.line.dash) for line in drawn if line.showlegend is not False]
    assert in_legend == [("mine", "solid"), ("yours", "solid")]


def test_the_legend_of_many_networks_does_not_shrink_the_chart():
    heights = [
        history_chart({str(n): history(2) for n in range(count)})["layout"]["height"]
        for count in (1, 7)
    ]
    assert heights[1] - heights[0] >= 6 * 20


def test_the_longest_history_has_room():
    for epochs in ((3, 9), (9, 3)):
        names = {f"{number}": history(count) for number, count in enumerate(epochs)}
        layout = go.Figure(history_chart(names)).layout
        assert tuple(layout.xaxis.range) == tuple(layout.xaxis2.range) == (0, 9)
        assert layout.yaxis.title.text == "loss" and layout.yaxis2.title.text == "accuracy"


def test_a_single_epoch_is_a_point_that_can_be_seen():
    for line in go.Figure(history_chart({"mine": history(1)})).data:
        assert "markers" in line.mode and list(line.x) == [1]


@pytest.mark.parametrize("histories", [{}, {"mine": {}}, {"mine": {"loss": [], "accuracy": []}}])
def test_an_empty_history_has_axes_and_no_points(histories):
    figure = go.Figure(history_chart(histories))
    assert all(len(line.x) == len(line.y) == 0 for line in figure.data)
    assert tuple(figure.layout.xaxis.range) == (0, 1)


def test_more_networks_than_colours_can_share_the_axes():
    drawn = go.Figure(history_chart({str(number): history(2) for number in range(20)})).data
    assert len(drawn) == 80 and all(line.line.color for line in drawn)


def test_each_part_s_digits_are_counted_on_top_of_each_other():
    parts = {"training": range(10, 20), "validation": range(10), "test": [5] * 10}
    figure = go.Figure(class_chart(parts))
    assert [bars.name for bars in figure.data] == list(parts)
    for bars, counts in zip(figure.data, parts.values(), strict=True):
        assert list(bars.x) == list(range(10)) and list(bars.y) == list(counts)
    assert len({bars.marker.color for bars in figure.data}) == 3
    assert figure.layout.barmode == "stack"


def test_greys_are_counted_as_stored_and_as_normalised():
    counts = np.random.default_rng(0).integers(0, 10**6, 256)
    figure = go.Figure(value_chart(counts))
    raw, normalised = figure.data
    assert list(raw.y) == list(normalised.y) == list(counts)
    assert list(raw.x) == list(range(256))
    np.testing.assert_allclose(normalised.x, np.arange(256) / 255, atol=1e-4)
    assert (raw.xaxis, normalised.xaxis, normalised.yaxis) == (None, "x2", "y2")
    assert figure.layout.yaxis.type == figure.layout.yaxis2.type == "log"  # most are paper
    titles = [axis.title.text for axis in (figure.layout.xaxis, figure.layout.xaxis2)]
    assert titles == ["grey, as stored", "grey, normalised"]


RATES, LOSSES = [1e-4, 1e-3, 1e-2, 1e-1], [2.3, 1.1, 0.4, 2.5]
POINTS = list(zip(RATES, LOSSES, strict=True))


def test_losses_are_drawn_over_rates_on_a_log_axis_and_the_good_range_is_shaded():
    figure = go.Figure(rate_chart(POINTS, good=(1e-3, 1e-2)))
    (line,) = figure.data
    assert (list(line.x), list(line.y)) == (RATES, LOSSES)
    assert figure.layout.xaxis.type == "log" and figure.layout.xaxis.title.text == "learning rate"
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1, band.y0, band.y1, band.yref) == (1e-3, 1e-2, 0, 1, "paper")


@pytest.mark.parametrize("count", [0, 1, 4])
def test_nothing_is_shaded_while_the_good_range_is_unknown(count):
    figure = go.Figure(rate_chart(POINTS[:count], good=None))
    assert len(figure.data[0].x) == count and not figure.layout.shapes


@pytest.mark.parametrize(("highest", "kind"), [(2.5, "linear"), (10_000, "log")])
def test_a_loss_that_explodes_is_drawn_on_a_log_axis(highest, kind):
    figure = go.Figure(rate_chart([(1e-4, 2.3), (1e-3, 0.4), (1e-2, highest)], good=None))
    assert figure.layout.yaxis.type == kind


def rates(*wrong, count=100):
    return [ErrorRate(number, count) for number in wrong]


ERRORS = rates(1, 2, 0, 3, 0, 0, 0, 0, 0, 0)


def test_a_network_s_errors_by_digit_are_dots_in_their_intervals_from_zero():
    figure = go.Figure(error_chart({"CNN": ERRORS}))
    (dots,) = figure.data
    assert list(dots.x) == list(range(10)) and list(dots.y) == [1, 2, 0, 3, *[0] * 6]
    low, high = ERRORS[1].interval
    bars = dots.error_y
    assert bars.array[1] == pytest.approx(100 * high - 2)
    assert bars.arrayminus[1] == pytest.approx(2 - 100 * low)
    assert dots.text[1] == "1: 2 of 100 misread, 2.0 % (0.6 % to 7.0 %)"
    assert figure.layout.yaxis.rangemode == "tozero" and figure.layout.yaxis.range is None
    assert figure.layout.showlegend is False


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=10, max_size=10))
def test_no_interval_of_errors_reaches_below_zero_and_a_digit_without_images_has_no_dot(pairs):
    known = [ErrorRate(min(pair), max(pair)) for pair in pairs]
    (dots,) = error_chart({"CNN": known})["data"]
    assert dots["x"] == [digit for digit, rate in enumerate(known) if rate.count]
    bars = dots["error_y"]
    for share, up, down in zip(dots["y"], bars["array"], bars["arrayminus"], strict=True):
        assert up >= -1e-9 and down >= -1e-9
        assert -1e-9 <= share - down <= share + up <= 100 + 1e-9


def test_two_networks_dots_stand_beside_each_other():
    figure = go.Figure(error_chart({"CNN": ERRORS, "mine": rates(*range(10))}))
    one, other = figure.data
    assert [one.name, other.name] == ["CNN", "mine"] and figure.layout.showlegend
    for digit, (left, right) in enumerate(zip(one.x, other.x, strict=True)):
        assert digit - 0.5 < left < digit < right < digit + 0.5
    assert one.marker.color != other.marker.color


def test_whoever_is_misread_most_stands_on_top_under_the_name_they_chose():
    errors = {
        "CNN": [ErrorRate(0, 30), ErrorRate(3, 30), ErrorRate(1, 30), ErrorRate(0, 60)],
        "mine": [ErrorRate(1, 30), ErrorRate(0, 30), ErrorRate(0, 30), ErrorRate(0, 60)],
    }
    people = ["Ada", "<a href='x'>B & C</a>", "Person 3", "Dan"]
    figure = go.Figure(person_chart(errors, people, most=3))
    axis = figure.layout.yaxis
    assert list(axis.ticktext) == ["&lt;a href='x'&gt;B &amp; C&lt;/a&gt;", "Person 3", "Dan"]
    assert axis.range[0] > axis.range[1]  # so that the first is on top
    cnn, mine = figure.data
    assert cnn.x == pytest.approx([10, 10 / 3, 0]) and list(mine.x) == [0, 0, 0]
    for place, (one, other) in enumerate(zip(cnn.y, mine.y, strict=True)):
        assert place - 0.5 < one < place < other < place + 0.5
    low, high = ErrorRate(3, 30).interval
    assert cnn.error_x.array[0] == pytest.approx(100 * high - 10)
    assert cnn.error_x.arrayminus[0] == pytest.approx(10 - 100 * low)
    assert cnn.text[1].startswith("Person 3: 1 of 30 misread, 3.3 %")


counts = st.lists(
    st.lists(st.integers(0, 2000), min_size=10, max_size=10), min_size=10, max_size=10
)


def heat_of(figure):
    (heat,) = go.Figure(figure).data
    return heat


@settings(max_examples=30)
@given(counts, st.booleans())
def test_the_pointer_shows_a_cell_s_count_and_its_share_of_the_row(counts, as_shares):
    heat = heat_of(confusion_chart(counts, as_shares))
    assert "%{hovertext}" in heat.hovertemplate and heat.customdata is None
    for true, row in enumerate(counts):
        for read, count in enumerate(row):
            share = 100 * count / max(sum(row), 1)
            expected = f"a {true} read as {read}: {count:,}, {share:.1f} % of the {true}s"
            assert heat.hovertext[true][read] == expected


@settings(max_examples=30)
@given(counts)
def test_cells_hold_counts_or_percentages_and_an_empty_one_nothing(counts):
    for as_shares in (False, True):
        texts = heat_of(confusion_chart(counts, as_shares)).text
        for row, line in zip(counts, texts, strict=True):
            expected = [100 * count / max(sum(row), 1) if as_shares else count for count in row]
            assert [bool(text) for text in line] == [count > 0 for count in row]
            for text, value in zip(line, expected, strict=True):
                assert not text or float(text.replace(",", "")) == pytest.approx(value, abs=0.0501)


def test_the_confusion_matrix_reads_as_a_table_does():
    """A row is a true digit, 0 at the top, and a column a predicted one; [2][7] stays there."""
    counts = np.diag([1000] * 10)
    counts[2, 7] = 250
    figure = confusion_chart(counts, as_shares=False)
    heat = heat_of(figure)
    assert heat.text[2][7] == "250" and heat.text[2][2] == "1,000" and heat.text[7][2] == ""
    assert heat.z[2][7] > 0 == heat.z[7][2] and heat.z[3][3] > heat.z[2][2] > heat.z[2][7]
    x, y = (figure["layout"][axis] for axis in ("xaxis", "yaxis"))
    assert (x["title"]["text"], y["title"]["text"]) == ("read as", "true digit")
    assert y["autorange"] == "reversed" and "autorange" not in x
    assert heat_of(confusion_chart(counts, as_shares=True)).text[2][7] == "20.0"


PROBABILITIES = np.full(10, 0.1, np.float32)


@pytest.mark.parametrize(
    "figure",
    [
        probability_chart(PROBABILITIES),
        comparison_chart({"CNN": PROBABILITIES, "MLP": PROBABILITIES}),
        learning_curve(TRAINING, VALIDATION, epochs=4),
        history_chart({"mine": history(3)}),
        class_chart({"test": np.arange(10)}),
        value_chart(np.arange(256)),
        rate_chart(POINTS, good=(1e-3, 1e-2)),
        error_chart({"CNN": ERRORS}),
        confusion_chart(np.eye(10, dtype=int), as_shares=True),
        confusion_chart(np.eye(10, dtype=int).tolist(), as_shares=False),
    ],
)
def test_every_figure_is_plain_json_that_plotly_takes_with_its_axes_named(figure):
    assert json.loads(json.dumps(figure, allow_nan=False)) == figure
    assert len(go.Figure(figure).data) == len(figure["data"])
    axes = [axis for name, axis in figure["layout"].items() if name[1:5] == "axis"]
    assert len(axes) >= 2 and all(axis["title"]["text"] for axis in axes)
