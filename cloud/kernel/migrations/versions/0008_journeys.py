"""Journeys with changes: transfers, and operators between which one can change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transfer",
        sa.Column("transfer_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("transfer_no", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_feed_id"), "transfer", ["feed_id"], unique=False)
    op.create_table(
        "agency_neighbour",
        sa.Column("agency_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("other_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("agency_no", "other_no", name=op.f("pk_agency_neighbour")),
    )
