"""Published fares of many trips at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.reading.facts import (
    MOST_TRIPS,
    agency_of_bytes,
    pattern_of_bytes,
    plan_of_bytes,
    route_of_bytes,
)
from cloud.kernel.database import chunks
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Pattern

_LINES: Final = (
    select(
        tables.trip.c.trip_no,
        tables.route.c.agency_no,
        tables.pattern.c.body.label("pattern"),
        tables.route.c.body.label("route"),
        tables.agency.c.body.label("agency"),
        tables.seat_plan.c.body.label("plan"),
    )
    .join(tables.pattern, tables.pattern.c.pattern_no == tables.trip.c.pattern_no)
    .join(tables.route, tables.route.c.route_no == tables.pattern.c.route_no)
    .join(tables.agency, tables.agency.c.agency_no == tables.route.c.agency_no)
    .join(tables.seat_plan, tables.seat_plan.c.name == tables.route.c.seat_plan)
    .where(tables.trip.c.trip_no.in_(bindparam("trips", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class LineFares:
    """What a trip costs. ``service`` as of :func:`sync.domains.timetable.rules.service_kind`."""

    agency_no: int
    zone: str
    currency: str
    service: str
    pattern: Pattern

    def fare_minor(self, from_idx: int, to_idx: int) -> int | None:
        """The full fare of a ride; None where it is not for sale."""
        return rules.fare_minor(self.pattern, from_idx, to_idx)


def line_fares(tx: Connection, trip_nos: Sequence[int]) -> dict[int, LineFares]:
    """Trip → its fares, of those trips that there are."""
    found: dict[int, LineFares] = {}
    for some in chunks(number for number in trip_nos if 0 < number <= MOST_TRIPS):
        for row in tx.execute(_LINES, {"trips": some}):
            route, plan = route_of_bytes(row.route), plan_of_bytes(row.plan)
            found[row.trip_no] = LineFares(
                row.agency_no, agency_of_bytes(row.agency).timezone, route.currency,
                rules.service_kind(route.route_type, plan.kind), pattern_of_bytes(row.pattern),
            )  # fmt: skip
    return found
