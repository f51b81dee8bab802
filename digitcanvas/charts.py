"""Plotly figures from arrays."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from digitcanvas.progress import LearningCurve

TOP = "#4f46e5"
OTHER = "#a3a3b8"
RIVAL = "#f59e0b"


def probability_chart(probabilities: np.ndarray, rejected: bool = False) -> dict:
    """Ten bars, one a digit, from probabilities (10,) in [0, 1].

    The top one stands out, but not in a drawing that is `rejected` as no digit. The figure is a
    dict, made several times a second while somebody draws: Plotly's own classes take 4 ms each.
    """
    digits = np.arange(10)
    stands_out = (digits == probabilities.argmax()) & (probabilities > 0) & (not rejected)
    bars = _bars(probabilities, marker={"color": np.where(stands_out, TOP, OTHER).tolist()})
    return _with_digits([bars], "if it were a digit" if rejected else "probability")


def comparison_chart(readings: dict[str, np.ndarray]) -> dict:
    """Two bars a digit, from two networks' probabilities (10,) in [0, 1] by their names.

    The figure is a dict, as `probability_chart`'s.
    """
    bars = [
        _bars(probabilities, name=name, marker={"color": color})
        for (name, probabilities), color in zip(readings.items(), (TOP, RIVAL), strict=True)
    ]
    legend = {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0}
    return _with_digits(bars, "probability", legend=legend)


def _bars(probabilities: np.ndarray, **options) -> dict:
    return {
        "type": "bar",
        "x": list(range(10)),
        "y": (probabilities * 100).tolist(),
        "hovertemplate": "%{x}: %{y:.1f} %<extra></extra>",
        **options,
    }


def _with_digits(bars: list[dict], title: str, **options) -> dict:
    percent = {"range": [0, 100], "ticksuffix": " %", "fixedrange": True}
    return {
        "data": bars,
        "layout": {
            "xaxis": {"title": {"text": "digit"}, "dtick": 1, "fixedrange": True},
            "yaxis": {"title": {"text": title}, **percent},
            "height": 260,
            "margin": {"l": 56, "r": 0, "t": 16, "b": 40},
            "bargap": 0.25,
            **options,
        },
    }


def learning_curve(curve: LearningCurve, epochs: int) -> go.Figure:
    """Loss and accuracy over the epochs so far, in training and in validation."""
    figure = make_subplots(cols=2, horizontal_spacing=0.2)
    for name, points, color, mode in (
        ("training", curve.training, OTHER, "lines"),
        ("validation", curve.validation, TOP, "lines+markers"),
    ):
        done, losses, accuracies = np.array(points).reshape(-1, 3).T
        for column, values in ((1, losses), (2, accuracies * 100)):
            figure.add_scatter(
                x=done,
                y=values,
                name=name,
                mode=mode,
                line_color=color,
                cliponaxis=False,  # the last point lies on the edge
                showlegend=column == 1,
                row=1,
                col=column,
            )
    figure.update_xaxes(title="epoch", range=[0, epochs], fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_yaxes(title="loss", rangemode="tozero", col=1)
    figure.update_yaxes(title="accuracy", ticksuffix=" %", col=2)
    return figure.update_layout(
        height=230,
        margin=dict(l=0, r=0, t=8, b=0),
        legend=dict(orientation="h", y=1, yanchor="bottom", x=0),
    )
