"""Seats of tickets that the hub has paid out elsewhere, taken back by their sellers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "taken_back",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_taken_back")),
        info={"fold": True},
    )
