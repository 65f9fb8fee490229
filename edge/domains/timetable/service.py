"""What leaves from here, where to, when and for how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from edge.domains.timetable.store import TimetableStore
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.fleet import Fleet
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Pattern, Route, SeatPlan, Trip
from sync.kernel import days
from sync.kernel.errors import Refusal

DEFAULT_ZONE = "Asia/Shanghai"
Names = dict[str, str]


@dataclass(frozen=True)
class StopView:
    """A stop and its names by language."""

    stop_no: int
    names: Names


@dataclass(frozen=True)
class Place:
    """Where this box stands."""

    place_no: int
    kind: str
    names: Names
    stops: tuple[StopView, ...]


@dataclass(frozen=True)
class Ride:
    """A way from one stop of a dated trip to a later one. ``price_minor`` None: not for sale."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    from_stop: StopView
    to_stop: StopView
    departs_ms: int
    arrives_ms: int
    departs_text: str
    arrives_text: str
    zone: str
    route_short_names: Names
    route_long_names: Names
    headsigns: Names
    route_type: int
    price_minor: int | None
    currency: str
    seat_kind: str
    approximate: bool


@dataclass(frozen=True)
class Call:
    """A dated trip at one of its stops."""

    idx: int
    stop: StopView
    arrives_ms: int
    departs_ms: int
    arrives_text: str
    departs_text: str


@dataclass(frozen=True)
class TripView:
    """A dated trip with all of its calls."""

    trip_no: int
    day: int
    zone: str
    route_short_names: Names
    route_long_names: Names
    headsigns: Names
    route_type: int
    agency_names: Names
    calls: tuple[Call, ...]


@dataclass(frozen=True)
class _Facts:
    trip: Trip
    pattern: Pattern
    route: Route
    zone: str


