"""Try a change to a recipe: python -m tests.benchmarks.experiment cnn --set handwriting.BLEND=0

Trains with fewer epochs and more writers kept out than the recipe, and reports by slices on those
writers and on MNIST's validation part: never on a test set. `--set` changes a field of the recipe
(recipe.outliers=0) or a constant of assembly, augment, calibration, handwriting, outliers or
training, and can be repeated; `--seeds 5` trains five times. `--continue cnn --epochs 3` starts
from a shipped network and takes a tenth of the time, but that network has learnt from all but every
fifth of the pen's writers: keep out no others (`--writers 5 10 15 20 25 30`). `--judge-only` learns
nothing from UNIPEN, and reports on the same writers. Needs DIGITCANVAS_MNIST and DIGITCANVAS_PEN,
and takes DIGITCANVAS_UNIPEN and DIGITCANVAS_MNIST_WRITERS where they are set.
"""

import argparse
import ast
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import keras
from tqdm import tqdm

from digitcanvas import Recognizer
from digitcanvas.data import handwriting, outliers
from digitcanvas.data import pen as pen_data
from digitcanvas.data.mnist import load_mnist
from digitcanvas.data.pen import load_pen_digits
from digitcanvas.data.unipen import FOLDS, Split, Unipen, load_unipen
from digitcanvas.drawing.strokes import Drawing
from digitcanvas.learning import assembly, augment, calibration, training
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import compute_metrics
from digitcanvas.reading.slices import slices, table
from digitcanvas.runs.recipes import RECIPES

MODULES = {
    "assembly": assembly,
    "augment": augment,
    "calibration": calibration,
    "handwriting": handwriting,
    "outliers": outliers,
    "training": training,
}
TWO_IN_THREE = [writer for writer in range(1, 31) if writer % 3]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--epochs", type=int, default=7)
    parser.add_argument("--rate", type=float, help="the learning rate's peak")
    parser.add_argument("--continue", dest="start", metavar="MODEL", help="start from its weights")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--writers", type=int, nargs="+", default=TWO_IN_THREE, help="kept out")
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 3], help="UNIPEN's kept out")
    parser.add_argument("--judge-only", action="store_true", help="learn nothing from UNIPEN")
    parser.add_argument("--set", action="append", default=[], metavar="PLACE.NAME=VALUE")
    options = parser.parse_args()
    recipe = replace(RECIPES[options.recipe], epochs=options.epochs)
    if options.rate:
        recipe = replace(recipe, learning_rate=options.rate)
    for change in options.set:
        name, value = change.split("=", 1)
        place, name = name.split(".")
        if place == "recipe":
            recipe = replace(recipe, **{name: ast.literal_eval(value)})
        else:
            assert hasattr(MODULES[place], name), f"{place} has no {name}"
            setattr(MODULES[place], name, ast.literal_eval(value))
    pen_data.VALIDATION_WRITERS = options.writers
    mnist, pen, unipen = load_mnist(), load_pen_digits(), load_unipen()
    if mnist.is_sample or pen is None:
        sys.exit("Set DIGITCANVAS_MNIST to an mnist.npz and DIGITCANVAS_PEN to a UNIPEN file.")
    if unipen:
        unipen = without(unipen, options.folds)
    if options.start:
        start_from(options.start)
    files = {"pendigits": pen.validation}
    others: list[Drawing] = []
    if unipen:
        files["UNIPEN"], others = unipen.digits.validation, unipen.others.validation
    for seed in range(recipe.seed, recipe.seed + options.seeds):
        seeded = replace(recipe, seed=seed)
        with tqdm(total=recipe.epochs) as bar:
            trained = training.train(
                seeded,
                mnist,
                pen,
                lambda progress, bar=bar: bar.update(progress.epochs_done - bar.n),
                None if options.judge_only else unipen,
            )
        served = serve(trained.model)
        *_, (images, labels) = assembly.assemble(
            replace(seeded, pen_copies=0, outliers=0), mnist, None
        )
        figures = compute_metrics(*served.classify_batch(images), labels)
        print(
            f"seed {seed}: of MNIST's validation part, {len(labels):,} digits, "
            f"{figures['accuracy']:.2%} right, {figures['rejected']:.2%} away, "
            f"{figures['used']:.2%} used, ECE {figures['expected_calibration_error']:.2%}"
        )
        print(table(slices(served, files, others)), flush=True)


def without(unipen: Unipen, folds: list[int]) -> Unipen:
    """The drawings, with the writers of several folds kept out."""

    def parted(split: Split) -> Split:
        drawings = split.train + split.validation
        return Split(
            [drawing for drawing in drawings if drawing.writer % FOLDS not in folds],
            [drawing for drawing in drawings if drawing.writer % FOLDS in folds],
        )

    return replace(unipen, digits=parted(unipen.digits), others=parted(unipen.others))


def start_from(model: str) -> None:
    """Let networks start from the weights of a model instead of from random ones."""
    weights = keras.models.load_model(registry.find(model) / registry.TRAINABLE).get_weights()
    untrained = training._compiled

    def compiled(recipe, steps):
        network = untrained(recipe, steps)
        network.set_weights(weights)
        return network

    training._compiled = compiled


def serve(model: keras.Model) -> Recognizer:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, registry.SERVED)
        model.export(file, format="litert", verbose=False)
        return Recognizer(file.read_bytes())


if __name__ == "__main__":
    main()
