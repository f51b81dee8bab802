import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from digitcanvas import Recognizer, registry
from digitcanvas.__main__ import main
from digitcanvas.datasets import load_sample
from digitcanvas.preprocess import image_from_strokes
from tests.digits import DIGITS
from tests.test_datasets import unipen


@pytest.fixture
def pictures(tmp_path):
    """PNG files of a 3 and a 7, black on white."""
    paths = []
    for digit in (3, 7):
        image = cv2.resize(255 - image_from_strokes(DIGITS[digit]) * 255, (112, 112))
        path = tmp_path / f"{digit}.png"
        cv2.imwrite(str(path), image.astype(np.uint8))
        paths.append(str(path))
    return paths


def test_predict_reads_pictures(pictures, capsys):
    assert main(["predict", *pictures]) == 0
    three, seven = capsys.readouterr().out.splitlines()
    assert three.startswith(f"{pictures[0]}: 3 (") and seven.startswith(f"{pictures[1]}: 7 (")


def test_predict_speaks_json(pictures, capsys):
    assert main(["predict", *pictures, "--model", "mlp", "--json"]) == 0
    three, seven = json.loads(capsys.readouterr().out)
    assert (three["digit"], seven["digit"]) == (3, 7)
    assert [np.argmax(reading["probabilities"]) for reading in (three, seven)] == [3, 7]
    assert [three["picture"], seven["picture"]] == pictures
    assert sum(seven["probabilities"]) == pytest.approx(1, abs=1e-4)


def test_predict_reads_with_the_model_named(pictures, monkeypatch):
    load, loaded = Recognizer.load, []
    monkeypatch.setattr(Recognizer, "load", lambda model: loaded.append(model) or load(model))
    assert main(["predict", pictures[0], "--model", "mlp"]) == 0
    assert main(["predict", pictures[0]]) == 0
    assert loaded == ["mlp", "cnn"]


def test_evaluate_says_that_the_sample_flatters(monkeypatch, capsys):
    monkeypatch.setattr("digitcanvas.__main__.load_mnist", lambda path: load_sample())
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)
    assert main(["evaluate", "mlp"]) == 0
    captured = capsys.readouterr()
    assert "flatter" in captured.err and "sample's test digits" in captured.out


def test_ctrl_c_is_one_line_and_a_status_of_its_own(monkeypatch, capsys):
    def interrupt(model):
        raise KeyboardInterrupt

    monkeypatch.setattr(Recognizer, "load", interrupt)
    assert main(["predict", "7.png"]) == 130
    assert capsys.readouterr().err == "digitcanvas: stopped; nothing was changed.\n"


def test_predict_goes_on_after_a_picture_that_is_none(pictures, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_text("hello")
    assert main(["predict", str(bad), str(tmp_path / "gone.png"), *pictures]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    first, second = captured.err.splitlines()
    assert "bad.png" in first and "gone.png" in second


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "7.png", "--model", "nothing"],
        ["evaluate", "nothing"],
        ["evaluate", "cnn", "--mnist", "gone.npz"],
        ["train", "mlp", "--sample", "--epochs", "0"],
        ["train", "mlp", "--sample", "--name", "../up"],
        ["train", "mlp", "--sample", "--name", "cnn"],
        ["train", "mlp", "--sample", "--pen", "gone.tra"],
        ["train", "mlp", "--sample", "--output", "tests"],
        ["train", "mlp", "--sample", "--output", "README.md/mine"],
    ],
)
def test_bad_input_is_one_clear_line_and_a_status(arguments, home, capsys):
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("digitcanvas: ")
    assert list(home.iterdir()) == []


def test_a_word_it_does_not_know_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["draw"])
    assert exit.value.code == 2


def test_a_shell_sees_one_line_and_no_chatter(tmp_path):
    command = [sys.executable, "-m", "digitcanvas", "predict", str(tmp_path / "gone.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "gone.png" in line


def test_train_then_evaluate_then_predict(home, pictures, monkeypatch):
    """As a person at a shell: a process each, on the bundled sample."""
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)

    def digitcanvas(*arguments):
        command = [sys.executable, "-m", "digitcanvas", *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    trained, progress = digitcanvas("train", "mlp", "--sample", "--epochs", "3", "--name", "mine")
    assert "100%" in progress and "accuracy=" in progress
    assert trained["model"] == str(home / "mine")
    assert trained["metrics"]["test"]["accuracy"] > 0.85
    assert registry.read_card(home / "mine").recipe["epochs"] == 3
    readings, _ = digitcanvas("predict", "--model", "mine", pictures[1])
    assert readings[0]["digit"] == 7
    sample = load_sample()
    mnist = home / "mnist.npz"
    np.savez(
        mnist,
        x_train=sample.x_train,
        y_train=sample.y_train,
        x_test=sample.x_test,
        y_test=sample.y_test,
    )
    pen = home / "pen.tra"
    pen.write_text("".join(unipen(digit, writer) for digit in range(10) for writer in (4, 5)))
    evaluated, _ = digitcanvas("evaluate", "mine", "--mnist", str(mnist), "--pen", str(pen))
    assert evaluated["metrics"]["test"]["accuracy"] == trained["metrics"]["test"]["accuracy"]
    assert evaluated["metrics"]["pen"]["count"] == 10


def test_evaluate_measures_a_model(mnist, capsys):
    assert main(["evaluate", "cnn", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["metrics"]["test"]["count"] == 10_000
    assert report["metrics"]["test"]["accuracy"] > 0.994


def test_evaluate_prints_a_line_a_data_set(mnist, capsys):
    assert main(["evaluate", "cnn"]) == 0
    assert "MNIST test set: accuracy 99." in capsys.readouterr().out
