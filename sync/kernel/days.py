"""Service dates as small integers, and the instants behind GTFS times.

A service date (GTFS) is counted in days since 2020-01-01; a time of day is in seconds after "noon minus twelve hours" of
that date in the agency's zone, so that it stays monotonic on days when clocks change and may pass 24:00.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

EPOCH: Final = date(2020, 1, 1)
DAY_MS: Final = 86_400_000


def day_of(value: date) -> int:
    """Days from 2020-01-01 to ``value`` (negative before it)."""
    return (value - EPOCH).days


def date_of(day: int) -> date:
    """The calendar date of service day ``day``."""
    return EPOCH + timedelta(days=day)


def instant_ms(day: int, seconds: int, zone: str) -> int:
    """UTC milliseconds since 1970 of GTFS time ``seconds`` on service day ``day`` in ``zone`` (IANA name)."""
    return (_noon_s(day, zone) + seconds - 43_200) * 1000


@lru_cache(maxsize=1024)
def _noon_s(day: int, zone: str) -> int:
    value = date_of(day)
    return int(datetime(value.year, value.month, value.day, 12, tzinfo=ZoneInfo(zone)).timestamp())


def day_at(wall_ms: int, zone: str) -> int:
    """The calendar day, in ``zone``, of an instant given in milliseconds since 1970."""
    return _day_at(wall_ms // 1000, zone)


@lru_cache(maxsize=64)
def _day_at(wall_s: int, zone: str) -> int:
    """A sale asks some ten times for the same second; no zone's day begins in the middle of one."""
    return day_of(local_time(wall_s * 1000, zone).date())


def local_time(wall_ms: int, zone: str) -> datetime:
    """The instant ``wall_ms`` as an aware local time; instants outside 1970–9999 are held at those ends."""
    held = min(max(wall_ms, 0), 253_370_000_000_000)
    return datetime.fromtimestamp(held / 1000, UTC).astimezone(ZoneInfo(zone))


def clock_text(seconds: int) -> str:
    """``HH:MM`` of a GTFS time, hours counted on past 24 as timetables print them (``25:10``)."""
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}"
