"""Passengers who were absent or got off early, the seats that they left, and who alone is granted seats of a trip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sole_seller",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", name=op.f("pk_sole_seller")),
    )
    op.create_table(
        "seat_freed",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("node_epoch", sa.Integer(), nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("from_idx", BIG, nullable=False),
        sa.Column("at_idx", BIG, nullable=False),
        sa.Column("to_idx", BIG, nullable=False),
        sa.Column("deducted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_seat_freed")),
        info={"fold": True},
    )
    op.create_index("ix_seat_freed_trip", "seat_freed", ["trip_no", "day"], unique=False)
    op.create_table(
        "ticket_mark",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("kind", BIG, nullable=False),
        sa.Column("at_idx", BIG, nullable=False),
        sa.Column("frees", BIG, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_mark")),
        info={"fold": True},
    )
    op.create_index("ix_ticket_mark_trip", "ticket_mark", ["trip_no", "day"], unique=False)
