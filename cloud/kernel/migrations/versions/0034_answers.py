"""Cases of bad ratings, what is done about them, and accounts of operators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("admin", sa.Column("agency_no", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "rating_case",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("opened_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_rating_case")),
    )
    op.create_table(
        "rating_act",
        sa.Column("act_no", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("act_no", name=op.f("pk_rating_act")),
    )
    op.create_index(op.f("ix_rating_act_pos"), "rating_act", ["pos"], unique=False)
