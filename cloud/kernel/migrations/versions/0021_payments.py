"""Payments through a gateway."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _payment()
    _repayment()
    op.create_table(
        "paid_ticket",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_paid_ticket")),
    )
    op.create_table(
        "reconciliation",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("found", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reconciliation")),
    )


def _payment() -> None:
    op.create_table(
        "payment",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("gateway_no", sa.Text(), nullable=False),
        sa.Column("first_serial", BIG, nullable=False),
        sa.Column("left_minor", BIG, nullable=False),
        sa.Column("back_minor", BIG, nullable=False),
        sa.Column("paid_ms", BIG, nullable=False),
        sa.Column("asked_hlc", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node_no", "order_no", name=op.f("pk_payment")),
    )
    op.create_index("ix_payment_order", "payment", ["order_no"])
    op.create_index("ix_payment_paid", "payment", ["paid_ms"])
    op.create_index("ix_payment_left", "payment", ["node_no", "epoch", "left_minor"])


def _repayment() -> None:
    op.create_table(
        "repayment",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("refund_no", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("cause", BIG, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.Column("asked_hlc", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node_no", "refund_no", name=op.f("pk_repayment")),
    )
    op.create_index("ix_repayment_order", "repayment", ["order_no"])
    op.create_index(op.f("ix_repayment_ticket_id"), "repayment", ["ticket_id"])
