"""Timetable records on the streams ``net`` (agencies, stops, services, seat plans) and ``operator/N`` (the rest).

All numbers are given by the hub and never given twice. Names are texts by language (``zh-Hans``, ``zh-Hant``, ``en``, …).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.operations import Record


@dataclass(frozen=True, slots=True)
class Agency(Record):
    """GTFS agency. ``timezone`` is an IANA name."""

    PREFIX: ClassVar[str] = "agency"
    feed_id: str
    names: dict[str, str]
    timezone: str
    url: str


@dataclass(frozen=True, slots=True)
class Stop(Record):
    """GTFS stop; coordinates in millionths of a degree."""

    PREFIX: ClassVar[str] = "stop"
    feed_id: str
    names: dict[str, str]
    lat_e6: int | None
    lon_e6: int | None
    parent_no: int | None


@dataclass(frozen=True, slots=True)
class Transfer(Record):
    """GTFS transfer: seconds that a change from stop to stop takes; None where nobody can change."""

    PREFIX: ClassVar[str] = "transfer"
    from_no: int
    to_no: int
    min_s: int | None


@dataclass(frozen=True, slots=True)
class SeatPlan(Record):
    """Key ``seatplan/NAME``. ``kind`` is ``reserved`` or ``free``; ``seats`` are (seat, label, row, column) of a reserved one."""

    PREFIX: ClassVar[str] = "seatplan"
    kind: str
    capacity: int
    seats: tuple[tuple[int, str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Service(Record):
    """GTFS calendar: bit 0 of ``weekdays`` is Monday; days count from 2020-01-01."""

    PREFIX: ClassVar[str] = "service"
    weekdays: int
    start_day: int
    end_day: int
    added: tuple[int, ...]
    removed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Route(Record):
    """GTFS route with the currency of its fares and the seat plan that its vehicles have."""

    PREFIX: ClassVar[str] = "route"
    agency_no: int
    feed_id: str
    short_names: dict[str, str]
    long_names: dict[str, str]
    route_type: int
    currency: str
    seat_plan: str
    for_sale: bool


@dataclass(frozen=True, slots=True)
class Pattern(Record):
    """What many trips share: stops in order, seconds from the first departure, where one may get on and off, fares.

    ``fares`` is the upper triangle of the fare table row by row ((0,1), (0,2), …, (1,2), …) in minor units; None
    where there is no price. See :func:`sync.domains.timetable.rules.fare_minor`.
    """

    PREFIX: ClassVar[str] = "pattern"
    route_no: int
    direction: int
    stop_nos: tuple[int, ...]
    arrivals: tuple[int, ...]
    departures: tuple[int, ...]
    pickup: tuple[bool, ...]
    drop_off: tuple[bool, ...]
    fares: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Trip(Record):
    """One departure of a pattern. ``start_s``: GTFS seconds of its first departure; ``approximate``: by headway.

    ``only_days`` (when not None) limits a trip that a newer feed replaced to the dates on which it was already sold;
    ``except_days`` keeps its successor away from them.
    """

    PREFIX: ClassVar[str] = "trip"
    pattern_no: int
    service_no: int
    start_s: int
    approximate: bool
    headsigns: dict[str, str]
    feed_id: str
    only_days: tuple[int, ...] | None = None
    except_days: tuple[int, ...] = ()
