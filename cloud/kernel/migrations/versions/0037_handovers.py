"""Seats that went from one box to another with a trip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "grant_moved",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("node_epoch", sa.Integer(), nullable=False),
        sa.Column("sell_until_ms", BIG, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_grant_moved")),
        info={"fold": True},
    )
    op.create_index("ix_grant_moved_trip", "grant_moved", ["trip_no", "day"], unique=False)
