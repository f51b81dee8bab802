"""What a study of a recipe finds, and in how many whole runs' time: the third tutorial's tiny
network, unless another recipe is named.

    python -m tests.benchmarks.tune [--recipe tiny] [--trials 30] [--vary NAME,NAME...]
"""

import argparse
import tempfile
import time
from pathlib import Path

from digitcanvas.runs import tuning
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.recipes import RECIPES
from digitcanvas.runs.run import Run, Trial
from digitcanvas.runs.search_space import varied_in


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", default="tiny", choices=RECIPES)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--vary", help="all that the recipe has")
    given = parser.parse_args()
    recipe = RECIPES[given.recipe]
    vary = given.vary.split(",") if given.vary else varied_in(recipe)
    with tempfile.TemporaryDirectory() as home:
        jobs = Jobs(Path(home))
        whole = timed(jobs, tuning.plan(recipe, given.recipe, 2, vary)[:1])
        print(f"a whole run: {whole:.0f} s", flush=True)
        trials = tuning.plan(recipe, given.recipe, given.trials, vary)
        seconds = timed(jobs, trials)
        runs = jobs.trials(trials[0].study)
        jobs.close()
    best = tuning.best(runs)
    assert best
    print(f"{given.trials} trials: {seconds:.0f} s, the time of {seconds / whole:.1f} whole runs")
    print(f"stopped early: {sum(run.is_poor for run in runs)}")
    print(f"epochs: {epochs(runs) / recipe.epochs:.1f} times those of a whole run")
    print(f"validation accuracy of the recipe: {tuning.accuracy(runs[0]):.4f}")
    print(f"validation accuracy of the best: {tuning.accuracy(best):.4f}, {dict(best.parameters)}")


def timed(jobs: Jobs, trials: list[Trial]) -> float:
    """The seconds until all of these have ended."""
    start = time.monotonic()
    for run in jobs.start_all(trials):
        for _ in jobs.follow(run.id):
            pass
    return time.monotonic() - start


def epochs(runs: list[Run]) -> int:
    return sum(len(run.curve.validation) for run in runs)


if __name__ == "__main__":
    main()
