import csv
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

import digitcanvas
from digitcanvas import Prediction, Recognizer
from digitcanvas.__main__ import _parser, main
from digitcanvas.data.mnist import load_sample
from digitcanvas.data.store import NO_DIGIT
from digitcanvas.drawing import pictures as pictures_room
from digitcanvas.drawing.files import check_file, write_drawings
from digitcanvas.drawing.hand_files import HandFile, ToldDrawing, pack_hand
from digitcanvas.drawing.preprocess import image_from_strokes
from digitcanvas.reading import registry
from digitcanvas.reading.evaluation import compute_metrics, evaluate_drawings
from digitcanvas.reading.words import percent
from digitcanvas.runs import capacity, rate_finder, tutorials
from digitcanvas.runs.jobs import Jobs
from digitcanvas.runs.process import RAY
from digitcanvas.runs.progress import Progress
from digitcanvas.runs.recipes import LIMITS, RECIPES, Recipe
from digitcanvas.runs.run import RateSearch, Training
from digitcanvas.shell import report, seeds
from tests.data.test_mnist_and_pen import DRAWINGS, unipen
from tests.data.test_told import drawings, tell
from tests.digits import DIGITS
from tests.runs.test_jobs import FAKE, LONG, latest, left_in

NO_PEN = "No pen drawings given (--pen, --unipen): training on MNIST alone.\n"


@pytest.fixture
def terminal(monkeypatch, capsys):
    """A person watches standard error."""
    monkeypatch.setattr(type(sys.stderr), "isatty", lambda stderr: True)


def test_by_itself_it_says_what_it_can_do(capsys):
    assert main([]) == 0
    words = capsys.readouterr().out.split()
    assert set(COMMANDS) < set(words)


