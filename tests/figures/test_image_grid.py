import base64
import json

import cv2
import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digitcanvas.figures.image_grid import HEAD, grid_chart, image_chart, pixel_chart

RAMP = np.arange(784).reshape(28, 28).astype(np.uint8)
"""An image that differs from all its rotations and reflections."""


def numbered(count):
    """Different images, with numbers, captions and details that identify them."""
    images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), np.uint8)
    numbers = np.arange(count) * 7 + 3
    return images, numbers, [f"caption {i}" for i in numbers], [f"detail {i}" for i in numbers]


def board_of(figure):
    """The picture's pixels, RGBA."""
    kind, _, content = figure["data"][0]["source"].partition(",")
    assert kind == "data:image/png;base64"
    png = np.frombuffer(base64.b64decode(content), np.uint8)
    return cv2.cvtColor(cv2.imdecode(png, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)


def around(board, x, y):
    """The 28x28 pixels, about a point in the figure's coordinates, that are not see-through."""
    left, top = round(x - 13.5), round(y - 14)
    return board[top : top + 28, left : left + 28]


@settings(max_examples=30)
@given(st.integers(1, 60))
def test_a_press_s_number_and_its_detail_are_those_of_the_image_there(count):
    images, numbers, captions, details = numbered(count)
    figure = grid_chart(images, numbers, captions, details)
    _, _, targets = go.Figure(figure).data
    assert list(targets.text) == details and list(targets.customdata) == list(numbers)
    board = board_of(figure)
    for image, x, y in zip(images, targets.x, targets.y, strict=True):
        tile = around(board, x, y)
        assert (tile[..., 3] == 255).all()
        for channel in range(3):
            np.testing.assert_array_equal(tile[..., channel], image)
    assert (board[..., 3] > 0).sum() == count * 784


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 3))
def test_each_caption_stands_in_the_space_below_its_image(count, lines):
    images, numbers, captions, details = numbered(count)
    captions[-1] = "<br>".join([captions[-1]] * lines)
    figure = grid_chart(images, numbers, captions, details)
    _, labels, targets = go.Figure(figure).data
    assert list(labels.text) == captions and labels.textposition == "bottom center"
    assert labels.x == targets.x
    board = board_of(figure)
    for x, y, middle in zip(labels.x, labels.y, targets.y, strict=True):
        bottom = round(middle + 14)
        below = board[bottom : bottom + 8 * lines, round(x - 13.5) : round(x + 14.5)]
        assert below.shape[:2] == (8 * lines, 28) and not below[..., 3].any()
        assert bottom <= y < bottom + 2


@settings(max_examples=30)
@given(st.integers(1, 60))
def test_images_fill_rows_from_the_left_as_many_as_there_are_columns(count):
    figure = grid_chart(*numbered(count))
    *_, targets = go.Figure(figure).data
    columns = len(set(targets.x[:count]))
    positions = list(zip(targets.y, targets.x, strict=True))
    assert positions == sorted(positions)
    assert columns == min(count, max(3, int(np.ceil(np.sqrt(count)))))


@pytest.mark.parametrize(("count", "side"), [(9, 3), (25, 5), (49, 7)])
def test_a_square_number_of_images_has_as_many_rows_as_columns(count, side):
    *_, targets = go.Figure(grid_chart(*numbered(count))).data
    assert len(set(targets.x)) == len(set(targets.y)) == side


@pytest.mark.parametrize("count", [1, 9, 10, 49])
def test_the_axes_show_the_whole_board_and_no_more(count):
    figure = grid_chart(*numbered(count))
    height, width = board_of(figure).shape[:2]
    layout = go.Figure(figure).layout
    assert tuple(layout.xaxis.range) == (-0.5, width - 0.5)
    assert tuple(layout.yaxis.range) == (height - 0.5, -HEAD - 0.5)
    assert figure["layout"]["meta"]["aspect"] == width / (HEAD + height)
    assert not (layout.xaxis.visible or layout.yaxis.visible)


def test_ink_is_white_as_mnist_has_it():
    board = board_of(grid_chart(np.full((1, 28, 28), 255, np.uint8), [0], [""], [""]))
    assert (board[board[..., 3] > 0] == 255).all()


@pytest.mark.parametrize("chart", [image_chart, pixel_chart])
def test_one_image_is_shown_pixel_by_pixel_the_right_way_up(chart):
    figure = go.Figure(chart(RAMP))
    (heat,) = figure.data
    np.testing.assert_array_equal(np.array(heat.z), RAMP)
    assert (heat.zmin, heat.zmax) == (0, 255)
    assert [colour for _, colour in heat.colorscale] == ["#000000", "#ffffff"]
    assert figure.layout.yaxis.autorange == "reversed"
    assert "%{z}" in heat.hovertemplate
    titles = [axis.title.text for axis in (figure.layout.xaxis, figure.layout.yaxis)]
    assert titles == ["column", "row"]


def test_numbers_are_written_in_the_pixels_where_there_is_room_to_read_them():
    (plain,), (readable,) = image_chart(RAMP)["data"], pixel_chart(RAMP)["data"]
    assert "texttemplate" not in plain and readable["texttemplate"] == "%{z}"
    plain, readable = (chart(RAMP)["layout"]["meta"] for chart in (image_chart, pixel_chart))
    assert "narrowest" not in plain and (readable["narrowest"] - 48) / 28 >= 17  # for three digits
    assert plain["aspect"] == readable["aspect"] == 1


@pytest.mark.parametrize("chart", [image_chart, pixel_chart])
def test_a_pixel_is_square_wherever_the_figure_is_shown(chart):
    axis = go.Figure(chart(RAMP)).layout.yaxis
    assert (axis.scaleanchor, axis.constrain) == ("x", "domain")


def test_figures_of_images_are_plain_json():
    for figure in (grid_chart(*numbered(9)), image_chart(RAMP), pixel_chart(RAMP)):
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure
