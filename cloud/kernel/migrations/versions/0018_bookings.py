"""Bookings of several tickets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "booking_sold",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("first_serial", BIG, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.Column("total_minor", BIG, nullable=False),
        sa.Column("extras_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment", BIG, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("channel", BIG, nullable=False),
        sa.Column("sold_hlc", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_booking_sold")),
        info={"fold": True},
    )
    op.create_index("ix_booking_sold_serial", "booking_sold", ["node_no", "epoch", "first_serial"], unique=False)
