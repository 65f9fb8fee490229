"""A bad feed is refused whole, with the place of every error."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.domains.timetable.gtfs import FeedRejected, compile_feed
from cloud.domains.timetable.gtfs.errors import KEPT_ERRORS
from cloud.domains.timetable.gtfs.messages import MESSAGES
from tests.domains.timetable.gtfs_feeds import SOUND, Place, feed, rejected

FREQUENCIES = "trip_id,start_time,end_time,headway_secs,exact_times\n"
DATES = "service_id,date,exception_type\n"
TRANSLATIONS = "table_name,field_name,language,translation,record_id,field_value\n"
STATIONS = "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
THREE_STOPS = "S1,a,1,1,0,\nS2,b,1,1,0,\nS3,c,1,1,0,\n"

REPLACED: list[tuple[str, str, str, Place]] = [
    # one value of the sound feed replaced by a bad one
    ("agency.txt", "Asia/Shanghai", "Asia/Kanton", ("agency.txt", 2, "agency_timezone", "Asia/Kanton", "bad_timezone")),
    ("agency.txt", "Asia/Shanghai", "../x", ("agency.txt", 2, "agency_timezone", "../x", "bad_timezone")),
    ("agency.txt", "甲客运", "", ("agency.txt", 2, "agency_name", "", "empty_value")),
    ("stops.txt", "23.10", "90.1", ("stops.txt", 3, "stop_lat", "90.1", "bad_latitude")),
    ("stops.txt", "23.10", "23,10", ("stops.txt", 3, "", "S2,中间,23,10,112.60,Z2", "row_length")),
    ("stops.txt", "112.60", "-180.5", ("stops.txt", 3, "stop_lon", "-180.5", "bad_longitude")),
    ("stops.txt", "112.60", "nan", ("stops.txt", 3, "stop_lon", "nan", "bad_longitude")),
    ("stops.txt", "112.60", "", ("stops.txt", 3, "stop_lon", "", "empty_value")),
    ("stops.txt", "S3,终点", "S2,终点", ("stops.txt", 4, "stop_id", "S2", "duplicate_id")),
    ("stops.txt", "中间", "", ("stops.txt", 3, "stop_name", "", "empty_value")),
    ("routes.txt", "R,A", "R,B", ("routes.txt", 2, "agency_id", "B", "dangling")),
    ("routes.txt", ",3\n", ",bus\n", ("routes.txt", 2, "route_type", "bus", "bad_number")),
    ("routes.txt", ",3\n", ",\n", ("routes.txt", 2, "route_type", "", "empty_value")),
    ("routes.txt", "1,起点—终点", ",", ("routes.txt", 2, "route_long_name", "", "nameless_route")),
    ("calendar.txt", "20260101", "20260230", ("calendar.txt", 2, "start_date", "20260230", "bad_date")),
    ("calendar.txt", "20260101", "2026-1-1", ("calendar.txt", 2, "start_date", "2026-1-1", "bad_date")),
    ("calendar.txt", "20261231", "20251231", ("calendar.txt", 2, "end_date", "20251231", "date_order")),
    ("calendar.txt", "D,1", "D,2", ("calendar.txt", 2, "monday", "2", "bad_choice")),
    ("calendar.txt", "D,1", "D,", ("calendar.txt", 2, "monday", "", "empty_value")),
    ("trips.txt", "R,D,T1", "Q,D,T1", ("trips.txt", 2, "route_id", "Q", "dangling")),
    ("trips.txt", "R,D,T1", "R,E,T1", ("trips.txt", 2, "service_id", "E", "dangling")),
    ("trips.txt", "终点,0\nR", "终点,2\nR", ("trips.txt", 2, "direction_id", "2", "bad_choice")),
    ("stop_times.txt", "T1,08:30:00", "T9,08:30:00", ("stop_times.txt", 3, "trip_id", "T9", "dangling")),
    ("stop_times.txt", "08:35:00,S2", "08:35:00,S9", ("stop_times.txt", 3, "stop_id", "S9", "dangling")),
    ("stop_times.txt", "08:35:00", "8h35", ("stop_times.txt", 3, "departure_time", "8h35", "bad_time")),
    ("stop_times.txt", "08:35:00", "08:60:00", ("stop_times.txt", 3, "departure_time", "08:60:00", "bad_time")),
    ("stop_times.txt", "08:35:00", "999:00:00", ("stop_times.txt", 3, "departure_time", "999:00:00", "bad_time")),
    ("stop_times.txt", "08:35:00", "08:29:59", ("stop_times.txt", 3, "departure_time", "08:29:59", "time_order")),
    ("stop_times.txt", "09:10:00,", "08:34:00,", ("stop_times.txt", 4, "arrival_time", "08:34:00", "time_order")),
    ("stop_times.txt", "08:35:00", "", ("stop_times.txt", 3, "departure_time", "", "half_time")),
    ("stop_times.txt", "08:00:00,08:00:00", ",08:00:00", ("stop_times.txt", 2, "arrival_time", "", "missing_time")),
    ("stop_times.txt", "S2,2\nT1", "S2,1\nT1", ("stop_times.txt", 3, "stop_sequence", "1", "duplicate_sequence")),
    ("stop_times.txt", "S2,2\nT1", "S2,-2\nT1", ("stop_times.txt", 3, "stop_sequence", "-2", "bad_number")),
    ("stop_times.txt", "S2,2\nT1", "S2,2.5\nT1", ("stop_times.txt", 3, "stop_sequence", "2.5", "bad_number")),
    ("stop_times.txt", "S2,2\nT1", "S2,\nT1", ("stop_times.txt", 3, "stop_sequence", "", "empty_value")),
    ("stop_times.txt", "S2,2\nT1", "S2\nT1", ("stop_times.txt", 3, "", "T1,08:30:00,08:35:00,S2", "row_length")),
    ("fare_attributes.txt", "12.50", "-1", ("fare_attributes.txt", 2, "price", "-1", "negative_price")),
    ("fare_attributes.txt", "12.50", "￥12", ("fare_attributes.txt", 2, "price", "￥12", "bad_price")),
    ("fare_attributes.txt", "12.50", "１２", ("fare_attributes.txt", 2, "price", "１２", "bad_price")),
    ("fare_attributes.txt", "12.50", "12.505", ("fare_attributes.txt", 2, "price", "12.505", "price_decimals")),
    ("fare_attributes.txt", "12.50", "1e3", ("fare_attributes.txt", 2, "price", "1e3", "bad_price")),
    ("fare_attributes.txt", "12.50", "", ("fare_attributes.txt", 2, "price", "", "empty_value")),
    ("fare_attributes.txt", "CNY", "RMB", ("fare_attributes.txt", 2, "currency_type", "RMB", "bad_currency")),
    ("fare_rules.txt", "F,R", "G,R", ("fare_rules.txt", 2, "fare_id", "G", "dangling")),
    ("fare_rules.txt", "F,R,,", "F,Q,,", ("fare_rules.txt", 2, "route_id", "Q", "dangling")),
    ("fare_rules.txt", "F,R,,", "F,R,Z9,", ("fare_rules.txt", 2, "origin_id", "Z9", "dangling")),
]  # fmt: skip

ADDED: list[tuple[str, str, list[Place]]] = [
    # a whole file put in
    ("frequencies.txt", FREQUENCIES + "T1,06:00:00,07:00:00,0,0\n",
     [("frequencies.txt", 2, "headway_secs", "0", "headway_zero")]),
    ("frequencies.txt", FREQUENCIES + "T1,07:00:00,06:00:00,600,0\n",
     [("frequencies.txt", 2, "end_time", "06:00:00", "window_order")]),
    ("frequencies.txt", FREQUENCIES + "T1,06:00:00,07:00:00,600,0\nT1,06:59:59,08:00:00,600,0\n",
     [("frequencies.txt", 3, "start_time", "T1", "frequency_overlap")]),
    ("frequencies.txt", FREQUENCIES + "T9,06:00:00,07:00:00,-5,2\n",
     [("frequencies.txt", 2, "exact_times", "2", "bad_choice"),
      ("frequencies.txt", 2, "headway_secs", "-5", "bad_number"),
      ("frequencies.txt", 2, "trip_id", "T9", "dangling")]),
    ("calendar_dates.txt", DATES + "D,20260101,3\nD,20260102,1\nD,20260102,2\nD,,1\n",
     [("calendar_dates.txt", 2, "exception_type", "3", "bad_choice"),
      ("calendar_dates.txt", 4, "date", "20260102", "duplicate_id"),
      ("calendar_dates.txt", 5, "date", "", "empty_value")]),
    ("translations.txt",
     TRANSLATIONS + "stops,stop_name,en,x,S9,\nstops,stop_name,en,x,S1,起点\nstops,stop_name,,x,S1,\n",
     [("translations.txt", 2, "record_id", "S9", "dangling"),
      ("translations.txt", 3, "record_id", "S1", "translation_key"),
      ("translations.txt", 4, "language", "", "empty_value")]),
    ("translations.txt", "trans_id,lang,translation\nx,en,y\n",
     [("translations.txt", 1, "field_name", "", "missing_column"),
      ("translations.txt", 1, "language", "", "missing_column"),
      ("translations.txt", 1, "table_name", "", "missing_column")]),
    ("stops.txt", STATIONS + THREE_STOPS + "P,p,1,1,1,P\nE,e,1,1,2,\nB,,,,4,P\nX,x,1,1,0,Q\n",
     [("stops.txt", 5, "parent_station", "P", "bad_parent"),
      ("stops.txt", 6, "parent_station", "", "empty_value"),
      ("stops.txt", 7, "parent_station", "P", "bad_parent"),
      ("stops.txt", 8, "parent_station", "Q", "dangling")]),
    ("stops.txt", STATIONS + THREE_STOPS.replace("S2,b,1,1,0", "S2,b,1,1,1"),
     [("stop_times.txt", 3, "stop_id", "S2", "not_boardable"),
      ("stop_times.txt", 6, "stop_id", "S2", "not_boardable")]),
    ("stops.txt", STATIONS + THREE_STOPS.replace("S2,b,1,1,0", "S2,b,1,1,7"),
     [("stops.txt", 3, "location_type", "7", "bad_choice")]),
    ("routes.txt", "route_id,route_short_name,route_short_name,route_type\nR,1,2,3\n",
     [("routes.txt", 1, "route_short_name", "", "duplicate_column")]),
    ("routes.txt", "route_id,route_short_name\nR,1\n", [("routes.txt", 1, "route_type", "", "missing_column")]),
    ("routes.txt", "route_id,route_short_name,route_type\n", [("routes.txt", 0, "", "", "no_rows")]),
    ("routes.txt", "", [("routes.txt", 0, "", "", "empty_file")]),
    ("routes.txt", 'route_id,route_short_name,route_type\nR,"1"x,3\n', [("routes.txt", 2, "", "", "bad_csv")]),
    ("routes.txt", 'route_id,route_short_name,route_type\nR,"1,3\n', [("routes.txt", 2, "", "", "bad_csv")]),
    ("agency.txt", SOUND["agency.txt"] + ",乙,,Asia/Tokyo,\n", [("agency.txt", 3, "agency_id", "", "empty_value")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "place"), REPLACED, ids=[case[3][4] + "-" + case[2] for case in REPLACED]
)
def test_a_bad_value_is_named_with_its_place(tmp_path: Path, file: str, old: str, new: str, place: Place) -> None:
    assert old in SOUND[file]
    assert place in rejected(tmp_path, {file: SOUND[file].replace(old, new, 1)})


@pytest.mark.parametrize(("file", "content", "places"), ADDED)
def test_every_error_of_a_bad_file_is_listed(tmp_path: Path, file: str, content: str, places: list[Place]) -> None:
    found = rejected(tmp_path, {file: content})
    of_these = {(place[0], place[4]) for place in places}
    assert [place for place in found if (place[0], place[4]) in of_these] == places


@pytest.mark.parametrize("file", ["agency.txt", "stops.txt", "routes.txt", "trips.txt", "stop_times.txt"])
def test_a_required_file_that_is_missing_is_the_only_error(tmp_path: Path, file: str) -> None:
    """What refers to it is not reported row by row as well."""
    assert rejected(tmp_path, {file: None}) == [(file, 0, "", "", "missing_file")]


def test_a_feed_without_any_calendar_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeedRejected) as caught:
        compile_feed(feed(tmp_path, {"calendar.txt": None}))
    assert [(error.file, error.code) for error in caught.value.errors] == [("calendar.txt", "missing_file")]
    assert "calendar_dates.txt" in caught.value.errors[0].message


def test_several_agencies_need_ids_and_routes_that_name_them(tmp_path: Path) -> None:
    agencies = SOUND["agency.txt"] + "B,乙,,Asia/Tokyo,\n"
    routes = "route_id,route_short_name,route_type\nR,1,3\n"
    assert rejected(tmp_path, {"agency.txt": agencies, "routes.txt": routes}) == [
        ("routes.txt", 2, "agency_id", "", "empty_value")
    ]


def test_errors_of_all_files_come_in_one_answer(tmp_path: Path) -> None:
    files = {
        "stops.txt": SOUND["stops.txt"].replace("23.10", "x"),
        "calendar.txt": SOUND["calendar.txt"].replace("20260101", "x"),
        "fare_attributes.txt": SOUND["fare_attributes.txt"].replace("CNY", "x"),
        "stop_times.txt": SOUND["stop_times.txt"].replace("10:00:00", "x"),
    }
    assert [(place[0], place[1]) for place in rejected(tmp_path, files)] == [
        ("calendar.txt", 2),
        ("fare_attributes.txt", 2),
        ("stop_times.txt", 5),
        ("stop_times.txt", 5),
        ("stops.txt", 3),
    ]


def test_a_thousand_errors_are_kept_and_all_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"T1,08:00:00,08:00:00,S{n},{n}\n" for n in range(10, 3000))
    with pytest.raises(FeedRejected) as caught:
        compile_feed(feed(tmp_path, {"stop_times.txt": SOUND["stop_times.txt"] + rows}))
    assert (len(caught.value.errors), caught.value.total) == (KEPT_ERRORS, 2990)


def test_a_long_value_is_shown_short(tmp_path: Path) -> None:
    place = rejected(tmp_path, {"stops.txt": SOUND["stops.txt"].replace("23.10", "9" * 5000)})[0]
    assert place[3] == "9" * 120 + "…"


def test_an_id_has_a_bound(tmp_path: Path) -> None:
    place = rejected(tmp_path, {"routes.txt": SOUND["routes.txt"].replace("R,A", "R" * 201 + ",A")})[0]
    assert place[4] in {"dangling", "id_too_long"}


def test_headways_cannot_make_the_hub_count_for_ever(tmp_path: Path) -> None:
    trips = SOUND["trips.txt"] + "".join(f"R,D,X{n},,\n" for n in range(24))
    rows = "".join(f"X{n},00:00:00,24:00:00,1,0\n" for n in range(24))
    places = rejected(tmp_path, {"trips.txt": trips, "frequencies.txt": FREQUENCIES + rows})
    assert [place[4] for place in places] == ["departures_too_many"]


def test_a_departure_of_a_headway_does_not_take_the_id_of_a_trip(tmp_path: Path) -> None:
    files = {name: SOUND[name].replace("T2", "T1@06:00:00") for name in ("trips.txt", "stop_times.txt")}
    rows = FREQUENCIES + "T1,06:00:00,07:00:00,600,0\n"
    assert rejected(tmp_path, {**files, "frequencies.txt": rows}) == [
        ("frequencies.txt", 2, "trip_id", "T1@06:00:00", "duplicate_id")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (SOUND["stops.txt"].encode().replace("中间".encode(), "中间".encode("gbk")), "bad_utf8"),
        (SOUND["stops.txt"].encode().replace("中间".encode(), b"a\0b"), "nul_byte"),
    ],
)
def test_bytes_that_are_not_text_are_named_by_field(tmp_path: Path, content: bytes, code: str) -> None:
    place = rejected(tmp_path, {"stops.txt": content})[0]
    assert (place[0], place[1], place[2], place[4]) == ("stops.txt", 3, "stop_name", code)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_recognised_with_and_without_its_mark(tmp_path: Path, encoding: str) -> None:
    content = SOUND["stops.txt"].encode(encoding)
    assert rejected(tmp_path, {"stops.txt": content}) == [("stops.txt", 0, "", "", "utf16")]


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    content = SOUND["stops.txt"].encode() + b"x" * 3_000_000
    assert ("stops.txt", 5, "", "", "line_too_long") in rejected(tmp_path, {"stops.txt": content})


def test_every_message_says_more_than_its_code() -> None:
    assert [text for text in MESSAGES.values() if not text.endswith(".") or len(text) < 25] == []
