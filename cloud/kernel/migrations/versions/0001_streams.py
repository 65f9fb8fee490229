"""Positions and streams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _counter()
    _operation()
    _stream()


def _counter() -> None:
    op.create_table(
        "counter",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter")),
    )


def _operation() -> None:
    op.create_table(
        "operation",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("stream", "key", name=op.f("pk_operation")),
    )
    op.create_index("ix_operation_stream_pos", "operation", ["stream", "pos"], unique=True)


def _stream() -> None:
    op.create_table(
        "stream",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("head", BIG, nullable=False),
        sa.Column("live", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_stream")),
    )
