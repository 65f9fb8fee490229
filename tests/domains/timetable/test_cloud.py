"""Feeds in the hub's timetable: what is new, what stays because it was sold, and what nodes hear of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cloud.domains.timetable import service, tables
from cloud.domains.timetable.gtfs import CompiledFeed, compile_feed
from cloud.domains.timetable.publish import ImportReport, import_feed
from cloud.kernel import streams
from cloud.kernel.database import Database, head_pos
from cloud.kernel.tables import metadata, operation
from sync.domains.timetable import rules
from sync.domains.timetable.operations import Agency, Pattern, Route, SeatPlan, Service, Stop, Trip
from sync.kernel.days import day_of, instant_ms
from sync.kernel.errors import Refusal
from sync.kernel.operations import NET
from tests.domains.timetable.gtfs_feeds import SOUND, compiled
from tests.support.skipping import shared_file

SAMPLE = Path(service.__file__).parent / "sample_feed"
TODAY = day_of(date(2026, 7, 20))
NOW_MS = instant_ms(TODAY, 9 * 3600, "Asia/Shanghai")
RECORDS: dict[str, Any] = {kind.PREFIX: kind for kind in (Agency, Stop, Service, SeatPlan, Route, Pattern, Trip)}
Pins = dict[int, list[int]]


@pytest.fixture
def hub_db(hub_database_url: str) -> Iterator[Database]:
    database = Database(hub_database_url)
    database.migrate()
    yield database
    database.close()


def take(database: Database, feed: CompiledFeed, pins: Pins | None = None, now_ms: int = NOW_MS) -> ImportReport:
    return import_feed(database, feed, now_ms=now_ms, pinned_days=lambda _tx: pins or {}, source="test")


def told(database: Database) -> dict[str, Any]:
    """What a node that holds all streams has after reading them: key → record."""
    found = {}
    with database.read() as tx:
        names = tx.execute(sa.select(operation.c.stream).distinct()).scalars()
        for item in (item for name in names for item in streams.read_all(tx, name)):
            assert item.key not in found, f"{item.key} stands on two streams"
            found[item.key] = RECORDS[item.key.split("/")[0]].from_bytes(item.body or b"")
    return found


def trips_named(database: Database, feed_id: str) -> dict[int, Trip]:
    """Published trips of one feed id by number."""
    trips = {int(key[5:]): record for key, record in told(database).items() if key.startswith("trip/")}
    return {number: trip for number, trip in trips.items() if trip.feed_id == feed_id}


def everything(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with database.read() as tx:
        return {table.name: sorted(map(repr, tx.execute(sa.select(table)))) for table in metadata.sorted_tables}


def later(folder: Path, **changes: str) -> CompiledFeed:
    """The sound feed with other content in some files (``trips`` for trips.txt)."""
    return compiled(folder, {f"{name}.txt": text for name, text in changes.items()})


@pytest.fixture
def first(tmp_path: Path) -> CompiledFeed:
    return compiled(tmp_path / "first")


MOVED = SOUND["stop_times.txt"].replace("T1,08:00:00,08:00:00", "T1,07:50:00,07:50:00")
DEARER = SOUND["fare_attributes.txt"].replace("12.50", "13.00")


def test_what_nodes_hear_is_what_the_feed_says(hub_db: Database) -> None:
    feed = compile_feed(SAMPLE)
    take(hub_db, feed)
    heard = told(hub_db)
    kinds = {kind: [record for key, record in heard.items() if key.split("/")[0] == kind] for kind in RECORDS}
    assert {item.feed_id for item in kinds["stop"]} == {item.feed_id for item in feed.stops}
    assert {item.feed_id for item in kinds["trip"]} == {item.feed_id for item in feed.trips}
    assert len(kinds["pattern"]) == len(feed.patterns) and len(kinds["seatplan"]) == len(feed.seat_plans)
    for trip in feed.trips:
        (number,) = [key for key, record in heard.items() if key.startswith("trip/") and record.feed_id == trip.feed_id]
        record, wanted = heard[number], feed.patterns[trip.pattern]
        pattern = heard[f"pattern/{record.pattern_no}"]
        assert tuple(heard[f"stop/{stop_no}"].feed_id for stop_no in pattern.stop_nos) == wanted.stops
        assert (pattern.fares, pattern.arrivals) == (wanted.fares_minor, wanted.arrivals_s)
        route = heard[f"route/{pattern.route_no}"]
        assert (route.feed_id, record.start_s) == (wanted.route, trip.start_s)
        assert f"agency/{route.agency_no}" in heard and f"seatplan/{route.seat_plan}" in heard
        assert f"service/{record.service_no}" in heard


def test_the_same_feed_again_changes_nothing(hub_db: Database, first: CompiledFeed) -> None:
    report = take(hub_db, first)
    before = everything(hub_db)
    again = take(hub_db, first, now_ms=NOW_MS + 86_400_000)
    assert (again.unchanged, again.import_no, again.operations) == (True, report.import_no, 0)
    assert everything(hub_db) == before


def test_a_new_version_number_alone_publishes_nothing(hub_db: Database, first: CompiledFeed) -> None:
    take(hub_db, first)
    with hub_db.read() as tx:
        before = head_pos(tx)
    report = take(hub_db, replace(first, version="2", content_hash="2"))
    assert (report.unchanged, report.operations, report.import_no) == (False, 0, 2)
    with hub_db.read() as tx:
        assert head_pos(tx) == before


def test_an_unsold_trip_changes_in_place(hub_db: Database, first: CompiledFeed, tmp_path: Path) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    report = take(hub_db, later(tmp_path / "b", stop_times=MOVED))
    ((same, trip),) = trips_named(hub_db, "T1").items()
    assert same == number and trip.start_s == 7 * 3600 + 50 * 60
    assert report.changes["trips"] == {"added": 0, "changed": 1, "withdrawn": 0, "kept": 0}


@pytest.mark.parametrize("change", [{"stop_times": MOVED}, {"fare_attributes": DEARER}])
def test_a_sold_trip_stays_whole_on_its_days(
    hub_db: Database, first: CompiledFeed, tmp_path: Path, change: dict[str, str]
) -> None:
    take(hub_db, first)
    ((number, before),) = trips_named(hub_db, "T1").items()
    sold = [TODAY, TODAY + 2]
    take(hub_db, later(tmp_path / "b", **change), {number: sold})
    trips = trips_named(hub_db, "T1")
    heard = told(hub_db)
    kept = trips.pop(number)
    assert kept == replace(before, only_days=tuple(sold))
    ((fresh, after),) = trips.items()
    assert fresh > number and after.except_days == tuple(sold) and after.pattern_no != before.pattern_no
    for day in range(TODAY - 1, TODAY + 9):
        runs = [rules.trip_runs(trip, heard[f"service/{trip.service_no}"], day) for trip in (kept, after)]
        assert runs == [day in sold, day not in sold]
    assert heard[f"pattern/{kept.pattern_no}"] != heard[f"pattern/{after.pattern_no}"]


def test_a_trip_sold_in_two_versions_keeps_both(hub_db: Database, first: CompiledFeed, tmp_path: Path) -> None:
    take(hub_db, first)
    (one,) = trips_named(hub_db, "T1")
    take(hub_db, later(tmp_path / "b", fare_attributes=DEARER), {one: [TODAY]})
    two = max(trips_named(hub_db, "T1"))
    pins = {one: [TODAY], two: [TODAY + 1]}
    take(hub_db, later(tmp_path / "c", fare_attributes=DEARER.replace("13.00", "14.00")), pins)
    trips = trips_named(hub_db, "T1")
    assert [trips[number].only_days for number in sorted(trips)] == [(TODAY,), (TODAY + 1,), None]
    assert trips[max(trips)].except_days == (TODAY, TODAY + 1)


def test_a_sold_trip_that_is_gone_runs_on_its_days_and_comes_back_beside_it(
    hub_db: Database, first: CompiledFeed, tmp_path: Path
) -> None:
    without = {name: "".join(line for line in SOUND[f"{name}.txt"].splitlines(True) if "T1" not in line)
               for name in ("trips", "stop_times")}  # fmt: skip
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    take(hub_db, later(tmp_path / "b", **without), {number: [TODAY]})
    assert {key: trip.only_days for key, trip in trips_named(hub_db, "T1").items()} == {number: (TODAY,)}
    take(hub_db, first, {number: [TODAY]})
    back = trips_named(hub_db, "T1")
    assert back[number].only_days == (TODAY,) and back[max(back)].except_days == (TODAY,) and len(back) == 2


def test_an_unsold_trip_that_is_gone_has_its_number_when_it_comes_back(
    hub_db: Database, first: CompiledFeed, tmp_path: Path
) -> None:
    without = {name: "".join(line for line in SOUND[f"{name}.txt"].splitlines(True) if "T1" not in line)
               for name in ("trips", "stop_times")}  # fmt: skip
    take(hub_db, first)
    before = told(hub_db)
    report = take(hub_db, later(tmp_path / "b", **without))
    assert report.changes["trips"]["withdrawn"] == 1 and trips_named(hub_db, "T1") == {}
    take(hub_db, first)
    assert told(hub_db) == before


def test_a_sold_day_taken_out_of_the_calendar_still_runs(hub_db: Database, first: CompiledFeed, tmp_path: Path) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    removed = "service_id,date,exception_type\nD,20260720,2\n"
    take(hub_db, later(tmp_path / "b", calendar_dates=removed), {number: [TODAY]})
    trips, heard = trips_named(hub_db, "T1"), told(hub_db)
    assert trips[number].only_days == (TODAY,) and trips[max(trips)].except_days == (TODAY,)
    (other,) = trips_named(hub_db, "T2").values()
    assert not rules.trip_runs(other, heard[f"service/{other.service_no}"], TODAY)


def test_a_calendar_change_beside_the_sold_days_splits_nothing(
    hub_db: Database, first: CompiledFeed, tmp_path: Path
) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    removed = "service_id,date,exception_type\nD,20260801,2\n"
    take(hub_db, later(tmp_path / "b", calendar_dates=removed), {number: [TODAY]})
    assert {key: trip.only_days for key, trip in trips_named(hub_db, "T1").items()} == {number: None}


def test_another_vehicle_does_not_move_a_sold_seat(hub_db: Database, first: CompiledFeed, tmp_path: Path) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    folder = tmp_path / "b"
    folder.mkdir()
    (folder / "seat_plans.toml").write_text('[by_route]\nR = "minibus-19"\n')
    take(hub_db, compiled(folder), {number: [TODAY]})
    with hub_db.read() as tx:
        kept = service.trip_facts(tx, number)
        fresh = service.trip_facts(tx, max(trips_named(hub_db, "T1")))
    assert kept and fresh and (kept.capacity, fresh.capacity) == (45, 19)


def test_a_redrawn_seat_plan_gets_another_name(hub_db: Database, tmp_path: Path) -> None:
    drawn = '[plans.own]\nkind = "reserved"\ncapacity = {0}\nlayout = "{1}"\n[by_route]\nR = "own"\n'
    for name, count, layout in (("a", 2, "A.B"), ("b", 3, "AB.C"), ("c", 2, "A.B")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "seat_plans.toml").write_text(drawn.format(count, layout))
        take(hub_db, compiled(tmp_path / name))
        (route,) = (record for key, record in told(hub_db).items() if key.startswith("route/"))
        assert told(hub_db)[f"seatplan/{route.seat_plan}"].capacity == count
        assert route.seat_plan == ("own.2" if name == "b" else "own")


def test_a_replaced_trip_leaves_the_nodes_a_month_after_its_last_day(
    hub_db: Database, first: CompiledFeed, tmp_path: Path
) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    pins = {number: [TODAY]}
    take(hub_db, later(tmp_path / "b", fare_attributes=DEARER), pins)
    assert number in trips_named(hub_db, "T1")
    dearest = later(tmp_path / "c", fare_attributes=DEARER.replace("13.00", "14.00"))
    take(hub_db, dearest, pins, NOW_MS + 40 * 86_400_000)
    assert number not in trips_named(hub_db, "T1")
    with hub_db.read() as tx:
        assert service.trip_label(tx, number, TODAY, "zh-Hans").text == "1 起点 → 终点 2026-07-20 08:00"


def test_a_feed_that_fails_half_way_changes_nothing(
    hub_db: Database, first: CompiledFeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(hub_db, first)
    before = everything(hub_db)
    monkeypatch.setattr("cloud.domains.timetable.importing.writing.MAX_BODY_BYTES", 40)
    with pytest.raises(Refusal, match="feed_record_large"):
        take(hub_db, later(tmp_path / "b", fare_attributes=DEARER))
    assert everything(hub_db) == before


def test_a_reader_who_was_away_for_some_imports_holds_the_same(
    hub_db: Database, first: CompiledFeed, tmp_path: Path
) -> None:
    take(hub_db, first)
    with hub_db.read() as tx:
        names = list(tx.execute(sa.select(operation.c.stream).distinct()).scalars())
        held = streams.read(tx, dict.fromkeys(names, 0), 0, {}, 1 << 30)
    state = {item.key: item.body for item in held.operations}
    (number,) = trips_named(hub_db, "T1")
    take(hub_db, later(tmp_path / "b", fare_attributes=DEARER), {number: [TODAY]})
    take(hub_db, later(tmp_path / "c", stop_times=MOVED), {number: [TODAY]})
    with hub_db.read() as tx:
        news = streams.read(tx, dict.fromkeys(names, 0), held.floor, {}, 1 << 30)
    state.update({item.key: item.body for item in news.operations})
    caught_up = {key: RECORDS[key.split("/")[0]].from_bytes(body) for key, body in state.items() if body is not None}
    assert caught_up == told(hub_db)
    assert NET in names


def test_departures_are_those_that_can_be_bought(hub_db: Database, first: CompiledFeed) -> None:
    take(hub_db, first, now_ms=NOW_MS)
    stops = {record.feed_id: int(key[5:]) for key, record in told(hub_db).items() if key.startswith("stop/")}
    t1, t2 = (next(iter(trips_named(hub_db, name))) for name in ("T1", "T2"))
    with hub_db.read() as tx:
        found = service.dated_trips_at(tx, [stops["S2"]], NOW_MS, NOW_MS + 2 * 86_400_000, 3)
        assert [(item.trip_no, item.day, item.stop_idx) for item in found] == [
            (t2, TODAY, 1), (t1, TODAY + 1, 1), (t2, TODAY + 1, 1)
        ]  # fmt: skip
        assert found[0].departs_ms == instant_ms(TODAY, 10 * 3600 + 35 * 60, "Asia/Shanghai")
        assert service.dated_trips_at(tx, [stops["S3"]], NOW_MS, NOW_MS + 86_400_000, 9) == []
        both = service.dated_trips_at(tx, [stops["S1"], stops["S2"]], NOW_MS, NOW_MS + 86_400_000, 9)
        assert [(item.trip_no, item.day, item.stop_idx) for item in both] == [(t2, TODAY, 0), (t1, TODAY + 1, 0)]
        assert service.agencies_at(tx, [stops["S3"]]) == [service.agency_of(tx, t1)]


def test_a_departure_after_midnight_belongs_to_the_day_before(hub_db: Database, tmp_path: Path) -> None:
    late = SOUND["stop_times.txt"].replace(",08:", ",49:").replace(",09:", ",50:")
    take(hub_db, later(tmp_path / "a", stop_times=late))
    (stop,) = (int(key[5:]) for key, record in told(hub_db).items() if getattr(record, "feed_id", "") == "S1")
    with hub_db.read() as tx:
        found = service.dated_trips_at(tx, [stop], instant_ms(TODAY, 0, "Asia/Shanghai"), NOW_MS, 5)
    assert [(item.day, item.departs_ms) for item in found] == [
        (TODAY - 2, instant_ms(TODAY, 3600, "Asia/Shanghai"))
    ]  # fmt: skip


def test_a_kept_trip_departs_on_its_days_only(hub_db: Database, first: CompiledFeed, tmp_path: Path) -> None:
    take(hub_db, first)
    (number,) = trips_named(hub_db, "T1")
    take(hub_db, later(tmp_path / "b", fare_attributes=DEARER), {number: [TODAY + 1]})
    (stop,) = (int(key[5:]) for key, record in told(hub_db).items() if getattr(record, "feed_id", "") == "S1")
    with hub_db.read() as tx:
        found = service.dated_trips_at(tx, [stop], NOW_MS, NOW_MS + 3 * 86_400_000, 99)
    days = [(item.day - TODAY) for item in found if item.trip_no == number]
    assert days == [1] and len({item.day for item in found if item.trip_no not in (number,)}) >= 3
    assert len({(item.day, item.departs_ms) for item in found}) == len(found)


def test_stops_are_found_by_any_name(hub_db: Database) -> None:
    feed = compile_feed(SAMPLE)
    take(hub_db, feed)
    with hub_db.read() as tx:
        for language, text in feed.stops[0].names.items():
            found = service.search_stops(tx, text, language, 50)
            assert feed.stops[0].feed_id in [stop.feed_id for stop in found]
        assert len(service.search_stops(tx, "", "en", 1000)) == len(feed.stops)
        assert service.search_stops(tx, "100% _nothing_", "en", 10) == []


def test_a_trip_that_never_was_has_no_facts_but_a_name(hub_db: Database, first: CompiledFeed) -> None:
    take(hub_db, first)
    with hub_db.read() as tx:
        for number in (0, 999, 1 << 31, (1 << 63) - 1):
            assert service.trip_facts(tx, number) is None and service.agency_of(tx, number) is None
            assert service.trip_label(tx, number, (1 << 63) - 1, "en").line == f"#{number}"


def test_the_report_is_kept(hub_db: Database) -> None:
    report = take(hub_db, compile_feed(SAMPLE))
    with hub_db.read() as tx:
        assert service.get_import(tx, 1) == (NOW_MS, "test", report)
        with pytest.raises(Refusal, match="import_unknown"):
            service.get_import(tx, 2)


@pytest.mark.parametrize("hub_database_url", ["sqlite"], indirect=True)
def test_the_real_feed_comes_in_and_stays_when_it_comes_again(hub_db: Database) -> None:
    feed = compile_feed(shared_file("hk_core_2026-07.zip"))
    report = take(hub_db, feed)
    assert report.changes["trips"]["added"] == len(feed.trips) == 14_600
    assert (len(report.not_for_sale), len(report.ambiguous)) == (10, 239)
    with hub_db.read() as tx:
        before = head_pos(tx)
        (busy,) = tx.execute(
            sa.select(tables.pattern_stop.c.stop_no).group_by(tables.pattern_stop.c.stop_no)
            .order_by(sa.func.count().desc()).limit(1)
        ).scalars()  # fmt: skip
        found = service.dated_trips_at(tx, [busy], NOW_MS, NOW_MS + 86_400_000, 50)
        assert len(found) == 50 and sorted(item.departs_ms for item in found) == [item.departs_ms for item in found]
    assert take(hub_db, feed).unchanged
    assert take(hub_db, replace(feed, content_hash="same rows")).operations == 0
    with hub_db.read() as tx:
        assert head_pos(tx) == before
