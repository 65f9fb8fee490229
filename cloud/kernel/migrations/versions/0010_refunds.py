"""Refunds, void tickets and the rules that give the fees."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _refund()
    _refund_sum()
    _void_ticket()
    _void_boarded()


def _refund() -> None:
    op.create_table(
        "refund",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("refunded_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment", BIG, nullable=False),
        sa.Column("reason", BIG, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("clock_sure", sa.Boolean(), nullable=False),
        sa.Column("refunded_hlc", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_refund")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_refund_ticket_id"), "refund", ["ticket_id"], unique=False)
    op.create_index("ix_refund_trip", "refund", ["trip_no", "day"], unique=False)


def _refund_sum() -> None:
    op.create_table(
        "refund_sum",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refunds", BIG, nullable=False),
        sa.Column("refunded_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "node_no", "currency", "state", name=op.f("pk_refund_sum")),
        info={"fold": True},
    )


def _void_ticket() -> None:
    op.create_table(
        "void_ticket",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_void_ticket")),
        info={"fold": True},
    )
    op.create_index("ix_void_ticket_trip", "void_ticket", ["trip_no", "day"], unique=False)


def _void_boarded() -> None:
    op.create_table(
        "void_boarded",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("first_pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_void_boarded")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_void_boarded_ticket_id"), "void_boarded", ["ticket_id"], unique=False)
