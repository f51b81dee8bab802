"""How a prediction and a recognizer show themselves in a notebook: as HTML.

All styles are inline, as notebooks drop style sheets. Colours are the text's own but for one
accent, which stands out from white and from black.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from digitcanvas.drawing.png import png_in_base64
from digitcanvas.reading.cards import Card, Layer
from digitcanvas.reading.words import percent

if TYPE_CHECKING:
    from digitcanvas.reading.recognizer import Prediction

ACCENT = "#6366f1"

SIDE, HEIGHT = 96, 76
"""Of the image and of the tallest bar, in pixels: with its digit below, a bar is as high."""

ROW = "display:flex;flex-wrap:wrap;align-items:flex-end;gap:24px;margin:8px 0"
COLUMN = "width:20px;text-align:center;line-height:1.4"
SMALL = "font-size:12px;opacity:.8"
HIDDEN = ("Reshape", "Flatten", "ReLU", "BatchNormalization", "Dropout")
"""Layers that a line of boxes leaves out: they only reshape, scale or switch off numbers."""


def prediction_html(prediction: Prediction) -> str:
    """The image, the digit and how sure, and ten bars."""
    digit, sure = str(prediction.digit), f"{prediction.certainty} sure"
    words = f"{digit}, {sure}"
    if prediction.rejected:
        sure = f"does not look like a digit<br>(nearest: {digit})"
        words, digit = f"does not look like a digit (nearest: {digit})", "?"
    return (
        f'<div style="{ROW}">'
        f'<img alt="what the network saw" width="{SIDE}" height="{SIDE}" '
        'style="image-rendering:pixelated;margin:0;border-radius:6px;outline:1px solid #8888" '
        f'src="data:image/png;base64,{png_in_base64(prediction.image)}">'
        '<div style="width:176px;line-height:1.2">'
        f'<div style="font-size:56px;font-weight:700;line-height:1">{digit}</div>{sure}</div>'
        f'<div role="img" aria-label="{words}: {_in_words(prediction)}" '
        f'style="display:flex;align-items:flex-end;gap:6px">{_bars(prediction)}</div>'
        "</div>"
    )


def _in_words(prediction: Prediction) -> str:
    return ", ".join(
        f"{digit} {percent(share)}" for digit, share in enumerate(prediction.probabilities)
    )


def _bars(prediction: Prediction) -> str:
    top = None if prediction.rejected else prediction.digit
    return "".join(
        f'<div title="{digit}: {percent(share)}" style="{COLUMN}">'
        f'<div style="height:{max(1, round(share * HEIGHT))}px;border-radius:3px 3px 0 0;'
        f'background:{ACCENT if digit == top else "#8080a0"}"></div>{digit}</div>'
        for digit, share in enumerate(prediction.probabilities.tolist())
    )


def recognizer_html(name: str, card: Card) -> str:
    """The model's name, how large and how good it is, and its layers from left to right."""
    test, day = card.test, card.trained_on
    facts = (
        f"{card.parameters:,} parameters, {percent(test['accuracy'], 2)} right on the "
        f"{test['data']}, trained {day.day} {day:%B %Y}"
    )
    return (
        f'<div style="margin:8px 0"><strong style="font-size:18px">{escape(name)}</strong>'
        f'<div style="{SMALL}">{escape(facts)}</div>{_line(card.layers)}</div>'
    )


def _line(layers: tuple[Layer, ...]) -> str:
    boxes = [_box("image", "28 x 28")] + [
        _box(layer.kind, " x ".join(map(str, layer.shape)), layer.detail)
        for layer in layers
        if layer.kind not in HIDDEN
    ]
    arrow = '<span aria-hidden="true">&rarr;</span>'
    line = "display:flex;flex-wrap:wrap;align-items:center;gap:6px;margin-top:8px"
    return f'<div style="{line}">{arrow.join(boxes)}</div>' if layers else ""


def _box(kind: str, shape: str, detail: str = "") -> str:
    return (
        f'<span title="{escape(detail)}" style="border:1px solid {ACCENT};border-radius:6px;'
        f'padding:4px 8px;text-align:center;line-height:1.3">{escape(kind)}<br>'
        f'<span style="{SMALL}">{escape(shape)}</span></span>'
    )
