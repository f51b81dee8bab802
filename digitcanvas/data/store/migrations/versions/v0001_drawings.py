"""Drawings, hands and rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
NEVER_AGAIN = True  # a deleted row's id goes to no other: somebody may still look at it
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "hands",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("folded", sa.String(120), nullable=False),
        sa.Column("made", TIME, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        sa.UniqueConstraint("owner", "folded", name="hands_owner_name"),
        sqlite_autoincrement=NEVER_AGAIN,
    )
    op.create_table(
        "rooms",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("code", sa.String(5), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("leader", sa.String(64), nullable=False),
        sa.Column("opened", TIME, nullable=False),
        sa.Column("ended", TIME),
        sa.Column("changes", sa.BigInteger, nullable=False),
        sa.Column("removals", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("code", name="rooms_code"),
        sqlite_autoincrement=NEVER_AGAIN,
    )
    op.create_index("rooms_leader", "rooms", ["leader"])
    op.create_table(
        "drawings",
        sa.Column("id", KEY, primary_key=True),
        sa.Column("session", sa.String(64), nullable=False),
        sa.Column("made", TIME, nullable=False),
        sa.Column("digit", sa.SmallInteger),
        sa.Column("probability", sa.Double),
        sa.Column("is_digit", sa.Double),
        sa.Column("rejected", sa.Boolean),
        sa.Column("network", sa.String(64)),
        sa.Column("run", sa.String(64)),
        sa.Column("told", sa.SmallInteger),
        sa.Column("pen", sa.Double, nullable=False),
        sa.Column("hand_id", KEY, sa.ForeignKey("hands.id", ondelete="SET NULL")),
        sa.Column("room_id", KEY, sa.ForeignKey("rooms.id")),
        sa.Column("room_change", sa.BigInteger),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("strokes", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=NEVER_AGAIN,
    )
    op.create_index("drawings_session", "drawings", ["session", "id"])
    op.create_index("drawings_hand", "drawings", ["hand_id", "id"])
    op.create_index("drawings_room", "drawings", ["room_id", "room_change"])
    op.create_index(
        "drawings_counted", "drawings", ["room_id", "hidden", "told", "digit", "rejected"]
    )
