"""How soon the quick recipe is as good as the CNN tutorial's: python -m tests.benchmarks.quick

Trains both on all of MNIST and nothing else, one after the other and each in a process of its own:
the tutorial's network as the tutorial has it, and the recipe. Prints a JSON object: of each, its
accuracy on the test set, its seconds and the seconds that its process had of the processors; of the
recipe at eight times in each epoch, with what share of the tutorial's that is.

With --seeds 30, the recipe is trained with so many seeds, and with --tutorials 3 the tutorial's
three times, spread among them. The figures are means, and the lowest accuracy beside them.

The seconds begin with the digits in memory and the libraries loaded, for both alike. They hold
everything else: making the recipe's outliers, building the networks, what TensorFlow prepares. The
network is kept at each time, and measured after the training. The last row tells of the recipe as a
whole, with its validation after each epoch and its calibration.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace
from statistics import mean

from digitcanvas.data.mnist import load_mnist
from digitcanvas.runs.recipes import RECIPES

OFTEN = 8
"""Times an epoch that the recipe is measured."""

FIRST_SEED = 17


class Clock:
    def __init__(self) -> None:
        self._start = time.monotonic(), time.process_time()

    def read(self) -> dict[str, float]:
        wall, processors = self._start
        return {
            "seconds": time.monotonic() - wall,
            "processor_seconds": time.process_time() - processors,
        }


def tutorial() -> list[dict]:
    import keras
    from keras import layers

    mnist = load_mnist()
    x_train, x_test = (x[..., None] / 255.0 for x in (mnist.x_train, mnist.x_test))
    clock = Clock()
    model = keras.Sequential(
        [
            layers.Conv2D(28, (3, 3)),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, mnist.y_train, epochs=5, verbose=0)
    row = {"epoch": 5} | clock.read()
    return [row | {"accuracy": model.evaluate(x_test, mnist.y_test, verbose=0)[1]}]


def recipe(name: str, changes: dict) -> list[dict]:
    from digitcanvas.learning import training

    rows, kept = [], []
    mnist = load_mnist()

    class Watch(training._Report):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            steps = self.params["steps"]
            if (batch + 1) * OFTEN // steps > batch * OFTEN // steps:
                share = ((batch + 1) * OFTEN // steps) / OFTEN
                rows.append({"epoch": self._epoch - 1 + share} | clock.read())
                kept.append(self.model.get_weights())

    training._Report = Watch
    clock = Clock()
    model = training.train(replace(RECIPES[name], **changes), mnist).model
    rows.append({"epoch": "all"} | clock.read())
    kept.append(model.get_weights())
    for row, weights in zip(rows, kept, strict=True):
        model.set_weights(weights)
        row["accuracy"] = training._measure(model, mnist)["accuracy"]
    return rows


def summary(tutorials: list[list[dict]], runs: list[list[dict]]) -> dict:
    """Means over the seeds, and how they compare with the tutorial's mean."""
    theirs = _means([run[0] for run in tutorials])
    rows = [_means(rows) for rows in zip(*runs, strict=True)]
    for row in rows:
        row["share"] = row["seconds"] / theirs["seconds"]
        row["processor_share"] = row["processor_seconds"] / theirs["processor_seconds"]
    return {
        "tutorial": _rounded(theirs),
        "as_good": next((_rounded(r) for r in rows if r["accuracy"] >= theirs["accuracy"]), None),
        "at_99": next((_rounded(row) for row in rows if row["accuracy"] >= 0.99), None),
        "recipe": [_rounded(row) for row in rows],
    }


def _means(rows: list[dict]) -> dict:
    means = {
        name: mean(row[name] for row in rows)
        for name in ("seconds", "processor_seconds", "accuracy")
    }
    lowest = min(row["accuracy"] for row in rows)
    return {"epoch": rows[0]["epoch"], "runs": len(rows)} | means | {"lowest": lowest}


def _rounded(row: dict) -> dict:
    digits = {"seconds": 2, "processor_seconds": 2, "share": 3, "processor_share": 3}
    return {
        name: round(value, digits.get(name, 4)) if isinstance(value, float) else value
        for name, value in row.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", nargs="?", default="quick", choices=RECIPES)
    parser.add_argument("--set", type=json.loads, default={}, metavar='{"epochs": 2}')
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tutorials", type=int, default=1)
    parser.add_argument("--only", choices=["tutorial", "recipe"], help="for this program itself")
    options = parser.parse_args()
    if options.only == "tutorial":
        print(json.dumps(tutorial()))
    elif options.only == "recipe":
        print(json.dumps(recipe(options.recipe, options.set)))
    else:
        tutorials, runs = [], []
        for number in range(options.seeds):
            if number * options.tutorials // options.seeds == len(tutorials):
                tutorials.append(_run("tutorial", options.recipe, {}))
            changes = {"seed": FIRST_SEED + number} | options.set
            runs.append(_run("recipe", options.recipe, changes))
            print(number + 1, "of", options.seeds, "seeds", file=sys.stderr)
        print(json.dumps(summary(tutorials, runs), indent=1))


def _run(which: str, recipe: str, changes: dict) -> list[dict]:
    command = [sys.executable, "-m", "tests.benchmarks.quick", recipe, "--only", which]
    command += ["--set", json.dumps(changes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
