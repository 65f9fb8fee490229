"""Tables of the hub's timetable.

Rows are never deleted and numbers never given twice. Of several rows with one feed id the one with the highest number
stands for it today; the others were replaced after tickets had been sold on them. ``live`` rows are published.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from cloud.kernel.tables import metadata


def _numbered(name: str, number: str, *more: Column[Any]) -> Table:
    """A table of records as published: ``hash`` is that of ``body``."""
    return Table(
        name,
        metadata,
        Column(number, Integer, primary_key=True, autoincrement=False),
        Column("feed_id", Text, nullable=False, index=True),
        Column("hash", LargeBinary(16), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("live", Boolean, nullable=False),
        *more,
    )


agency = _numbered("agency", "agency_no")
stop = _numbered("stop", "stop_no", Column("search", Text, nullable=False))
service = _numbered("service", "service_no")
transfer = _numbered("transfer", "transfer_no")

# Operators between whose stops one can change, both ways round; made anew by each import.
agency_neighbour = Table(
    "agency_neighbour",
    metadata,
    Column("agency_no", Integer, primary_key=True, autoincrement=False),
    Column("other_no", Integer, primary_key=True, autoincrement=False),
)

route = _numbered(
    "route", "route_no", Column("agency_no", Integer, nullable=False), Column("seat_plan", String(120), nullable=False)
)

seat_plan = Table(
    "seat_plan",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("feed_id", Text, nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("live", Boolean, nullable=False),
)

# A pattern is its content: another content is another number, so readers may remember one for ever.
pattern = Table(
    "pattern",
    metadata,
    Column("pattern_no", Integer, primary_key=True, autoincrement=False),
    Column("route_no", Integer, nullable=False, index=True),
    Column("hash", LargeBinary(16), nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("live", Boolean, nullable=False),
)

# ``boards``: at least one ride that is for sale starts at this stop.
pattern_stop = Table(
    "pattern_stop",
    metadata,
    Column("pattern_no", Integer, primary_key=True, autoincrement=False),
    Column("idx", Integer, primary_key=True, autoincrement=False),
    Column("stop_no", Integer, nullable=False),
    Column("departure_s", Integer, nullable=False),
    Column("boards", Boolean, nullable=False),
    Index("pattern_stop_by_stop", "stop_no", "pattern_no", "idx"),
)

# ``kept``: replaced by a newer feed, runs only on ``only_days`` (JSON lists of days; null for no limit).
trip = Table(
    "trip",
    metadata,
    Column("trip_no", Integer, primary_key=True, autoincrement=False),
    Column("feed_id", Text, nullable=False, index=True),
    Column("hash", LargeBinary(16), nullable=False),
    Column("agency_no", Integer, nullable=False),
    Column("pattern_no", Integer, nullable=False),
    Column("service_no", Integer, nullable=False),
    Column("start_s", Integer, nullable=False),
    Column("approximate", Boolean, nullable=False),
    Column("headsigns", Text, nullable=False),
    Column("only_days", Text),
    Column("except_days", Text),
    Column("kept", Boolean, nullable=False),
    Column("live", Boolean, nullable=False),
    Index("trip_by_pattern", "pattern_no", "start_s"),
)

feed_import = Table(
    "feed_import",
    metadata,
    Column("import_no", Integer, primary_key=True, autoincrement=False),
    Column("imported_ms", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("publisher", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("start_day", Integer),
    Column("end_day", Integer),
    Column("report", Text, nullable=False),
)

# What is given numbers in order, by the column of the number.
NUMBERED = (
    agency.c.agency_no,
    stop.c.stop_no,
    service.c.service_no,
    route.c.route_no,
    pattern.c.pattern_no,
    trip.c.trip_no,
)
