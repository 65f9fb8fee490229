"""What leaves from a place: destinations, rides, departures, days, names."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from sync.domains.timetable.operations import Agency, Pattern, Route, Service, Stop, Transfer, Trip
from sync.kernel.errors import Refusal
from sync.kernel.operations import Profile
from tests.support.nodes import COACH_TRIP, FERRY_TRIP, LATE_TRIP, NOON_MS, TODAY, Bench, make_bench, names

HOUR_MS = 3_600_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def place(bench: Bench, *stop_nos: int) -> None:
    body = Profile(7, "station", names("端州", "端州", "Duanzhou"), stop_nos).to_bytes()
    bench.operate("node/7", "profile", body)


def trip(bench: Bench, trip_no: int, **changes: Any) -> None:
    body = bench.node.database.read().execute("SELECT body FROM trip WHERE trip_no = ?", (COACH_TRIP,)).fetchone()[0]
    bench.operate("operator/1", f"trip/{trip_no}", dataclasses.replace(Trip.from_bytes(body), **changes).to_bytes())


def pattern(bench: Bench, **changes: Any) -> None:
    body = bench.node.database.read().execute("SELECT body FROM pattern WHERE pattern_no = 1").fetchone()[0]
    bench.operate("operator/1", "pattern/1", dataclasses.replace(Pattern.from_bytes(body), **changes).to_bytes())


def ride_nos(bench: Bench, to_stop_no: int = 5, day: int = TODAY, **more: int) -> list[int]:
    return [ride.trip_no for ride in bench.node.timetable.rides(to_stop_no, day, **more)]


def destinations(bench: Bench, text: str = "") -> list[str]:
    return [stop.names["en"] for stop in bench.node.timetable.destinations(text)]


def test_a_ride_says_when_where_and_for_how_much(bench: Bench) -> None:
    ride = bench.node.timetable.ride(COACH_TRIP, TODAY, 1, 3)
    assert (ride.departs_text, ride.arrives_text) == ("15:21", "16:20")
    assert (ride.departs_ms, ride.arrives_ms) == (NOON_MS + 201 * 60_000, NOON_MS + 260 * 60_000)
    assert (ride.from_stop.names["en"], ride.to_stop.names["zh-Hans"]) == ("Dinghu", "南海")
    assert (ride.price_minor, ride.currency, ride.seat_kind, ride.zone) == (2200, "CNY", "reserved", "Asia/Shanghai")


def test_destinations_are_what_can_be_reached_with_a_ticket(bench: Bench) -> None:
    assert destinations(bench) == ["Dinghu", "Guangzhou", "Guishan Island", "Nanhai", "Sanshui"]
    pattern(bench, fares=(None, 1500, None, 3000, 1200, 2200, 2800, 1000, 1800, 900))
    assert destinations(bench) == ["Guangzhou", "Guishan Island", "Sanshui"]
    pattern(bench, drop_off=(True, True, True, True, False))
    assert "Guangzhou" not in destinations(bench)


def test_a_route_that_is_not_for_sale_reaches_nothing(bench: Bench) -> None:
    body = bench.node.database.read().execute("SELECT body FROM route WHERE route_no = 2").fetchone()[0]
    bench.operate("operator/1", "route/2", dataclasses.replace(Route.from_bytes(body), for_sale=False).to_bytes())
    assert "Guishan Island" not in destinations(bench)


@pytest.mark.parametrize("text", ["gua", "GUANGZHOU", " 广州 ", "廣", "州"])
def test_destinations_are_found_in_any_language(bench: Bench, text: str) -> None:
    assert "Guangzhou" in destinations(bench, text)


@pytest.mark.parametrize("text", ["%", "_", "'", "\\", "\x00", "zzz", "\ud800"])
def test_an_odd_search_finds_nothing_and_breaks_nothing(bench: Bench, text: str) -> None:
    assert destinations(bench, text) == []


def test_rides_come_by_departure_and_those_gone_are_left_out(bench: Bench) -> None:
    trip(bench, 201, start_s=14 * 3600)
    assert ride_nos(bench) == [201, COACH_TRIP, LATE_TRIP]
    bench.clock.pass_ms(2 * HOUR_MS)
    assert ride_nos(bench) == [COACH_TRIP, LATE_TRIP]
    bench.clock.pass_ms(10 * HOUR_MS + 300_000)  # five past midnight, the late one leaves at 24:10
    assert ride_nos(bench) == [LATE_TRIP]
    bench.clock.pass_ms(300_000)
    assert ride_nos(bench) == []


def test_the_night_bus_of_the_evening_before_can_be_booked_after_midnight(bench: Bench) -> None:
    """Its service date is yesterday's, and it has not left yet."""
    bench.clock.pass_ms(12 * HOUR_MS + 300_000)
    assert bench.node.timetable.today() == TODAY + 1
    found = [
        ride.trip_no for day in bench.node.timetable.bookable_days() for ride in bench.node.timetable.rides(5, day)
    ]
    assert found[0] == LATE_TRIP


