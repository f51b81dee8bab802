"""digitcanvas drawings: what the store holds, from a shell."""

import csv
import json
from datetime import datetime, timedelta

import cv2
import numpy as np
import pytest

from digitcanvas.__main__ import main
from digitcanvas.data.store import NO_DIGIT, Answer, Selection, open_store
from digitcanvas.drawing.files import read_drawings, write_drawings
from digitcanvas.drawing.strokes import Drawing
from tests.digits import DIGITS

SEVEN = Answer(7, 0.91, 0.8, False, "cnn", "run-1")
NONE = Answer(3, 0.5, 0.1, True, "mlp")


@pytest.fixture
def store(home):
    with open_store(home) as store:
        yield store


@pytest.fixture
def room(store):
    return store.rooms.open("leader", "5b")


@pytest.fixture
def drawings(store, room):
    """A told one of a hand, one in a room, one that is no digit: their ids."""
    hand = store.hands.make("me", "Ada")
    return [
        store.drawings.keep("me", DIGITS[7], SEVEN, 16, told=7, hand=hand.id),
        store.drawings.keep("you", DIGITS[4], SEVEN, 16, room=room.id),
        store.drawings.keep("you", DIGITS[1], NONE, 8, told=NO_DIGIT),
    ]


def run(*arguments):
    return main(["drawings", *map(str, arguments)])


def told(path):
    return [(drawing.label, len(drawing.strokes)) for drawing in read_drawings(path, NO_DIGIT)]


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_drawings_are_listed_newest_first(drawings, room, home, capsys):
    assert run("list") == 0
    head, *lines, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "drawn", "read", "as", "told", "network", "hand", "room"]
    assert [line.split()[0] for line in lines] == [str(drawing) for drawing in drawings[::-1]]
    words = [line.split()[3:] for line in lines]
    assert words == [
        ["no", "digit", "no", "digit", "mlp"],
        ["7", "cnn", room.code],
        ["7", "7", "cnn", "Ada", "(1)"],
    ]
    assert last.startswith(f"3 of 3 drawings in {home}/drawings.sqlite (")


def test_drawings_are_listed_for_programs(drawings, room, store, capsys):
    assert run("list", "--json", "--limit", 2) == 0
    none, posted = json.loads(capsys.readouterr().out)
    assert (none["id"], none["told"], none["read_as"], none["network"]) == (
        drawings[2],
        NO_DIGIT,
        NO_DIGIT,
        "mlp",
    )
    assert (posted["digit"], posted["probability"], posted["is_digit"]) == (7, 0.91, 0.8)
    assert (posted["session"], posted["room"], posted["told"]) == ("you", room.id, None)
    assert datetime.fromisoformat(posted["made"]).utcoffset() == timedelta(0)


def test_an_empty_store_is_listed_too(home, capsys):
    assert run("list") == 0
    assert capsys.readouterr().out.startswith(f"0 of 0 drawings in {home}")


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ([], [2, 1, 0]),
        (["--told"], [2, 0]),
        (["--hand", "1"], [0]),
        (["--session", "you"], [2, 1]),
        (["--session", "you", "--told"], [2]),
        (["--since", "2020-01-01"], [2, 1, 0]),
        (["--since", "2100-01-01T08:30"], []),
        (["--before", "2020-01-01"], []),
    ],
)
def test_drawings_are_chosen(drawings, capsys, options, chosen):
    assert run("list", "--json", *options) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in listed] == [drawings[n] for n in chosen]


def test_a_time_without_a_zone_is_this_machine_s(drawings, store, capsys):
    made = store.drawings.get(drawings[0]).made.astimezone().replace(tzinfo=None)
    run("list", "--json", "--before", (made + timedelta(microseconds=1)).isoformat())
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [drawings[0]]


def test_a_room_is_chosen_by_its_code(drawings, room, capsys):
    assert run("list", "--json", "--room", room.code.lower()) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)] == [drawings[1]]
    assert run("list", "--room", "BBBBB") == 1
    assert (
        capsys.readouterr().err
        == "digitcanvas: There is no room 'BBBBB': look at its code again.\n"
    )


@pytest.mark.parametrize("name", ["drawings.npz", "drawings.unipen", "drawings.TRA"])
def test_told_digits_are_exported(drawings, tmp_path, capsys, name):
    target = tmp_path / name
    assert run("export", target) == 0
    assert told(target) == [(7, 1)]
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{target}: 1 drawings" and lines[1].startswith("2 were left out")


def test_what_is_no_digit_is_exported_if_it_is_asked_for(drawings, tmp_path, capsys):
    assert run("export", tmp_path / "x.npz", "--no-digits", "--told", "--json") == 0
    assert told(tmp_path / "x.npz") == [(7, 1), (NO_DIGIT, 1)]
    assert json.loads(capsys.readouterr().out) == {
        "target": str(tmp_path / "x.npz"),
        "drawings": 2,
        "left_out": 0,
    }


def test_a_table_has_all_drawings_and_their_strokes(drawings, store, tmp_path):
    assert run("export", tmp_path / "x.csv") == 0
    rows = table(tmp_path / "x.csv")
    assert [(row["id"], row["told"], row["read_as"]) for row in rows] == [
        (str(drawings[0]), "7", "7"),
        (str(drawings[1]), "", "7"),
        (str(drawings[2]), "10", "10"),
    ]
    assert "session" not in rows[0] and rows[1]["writer"] == rows[2]["writer"]
    for row, digit in zip(rows, (7, 4, 1), strict=True):
        for stroke, same in zip(json.loads(row["strokes"]), DIGITS[digit], strict=True):
            np.testing.assert_array_equal(stroke, same)


