"""Timetable."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _agency()
    _feed_import()
    _pattern()
    _pattern_stop()
    _route()
    _seat_plan()
    _service()
    _stop()
    _trip()


def _agency() -> None:
    op.create_table(
        "agency",
        sa.Column("agency_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency_no", name=op.f("pk_agency")),
    )
    op.create_index(op.f("ix_agency_feed_id"), "agency", ["feed_id"], unique=False)


def _feed_import() -> None:
    op.create_table(
        "feed_import",
        sa.Column("import_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("imported_ms", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("start_day", sa.Integer(), nullable=True),
        sa.Column("end_day", sa.Integer(), nullable=True),
        sa.Column("report", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("import_no", name=op.f("pk_feed_import")),
    )


def _pattern() -> None:
    op.create_table(
        "pattern",
        sa.Column("pattern_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("route_no", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pattern_no", name=op.f("pk_pattern")),
        sa.UniqueConstraint("hash", name=op.f("uq_pattern_hash")),
    )
    op.create_index(op.f("ix_pattern_route_no"), "pattern", ["route_no"], unique=False)


def _pattern_stop() -> None:
    op.create_table(
        "pattern_stop",
        sa.Column("pattern_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stop_no", sa.Integer(), nullable=False),
        sa.Column("departure_s", sa.Integer(), nullable=False),
        sa.Column("boards", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("pattern_no", "idx", name=op.f("pk_pattern_stop")),
    )
    op.create_index("pattern_stop_by_stop", "pattern_stop", ["stop_no", "pattern_no", "idx"], unique=False)


def _route() -> None:
    op.create_table(
        "route",
        sa.Column("route_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("agency_no", sa.Integer(), nullable=False),
        sa.Column("seat_plan", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("route_no", name=op.f("pk_route")),
    )
    op.create_index(op.f("ix_route_feed_id"), "route", ["feed_id"], unique=False)


def _seat_plan() -> None:
    op.create_table(
        "seat_plan",
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_seat_plan")),
    )


def _service() -> None:
    op.create_table(
        "service",
        sa.Column("service_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("service_no", name=op.f("pk_service")),
    )
    op.create_index(op.f("ix_service_feed_id"), "service", ["feed_id"], unique=False)


def _stop() -> None:
    op.create_table(
        "stop",
        sa.Column("stop_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("search", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("stop_no", name=op.f("pk_stop")),
    )
    op.create_index(op.f("ix_stop_feed_id"), "stop", ["feed_id"], unique=False)


def _trip() -> None:
    op.create_table(
        "trip",
        sa.Column("trip_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed_id", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("agency_no", sa.Integer(), nullable=False),
        sa.Column("pattern_no", sa.Integer(), nullable=False),
        sa.Column("service_no", sa.Integer(), nullable=False),
        sa.Column("start_s", sa.Integer(), nullable=False),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.Column("headsigns", sa.Text(), nullable=False),
        sa.Column("only_days", sa.Text(), nullable=True),
        sa.Column("except_days", sa.Text(), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("trip_no", name=op.f("pk_trip")),
    )
    op.create_index(op.f("ix_trip_feed_id"), "trip", ["feed_id"], unique=False)
    op.create_index("trip_by_pattern", "trip", ["pattern_no", "start_s"], unique=False)
