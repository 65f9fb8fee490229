"""Which trips are an operator's or a line's, and what was said of them: ratings know trips, the timetable knows whose."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.tables import rating
from cloud.domains.timetable.tables import agency, pattern, route, trip
from sync.domains.ratings.rules import BAD
from sync.domains.timetable.operations import Agency, Route
from sync.domains.timetable.rules import name_in


def trips_of(agency_no: int) -> sa.Select[Any]:
    """Numbers of all trips that an operator ever had."""
    return sa.select(trip.c.trip_no).where(trip.c.agency_no == agency_no)


def operators(tx: Connection, language: str) -> dict[int, str]:
    """Names of operators by number."""
    rows = tx.execute(sa.select(agency.c.agency_no, agency.c.body).order_by(agency.c.agency_no))
    return {row.agency_no: name_in(Agency.from_bytes(row.body).names, language) for row in rows}


def lines_of(tx: Connection, agency_no: int, language: str) -> dict[int, str]:
    """Names of an operator's lines by number, those first whose names come first."""
    rows = tx.execute(sa.select(route.c.route_no, route.c.body).where(route.c.agency_no == agency_no))
    found = {row.route_no: Route.from_bytes(row.body) for row in rows}
    names = {no: name_in(one.short_names, language) or name_in(one.long_names, language) for no, one in found.items()}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def trips_of_line(route_no: int) -> sa.Select[Any]:
    """Numbers of all trips that a line ever had."""
    joined = trip.join(pattern, pattern.c.pattern_no == trip.c.pattern_no)
    return sa.select(trip.c.trip_no).select_from(joined).where(pattern.c.route_no == route_no)


def by_hour(tx: Connection, among: sa.Select[Any]) -> dict[int, list[int]]:
    """Levels 1 to 5, counted, of verified ratings by the hour in which their trips leave."""
    query = sa.select(trip.c.start_s, rating.c.level, sa.func.count()).join(trip, trip.c.trip_no == rating.c.trip_no)
    query = query.where(rating.c.verified, rating.c.trip_no.in_(among)).group_by(trip.c.start_s, rating.c.level)
    found: dict[int, list[int]] = {}
    for start_s, level, count in tx.execute(query):
        found.setdefault(start_s // 3600 % 24, [0] * 5)[level - 1] += count
    return dict(sorted(found.items()))


def complaints(tx: Connection, among: sa.Select[Any], limit: int) -> list[str]:
    """What was written with verified bad ratings, the newest first."""
    mine = (rating.c.verified, rating.c.level <= BAD, rating.c.comment != "", rating.c.trip_no.in_(among))
    return list(
        tx.execute(sa.select(rating.c.comment).where(*mine).order_by(rating.c.pos.desc()).limit(limit)).scalars()
    )
