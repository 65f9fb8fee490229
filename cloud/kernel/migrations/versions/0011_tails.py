"""Who handed a tail in, and what was decided about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("held_tail", sa.Column("handed_by", sa.Integer(), nullable=True))
    op.create_table(
        "tail_verdict",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("events", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("decided_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tail_verdict")),
    )
