"""How long recipes take, and how long the page says: python -m tests.benchmarks.estimate [NAME...]

Trains by each of the recipes as the page does, in a process of its own, for one epoch, and prints
when each stage began, the seconds in all, and the estimate. Needs DIGITCANVAS_MNIST, and takes the
drawings that DIGITCANVAS_PEN and DIGITCANVAS_UNIPEN name.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from digitcanvas.runs.estimate import pace, seconds_for
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Training


def main() -> None:
    print(f"pace {pace():.5f}")
    for name in sys.argv[1:] or RECIPES:
        recipe = replace(RECIPES[name], epochs=1)
        with tempfile.TemporaryDirectory() as home:
            os.environ["DIGITCANVAS_HOME"] = home
            jobs, start, stages = Jobs(Path(home)), time.monotonic(), {}
            for run in jobs.follow(jobs.start(Training(recipe, "estimated")).id):
                stages.setdefault(run.stage or "Training", round(time.monotonic() - start, 1))
        seconds = time.monotonic() - start
        estimate = seconds_for(recipe)
        print(f"{name}: {run.state}, {seconds:.0f} s, estimated {estimate:.0f} s, {stages}")


if __name__ == "__main__":
    main()
