"""digitcanvas tune, from the shell."""

import json
import sys

import pytest

from digitcanvas.__main__ import main
from digitcanvas.runs.jobs import Jobs
from tests.runs.test_jobs import FAKE


@pytest.fixture
def tuned(home, monkeypatch):
    """A queue whose runs a process does that stands in for training."""
    jobs = Jobs(home, FAKE)
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: jobs)
    yield jobs
    jobs.close()


def test_tune_tells_the_best_trial_and_how_to_train_with_its_settings(tuned, capsys):
    vary = "learning-rate,batch_size"
    assert main(["tune", "tiny-lr", "--sample", "--trials", "4", "--vary", vary]) == 0
    best, train = capsys.readouterr().out.splitlines()
    assert best.startswith("trial 1 of 4 reads 90.00 % of the validation digits; ")
    assert train == "train with them: digitcanvas train tiny-lr --sample"  # the fake's best rate
    assert main(["tune", "tiny", "--sample", "--trials", "4", "--vary", vary, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [trial["trial"] for trial in report["trials"]] == [1, 2, 3, 4]
    top = max(report["trials"], key=lambda trial: trial["accuracy"])
    assert report["best"] == top and set(top["parameters"]) == {"learning rate", "batch size"}
    assert not any(run.is_live for run in tuned.runs())


def test_a_study_whose_trials_all_fail_says_why(tuned, capsys):
    failing = "import json; print(json.dumps({'failed': 'There is no memory.'}))"
    tuned._server._command = (sys.executable, "-c", failing)
    assert main(["tune", "tiny", "--sample", "--trials", "2"]) == 1
    assert capsys.readouterr().err == (
        "digitcanvas: No trial went on to its end: There is no memory.\n"
    )


def test_a_study_that_is_stopped_leaves_no_run(tuned, monkeypatch):
    def stop(run_id):
        raise KeyboardInterrupt

    monkeypatch.setattr(tuned, "get", stop)
    assert main(["tune", "tiny", "--sample", "--trials", "3"]) == 130
    assert not any(run.is_live for run in tuned.runs())
