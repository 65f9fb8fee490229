"""Sole sellers that gave their trip to the box of another vehicle."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sole_moved",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "pos", name=op.f("pk_sole_moved")),
    )
