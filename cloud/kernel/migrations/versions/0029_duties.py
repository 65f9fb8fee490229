"""Drivers of duties, and what they said of their trips."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("duty", sa.Column("drivers", sa.JSON(), nullable=False, server_default="[]"))
    op.create_table(
        "trip_word",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("driver_no", BIG, nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_trip_word")),
        info={"fold": True},
    )
    op.create_index("ix_trip_word_trip", "trip_word", ["day", "trip_no", "node_no"], unique=False)
    op.create_index("ix_trip_word_driver", "trip_word", ["driver_no", "at_ms"], unique=False)
