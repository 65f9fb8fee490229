"""When a trip runs, when it is where, and what a ride on it costs."""

from __future__ import annotations

from collections.abc import Mapping

from sync.domains.inventory.rules import FREE
from sync.domains.timetable.operations import Pattern, Service, Trip
from sync.kernel import days
from sync.kernel.errors import Refusal

HORIZON_DAYS = 7
# Of a journey from one vehicle to the next.
MAX_CHANGES = 2
# Beside a stop's names: the Chinese one in Latin letters.
PINYIN = "zh-Latn-pinyin"
# What a line is to its passengers. A vehicle sold by places and not by seat numbers is a city bus, if it is a bus: no feed
# tells coaches apart otherwise.
SERVICES = ("coach", "city_bus", "ferry", "rail")
_FERRIES = frozenset((4, *range(1000, 1100), 1200))
_BUSES = frozenset((3, 11, 715, *range(200, 300), *range(700, 900)))
FALLBACKS = ("zh-Hans", "zh-Hant", "en")


def service_kind(route_type: int, seat_kind: str) -> str:
    """Which of :data:`SERVICES` a route is, by its GTFS type (extended types, too) and how its vehicles are sold."""
    if route_type in _FERRIES:
        return "ferry"
    if route_type not in _BUSES:
        return "rail"
    return "city_bus" if seat_kind == FREE else "coach"


def service_runs(service: Service, day: int) -> bool:
    """Whether ``service`` runs on ``day``: exceptions first, then the weekday inside the period (GTFS calendar)."""
    if day in service.removed:
        return False
    if day in service.added:
        return True
    if not service.start_day <= day <= service.end_day:
        return False
    return bool(service.weekdays >> days.date_of(day).weekday() & 1)


def trip_runs(trip: Trip, service: Service, day: int) -> bool:
    """Whether ``trip`` runs on ``day``, with what a newer feed has left to it."""
    if trip.only_days is not None:
        return day in trip.only_days
    return day not in trip.except_days and service_runs(service, day)


def fare_minor(pattern: Pattern, from_idx: int, to_idx: int) -> int | None:
    """Full fare of a ride in minor units of the route's currency; None when it is not for sale."""
    count = len(pattern.stop_nos)
    if not 0 <= from_idx < to_idx < count:
        return None
    return pattern.fares[from_idx * (2 * count - from_idx - 1) // 2 + to_idx - from_idx - 1]


def departs_ms(pattern: Pattern, trip: Trip, idx: int, day: int, zone: str) -> int:
    """UTC milliseconds of the departure from stop ``idx``."""
    return days.instant_ms(day, trip.start_s + pattern.departures[idx], zone)


def arrives_ms(pattern: Pattern, trip: Trip, idx: int, day: int, zone: str) -> int:
    """UTC milliseconds of the arrival at stop ``idx``."""
    return days.instant_ms(day, trip.start_s + pattern.arrivals[idx], zone)


def check_ride(pattern: Pattern, from_idx: int, to_idx: int) -> None:
    """Refuse a ride that this pattern does not offer: ``ride_order``, ``ride_no_boarding``, ``ride_no_alighting``."""
    if not 0 <= from_idx < to_idx < len(pattern.stop_nos):
        raise Refusal("ride_order", status=422)
    if not pattern.pickup[from_idx]:
        raise Refusal("ride_no_boarding", status=422)
    if not pattern.drop_off[to_idx]:
        raise Refusal("ride_no_alighting", status=422)


def name_rank(names: Mapping[str, str], text: str) -> int | None:
    """How near ``text`` is to a name in any language, in pinyin or by its initials: 0 for the whole name, 1 for its
    begin, 2 for the initials, 3 for some part of it; None for a name that it can't mean. Case and spaces don't count."""
    wanted = "".join(text.casefold().split())
    if not wanted:
        return 3
    found = []
    for language, name in names.items():
        words = name.casefold().split()
        plain = "".join(words)
        if wanted in plain:
            found.append(0 if wanted == plain else 1 if plain.startswith(wanted) else 3)
        if language in (PINYIN, "en") and len(wanted) > 1 and "".join(word[0] for word in words).startswith(wanted):
            found.append(2)
    return min(found, default=None)


def name_in(names: Mapping[str, str], language: str) -> str:
    """A name in ``language``, else in the nearest that there is; empty when there is none at all."""
    for choice in (language, *FALLBACKS):
        if names.get(choice):
            return names[choice]
    return next((text for text in names.values() if text), "")
