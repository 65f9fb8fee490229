"""Trips with the same stops, run times and fares become one pattern."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from cloud.domains.timetable.gtfs.errors import Problems
from cloud.domains.timetable.gtfs.fares import Fare, Tariff
from cloud.domains.timetable.gtfs.model import Pattern, Trip
from cloud.domains.timetable.gtfs.network import Network
from cloud.domains.timetable.gtfs.read import Progress
from cloud.domains.timetable.gtfs.stop_times import NO_TIME, StopTimes, TripTimes
from cloud.domains.timetable.gtfs.trips import TripRow, Trips

PROGRESS_EVERY: Final = 2_000
_Key = tuple[str, int | None, bytes, bytes, bytes, bytes]


@dataclass(slots=True)
class Compiled:
    """Patterns and departures, and the currencies that the rides of each route are sold in."""

    patterns: list[Pattern] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    currencies: dict[str, set[str]] = field(default_factory=dict)


class PatternBuilder:
    """Turns the stop times of trip after trip into patterns and departures."""

    def __init__(
        self, network: Network, trips: Trips, stop_times: StopTimes, tariff: Tariff, problems: Problems
    ) -> None:
        self.result = Compiled()
        self._network = network
        self._trips = trips
        self._stop_times = stop_times
        self._tariff = tariff
        self._problems = problems
        self._patterns: dict[_Key, int] = {}
        self._backwards: set[_Key] = set()
        self._fares: dict[tuple[str, bytes], tuple[int | None, ...]] = {}

    def build(self, progress: Progress) -> Compiled:
        """Go through all trips."""
        total = len(self._trips.rows)
        used: set[int] = set()
        for done, times in enumerate(self._stop_times.by_trip()):
            used.add(times.trip)
            self._add(times)
            if done % PROGRESS_EVERY == 0:
                progress("trips", done, total)
        for index, trip in enumerate(self._trips.rows):
            if index not in used and index not in self._stop_times.damaged:
                self._problems.note("trip_unusable", "trips.txt", trip.line, "trip_id", trip.feed_id)
        progress("trips", total, total)
        return self.result

    def _add(self, times: TripTimes) -> None:
        trip = self._trips.rows[times.trip]
        if times.trip in self._stop_times.damaged or trip.route not in self._network.routes:
            return
        if len(times.stops) < 2:
            self._problems.note("trip_unusable", "trips.txt", trip.line, "trip_id", trip.feed_id)
            return
        if (NO_TIME in times.arrivals or NO_TIME in times.departures) and not self._complete(times):
            return
        pattern = self._pattern(trip, times)
        if pattern is not None:
            self.result.trips.extend(self._departures(trip, pattern, times.departures[0]))

    def _pattern(self, trip: TripRow, times: TripTimes) -> int | None:
        start = times.departures[0]
        arrivals = array("i", [second - start for second in times.arrivals])
        departures = array("i", [second - start for second in times.departures])
        stops = times.stops.tobytes()
        flags = times.flags.tobytes()
        key = (trip.route, trip.direction, stops, arrivals.tobytes(), departures.tobytes(), flags)
        index = self._patterns.get(key)
        if index is not None:
            return index
        if key in self._backwards or _runs_backwards(times):
            self._backwards.add(key)
            self._report_backwards(times)
            return None
        index = self._patterns[key] = len(self.result.patterns)
        self.result.patterns.append(self._new_pattern(trip, times, arrivals, departures))
        return index

    def _new_pattern(self, trip: TripRow, times: TripTimes, arrivals: array[int], departures: array[int]) -> Pattern:
        stops = tuple(self._stop_times.stop_ids[index] for index in times.stops)
        return Pattern(
            route=trip.route,
            direction=trip.direction,
            stops=stops,
            arrivals_s=tuple(arrivals),
            departures_s=tuple(departures),
            pickups=tuple(flag >> 4 for flag in times.flags),
            drop_offs=tuple(flag & 15 for flag in times.flags),
            fares_minor=self._fares_of(trip.route, stops, times.stops.tobytes()),
        )

    def _fares_of(self, route: str, stops: Sequence[str], key: bytes) -> tuple[int | None, ...]:
        known = self._fares.get((route, key))
        if known is not None:
            return known
        zones = [self._network.stops[stop].zone_id for stop in stops]
        fares = self._tariff.prices(route, self._network.routes[route].agency, zones)
        currencies = self.result.currencies.setdefault(route, set())
        currencies.update(fare.currency for fare in fares if fare is not None)
        prices = tuple(_price_minor(fare) for fare in fares)
        self._fares[route, key] = prices
        return prices

    def _departures(self, trip: TripRow, pattern: int, start_s: int) -> Iterator[Trip]:
        """The trip itself, or every departure of its headways in place of it."""
        windows = self._trips.windows.get(trip.feed_id)
        if not windows:
            yield Trip(trip.feed_id, pattern, trip.service, start_s, False, trip.headsigns)
            return
        for window in windows:
            for second in window.departures():
                feed_id = f"{trip.feed_id}@{_clock(second)}"
                if feed_id in self._trips.index:
                    first = self._trips.rows[self._trips.index[feed_id]].line
                    place = ("frequencies.txt", window.line, "trip_id", feed_id)
                    self._problems.add("duplicate_id", *place, first=first)
                yield Trip(feed_id, pattern, trip.service, second, not window.exact, trip.headsigns)

    def _complete(self, times: TripTimes) -> bool:
        """Fill in the times of stops that have none, evenly by number of stops; report any other gap."""
        before = self._problems.total
        last = len(times.stops) - 1
        for index, line in enumerate(times.lines):
            arrival, departure = times.arrivals[index], times.departures[index]
            missing = [("arrival_time", arrival == NO_TIME), ("departure_time", departure == NO_TIME)]
            code = "missing_time" if index in (0, last) else "half_time"
            if code == "half_time" and arrival == departure == NO_TIME:
                continue
            for name in (name for name, is_missing in missing if is_missing):
                self._problems.add(code, "stop_times.txt", line, name)
        if self._problems.total > before:
            return False
        _interpolate(times.arrivals, times.departures)
        return True

    def _report_backwards(self, times: TripTimes) -> None:
        before = times.arrivals[0]
        for index, line in enumerate(times.lines):
            arrival, departure = times.arrivals[index], times.departures[index]
            for name, second in (("arrival_time", arrival), ("departure_time", departure)):
                if second < before:
                    shown = _clock(before)
                    self._problems.add("time_order", "stop_times.txt", line, name, _clock(second), before=shown)
                before = second


def _runs_backwards(times: TripTimes) -> bool:
    arrivals, departures = times.arrivals, times.departures
    if any(arrival > departure for arrival, departure in zip(arrivals, departures, strict=True)):
        return True
    return any(departures[index] > arrivals[index + 1] for index in range(len(arrivals) - 1))


def _interpolate(arrivals: array[int], departures: array[int]) -> None:
    known = [index for index, second in enumerate(arrivals) if second != NO_TIME]
    for before, after in pairwise(known):
        span, steps = arrivals[after] - departures[before], after - before
        for index in range(before + 1, after):
            second = departures[before] + span * (index - before) // steps
            arrivals[index] = departures[index] = second


def _price_minor(fare: Fare | None) -> int | None:
    return None if fare is None else fare.price_minor


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
