"""What people decide about conflicts, and the longest time that a node was away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "conflict_word",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("decided_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_conflict_word")),
    )
    op.add_column("contact", sa.Column("longest_gap_ms", BIG, nullable=False, server_default="0"))
