"""Ten digits as one hand draws them: strokes on a canvas of 280 x 280 pixels."""

import numpy as np

from digitcanvas.drawing.preprocess import CANVAS


def arc(cx, cy, rx, ry, start, end, points=24):
    """Part of an ellipse; the angles in degrees, clockwise from the right as y points down."""
    angles = np.radians(np.linspace(start, end, points))
    return [(cx + rx * np.cos(a), cy + ry * np.sin(a)) for a in angles]


DIGITS = {
    0: [arc(140, 140, 55, 80, -90, 270, 40)],
    1: [[(110, 95), (145, 60), (145, 220)]],
    2: [[*arc(140, 100, 50, 45, -170, 40), (90, 215), (200, 215)]],
    3: [[*arc(135, 100, 50, 40, -150, 90), *arc(135, 180, 55, 40, -90, 150)]],
    4: [[(130, 60), (85, 160), (205, 160)], [(170, 90), (165, 230)]],
    5: [[(105, 65), (100, 130), *arc(135, 170, 55, 50, -120, 150)], [(105, 65), (190, 62)]],
    6: [[(170, 60), (120, 110), *arc(140, 175, 45, 45, 180, -180, 36)]],
    7: [[(80, 70), (200, 70), (150, 150), (125, 225)]],
    8: [[*arc(140, 105, 38, 38, 90, -270, 30), *arc(140, 185, 45, 42, -90, 270, 30)]],
    9: [[*arc(140, 105, 42, 42, 0, -360, 30), (180, 160), (165, 230)]],
}
DIGITS = {
    digit: [np.array(stroke, float) for stroke in strokes] for digit, strokes in DIGITS.items()
}


def in_a_row(text, gap=30.0):
    """The strokes of these digits side by side, with a gap in pixels between their boxes."""
    strokes, right = [], 0.0
    for digit in map(int, text):
        xs = np.concatenate(DIGITS[digit])[:, 0]
        strokes += [stroke + np.array([right + gap - xs.min(), 0]) for stroke in DIGITS[digit]]
        right += gap + np.ptp(xs)
    return strokes


def on_canvas(text, gap, sides=1):
    """The same in the middle of the canvas, as large as it takes, in canvas pixels."""
    strokes = in_a_row(text, gap)
    low, high = (np.concatenate(strokes).min(axis=0), np.concatenate(strokes).max(axis=0))
    room = np.array([sides, 1]) * CANVAS
    scale = (0.86 * room / (high - low)).min()
    return [(stroke - (low + high) / 2) * scale + room / 2 for stroke in strokes]
