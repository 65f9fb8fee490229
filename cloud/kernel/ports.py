"""What one domain of the hub needs of another, named here so that none imports the other; bootstrap.py joins them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sqlalchemy.engine import Connection


class TripFacts(Protocol):
    """One trip as the timetable has it. Sequences have one item a stop."""

    @property
    def trip_no(self) -> int: ...
    @property
    def agency_no(self) -> int: ...
    @property
    def stop_nos(self) -> Sequence[int]: ...
    @property
    def seat_plan_kind(self) -> str: ...
    @property
    def capacity(self) -> int: ...
    @property
    def for_sale(self) -> bool: ...

    def runs(self, day: int) -> bool:
        """Whether the trip runs on service day ``day``."""

    def departs_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the departure from stop ``idx``."""

    def arrives_ms(self, day: int, idx: int) -> int:
        """UTC milliseconds of the arrival at stop ``idx``."""


class Timetable(Protocol):
    """The timetable as the other domains see it."""

    def trip_facts(self, tx: Connection, trip_no: int) -> TripFacts | None:
        """The trip, published or not; None when there never was one of that number."""

    def dated_trips_at(
        self, tx: Connection, stop_nos: Sequence[int], from_ms: int, until_ms: int, limit: int
    ) -> Sequence[tuple[int, int, int, int]]:
        """(trip_no, day, stop_idx, departs_ms) of departures from any of the stops in the span, the soonest first."""

    def agencies_around(self, tx: Connection, stop_nos: Sequence[int], changes: int, most: int) -> Collection[int]:
        """Operators at the stops, and up to ``most`` more that ``changes`` changes reach."""


class Duties(Protocol):
    """What vehicles run, as inventory sees it."""

    def duties_of(self, tx: Connection, node_no: int) -> Sequence[tuple[int, int]]:
        """(trip_no, day) of the duties of a vehicle's node."""


class SoldTickets(Protocol):
    """Tickets as boarding sees them."""

    def good_tickets(self, tx: Connection, trip_no: int, day: int) -> Mapping[bytes, tuple[int, int, int]]:
        """Ticket id → (from_idx, to_idx, seat) of the tickets of a dated trip that are not quarantined."""
