"""Refunds that the hub decides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _request()
    _decision()


def _request() -> None:
    op.create_table(
        "refund_request",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("request_no", BIG, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("reason", BIG, nullable=False),
        sa.Column("kind", BIG, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("asked_hlc", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_refund_request")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_refund_request_ticket_id"), "refund_request", ["ticket_id"], unique=False)
    op.create_index("ix_refund_request_number", "refund_request", ["node_no", "epoch", "request_no"], unique=False)


def _decision() -> None:
    op.create_table(
        "refund_decision",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("fee_minor", BIG, nullable=False),
        sa.Column("refunded_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_pos", BIG, nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_refund_decision")),
    )
    op.create_index(op.f("ix_refund_decision_ticket_id"), "refund_decision", ["ticket_id"], unique=False)
