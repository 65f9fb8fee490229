"""Seats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _ask_waiting()
    _dated_trip()
    _grant_returned()
    _seat_ask()
    _seat_clash()
    _seat_grant()
    _seat_recall()
    _seat_sold()
    _risk_release()


def _ask_waiting() -> None:
    op.create_table(
        "ask_waiting",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", sa.Integer(), nullable=False),
        sa.Column("to_idx", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_ask_waiting")),
    )
    op.create_index("ix_ask_waiting_trip", "ask_waiting", ["trip_no", "day"], unique=False)


def _dated_trip() -> None:
    op.create_table(
        "dated_trip",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("pos", BIG, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("legs", sa.Integer(), nullable=False),
        sa.Column("departs_ms", BIG, nullable=False),
        sa.Column("ends_ms", BIG, nullable=False),
        sa.Column("calls_ms", sa.LargeBinary(), nullable=False),
        sa.Column("grant_epoch", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", name=op.f("pk_dated_trip")),
    )


def _grant_returned() -> None:
    op.create_table(
        "grant_returned",
        sa.Column("grant_id", BIG, autoincrement=False, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_grant_returned")),
        info={"fold": True},
    )


def _seat_ask() -> None:
    op.create_table(
        "seat_ask",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("from_idx", BIG, nullable=False),
        sa.Column("to_idx", BIG, nullable=False),
        sa.Column("count", BIG, nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_seat_ask")),
        info={"fold": True},
    )


def _seat_clash() -> None:
    op.create_table(
        "seat_clash",
        sa.Column("pos", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("seat", BIG, nullable=False),
        sa.Column("from_idx", sa.Integer(), nullable=False),
        sa.Column("to_idx", sa.Integer(), nullable=False),
        sa.Column("at_risk", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pos", name=op.f("pk_seat_clash")),
        info={"fold": True},
    )
    op.create_index("ix_seat_clash_trip", "seat_clash", ["trip_no", "day"], unique=False)


def _seat_grant() -> None:
    op.create_table(
        "seat_grant",
        sa.Column("grant_id", BIG, autoincrement=False, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("node_no", sa.Integer(), nullable=False),
        sa.Column("node_epoch", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sell_until_ms", BIG, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_seat_grant")),
    )
    op.create_index("ix_seat_grant_node", "seat_grant", ["node_no", "node_epoch"], unique=False)
    op.create_index("ix_seat_grant_trip", "seat_grant", ["trip_no", "day"], unique=False)


def _seat_recall() -> None:
    op.create_table(
        "seat_recall",
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("node_no", "trip_no", "day", name=op.f("pk_seat_recall")),
    )


def _seat_sold() -> None:
    op.create_table(
        "seat_sold",
        sa.Column("trip_no", BIG, autoincrement=False, nullable=False),
        sa.Column("day", BIG, autoincrement=False, nullable=False),
        sa.Column("node_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("free", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trip_no", "day", "node_no", "node_epoch", "free", name=op.f("pk_seat_sold")),
        info={"fold": True},
    )


def _risk_release() -> None:
    op.create_table(
        "risk_release",
        sa.Column("release_id", BIG, autoincrement=False, nullable=False),
        sa.Column("grant_id", BIG, nullable=False),
        sa.Column("trip_no", BIG, nullable=False),
        sa.Column("day", BIG, nullable=False),
        sa.Column("cells", sa.LargeBinary(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["seat_grant.grant_id"], name=op.f("fk_risk_release_grant_id")),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_risk_release")),
    )
    op.create_index("ix_risk_release_trip", "risk_release", ["trip_no", "day"], unique=False)
