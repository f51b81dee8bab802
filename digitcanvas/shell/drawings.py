"""digitcanvas drawings: list, export, import and delete what the store holds."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from digitcanvas.data.store import (
    NO_DIGIT,
    Kept,
    Selection,
    Store,
    database_url,
    new_session,
    writer_of,
)
from digitcanvas.drawing.files import read_drawings, write_drawings
from digitcanvas.drawing.writing import picture_from_strokes, write_png, write_unipen
from digitcanvas.reading import registry
from digitcanvas.shell import options
from digitcanvas.shell.lists import print_table

FORMS = {".npz": "npz", ".csv": "csv", ".unipen": "unipen", ".tra": "unipen", ".txt": "unipen"}
"""The form that a file's suffix stands for; a name without a suffix is a folder of pictures."""

PICTURES = "png"
TABLE = "drawings.csv"

PEN = 16.0
"""Canvas pixels: the width of the pen that imported drawings are taken to be drawn with."""


def add(commands: options.Commands) -> None:
    what = "list, export, import or delete the drawings that people made"
    parser = commands.add_parser("drawings", help=what, description=f"{what.capitalize()}.")
    actions = parser.add_subparsers(
        metavar="ACTION", title="actions", required=True, help="what to do with them"
    )

    command = actions.add_parser("list", description="List the drawings, newest first.")
    _add_selection(command)
    command.add_argument(
        "--limit", type=int, default=20, metavar="N", help="list so many at the most (20)"
    )
    command.set_defaults(run=_list)

    command = actions.add_parser(
        "export",
        description="Write drawings to a file, or as pictures to a new folder.",
        epilog=".npz and UNIPEN hold the digits that somebody told; tables and pictures hold all.",
    )
    command.add_argument(
        "target",
        type=Path,
        metavar="TARGET",
        help=f"a file that ends in {', '.join(FORMS)}, or a folder for PNGs and a table",
    )
    command.add_argument(
        "--form",
        choices=[*dict.fromkeys(FORMS.values()), PICTURES],
        help="what to write, whatever the name ends in",
    )
    command.add_argument(
        "--no-digits",
        action="store_true",
        help="in an .npz file, also what was told to be no digit, labelled 10",
    )
    _add_selection(command)
    command.set_defaults(run=_export)

    command = actions.add_parser(
        "import", description="Keep the drawings in a file, told to be what it says they are."
    )
    command.add_argument("file", type=Path, metavar="FILE", help="an .npz or a UNIPEN file")
    place = command.add_mutually_exclusive_group()
    place.add_argument("--hand", type=int, metavar="ID", help="the hand that learns from them")
    place.add_argument("--room", metavar="CODE", help="the room that shows them")
    options.add_json(command)
    command.set_defaults(run=_import)

    command = actions.add_parser("delete", description="Delete drawings, for good.")
    command.add_argument("--all", action="store_true", help="delete all that there are")
    _add_selection(command)
    command.set_defaults(run=_delete)


