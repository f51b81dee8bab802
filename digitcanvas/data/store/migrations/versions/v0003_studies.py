"""Runs that belong together."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "runs", sa.Column("study", sa.String(64), nullable=False, server_default=sa.text("''"))
    )
    op.create_index("runs_study", "runs", ["study", "number"])
