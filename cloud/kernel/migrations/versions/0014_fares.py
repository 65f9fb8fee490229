"""Fare rules, and children on laps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _fare_rules()
    _lap_sold()


def _fare_rules() -> None:
    op.create_table(
        "fare_rules",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_fare_rules")),
    )


def _lap_sold() -> None:
    op.create_table(
        "lap_sold",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "node_no", "node_epoch", name=op.f("pk_lap_sold")),
        info={"fold": True},
    )
