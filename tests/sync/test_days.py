"""Service dates and GTFS times: across midnight, the year's end, and the day that clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.kernel import days

HOUR_MS = 3_600_000
ZONES = [
    "Asia/Shanghai",
    "Asia/Hong_Kong",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Auckland",
    "UTC",
    "Asia/Tokyo",
]


def text_at(day: int, seconds: int, zone: str) -> str:
    found = datetime.fromtimestamp(days.instant_ms(day, seconds, zone) / 1000, UTC).astimezone(ZoneInfo(zone))
    return found.strftime("%Y-%m-%d %H:%M")


def on(text: str) -> int:
    return days.day_of(date.fromisoformat(text))


@given(st.dates())
def test_a_date_is_a_number_of_days_and_back(value: date) -> None:
    assert days.date_of(days.day_of(value)) == value


def test_the_count_begins_in_2020_and_knows_leap_years_and_year_ends() -> None:
    assert (on("2020-01-01"), on("2020-02-29"), on("2019-12-31")) == (0, 59, -1)
    assert on("2027-01-01") - on("2026-12-31") == 1
    assert on("2024-03-01") - on("2024-02-28") == 2
    assert on("2100-03-01") - on("2100-02-28") == 1


@given(st.integers(0, 20_000), st.integers(0, 48 * 3600), st.sampled_from(ZONES))
def test_times_go_on_evenly_through_every_day(day: int, seconds: int, zone: str) -> None:
    assert days.instant_ms(day, seconds + 1, zone) - days.instant_ms(day, seconds, zone) == 1000


@pytest.mark.parametrize("zone", ZONES)
def test_noon_is_noon_on_every_day_of_a_year(zone: str) -> None:
    for day in range(on("2026-01-01"), on("2027-01-01")):
        assert text_at(day, 12 * 3600, zone) == f"{days.date_of(day)} 12:00"


def test_a_time_past_24_is_early_on_the_next_day() -> None:
    assert text_at(on("2026-12-31"), 25 * 3600 + 600, "Asia/Shanghai") == "2027-01-01 01:10"
    assert text_at(on("2026-11-23"), 48 * 3600, "Asia/Shanghai") == "2026-11-25 00:00"


def test_on_the_day_that_clocks_go_forward_early_times_keep_their_distance_from_noon() -> None:
    """GTFS counts from noon minus twelve hours: 00:30 of that day is 23:30 of the evening before on the clock."""
    spring = on("2026-03-29")  # 02:00 becomes 03:00 in Berlin
    assert text_at(spring, 30 * 60, "Europe/Berlin") == "2026-03-28 23:30"
    assert text_at(spring, 4 * 3600, "Europe/Berlin") == "2026-03-29 04:00"
    assert days.instant_ms(spring, 0, "Europe/Berlin") - days.instant_ms(spring - 1, 0, "Europe/Berlin") == 23 * HOUR_MS


def test_on_the_day_that_clocks_go_back_no_time_comes_twice() -> None:
    autumn = on("2026-10-25")
    assert text_at(autumn, 30 * 60, "Europe/Berlin") == "2026-10-25 01:30"
    assert text_at(autumn, 23 * 3600, "Europe/Berlin") == "2026-10-25 23:00"
    assert days.instant_ms(autumn, 0, "Europe/Berlin") - days.instant_ms(autumn - 1, 0, "Europe/Berlin") == 25 * HOUR_MS


def test_the_calendar_day_of_an_instant_is_that_of_the_place() -> None:
    midnight = days.instant_ms(on("2026-11-24"), 0, "Asia/Shanghai")
    assert days.day_at(midnight, "Asia/Shanghai") == on("2026-11-24")
    assert days.day_at(midnight - 1, "Asia/Shanghai") == on("2026-11-23")
    assert days.day_at(midnight, "America/New_York") == on("2026-11-23")


@pytest.mark.parametrize("wall_ms", [-(1 << 62), -1, 0, 1 << 46, 1 << 62])
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York", "Etc/GMT-14"])
def test_a_clock_that_is_centuries_off_breaks_nothing(wall_ms: int, zone: str) -> None:
    assert 1969 <= days.local_time(wall_ms, zone).year <= 9999
    assert days.day_at(wall_ms, zone) >= on("1969-12-31")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (27_000, "07:30"), (86_399, "23:59"), (90_600, "25:10"), (360_000, "100:00")]
)
def test_a_time_is_shown_as_timetables_print_it(seconds: int, text: str) -> None:
    assert days.clock_text(seconds) == text
