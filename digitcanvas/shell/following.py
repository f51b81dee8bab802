"""Runs for the commands that train: started, shown and waited for, as the page does it."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from tqdm import tqdm

from digitcanvas.drawing.files import check_file
from digitcanvas.reading import registry
from digitcanvas.reading.words import percent
from digitcanvas.runs.jobs import Jobs, NotNow, jobs_in
from digitcanvas.runs.run import Run, Task

BAR = "{desc} {percentage:3.0f}%|{bar}| epoch {n:.1f}/{total} [{elapsed}<{remaining}{postfix}]"

RETRY = 10
"""Seconds between two attempts to publish, or to start."""

LOOK = 0.2
"""Seconds between two looks at several runs."""


def follow(task: Task, sources: Mapping[str, str | None], label: str | None = None) -> Run:
    """Do the task, with a bar on standard error if that is a terminal. Gives how it ended.

    `sources` name the data files, by environment variable; those that are None are as they are set.

    Raises ValueError if it cannot be started or fails.
    """
    named = _checked(sources)
    jobs = jobs_in(registry.home())
    run = jobs.start(task, sources=named, is_bound=True)
    bar = tqdm(
        desc=label or task.running,
        bar_format=BAR,
        total=task.steps,
        mininterval=0.5,
        disable=None,  # unless standard error is a terminal
    )
    try:
        for run in jobs.follow(run.id):  # noqa: B020
            if run.problem:
                _wait_to_publish(jobs, run)
            bar.set_postfix(_figures(run), refresh=False)
            bar.update(run.progress.epochs_done - bar.n if run.progress else 0)
            if run.stage or run.state == "waiting":  # it lasts, so it is shown at once
                bar.refresh()
    finally:
        bar.close()
        jobs.cancel(run.id)
    if run.state == "failed":
        raise ValueError(run.error)
    return run


def follow_all(
    tasks: Sequence[Task], sources: Mapping[str, str | None], label: str
) -> Iterator[Run]:
    """Do the tasks, as many beside each other as there is room for. Gives each as it has ended.

    The bar and the `sources` are as those of `follow`. Raises ValueError if they cannot be started.
    """
    named = _checked(sources)
    jobs = jobs_in(registry.home())
    runs: dict[str, Run] = {}
    bar = tqdm(desc=label, bar_format=BAR, total=sum(task.steps for task in tasks), disable=None)
    try:
        runs |= {run.id: run for run in jobs.start_all(tasks, sources=named, is_bound=True)}
        while live := [run for run in runs.values() if run.is_live]:
            for run in live:
                run = runs[run.id] = jobs.get(run.id) or jobs.remembered(run.id) or run
                if run.problem:
                    _wait_to_publish(jobs, run)
                if not run.is_live:
                    yield run
            bar.update(sum(map(_steps_done, runs.values())) - bar.n)
            time.sleep(LOOK)
    finally:
        bar.close()
        for run in reversed(list(runs.values())):  # so that none of them begins meanwhile
            jobs.cancel(run.id)


def _steps_done(run: Run) -> float:
    """A run that has ended has no more to do, even if it was stopped early."""
    if not run.is_live:
        return run.task.steps
    return run.progress.epochs_done if run.progress else 0.0


def follow_patiently(task: Task, sources: Mapping[str, str | None], label: str) -> None:
    """As `follow`, but wait while no run can be started, as on a full disk: what was done so far is
    not lost."""
    while True:
        try:
            follow(task, sources, label)
        except NotNow as error:
            print(f"{error} Trying again in {RETRY} s.", file=sys.stderr)
            time.sleep(RETRY)
        else:
            return


def _checked(sources: Mapping[str, str | None]) -> dict[str, str]:
    """The sources that are named. Raises ValueError for a file that cannot be read."""
    for path in filter(None, sources.values()):
        check_file(path)
    return {name: path for name, path in sources.items() if path is not None}


def _figures(run: Run) -> dict[str, str]:
    """What stands after the bar: the last batches' figures, or else what is being done."""
    if run.state == "waiting":
        return {"now": "Waiting for other runs"}
    if run.stage:
        share = ""
        if run.progress and run.progress.epoch == 0:
            share = f" {percent(run.progress.share, 0)}"
        return {"now": f"{run.stage}{share}"}
    metrics = run.progress.metrics if run.progress else {}
    return {name: f"{value:.4f}" for name, value in metrics.items()}


def _wait_to_publish(jobs: Jobs, run: Run) -> None:
    """The trained network waits until it can be written: ask again now and then."""
    print(f"\n{run.problem} Trying again in {RETRY} s; Ctrl-C gives up.", file=sys.stderr)
    time.sleep(RETRY)
    jobs.publish_again(run.id)
