"""The timetable laid out for searching: where one can change, and which trips of a pattern leave on a day.

A network is built from records alone, so that a node and the hub find the same journeys. Times are seconds from noon
minus twelve hours of the calendar day in question, in one zone; a trip of the day before begins at a negative time.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from sync.domains.timetable import rules
from sync.domains.timetable.operations import Pattern, Route, Service, Stop, Transfer, Trip
from sync.kernel import days

# How far people walk to change, how fast, and how long a change takes where nobody said otherwise.
WALK_M: Final = 400
WALK_M_PER_S: Final = 1.0
CHANGE_S: Final = 300
# In a dense city a walk reaches dozens of stops; the nearest are enough to meet every line.
NEAREST: Final = 12
# Trips of the next service date are looked at for those who are still under way after midnight.
AFTER_MIDNIGHT_S: Final = 6 * 3_600
_DAY_S: Final = 86_400
_EARTH_M: Final = 6_371_000


class Departure(NamedTuple):
    """A dated trip of a pattern; ``start_s``: see the module."""

    start_s: int
    trip_no: int
    day: int


class _Trip(NamedTuple):
    """What a search needs of a trip; ``limited``: the whole of one that a newer feed has limited to some days."""

    start_s: int
    trip_no: int
    service_no: int
    limited: Trip | None


@dataclass(frozen=True, slots=True)
class Records:
    """What a network is made of, by number. ``zone_of`` gives the zone of a route's operator."""

    stops: Mapping[int, Stop]
    routes: Mapping[int, Route]
    services: Mapping[int, Service]
    patterns: Mapping[int, Pattern]
    trips: Iterable[tuple[int, Trip]]
    transfers: Iterable[Transfer]
    zone_of: Callable[[Route], str]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a search leads. ``left``: stop → the fewest rides from there. ``ends[more]``: pattern → the last call at which
    one may get off with ``more`` rides to go; 0, or no pattern, where it leads nowhere."""

    targets: frozenset[int]
    left: Mapping[int, int]
    ends: tuple[Mapping[int, int], ...]


class Network:
    """``changes``: stop → (stop, seconds from alighting there to being ready here). A stop always reaches itself unless a
    transfer forbids it; stops of one station and stops within a walk reach each other."""

    def __init__(self, records: Records) -> None:
        self.patterns = dict(records.patterns)
        self.calls: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.changes = changes_between(records.stops, records.transfers)
        self._changed_from: dict[int, list[int]] = defaultdict(list)
        for stop_no, reach in self.changes.items():
            for other, _ in reach:
                self._changed_from[other].append(stop_no)
        self.services = dict(records.services)
        self.zones = {no: records.zone_of(records.routes[one.route_no]) for no, one in self.patterns.items()}
        self.trips: dict[int, list[_Trip]] = defaultdict(list)
        for trip_no, trip in records.trips:
            limited = trip if trip.only_days is not None or trip.except_days else None
            self.trips[trip.pattern_no].append(_Trip(trip.start_s, trip_no, trip.service_no, limited))
        for pattern_no, pattern in self.patterns.items():
            for idx, stop_no in enumerate(pattern.stop_nos):
                self.calls[stop_no].append((pattern_no, idx))

    def departures(self, day: int, zone: str) -> Departures:
        """The trips of all patterns around a calendar day, times as in ``zone``."""
        return Departures(self, day, zone)

    def goal(self, targets: Collection[int], most: int) -> Goal:
        """What a search for ``targets`` with up to ``most`` rides needs to know beforehand."""
        left = self._rides_left(targets, most)
        ends: list[dict[int, int]] = []
        for more in range(most):
            near = {stop_no for stop_no, rides in left.items() if rides <= more}
            patterns = {pattern_no for stop_no in near for pattern_no, _ in self.calls.get(stop_no, ())}
            ends.append({number: self._last_in(number, near) for number in patterns})
        return Goal(frozenset(targets), left, tuple(ends))

    def _last_in(self, pattern_no: int, near: Collection[int]) -> int:
        pattern = self.patterns[pattern_no]
        calls = range(len(pattern.stop_nos) - 1, 0, -1)
        return next((idx for idx in calls if pattern.drop_off[idx] and pattern.stop_nos[idx] in near), 0)

    def _rides_left(self, targets: Collection[int], most: int) -> dict[int, int]:
        """Stop → the fewest rides from there, changing as one can, to one of ``targets``, up to ``most``."""
        left = dict.fromkeys(targets, 0)
        for count in range(1, most + 1):
            front = {stop_no for stop_no, rides in left.items() if rides == count - 1}
            for boarding in self._before(front):
                for stop_no in (boarding, *self._changed_from.get(boarding, ())):
                    left.setdefault(stop_no, count)
        return left

    def _before(self, front: Collection[int]) -> set[int]:
        """Stops from which one ride leads to a stop of ``front``."""
        found: set[int] = set()
        for pattern_no in {pattern_no for stop_no in front for pattern_no, _ in self.calls.get(stop_no, ())}:
            pattern, seen = self.patterns[pattern_no], False
            for idx in range(len(pattern.stop_nos) - 1, -1, -1):
                if seen and pattern.pickup[idx]:
                    found.add(pattern.stop_nos[idx])
                seen = seen or (pattern.stop_nos[idx] in front and pattern.drop_off[idx])
        return found


class Departures:
    """The departures of one calendar day, found pattern by pattern when first asked for."""

    def __init__(self, network: Network, day: int, zone: str) -> None:
        self.network, self.day, self.zone = network, day, zone
        self._known: dict[int, tuple[list[int], list[Departure]]] = {}
        self._runs: dict[tuple[int, int], bool] = {}

    def first(self, pattern_no: int, from_start_s: int) -> Departure | None:
        """The earliest trip of a pattern that begins at ``from_start_s`` or later."""
        starts, found = self._of(pattern_no)
        at = bisect_left(starts, from_start_s)
        return found[at] if at < len(found) else None

    def last(self, pattern_no: int, until_start_s: int) -> Departure | None:
        """The latest trip of a pattern that begins at ``until_start_s`` or earlier."""
        starts, found = self._of(pattern_no)
        at = bisect_right(starts, until_start_s)
        return found[at - 1] if at else None

    def _of(self, pattern_no: int) -> tuple[list[int], list[Departure]]:
        known = self._known.get(pattern_no)
        if known is None:
            found = sorted(self._find(pattern_no))
            known = self._known[pattern_no] = ([one.start_s for one in found], found)
        return known

    def _find(self, pattern_no: int) -> Iterator[Departure]:
        """Trips of a pattern that may be ridden on this calendar day."""
        network = self.network
        origin_ms, own = days.instant_ms(self.day, 0, self.zone), network.zones[pattern_no]
        last_s = network.patterns[pattern_no].departures[-1]
        for date in (self.day - 1, self.day, self.day + 1):
            shift_s = (days.instant_ms(date, 0, own) - origin_ms) // 1000
            for trip in network.trips.get(pattern_no, ()):
                begins_s = trip.start_s + shift_s
                if -last_s <= begins_s <= _DAY_S + AFTER_MIDNIGHT_S and self._is_running(trip, date):
                    yield Departure(begins_s, trip.trip_no, date)

    def _is_running(self, trip: _Trip, date: int) -> bool:
        service = self.network.services.get(trip.service_no)
        if service is None:
            return False
        if trip.limited is not None:
            return rules.trip_runs(trip.limited, service, date)
        key = (trip.service_no, date)
        if key not in self._runs:
            self._runs[key] = rules.service_runs(service, date)
        return self._runs[key]


def changes_between(stops: Mapping[int, Stop], transfers: Iterable[Transfer]) -> dict[int, list[tuple[int, int]]]:
    """Stop → (stop, seconds): in one station, by walking to one of the nearest, and as transfers say."""
    found: dict[tuple[int, int], int | None] = {(stop_no, stop_no): CHANGE_S for stop_no in stops}
    stations: dict[int, list[int]] = defaultdict(list)
    for stop_no, stop in stops.items():
        stations[stop.parent_no or stop_no].append(stop_no)
    for group in stations.values():
        for first in group:
            found.update({(first, other): CHANGE_S for other in group})
    for pair, metres in _walks(stops):
        found.setdefault(pair, CHANGE_S + math.ceil(metres / WALK_M_PER_S))
    for transfer in transfers:
        if transfer.from_no in stops and transfer.to_no in stops:
            found[transfer.from_no, transfer.to_no] = transfer.min_s
    changes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (first, other), seconds in found.items():
        if seconds is not None:
            changes[first].append((other, seconds))
    return changes


def _walks(stops: Mapping[int, Stop]) -> Iterator[tuple[tuple[int, int], float]]:
    """Pairs of stops within :data:`WALK_M`, found by a grid of cells of about that size."""
    size_e6 = round(WALK_M / _EARTH_M * 180 / math.pi * 1e6)
    grid: dict[tuple[int, int], list[int]] = defaultdict(list)
    placed = {
        no: (stop.lat_e6, stop.lon_e6)
        for no, stop in stops.items()
        if stop.lat_e6 is not None and stop.lon_e6 is not None and (stop.lat_e6 or stop.lon_e6)
    }
    wide = {no: max(math.cos(math.radians(lat / 1e6)), 0.01) for no, (lat, _) in placed.items()}
    for no, (lat, lon) in placed.items():
        grid[lat // size_e6, int(lon * wide[no]) // size_e6].append(no)
    for (row, column), here in grid.items():
        near = [no for r in (-1, 0, 1) for c in (-2, -1, 0, 1, 2) for no in grid.get((row + r, column + c), ())]
        for first in here:
            walks = sorted((_metres(placed[first], placed[other]), other) for other in near if other != first)
            for metres, other in walks[:NEAREST]:
                if metres <= WALK_M:
                    yield (first, other), metres


def _metres(one: tuple[int, int], other: tuple[int, int]) -> float:
    north = math.radians((one[0] - other[0]) / 1e6)
    east = math.radians((one[1] - other[1]) / 1e6) * math.cos(math.radians(one[0] / 1e6))
    return math.hypot(north, east) * _EARTH_M
