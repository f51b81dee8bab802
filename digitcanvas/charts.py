"""Plotly figures from arrays."""

import numpy as np
import plotly.graph_objects as go

TOP = "#4f46e5"
OTHER = "#a3a3b8"


def probability_chart(probabilities: np.ndarray, rejected: bool = False) -> go.Figure:
    """Ten bars, one a digit, from probabilities (10,) in [0, 1].

    The top one stands out, but not in a drawing that is `rejected` as no digit.
    """
    digits = np.arange(10)
    stands_out = (digits == probabilities.argmax()) & (not rejected)
    figure = go.Figure(
        go.Bar(
            x=digits,
            y=probabilities * 100,
            marker_color=np.where(stands_out, TOP, OTHER),
            hovertemplate="%{x}: %{y:.1f} %<extra></extra>",
        )
    )
    figure.update_xaxes(title="digit", dtick=1, fixedrange=True)
    title = "if it were a digit" if rejected else "probability"
    figure.update_yaxes(title=title, range=[0, 100], ticksuffix=" %", fixedrange=True)
    figure.update_layout(height=260, margin=dict(l=0, r=0, t=8, b=0), bargap=0.25)
    return figure
