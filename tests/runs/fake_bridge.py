"""Stands in for the process that speaks with a Ray cluster. Its address says what happens there.

"lost" is not reached, nor is a path while no file is there, and "dies" is lost at the first run.
Elsewhere five runs have room. A recipe of 500 epochs goes on until it is killed, and any other run
begins twice before it is done.
"""

import json
import sys
from pathlib import Path

address = sys.argv[1]


def say(**message):
    print(json.dumps(message), flush=True)


def progress(epoch):
    metrics = {"loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1}
    return {"epoch": epoch, "epochs": 9, "batch": 9, "batches": 9, "metrics": metrics}


if address == "lost" or (address.startswith("/") and not Path(address).exists()):
    say(lost="it does not answer")
    sys.exit(1)
say(slots=5)
for line in sys.stdin:
    message = json.loads(line)
    run = message["run"]
    if "kill" in message:
        say(run=run, ended=-9)
        say(run=run, event={"stage": "too late"})
        continue
    if address == "dies":
        print('{"run": "cut sho', flush=True)
        sys.exit(1)
    say(run=run, event={"stage": message["begin"]["scratch"]})
    say(run=run, event={"progress": progress(3)})
    if message["begin"]["task"]["recipe"]["epochs"] != 500:
        say(run=run, event={"again": "Its node stopped, so it begins again"})
        say(run=run, event={"progress": progress(1)})
        say(run=run, event={"done": ""})
        say(run=run, ended=0)
