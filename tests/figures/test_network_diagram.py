import json
from itertools import pairwise

import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitcanvas.figures.network_diagram import MAPS, NEURONS, network_diagram
from digitcanvas.reading.cards import Layer
from digitcanvas.reading.registry import SHIPPED, SHIPPED_NAMES, read_card

FLATTEN = Layer("Flatten", "", (784,), 0, 0)


def dense(neurons):
    return Layer("Dense", f"{neurons:,} neurons, relu", (neurons,), 1234, 0)


def convolution(side, filters):
    return Layer("Conv2D", f"{filters} filters of 3x3", (side, side, filters), 280, 0)


def pooling(side, filters):
    return Layer("MaxPooling2D", "the largest of 2x2", (side, side, filters), 0, 0)


CONVOLUTIONAL = [
    Layer("Reshape", "", (28, 28, 1), 0, 0),
    convolution(26, 28),
    pooling(13, 28),
    Layer("Flatten", "", (4732,), 0, 0),
    dense(128),
    Layer("Dropout", "20 % left out in training", (128,), 0, 0),
    dense(10),
]

widths = st.lists(st.integers(1, 2048), min_size=1, max_size=6)


def neurons_by_column(figure):
    """Heights of the neurons that show, by their column's x; columns of sheets have none."""
    _, dots, captions = go.Figure(figure).data
    columns = {x: [] for x in captions.x}
    for x, y, opacity in zip(dots.x, dots.y, dots.marker.opacity, strict=True):
        if opacity:
            columns[x].append(y)
    return columns


def joints(figure):
    """The lines' ends, as pairs of points."""
    lines = go.Figure(figure).data[0]
    points = list(zip(lines.x, lines.y, strict=True))
    assert all(gap == (None, None) for gap in points[2::3])
    return list(zip(points[0::3], points[1::3], strict=True))


@settings(max_examples=30)
@given(widths)
def test_few_neurons_are_drawn_all_and_of_many_the_first_and_the_last(hidden):
    columns = neurons_by_column(network_diagram([FLATTEN, *map(dense, hidden)]))
    image, *layers = columns.values()
    assert image == []
    for count, heights in zip(hidden, layers, strict=True):
        assert len(set(heights)) == len(heights)
        gaps = {round(a - b) for a, b in pairwise(heights)}
        if count <= NEURONS:
            assert len(heights) == count and len(gaps) <= 1
        else:
            assert len(heights) == NEURONS - 1 and len(gaps) == 2  # and a gap amid them


@settings(max_examples=30)
@given(widths)
def test_every_neuron_is_joined_to_every_one_of_the_layer_before_and_to_no_other(hidden):
    figure = network_diagram([FLATTEN, *map(dense, hidden)])
    layers = [[(x, y) for y in ys] for x, ys in neurons_by_column(figure).items() if ys]
    expected = {(start, end) for one, other in pairwise(layers) for start in one for end in other}
    found = joints(figure)
    assert set(found) == expected and len(found) == len(expected)


def test_sheets_are_joined_to_nothing():
    ends = {x for start, end in joints(network_diagram(CONVOLUTIONAL)) for x, _ in (start, end)}
    columns = neurons_by_column(network_diagram(CONVOLUTIONAL))
    assert ends == {x for x, heights in columns.items() if heights} and len(ends) == 2


def test_a_dense_layer_between_convolutions_is_joined_to_none_beyond_them():
    figure = network_diagram([dense(4), convolution(2, 3), dense(5)])
    assert joints(figure) == []


def test_captions_say_what_each_column_is_and_how_large():
    *_, captions = go.Figure(network_diagram(CONVOLUTIONAL)).data
    assert list(captions.text) == [
        "image<br>28x28",
        "convolution<br>28 of 26x26",
        "pooling<br>28 of 13x13",
        "dense<br>128",
        "dense<br>10",
    ]
    assert list(captions.x) == sorted(set(captions.x))
    *_, captions = go.Figure(network_diagram([dense(2048)])).data
    assert captions.text[1] == "dense<br>2,048"


def test_the_pointer_shows_a_description_of_every_layer_drawn():
    _, dots, _ = go.Figure(network_diagram(CONVOLUTIONAL)).data
    assert list(dict.fromkeys(dots.text)) == [
        "image: 28x28 pixels",
        "convolution: 28 filters of 3x3<br>280 parameters",
        "pooling: the largest of 2x2",
        "dense: 128 neurons, relu<br>1,234 parameters",
        "dense: 10 neurons, relu<br>1,234 parameters",
    ]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 28), st.integers(1, 128)), min_size=1, max_size=6))
def test_maps_are_sheets_as_large_as_their_side_and_lie_within_the_drawing(maps):
    figure = network_diagram([convolution(side, filters) for side, filters in maps])
    layout = go.Figure(figure).layout
    sheets = list(layout.shapes)
    assert len(sheets) == 1 + sum(min(filters, MAPS) for _, filters in maps)
    image, *others = sheets
    shown = [side for side, filters in maps for _ in range(min(filters, MAPS))]
    for sheet, side in zip(others, shown, strict=True):
        size = (image.x1 - image.x0) * side / 28
        assert sheet.x1 - sheet.x0 == pytest.approx(max(size, 6))
        assert sheet.y1 - sheet.y0 == pytest.approx(max(size, 6))
    (left, right), (bottom, top) = layout.xaxis.range, layout.yaxis.range
    for sheet in sheets:
        assert left <= sheet.x0 and sheet.x1 <= right and bottom <= sheet.y0 and sheet.y1 <= top


@settings(max_examples=30)
@given(widths)
def test_neurons_lie_within_the_drawing_and_above_the_captions(hidden):
    figure = network_diagram([FLATTEN, *map(dense, hidden)])
    _, dots, captions = go.Figure(figure).data
    layout = go.Figure(figure).layout
    radius = dots.marker.size / 2
    assert max(dots.y) + radius < layout.yaxis.range[1]
    assert min(dots.y) - radius > captions.y[0] + 14  # two lines of 14 pixels
    assert layout.xaxis.range[0] < min(captions.x) and max(captions.x) < layout.xaxis.range[1]
    across, up = (axis.range[1] - axis.range[0] for axis in (layout.xaxis, layout.yaxis))
    meta = layout.meta
    assert meta["aspect"] == pytest.approx(across / up)
    assert meta["narrowest"] <= meta["widest"]


@pytest.mark.parametrize("name", SHIPPED_NAMES)
def test_a_shipped_model_is_drawn_in_plain_json(name):
    figure = network_diagram(read_card(SHIPPED / name).layers)
    json.dumps(figure, allow_nan=False)
    *_, captions = go.Figure(figure).data
    assert captions.text[0] == "image<br>28x28" and captions.text[-1] == "dense<br>11"