def test_pictures_go_to_a_new_folder_with_a_table(drawings, tmp_path, cnn, capsys):
    folder = tmp_path / "deep" / "pictures"
    assert run("export", folder) == 0
    rows = table(folder / "drawings.csv")
    assert [row["file"] for row in rows] == [f"{drawing}.png" for drawing in drawings]
    pictures = [cv2.imread(str(folder / row["file"]), 0) for row in rows]
    assert [cnn.predict_image(picture).digit for picture in pictures] == [7, 4, 1]
    assert "strokes" not in rows[0] and "left out" not in capsys.readouterr().out
    assert run("export", folder) == 1
    assert "is not empty: name a new folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.pdf"], "x.pdf says nothing of its form: end it in .npz"),
        (["x.unipen", "--no-digits"], "UNIPEN has none"),
        (["x.csv", "--session", "nobody"], "There are no such drawings"),
        (["x.npz", "--session", "you"], "Nobody told what the 2 drawings are"),
        (["nowhere/x.csv"], "No such file or directory: 'nowhere/x.csv'"),
    ],
)
def test_what_cannot_be_exported_is_one_clear_line(
    drawings, tmp_path, monkeypatch, capsys, arguments, message
):
    monkeypatch.chdir(tmp_path)
    files = set(tmp_path.iterdir())
    assert run("export", *arguments) == 1
    said = capsys.readouterr()
    assert said.err.count("\n") == 1 and message in said.err and not said.out
    assert {path for path in tmp_path.iterdir() if "sqlite" not in path.name} <= files


def test_what_was_exported_is_imported_as_told_drawings(store, tmp_path, capsys):
    drawings = [Drawing(DIGITS[n], n, writer=n // 4) for n in range(10)]
    drawings.append(Drawing(DIGITS[1], NO_DIGIT, writer=0))
    write_drawings(tmp_path / "x.npz", drawings)
    assert run("import", tmp_path / "x.npz", "--json") == 0
    done = json.loads(capsys.readouterr().out)
    assert (done["drawings"], done["writers"]) == (11, 3)
    kept = list(store.drawings.each(Selection()))
    assert [one.told for one in kept] == [drawing.label for drawing in drawings]
    assert len({one.session for one in kept}) == 3
    assert run("export", tmp_path / "y.npz", "--no-digits") == 0
    back = read_drawings(tmp_path / "y.npz", NO_DIGIT)
    for drawing, same in zip(drawings, back, strict=True):
        assert drawing.label == same.label
        np.testing.assert_array_equal(drawing.strokes[0], same.strokes[0])


def test_drawings_are_imported_for_a_hand_or_a_room(store, room, tmp_path, capsys):
    hand = store.hands.make("me", "Ada")
    write_drawings(tmp_path / "x.npz", [Drawing(DIGITS[n], n, writer=n) for n in range(3)])
    assert run("import", tmp_path / "x.npz", "--hand", hand.id) == 0
    assert "3 drawings by 3 writers are in" in capsys.readouterr().out
    assert [one.drawing.label for one in store.drawings.of_hand(hand.id)] == [0, 1, 2]
    assert {one.session for one in store.drawings.of_hand(hand.id)} == {"me"}
    assert run("import", tmp_path / "x.npz", "--room", room.code) == 0
    assert len(store.rooms.people(room.id)) == 3
    store.rooms.end(room.id, "leader")
    for place, message in (
        (["--room", room.code], "has ended"),
        (["--hand", hand.id + 1], f"no hand {hand.id + 1}"),
    ):
        assert run("import", tmp_path / "x.npz", *place) == 1
        assert message in capsys.readouterr().err
    assert store.totals().drawings == 6


def test_a_file_that_cannot_be_imported_is_one_clear_line(store, tmp_path, capsys):
    (tmp_path / "x.npz").write_text("nothing")
    for name in ("x.npz", "none.npz"):
        assert run("import", tmp_path / name) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1 and name in said
    assert store.totals().drawings == 0


def test_chosen_drawings_are_deleted_and_all_only_by_a_word(drawings, store, capsys):
    for wrong in ([], ["--all", "--told"]):
        assert run("delete", *wrong) == 2
        assert "say which drawings to delete" in capsys.readouterr().err
    assert run("delete", "--session", "me") == 0
    assert capsys.readouterr().out == "1 drawings are deleted.\n"
    assert [one.id for one in store.drawings.each(Selection())] == drawings[1:]
    assert run("delete", "--all", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": 2}
    assert store.totals().drawings == 0


def test_a_server_that_keeps_nothing_still_lists_and_deletes(drawings, monkeypatch, capsys):
    monkeypatch.setenv("DIGITCANVAS_STORE", "0")
    assert run("delete", "--all") == 0
    assert capsys.readouterr().out == "3 drawings are deleted.\n"


def test_a_store_that_cannot_be_used_is_one_clear_line(home, monkeypatch, capsys):
    monkeypatch.setenv("DIGITCANVAS_DATABASE", "nothing://here")
    assert run("list") == 1
    said = capsys.readouterr().err
    assert said.startswith("digitcanvas: DIGITCANVAS_DATABASE is no database's address")
    assert run("list", "--limit", "0") == 1
