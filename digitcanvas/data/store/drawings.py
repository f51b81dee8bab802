"""The store's drawings: kept, told, listed, counted and deleted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update

from digitcanvas.data.store import changes, checks
from digitcanvas.data.store.database import Database
from digitcanvas.data.store.errors import StoreError
from digitcanvas.data.store.records import (
    NO_DIGIT,
    Answer,
    Counts,
    Kept,
    Selection,
    Told,
    writer_of,
)
from digitcanvas.data.store.rows import KEPT, AnyRow, conditions, kept
from digitcanvas.data.store.tables import DrawingRow, HandRow
from digitcanvas.drawing.strokes import Drawing

PAGE = 500
"""Drawings that are read or deleted in one transaction, of many: some milliseconds."""


class Drawings:
    """Each method is one transaction, if it does not say otherwise, and raises StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(
        self,
        session: str,
        strokes: Iterable[ArrayLike],
        answer: Answer | None,
        pen: float,
        *,
        told: int | None = None,
        hand: int | None = None,
        room: int | None = None,
    ) -> int:
        """Keep a drawing of this session, and give its id.

        The strokes are arrays (n, 2) in canvas pixels, the `pen` is its width in them. It may be
        `told` at once (0 to 9, or 10 for "no digit"), belong to a hand of this session's, and go to
        an open room.

        Raises ValueError for strokes that `check_strokes` rejects, and StoreError for an empty
        drawing, if the hand is not this session's, or the room has ended.
        """
        values = {
            "session": checks.session(session),
            "made": datetime.now(UTC),
            "told": checks.told(told),
            "pen": checks.pen(pen),
            "hand_id": hand,
            "hidden": False,
            "strokes": checks.drawing(strokes),
            **checks.answer(answer),
        }
        with self._database.writing() as connection:
            if hand is not None:
                changes.check_hand(connection, hand, session)
            if room is not None:
                change = changes.next_in_open_room(connection, room)
                values |= {"room_id": room, "room_change": change}
            return changes.insert_one(connection, insert(DrawingRow).values(values))

    def redraw(
        self,
        drawing: int,
        session: str,
        strokes: Iterable[ArrayLike],
        answer: Answer,
        pen: float,
    ) -> None:
        """Replace strokes and answer of a drawing whose person went on drawing.

        Its time stays. What was told of other strokes is forgotten. Raises what `keep` raises, and
        StoreError if the session has no such drawing.
        """
        packed = checks.drawing(strokes)
        values = {
            "pen": checks.pen(pen),
            "strokes": packed,
            "told": case((DrawingRow.strokes == packed, DrawingRow.told)),
            **checks.answer(answer),
        }
        self._change(drawing, session, values)

    def tell(
        self, drawing: int, session: str, told: int | None, *, hand: int | None = None
    ) -> None:
        """Say what a drawing is, correct that, or take it back (None).

        A `hand` of this session's, if given, is the one that learns from it from now on.

        Raises StoreError if the session has no such drawing or hand.
        """
        values: dict[str, Any] = {"told": checks.told(told)}
        if hand is not None:
            values["hand_id"] = hand
        self._change(drawing, session, values)

    def _change(self, drawing: int, session: str, values: dict[str, Any]) -> None:
        with self._database.writing() as connection:
            room = _own(connection, drawing, session).room_id
            if "hand_id" in values:
                changes.check_hand(connection, values["hand_id"], session)
            if room is not None:
                values = {**values, "room_change": changes.next_change(connection, room)}
            done = connection.execute(
                update(DrawingRow).where(DrawingRow.id == drawing).values(values)
            )
            if not done.rowcount:
                raise _missing()

    def get(self, drawing: int) -> Kept:
        """Raises StoreError if there is no such drawing."""
        with self._database.reading() as connection:
            row = connection.execute(KEPT.where(DrawingRow.id == drawing)).one_or_none()
        if row is None:
            raise _missing()
        return kept(row)

    def newest(
        self, selection: Selection, before: int | None = None, limit: int = 24
    ) -> list[Kept]:
        """The selected drawings, newest first: the first `limit`, or those older than an id.

        `before` is the id of the last one on the page before. A session's come at once however many
        the store holds: `newest(Selection(session=session))`.
        """
        older = [] if before is None else [DrawingRow.id < before]
        query = KEPT.where(*conditions(selection), *older).order_by(DrawingRow.id.desc())
        with self._database.reading() as connection:
            return [kept(row) for row in connection.execute(query.limit(limit))]

    def of_hand(self, hand: int) -> list[Kept]:
        """What a hand was told, oldest first: each one's `drawing` is what it learns from."""
        return list(self.each(Selection(hand=hand, told=True)))

    def each(self, selection: Selection) -> Iterator[Kept]:
        """The selected drawings, oldest first, a few hundred in a transaction."""
        last = 0
        while True:
            query = KEPT.where(DrawingRow.id > last, *conditions(selection))
            with self._database.reading() as connection:
                rows = connection.execute(query.order_by(DrawingRow.id).limit(PAGE)).all()
            yield from map(kept, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1].id

    def to_learn_from(self, selection: Selection) -> Told:
        """The selected drawings that were told, but for hidden ones, and who drew them.

        The labels are 0 to 9, and 10 for "no digit"; the writers are the hands, or the sessions of
        drawings without one (`writer_of`). It takes several transactions, and 5 s for 100,000.
        """
        found, hands = [], {}
        told = Selection(**{**vars(selection), "told": True, "shown": True})
        for one in self.each(told):
            found.append(one.drawing)
            if one.hand is not None:
                hands[one.hand] = writer_of(one.session, one.hand)
        with self._database.reading() as connection:
            rows = connection.execute(select(HandRow.id, HandRow.name)) if hands else ()
            return Told(found, {hands[row.id]: row.name for row in rows if row.id in hands})

    def count(self, selection: Selection) -> int:
        query = select(func.count()).select_from(DrawingRow).where(*conditions(selection))
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def people(self, selection: Selection) -> int:
        """How many people made the selected drawings: hands, or sessions where there is none."""
        makers = select(DrawingRow.session, DrawingRow.hand_id).where(*conditions(selection))
        query = select(func.count()).select_from(makers.distinct().subquery())
        with self._database.reading() as connection:
            return connection.scalar(query) or 0

    def counts(self, room: int | None = None) -> Counts:
        """Counts of a room's drawings, or of all, but for hidden ones: right, wrong, confusion."""
        sorted_as_the_index = (  # so that nothing needs sorting, which is most of the time
            DrawingRow.room_id,
            DrawingRow.hidden,
            DrawingRow.told,
            DrawingRow.digit,
            DrawingRow.rejected,
        )
        query = (
            select(*sorted_as_the_index, func.count())
            .where(*conditions(Selection(room=room)))
            .group_by(*sorted_as_the_index)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        read_as, confusion = np.zeros(11, np.int64), np.zeros((11, 11), np.int64)
        drawings = told_ones = 0
        for _, hidden, told, digit, rejected, count in rows:
            if hidden:
                continue
            drawings += count
            told_ones += count if told is not None else 0
            if digit is not None:
                said = NO_DIGIT if rejected else digit
                read_as[said] += count
                if told is not None:
                    confusion[told, said] += count
        return Counts(drawings, told_ones, read_as, confusion)

    def delete(self, drawing: int, session: str) -> None:
        """Raises StoreError if the session has no such drawing."""
        with self._database.writing() as connection:
            _own(connection, drawing, session)
            _delete(connection, DrawingRow.id == drawing)

    def delete_all(self, selection: Selection) -> int:
        """Delete the selected drawings, and give their number; of many, some at a time.

        "Delete my drawings" is `delete_all(Selection(session=session))`.
        """
        where, total = conditions(selection), 0
        while True:
            with self._database.writing() as connection:
                query = select(DrawingRow.id).where(*where).limit(PAGE)
                ids = connection.scalars(query).all()
                if ids:
                    _delete(connection, DrawingRow.id.in_(ids))
            total += len(ids)
            if len(ids) < PAGE:
                return total

    def add_told(
        self,
        drawings: Sequence[Drawing],
        sessions: Sequence[str],
        pen: float,
        *,
        hand: int | None = None,
        room: int | None = None,
    ) -> None:
        """Keep drawings from elsewhere, told to be their labels, each for a session: all or none.

        Raises ValueError for strokes or a label that the store does not take, and StoreError if
        there is no such hand, or the room has ended.
        """
        now = datetime.now(UTC)
        values = [
            {
                **checks.told_drawing(drawing.strokes, drawing.label, now, session, pen),
                "hand_id": hand,
                "room_id": room,
            }
            for drawing, session in zip(drawings, sessions, strict=True)
        ]
        with self._database.writing() as connection:
            if hand is not None:
                for owner in set(sessions):
                    changes.check_hand(connection, hand, owner)
            if room is not None:
                last = changes.next_in_open_room(connection, room, len(values))
                for number, row in enumerate(values, last - len(values) + 1):
                    row["room_change"] = number
            connection.execute(insert(DrawingRow), values)


def _own(connection: Connection, drawing: int, session: str) -> AnyRow:
    query = select(DrawingRow.room_id).where(
        DrawingRow.id == drawing, DrawingRow.session == session
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise _missing()
    return row


def _missing() -> StoreError:
    return StoreError("There is no such drawing: it was deleted, or is somebody else's.")


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    rooms = connection.scalars(select(DrawingRow.room_id).where(which).distinct()).all()
    changes.count_removals(connection, rooms)
    connection.execute(delete(DrawingRow).where(which))
