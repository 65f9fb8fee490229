"""What leaves from here, where to, when and for how much."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from edge.domains.disruption.service import Disruptions
from edge.domains.timetable.store import TimetableStore
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.fleet import Fleet
from sync.domains.disruption.operations import Reseated, VehicleChange
from sync.domains.disruption.rules import CANCELLED
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Pattern, Route, SeatPlan, Trip
from sync.kernel import days
from sync.kernel.errors import Refusal

DEFAULT_ZONE = "Asia/Shanghai"
_DAY_S = 86_400
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
    """A way from one stop of a dated trip to a later one. ``price_minor`` None: not for sale; ``disruption``: empty, or one of
    :data:`sync.domains.disruption.rules.KINDS`; a ride to a stop that a trip does not reach is cancelled."""

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
    disruption: str = ""
    delay_minutes: int = 0

    @property
    def where(self) -> tuple[int, int, int, int]:
        """(trip_no, day, from_idx, to_idx)."""
        return self.trip_no, self.day, self.from_idx, self.to_idx

    @property
    def leaves_ms(self) -> int:
        """When it leaves as far as the hub has told."""
        return self.departs_ms + self.delay_minutes * 60_000


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
    disruption: str = ""
    delay_minutes: int = 0


@dataclass(frozen=True)
class _Facts:
    trip: Trip
    pattern: Pattern
    route: Route
    zone: str


class Timetable:
    """The timetable domain of a node."""

    def __init__(self, database: Database, fleet: Fleet, keeper: TimeKeeper, disruptions: Disruptions) -> None:
        self._disruptions = disruptions
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
        for pattern_no, _, _ in self.store.patterns_from(self.own_stops()[:1]):
            with contextlib.suppress(Refusal):  # its agency may not be here yet
                return self._zone_of(self.store.route(self.store.pattern(pattern_no).route_no))
        return DEFAULT_ZONE

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

    def position(self, stop_no: int) -> tuple[int, int] | None:
        """(latitude, longitude) of a stop in millionths of a degree; None where the timetable does not say."""
        found = self.store.stop(stop_no)
        return None if found.lat_e6 is None or found.lon_e6 is None else (found.lat_e6, found.lon_e6)

    def with_children(self, stop_no: int) -> tuple[int, ...]:
        """A stop and those whose station it is. Raises :class:`Refusal` ``no_such_stop``."""
        self.store.stop(stop_no)
        return self.store.with_children((stop_no,))

    def known_stops(self, text: str, most: int = 20) -> list[StopView]:
        """Stops that ``text`` may mean, wherever they are: by name, pinyin or initials, the nearest to it first."""
        every = self.store.known_stops(self.store.all_stops())
        return [self.stop(number) for number in self.store.matching(every, text)[:most]]

    def destinations(self, text: str = "") -> list[StopView]:
        """Stops that can be reached from here by a ride that is for sale, those named like ``text`` if given."""
        found: dict[int, None] = {}
        for pattern, idx in self._patterns_here():
            for later in range(idx + 1, len(pattern.stop_nos)):
                if pattern.drop_off[later] and rules.fare_minor(pattern, idx, later) is not None:
                    found[pattern.stop_nos[later]] = None
        reachable = [number for number in self.store.known_stops(found) if number not in self.own_stops()]
        chosen = self.store.matching(reachable, text) if text.strip() else reachable
        found_stops = [self.stop(number) for number in chosen]
        return found_stops if text.strip() else sorted(found_stops, key=lambda stop: rules.name_in(stop.names, "en"))

    def rides(self, to_stop_no: int, day: int, from_stop_no: int | None = None) -> list[Ride]:
        """Rides to a stop on a service date by departure; those already gone are left out.

        With today's come those of yesterday's service date that leave after midnight.
        """
        now, ways = self._keeper.wall_ms(), self._ways(to_stop_no, from_stop_no)
        found = [ride for way in ways for ride in self._rides_of(*way, day) if ride.leaves_ms > now]
        return sorted(found, key=lambda ride: (ride.departs_ms, ride.trip_no))

    def departures(self, day: int, limit: int = 50) -> list[Ride]:
        """What leaves here on a date (as :meth:`rides`) and has not left an hour ago, to each trip's last stop."""
        since = self._keeper.wall_ms() - 3_600_000
        found: list[Ride] = []
        for pattern_no, idx, _ in self.store.patterns_from(self.own_stops()):
            pattern = self.store.pattern(pattern_no)
            last = len(pattern.stop_nos) - 1
            if pattern.pickup[idx] and idx < last:
                found += self._rides_of(pattern_no, idx, last, day)
        chosen = sorted((ride for ride in found if ride.leaves_ms > since), key=lambda ride: ride.departs_ms)
        return chosen[:limit]

    def ride(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        """One ride. Raises :class:`Refusal`: ``no_such_trip``, ``not_running``, or as :func:`rules.check_ride`."""
        facts = self._running(trip_no, day)
        rules.check_ride(facts.pattern, from_idx, to_idx)
        return self._ride(trip_no, facts, day, from_idx, to_idx)

    def offered(self, trip_no: int, day: int, from_idx: int, to_idx: int) -> Ride:
        """A ride that runs and has a price, whatever the time is. Raises as :meth:`ride`, and :class:`Refusal`
        ``trip_cancelled``, ``not_for_sale``."""
        ride = self.ride(trip_no, day, from_idx, to_idx)
        if ride.disruption == CANCELLED:
            raise Refusal("trip_cancelled")
        if ride.price_minor is None:
            raise Refusal("not_for_sale")
        return ride

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
            self.store.agency(route.agency_no).names, calls, *self.told(trip_no, day),
        )  # fmt: skip

    def told(self, trip_no: int, day: int) -> tuple[str, int]:
        """What the hub said of a dated trip: (kind of the disruption, minutes late); ("", 0) for nothing."""
        said = self._disruptions.of(trip_no, day)
        return (said.kind, said.minutes) if said else ("", 0)

    def seat_plan(self, trip_no: int, day: int | None = None) -> SeatPlan:
        """The seat plan of a trip's vehicle as planned, or of the one that runs on ``day``. Raises :class:`Refusal`
        ``no_such_trip``, ``no_seat_plan``."""
        changed = None if day is None else self._disruptions.vehicle_of(trip_no, day)
        if changed is not None:
            return SeatPlan(changed.kind, changed.capacity, changed.seats)
        return self.store.seat_plan(self._facts(trip_no).route.seat_plan)

    def vehicle_changed(self, trip_no: int, day: int) -> VehicleChange | None:
        """The vehicle that took the place of the planned one, as the hub told."""
        return self._disruptions.vehicle_of(trip_no, day)

    def reseated(self, ticket_id: bytes) -> Reseated | None:
        """What another vehicle means to a ticket; None where it sits as its code says."""
        return self._disruptions.reseated(ticket_id)

    def zone_of(self, trip_no: int) -> str:
        """The zone of a trip's times. Raises :class:`Refusal` ``no_such_trip``."""
        return self._facts(trip_no).zone

    def agency_no(self, trip_no: int) -> int:
        """The operator of a trip. Raises :class:`Refusal` ``no_such_trip``."""
        return self._facts(trip_no).route.agency_no

    def route(self, trip_no: int) -> tuple[int, Route]:
        """Number and record of a trip's route. Raises :class:`Refusal` ``no_such_trip``."""
        facts = self._facts(trip_no)
        return facts.pattern.route_no, facts.route

    def line_names(self, trip_no: int) -> Names:
        """Names by language of the line that a trip runs on; none where the trip has left the timetable."""
        try:
            _, route = self.route(trip_no)
        except Refusal:
            return {}
        return route.short_names or route.long_names

    def ends_ms(self, trip_no: int, day: int) -> int:
        """UTC milliseconds of the arrival at the last stop."""
        facts = self._facts(trip_no)
        return rules.arrives_ms(facts.pattern, facts.trip, len(facts.pattern.stop_nos) - 1, day, facts.zone)

    def codes(self) -> tuple[int, int]:
        """Area and station code of this place, for printed numbers; (0, 0) where the hub has told of none."""
        profile = self._fleet.profile()
        return (profile.area_code, profile.station_code) if profile else (0, 0)

    def currencies(self) -> tuple[str, ...]:
        """Currencies in which the lines of this place are sold, by code."""
        return self._memory.get("currencies", self._find_currencies)

    def _find_currencies(self) -> tuple[str, ...]:
        found = set()
        for pattern, _ in self._patterns_here():
            with contextlib.suppress(Refusal):
                found.add(self.store.route(pattern.route_no).currency)
        return tuple(sorted(found))

    def own_stops(self) -> tuple[int, ...]:
        """The stops of this place, with those of a station."""
        return self._memory.get("own_stops", self._find_own_stops)

    def _find_own_stops(self) -> tuple[int, ...]:
        profile = self._fleet.profile()
        return self.store.with_children(profile.stop_nos) if profile and profile.stop_nos else ()

    def _patterns_here(self) -> Iterator[tuple[Pattern, int]]:
        own = self.own_stops()
        for pattern_no, idx, _ in self.store.patterns_from(own) if own else ():
            pattern = self.store.pattern(pattern_no)
            if pattern.pickup[idx] and self.store.is_for_sale(pattern.route_no):
                yield pattern, idx

    def _ways(self, to_stop_no: int, from_stop_no: int | None) -> Iterator[tuple[int, int, int]]:
        origins = self.own_stops() if from_stop_no is None else self.store.with_children((from_stop_no,))
        targets = set(self.store.with_children((to_stop_no,)))
        for pattern_no, idx, _ in self.store.patterns_from(origins) if origins else ():
            pattern = self.store.pattern(pattern_no)
            if not pattern.pickup[idx]:
                continue
            for later in range(idx + 1, len(pattern.stop_nos)):
                if pattern.stop_nos[later] in targets and pattern.drop_off[later]:
                    yield pattern_no, idx, later
                    break

    def _rides_of(self, pattern_no: int, from_idx: int, to_idx: int, day: int) -> Iterator[Ride]:
        """Rides of a pattern's trips; a trip of which some record is not here yet is left out."""
        dates = (day - 1, day) if day == self.today() else (day,)
        for trip_no, date in product(self.store.trips_of(pattern_no), dates):
            try:
                facts = self._facts(trip_no)
                over_midnight = facts.trip.start_s + facts.pattern.departures[from_idx] >= _DAY_S
                service = self.store.service(facts.trip.service_no)
                if (date < day and not over_midnight) or not rules.trip_runs(facts.trip, service, date):
                    continue
                ride = self._ride(trip_no, facts, date, from_idx, to_idx)
            except Refusal:
                continue
            yield ride

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
        disruption, late = self.told(trip_no, day)
        if self._disruptions.falls_out(trip_no, day, to_idx):
            disruption = CANCELLED
        for_sale = route.for_sale and disruption != CANCELLED
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
            price_minor=rules.fare_minor(pattern, from_idx, to_idx) if for_sale else None,
            currency=route.currency,
            seat_kind=self.store.seat_plan(route.seat_plan).kind,
            approximate=trip.approximate,
            disruption=disruption,
            delay_minutes=late,
        )
