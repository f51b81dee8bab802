"""What several kinds of calls do to a room or a hand, inside their transaction.

Each change of a room's drawings gets a number from the room's row, which stays locked until the
transaction ends: so who has seen a number has seen all before it, on a server too.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Insert, select, update

from digitcanvas.data.store.errors import StoreError
from digitcanvas.data.store.tables import HandRow, RoomRow


def insert_one(connection: Connection, row: Insert) -> int:
    """The new row's id."""
    key: Any = connection.execute(row).inserted_primary_key
    return int(key[0])


def next_change(connection: Connection, room: int, count: int = 1) -> int:
    """Lock the room and number `count` more changes; gives the last one's number.

    Raises StoreError if there is no such room.
    """
    counted = update(RoomRow).where(RoomRow.id == room)
    connection.execute(counted.values(changes=RoomRow.changes + count))
    change = connection.scalar(select(RoomRow.changes).where(RoomRow.id == room))
    if change is None:
        raise StoreError("There is no such room: ask for the code of another.")
    return change


def next_in_open_room(connection: Connection, room: int, count: int = 1) -> int:
    """The same, for drawings that come in. Raises StoreError if the room has ended."""
    change = next_change(connection, room, count)
    if connection.scalar(select(RoomRow.ended).where(RoomRow.id == room)) is not None:
        raise StoreError("The room has ended: leave it, or join another.")
    return change


def count_removals(connection: Connection, rooms: Iterable[int | None]) -> None:
    """Lock the rooms that lose drawings, in one order everywhere, and let their walls notice."""
    for room in sorted({room for room in rooms if room is not None}):
        counted = update(RoomRow).where(RoomRow.id == room).values(removals=RoomRow.removals + 1)
        connection.execute(counted)


def check_hand(connection: Connection, hand: int, owner: str) -> None:
    """Raises StoreError if the owner has no such hand."""
    found = select(HandRow.id).where(HandRow.id == hand, HandRow.owner == owner)
    if connection.scalar(found) is None:
        raise StoreError("You have no such hand: it was removed, or is somebody else's.")
