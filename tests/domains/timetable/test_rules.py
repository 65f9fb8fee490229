"""When a trip runs, when it is where, and what a ride costs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.domains.timetable import rules
from sync.domains.timetable.operations import Pattern, Service, Trip
from sync.kernel import days
from sync.kernel.errors import Refusal

MONDAY = days.day_of(date(2026, 11, 23))


def pattern(count: int, fares: tuple[int | None, ...] | None = None) -> Pattern:
    every = (True,) * count
    steps = tuple(range(0, 600 * count, 600))
    made = tuple(100 * i + j for i in range(count) for j in range(i + 1, count)) if fares is None else fares
    return Pattern(1, 0, tuple(range(count)), steps, steps, every, every, made)


@given(st.integers(2, 40), st.data())
def test_a_fare_stands_where_its_two_stops_meet_in_the_table(count: int, data: st.DataObject) -> None:
    from_idx = data.draw(st.integers(0, count - 2))
    to_idx = data.draw(st.integers(from_idx + 1, count - 1))
    assert rules.fare_minor(pattern(count), from_idx, to_idx) == 100 * from_idx + to_idx


@given(st.integers(2, 9), st.integers(-3, 12), st.integers(-3, 12))
def test_a_ride_that_is_none_has_no_fare_and_is_refused(count: int, from_idx: int, to_idx: int) -> None:
    found = pattern(count)
    if 0 <= from_idx < to_idx < count:
        rules.check_ride(found, from_idx, to_idx)
        return
    assert rules.fare_minor(found, from_idx, to_idx) is None
    with pytest.raises(Refusal, match="ride_order"):
        rules.check_ride(found, from_idx, to_idx)


def test_a_service_runs_on_its_weekdays_inside_its_period_with_its_exceptions() -> None:
    service = Service(0b0010001, MONDAY, MONDAY + 13, (MONDAY + 1, MONDAY + 20, MONDAY - 5), (MONDAY + 7,))
    runs = [day - MONDAY for day in range(MONDAY - 10, MONDAY + 30) if rules.service_runs(service, day)]
    assert runs == [-5, 0, 1, 4, 11, 20]


def test_a_day_that_is_taken_out_and_put_in_is_out() -> None:
    assert not rules.service_runs(Service(127, MONDAY, MONDAY, (MONDAY,), (MONDAY,)), MONDAY)


def test_a_trip_that_was_replaced_keeps_its_days_though_its_service_is_gone() -> None:
    gone = Service(0, 0, 0, (), ())
    old, new = Trip(1, 1, 0, False, {}, "T", (MONDAY,)), Trip(1, 1, 0, False, {}, "T", None, (MONDAY,))
    daily = Service(127, MONDAY, MONDAY + 6, (), ())
    assert [rules.trip_runs(old, gone, MONDAY + n) for n in (0, 1)] == [True, False]
    assert [rules.trip_runs(new, daily, MONDAY + n) for n in (0, 1)] == [False, True]


def test_times_are_counted_from_the_trips_start() -> None:
    trip = Trip(1, 1, 86_400, False, {}, "T")
    assert rules.departs_ms(pattern(3), trip, 0, MONDAY, "UTC") == days.instant_ms(MONDAY + 1, 0, "UTC")
    assert rules.arrives_ms(pattern(3), trip, 2, MONDAY, "UTC") == days.instant_ms(MONDAY + 1, 1_200, "UTC")


@pytest.mark.parametrize(
    ("names", "language", "found"),
    [
        ({"zh-Hans": "广州", "en": "Guangzhou"}, "en", "Guangzhou"), ({"zh-Hans": "广州"}, "en", "广州"),
        ({"zh-Hans": "", "zh-Hant": "廣州"}, "zh-Hans", "廣州"), ({"pt": "Macau"}, "en", "Macau"), ({}, "en", ""),
        ({"en": "", "pt": ""}, "en", ""),
    ],
)  # fmt: skip
def test_a_name_is_in_the_nearest_language_that_there_is(names: dict[str, str], language: str, found: str) -> None:
    assert rules.name_in(names, language) == found


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("广州", 0),
        ("Guang Zhou", 0),
        ("guang", 1),
        ("廣", 1),
        ("gzz", 2),
        ("gz", 2),
        ("州站", 3),
        ("上海", None),
        ("z", 3),
    ],
)
def test_a_stop_is_found_by_name_pinyin_initials_or_a_part_of_them(text: str, rank: int | None) -> None:
    found = {"zh-Hans": "广州站", "zh-Hant": "廣州站", "en": "Guangzhou Station", rules.PINYIN: "guang zhou zhan"}
    if text in ("广州", "Guang Zhou"):
        found = {"zh-Hans": "广州", "en": "Guangzhou", rules.PINYIN: "guang zhou"}
    assert rules.name_rank(found, text) == rank
