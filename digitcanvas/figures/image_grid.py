"""Plotly figures of 28x28 images, as plain dicts: many images in a grid, or one by its pixels."""

import base64
from collections.abc import Sequence

import cv2
import numpy as np

from digitcanvas.drawing.arrays import ByteArray
from digitcanvas.drawing.preprocess import SIDE
from digitcanvas.figures.charts import BARE, HIDDEN, SQUARE, Figure

GAP, LINE, HEAD = 4, 8, 4
"""Pixels between images, below an image for each line of its caption, and above the first row."""

COUNTS = (9, 25, 49)
"""Numbers of images that fill a square."""

# Widths in the page's pixels
MAX_GRID_WIDTH = 560
MIN_TILE_WIDTH = 68
PIXEL_CHART_WIDTHS = 528, 640  # at which the numbers of the pixels can be read


def grid_chart(
    images: ByteArray, numbers: Sequence[int], captions: Sequence[str], details: Sequence[str]
) -> Figure:
    """N >= 1 images, uint8 (N, 28, 28) with ink 255, row by row in about as many rows as columns.

    Each image has a caption, whose lines are separated by <br>, and details, shown while the
    pointer is over it. A press on it reports its number.
    """
    columns = max(3, int(np.ceil(np.sqrt(len(images)))))
    rows = -(-len(images) // columns)
    lines = 1 + max(caption.count("<br>") for caption in captions)
    wide, high = SIDE + GAP, SIDE + LINE * lines
    board = np.zeros((rows * high, columns * wide, 4), np.uint8)
    corners = [(index // columns * high, index % columns * wide) for index in range(len(images))]
    for image, (top, left) in zip(images, corners, strict=True):
        tile = board[top : top + SIDE, left + GAP // 2 : left + GAP // 2 + SIDE]
        tile[..., :3], tile[..., 3] = image[..., np.newaxis], 255
    centres = [left + wide / 2 - 0.5 for _, left in corners]
    labels = {
        "type": "scatter",
        "mode": "text",
        "x": centres,
        "y": [top + SIDE + 0.5 for top, _ in corners],
        "text": list(captions),
        "textposition": "bottom center",
        "textfont": {"size": 11},
        "hoverinfo": "skip",
    }
    targets = {
        "type": "scatter",
        "mode": "markers",
        "x": centres,
        "y": [top + SIDE / 2 for top, _ in corners],
        "text": list(details),
        "customdata": [int(number) for number in numbers],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"opacity": 0, "size": 40},
    }
    return {
        "data": [_image_trace(board), labels, targets],
        "layout": {
            "xaxis": HIDDEN | {"range": [-0.5, columns * wide - 0.5]},
            "yaxis": HIDDEN | {"range": [rows * high - 0.5, -HEAD - 0.5]},
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "hovermode": "closest",
            "hoverdistance": -1,
            "showlegend": False,
            "meta": {
                "aspect": columns * wide / (HEAD + rows * high),
                "narrowest": columns * MIN_TILE_WIDTH,
                "widest": MAX_GRID_WIDTH,
            },
        },
    }


def _image_trace(pixels: ByteArray) -> Figure:
    _, png = cv2.imencode(".png", pixels)
    source = f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"
    return {"type": "image", "source": source, "hoverinfo": "skip"}


def image_chart(image: ByteArray) -> Figure:
    """One image, uint8 (28, 28). The pointer over a pixel shows its value."""
    heat = {
        "type": "heatmap",
        "z": image.tolist(),
        "zmin": 0,
        "zmax": 255,
        "colorscale": [[0, "#000000"], [1, "#ffffff"]],
        "hovertemplate": "row %{y}, column %{x}: %{z}<extra></extra>",
        "showscale": False,
    }
    axis = {"dtick": 9, "fixedrange": True} | BARE
    return {
        "data": [heat],
        "layout": {
            "xaxis": axis | {"title": {"text": "column", "standoff": 8}},
            "yaxis": axis | {"title": {"text": "row"}, "autorange": "reversed"} | SQUARE,
            "margin": {"l": 48, "r": 0, "t": 16, "b": 48},
            "meta": {"aspect": 1},
        },
    }


def pixel_chart(image: ByteArray) -> Figure:
    """Like `image_chart`, with each pixel's value written in it, and large enough to be read."""
    figure = image_chart(image)
    figure["data"][0] |= {"texttemplate": "%{z}", "textfont": {"size": 9}}
    narrowest, widest = PIXEL_CHART_WIDTHS
    figure["layout"]["meta"] |= {"narrowest": narrowest, "widest": widest}
    return figure
