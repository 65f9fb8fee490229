"""What stations said of departures, and what was counted on ferries and at piers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "departure_said",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.Column("drivers", BIG, nullable=False),
        sa.Column("aboard", BIG, nullable=False),
        sa.Column("capacity", BIG, nullable=False),
        sa.Column("lacks", sa.Text(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("said_hlc", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_departure_said")),
        info={"fold": True},
    )
    op.create_index("ix_departure_said_trip", "departure_said", ["trip_no", "day"], unique=False)
    op.create_table(
        "passenger_count",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("on_board", sa.Boolean(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("counted", BIG, nullable=False),
        sa.Column("known", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "on_board", name=op.f("pk_passenger_count")),
        info={"fold": True},
    )
