"""The event log and what is folded from it by the kernel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _clerk_lock()
    _event_log()
    _held_tail()
    _node_start()
    _quarantine()
    _quarantine_note()
    _unknown_event()


def _clerk_lock() -> None:
    op.create_table(
        "clerk_lock",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("until_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_clerk_lock")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_clerk_lock_node_no"), "clerk_lock", ["node_no"], unique=False)


def _event_log() -> None:
    op.create_table(
        "event_log",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_event_log")),
    )
    op.create_index("ix_event_log_node", "event_log", ["node_no", "epoch", "seq"], unique=True)


def _held_tail() -> None:
    op.create_table(
        "held_tail",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("first_seq", BIG, nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("events", sa.LargeBinary(), nullable=False),
        sa.Column("held_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_held_tail")),
    )
    op.create_index(op.f("ix_held_tail_node_no"), "held_tail", ["node_no"], unique=False)


def _node_start() -> None:
    op.create_table(
        "node_start",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("boot_id", sa.LargeBinary(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_node_start")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_node_start_node_no"), "node_start", ["node_no"], unique=False)


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", "epoch", "seq", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("pos", name=op.f("uq_quarantine_pos")),
        info={"fold": True},
    )


def _quarantine_note() -> None:
    op.create_table(
        "quarantine_note",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("resolved_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_quarantine_note")),
    )


def _unknown_event() -> None:
    op.create_table(
        "unknown_event",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("type", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_unknown_event")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_unknown_event_node_no"), "unknown_event", ["node_no"], unique=False)
