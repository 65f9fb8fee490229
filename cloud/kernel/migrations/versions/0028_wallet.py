"""Tickets that are bound to a phone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("booking_item", sa.Column("holder", sa.LargeBinary()))
    op.create_table(
        "bound_ticket",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_bound_ticket")),
    )
    op.create_index("ix_bound_ticket_trip", "bound_ticket", ["trip_no", "day"], unique=False)
