"""What a sound feed becomes: patterns, departures, days and times."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import compile_feed
from cloud.domains.timetable.gtfs.model import Trip
from sync.kernel.days import day_of, instant_ms
from tests.domains.timetable.gtfs_feeds import SOUND, compiled, feed, packed

HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
CALENDAR = SOUND["calendar.txt"].splitlines()[0] + "\n"


def test_trips_with_the_same_stops_and_run_times_share_a_pattern(tmp_path: Path) -> None:
    result = compiled(tmp_path)
    assert len(result.patterns) == 1
    pattern = result.patterns[0]
    assert (pattern.stops, pattern.direction) == (("S1", "S2", "S3"), 0)
    assert pattern.arrivals_s == (0, 1800, 4200)
    assert pattern.departures_s == (0, 2100, 4200)
    assert pattern.fares_minor == (1250, 1250, 1250)
    assert [(trip.feed_id, trip.start_s, trip.pattern) for trip in result.trips] == [
        ("T1", 28_800, 0),
        ("T2", 36_000, 0),
    ]


def test_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    assert compiled(tmp_path).counts.as_json() == {
        "agencies": 1,
        "routes": 1,
        "stops": 3,
        "trips": 2,
        "stop_times": 6,
        "fares": 1,
        "fare_rules": 1,
        "frequencies": 0,
        "routes_not_for_sale": 0,
        "ambiguous_pairs": 0,
        "patterns": 1,
        "departures": 2,
    }


def test_rows_of_a_trip_may_stand_anywhere_in_the_file(tmp_path: Path) -> None:
    rows = SOUND["stop_times.txt"].splitlines()[1:]
    random.Random(7).shuffle(rows)
    shuffled = compiled(tmp_path / "a", {"stop_times.txt": HEADER + "\n".join(rows)})
    assert shuffled.trips == compiled(tmp_path / "b").trips
    assert shuffled.patterns[0].stops == ("S1", "S2", "S3")


def test_the_same_content_has_the_same_hash_zipped_and_in_another_order(tmp_path: Path) -> None:
    plain = compiled(tmp_path / "a")
    lines = SOUND["stops.txt"].splitlines()
    turned = feed(tmp_path / "b", {"stops.txt": "\n".join([lines[0], *reversed(lines[1:])])})
    assert compile_feed(turned).content_hash == plain.content_hash
    assert compile_feed(packed(turned, tmp_path / "b.zip")).content_hash == plain.content_hash


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("fare_attributes.txt", "12.50", "12.60"),
        ("stop_times.txt", "08:35:00", "08:36:00"),
        ("stops.txt", "起点", "始点"),
        ("calendar.txt", "20261231", "20261230"),
        ("trips.txt", "T2,终点", "T2,別處"),
    ],
)
def test_other_content_has_another_hash(tmp_path: Path, file: str, old: str, new: str) -> None:
    changed = compiled(tmp_path / "b", {file: SOUND[file].replace(old, new)})
    assert changed.content_hash != compiled(tmp_path / "a").content_hash


def test_times_past_midnight_stay_on_their_service_date(tmp_path: Path) -> None:
    times = HEADER + "T1,23:50:00,23:50:00,S1,1\nT1,25:10:00,25:10:00,S2,2\nT2,24:30:00,24:30:00,S1,1\n"
    result = compiled(tmp_path, {"stop_times.txt": times + "T2,28:31:00,28:31:00,S3,2\n"})
    assert [trip.start_s for trip in result.trips] == [85_800, 88_200]
    assert {pattern.arrivals_s for pattern in result.patterns} == {(0, 4800), (0, 14_460)}


def test_on_the_day_clocks_change_a_trip_keeps_its_run_time(tmp_path: Path) -> None:
    agency = SOUND["agency.txt"].replace("Asia/Shanghai", "Europe/Amsterdam")
    times = HEADER + "T1,01:30:00,01:30:00,S1,1\nT1,03:30:00,03:30:00,S3,2\n"
    result = compiled(tmp_path, {"agency.txt": agency, "stop_times.txt": times})
    trip, pattern = result.trips[0], result.patterns[0]
    zone = result.agencies[0].timezone
    for year, month, day in ((2026, 3, 29), (2026, 10, 25), (2026, 6, 1)):
        service_day = day_of(date(year, month, day))
        start = instant_ms(service_day, trip.start_s, zone)
        end = instant_ms(service_day, trip.start_s + pattern.arrivals_s[-1], zone)
        assert end - start == 7_200_000


def test_missing_times_between_are_spread_evenly_by_number_of_stops(tmp_path: Path) -> None:
    rows = ("08:00:00,08:05:00,S1,1", ",,S2,2", ",,S3,3", "08:36:00,08:36:00,S1,4")
    times = HEADER + "\n".join(f"T1,{row}" for row in rows)
    pattern = compiled(tmp_path, {"stop_times.txt": times}).patterns[0]
    assert pattern.departures_s == (0, 620, 1240, 1860)
    assert pattern.arrivals_s == (-300, 620, 1240, 1860)


def test_headways_become_departures_before_the_end_of_their_window(tmp_path: Path) -> None:
    rows = "T1,06:00:00,07:00:00,1200,0\nT2,23:30:00,24:30:00,1800,1\n"
    header = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    result = compiled(tmp_path, {"frequencies.txt": header + rows})
    assert [(trip.feed_id, trip.start_s, trip.approximate) for trip in result.trips] == [
        ("T1@06:00:00", 21_600, True),
        ("T1@06:20:00", 22_800, True),
        ("T1@06:40:00", 24_000, True),
        ("T2@23:30:00", 84_600, False),
        ("T2@24:00:00", 86_400, False),
    ]
    assert (result.counts.trips, result.counts.departures, result.counts.frequencies) == (2, 5, 2)
    assert {trip.pattern for trip in result.trips} == {0}


def test_headways_that_meet_do_not_overlap(tmp_path: Path) -> None:
    header = "trip_id,start_time,end_time,headway_secs\n"
    rows = "T1,08:00:00,10:00:00,3600\nT1,06:00:00,08:00:00,3600\n"
    result = compiled(tmp_path, {"frequencies.txt": header + rows})
    starts = [trip.start_s for trip in result.trips if trip.feed_id.startswith("T1@")]
    assert starts == [21_600, 25_200, 28_800, 32_400]
    assert all(trip.approximate for trip in result.trips if trip.feed_id.startswith("T1@"))


def test_a_calendar_keeps_its_weekdays_span_and_exceptions(tmp_path: Path) -> None:
    rows = CALENDAR + "D,1,0,0,0,0,1,1,20260101,20261231\n"
    dates = "service_id,date,exception_type\nD,20260106,1\nD,20260105,2\nX,20191230,1\nX,20200102,1\n"
    daily, extra = compiled(tmp_path, {"calendar.txt": rows, "calendar_dates.txt": dates}).services
    assert daily.weekdays == 0b1100001
    assert (daily.start_day, daily.end_day) == (2192, 2556)
    assert (daily.added, daily.removed) == ((2197,), (2196,))
    assert (extra.feed_id, extra.weekdays, extra.start_day, extra.end_day) == ("X", 0, -2, 1)
    assert extra.added == (-2, 1)


@pytest.mark.parametrize("absent", ["calendar.txt", "calendar_dates.txt"])
def test_one_of_the_two_calendar_files_is_enough(tmp_path: Path, absent: str) -> None:
    files = {"calendar_dates.txt": "service_id,date,exception_type\nD,20260106,1\n", absent: None}
    assert [service.feed_id for service in compiled(tmp_path, files).services] == ["D"]


def test_empty_optional_tables_are_fine(tmp_path: Path) -> None:
    files = {
        "calendar_dates.txt": "service_id,date,exception_type\n",
        "transfers.txt": "from_stop_id,to_stop_id,transfer_type\n",
        "frequencies.txt": "trip_id,start_time,end_time,headway_secs\n",
    }
    assert compiled(tmp_path, files).counts.departures == 2


def test_a_service_without_any_day_is_noted(tmp_path: Path) -> None:
    rows = CALENDAR + "D,0,0,0,0,0,0,0,20260101,20261231\n"
    notes = compiled(tmp_path, {"calendar.txt": rows}).notes
    assert [(note.code, note.value) for note in notes] == [("service_without_days", "D")]


def test_agencies_in_several_time_zones_are_kept_apart(tmp_path: Path) -> None:
    agencies = SOUND["agency.txt"] + "B,乙渡轮,,Asia/Tokyo,ja\n"
    routes = SOUND["routes.txt"] + "F,B,,海线,4\n"
    result = compiled(tmp_path, {"agency.txt": agencies, "routes.txt": routes})
    assert [(agency.feed_id, agency.timezone) for agency in result.agencies] == [
        ("A", "Asia/Shanghai"),
        ("B", "Asia/Tokyo"),
    ]
    assert [route.agency for route in result.routes] == ["B", "A"]


def test_a_ferry_needs_no_short_name(tmp_path: Path) -> None:
    routes = "route_id,agency_id,route_short_name,route_long_name,route_type\nR,A,,码头—岛,4\n"
    route = compiled(tmp_path, {"routes.txt": routes}).routes[0]
    assert (dict(route.short_names), dict(route.long_names)) == ({}, {"zh-Hans": "码头—岛"})


def test_the_only_agency_may_have_no_id(tmp_path: Path) -> None:
    agencies = "agency_name,agency_url,agency_timezone\n甲客运,,Asia/Shanghai\n"
    routes = "route_id,route_short_name,route_type\nR,1,3\n"
    result = compiled(tmp_path, {"agency.txt": agencies, "routes.txt": routes})
    assert (result.agencies[0].feed_id, result.routes[0].agency) == ("agency", "agency")


def test_stations_are_kept_and_entrances_are_not(tmp_path: Path) -> None:
    header = "stop_id,stop_name,stop_lat,stop_lon,zone_id,location_type,parent_station\n"
    rows = "S1,甲,23,112,Z1,0,P\nS2,乙,23,112,Z2,,\nS3,丙,23,112,Z3,0,\nP,站,23,112,,1,\nE,门,23,112,,2,P\nN,,,,,3,P\n"
    result = compiled(tmp_path, {"stops.txt": header + rows})
    assert [(stop.feed_id, stop.location_type, stop.parent) for stop in result.stops] == [
        ("P", 1, None),
        ("S1", 0, "P"),
        ("S2", 0, None),
        ("S3", 0, None),
    ]
    assert result.counts.stops == 6


def test_places_are_whole_millionths_of_a_degree(tmp_path: Path) -> None:
    stops = SOUND["stops.txt"].replace("23.06,112.47", "-0.0000014,-179.99999949")
    stop = compiled(tmp_path, {"stops.txt": stops}).stops[0]
    assert (stop.lat_e6, stop.lon_e6) == (-1, -179_999_999)


def test_pickup_and_drop_off_types_are_part_of_the_pattern(tmp_path: Path) -> None:
    times = SOUND["stop_times.txt"].replace("stop_sequence\n", "stop_sequence,pickup_type,drop_off_type\n")
    lines = [line + (",,1" if ",S1," in line else ",0,3") for line in times.splitlines()[1:]]
    result = compiled(tmp_path, {"stop_times.txt": times.splitlines()[0] + "\n" + "\n".join(lines)})
    assert (result.patterns[0].pickups, result.patterns[0].drop_offs) == ((0, 0, 0), (1, 3, 3))


def test_a_trip_with_one_stop_is_left_out_and_noted(tmp_path: Path) -> None:
    trips = SOUND["trips.txt"] + "R,D,T3,,\nR,D,T4,,\n"
    times = SOUND["stop_times.txt"] + "T3,08:00:00,08:00:00,S1,1\n"
    result = compiled(tmp_path, {"trips.txt": trips, "stop_times.txt": times})
    assert [trip.feed_id for trip in result.trips] == ["T1", "T2"]
    assert [(note.line, note.value, note.code) for note in result.notes] == [
        (4, "T3", "trip_unusable"),
        (5, "T4", "trip_unusable"),
    ]


def test_columns_and_files_that_gtfs_does_not_know_are_left_alone(tmp_path: Path) -> None:
    stops = SOUND["stops.txt"].replace("zone_id\n", "zone_id,mood\n").replace("Z1\n", "Z1,good\n")
    stops = stops.replace("Z2\n", "Z2,\n").replace("Z3\n", "Z3,\n")
    result = compiled(tmp_path, {"stops.txt": stops, "frequency.txt": "what\n", "LICENSE": "free"})
    assert [(note.file, note.code) for note in result.notes] == [("frequency.txt", "file_unknown")]


def test_spaces_around_values_do_not_matter(tmp_path: Path) -> None:
    times = SOUND["stop_times.txt"].replace("T1,08:30:00,08:35:00,S2,2", " T1 , 08:30:00,08:35:00 , S2, 2 ")
    result = compiled(tmp_path, {"stop_times.txt": times.replace("trip_id,", " trip_id ,")})
    assert result.patterns == compiled(tmp_path / "plain").patterns


@pytest.mark.parametrize("end", ["\r\n", "\r", "\r\r\n"])
def test_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    files = {name: text.replace("\n", end) for name, text in SOUND.items()}
    assert compiled(tmp_path / "a", files).trips == compiled(tmp_path / "b").trips


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    files = {name: b"\xef\xbb\xbf" + text.encode() for name, text in SOUND.items()}
    assert compiled(tmp_path, files).counts.departures == 2


def test_progress_is_told_by_stage_up_to_the_end(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    compile_feed(feed(tmp_path), lambda stage, done, total: seen.update({stage: (done, total)}))
    assert seen["stop_times.txt"] == (len(SOUND["stop_times.txt"].encode()),) * 2
    assert seen["trips"] == (2, 2)


def test_equal_headsigns_are_one_object(tmp_path: Path) -> None:
    first, second = compiled(tmp_path).trips
    assert isinstance(first, Trip) and first.headsigns is second.headsigns
