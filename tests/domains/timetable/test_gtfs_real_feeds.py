"""The real and the broken feeds of the shared data folder. Skipped, by name, where it is absent."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import FeedRejected, compile_feed
from tests.domains.timetable.gtfs_feeds import Place
from tests.support.skipping import shared_file

ROWS = 1_000_000  # more than any of these files has


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The broken feeds, unpacked."""
    folder = tmp_path_factory.mktemp("broken")
    with zipfile.ZipFile(shared_file("broken_transitfeed.zip")) as archive:
        archive.extractall(folder)
    return folder / "tests" / "data"


def test_the_feed_of_hong_kong_has_the_counts_of_its_rows() -> None:
    feed = compile_feed(shared_file("hk_core_2026-07.zip"))
    counts = feed.counts
    assert (counts.agencies, counts.routes, counts.stops) == (9, 139, 554)
    assert (counts.trips, counts.stop_times, counts.frequencies) == (8_466, 139_990, 6_276)
    assert (counts.fares, counts.fare_rules) == (229, 29_825)
    assert (counts.routes_not_for_sale, counts.ambiguous_pairs) == (10, 239)
    # 6,276 trips are headways; each departure of one is a trip to sell
    assert counts.departures == len(feed.trips) == 8_466 - 6_276 + 12_410
    assert {route.not_for_sale for route in feed.routes_not_for_sale} == {"no_fare"}
    assert sum(not route.short_names for route in feed.routes) == 52
    assert {route.currency for route in feed.routes if route.for_sale} == {"HKD"}
    assert all(set(stop.names) == {"zh-Hans", "zh-Hant", "en"} for stop in feed.stops)
    # an ambiguous pair is one (route, origin zone, destination zone) with rules at two prices
    pairs = {(pair.route, pair.origin_zone, pair.destination_zone) for pair in feed.ambiguous_pairs}
    assert len(pairs) == 239 and {len(pair.prices) for pair in feed.ambiguous_pairs} == {2}
    assert all(pair.prices[0] < pair.prices[1] for pair in feed.ambiguous_pairs)
    ends = {trip.feed_id: trip.start_s + feed.patterns[trip.pattern].arrivals_s[-1] for trip in feed.trips}
    assert max(end for feed_id, end in ends.items() if "@" not in feed_id) == 28 * 3600 + 31 * 60


def test_the_dutch_ferries_have_no_fares_and_old_days() -> None:
    feed = compile_feed(shared_file("dutch_ferries_2018.zip"))
    assert (feed.counts.agencies, feed.counts.routes, feed.counts.routes_not_for_sale) == (257, 336, 336)
    assert {route.seat_plan for route in feed.routes} == {"ferry-free"}
    assert min(service.start_day for service in feed.services) == -730
    assert sum(trip.approximate for trip in feed.trips) == 13_750
    assert [note.code for note in feed.notes] == ["trip_unusable"]


# Feeds that are valid GTFS, if odd: (trips, departures, routes not for sale).
TAKEN: dict[str, tuple[int, int, int]] = {
    "good_feed": (11, 144, 1),
    "good_feed.zip": (11, 144, 1),
    "googletransit/good_feed": (11, 144, 1),
    "bad_eol.zip": (11, 144, 1),  # line ends of all kinds, mixed: each is still an end
    "filter_unusual_trips": (21, 154, 1),  # trips that differ from the others of their route
    "flatten_feed": (11, 8, 3),  # fares without rules are valid everywhere; three routes have no usable trip
    "only_calendar_dates": (11, 144, 1),
    "repeated_route_name": (11, 144, 2),  # confusing, but ids tell the routes apart
    "same_short_long_name": (11, 144, 1),
    "unknown_file": (11, 11, 1),  # frecuencias.txt is no file of GTFS: noted, and its headways not read
    "unrecognized_columns": (11, 144, 1),
    "unused_stop": (11, 144, 1),
    "utf8bom": (11, 144, 1),
}

SHORT_ROUTE: Place = ("routes.txt", 2, "", "AB,DTA,,Airport - Bullfrog,,3", "row_length")

