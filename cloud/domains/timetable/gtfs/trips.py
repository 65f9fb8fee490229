"""trips.txt and frequencies.txt."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from sys import intern
from typing import Final

from cloud.domains.timetable.gtfs import fields
from cloud.domains.timetable.gtfs.languages import Translations
from cloud.domains.timetable.gtfs.model import Names
from cloud.domains.timetable.gtfs.network import Network
from cloud.domains.timetable.gtfs.read import Feed, Row

MAX_DEPARTURES: Final = 2_000_000
MAX_HEADWAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class TripRow:
    """A row of trips.txt."""

    feed_id: str
    route: str
    service: str
    direction: int | None
    headsigns: Names
    line: int


@dataclass(frozen=True, slots=True)
class Window:
    """A headway from ``start_s`` up to but not including ``end_s`` (GTFS: departures lie before end_time)."""

    start_s: int
    end_s: int
    headway_s: int
    exact: bool
    line: int

    def departures(self) -> range:
        """Departures of the first stop."""
        return range(self.start_s, self.end_s, self.headway_s)


@dataclass(slots=True)
class Trips:
    """All trips, in the order of the file, and the headways of those that are only patterns of headways."""

    rows: list[TripRow] = field(default_factory=list)
    index: dict[str, int] = field(default_factory=dict)
    windows: dict[str, list[Window]] = field(default_factory=dict)
    count: int = 0
    window_count: int = 0


def read_trips(feed: Feed, network: Network, services: Mapping[str, object], translations: Translations) -> Trips:
    """Read trips and headways."""
    trips = Trips()
    seen: dict[str, int] = {}
    for row in feed.rows("trips.txt", "route_id", "service_id", "trip_id"):
        trips.count += 1
        feed_id = row.unique("trip_id", seen)
        trip = _trip(row, feed_id or "", network, services, translations)
        if feed_id is not None:
            trips.index[feed_id] = len(trips.rows)
            trips.rows.append(trip)
    _read_windows(feed, trips)
    return trips


def _trip(
    row: Row, feed_id: str, network: Network, services: Mapping[str, object], translations: Translations
) -> TripRow:
    # One object for each id, not one for each row: a big feed has a hundred thousand of these.
    route_id, service = intern(row.required("route_id")), intern(row.required("service_id"))
    route = network.routes.get(route_id)
    row.reference("route_id", network.routes, "routes.txt")
    row.reference("service_id", services, "calendar.txt", "calendar_dates.txt")
    agency = network.agencies.get(route.agency) if route else None
    lang = agency.lang if agency else network.info.lang
    headsigns = translations.names("trips", "trip_headsign", feed_id, row.text("trip_headsign"), lang)
    direction = row.value("direction_id", _direction, None)
    return TripRow(feed_id, route_id, service, direction, headsigns, row.line)


def _direction(text: str) -> int | None:
    return fields.choice(0, 1)(text)


def _read_windows(feed: Feed, trips: Trips) -> None:
    total = 0
    required = ("trip_id", "start_time", "end_time", "headway_secs")
    for row in feed.rows("frequencies.txt", *required, optional=True):
        trips.window_count += 1
        window = _window(row, trips.index)
        if window is None:
            continue
        total += len(window.departures())
        if total > MAX_DEPARTURES:
            row.error("departures_too_many", "headway_secs", limit=MAX_DEPARTURES)
            return
        trips.windows.setdefault(row.text("trip_id"), []).append(window)
    for trip_id, windows in trips.windows.items():
        _check_overlaps(feed, trip_id, windows)


def _window(row: Row, known: Container[str]) -> Window | None:
    before = row.table.problems.total
    row.required("trip_id")
    row.reference("trip_id", known, "trips.txt")
    start = row.needed("start_time", fields.seconds, 0)
    end = row.needed("end_time", fields.seconds, 1)
    if row.text("headway_secs") == "0":
        row.error("headway_zero", "headway_secs")
    else:
        headway = row.needed("headway_secs", fields.whole(1, MAX_HEADWAY_S), 1)
    exact = row.value("exact_times", fields.choice(0, 1), 0)
    if row.table.problems.total == before and end <= start:
        row.error("window_order", "end_time")
    if row.table.problems.total > before:
        return None
    return Window(start, end, headway, exact == 1, row.line)


def _check_overlaps(feed: Feed, trip_id: str, windows: list[Window]) -> None:
    windows.sort(key=lambda window: (window.start_s, window.line))
    for earlier, later in pairwise(windows):
        if later.start_s < earlier.end_s:
            feed.problems.add(
                "frequency_overlap", "frequencies.txt", later.line, "start_time", trip_id, first=earlier.line
            )