def test_bookable_days_are_a_week_from_today(bench: Bench) -> None:
    assert bench.node.timetable.bookable_days()[-7:] == list(range(TODAY, TODAY + 7))


def test_a_calendar_and_its_exceptions_are_kept(bench: Bench) -> None:
    weekday = 1 << 0  # 2026-11-23 is a Monday
    bench.operate("net", "service/1", Service(weekday, TODAY, TODAY + 21, (TODAY + 3,), (TODAY + 7,)).to_bytes())
    runs = [day - TODAY for day in range(TODAY - 7, TODAY + 30) if ride_nos(bench, day=day)]
    assert runs == [0, 3, 14, 21]


def test_a_trip_that_a_newer_feed_replaced_runs_on_the_days_left_to_it(bench: Bench) -> None:
    trip(bench, COACH_TRIP, only_days=(TODAY + 1,))
    trip(bench, 202, only_days=None, except_days=(TODAY + 1,))
    assert [ride_nos(bench, day=day)[0] for day in (TODAY, TODAY + 1, TODAY + 2)] == [202, COACH_TRIP, 202]


def test_a_stop_that_is_called_at_twice_is_left_from_twice(bench: Bench) -> None:
    """A round trip: 1 2 3 1 5. From stop 1 to 5 there are two rides, and none from 1 to 1."""
    pattern(bench, stop_nos=(1, 2, 3, 1, 5))
    trip(bench, LATE_TRIP, except_days=(TODAY,))
    rides = bench.node.timetable.rides(5, TODAY)
    assert [(ride.from_idx, ride.to_idx) for ride in rides if ride.trip_no == COACH_TRIP] == [(0, 4), (3, 4)]
    assert "Duanzhou" not in destinations(bench)


def test_platforms_of_a_station_count_as_the_station(bench: Bench) -> None:
    bench.operate("net", "stop/50", Stop("P", names("站", "站", "Big Station"), None, None, None).to_bytes())
    for number, name in ((1, "Duanzhou"), (2, "Dinghu")):
        bench.operate("net", f"stop/{number}", Stop("S", names(name, name, name), None, None, 50).to_bytes())
    place(bench, 50)
    assert ride_nos(bench) == [COACH_TRIP, COACH_TRIP, LATE_TRIP, LATE_TRIP]
    place(bench, 3)
    assert ride_nos(bench, from_stop_no=50) == [COACH_TRIP, COACH_TRIP, LATE_TRIP, LATE_TRIP]
    pattern(bench, stop_nos=(5, 4, 3, 2, 1))
    assert COACH_TRIP in ride_nos(bench, to_stop_no=50)


def test_a_box_without_a_place_shows_nothing_and_breaks_nothing(bench: Bench) -> None:
    bench.operate("node/7", "profile", None)
    timetable = bench.node.timetable
    assert (timetable.place(), timetable.destinations(), timetable.rides(5, TODAY)) == (None, [], [])
    assert timetable.departures(TODAY) == []
    assert timetable.today() == TODAY


def test_a_place_with_a_stop_that_is_not_known_shows_the_others(bench: Bench) -> None:
    place(bench, 1, 999)
    found = bench.node.timetable.place()
    assert found is not None
    assert [stop.stop_no for stop in found.stops] == [1]


def test_departures_are_those_of_the_last_hour_and_later(bench: Bench) -> None:
    assert [ride.trip_no for ride in bench.node.timetable.departures(TODAY)] == [COACH_TRIP, FERRY_TRIP, LATE_TRIP]
    assert len(bench.node.timetable.departures(TODAY, limit=2)) == 2
    bench.clock.pass_ms(4 * HOUR_MS - 1)
    assert next(ride.trip_no for ride in bench.node.timetable.departures(TODAY)) == COACH_TRIP
    bench.clock.pass_ms(1)
    assert next(ride.trip_no for ride in bench.node.timetable.departures(TODAY)) == FERRY_TRIP


def test_a_trip_lists_its_calls(bench: Bench) -> None:
    found = bench.node.timetable.trip(LATE_TRIP, TODAY)
    assert [call.departs_text for call in found.calls] == ["24:10", "24:31", "25:01", "25:31", "26:00"]
    assert [call.stop.stop_no for call in found.calls] == [1, 2, 3, 4, 5]
    assert found.agency_names["en"] == "Lingxi Coaches"
    with pytest.raises(Refusal, match="not_running"):
        bench.node.timetable.trip(LATE_TRIP, TODAY + 401)


def test_rides_keep_to_local_time_on_the_day_that_clocks_change(bench: Bench) -> None:
    bench.operate("net", "agency/1", Agency("A", names("德", "德", "DE"), "Europe/Berlin", "").to_bytes())
    bench.operate("net", "service/1", Service(127, TODAY - 400, TODAY + 400, (), ()).to_bytes())
    summer = TODAY + 125  # 2027-03-28
    before, after = (bench.node.timetable.ride(COACH_TRIP, day, 0, 4) for day in (summer - 1, summer))
    assert (before.departs_text, after.departs_text) == ("15:00", "15:00")
    assert after.departs_ms - before.departs_ms == 23 * HOUR_MS


