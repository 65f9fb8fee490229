"""Another vehicle on a dated trip, and who sits where since."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("dated_trip", sa.Column("vehicles", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "vehicle_change",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_vehicle_change")),
    )
    op.create_index("ix_vehicle_change_trip", "vehicle_change", ["trip_no", "day"])
    op.create_table(
        "reseat",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", sa.Integer(), nullable=False),
        sa.Column("to_idx", sa.Integer(), nullable=False),
        sa.Column("was", sa.Integer(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Boolean(), nullable=False),
        sa.Column("fault", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_reseat")),
    )
    op.create_index("ix_reseat_trip", "reseat", ["trip_no", "day"])
