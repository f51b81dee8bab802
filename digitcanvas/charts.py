"""Plotly figures from arrays."""

import numpy as np
import plotly.graph_objects as go

TOP = "#4f46e5"
OTHER = "#a3a3b8"


def probability_chart(probabilities: np.ndarray) -> go.Figure:
    """Ten bars, one a digit, from probabilities (10,) in [0, 1]; the top one stands out."""
    top = probabilities.argmax()
    digits = np.arange(10)
    figure = go.Figure(
        go.Bar(
            x=digits,
            y=probabilities * 100,
            marker_color=np.where(digits == top, TOP, OTHER),
            hovertemplate="%{x}: %{y:.1f} %<extra></extra>",
        )
    )
    figure.update_xaxes(title="digit", dtick=1, fixedrange=True)
    figure.update_yaxes(title="probability", range=[0, 100], ticksuffix=" %", fixedrange=True)
    figure.update_layout(height=260, margin=dict(l=0, r=0, t=8, b=0), bargap=0.25)
    return figure
