"""Several servers, of which one is killed: python -m tests.benchmarks.replicas [PEOPLE]

PEOPLE (200) draw on three servers behind the proxy of deploy/ for a minute (`--seconds`). After a
third of that, one of the servers is killed. Prints a JSON object:

- digits: how many were drawn; misread: those that were read as something else;
- silence_s: each person's longest time without an answer, pauses of 1.4 s included (median, and
  the longest): so long did it take until the people of the dead server drew again;
- lift_to_answer_ms: but for the five seconds after the kill (median and 95th percentile);
- lost_sockets: how many sockets broke, which the dead server's people had;
- errors: whatever else went wrong.

Exits with 1 if a drawing was lost or misread, or there was another error. Needs nginx.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.crowd import Crowd, summary
from tests.replicas import replicas

AFTERMATH = 5.0
"""Seconds after the kill that are looked at apart."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("people", type=int, nargs="?", default=200)
    parser.add_argument("--seconds", type=float, default=60, help="of drawing (60)")
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # each client has two sockets
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        with replicas(home, Path(folder)) as three:
            crowd = Crowd(three.url, options.people)
            crowd.wait()
            began = time.monotonic()
            time.sleep(options.seconds / 3)
            three.apps[0].process.kill()
            killed = time.monotonic()
            time.sleep(2 * options.seconds / 3)
            notes = crowd.end()
    digits = [digit for digit in notes.digits if digit.answered > began]
    besides = [d.waited for d in digits if not killed < d.answered < killed + AFTERMATH]
    lost = [error for error in notes.errors if error.startswith(("page: ", "live socket: "))]
    errors = [error for error in notes.errors if error not in lost]
    figures = {
        "digits": len(digits),
        "silence_s": {
            "median": round(sorted(notes.silences)[len(notes.silences) // 2], 1),
            "longest": round(max(notes.silences), 1),
        },
        "lift_to_answer_ms": summary(besides),
        "lost_sockets": len(lost),
        "errors": errors,
        "misread": notes.misread,
    }
    print(json.dumps(figures, indent=1))
    sys.exit(bool(errors or notes.misread))


if __name__ == "__main__":
    main()
