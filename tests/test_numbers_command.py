import csv
import io
import json

import cv2
import numpy as np
import pytest

from digitcanvas.__main__ import main
from digitcanvas.drawing.files import write_drawings
from digitcanvas.drawing.strokes import Drawing
from tests.digits import DIGITS
from tests.drawing.test_ink_rows import number, photo
from tests.reading.test_numbers import MINUS, row


@pytest.fixture
def file(tmp_path):
    """A file of drawings: 2026, -47, and a 3."""
    path = tmp_path / "numbers.npz"
    minus = [MINUS, *(stroke + np.array([90, 0]) for stroke in row("47"))]
    shown = [(row("2026"), 2026), (minus, 47), (DIGITS[3], 3)]
    write_drawings(path, [Drawing(strokes, label, 0) for strokes, label in shown])
    return str(path)


@pytest.fixture
def photos(tmp_path):
    """A folder with photos of 47 and 2026, and their paths by name."""
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [str(folder / f"{text}.jpg") for text in ("47", "2026")]
    for text, path in zip(("47", "2026"), paths, strict=True):
        cv2.imwrite(path, photo(number(text)[0]))
    return str(folder), *sorted(paths)


def test_predict_reads_numbers(file, capsys):
    assert main(["predict", "--number", file]) == 0
    year, minus, three = capsys.readouterr().out.splitlines()
    assert year.startswith(f"{file}, drawing 1: 2026 (") and year.endswith(" % sure)")
    assert minus.startswith(f"{file}, drawing 2: -47 (")
    assert minus.endswith(" % sure), with a minus sign or a dash")
    assert three.startswith(f"{file}, drawing 3: 3 (")


def test_predict_tells_numbers_as_json(file, capsys):
    assert main(["predict", "--number", file, "--model", "mlp", "--json"]) == 0
    year, minus, _ = json.loads(capsys.readouterr().out)
    assert (year["file"], year["drawing"], year["text"]) == (file, 1, "2026")
    assert [digit["digit"] for digit in year["digits"]] == [2, 0, 2, 6]
    assert len(year["digits"][0]["probabilities"]) == 10
    assert 0.5 < year["confidence"] <= 1 and year["rejected"] is False and year["signs"] == []
    left, top, right, bottom = year["digits"][1]["box"]
    assert (right - left, bottom - top) == pytest.approx((110, 160), abs=1)
    (sign,) = minus["signs"]
    assert sign == {
        "text": "-",
        "name": "a minus sign or a dash",
        "place": 0,
        "box": [0, 139, 70, 142],
    }


def test_predict_prints_numbers_as_a_table(file, capsys):
    assert main(["predict", "--number", file, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [list(row.values())[:4] for row in rows] == [
        [file, "1", "2026", "2026"],
        [file, "2", "47", "-47"],
        [file, "3", "3", "3"],
    ]
    assert list(rows[0])[4:] == ["certainty", "confidence", "rejected"]


def test_predict_tells_what_does_not_look_like_a_number(tmp_path, capsys):
    path = str(tmp_path / "tap.npz")
    write_drawings(path, [Drawing([np.array([[140.0, 140]])], 0, 0)])
    assert main(["predict", "--number", path]) == 0
    assert "drawing 1: does not look like a number (nearest: " in capsys.readouterr().out


def test_predict_goes_on_after_a_file_of_numbers_that_cannot_be_read(file, tmp_path, capsys):
    gone = tmp_path / "gone.npz"
    assert main(["predict", "--number", str(gone), file]) == 1
    captured = capsys.readouterr()
    assert captured.err == f"digitcanvas: There is no file {gone}.\n"
    assert len(captured.out.splitlines()) == 3


def test_predict_reads_numbers_in_pictures_beside_those_in_drawings(photos, file, capsys):
    folder, year, other = photos
    assert main(["predict", "--number", folder, file]) == 0
    first, second, *drawn = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{year}: 2026 (") and first.endswith(" % sure)")
    assert second.startswith(f"{other}: 47 (") and len(drawn) == 3


def test_predict_tells_pictured_numbers_as_json_and_as_a_table(photos, capsys):
    folder, year, other = photos
    assert main(["predict", "--number", other, year, "--json"]) == 0
    second, first = json.loads(capsys.readouterr().out)
    assert (first["file"], first["drawing"], first["text"]) == (year, None, "2026")
    assert second["text"] == "47" and [digit["turned"] for digit in second["digits"]] == [0, 0]
    left, _, right, _ = first["digits"][0]["box"]
    assert 0 < left < right < first["digits"][1]["box"][2]
    assert main(["predict", "--number", folder, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [list(row.values())[:3] for row in rows] == [[year, "", "2026"], [other, "", "47"]]


def test_predict_names_the_picture_of_a_number_that_cannot_be_read(photos, tmp_path, capsys):
    _, year, _ = photos
    damaged, blank = str(tmp_path / "damaged.png"), str(tmp_path / "blank.png")
    (tmp_path / "damaged.png").write_bytes(b"no picture")
    cv2.imwrite(blank, np.full((200, 200), 255, np.uint8))
    assert main(["predict", "--number", damaged, blank, year]) == 1
    captured = capsys.readouterr()
    first, second = captured.err.splitlines()
    assert first.startswith(f"digitcanvas: {damaged}: This is not a picture")
    assert second.startswith(f"digitcanvas: {blank}: No digit stands out")
    assert captured.out.startswith(f"{year}: 2026")