def test_it_tells_its_version(capsys):
    with pytest.raises(SystemExit) as exit:
        main(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out == f"digitcanvas {digitcanvas.__version__}\n"


COMMANDS = {
    command: parser
    for action in _parser()._subparsers._group_actions
    for command, parser in action.choices.items()
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_each_of_its_options_says_what_it_is_for(command):
    parser = COMMANDS[command]
    assert parser.description
    assert [action.dest for action in parser._actions if not action.help] == []
    assert parser.format_help()  # a percent sign in a line of help would break it


@pytest.fixture
def pictures(tmp_path):
    """PNG files of a 3 and a 7, black on white."""
    return [picture_of(digit, tmp_path) for digit in (3, 7)]


def picture_of(digit, folder):
    image = cv2.resize(255 - image_from_strokes(DIGITS[digit]) * 255, (112, 112))
    path = folder / f"{digit}.png"
    cv2.imwrite(str(path), image.astype(np.uint8))
    return str(path)


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


def test_predict_reads_a_folder_s_pictures_by_name(pictures, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "sub.png").mkdir()
    (tmp_path / "7.png").rename(tmp_path / "1.PNG")
    assert main(["predict", str(tmp_path), pictures[0], "--json"]) == 0
    readings = json.loads(capsys.readouterr().out)
    paths = [str(tmp_path / "1.PNG"), pictures[0], pictures[0]]
    assert [reading["picture"] for reading in readings] == paths
    assert [reading["digit"] for reading in readings] == [7, 3, 3]


def test_predict_prints_a_table_for_spreadsheets(pictures, capsys):
    assert main(["predict", *pictures, "--json"]) == 0
    readings = json.loads(capsys.readouterr().out)
    assert main(["predict", *pictures, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    for row, reading in zip(rows, readings, strict=True):
        probabilities = reading.pop("probabilities")
        assert [float(row.pop(f"p{digit}")) for digit in range(10)] == probabilities
        assert row == {name: str(value) for name, value in reading.items()}


@pytest.fixture
def unreadable(tmp_path):
    """What cannot be read as a picture, and the words for each."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.png").touch()
    return {
        str(tmp_path / "gone.png"): "There is no file {}.",
        str(tmp_path / "nothing.png"): "{} is empty.",
        str(tmp_path / "empty"): "The folder {} holds no pictures: PNG, ",
    }


def test_predict_says_of_a_file_in_a_folder_too_why_it_cannot_be_read(pictures, tmp_path, capsys):
    (tmp_path / "8.png").touch()
    (tmp_path / "9.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    assert main(["predict", str(tmp_path)]) == 1
    captured = capsys.readouterr()
    empty, heic = captured.err.splitlines()
    assert empty == f"digitcanvas: {tmp_path / '8.png'} is empty."
    assert heic.startswith(f"digitcanvas: {tmp_path / '9.HEIC'}: This is a HEIC photo")
    assert len(captured.out.splitlines()) == 2


@pytest.mark.parametrize("form", [[], ["--csv"]])
def test_predict_prints_each_answer_as_soon_as_it_has_it(form, pictures, monkeypatch, capsys):
    read, printed = pictures_room.read_picture, []

    def look(path):
        printed.append(capsys.readouterr().out)
        return read(path)

    monkeypatch.setattr(pictures_room, "read_picture", look)
    assert main(["predict", *pictures, *form]) == 0
    before_three, before_seven = printed
    assert "3.png" not in before_three and "3.png" in before_seven


def test_a_pipe_that_is_closed_early_ends_a_command_without_a_word(pictures):
    command = [sys.executable, "-m", "digitcanvas", "predict", *pictures]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        process.stdout.close()  # as `| true` does
        assert (process.stderr.read(), process.wait()) == ("", 141)


def test_predict_says_in_words_why_a_file_cannot_be_read(unreadable, pictures, capsys):
    assert main(["predict", *unreadable, pictures[0]]) == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    for line, (path, words) in zip(lines, unreadable.items(), strict=True):
        assert line.startswith(f"digitcanvas: {words.format(path)}")
    assert captured.out.startswith(f"{pictures[0]}: 3 ")


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (["evaluate", "cnn"], "--mnist"),
        (["evaluate", "cnn"], "--pen"),
        (["evaluate", "cnn"], "--strokes"),
        (["evaluate", "cnn"], "--hand"),
        (["predict", "7.png"], "--hand"),
        (["train", "quick"], "--mnist"),
        (["train", "quick"], "--pen"),
        (["find-rate", "tiny"], "--mnist"),
        (["tune", "tiny"], "--mnist"),
        (["tune", "quick"], "--unipen"),
        (["reproduce", "tiny"], "--mnist"),
    ],
)
def test_a_data_file_that_cannot_be_read_is_told_in_words(command, option, home, capsys):
    (home / "empty").touch()
    for path, words in (
        (home / "gone", "There is no file {}."),
        (home, "{} is a folder, not a file."),
        (home / "empty", "{} is empty."),
    ):
        assert main([*command, option, str(path)]) == 1
        assert f"digitcanvas: {words.format(path)}\n" in capsys.readouterr().err


def test_a_file_that_one_may_not_read_is_told_in_words(tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_text("x")
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may read everything
    with pytest.raises(ValueError, match=r"You may not read .*secret\.png: ask its owner"):
        check_file(path)


def test_reading_many_pictures_shows_how_far_it_is(terminal, pictures, monkeypatch, capsys):
    read = pictures_room.read_picture
    monkeypatch.setattr(pictures_room, "read_picture", lambda path: time.sleep(0.15) or read(path))
    monkeypatch.setattr("digitcanvas.shell.progress.PATIENCE", 0.1)
    assert main(["predict", *pictures, "--json"]) == 0
    assert "Reading  50%" in capsys.readouterr().err
    assert main(["predict", *pictures]) == 0  # each answer shows it
    assert capsys.readouterr().err == ""


def test_what_is_done_at_once_shows_no_progress(terminal, pictures, capsys):
    assert main(["predict", *pictures]) == 0
    assert capsys.readouterr().err == ""


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


@pytest.mark.parametrize("way", [[], ["--number"]])
def test_predict_says_that_it_turned_a_picture(pictures, way, capsys):
    _, seven = pictures
    lying = cv2.resize(np.rot90(cv2.imread(seven)), (400, 400))
    cv2.imwrite(seven, lying)
    assert main(["predict", *pictures, *way]) == 0
    upright, turned = capsys.readouterr().out.splitlines()
    assert turned.startswith(f"{seven}: 7 (") and turned.endswith(" % sure), turned by 90 degrees")
    assert "turned" not in upright
    assert main(["predict", *pictures, "--csv"]) == 0
    rows = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert [row["turned"] for row in rows] == ["0", "90"]


def test_predict_reads_with_the_model_named(pictures, monkeypatch):
    load, loaded = Recognizer.load, []
    monkeypatch.setattr(Recognizer, "load", lambda model: loaded.append(model) or load(model))
    assert main(["predict", pictures[0], "--model", "mlp"]) == 0
    assert main(["predict", pictures[0]]) == 0
    assert loaded == ["mlp", "cnn"]


@pytest.fixture
def hand(tmp_path):
    """The file of somebody whose 9s look like 4s."""
    file = tmp_path / "hand.npz"
    told = [ToldDrawing(DIGITS[4], 9, datetime.now(UTC))] * 12
    file.write_bytes(pack_hand(HandFile("Ada's", told)))
    return str(file)


def test_predict_reads_as_a_hand(tmp_path, hand, capsys):
    pictures = [picture_of(digit, tmp_path) for digit in (3, 4)]
    assert main(["predict", *pictures, "--hand", hand, "--json"]) == 0
    three, four = json.loads(capsys.readouterr().out)
    assert (three["digit"], four["digit"]) == (3, 9)


@pytest.fixture
def sample_only(monkeypatch):
    monkeypatch.setattr("digitcanvas.shell.evaluate.load_mnist", lambda *_: load_sample())
    monkeypatch.delenv("DIGITCANVAS_UNIPEN", raising=False)


def test_evaluate_says_that_the_sample_flatters(sample_only, capsys):
    assert main(["evaluate", "mlp"]) == 0
    captured = capsys.readouterr()
    assert captured.err == FLATTERS and "sample's test digits: 1,000 digits" in captured.out


FLATTERS = (
    "The sample's digits come from MNIST's training set, so a network that learned from it looks "
    "better than it is.\n"
)


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


def test_evaluate_measures_a_hand(sample_only, tmp_path, hand, capsys):
    write_drawings(tmp_path / "fours.npz", [DRAWINGS[4]])
    command = ["evaluate", "mlp", "--json", "--strokes", str(tmp_path / "fours.npz")]
    for options, accuracy in (([], 1), (["--hand", hand], 0)):
        assert main([*command, *options]) == 0
        metrics = json.loads(capsys.readouterr().out)["metrics"]
        assert metrics["strokes"]["accuracy"] == accuracy
        assert metrics["test"]["accuracy"] > 0.97 - 0.1 * bool(options)


def test_evaluate_measures_a_room_s_drawings_by_person(sample_only, home, capsys):
    told = drawings(people=4)
    wrong = [replace(drawing, label=(drawing.label + 1) % 10) for drawing in told[:1]]
    no_digit = [replace(drawing, label=NO_DIGIT) for drawing in told[:2]]
    room = tell(home, wrong + told[1:] + no_digit)
    tell(home, drawings(people=1))
    for code, count in ((room.lower(), 30), ("all", 60)):
        assert main(["evaluate", "mlp", "--room", code, "--json"]) == 0
        measured = json.loads(capsys.readouterr().out)
        metrics = measured["metrics"]["room"]
        assert metrics["data"] == "the room's drawings" and metrics["count"] == count
        assert sum(one["count"] for one in measured["people"]) == count
        accuracies = [one["accuracy"] for one in measured["people"]]
        assert accuracies == sorted(accuracies) and accuracies[0] < accuracies[-1]
        assert "session" not in json.dumps(measured)
    assert main(["evaluate", "mlp", "--room", room]) == 0
    printed = capsys.readouterr().out
    assert "the room's drawings: 30 digits" in printed
    head, first, *_ = printed[printed.index("person") :].splitlines()
    assert head.split() == ["person", "digits", "accuracy"] and first.startswith("Person 1  8 ")


@pytest.mark.parametrize(
    ("stored", "room", "complaint"),
    [
        ("", "XXXXX", "There is no room 'XXXXX': look at its code again."),
        ("", "all", "Nobody has told in any room what digit a drawing is"),
        ("damaged", "all", "the file is damaged"),
    ],
)
def test_a_room_without_drawings_is_one_clear_line(
    sample_only, home, capsys, stored, room, complaint
):
    if stored:
        (home / "drawings.sqlite").write_text(stored * 1000)
    assert main(["evaluate", "mlp", "--room", room]) == 1
    captured = capsys.readouterr()
    line = captured.err.splitlines()[-1]
    assert line.startswith("digitcanvas: ") and complaint in line and captured.out == ""


@pytest.fixture
def devices(tmp_path, monkeypatch):
    """A folder of digits and letters by ten writers, as UNIPEN's are given."""
    monkeypatch.delenv("DIGITCANVAS_UNIPEN", raising=False)
    writers = range(1, 11)
    digits = [replace(drawing, writer=writer) for drawing in DRAWINGS for writer in writers]
    letters = [replace(DRAWINGS[4], label=ord("A"), writer=writer) for writer in writers]
    write_drawings(tmp_path / "unipen-digits.npz", digits)
    write_drawings(tmp_path / "unipen-others.npz", letters)
    return tmp_path


def test_evaluate_tells_by_slices_what_is_used(sample_only, devices, tmp_path, capsys):
    file = tmp_path / "mine.npz"
    write_drawings(file, DRAWINGS[:7])
    command = ["evaluate", "mlp", "--unipen", str(devices), "--strokes", str(file), "--slices"]
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["metrics"]["unipen"]["count"] == 20
    files = report["slices"]["files"]
    assert {name: part["count"] for name, part in files.items()} == {"unipen": 20, str(file): 7}
    assert report["slices"]["others"]["count"] == 2
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "20 digits" in printed and "Worst writers" in printed


def test_there_are_no_slices_without_drawings(sample_only, monkeypatch, capsys):
    monkeypatch.delenv("DIGITCANVAS_UNIPEN", raising=False)
    assert main(["evaluate", "mlp", "--slices"]) == 1
    assert "--slices needs drawings" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_a_folder_without_unipen_s_files_is_one_clear_line(sample_only, tmp_path, capsys, command):
    assert main([command, "mlp", "--unipen", str(tmp_path)]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("digitcanvas: ") and "unipen-digits.npz" in line


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
    """Two 3s and two 5s: one 5 is read as a 3, and one 3 is rejected."""
    probabilities = np.full((4, 10), 0.01)
    probabilities[range(4), [3, 3, 5, 3]] = 0.91
    metrics = compute_metrics(probabilities, np.array([1, 0.2, 1, 1]), np.array([3, 3, 5, 5]))
    table = report.table({"data": "Mine"} | metrics)
    assert "Mine: 4 digits" in table
    assert "accuracy 75.00 % (95 % interval 30.06 % to 95.44 %), loss 1.2220" in table
    assert "calibration error 16.00 %" in table and "when wrong 0.91" in table
    assert "rejected as not a digit 25.00 %" in table
    *_, heads = (line for line in table.splitlines() if "read as" in line)
    rows = table.splitlines()[-10:]
    assert rows[3].split() == ["3", "100.00", "%", *"...2......"]
    assert rows[5].split() == ["5", "50.00", "%", *"...1.1...."]
    assert rows[6].split() == ["6", *".........."]
    assert rows[5].rindex("1") == heads.rindex("5") and len(rows[6]) == len(heads)
    right = {"data": "Mine"} | compute_metrics(probabilities, np.ones(4), np.array([3, 3, 5, 3]))
    assert "(never wrong)" in report.table(right)


def test_ctrl_c_is_one_line_and_a_status_of_its_own(monkeypatch, capsys):
    def interrupt(model):
        raise KeyboardInterrupt

    monkeypatch.setattr(Recognizer, "load", interrupt)
    assert main(["predict", "7.png"]) == 130
    assert capsys.readouterr().err == "digitcanvas: stopped.\n"


def test_predict_goes_on_after_a_picture_that_is_none(pictures, tmp_path, capsys):
    bad = tmp_path / "bad.png"
    bad.write_text("hello")
    assert main(["predict", str(bad), *pictures]) == 1
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 2
    assert captured.err.startswith(f"digitcanvas: {bad}: This is not a picture")


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "7.png", "--model", "nothing"],
        ["evaluate", "nothing"],
        ["evaluate", "cnn", "--mnist", "gone.npz"],
        ["find-rate", "tiny", "--mnist", "gone.npz"],
        ["tune", "tiny", "--mnist", "gone.npz"],
        ["tune", "tiny", "--sample", "--trials", "1"],
        ["tune", "tiny", "--sample", "--trials", "51"],
        ["tune", "tiny", "--sample", "--vary", "filters"],
        ["tune", "tiny", "--sample", "--vary", ","],
        ["reproduce", "tiny", "--mnist", "gone.npz"],
        ["reproduce", "--mnist", "gone.npz"],
        ["reproduce", "nothing", "--sample"],
        ["reproduce", "cnn", "--sample"],
        ["reproduce", "tiny", "nothing", "--sample"],
        ["train", "mlp", "--mnist", "gone.npz"],
        ["train", "mlp", "--sample", "--name", "../up"],
        ["train", "mlp", "--sample", "--name", "cnn"],
        ["train", "mlp", "--sample", "--pen", "gone.tra"],
        ["train", "mlp", "--sample", "--output", "tests"],
        ["train", "mlp", "--sample", "--output", "README.md/mine"],
        ["train", "mlp", "--sample", "--architecture", "rnn"],
        ["train", "mlp", "--sample", "--optimizer", "adagrad"],
        ["train", "mlp", "--sample", "--loss", "mse"],
        ["train", "mlp", "--sample", "--hidden", "64,0"],
        ["train", "mlp", "--sample", "--filters", "8"],
        ["train", "mlp", "--sample", "--learning-rate", "nan"],
        *(
            ["train", "cnn", "--sample", f"--{name.replace('_', '-')}={value}"]
            for name, (low, high) in LIMITS.items()
            for value in (low - 1, high + 1)
        ),
    ],
)
def test_bad_input_is_one_clear_line_and_a_status(arguments, home, capsys):
    assert main(arguments) == 1
    (line,) = capsys.readouterr().err.removeprefix(NO_PEN).splitlines()
    assert line.startswith("digitcanvas: ")
    assert left_in(home) == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["draw"], "invalid choice: 'draw'"),
        (["train"], "one of the arguments RECIPE --recipe is required"),
        (["train", "best"], "invalid choice: 'best'"),
        (["train", "mlp", "--recipe", "cnn"], "not allowed with argument"),
        (["reproduce", "tiny", "--seeds", "0"], "'0' is not a number of seeds"),
        (["find-rate"], "required: RECIPE"),
        (["find-rate", "best", "--sample"], "invalid choice: 'best'"),
        (["find-rate", "tiny", "cnn", "--sample"], "unrecognized arguments: cnn"),
        (["train", "mlp", "--epochs", "many"], "--epochs: 'many' is not a whole number"),
        (["train", "mlp", "--epochs", "1,000"], "--epochs: '1,000' is not a whole number"),
        (["train", "mlp", "--dropout", "some"], "--dropout: 'some' is not a number such as 0.005"),
        (["train", "mlp", "--hidden", "wide"], "--hidden: 'wide' is not a list of layers"),
        (["train", "mlp", "--name", "mine", "--output", "mine"], "not allowed with argument"),
    ],
)
def test_what_makes_no_command_is_a_usage_error(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_a_shell_sees_one_line_and_no_chatter(tmp_path):
    command = [sys.executable, "-m", "digitcanvas", "predict", str(tmp_path / "gone.png")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "gone.png" in line


class Asked(Jobs):
    """Runs by a process that stands in for the real one; `tasks` and `sources` were asked for."""

    def __init__(self, home, worker=FAKE):
        super().__init__(home, worker)
        self.tasks, self.sources = [], []

    def start_all(self, tasks, owner="", sources=None, is_bound=False):
        self.tasks += tasks
        self.sources += [sources] * len(tasks)
        return super().start_all(tasks, owner, sources, is_bound)

    @property
    def recipes(self):
        return [task.recipe for task in self.tasks]


@pytest.fixture
def asked(home, sample_only, monkeypatch):
    """The runs that a command starts."""
    asked = Asked(home)
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: asked)
    return asked


@pytest.mark.parametrize(
    "arguments",
    [["train", "quick"], ["find-rate", "tiny"], ["tune", "tiny"], ["reproduce", "tiny"]],
)
def test_without_tensorflow_a_command_that_trains_says_what_to_install(
    arguments, home, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    assert main([*arguments, "--sample"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("digitcanvas: Training needs TensorFlow, which is not installed: run ")


def test_models_lists_what_there_is_to_read_with(home, capsys):
    shutil.copytree(registry.SHIPPED / "mlp", home / "mine")
    (home / "broken").mkdir()
    (home / "broken" / registry.CARD).write_text("{")
    assert main(["models"]) == 0
    captured = capsys.readouterr()
    head, *rows = captured.out.splitlines()
    assert [row.split()[0] for row in rows] == ["cnn", "mlp", "mine"]
    accuracy = percent(registry.read_card(home / "mine").test["accuracy"], 2)
    assert accuracy in rows[2] and rows[2].endswith(str(home / "mine"))
    assert head.index("where") == rows[2].index(str(home))
    assert captured.err.startswith("digitcanvas: The model 'broken' cannot be used: ")
    assert main(["models", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)
    assert [(model["name"], model["shipped"]) for model in models] == [
        ("cnn", True),
        ("mlp", True),
        ("mine", False),
    ]
    assert models[2]["parameters"] == registry.read_card(home / "mine").parameters


def test_recipes_lists_what_there_is_to_train(capsys):
    assert main(["recipes"]) == 0
    _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split()[0] for row in rows] == list(RECIPES)
    assert main(["recipes", "--json"]) == 0
    recipes = json.loads(capsys.readouterr().out)
    assert {recipe["name"]: recipe["network"] for recipe in recipes} == {
        name: recipe.architecture for name, recipe in RECIPES.items()
    }
    assert all(recipe["seconds"] > 0 for recipe in recipes)


def test_recipes_takes_its_times_for_the_data_that_there_are(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("digitcanvas.runs.estimate.pace", lambda: 0.001)

    def seconds():
        assert main(["recipes", "--json"]) == 0
        recipes = json.loads(capsys.readouterr().out)
        return {recipe["name"]: recipe["seconds"] for recipe in recipes}

    without = seconds()
    monkeypatch.setenv("DIGITCANVAS_PEN", str(tmp_path / "pendigits-orig.tra"))
    with_pen = seconds()
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", str(tmp_path))
    with_both = seconds()
    assert without["cnn"] < with_pen["cnn"] < with_both["cnn"]
    assert without["mlp-128"] == with_pen["mlp-128"] == with_both["mlp-128"]


def test_recipes_names_unipen_where_it_is_learnt_from(monkeypatch, tmp_path, capsys):
    def learnt_from():
        assert main(["recipes"]) == 0
        rows = capsys.readouterr().out.splitlines()
        return {row.split()[0] for row in rows if "UNIPEN" in row}

    assert learnt_from() == set()
    monkeypatch.setenv("DIGITCANVAS_UNIPEN", str(tmp_path))
    assert learnt_from() == {name for name, recipe in RECIPES.items() if recipe.pen_copies}


@pytest.fixture
def started(monkeypatch):
    """Stands in for Streamlit. Gives the command lines that it was started with."""
    lines = []
    monkeypatch.setattr("runpy.run_module", lambda *_, **__: lines.append(sys.argv))
    monkeypatch.setattr(sys, "argv", sys.argv)
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    return lines


def test_run_starts_streamlit_with_the_door(started):
    assert main(["run"]) == 0
    assert started == [["streamlit", "run", str(registry.PACKAGE.parent / "streamlit_app.py")]]


def test_run_hands_on_port_and_address(started):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert main(["run", "--address", "127.0.0.1", "--port", str(port), "--headless"]) == 0
    *_, at_port, at_address, headless = started[0]
    assert at_port == f"--server.port={port}" and at_address == "--server.address=127.0.0.1"
    assert headless == "--server.headless=true"


def test_run_says_what_is_wrong_with_a_port_or_an_address(started, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["run", "--port", port]) == 1
    assert f"Port {port} is taken: choose another" in capsys.readouterr().err
    assert main(["run", "--port", "65536"]) == 1
    assert "There is no port 65536: choose one from 1 to 65,535." in capsys.readouterr().err
    assert main(["run", "--port", port, "--address", "192.0.2.1"]) == 1
    assert "This machine has no address 192.0.2.1" in capsys.readouterr().err
    assert main(["run", "--address", "192.0.2.1"]) == 1
    assert "This machine has no address 192.0.2.1" in capsys.readouterr().err
    assert started == []


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="needs IPv6")
@pytest.mark.parametrize("port", [[], ["--port"]])
def test_run_takes_an_address_of_ipv6(started, port, capsys):
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as free:
        number = str(free.getsockname()[1])
    assert main(["run", "--address", "::1", *port, *([number] if port else [])]) == 0
    assert started[0][-1] == "--server.address=::1" and capsys.readouterr().err == ""


@pytest.mark.parametrize("arguments", [["tiny-lr"], ["--recipe", "tiny-lr"]])
def test_train_takes_a_recipe_as_it_is(asked, home, arguments):
    assert main(["train", *arguments]) == 0
    assert asked.recipes == [RECIPES["tiny-lr"]]
    assert [task.name for task in asked.tasks] == ["tiny-lr"]
    assert left_in(home) == ["tiny-lr"]


SETTINGS = {
    "architecture": "plain-cnn",
    "epochs": 4,
    "hidden": (64, 32),
    "filters": (8, 16),
    "dropout": 0.25,
    "batch_size": 64,
    "optimizer": "sgd",
    "loss": "sparse_categorical_crossentropy",
    "learning_rate": 0.05,
    "schedule": "constant",
    "weight_decay": 0.0,
    "augment": False,
    "start": "mlp",
    "normalise": False,
    "sample": True,
    "room": "all",
    "room_only": True,
    "pen_copies": 0,
    "outliers": 700,
    "calibrated": False,
    "validation_share": 0.1,
    "seed": 3,
}


def options(settings):
    """The settings as a person would write them."""
    for name, value in settings.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        else:
            yield f"--{option}={','.join(map(str, value)) if isinstance(value, tuple) else value}"


def test_every_setting_of_a_recipe_is_an_option(asked):
    assert list(SETTINGS) == [field.name for field in fields(Recipe)]
    assert main(["train", "quick", *options(SETTINGS)]) == 0
    assert asked.recipes == [Recipe(**SETTINGS)]
    assert all(getattr(RECIPES["quick"], name) != value for name, value in SETTINGS.items())


@pytest.mark.parametrize("name", ["epochs", "hidden", "augment", "sample"])
def test_a_setting_left_out_is_the_recipe_s(asked, name):
    assert main(["train", "quick", *options({name: SETTINGS[name]})]) == 0
    assert asked.recipes == [replace(RECIPES["quick"], **{name: SETTINGS[name]})]


@pytest.mark.parametrize("written", ["0.005", "0,005", "5e-3"])
def test_a_number_is_written_as_on_the_page(asked, written):
    assert main(["train", "tiny", "--sample", "--learning-rate", written]) == 0
    assert asked.recipes[0].learning_rate == 0.005


def test_a_setting_that_is_on_can_be_put_on(asked):
    assert main(["train", "tiny-raw", "--augment", "--normalise"]) == 0
    assert asked.recipes == [replace(RECIPES["tiny-raw"], augment=True, normalise=True)]


def test_several_seeds_train_a_network_each_and_tell_how_much_they_differ(asked, home, capsys):
    (home / "quick-2").mkdir()
    assert main(["train", "quick", "--sample", "--seeds", "3"]) == 0
    assert [task.name for task in asked.tasks] == ["quick-1", "quick-2-2", "quick-3"]
    seed = RECIPES["quick"].seed
    assert [recipe.seed for recipe in asked.recipes] == [seed, seed + 1, seed + 2]
    *lines, last = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines) == ["quick-1", "quick-2-2", "quick-3"]
    assert all(f"(seed {seed + number})" in sorted(lines)[number] for number in range(3))
    accuracy = percent(registry.read_card(home / "quick-1").test["accuracy"], 2)
    assert f"accuracy {accuracy} on average, standard deviation 0.00 %" in last
    assert main(["train", "mlp", "--sample", "--name", "ours", "--seeds", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [model["model"] for model in printed["models"]] == ["ours-1", "ours-2"]
    assert printed["accuracy"]["deviation"] == 0
    assert main(["train", "mlp", "--seeds", "2", "--output", str(home / "out")]) == 1
    assert "--name" in capsys.readouterr().err


def test_the_spread_of_seeds_is_the_standard_deviation_of_a_sample():
    assert seeds._spread([0.9, 0.92, 0.94]) == pytest.approx({"mean": 0.92, "deviation": 0.02})
    assert seeds._spread([0.9]) == {"mean": 0.9, "deviation": None}
    assert seeds._spread([]) == {"mean": None, "deviation": None}


def test_a_seed_that_fails_is_told_and_the_others_go_on(asked, home, monkeypatch, capsys):
    start_all = asked.start_all

    def start_one_that_dies(tasks, owner="", sources=None, is_bound=False):
        started = start_all(tasks, owner, sources, is_bound)
        asked.cancel(started[1].id)
        return started

    monkeypatch.setattr(asked, "start_all", start_one_that_dies)
    assert main(["train", "quick", "--sample", "--seeds", "3"]) == 1
    captured = capsys.readouterr()
    assert "digitcanvas: quick-2: The training of “quick-2” was cancelled." in captured.err
    assert "2 seeds: accuracy" in captured.out and left_in(home) == ["quick-1", "quick-3"]


def test_a_cluster_can_be_named_for_a_training(asked, monkeypatch):
    monkeypatch.setenv(RAY, "")
    assert main(["train", "quick", "--sample", "--ray", "ray://there:10001"]) == 0
    assert os.environ[RAY] == "ray://there:10001"


def test_a_new_model_s_name_is_its_recipe_s_or_the_one_given(asked, home, tmp_path):
    (home / "quick").mkdir()
    assert main(["train", "quick"]) == 0
    assert main(["train", "cnn"]) == 0
    assert main(["train", "cnn", "--name", "mine"]) == 0
    assert main(["train", "cnn", "--output", str(tmp_path / "out")]) == 0
    assert left_in(home) == ["cnn-2", "mine", "out", "quick", "quick-2"]


def says(*events):
    """A process that says these things one after the other: the bar is drawn now and then."""
    lines = [json.dumps(event) for event in events]
    code = "import time; input(); [print(line, flush=True) or time.sleep(0.6) for line in {}]"
    return sys.executable, "-c", code.format(lines)


def test_train_shows_how_far_it_is_and_then_what_was_gained(home, monkeypatch, terminal, capsys):
    shutil.copytree(registry.SHIPPED / "mlp", home / "old")
    drawings = asdict(Progress(0, 4, 250, 1000, {}))
    trains = asdict(Progress(2, 4, 5, 10, {"loss": 0.5, "accuracy": 0.9}))
    worker = says({"progress": drawings}, {"progress": trains}, {"done": "old"})
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: Jobs(home, worker))
    assert main(["train", "quick", "--epochs", "4"]) == 0
    captured = capsys.readouterr()
    assert "epoch 0.0/4" in captured.err and "now=Making drawings" in captured.err
    assert "learn from 25 %" in captured.err
    assert " 38%|" in captured.err and "epoch 1.5/4" in captured.err and "loss=0.5" in captured.err
    untrained = registry.read_card(home / "old").untrained
    assert captured.out.startswith(
        f"untrained: accuracy {percent(untrained['accuracy'], 2)}, loss "
    )
    assert "MNIST test set: 10,000 digits\n  accuracy 9" in captured.out


def test_train_tells_machines_what_was_gained(asked, home, capsys):
    assert main(["train", "quick", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["model"] == str(home / "quick")
    card = registry.read_card(home / "quick")
    assert report["untrained"] == card.untrained and report["metrics"] == card.metrics


def test_train_learns_from_the_files_that_are_named(asked, tmp_path):
    pen = tmp_path / "pen.tra"
    pen.write_text("".join(unipen(digit, writer) for digit in range(10) for writer in (4, 5)))
    mnist = tmp_path / "mine.npz"
    mnist.write_text("its worker reads it")
    assert main(["train", "quick", "--mnist", str(mnist), "--pen", str(pen)]) == 0
    assert asked.sources == [{"DIGITCANVAS_MNIST": str(mnist), "DIGITCANVAS_PEN": str(pen)}]


@pytest.mark.parametrize("command", [["train", "quick"], ["reproduce", "cnn-28", "--sample"]])
def test_a_command_that_trains_waits_for_the_runs_of_the_page(
    asked, home, monkeypatch, terminal, capsys, command
):
    monkeypatch.setenv(capacity.VARIABLE, "1")
    page = Jobs(home, FAKE)
    run = page.start(Training(LONG, "theirs"))
    while not page.get(run.id).is_running:
        time.sleep(0.01)
    threading.Timer(0.5, page.cancel, [run.id]).start()
    assert main([*command, "--json"]) == 0
    assert "now=Waiting for other runs" in capsys.readouterr().err
    page.close()


def test_a_run_that_fails_is_a_line_and_one_that_is_stopped_leaves_nothing(
    home, monkeypatch, capsys
):
    jobs = Jobs(home, says({"failed": "No luck."}))
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: jobs)
    assert main(["train", "mlp-128"]) == 1
    assert capsys.readouterr().err == "digitcanvas: No luck.\n"

    def interrupt(run):
        raise KeyboardInterrupt

    jobs = Jobs(home, FAKE)
    monkeypatch.setattr("digitcanvas.shell.following._figures", interrupt)
    assert main(["train", "quick", "--epochs", "500"]) == 130
    assert latest(jobs).state == "cancelled" and left_in(home) == []


def test_a_network_that_cannot_be_written_waits_and_is_written_later(home, monkeypatch, capsys):
    shutil.copytree(registry.SHIPPED / "mlp", home / "old")
    code = """if True:
        import json
        input()
        print(json.dumps({"problem": "The disk is full."}), flush=True)
        input()
        print(json.dumps({"done": "old"}), flush=True)
    """
    monkeypatch.setattr("digitcanvas.shell.following.RETRY", 0.1)
    jobs = Jobs(home, [sys.executable, "-c", code])
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: jobs)
    assert main(["train", "quick", "--json"]) == 0
    assert "The disk is full. Trying again in 0.1 s" in capsys.readouterr().err


@pytest.fixture
def offline(home, tmp_path_factory, monkeypatch):
    """No MNIST on this machine, and no server that has it."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, "http://{}:{}".format(*closed.getsockname()))
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DIGITCANVAS_MNIST", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))


def test_evaluate_without_mnist_says_once_that_it_takes_the_sample(offline):
    command = [sys.executable, "-m", "digitcanvas", "evaluate", "mlp"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    missing, flatters = done.stderr.splitlines(keepends=True)
    assert missing.startswith("MNIST could not be downloaded: ")
    assert "DIGITCANVAS_MNIST" in missing and missing.count("bundled sample") == 1
    assert flatters == FLATTERS


def test_train_without_mnist_says_what_to_do(offline, home, capsys):
    assert main(["train", "quick"]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.removeprefix(NO_PEN).splitlines()
    assert line.startswith("digitcanvas: MNIST could not be downloaded: ")
    assert "DIGITCANVAS_MNIST" in line and "bundled sample" in line
    assert captured.out == "" and left_in(home) == []


@pytest.mark.training
def test_train_then_evaluate_then_predict(home, pictures):
    """As a person at a shell: a process each, on the bundled sample."""

    def digitcanvas(*arguments):
        command = [sys.executable, "-m", "digitcanvas", *arguments, "--json"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert done.stderr.removeprefix(NO_PEN) == ""  # no bar in a pipe, no word of TensorFlow's
        return json.loads(done.stdout)

    settings = {"epochs": 3, "hidden": (256, 128), "batch_size": 64, "outliers": 400, "seed": 5}
    settings |= {"sample": True}
    trained = digitcanvas("train", "mlp", *options(settings), "--name", "mine")
    assert trained["model"] == str(home / "mine")
    assert trained["untrained"]["accuracy"] < 0.3 < 0.85 < trained["metrics"]["test"]["accuracy"]
    assert trained["untrained"]["loss"] > 1.5 > trained["metrics"]["test"]["loss"]
    card = registry.read_card(home / "mine")
    assert Recipe(**card.recipe) == replace(RECIPES["mlp"], **settings)
    assert card.untrained == trained["untrained"] and card.metrics == trained["metrics"]
    readings = digitcanvas("predict", "--model", "mine", pictures[1])
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
    evaluated = digitcanvas("evaluate", "mine", "--mnist", str(mnist), "--pen", str(pen))
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


@pytest.fixture
def searched(home, monkeypatch):
    """A search that has found three rates."""
    losses = enumerate((2.3, 0.4, 2.5))
    ends = [
        Progress(20 * i + 1, 80, 1, 1, {"loss": loss, "learning_rate": rate_finder.rate_of(20 * i)})
        for i, loss in losses
    ]
    worker = says(*({"progress": asdict(end)} for end in ends), {"done": ""})
    asked = Asked(home, worker)
    monkeypatch.setattr("digitcanvas.shell.following.jobs_in", lambda home: asked)
    return asked


def test_find_rate_tells_the_good_range_and_what_to_take(searched, terminal, tmp_path, capsys):
    mnist = tmp_path / "mine.npz"
    mnist.write_text("its worker reads it")
    assert main(["find-rate", "tiny", "--sample", "--mnist", str(mnist)]) == 0
    captured = capsys.readouterr()
    assert captured.out == "good learning rates: 0.0001 to 0.001; take 0.00032\n"
    assert "/80" in captured.err and "learning_rate=0.0" in captured.err
    assert searched.tasks == [RateSearch(replace(RECIPES["tiny"], sample=True))]
    assert searched.sources == [{"DIGITCANVAS_MNIST": str(mnist)}]


def test_find_rate_tells_machines_the_whole_curve(searched, capsys):
    assert main(["find-rate", "tiny", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"rates", "losses", "good", "choice"}
    assert found["rates"] == pytest.approx([1e-4, 1e-3, 1e-2])
    assert found["losses"] == [2.3, 0.4, 2.5]
    assert found["good"] == pytest.approx([1e-4, 1e-3]) and found["choice"] == 0.00032
    assert searched.tasks == [RateSearch(RECIPES["tiny"])]


def test_reproduce_trains_as_the_tutorials_did_and_prints_markdown(asked, home, terminal, capsys):
    assert main(["reproduce", "mlp-128-128", "--sample"]) == 0
    seeds = {"mlp-128-128": [17], "mlp-128-128 --no-normalise": [17]}
    assert seeds_of(asked.recipes) == seeds
    captured = capsys.readouterr()
    head, rule, *rows = captured.out.splitlines()
    assert head.startswith("| tutorial | recipe |") and set(rule) == set("|-")
    assert len(rows) == 6 and all(row.startswith("| 001 | `mlp-128-128") for row in rows)
    untrained = registry.read_card(registry.SHIPPED / "cnn").untrained["accuracy"]
    assert f"| test accuracy, untrained | 7.2 % | {untrained * 100:.1f} % |" in rows[0]
    assert "mlp-128-128 --no-normalise" in captured.err and "/3" in captured.err
    assert left_in(home) == []


def seeds_of(recipes):
    """The seeds that each experiment was made with, by its name."""
    seeds = {}
    for recipe in recipes:
        (name,) = (
            experiment.name
            for experiment in tutorials.EXPERIMENTS
            if experiment.recipe == replace(recipe, seed=17, sample=False)
        )
        seeds.setdefault(name, []).append(recipe.seed)
    return seeds


def test_reproduce_tells_machines_each_figure(asked, capsys):
    assert main(["reproduce", "cnn-28", "mlp-512", "--sample", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["recipe"], row["figure"], row["theirs"]) for row in rows] == [
        ("cnn-28", "test accuracy", 0.984),
        ("mlp-512", "test loss", 0.07),
        ("mlp-512", "test accuracy", 0.979),
    ]
    test = registry.read_card(registry.SHIPPED / "cnn").test
    assert {*rows[1]["ours"]} == {test["loss"]} and {*rows[2]["ours"]} == {test["accuracy"]}


def test_reproduce_without_a_word_makes_every_experiment(asked, capsys):
    assert main(["reproduce", "--sample", "--json"]) == 0
    every = [experiment.name for experiment in tutorials.EXPERIMENTS]
    assert list(seeds_of(asked.recipes)) == every
    claims = sum(len(experiment.claims) for experiment in tutorials.EXPERIMENTS)
    assert len(json.loads(capsys.readouterr().out)) == claims


def test_reproduce_takes_a_seed_after_the_other(asked, capsys):
    assert main(["reproduce", "cnn-28", "--sample", "--json", "--seeds", "3"]) == 0
    assert seeds_of(asked.recipes) == {"cnn-28": [17, 18, 19]}
    (row,) = json.loads(capsys.readouterr().out)
    assert len(row["ours"]) == 3


@pytest.mark.training
def test_reproduce_trains_in_earnest(home, monkeypatch, capsys):
    experiment = tutorials.Experiment(
        "009",
        "tiny",
        [tutorials.Claim(figure, None) for figure in tutorials.FIGURES],
        changes={"epochs": 2, "batch_size": 64, "hidden": (32,)},
    )
    monkeypatch.setattr(tutorials, "EXPERIMENTS", (experiment,))
    assert main(["reproduce", "tiny", "--sample", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    ours = {row["figure"]: row["ours"] for row in rows}
    assert list(ours) == list(tutorials.FIGURES)
    assert max(ours["test accuracy, untrained"]) < 0.3 < 0.6 < min(ours["test accuracy"])
    assert min(ours["test loss, untrained"]) > 1.5 > max(ours["test loss"])
    assert min(ours["training accuracy"] + ours["validation accuracy"]) > 0.6
    assert all(row["seconds"] > 0 for row in rows) and left_in(home) == []
