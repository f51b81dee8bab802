"""The store's rooms: people join by a code, and a wall shows what they draw."""

from datetime import UTC, datetime

from sqlalchemy import Connection, case, func, insert, select, update

from digitcanvas.data.store import changes, checks
from digitcanvas.data.store.database import Database
from digitcanvas.data.store.errors import NoRoom, StoreError
from digitcanvas.data.store.records import NO_DIGIT, News, Person, Room, writer_of
from digitcanvas.data.store.rows import KEPT, AnyRow, kept
from digitcanvas.data.store.tables import DrawingRow, HandRow, RoomRow

ROOM = select(RoomRow.id, RoomRow.code, RoomRow.name, RoomRow.opened, RoomRow.ended)


class Rooms:
    """Each method is one transaction. Each raises StoreError if it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, leader: str, name: str) -> Room:
        """Open a room, led by the session that does. It gets a code of five letters.

        Raises StoreError for an empty name, or one over 40 characters.
        """
        leader, name, opened = checks.session(leader), checks.name(name), datetime.now(UTC)
        with self._database.writing() as connection:
            code = checks.new_code()
            while connection.scalar(select(RoomRow.id).where(RoomRow.code == code)) is not None:
                code = checks.new_code()
            values = {"code": code, "name": name, "leader": leader, "opened": opened}
            new = insert(RoomRow).values(**values, changes=0, removals=0)
            return Room(changes.insert_one(connection, new), code, name, opened, None)

    def join(self, code: str) -> Room:
        """The open room with this code, in whatever case, with or without blanks and dashes.

        Raises StoreError if there is none, or it has ended.
        """
        room = self.find(code)
        if room.ended:
            raise StoreError(f"The room {room.code} has ended: ask for the code of another.")
        return room

    def find(self, code: str) -> Room:
        """The same, of a room that may have ended."""
        code = checks.code(code)
        with self._database.reading() as connection:
            row = connection.execute(ROOM.where(RoomRow.code == code)).one_or_none()
        if row is None:
            raise NoRoom(f"There is no room {code!r}: look at its code again.")
        return Room(*row)

    def get(self, room: int) -> Room:
        """Raises StoreError if there is no such room."""
        with self._database.reading() as connection:
            row = _row(connection, room)
        return Room(row.id, row.code, row.name, row.opened, row.ended)

    def is_led_by(self, room: int, session: str) -> bool:
        """Whether this session may hide, empty and end. Raises StoreError if there is no room."""
        with self._database.reading() as connection:
            return bool(_row(connection, room).leader == session)

    def of(self, leader: str) -> list[Room]:
        """The rooms that a session has opened, newest first."""
        query = ROOM.where(RoomRow.leader == leader).order_by(RoomRow.id.desc())
        with self._database.reading() as connection:
            return [Room(*row) for row in connection.execute(query)]

    def news(self, room: int, cursor: str = "", limit: int = 200) -> News:
        """What has changed in a room since `cursor`, which the news before gave.

        Without a cursor, and after drawings have gone, these are the `limit` newest drawings;
        otherwise the oldest `limit` changes, and the cursor leads to the others.

        Raises StoreError if there is no such room.
        """
        with self._database.reading() as connection:
            now = _row(connection, room)
            removals, _, seen = cursor.partition(".")
            afresh = removals != str(now.removals) or not seen.isdecimal()
            query = KEPT.add_columns(DrawingRow.room_change).where(DrawingRow.room_id == room)
            if afresh:
                query = query.where(DrawingRow.hidden.is_(False))
                query = query.order_by(DrawingRow.room_change.desc(), DrawingRow.id.desc())
            else:
                query = query.where(DrawingRow.room_change > int(seen))
                query = query.order_by(DrawingRow.room_change, DrawingRow.id)
            rows = connection.execute(query.limit(limit)).all()
        change = max((row.room_change for row in rows), default=0)
        if afresh or len(rows) < limit:  # on a server, more may have come after the first query
            change = max(change, now.changes)
        return News([kept(row) for row in rows], f"{now.removals}.{change}", afresh)

    def people(self, room: int) -> list[Person]:
        """Who drew in a room, whoever drew most first: by hand, or without one by session."""
        said = case((DrawingRow.rejected.is_(True), NO_DIGIT), else_=DrawingRow.digit)
        right = func.count(case((DrawingRow.told == said, 1)))
        query = (
            select(
                DrawingRow.session,
                DrawingRow.hand_id,
                HandRow.name,
                func.count().label("drawings"),
                func.count(DrawingRow.told).label("told"),
                right.label("right"),
            )
            .outerjoin(HandRow, DrawingRow.hand_id == HandRow.id)
            .where(DrawingRow.room_id == room, DrawingRow.hidden.is_(False))
            .group_by(DrawingRow.session, DrawingRow.hand_id, HandRow.name)
            .order_by(func.count().desc(), func.min(DrawingRow.id))
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return [
            Person(writer_of(r.session, r.hand_id), r.name or "", r.drawings, r.told, r.right)
            for r in rows
        ]

    def hide(self, room: int, drawing: int, leader: str, hidden: bool = True) -> None:
        """Hide a drawing from the wall, the counts and the training, or show it again.

        Raises StoreError if the session does not lead the room, or it has no such drawing.
        """
        with self._database.writing() as connection:
            _check_leader(connection, room, leader)
            change = changes.next_change(connection, room)
            which = update(DrawingRow).where(DrawingRow.id == drawing, DrawingRow.room_id == room)
            if not connection.execute(which.values(hidden=hidden, room_change=change)).rowcount:
                raise StoreError("There is no such drawing in the room: it was deleted.")

    def empty(self, room: int, leader: str) -> int:
        """Take all drawings out of a room, and give their number: they stay with who drew them.

        Raises StoreError if the session does not lead the room.
        """
        with self._database.writing() as connection:
            _check_leader(connection, room, leader)
            changes.count_removals(connection, [room])
            gone = update(DrawingRow).where(DrawingRow.room_id == room)
            return connection.execute(
                gone.values(room_id=None, room_change=None, hidden=False)
            ).rowcount

    def end(self, room: int, leader: str) -> None:
        """End a room: nobody can join it or post to it any more; its drawings stay in it.

        Raises StoreError if the session does not lead the room.
        """
        with self._database.writing() as connection:
            _check_leader(connection, room, leader)
            ended = update(RoomRow).where(RoomRow.id == room, RoomRow.ended.is_(None))
            connection.execute(ended.values(ended=datetime.now(UTC)))


def _row(connection: Connection, room: int) -> AnyRow:
    query = ROOM.add_columns(RoomRow.leader, RoomRow.changes, RoomRow.removals)
    row = connection.execute(query.where(RoomRow.id == room)).one_or_none()
    if row is None:
        raise StoreError("There is no such room: ask for the code of another.")
    return row


def _check_leader(connection: Connection, room: int, leader: str) -> None:
    if _row(connection, room).leader != leader:
        raise StoreError("Only who opened the room can do that.")
