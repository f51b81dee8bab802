"""Plotly figures from arrays, as plain dicts: ready for JSON, without importing Plotly.

`plotly.graph_objects.Figure` takes each as it is. What only the app's page needs is in the layout's
`meta`, which Plotly carries along (see app/parts/plot.py).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from digitcanvas.drawing.arrays import Float32Array, FloatArray
from digitcanvas.reading.evaluation import ErrorRate
from digitcanvas.reading.words import percent

Figure = dict[str, Any]
"""A Plotly figure, or a part of one such as a trace or an axis, as a plain dict."""

# Colours that stand out from a white page and from a dark one: a contrast of 3 at least, as WCAG's
# level AA asks of graphics
TOP = "#6366f1"
OTHER = "#8080a0"
RIVAL = "#d97706"
COLORS = (TOP, RIVAL, "#059669", "#ef4444", "#0284c7", "#d946ef", "#65a30d", "#78716c")

BARE = {"showgrid": False, "zeroline": False}
HIDDEN = {"visible": False, "fixedrange": True}
SQUARE = {"scaleanchor": "x", "constrain": "domain"}
"""For a vertical axis that has as many pixels a unit as the horizontal one."""

LEGEND = {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0}
PERCENT = {"ticksuffix": " %"}
DODGE = 0.12
"""How far two networks' dots stand beside their digit, which are 1 apart."""

LEFT, RIGHT = [0, 0.4], [0.6, 1]
"""The extents of two panels, in shares of the figure's width."""

PAPER = "#f0f2f6"
"""The colour of an empty cell. The page puts in its theme's, where the layout's `meta` says so."""

EXPLODED = 20
"""A loss this many times the least would flatten the rest of the curve on a linear axis."""

REJECTED = "if it were a digit"
"""What the probabilities of a drawing mean that is rejected as not a digit."""

SMOOTH = {"duration": 120, "easing": "cubic-out"}
"""How a figure moves to new values; the duration in milliseconds."""


def probability_chart(probabilities: Float32Array, rejected: bool = False) -> Figure:
    """Ten bars, one for each digit, from probabilities (10,) in [0, 1].

    The top bar stands out, unless the drawing is `rejected` as not a digit.
    """
    digits = np.arange(10)
    stands_out = (digits == probabilities.argmax()) & (probabilities > 0) & (not rejected)
    bars = _bars(_percent(probabilities), np.where(stands_out, TOP, OTHER).tolist())
    title = REJECTED if rejected else "probability"
    moving = {"standsOut": TOP, "plain": OTHER, "rejectedTitle": REJECTED}
    return _probability_figure([bars], title, meta={"bars": moving})


def comparison_chart(predictions: Mapping[str, Float32Array]) -> Figure:
    """Two bars for each digit, from two networks' probabilities (10,) in [0, 1] by their names."""
    bars = [
        _bars(_percent(probabilities), color, name)
        for (name, probabilities), color in zip(predictions.items(), (TOP, RIVAL), strict=True)
    ]
    return _probability_figure(bars, "probability", legend=LEGEND, meta={"bars": {}})


def _percent(shares: NDArray[np.floating]) -> list[float]:
    values: list[float] = (shares * 100).tolist()
    return values


def _bars(
    values: Sequence[float | None],
    color: str | list[str],
    name: str = "",
    hover: str = "%{y:.1f} %<extra></extra>",
) -> Figure:
    """Ten bars, one for each digit; `hover` is Plotly's template for the text at the pointer."""
    return {
        "type": "bar",
        "name": name,
        "x": list(range(10)),
        "y": values,
        "marker": {"color": color},
        "hovertemplate": f"%{{x}}: {hover}",
    }


def _probability_figure(bars: list[Figure], title: str, **options: Any) -> Figure:
    shares = axis(title, range=[0, 100], **PERCENT)
    return figure(bars, _digits(), shares, transition=SMOOTH, **options)


def _digits(title: str = "digit") -> Figure:
    return axis(title, dtick=1, **BARE)


def axis(title: str, **options: Any) -> Figure:
    return {"title": {"text": title, "standoff": 4}, "fixedrange": True, **options}


def figure(data: list[Figure], x: Figure, y: Figure, **options: Any) -> Figure:
    layout = {
        "xaxis": x,
        "yaxis": y,
        "height": 260,
        "margin": {"l": 56, "r": 0, "t": 16, "b": 46},
        "bargap": 0.25,
    }
    return {"data": data, "layout": layout | options}


def _panels(
    data: list[Figure], left: tuple[Figure, Figure], right: tuple[Figure, Figure], **options: Any
) -> Figure:
    """Two panels side by side, each with axes (x, y); traces on the right take RIGHT_PANEL."""
    return figure(
        data,
        left[0] | {"domain": LEFT},
        left[1],
        xaxis2=right[0] | {"domain": RIGHT},
        yaxis2=right[1] | {"anchor": "x2"},
        **options,
    )


RIGHT_PANEL = {"xaxis": "x2", "yaxis": "y2"}


Point = tuple[float, float, float]


