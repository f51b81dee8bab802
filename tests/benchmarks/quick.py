"""How soon the quick recipe is as good as the CNN tutorial's: python -m tests.benchmarks.quick

Trains both on all of MNIST and nothing else, one after the other and each in a process of its own:
the tutorial's network as the tutorial has it, and the recipe. Prints a JSON object: of the tutorial
its accuracy on the test set and its seconds; of the recipe, eight times an epoch, the same, and its
seconds as a share of the tutorial's. Loading data and libraries does not count, measuring on the
test set does not, making the recipe's outliers does.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import replace

from digitcanvas.data.mnist import load_mnist
from digitcanvas.runs.recipes import RECIPES

OFTEN = 8
"""Times an epoch that the recipe is measured."""


def tutorial() -> list[dict]:
    import keras
    from keras import layers

    mnist = load_mnist()
    x_train, x_test = (x[..., None] / 255.0 for x in (mnist.x_train, mnist.x_test))
    start = time.monotonic()
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
    seconds = time.monotonic() - start
    accuracy = model.evaluate(x_test, mnist.y_test, verbose=0)[1]
    return [{"epoch": 5, "seconds": round(seconds, 1), "accuracy": round(accuracy, 4)}]


def recipe(name: str, changes: dict) -> list[dict]:
    from digitcanvas.learning import training

    measured, measuring = [], 0.0
    mnist = load_mnist()

    class Watch(training._Report):
        def on_train_batch_end(self, batch, logs=None):
            nonlocal measuring
            super().on_train_batch_end(batch, logs)
            steps = self.params["steps"]
            if (batch + 1) * OFTEN // steps == batch * OFTEN // steps:
                return
            now = time.monotonic()
            accuracy = training._measure(self.model, mnist)["accuracy"]
            measured.append(
                {
                    "epoch": round(self._epoch - 1 + (batch + 1) / steps, 2),
                    "seconds": round(now - start - measuring, 1),
                    "accuracy": round(accuracy, 4),
                }
            )
            measuring += time.monotonic() - now

    training._Report = Watch
    start = time.monotonic()
    training.train(replace(RECIPES[name], **changes), mnist)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe", nargs="?", default="quick", choices=RECIPES)
    parser.add_argument("--set", type=json.loads, default={}, metavar='{"epochs": 2}')
    parser.add_argument("--only", choices=["tutorial", "recipe"], help="for this program itself")
    options = parser.parse_args()
    if options.only == "tutorial":
        print(json.dumps(tutorial()))
    elif options.only == "recipe":
        print(json.dumps(recipe(options.recipe, options.set)))
    else:
        runs = {}
        for which in ("tutorial", "recipe"):
            command = [sys.executable, "-m", "tests.benchmarks.quick", *sys.argv[1:]]
            done = subprocess.run([*command, "--only", which], stdout=subprocess.PIPE, check=True)
            runs[which] = json.loads(done.stdout)
        for epoch in runs["recipe"]:
            epoch["share"] = round(epoch["seconds"] / runs["tutorial"][0]["seconds"], 2)
        print(json.dumps(runs, indent=1))


if __name__ == "__main__":
    main()