# Feeds that are not: places that must be among the errors.
REFUSED: dict[str, list[Place]] = {
    "au-sydney-entrances": [
        ("calendar.txt", 0, "", "", "missing_file"),
        ("routes.txt", 0, "", "", "missing_file"),
        ("stop_times.txt", 0, "", "", "missing_file"),
        ("trips.txt", 0, "", "", "missing_file"),
    ],
    "bad_date_format": [
        ("calendar.txt", 2, "start_date", "2007.01.01", "bad_date"),
        ("calendar_dates.txt", 2, "date", "2007-06-04", "bad_date"),
    ],
    "bad_utf8": [
        ("agency.txt", 1, "", "badheader\ufffd", "bad_utf8"),
        ("agency.txt", 2, "agency_name", "Demo Transit Authority \ufffd", "bad_utf8"),
        ("routes.txt", 5, "route_long_name", "City .\ufffd\ufffd", "bad_utf8"),
        ("stop_times.txt", 2, "stop_headsign", "to \ufffd", "bad_utf8"),
    ],
    "contains_null": [
        ("stops.txt", 9, "stop_name", "E NULL to the right␀NULL to the left (Demo)", "nul_byte"),
    ],
    "duplicate_schedule_id": [("calendar.txt", 4, "service_id", "WE", "duplicate_id")],
    # two stops at one place are allowed; rows that are shorter than their header are not
    "duplicate_stop": [("stops.txt", 5, "", "FROG,Bull Frog,,36.881083,-116.817968", "row_length")],
    "duplicate_stop_sequence": [("stop_times.txt", 4, "stop_sequence", "10", "duplicate_sequence")],
    "empty_file": [("agency.txt", 0, "", "", "empty_file"), SHORT_ROUTE],
    "extra_row_cells": [("routes.txt", 4, "", "STBA,DTA,,Stagecoach - Airport Shuttle,,3,", "row_length")],
    "googletransit": [("agency.txt", 0, "", "", "missing_file")],  # a folder that only holds a feed's folder
    "invalid_agency_ids": [("agency.txt", 3, "agency_id", "", "empty_value")],
    "invalid_route_agency": [("routes.txt", 4, "agency_id", "DVT", "dangling")],
    "missing_agency": [("agency.txt", 0, "", "", "missing_file")],
    "missing_calendar": [("calendar.txt", 0, "", "", "missing_file")],
    "missing_column": [("agency.txt", 1, "agency_name", "", "missing_column"), SHORT_ROUTE],
    "missing_departure_time": [("stop_times.txt", 3, "departure_time", "", "half_time")],
    "missing_endpoint_times": [
        ("stop_times.txt", 16, "arrival_time", "", "missing_time"),
        ("stop_times.txt", 16, "departure_time", "", "missing_time"),
        ("stop_times.txt", 21, "arrival_time", "", "missing_time"),
        ("stop_times.txt", 21, "departure_time", "", "missing_time"),
    ],
    "missing_routes": [("routes.txt", 0, "", "", "missing_file")],
    "missing_row_cells": [("routes.txt", 4, "", "STBA,DTA,,Stagecoach ⇒ Airport Shuttle,,3", "row_length")],
    "missing_stop_times": [("stop_times.txt", 0, "", "", "missing_file")],
    "missing_stops": [("stops.txt", 0, "", "", "missing_file"), SHORT_ROUTE],
    "missing_trips": [("trips.txt", 0, "", "", "missing_file")],
    "missing_weekday_column": [("calendar.txt", 1, "thursday", "", "missing_column"), SHORT_ROUTE],
    "negative_stop_sequence": [("stop_times.txt", 9, "stop_sequence", "-2", "bad_number")],
    "undefined_stop": [("stop_times.txt", 11, "stop_id", "NADAR", "dangling")],
    "unknown_format.zip": [("unknown_format.zip", 0, "", "", "not_a_zip")],
    "upgrade_translations": [("agency.txt", 0, "", "", "missing_file")],  # again a folder of folders
    "upgrade_translations/new-feed": [("stop_times.txt", 0, "", "", "missing_file")],
    "upgrade_translations/old-feed": [("translations.txt", 1, "table_name", "", "missing_column")],
    "utf16": [("stops.txt", 0, "", "", "utf16"), ("stop_times.txt", 0, "", "", "utf16")],
}
NO_FEEDS = {"one_line.kml", "one_stop.kml"}


def test_each_feed_of_the_collection_was_decided_upon(broken: Path) -> None:
    assert {path.name for path in broken.iterdir()} == {
        name for name in (*TAKEN, *REFUSED) if "/" not in name
    } | NO_FEEDS


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_feed_that_is_valid_is_taken(broken: Path, name: str) -> None:
    counts = compile_feed(broken / name).counts
    assert (counts.trips, counts.departures, counts.routes_not_for_sale) == TAKEN[name]


@pytest.mark.parametrize("name", [*REFUSED, *sorted(NO_FEEDS)])
def test_a_broken_feed_is_refused_with_its_errors(broken: Path, name: str) -> None:
    with pytest.raises(FeedRejected) as caught:
        compile_feed(broken / name)
    errors = caught.value.errors
    found = [(error.file, error.line, error.field, error.value, error.code) for error in errors]
    assert [place for place in REFUSED.get(name, [(name, 0, "", "", "not_a_zip")]) if place not in found] == []
    assert all(error.file and error.code and error.message for error in errors)
