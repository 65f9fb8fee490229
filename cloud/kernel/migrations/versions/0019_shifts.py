"""Shifts, prints, and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _alert()
    _alert_note()
    _shift()
    _shift_line()
    _shift_now()
    _clerk_sum()
    _printed()


def _alert() -> None:
    op.create_table(
        "alert",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("claimed_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", "code", name=op.f("pk_alert")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_alert_node_no"), "alert", ["node_no"], unique=False)


def _alert_note() -> None:
    op.create_table(
        "alert_note",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("seen_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", "code", name=op.f("pk_alert_note")),
    )


def _shift() -> None:
    op.create_table(
        "shift",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shift_no", BIG, autoincrement=False, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("opened_pos", BIG, nullable=False),
        sa.Column("opened_seq", BIG, nullable=False),
        sa.Column("opened_ms", BIG, nullable=False),
        sa.Column("closed_pos", BIG, nullable=True),
        sa.Column("closed_ms", BIG, nullable=True),
        sa.Column("taken_from", BIG, nullable=False),
        sa.Column("taken_by", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", "epoch", "shift_no", name=op.f("pk_shift")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_shift_clerk_no"), "shift", ["clerk_no"], unique=False)


def _shift_line() -> None:
    op.create_table(
        "shift_line",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("shift_no", BIG, autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sold", BIG, nullable=False),
        sa.Column("sold_minor", BIG, nullable=False),
        sa.Column("refunds", BIG, nullable=False),
        sa.Column("refunded_minor", BIG, nullable=False),
        sa.Column("expected_minor", BIG, nullable=False),
        sa.Column("claimed_minor", BIG, nullable=False),
        sa.Column("counted_minor", BIG, nullable=True),
        sa.PrimaryKeyConstraint("node_no", "epoch", "shift_no", "currency", "payment", name=op.f("pk_shift_line")),
        info={"fold": True},
    )


def _shift_now() -> None:
    op.create_table(
        "shift_now",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("clerk_no", BIG, autoincrement=False, nullable=False),
        sa.Column("shift_no", BIG, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", "epoch", "clerk_no", name=op.f("pk_shift_now")),
        info={"fold": True},
    )


def _clerk_sum() -> None:
    op.create_table(
        "clerk_sum",
        sa.Column("clerk_no", BIG, autoincrement=False, nullable=False),
        sa.Column("sold", BIG, nullable=False),
        sa.Column("refunds", BIG, nullable=False),
        sa.PrimaryKeyConstraint("clerk_no", name=op.f("pk_clerk_sum")),
        info={"fold": True},
    )


def _printed() -> None:
    op.create_table(
        "printed",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("copies", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_printed")),
        info={"fold": True},
    )
