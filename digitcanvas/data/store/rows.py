"""Rows of the table of drawings: selected, and read as what the store gives."""

from typing import Any

from sqlalchemy import ColumnElement, Row, select

from digitcanvas.data.store.records import Answer, Kept, Selection
from digitcanvas.data.store.tables import DrawingRow

AnyRow = Row[*tuple[Any, ...]]

KEPT = select(
    DrawingRow.id,
    DrawingRow.session,
    DrawingRow.made,
    DrawingRow.digit,
    DrawingRow.probability,
    DrawingRow.is_digit,
    DrawingRow.rejected,
    DrawingRow.network,
    DrawingRow.run,
    DrawingRow.told,
    DrawingRow.pen,
    DrawingRow.hand_id,
    DrawingRow.room_id,
    DrawingRow.hidden,
    DrawingRow.strokes,
)


def kept(row: AnyRow) -> Kept:
    answer = None
    if row.digit is not None:
        answer = Answer(
            row.digit, row.probability, row.is_digit, row.rejected, row.network, row.run
        )
    return Kept(
        row.id,
        row.session,
        row.made,
        answer,
        row.told,
        row.pen,
        row.hand_id,
        row.room_id,
        row.hidden,
        row.strokes,
    )


def conditions(selection: Selection) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    for column, value in (
        (DrawingRow.session, selection.session),
        (DrawingRow.hand_id, selection.hand),
        (DrawingRow.room_id, selection.room),
    ):
        if value is not None:
            wanted.append(column == value)
    if selection.since is not None:
        wanted.append(DrawingRow.made >= selection.since)
    if selection.before is not None:
        wanted.append(DrawingRow.made < selection.before)
    if selection.told:
        wanted.append(DrawingRow.told.is_not(None))
    if selection.shown:
        wanted.append(DrawingRow.hidden.is_(False))
    if selection.in_room:
        wanted.append(DrawingRow.room_id.is_not(None))
    return wanted
