"""Tickets that took the place of others."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "replacement",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("old_id", sa.LargeBinary(), nullable=False),
        sa.Column("new_id", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("old_minor", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("reason", BIG, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("times", BIG, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("made_hlc", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_replacement")),
        info={"fold": True},
    )
    for column in ("old_id", "new_id"):
        op.create_index(op.f(f"ix_replacement_{column}"), "replacement", [column], unique=False)
