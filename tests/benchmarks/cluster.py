"""Runs on a Ray cluster on this machine: python -m tests.benchmarks.cluster [WHAT...]

Prints a JSON object for each WHAT (all of them):

- rate: trainings an hour of a tiny network on the sample, with one node and with two that do a run
  each, by `--trainings` (8), and how many times as many two nodes do;
- simulation: `--runs` (300) of 30 people on `--nodes` (50) nodes that do a run each, where each
  run only sleeps for `--seconds` (60): how long all take, against the ideal of nodes that wait for
  nothing. All nodes share this machine's cores, which a real cluster's do not.

Exits with 1 if a run fails.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import psutil

from digitcanvas.runs import process
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.recipes import TUTORIAL, Recipe
from digitcanvas.runs.run import RateSearch, Task, Training
from tests.ray_nodes import ray_nodes

TINY = Recipe("plain-mlp", epochs=2, **TUTORIAL | {"hidden": (16,), "sample": True})
PEOPLE = 30

SLEEPER = (
    "import os, sys, threading, time; sys.stdin.readline(); "
    "leave = lambda: (sys.stdin.read(), os._exit(1)); "
    "threading.Thread(target=leave, daemon=True).start(); "
    'time.sleep(float(sys.argv[1])); print(\'{"done": ""}\', flush=True); os._exit(0)'
)


def seconds_of(
    nodes: int, tasks: Sequence[Task], worker: Sequence[str], note: Callable[[Jobs], None]
) -> float:
    """How long a cluster of so many nodes takes for the tasks, once it is there."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        ray_nodes([1] * nodes) as cluster,
    ):
        os.environ |= {"DIGITCANVAS_HOME": home, process.RAY: cluster.address}
        jobs = Jobs(Path(home), worker)
        jobs.serve()
        while jobs.slots() < nodes:
            time.sleep(0.1)
        began = time.monotonic()
        for number, task in enumerate(tasks):
            jobs.start(task, f"person {number % PEOPLE}")
        while any(run.is_live for run in jobs.runs()):
            note(jobs)
            time.sleep(0.2)
        seconds = time.monotonic() - began
        note(jobs)
        jobs.close()
    return seconds


def rate(given: argparse.Namespace) -> dict:
    tasks = [Training(replace(TINY, seed=seed), "tiny") for seed in range(given.trainings)]
    failed: set[str] = set()
    note = noting(failed, [])
    taken = {nodes: seconds_of(nodes, tasks, process.WORKER, note) for nodes in (1, 2)}
    hourly = {nodes: 3600 * len(tasks) / seconds for nodes, seconds in taken.items()}
    return {
        "trainings": len(tasks),
        "seconds": {nodes: round(seconds, 1) for nodes, seconds in taken.items()},
        "runs_an_hour": {nodes: round(number) for nodes, number in hourly.items()},
        "two_against_one": round(hourly[2] / hourly[1], 2),
        "failed": sorted(failed),
    }


def simulation(given: argparse.Namespace) -> dict:
    tasks = [RateSearch(TINY)] * given.runs
    worker = (sys.executable, "-c", SLEEPER, str(given.seconds))
    failed: set[str] = set()
    beside: list[int] = []
    own = psutil.Process().cpu_times
    before = own()
    seconds = seconds_of(given.nodes, tasks, worker, noting(failed, beside))
    after = own()
    ideal = -(-given.runs // given.nodes) * given.seconds
    return {
        "runs": given.runs,
        "nodes": given.nodes,
        "seconds": round(seconds, 1),
        "ideal": ideal,
        "of_the_ideal": round(seconds / ideal, 3),
        "most_beside_each_other": max(beside),
        "server_cpu_s": round(after.user + after.system - before.user - before.system, 1),
        "failed": sorted(failed),
    }


def noting(failed: set[str], beside: list[int]) -> Callable[[Jobs], None]:
    def note(jobs: Jobs) -> None:
        runs = jobs.runs()
        failed.update(run.error for run in runs if run.state == "failed")
        beside.append(sum(run.is_running for run in runs))

    return note


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("what", nargs="*", metavar="WHAT", default=["rate", "simulation"])
    parser.add_argument("--trainings", type=int, default=8)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--nodes", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    figures = {}
    for measure in (rate, simulation):
        if measure.__name__ in given.what:
            figures[measure.__name__] = measure(given)
            print(json.dumps(figures[measure.__name__], indent=1), flush=True)
    sys.exit(any(each["failed"] for each in figures.values()))


if __name__ == "__main__":
    main()