def _add_selection(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_argument_group("which drawings", "All of these hold of each.")
    choice.add_argument("--hand", type=int, metavar="ID", help="those of this hand")
    choice.add_argument("--room", metavar="CODE", help="those in this room")
    choice.add_argument("--session", metavar="ID", help="those of this browser")
    for name, what in (("--since", "made then or later"), ("--before", "made earlier")):
        choice.add_argument(
            name,
            type=datetime.fromisoformat,
            metavar="TIME",
            help=f"those {what}, as 2026-01-31 or 2026-01-31T08:30",
        )
    choice.add_argument("--told", action="store_true", help="those that somebody told")
    options.add_json(parser)


def _open() -> Store:
    """The store, even where DIGITCANVAS_STORE=0 keeps the page from filling it."""
    return Store(database_url(registry.home()))


def _selection(given: argparse.Namespace, store: Store) -> Selection:
    """Raises StoreError if there is no such room. A time without a zone is this machine's."""
    return Selection(
        session=given.session,
        hand=given.hand,
        room=store.rooms.find(given.room).id if given.room else None,
        since=given.since and given.since.astimezone(),
        before=given.before and given.before.astimezone(),
        told=given.told,
    )


def _list(given: argparse.Namespace) -> int:
    if given.limit < 1:
        raise ValueError(f"List at least one drawing, not {given.limit}.")
    with _open() as store:
        selection = _selection(given, store)
        found = store.drawings.newest(selection, limit=given.limit)
        if given.json:
            print(json.dumps([{**_values(one), "session": one.session} for one in found]))
            return 0
        count, size = store.drawings.count(selection), store.totals().bytes
        if found:
            codes = {one.room: store.rooms.get(one.room).code for one in found if one.room}
            hands = {one.hand: store.hands.get(one.hand).name for one in found if one.hand}
            print_table(
                ["id", "drawn", "read as", "told", "network", "hand", "room"],
                [
                    [
                        str(one.id),
                        f"{one.made.astimezone():%Y-%m-%d %H:%M:%S}",
                        _in_words(one.answer.said if one.answer else None),
                        _in_words(one.told),
                        one.answer.network if one.answer else "",
                        f"{hands[one.hand]} ({one.hand})" if one.hand else "",
                        codes[one.room] if one.room else "",
                    ]
                    for one in found
                ],
            )
        stored = f" ({size / 1e6:.1f} MB)" if size else ""
        print(f"{len(found):,} of {count:,} drawings in {store.where}{stored}")
    return 0


def _in_words(digit: int | None) -> str:
    return "" if digit is None else "no digit" if digit == NO_DIGIT else str(digit)


def _export(given: argparse.Namespace) -> int:
    target: Path = given.target
    form = given.form or FORMS.get(target.suffix.lower(), "" if target.suffix else PICTURES)
    if not form:
        raise ValueError(f"{target.name} says nothing of its form: end it in {', '.join(FORMS)}.")
    if given.no_digits and form != "npz":
        raise ValueError(
            "--no-digits is for .npz files: UNIPEN has none, and tables have them all."
        )
    with _open() as store:
        selection = _selection(given, store)
        count = store.drawings.count(selection)
        chosen = store.drawings.each(selection)
        if not count:
            raise ValueError(f"There are no such drawings in {store.where}.")
        if form == "csv":
            with open(target, "w", encoding="utf-8", newline="") as file:
                written = _write_table(file, ((one, _strokes(one)) for one in chosen), "strokes")
        elif form == PICTURES:
            written = _write_pictures(target, chosen)
        else:
            highest = NO_DIGIT if given.no_digits else 9
            told = [o.drawing for o in chosen if o.told is not None and o.told <= highest]
            if not told:
                raise ValueError(f"Nobody told what the {count:,} drawings are: export a table.")
            (write_drawings if form == "npz" else write_unipen)(target, told)
            written = len(told)
    left_out = count - written
    if given.json:
        print(json.dumps({"target": str(target), "drawings": written, "left_out": left_out}))
        return 0
    print(f"{target}: {written:,} drawings")
    if left_out > 0:
        print(f"{left_out:,} were left out: nobody told what they are, or they are no digits.")
    return 0


def _write_pictures(folder: Path, chosen: Iterable[Kept]) -> int:
    """Raises ValueError if the folder is there, and holds something."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder} is not empty: name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)

    def pictures() -> Iterable[tuple[Kept, str]]:
        for one in chosen:
            name = f"{one.id}.png"
            write_png(folder / name, picture_from_strokes(one.strokes, one.pen))
            yield one, name

    with open(folder / TABLE, "w", encoding="utf-8", newline="") as file:
        return _write_table(file, pictures(), "file")


def _write_table(file: Any, rows: Iterable[tuple[Kept, str]], last: str) -> int:
    """Write a line for each drawing, with one more column at its end. Gives their number."""
    table, count = csv.writer(file, lineterminator="\n"), 0
    for count, (one, more) in enumerate(rows, 1):
        values = _values(one)
        if count == 1:
            table.writerow([*values, last])
        table.writerow([*values.values(), more])
    return count


def _values(one: Kept) -> dict[str, Any]:
    """What is told of a drawing: not the session, which is its person's secret."""
    answer = one.answer
    return {
        "id": one.id,
        "made": one.made.isoformat(timespec="milliseconds"),
        "told": one.told,
        "read_as": answer.said if answer else None,
        "digit": answer.digit if answer else None,
        "probability": round(answer.probability, 6) if answer else None,
        "is_digit": round(answer.is_digit, 6) if answer else None,
        "network": answer.network if answer else None,
        "run": answer.run if answer else None,
        "pen": one.pen,
        "writer": writer_of(one.session, one.hand),
        "hand": one.hand,
        "room": one.room,
        "hidden": one.hidden,
    }


def _strokes(one: Kept) -> str:
    return json.dumps([stroke.tolist() for stroke in one.strokes], separators=(",", ":"))


def _import(given: argparse.Namespace) -> int:
    drawings = read_drawings(given.file, NO_DIGIT)
    with _open() as store:
        if given.hand is not None:
            sessions = dict.fromkeys(
                (drawing.writer for drawing in drawings), store.hands.owner(given.hand)
            )
        else:
            sessions = {drawing.writer: new_session() for drawing in drawings}
        room = store.rooms.join(given.room).id if given.room else None
        of_each = [sessions[drawing.writer] for drawing in drawings]
        store.drawings.add_told(drawings, of_each, PEN, hand=given.hand, room=room)
        where = store.where
    if given.json:
        done = {"file": str(given.file), "drawings": len(drawings), "writers": len(sessions)}
        print(json.dumps(done))
        return 0
    print(f"{len(drawings):,} drawings by {len(sessions):,} writers are in {where}.")
    return 0


def _delete(given: argparse.Namespace) -> int:
    with _open() as store:
        selection = _selection(given, store)
        if (selection == Selection()) != given.all:
            print(
                "digitcanvas: say which drawings to delete, or --all, and not both.",
                file=sys.stderr,
            )
            return 2
        deleted = store.drawings.delete_all(selection)
    print(json.dumps({"deleted": deleted}) if given.json else f"{deleted:,} drawings are deleted.")
    return 0
