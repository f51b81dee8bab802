"""Stands in for a run's process, without TensorFlow: it starts in a moment and speaks as that does.

A recipe of 500 epochs goes on until it is stopped. A shorter one publishes a copy of the shipped
CNN, or ends a rate search or a trial.
"""

import json
import math
import os
import shutil
import sys
import threading
import time
from pathlib import Path

MODELS = Path(__file__).parents[2] / "models"
FOREVER = 500
DURATION = 0.05  # seconds, of any other number of epochs


def send(**event):
    print(json.dumps(event), flush=True)


def leave_with_the_server():
    for _ in sys.stdin:
        pass
    os._exit(1)


def report(task, epoch):
    metrics = {"loss": 1 / epoch, "accuracy": 0.5}
    if task["kind"] == "training":
        metrics |= {"val_loss": 1 / epoch, "val_accuracy": 0.5}
    elif task["kind"] == "trial":
        metrics |= {"val_loss": 1 / epoch, "val_accuracy": accuracy_of(task["recipe"], epoch)}
    else:
        metrics |= {"learning_rate": 1e-4 * epoch}
    epochs = task["recipe"]["epochs"]
    send(progress={"epoch": epoch, "epochs": epochs, "batch": 9, "batches": 9, "metrics": metrics})


def accuracy_of(recipe, epoch):
    """What a trial reaches: more, the nearer its learning rate is to 0.01."""
    return (0.9 - 0.1 * abs(math.log10(recipe["learning_rate"]) + 2)) * (1 - 0.5**epoch)


def publish(task, run, scratch):
    home, name = Path(os.environ["DIGITCANVAS_HOME"]), task["name"]
    target = Path(task["output"] or home / name)
    if task["output"]:
        shutil.rmtree(target, ignore_errors=True)
    made = Path(shutil.copytree(MODELS / "cnn", Path(scratch, "new")))
    card = json.loads((made / "card.json").read_text())
    (made / "card.json").write_text(json.dumps(card | {"run": run, "recipe": task["recipe"]}))
    while True:
        try:
            if target.exists():
                raise FileExistsError
            made.replace(target)
            break
        except OSError:  # another has the name, perhaps since this moment
            name += "-2"
            target = home / name
    return task["output"] or name


request = json.loads(sys.stdin.readline())
task = request["task"]
threading.Thread(target=leave_with_the_server, daemon=True).start()
send(stage="Starting TensorFlow")
epochs, epoch = task["recipe"]["epochs"], 0
while epoch < epochs or epochs == FOREVER:
    epoch += 1
    report(task, epoch)
    time.sleep(0.01 if epochs == FOREVER else DURATION / epochs)
result = ""
if task["kind"] == "training":
    send(stage="Measuring and publishing")
    result = publish(task, request["id"], request["scratch"])
send(done=result)
os._exit(0)
