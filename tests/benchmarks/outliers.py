"""How well a model tells digits from what is none: python -m tests.benchmarks.outliers [MODEL...]

The digits are the pen drawings by the writers kept out of training (DIGITCANVAS_PEN), the others
200 drawings each of kinds that no network learned from. For each kind, and for all: the AUROC of
`is_digit`, and the share turned away; then, as a baseline, the AUROC of the top probability.
"""

import sys

import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.pen import load_pen_digits, place_at_random
from digitcanvas.reading.slices import auroc
from tests.strangers import KINDS, strangers


def main() -> None:
    pen = load_pen_digits()
    if pen is None:
        sys.exit("Set DIGITCANVAS_PEN to a UNIPEN file of digits.")
    rng = np.random.default_rng(0)
    digits = [place_at_random(drawing, rng).strokes for drawing in pen.validation]
    others = {kind: strangers(kind, 200, pen.validation) for kind in KINDS}
    others["all"] = [strokes for drawings in others.values() for strokes in drawings]
    for name in sys.argv[1:] or ["cnn", "mlp"]:
        recognizer = Recognizer.load(name)
        kept, kept_top, turned_away = _read(recognizer, digits)
        print(f"{name}: {turned_away:.2%} of the digits turned away")
        for kind, drawings in others.items():
            none, none_top, turned_away = _read(recognizer, drawings)
            print(
                f"  {kind:12} AUROC {auroc(kept, none):.4f} (by the top probability "
                f"{auroc(kept_top, none_top):.4f}), {turned_away:.1%} turned away"
            )


def _read(recognizer: Recognizer, drawings: list) -> tuple[np.ndarray, np.ndarray, float]:
    """Each drawing's `is_digit` and top probability, and the share that is turned away."""
    read = [recognizer.predict_strokes(strokes) for strokes in drawings]
    return (
        np.array([prediction.is_digit for prediction in read]),
        np.array([prediction.probabilities.max() for prediction in read]),
        float(np.mean([prediction.rejected for prediction in read])),
    )


if __name__ == "__main__":
    main()