@pytest.mark.parametrize(
    "gone", ["pattern/1", "route/1", "service/1", "agency/1", "seatplan/coach-45", "stop/5", "stop/1"]
)
def test_one_missing_record_refuses_its_trips_in_words_and_hides_no_other(bench: Bench, gone: str) -> None:
    """Operations come in any order of streams: a pattern may be here before its stops are."""
    stream = "operator/1" if gone.split("/")[0] in ("pattern", "route") else "net"
    bench.operate(stream, gone, None)
    with pytest.raises(Refusal):
        bench.node.timetable.ride(COACH_TRIP, TODAY, 0, 4)
    assert COACH_TRIP not in ride_nos(bench)
    assert COACH_TRIP not in [ride.trip_no for ride in bench.node.timetable.departures(TODAY)]
    if gone in ("pattern/1", "route/1", "seatplan/coach-45", "stop/5"):
        assert ride_nos(bench, to_stop_no=6) == [FERRY_TRIP]
    assert "Guangzhou" not in destinations(bench) or gone not in ("pattern/1", "route/1", "stop/5")


def shuttle(bench: Bench, starts_s: int = 17 * 3600 + 1800) -> None:
    """A village bus of another operator from Guangzhou to stop 7."""
    bench.operate("net", "agency/2", Agency("B", names("乡", "鄉", "B"), "Asia/Shanghai", "").to_bytes())
    bench.operate(
        "net", "stop/7", Stop("S7", names("渔村", "漁村", "Village"), 23_200_000, 113_400_000, None).to_bytes()
    )
    route = Route(2, "R3", names("乡1", "鄉1", "V1"), {}, 3, "CNY", "ferry", True)
    bench.operate("operator/2", "route/3", route.to_bytes())
    bench.operate("operator/2", "pattern/3", Pattern(3, 0, (5, 7), (0, 900), (0, 900), (True, True), (True, True),
                                                     (200,)).to_bytes())  # fmt: skip
    bench.operate("operator/2", "trip/301", Trip(3, 1, starts_s, False, {}, "V").to_bytes())


def test_a_way_leads_over_two_operators_with_its_price_and_its_change(bench: Bench) -> None:
    shuttle(bench)
    (way,) = bench.node.journeys.find(7, TODAY)
    assert [ride.trip_no for ride in way.rides] == [COACH_TRIP, 301]
    assert (way.price_minor, way.currency, way.change_minutes) == (3200, "CNY", (5,))
    assert way.departs_ms == NOON_MS + 3 * HOUR_MS and way.arrives_ms == NOON_MS + 5 * HOUR_MS + 45 * 60_000
    assert [way.price_minor for way in bench.node.journeys.find(7, TODAY, from_stop_no=5)] == [200]


def test_what_has_left_and_what_is_not_known_is_not_offered(bench: Bench) -> None:
    shuttle(bench)
    bench.clock.pass_ms(3 * HOUR_MS + 1)
    assert bench.node.journeys.find(7, TODAY) == []
    assert len(bench.node.journeys.find(7, TODAY + 1)) == 1
    assert bench.node.journeys.find(7, TODAY + 1, after_ms=NOON_MS + 28 * HOUR_MS) == []
    assert bench.node.journeys.find(1, TODAY) == [], "one is there already"
    for stop_no, day, code in ((99, TODAY, "no_such_stop"), (7, TODAY + 40, "not_bookable")):
        with pytest.raises(Refusal, match=code):
            bench.node.journeys.find(stop_no, day)


def test_a_way_follows_the_timetable_when_the_hub_changes_it(bench: Bench) -> None:
    shuttle(bench, starts_s=16 * 3600)
    assert bench.node.journeys.find(7, TODAY) == []
    bench.operate("operator/2", "trip/301", Trip(3, 1, 18 * 3600, False, {}, "V").to_bytes())
    assert len(bench.node.journeys.find(7, TODAY)) == 1
    bench.operate("net", "transfer/1", Transfer(5, 5, None).to_bytes())
    assert bench.node.journeys.find(7, TODAY) == []
    bench.operate("net", "transfer/1", None)
    assert len(bench.node.journeys.find(7, TODAY)) == 1
    bench.operate("operator/2", "trip/301", None)
    assert bench.node.journeys.find(7, TODAY) == []


def test_stops_anywhere_are_known_by_what_people_type(bench: Bench) -> None:
    shuttle(bench)
    assert [stop.stop_no for stop in bench.node.timetable.known_stops("village")] == [7]
    assert [stop.stop_no for stop in bench.node.timetable.known_stops("gu")] == [5, 6]
    assert bench.node.timetable.known_stops("nowhere") == []
