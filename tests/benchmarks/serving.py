"""How fast a drawing is read: python -m tests.benchmarks.serving

For each shipped model a line: microseconds from strokes to probabilities, the median of 1,000
drawings, next to Keras' `model.predict` on the same images in the same process. The drawings are
those of DIGITCANVAS_PEN where it is set, else ten drawn for the tests, over and over.
"""

import statistics
import time
from itertools import cycle, islice

import keras
import numpy as np

from digitcanvas import Recognizer
from digitcanvas.data.pen import load_pen_digits, place_at_random
from digitcanvas.reading import registry
from tests.digits import DIGITS


def main() -> None:
    drawings = list(islice(cycle(_drawings()), 1000))
    for name in ("cnn", "mlp"):
        recognizer = Recognizer.load(name)
        images = [recognizer.predict_strokes(strokes).image for strokes in drawings]
        served = _median_time(recognizer.predict_strokes, drawings)
        model = keras.models.load_model(registry.find(name) / registry.TRAINABLE)
        predict = _median_time(
            lambda image, model=model: model.predict(image[np.newaxis], verbose=0), images[:100]
        )
        print(
            f"{name}: {served * 1e6:.0f} us from strokes to probabilities; model.predict "
            f"{predict * 1e6:.0f} us for the network alone, {predict / served:.0f} times as long"
        )


def _drawings() -> list:
    pen = load_pen_digits()
    if pen is None:
        return list(DIGITS.values())
    rng = np.random.default_rng(0)
    return [place_at_random(drawing, rng).strokes for drawing in pen.validation]


def _median_time(read, inputs) -> float:
    times = []
    for item in inputs:
        start = time.perf_counter()
        read(item)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
