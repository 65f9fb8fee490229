"""Trips that were cancelled or delayed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "disruption",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", name=op.f("pk_disruption")),
    )
