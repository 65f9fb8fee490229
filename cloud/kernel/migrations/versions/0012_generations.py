"""Generations of the hub: what is put aside when it is restored from an older backup."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _columns()
    _generation()
    _number_floor()


def _columns() -> None:
    op.add_column("counter", sa.Column("generation", sa.Integer(), server_default="1", nullable=False))
    op.add_column("counter", sa.Column("base_pos", BIG, server_default="0", nullable=False))
    op.add_column("counter", sa.Column("recovering", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("node_key", sa.Column("generation", sa.Integer(), server_default="1", nullable=False))
    op.add_column("node_key", sa.Column("enrolled_in", sa.Integer(), server_default="1", nullable=False))
    op.add_column("node_key", sa.Column("written_off", sa.Integer(), server_default="0", nullable=False))


def _generation() -> None:
    op.create_table(
        "hub_generation",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since_pos", BIG, nullable=False),
        sa.Column("base_pos", BIG, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("started_ms", BIG, nullable=False),
        sa.Column("ended_ms", BIG, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("generation", name=op.f("pk_hub_generation")),
    )


def _number_floor() -> None:
    op.create_table(
        "number_floor",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("least", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_number_floor")),
    )
