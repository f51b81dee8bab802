"""A drawing of a network, as a Plotly figure in a plain dict."""

from collections.abc import Sequence

from digitcanvas.figures.charts import HIDDEN, OTHER, SQUARE, TOP, Figure
from digitcanvas.reading.cards import Layer

MAPS, NEURONS = 5, 11
"""The most feature maps and neurons of a layer that are drawn."""

# Pixels
COLUMN, HEIGHT = 112, 260
SIDE = 64  # of a map of 28x28; others in proportion
SHIFT = 6  # from one map to the next
PITCH = 17  # from one neuron to the next

DRAWN = {"Conv2D": "convolution", "MaxPooling2D": "pooling", "Dense": "dense"}
"""The layers that are drawn: those that change the number of values."""


def network_diagram(layers: Sequence[Layer]) -> Figure:
    """The image, the maps of convolutions and poolings as sheets, and the neurons of dense layers.

    The neurons of consecutive layers are joined. The pointer over a layer shows its description.
    """
    image = Layer("Image", "28x28 pixels", (28, 28, 1), 0, 0)
    columns = [image, *(layer for layer in layers if layer.kind in DRAWN)]
    sheets, dots, edges, captions = [], [], [], []
    previous: list[tuple[float, float]] = []
    for index, layer in enumerate(columns):
        x = (index + 0.5) * COLUMN
        if len(layer.shape) == 1:
            neurons = [(x, y) for y in _heights(layer.shape[0])]
            edges += [(start, end) for start in previous for end in neurons]
        else:
            sheets += _sheets(layer.shape, x)
            neurons = []
        dots += [(*dot, _describe(layer), 1) for dot in neurons] or [(x, 0, _describe(layer), 0)]
        captions.append((x, f"{DRAWN.get(layer.kind, 'image')}<br>{_size(layer.shape)}"))
        previous = neurons
    xs, ys, texts, opacities = zip(*dots, strict=True)
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x for start, end in edges for x in (start[0], end[0], None)],
                "y": [y for start, end in edges for y in (start[1], end[1], None)],
                "line": {"color": OTHER, "width": 0.5},
                "opacity": 0.5,
                "hoverinfo": "skip",
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": xs,
                "y": ys,
                "text": texts,
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"color": TOP, "size": 11, "opacity": opacities},
            },
            {
                "type": "scatter",
                "mode": "text",
                "x": [x for x, _ in captions],
                "y": [-HEIGHT / 2 + 16] * len(captions),
                "text": [text for _, text in captions],
                "hoverinfo": "skip",
            },
        ],
        "layout": {
            "shapes": sheets,
            "xaxis": HIDDEN | {"range": [0, len(columns) * COLUMN]},
            "yaxis": HIDDEN | {"range": [-HEIGHT / 2, HEIGHT / 2]} | SQUARE,
            "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
            "showlegend": False,
            "hovermode": "closest",
            "hoverdistance": SIDE // 2,
            "meta": {
                "aspect": len(columns) * COLUMN / HEIGHT,
                "narrowest": len(columns) * COLUMN * 0.7,
                "widest": len(columns) * COLUMN,
            },
        },
    }


def _heights(neurons: int) -> list[float]:
    """Where the neurons of a layer are drawn: of many, the first and last ones around a gap."""
    drawn = min(neurons, NEURONS)
    indices = [index for index in range(drawn) if neurons <= NEURONS or index != NEURONS // 2]
    return [((drawn - 1) / 2 - index) * PITCH + PITCH for index in indices]


def _sheets(shape: tuple[int, ...], x: float) -> list[Figure]:
    """Overlapping maps, the last in front."""
    side = max(SIDE * shape[0] / 28, 6)
    drawn = min(shape[2], MAPS)
    sheets = []
    for number in range(drawn):
        shift = (number - (drawn - 1) / 2) * SHIFT
        left, bottom = x + shift - side / 2, PITCH - shift - side / 2
        sheets.append(
            {
                "type": "rect",
                "x0": left,
                "y0": bottom,
                "x1": left + side,
                "y1": bottom + side,
                "fillcolor": TOP,
                "opacity": 0.75,
                "line": {"color": "#ffffff", "width": 1},
            }
        )
    return sheets


def _size(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"{shape[0]:,}"
    high, wide, maps = shape
    return f"{maps} of {high}x{wide}" if maps > 1 else f"{high}x{wide}"


def _describe(layer: Layer) -> str:
    weights = f"<br>{layer.parameters:,} parameters" if layer.parameters else ""
    return f"{DRAWN.get(layer.kind, 'image')}: {layer.detail}{weights}"
