"""Everything about one trip."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, bindparam, select

from cloud.domains.timetable import tables
from cloud.domains.timetable.importing.trips import trip_record
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Trip

MOST_TRIPS: Final = (1 << 31) - 1
# Records never change under their bytes, so what was read once may be remembered by them, for every database.
agency_of_bytes = lru_cache(500)(Agency.from_bytes)
route_of_bytes = lru_cache(2_000)(Route.from_bytes)
service_of_bytes = lru_cache(2_000)(Service.from_bytes)
plan_of_bytes = lru_cache(200)(SeatPlan.from_bytes)
pattern_of_bytes = lru_cache(2_000)(Pattern.from_bytes)

_TRIP: Final = (
    select(
        tables.trip,
        tables.pattern.c.route_no,
        tables.pattern.c.body.label("pattern"),
        tables.route.c.body.label("route"),
        tables.agency.c.body.label("agency"),
        tables.service.c.body.label("service"),
        tables.seat_plan.c.body.label("plan"),
    )
    .join(tables.pattern, tables.pattern.c.pattern_no == tables.trip.c.pattern_no)
    .join(tables.route, tables.route.c.route_no == tables.pattern.c.route_no)
    .join(tables.agency, tables.agency.c.agency_no == tables.route.c.agency_no)
    .join(tables.service, tables.service.c.service_no == tables.trip.c.service_no)
    .join(tables.seat_plan, tables.seat_plan.c.name == tables.route.c.seat_plan)
    .where(tables.trip.c.trip_no == bindparam("which"))
)


@dataclass(frozen=True, slots=True)
class TripFacts:
    """All that is said of one trip, on whatever day. Lists have one item a stop; times as in the records.

    ``for_sale``: its route has a fare and the trip is published. ``seat_plan_kind``: ``reserved`` or ``free``.
    """

    trip_no: int
    pattern_no: int
    route_no: int
    agency_no: int
    service_no: int
    trip: Trip
    pattern: Pattern
    route: Route
    service: Service
    plan: SeatPlan
    zone: str
    live: bool

    @property
    def stop_nos(self) -> tuple[int, ...]:
        return self.pattern.stop_nos

    @property
    def start_s(self) -> int:
        return self.trip.start_s

    @property
    def arrivals(self) -> tuple[int, ...]:
        return self.pattern.arrivals

    @property
    def departures(self) -> tuple[int, ...]:
        return self.pattern.departures

    @property
    def pickup(self) -> tuple[bool, ...]:
        return self.pattern.pickup

    @property
    def drop_off(self) -> tuple[bool, ...]:
        return self.pattern.drop_off

    @property
    def seat_plan_kind(self) -> str:
        return self.plan.kind

    @property
    def capacity(self) -> int:
        return self.plan.capacity

    @property
    def currency(self) -> str:
        return self.route.currency

    @property
    def for_sale(self) -> bool:
        return self.live and self.route.for_sale

    @property
    def leg_count(self) -> int:
        """Ways between two stops in a row."""
        return len(self.pattern.stop_nos) - 1

    def runs(self, day: int) -> bool:
        """Whether it runs on ``day``."""
        return rules.trip_runs(self.trip, self.service, day)

    def departs_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the departure from stop ``idx``."""
        return rules.departs_ms(self.pattern, self.trip, idx, day, self.zone)

    def arrives_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the arrival at stop ``idx``."""
        return rules.arrives_ms(self.pattern, self.trip, idx, day, self.zone)


def trip_facts(tx: Connection, trip_no: int) -> TripFacts | None:
    """Everything about trip ``trip_no``, also when it is no longer published; None when there never was one."""
    if not 0 < trip_no <= MOST_TRIPS:
        return None
    found = tx.execute(_TRIP, {"which": trip_no}).mappings().first()
    if found is None:
        return None
    return TripFacts(
        trip_no=trip_no,
        pattern_no=found["pattern_no"],
        route_no=found["route_no"],
        agency_no=found["agency_no"],
        service_no=found["service_no"],
        trip=trip_record(found),
        pattern=pattern_of_bytes(found["pattern"]),
        route=route_of_bytes(found["route"]),
        service=service_of_bytes(found["service"]),
        plan=plan_of_bytes(found["plan"]),
        zone=agency_of_bytes(found["agency"]).timezone,
        live=found["live"],
    )