class Timetable:
    """The timetable domain of a node."""

    def __init__(self, database: Database, fleet: Fleet, keeper: TimeKeeper) -> None:
        self.store = TimetableStore(database)
        self._fleet, self._keeper, self._memory = fleet, keeper, database.memory

    def place(self) -> Place | None:
        """Where this box stands, once the hub has said so."""
        profile = self._fleet.profile()
        if profile is None:
            return None
        stops = []
        for stop_no in profile.stop_nos:
            try:
                stops.append(self.stop(stop_no))
            except Refusal:
                continue
        return Place(profile.place_no, profile.kind, profile.names, tuple(stops))

    def zone(self) -> str:
        """The zone of this place: that of the first agency, as one place has one."""
        return self._memory.get("zone", self._find_zone)

    def _find_zone(self) -> str:
        rows = self.store.patterns_from(self._own_stops()[:1]) if self._own_stops() else []
        return self._zone_of(self.store.route(self.store.pattern(rows[0][0]).route_no)) if rows else DEFAULT_ZONE

    def today(self) -> int:
        """The calendar day here, by the best guess at the time."""
        return days.day_at(self._keeper.wall_ms(), self.zone())

    def bookable_days(self) -> list[int]:
        """Service dates that are sold now."""
        first = self.today()
        return list(range(first, first + rules.HORIZON_DAYS))

    def stop(self, stop_no: int) -> StopView:
        """Raises :class:`Refusal` ``no_such_stop``."""
        return StopView(stop_no, self.store.stop(stop_no).names)

    def destinations(self, text: str = "") -> list[StopView]:
        """Stops that can be reached from here by a ride that is for sale, those named like ``text`` if given."""
        found: dict[int, None] = {}
        for pattern, idx in self._patterns_here():
            for later in range(idx + 1, len(pattern.stop_nos)):
                if pattern.drop_off[later] and rules.fare_minor(pattern, idx, later) is not None:
                    found[pattern.stop_nos[later]] = None
        reachable = [number for number in found if number not in self._own_stops()]
        chosen = self.store.matching(reachable, text) if text.strip() else reachable
        return sorted((self.stop(number) for number in chosen), key=lambda stop: rules.name_in(stop.names, "en"))

    def rides(self, to_stop_no: int, day: int, from_stop_no: int | None = None) -> list[Ride]:
        """Rides to a stop on a service date by departure; those already gone are left out."""
        now = self._keeper.wall_ms()
        found = []
        for pattern_no, from_idx, to_idx in self._ways(to_stop_no, from_stop_no):
            for trip_no in self.store.trips_of(pattern_no):
                facts = self._facts(trip_no)
                if rules.trip_runs(facts.trip, self.store.service(facts.trip.service_no), day):
                    found.append(self._ride(trip_no, facts, day, from_idx, to_idx))
        return sorted(
            (ride for ride in found if ride.departs_ms > now), key=lambda ride: (ride.departs_ms, ride.trip_no)
        )

    def departures(self, day: int, limit: int = 50) -> list[Ride]:
        """What leaves here on a service date and has not left an hour ago, to each trip's last stop."""
        since = self._keeper.wall_ms() - 3_600_000
        found = []
        for pattern_no, idx, _ in self.store.patterns_from(self._own_stops()):
            pattern = self.store.pattern(pattern_no)
            if not pattern.pickup[idx] or idx == len(pattern.stop_nos) - 1:
                continue
            for trip_no in self.store.trips_of(pattern_no):
                facts = self._facts(trip_no)
                if rules.trip_runs(facts.trip, self.store.service(facts.trip.service_no), day):
                    found.append(self._ride(trip_no, facts, day, idx, len(pattern.stop_nos) - 1))
        chosen = sorted((ride for ride in found if ride.departs_ms > since), key=lambda ride: ride.departs_ms)
        return chosen[:limit]

    def ride(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        """One ride. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``, or as :func:`rules.check_ride`."""
        facts = self._running(trip_no, day)
        rules.check_ride(facts.pattern, from_idx, to_idx)
        return self._ride(trip_no, facts, day, from_idx, to_idx)

    def trip(self, trip_no: int, day: int) -> TripView:
        """A dated trip. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``."""
        facts = self._running(trip_no, day)
        pattern, trip, zone = facts.pattern, facts.trip, facts.zone
        calls = tuple(
            Call(
                idx=idx,
                stop=self.stop(stop_no),
                arrives_ms=rules.arrives_ms(pattern, trip, idx, day, zone),
                departs_ms=rules.departs_ms(pattern, trip, idx, day, zone),
                arrives_text=days.clock_text(trip.start_s + pattern.arrivals[idx]),
                departs_text=days.clock_text(trip.start_s + pattern.departures[idx]),
            )
            for idx, stop_no in enumerate(pattern.stop_nos)
        )
        route = facts.route
        return TripView(
            trip_no, day, zone, route.short_names, route.long_names, trip.headsigns, route.route_type,
            self.store.agency(route.agency_no).names, calls,
        )  # fmt: skip

    def seat_plan(self, trip_no: int) -> SeatPlan:
        """The seat plan of a trip's vehicle. Raises :class:`Refusal` ``no_such_trip``, ``no_seat_plan``."""
        return self.store.seat_plan(self._facts(trip_no).route.seat_plan)

    def ends_ms(self, trip_no: int, day: int) -> int:
        """UTC milliseconds of the arrival at the last stop."""
        facts = self._facts(trip_no)
        return rules.arrives_ms(facts.pattern, facts.trip, len(facts.pattern.stop_nos) - 1, day, facts.zone)

    def _own_stops(self) -> tuple[int, ...]:
        return self._memory.get("own_stops", self._find_own_stops)

    def _find_own_stops(self) -> tuple[int, ...]:
        profile = self._fleet.profile()
        return self.store.with_children(profile.stop_nos) if profile and profile.stop_nos else ()

    def _patterns_here(self) -> Iterator[tuple[Pattern, int]]:
        own = self._own_stops()
        for pattern_no, idx, _ in self.store.patterns_from(own) if own else ():
            pattern = self.store.pattern(pattern_no)
            if pattern.pickup[idx]:
                yield pattern, idx

    def _ways(self, to_stop_no: int, from_stop_no: int | None) -> Iterator[tuple[int, int, int]]:
        origins = (from_stop_no,) if from_stop_no is not None else self._own_stops()
        targets = set(self.store.with_children((to_stop_no,)))
        for pattern_no, idx, _ in self.store.patterns_from(origins) if origins else ():
            pattern = self.store.pattern(pattern_no)
            if not pattern.pickup[idx]:
                continue
            for later in range(idx + 1, len(pattern.stop_nos)):
                if pattern.stop_nos[later] in targets and pattern.drop_off[later]:
                    yield pattern_no, idx, later
                    break

    def _facts(self, trip_no: int) -> _Facts:
        trip = self.store.trip(trip_no)
        pattern = self.store.pattern(trip.pattern_no)
        route = self.store.route(pattern.route_no)
        return _Facts(trip, pattern, route, self._zone_of(route))

    def _running(self, trip_no: int, day: int) -> _Facts:
        facts = self._facts(trip_no)
        if not rules.trip_runs(facts.trip, self.store.service(facts.trip.service_no), day):
            raise Refusal("not_running", status=404, field="day")
        return facts

    def _zone_of(self, route: Route) -> str:
        return self.store.agency(route.agency_no).timezone

    def _ride(self, trip_no: int, facts: _Facts, day: int, from_idx: int, to_idx: int) -> Ride:
        pattern, trip, route, zone = facts.pattern, facts.trip, facts.route, facts.zone
        return Ride(
            trip_no=trip_no,
            day=day,
            from_idx=from_idx,
            to_idx=to_idx,
            from_stop=self.stop(pattern.stop_nos[from_idx]),
            to_stop=self.stop(pattern.stop_nos[to_idx]),
            departs_ms=rules.departs_ms(pattern, trip, from_idx, day, zone),
            arrives_ms=rules.arrives_ms(pattern, trip, to_idx, day, zone),
            departs_text=days.clock_text(trip.start_s + pattern.departures[from_idx]),
            arrives_text=days.clock_text(trip.start_s + pattern.arrivals[to_idx]),
            zone=zone,
            route_short_names=route.short_names,
            route_long_names=route.long_names,
            headsigns=trip.headsigns,
            route_type=route.route_type,
            price_minor=rules.fare_minor(pattern, from_idx, to_idx) if route.for_sale else None,
            currency=route.currency,
            seat_kind=self.store.seat_plan(route.seat_plan).kind,
            approximate=trip.approximate,
        )
