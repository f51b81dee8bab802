import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from digitcanvas import Prediction, Recognizer, registry
from digitcanvas.__main__ import _table, main
from digitcanvas.datasets import load_sample
from digitcanvas.evaluation import evaluate_drawings, measure
from digitcanvas.preprocess import image_from_strokes
from digitcanvas.strokes import write_drawings
from tests.digits import DIGITS
from tests.test_datasets import DRAWINGS, unipen


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
    assert 0.5 <= seven["is_digit"] <= 1 and seven["rejected"] is False


@pytest.fixture
def doubtful(monkeypatch):
    """A network to which everything is most like a 7, and no digit."""

    class Doubtful:
        def predict_image(self, picture):
            probabilities = np.full(10, 0.04, np.float32)
            probabilities[7] = 0.64
            return Prediction(probabilities, np.zeros((28, 28)), is_digit=0.4999)

    monkeypatch.setattr(Recognizer, "load", lambda model: Doubtful())


def test_predict_tells_what_does_not_look_like_a_digit(pictures, doubtful, capsys):
    assert main(["predict", pictures[0]]) == 0
    answer = f"{pictures[0]}: does not look like a digit (nearest: 7)\n"
    assert capsys.readouterr().out == answer
    assert main(["predict", pictures[0], "--json"]) == 0
    (reading,) = json.loads(capsys.readouterr().out)
    assert reading["digit"] == 7 and reading["is_digit"] == 0.4999
    assert reading["rejected"] is True


def test_predict_reads_with_the_model_named(pictures, monkeypatch):
    load, loaded = Recognizer.load, []
    monkeypatch.setattr(Recognizer, "load", lambda model: loaded.append(model) or load(model))
    assert main(["predict", pictures[0], "--model", "mlp"]) == 0
    assert main(["predict", pictures[0]]) == 0
    assert loaded == ["mlp", "cnn"]


@pytest.fixture
def sample_only(monkeypatch):
    monkeypatch.setattr("digitcanvas.__main__.load_mnist", lambda path: load_sample())
    monkeypatch.delenv("DIGITCANVAS_PEN", raising=False)


def test_evaluate_says_that_the_sample_flatters(sample_only, capsys):
    assert main(["evaluate", "mlp"]) == 0
    captured = capsys.readouterr()
    assert "flatter" in captured.err and "sample's test digits: 1,000 digits" in captured.out


@pytest.mark.parametrize("suffix", ["npz", "tra"])
def test_evaluate_measures_on_drawings_too(sample_only, tmp_path, capsys, suffix):
    file = tmp_path / f"mine.{suffix}"
    if suffix == "npz":
        write_drawings(file, DRAWINGS[:7])
    else:
        file.write_text("".join(unipen(digit, writer=1) for digit in range(7)))
    assert main(["evaluate", "mlp", "--strokes", str(file), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert list(metrics) == ["test", "strokes"]
    assert metrics["strokes"]["data"] == str(file) and metrics["strokes"]["count"] == 7
    if suffix == "npz":
        expected = evaluate_drawings(Recognizer.load("mlp"), DRAWINGS[:7])
        assert metrics["strokes"] == {"data": str(file)} | expected
    assert main(["evaluate", "mlp", "--strokes", str(file)]) == 0
    assert f"{file}: 7 digits" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"", b"hello", b"PK"])
def test_drawings_that_cannot_be_read_are_one_clear_line(sample_only, tmp_path, capsys, content):
    file = tmp_path / "mine.npz"
    if content is not None:
        file.write_bytes(content)
    assert main(["evaluate", "mlp", "--strokes", str(file)]) == 1
    captured = capsys.readouterr()
    line = captured.err.splitlines()[-1]
    assert line.startswith("digitcanvas: ") and "mine.npz" in line
    assert captured.out == ""


def test_what_was_measured_is_a_table_for_a_person():
    """Two 3s and two 5s, of which one 5 is read as a 3 and one 3 turned away."""
    probabilities = np.full((4, 10), 0.01)
    probabilities[range(4), [3, 3, 5, 3]] = 0.91
    metrics = measure(probabilities, np.array([1, 0.2, 1, 1]), np.array([3, 3, 5, 5]))
    table = _table({"data": "Mine"} | metrics)
    assert "Mine: 4 digits" in table
    assert "accuracy 75.00% (95 % interval 30.06% to 95.44%), loss 1.2220" in table
    assert "calibration error 16.00%" in table and "when wrong 0.91" in table
    assert "taken for no digit 25.00%" in table
    *_, heads = (line for line in table.splitlines() if "read as" in line)
    rows = table.splitlines()[-10:]
    assert rows[3].split() == ["3", "100.00%", *"...2......"]
    assert rows[5].split() == ["5", "50.00%", *"...1.1...."]
    assert rows[6].split() == ["6", *".........."]
    assert rows[5].rindex("1") == heads.rindex("5") and len(rows[6]) == len(heads)
    right = {"data": "Mine"} | measure(probabilities, np.ones(4), np.array([3, 3, 5, 3]))
    assert "(never wrong)" in _table(right)


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


def test_evaluate_prints_a_table_a_data_set(mnist, capsys):
    assert main(["evaluate", "cnn"]) == 0
    assert "MNIST test set: 10,000 digits\n  accuracy 99." in capsys.readouterr().out
