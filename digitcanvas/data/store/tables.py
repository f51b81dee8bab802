"""The tables of the store. The migrations make them; a test compares the two."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

MAX_NAME = 40
"""Characters of a hand's or a room's name."""

MAX_TOKEN = 64
"""Characters of a session's token, and of a network's name and run."""

CODE_LENGTH = 5

MAX_SERVER = 128
"""Characters of what names a server's process."""

Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER keys alone


class UtcTime(TypeDecorator[datetime]):
    """An aware time; SQLite keeps no zone, so what is kept is UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if not isinstance(value, datetime):
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    pass


class HandRow(Base):
    __tablename__ = "hands"
    __table_args__ = (UniqueConstraint("owner", "folded", name="hands_owner_name"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    owner: Mapped[str] = mapped_column(String(MAX_TOKEN))
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    folded: Mapped[str] = mapped_column(String(3 * MAX_NAME))  # without case, to be unique
    made: Mapped[datetime] = mapped_column(UtcTime)
    is_on: Mapped[bool]


class RoomRow(Base):
    __tablename__ = "rooms"
    __table_args__ = (
        UniqueConstraint("code", name="rooms_code"),
        Index("rooms_leader", "leader"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_LENGTH))
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    leader: Mapped[str] = mapped_column(String(MAX_TOKEN))
    opened: Mapped[datetime] = mapped_column(UtcTime)
    ended: Mapped[datetime | None] = mapped_column(UtcTime)
    changes: Mapped[int] = mapped_column(BigInteger)  # made to its drawings so far
    removals: Mapped[int] = mapped_column(BigInteger)  # of drawings so far


class DrawingRow(Base):
    __tablename__ = "drawings"
    __table_args__ = (
        Index("drawings_session", "session", "id"),
        Index("drawings_hand", "hand_id", "id"),
        Index("drawings_room", "room_id", "room_change"),
        # Holds all that is counted, so that no drawing is read for it
        Index("drawings_counted", "room_id", "hidden", "told", "digit", "rejected"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    session: Mapped[str] = mapped_column(String(MAX_TOKEN))
    made: Mapped[datetime] = mapped_column(UtcTime)
    digit: Mapped[int | None] = mapped_column(SmallInteger)
    probability: Mapped[float | None] = mapped_column(Double)
    is_digit: Mapped[float | None] = mapped_column(Double)
    rejected: Mapped[bool | None]
    network: Mapped[str | None] = mapped_column(String(MAX_TOKEN))
    run: Mapped[str | None] = mapped_column(String(MAX_TOKEN))
    told: Mapped[int | None] = mapped_column(SmallInteger)
    pen: Mapped[float] = mapped_column(Double)
    hand_id: Mapped[int | None] = mapped_column(ForeignKey("hands.id", ondelete="SET NULL"))
    room_id: Mapped[int | None] = mapped_column(ForeignKey("rooms.id"))
    room_change: Mapped[int | None] = mapped_column(BigInteger)  # the room's, that made it as it is
    hidden: Mapped[bool]
    strokes: Mapped[bytes] = mapped_column(
        LargeBinary
    )  # last: what is read without it is read fast


class RunRow(Base):
    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("id", name="runs_id"),
        Index("runs_state", "state", "number"),
        Index("runs_study", "study", "number"),
    )

    number: Mapped[int] = mapped_column(Key, primary_key=True)  # in the order of their coming
    id: Mapped[str] = mapped_column(String(MAX_TOKEN))
    owner: Mapped[str] = mapped_column(String(MAX_TOKEN))
    study: Mapped[str] = mapped_column(
        String(MAX_TOKEN), server_default=text("''")
    )  # if it is one of a study's
    task: Mapped[str] = mapped_column(Text)
    seconds: Mapped[float] = mapped_column(Double)  # that it will take, about
    turn: Mapped[float] = mapped_column(Double)  # in seconds of work, see runs.py
    priority: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    server: Mapped[str] = mapped_column(String(MAX_SERVER))  # that does it, or that alone may
    bound: Mapped[bool]  # whether that server alone may do it
    beat: Mapped[int] = mapped_column(BigInteger)  # rises for as long as the server lives
    attempts: Mapped[int]
    wish: Mapped[str] = mapped_column(String(16))  # that the server is to fulfil
    version: Mapped[int] = mapped_column(BigInteger)  # rises with each change but the beat's
    snapshot: Mapped[str] = mapped_column(Text)
