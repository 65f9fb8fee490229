"""Tickets, boarding and ratings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _boarded()
    _boarded_twice()
    _duty()
    _gate_opening()
    _rating()
    _refusal_sum()
    _sale_sum()
    _serial_end()
    _ticket()


def _boarded() -> None:
    op.create_table(
        "boarded",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", BIG, nullable=False),
        sa.Column("to_idx", BIG, nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("clock_sure", sa.Boolean(), nullable=False),
        sa.Column("boarded_hlc", BIG, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_boarded")),
        info={"fold": True},
    )
    op.create_index("ix_boarded_trip", "boarded", ["trip_no", "day"], unique=False)


def _boarded_twice() -> None:
    op.create_table(
        "boarded_twice",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("first_pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_boarded_twice")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_boarded_twice_ticket_id"), "boarded_twice", ["ticket_id"], unique=False)


def _duty() -> None:
    op.create_table(
        "duty",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("vehicle", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", "trip_no", "day", name=op.f("pk_duty")),
    )
    op.create_index("ix_duty_trip", "duty", ["trip_no", "day"], unique=False)


def _gate_opening() -> None:
    op.create_table(
        "gate_opening",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("gate", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_gate_opening")),
        info={"fold": True},
    )
    op.create_index(op.f("ix_gate_opening_ticket_id"), "gate_opening", ["ticket_id"], unique=False)


def _rating() -> None:
    op.create_table(
        "rating",
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_rating")),
        sa.UniqueConstraint("pos", name=op.f("uq_rating_pos")),
        info={"fold": True},
    )
    op.create_index("ix_rating_trip", "rating", ["trip_no", "day"], unique=False)


def _refusal_sum() -> None:
    op.create_table(
        "refusal_sum",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "node_no", "reason", name=op.f("pk_refusal_sum")),
        info={"fold": True},
    )


def _sale_sum() -> None:
    op.create_table(
        "sale_sum",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tickets", BIG, nullable=False),
        sa.Column("amount_minor", BIG, nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "node_no", "currency", "state", name=op.f("pk_sale_sum")),
        info={"fold": True},
    )


def _serial_end() -> None:
    op.create_table(
        "serial_end",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_serial", BIG, nullable=False),
        sa.Column("missing", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node_no", "epoch", name=op.f("pk_serial_end")),
        info={"fold": True},
    )


def _ticket() -> None:
    op.create_table(
        "ticket",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.LargeBinary(), nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("serial", BIG, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", BIG, nullable=False),
        sa.Column("to_idx", BIG, nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("rider", BIG, nullable=False),
        sa.Column("price_minor", BIG, nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("payment", BIG, nullable=False),
        sa.Column("clerk_no", BIG, nullable=False),
        sa.Column("channel", BIG, nullable=False),
        sa.Column("sold_hlc", BIG, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_ticket")),
        info={"fold": True},
    )
    op.create_index("ix_ticket_serial", "ticket", ["node_no", "epoch", "serial"], unique=False)
    op.create_index(op.f("ix_ticket_ticket_id"), "ticket", ["ticket_id"], unique=False)
    op.create_index("ix_ticket_trip", "ticket", ["trip_no", "day"], unique=False)
