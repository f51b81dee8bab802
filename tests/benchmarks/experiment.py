"""Try a change to a recipe: python -m tests.benchmarks.experiment cnn --set handwriting.BLEND=0

Trains with fewer epochs and more writers kept out than the recipe, and measures on MNIST's
validation part and on those writers: never on a test set. `--set` changes a field of the recipe
(recipe.outliers=0) or a constant of augment, handwriting, outliers or training, and can be
repeated; `--pen` is the width that drawings are read with. Needs DIGITCANVAS_MNIST and
DIGITCANVAS_PEN.
"""

import argparse
import ast
import sys
from dataclasses import replace

import numpy as np
from tqdm import tqdm

from digitcanvas.data import pen as pen_data
from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import images_from_drawings, load_pen_digits
from digitcanvas.drawing.preprocess import PEN_WIDTH
from digitcanvas.learning import augment, handwriting, outliers, training
from digitcanvas.reading.evaluation import compute_metrics
from digitcanvas.reading.recognizer import split_softmax
from digitcanvas.runs.recipes import RECIPES

MODULES = {
    "augment": augment,
    "handwriting": handwriting,
    "outliers": outliers,
    "training": training,
}
TWO_IN_THREE = [writer for writer in range(1, 31) if writer % 3]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--writers", type=int, nargs="+", default=TWO_IN_THREE, help="kept out")
    parser.add_argument("--set", action="append", default=[], metavar="PLACE.NAME=VALUE")
    parser.add_argument("--pen", type=float, default=PEN_WIDTH, metavar="WIDTH")
    options = parser.parse_args()
    recipe = replace(RECIPES[options.recipe], epochs=options.epochs)
    for change in options.set:
        name, value = change.split("=", 1)
        place, name = name.split(".")
        if place == "recipe":
            recipe = replace(recipe, **{name: ast.literal_eval(value)})
        else:
            assert hasattr(MODULES[place], name), f"{place} has no {name}"
            setattr(MODULES[place], name, ast.literal_eval(value))
    pen_data.VALIDATION_WRITERS = options.writers
    mnist, pen = load_mnist(), load_pen_digits()
    if mnist.is_sample or pen is None:
        sys.exit("Set DIGITCANVAS_MNIST to an mnist.npz and DIGITCANVAS_PEN to a UNIPEN file.")
    with tqdm(total=recipe.epochs) as bar:
        trained = training.train(
            recipe,
            mnist,
            pen,
            lambda progress: bar.update(progress.epochs_done - bar.n),
        )
    _, _, kept = training.assemble(replace(recipe, pen_copies=0, outliers=0), mnist, pen)
    for name, (images, labels) in {
        "MNIST's validation part": kept,
        "drawings by writers kept out": images_from_drawings(pen.validation, options.pen),
    }.items():
        softmax = trained.model.predict(images, batch_size=1000, verbose=0)
        figures = compute_metrics(*split_softmax(softmax), labels)
        low, high = figures["interval"]
        wrong = figures["count"] - np.trace(figures["confusion"])
        print(
            f"{name}: accuracy {figures['accuracy']:.2%} ({low:.2%} to {high:.2%}), "
            f"{wrong} wrong of {figures['count']}, "
            f"loss {figures['loss']:.4f}, "
            f"calibration error {figures['expected_calibration_error']:.2%}, "
            f"mean confidence when wrong {figures['confidence_when_wrong'] or 0:.2f}"
        )


if __name__ == "__main__":
    main()
