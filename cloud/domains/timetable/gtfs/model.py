"""What a GTFS feed becomes: ids of the feed, whole numbers, and nothing that a database would add.

Times are seconds after "noon minus twelve hours" of the service date and may pass 86,400. Days are counted
from 2020-01-01 and may be negative. Prices are whole minor units of the route's currency. ``names`` map a
language (``zh-Hans``, ``zh-Hant``, ``en`` or another BCP 47 tag; ``und`` where the feed does not say) to a
text; equal names are one shared object, not to be changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from cloud.kernel.filefaults import LineError

Names = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Agency:
    """A row of agency.txt. All times of its routes are in its ``timezone``."""

    feed_id: str
    names: Names
    timezone: str
    url: str
    lang: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop (``location_type`` 0) or a station (1); entrances, nodes and boarding areas are left out."""

    feed_id: str
    names: Names
    lat_e6: int
    lon_e6: int
    zone_id: str
    parent: str | None
    location_type: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """``min_s``: seconds that a change takes; None where nobody can change."""

    from_stop: str
    to_stop: str
    min_s: int | None


@dataclass(frozen=True, slots=True)
class Route:
    """``not_for_sale``: '' where tickets are sold, or ``no_fare``, ``no_trips``, ``several_currencies``."""

    feed_id: str
    agency: str
    short_names: Names
    long_names: Names
    route_type: int
    currency: str
    seat_plan: str
    for_sale: bool
    not_for_sale: str


@dataclass(frozen=True, slots=True)
class Service:
    """Runs on the weekdays of ``weekdays`` (bit 0 = Monday) in the span, plus ``added``, less ``removed``."""

    feed_id: str
    weekdays: int
    start_day: int
    end_day: int
    added: tuple[int, ...]
    removed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What many trips share. All tuples but ``fares_minor`` have one item a stop.

    Offsets are seconds from the trip's departure at its first stop (so the first arrival may be below zero).
    ``pickups`` and ``drop_offs`` are GTFS pickup_type and drop_off_type (1 = none). ``fares_minor`` is the
    upper triangle row by row: (0,1) (0,2) … (0,n-1) (1,2) …; None where the feed sells no such ride.
    """

    route: str
    direction: int | None
    stops: tuple[str, ...]
    arrivals_s: tuple[int, ...]
    departures_s: tuple[int, ...]
    pickups: tuple[int, ...]
    drop_offs: tuple[int, ...]
    fares_minor: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """A trip, or one departure of a headway (``trip_id@HH:MM:SS``).

    ``approximate``: only the headway is promised. ``pattern`` is an index into ``CompiledFeed.patterns``.
    """

    feed_id: str
    pattern: int
    service: str
    start_s: int
    approximate: bool
    headsigns: Names


@dataclass(frozen=True, slots=True)
class Seat:
    """``no`` counts from 1; ``row`` and ``column`` (from 0, aisles count) place it on the map."""

    no: int
    label: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class SeatPlan:
    """``kind`` is ``reserved`` (``seats`` has ``capacity`` items) or ``free`` (``seats`` is empty)."""

    name: str
    kind: str
    capacity: int
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class AmbiguousPair:
    """Rules with the same route, zones and contained zones that give several prices.

    '' stands for "any". ``prices`` are (minor units, currency, fare_id) in order of choice: the first is
    sold.
    """

    route: str
    origin_zone: str
    destination_zone: str
    contains: tuple[str, ...]
    prices: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of the files, as read; departures are trips after the headways were written out."""

    agencies: int
    routes: int
    stops: int
    trips: int
    stop_times: int
    fares: int
    fare_rules: int
    frequencies: int
    routes_not_for_sale: int
    ambiguous_pairs: int
    patterns: int
    departures: int

    def as_json(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CompiledFeed:
    """A whole feed, checked. Tuples are sorted by feed id, so equal content has an equal ``content_hash``."""

    publisher: str
    version: str
    start_day: int | None
    end_day: int | None
    agencies: tuple[Agency, ...]
    stops: tuple[Stop, ...]
    routes: tuple[Route, ...]
    services: tuple[Service, ...]
    transfers: tuple[Transfer, ...]
    patterns: tuple[Pattern, ...]
    trips: tuple[Trip, ...]
    seat_plans: tuple[SeatPlan, ...]
    routes_not_for_sale: tuple[Route, ...]
    ambiguous_pairs: tuple[AmbiguousPair, ...]
    notes: tuple[LineError, ...]
    counts: Counts
    content_hash: str
