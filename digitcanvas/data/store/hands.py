"""The store's hands: each belongs to the session that made it, and nobody else sees it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from digitcanvas.data.store import changes, checks
from digitcanvas.data.store.database import Database
from digitcanvas.data.store.errors import StoreError
from digitcanvas.data.store.records import Hand
from digitcanvas.data.store.tables import DrawingRow, HandRow
from digitcanvas.drawing.hand_files import ToldDrawing


class Hands:
    """Each method is one transaction. Each raises StoreError if it fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(
        self, owner: str, name: str, told: Sequence[ToldDrawing] = (), pen: float = 16
    ) -> Hand:
        """Make a hand, switched on: the owner's others are switched off.

        It may have been `told` drawings elsewhere, which are the owner's then, each as old as it
        was, drawn with a `pen` of this width in canvas pixels.

        Raises StoreError for an empty name, one over 40 characters, and one that the owner has
        given already, in whatever case, and ValueError for strokes that the store does not take.
        """
        owner, name, made = checks.session(owner), checks.name(name), datetime.now(UTC)
        rows = [
            checks.told_drawing(one.strokes, one.label, one.told_at, owner, pen) for one in told
        ]
        with self._database.writing() as connection:
            _check_free(connection, owner, name)
            connection.execute(update(HandRow).where(HandRow.owner == owner).values(is_on=False))
            new = insert(HandRow).values(
                owner=owner, name=name, folded=checks.folded(name), made=made, is_on=True
            )
            hand = changes.insert_one(connection, new)
            if rows:
                own = [row | {"hand_id": hand} for row in rows]
                connection.execute(insert(DrawingRow), own)
        return Hand(hand, name, made, True, len(rows))

    def of(self, owner: str) -> list[Hand]:
        """The owner's hands, oldest first."""
        query = _hand().where(HandRow.owner == owner).order_by(HandRow.id)
        with self._database.reading() as connection:
            return [Hand(*row) for row in connection.execute(query)]

    def get(self, hand: int) -> Hand:
        """Raises StoreError if there is no such hand."""
        with self._database.reading() as connection:
            row = connection.execute(_hand().where(HandRow.id == hand)).one_or_none()
        if row is None:
            raise _missing(hand)
        return Hand(*row)

    def owner(self, hand: int) -> str:
        """The session that made a hand. Raises StoreError if there is none."""
        with self._database.reading() as connection:
            owner = connection.scalar(select(HandRow.owner).where(HandRow.id == hand))
        if owner is None:
            raise _missing(hand)
        return owner

    def rename(self, hand: int, owner: str, name: str) -> None:
        """Raises StoreError as `make` does, and if the owner has no such hand."""
        name = checks.name(name)
        with self._database.writing() as connection:
            changes.check_hand(connection, hand, owner)
            _check_free(connection, owner, name, but=hand)
            named = update(HandRow).where(HandRow.id == hand)
            connection.execute(named.values(name=name, folded=checks.folded(name)))

    def switch(self, owner: str, hand: int | None) -> None:
        """Switch one of the owner's hands on and the others off, or all off (None).

        Raises StoreError if the owner has no such hand.
        """
        with self._database.writing() as connection:
            if hand is not None:
                changes.check_hand(connection, hand, owner)
            switched = update(HandRow).where(HandRow.owner == owner)
            connection.execute(switched.values(is_on=HandRow.id == (-1 if hand is None else hand)))

    def remove(self, hand: int, owner: str) -> None:
        """Forget a hand. Its drawings stay with the session, and belong to no hand.

        Raises StoreError if the owner has no such hand.
        """
        with self._database.writing() as connection:
            changes.check_hand(connection, hand, owner)
            connection.execute(delete(HandRow).where(HandRow.id == hand))


def _hand() -> Select[int, str, datetime, bool, int]:
    told = (
        select(func.count())
        .where(DrawingRow.hand_id == HandRow.id, DrawingRow.told.is_not(None))
        .scalar_subquery()
    )
    return select(HandRow.id, HandRow.name, HandRow.made, HandRow.is_on, told)


def _missing(hand: int) -> StoreError:
    return StoreError(f"There is no hand {hand}: it was removed.")


def _check_free(connection: Connection, owner: str, name: str, but: int = -1) -> None:
    taken = select(HandRow.id).where(
        HandRow.owner == owner, HandRow.folded == checks.folded(name), HandRow.id != but
    )
    if connection.scalar(taken) is not None:
        raise StoreError(f"You have a hand {name!r} already: choose another name.")
