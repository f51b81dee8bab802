"""Plotly figures from arrays."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from digitcanvas.progress import LearningCurve

TOP = "#4f46e5"
OTHER = "#a3a3b8"
RIVAL = "#f59e0b"


def probability_chart(probabilities: np.ndarray, rejected: bool = False) -> go.Figure:
    """Ten bars, one a digit, from probabilities (10,) in [0, 1].

    The top one stands out, but not in a drawing that is `rejected` as no digit.
    """
    digits = np.arange(10)
    stands_out = (digits == probabilities.argmax()) & (not rejected)
    bars = _bars(probabilities, marker_color=np.where(stands_out, TOP, OTHER))
    return _with_digits([bars], "if it were a digit" if rejected else "probability")


def comparison_chart(readings: dict[str, np.ndarray]) -> go.Figure:
    """Two bars a digit, from two networks' probabilities (10,) in [0, 1] by their names."""
    bars = [
        _bars(probabilities, name=name, marker_color=color)
        for (name, probabilities), color in zip(readings.items(), (TOP, RIVAL), strict=True)
    ]
    figure = _with_digits(bars, "probability")
    return figure.update_layout(legend=dict(orientation="h", y=1, yanchor="bottom", x=0))


def _bars(probabilities: np.ndarray, **options) -> go.Bar:
    return go.Bar(
        x=np.arange(10),
        y=probabilities * 100,
        hovertemplate="%{x}: %{y:.1f} %<extra></extra>",
        **options,
    )


def _with_digits(bars: list[go.Bar], title: str) -> go.Figure:
    figure = go.Figure(bars)
    figure.update_xaxes(title="digit", dtick=1, fixedrange=True)
    figure.update_yaxes(title=title, range=[0, 100], ticksuffix=" %", fixedrange=True)
    return figure.update_layout(height=260, margin=dict(l=0, r=0, t=8, b=0), bargap=0.25)


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