def learning_curve(training: Sequence[Point], validation: Sequence[Point], epochs: int) -> Figure:
    """Loss and accuracy over the epochs so far, in training and in validation.

    A point is (epochs done, loss, accuracy), with the accuracy in [0, 1]. `epochs` is the length of
    the whole run.
    """
    lines = []
    for name, points, color, mode in (
        ("training", training, OTHER, "lines"),
        ("validation", validation, TOP, "lines+markers"),
    ):
        done, losses, accuracies = np.array(points).reshape(-1, 3).T
        lines += _losses_and_accuracies(
            done, losses, accuracies, name=name, mode=mode, line={"color": color}
        )
    return _learning_figure(lines, epochs, height=230)


def history_chart(histories: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Loss and accuracy by epoch of several networks, by their names, in the same axes.

    A history holds `loss`, `accuracy`, `val_loss` and `val_accuracy`, each a number per epoch.
    Training is drawn as a dotted line, validation as a solid one.
    """
    lines, longest = [], 1
    for index, (name, history) in enumerate(histories.items()):
        color = COLORS[index % len(COLORS)]
        for part, prefix, dash in (("training", "", "dot"), ("validation", "val_", "solid")):
            losses, accuracies = (
                np.array(history.get(prefix + figure, [])) for figure in ("loss", "accuracy")
            )
            epochs = 1 + np.arange(len(losses))
            longest = max(longest, len(losses))
            lines += _losses_and_accuracies(
                epochs,
                losses,
                accuracies,
                name=name,
                showlegend=part == "validation",
                mode="lines+markers" if len(losses) == 1 else "lines",
                line={"color": color, "dash": dash},
                legendgroup=name,
            )
    return _learning_figure(lines, longest, height=320 + 20 * len(histories))


def _losses_and_accuracies(
    epochs: NDArray[Any], losses: FloatArray, accuracies: FloatArray, **options: Any
) -> list[Figure]:
    line = {"type": "scatter", "x": epochs.tolist(), "cliponaxis": False, **options}
    return [
        line | {"y": losses.tolist(), "hovertemplate": "epoch %{x:.3~g}: %{y:.4f}"},
        line
        | RIGHT_PANEL
        | {
            "y": (accuracies * 100).tolist(),
            "hovertemplate": "epoch %{x:.3~g}: %{y:.2f} %",
            "showlegend": False,
        },
    ]


def _learning_figure(lines: list[Figure], epochs: int, height: int) -> Figure:
    return _panels(
        lines,
        (axis("epoch", range=[0, epochs]), axis("loss", rangemode="tozero")),
        (axis("epoch", range=[0, epochs]), axis("accuracy", **PERCENT)),
        legend=LEGEND,
        height=height,
    )


def class_chart(counts: Mapping[str, Sequence[int]]) -> Figure:
    """The number of digits of each class: ten counts for each part of the data, by its name."""
    bars = [
        _bars([int(count) for count in part], color, name, "%{y:,}")
        for (name, part), color in zip(counts.items(), (TOP, RIVAL, OTHER), strict=False)
    ]
    return figure(
        bars, _digits(), axis("digits"), barmode="stack", legend=LEGEND | {"traceorder": "normal"}
    )


def value_chart(counts: Sequence[int]) -> Figure:
    """How often each grey of 0-255 occurs, from 256 counts: as stored, and divided by 255."""
    values = np.arange(256)
    bar = {
        "type": "bar",
        "y": [int(count) for count in counts],
        "showlegend": False,
        "hovertemplate": "grey %{x}: %{y:,} pixels<extra></extra>",
    }
    pixels = {"type": "log", "dtick": 1, "exponentformat": "power"}
    return _panels(
        [
            bar | {"x": values.tolist(), "marker": {"color": OTHER}},
            bar | {"x": (values / 255).round(4).tolist(), "marker": {"color": TOP}} | RIGHT_PANEL,
        ],
        (axis("grey, as stored", **BARE), axis("pixels", **pixels)),
        (axis("grey, normalised", **BARE), axis("pixels", **pixels)),
        bargap=0,
    )


def rate_chart(points: Sequence[tuple[float, float]], good: tuple[float, float] | None) -> Figure:
    """Points (learning rate, loss), the rate on a log axis; the `good` range, if known, is shaded.

    The loss is on a log axis too if it explodes.
    """
    losses = [loss for _, loss in points]
    line = {
        "type": "scatter",
        "mode": "lines",
        "x": [rate for rate, _ in points],
        "y": losses,
        "line": {"color": TOP},
        "hovertemplate": "rate %{x:.2g}: loss %{y:.4f}<extra></extra>",
    }
    band = {
        "type": "rect",
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "fillcolor": OTHER,
        "opacity": 0.3,
        "line": {"width": 0},
        "layer": "below",
    }
    bands = [band | {"x0": good[0], "x1": good[1]}] if good else []
    rate = axis("learning rate", type="log", dtick=1, exponentformat="power")
    explodes = bool(losses) and max(losses) > EXPLODED * min(losses)
    return figure([line], rate, axis("loss", type="log" if explodes else "linear"), shapes=bands)


def error_chart(errors: Mapping[str, Sequence[ErrorRate]]) -> Figure:
    """How often networks, by their names, misread each digit: a dot, in its 95 % interval.

    The axis begins at zero. A digit without images has no dot.
    """
    apart = np.linspace(-DODGE, DODGE, len(errors)) if len(errors) > 1 else [0.0]
    dots = []
    for (name, rates), color, shift in zip(errors.items(), COLORS, apart, strict=False):
        known = [(digit, rate) for digit, rate in enumerate(rates) if rate.count]
        dots.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [digit + shift for digit, _ in known],
                "y": [100 * rate.share for _, rate in known],
                "error_y": {
                    "array": [100 * (rate.interval[1] - rate.share) for _, rate in known],
                    "arrayminus": [100 * (rate.share - rate.interval[0]) for _, rate in known],
                    "color": color,
                    "thickness": 2,
                    "width": 4,
                },
                "marker": {"color": color, "size": 10},
                "text": [f"{digit}: {_error(rate)}" for digit, rate in known],
                "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
    return figure(
        dots,
        _digits("true digit") | {"range": [-0.5, 9.5], "ticklabelstandoff": 6},
        axis("misread", rangemode="tozero", **PERCENT),
        legend=LEGEND,
        showlegend=len(errors) > 1,
    )


def _error(rate: ErrorRate) -> str:
    low, high = rate.interval
    return (
        f"{rate.wrong:,} of {rate.count:,} misread, {percent(rate.share)} "
        f"({percent(low)} to {percent(high)})"
    )


def person_chart(
    errors: Mapping[str, Sequence[ErrorRate]], people: Sequence[str], most: int
) -> Figure:
    """How often networks, by their names, misread each of the people: a dot in its interval.

    Whoever the first network misreads most often stands on top; only the first `most` are shown.
    """
    first = next(iter(errors.values()))
    order = sorted(range(len(people)), key=lambda i: (-first[i].share, -first[i].count))[:most]
    apart = np.linspace(-DODGE, DODGE, len(errors)) if len(errors) > 1 else [0.0]
    dots = []
    for (name, rates), color, shift in zip(errors.items(), COLORS, apart, strict=False):
        sorted_rates = [rates[i] for i in order]
        dots.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [100 * rate.share for rate in sorted_rates],
                "y": [place + shift for place in range(len(order))],
                "error_x": {
                    "array": [100 * (r.interval[1] - r.share) for r in sorted_rates],
                    "arrayminus": [100 * (r.share - r.interval[0]) for r in sorted_rates],
                    "color": color,
                    "thickness": 2,
                    "width": 4,
                },
                "marker": {"color": color, "size": 10},
                "text": [
                    f"{plain(people[i])}: {_error(rate)}"
                    for i, rate in zip(order, sorted_rates, strict=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
            }
        )
    names = {"tickvals": list(range(len(order))), "ticktext": [plain(people[i]) for i in order]}
    return figure(
        dots,
        axis("misread", rangemode="tozero", **PERCENT),
        {
            "range": [len(order) - 0.5, -0.5],
            "automargin": True,
            "fixedrange": True,
            "ticklabelstandoff": 8,
            **BARE,
            **names,
        },
        height=90 + 30 * len(order),
        legend=LEGEND,
        showlegend=len(errors) > 1,
    )


def plain(name: str) -> str:
    """A name as people chose it, for Plotly, which would take "<b>" for bold."""
    return name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def confusion_chart(counts: Sequence[Sequence[int]], as_shares: bool) -> Figure:
    """The confusion matrix, from ten rows of ten counts, with true 0 at the top.

    The cells show counts, or with `as_shares` percentages of their row.
    """
    matrix = np.array(counts)
    totals = matrix.sum(axis=1, keepdims=True)
    shares = 100 * matrix / np.maximum(totals, 1)
    texts = [
        [_share(share) if as_shares else f"{count:,}" if count else "" for count, share in rows]
        for rows in (zip(*row, strict=True) for row in zip(matrix, shares, strict=True))
    ]
    heat = {
        "type": "heatmap",
        "x": list(range(10)),
        "y": list(range(10)),
        "z": np.log10(1 + shares).tolist(),  # on a log scale, so that mistakes show too
        "text": texts,
        "hovertext": [
            [
                f"a {label} read as {predicted}: {matrix[label, predicted]:,}, "
                f"{percent(shares[label, predicted] / 100)} of the {label}s"
                for predicted in range(10)
            ]
            for label in range(10)
        ],
        "texttemplate": "%{text}",
        "hovertemplate": "%{hovertext}<extra></extra>",
        "colorscale": [[0, PAPER], [1, TOP]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    return figure(
        [heat],
        _digits("read as"),
        _digits("true digit") | {"autorange": "reversed"},
        height=460,
        margin={"l": 48, "r": 0, "t": 24, "b": 46},
        meta={"paper": PAPER},
    )


def _share(percent: float) -> str:
    return "" if percent == 0 else f"{percent:.1f}" if percent < 99.95 else "100"
