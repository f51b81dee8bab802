"""Images that a network rehearses while it learns a hand, so that it forgets nobody else's.

After A. Robins, "Catastrophic forgetting, rehearsal and pseudorehearsal", Connection Science 1995.
"""

import numpy as np

from digitcanvas.data.handwriting import augment_strokes
from digitcanvas.data.mnist import load_sample
from digitcanvas.data.outliers import FONTS, NOT_A_DIGIT, glyph, make_outliers
from digitcanvas.data.pen import images_from_drawings
from digitcanvas.drawing.arrays import Float32Array
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.reading.once import once

DIGITS, OUTLIERS = 500, 500
"""How many of each. Without outliers, a hand takes much for a digit that is none."""

SEED = 16


def _make() -> Float32Array:
    rng = np.random.default_rng(SEED)
    sample = load_sample()
    digits = np.divide(sample.x_train[:: len(sample.x_train) // DIGITS], 255, dtype=np.float32)
    printed = [Drawing(glyph(font, str(d)), d, writer=0) for font in FONTS for d in range(10)]
    made = make_outliers(OUTLIERS, printed, rng)
    bent = [Drawing(augment_strokes(one.strokes, rng), NOT_A_DIGIT, writer=0) for one in made]
    return np.concatenate([digits, images_from_drawings(bent)[0]])


images = once(_make)
"""Some of MNIST's digits, then outliers: float32 (1000, 28, 28) in [0, 1]. Made once: 0.4 s."""
