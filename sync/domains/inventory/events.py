"""What a node says of its seats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class SeatsAsked(Event):
    """Somebody wanted a ride for which this node holds no seat: the hub grants if it can, at this exchange."""

    TYPE: ClassVar[int] = 20
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    count: int


@dataclass(frozen=True, slots=True)
class GrantReturned(Event):
    """The node gave these unsold cells of a grant back: they are blocked here for ever, and free at the hub on arrival.

    ``seats`` are (seat, leg mask); ``counts`` are (leg, places) of a free-seating trip.
    """

    TYPE: ClassVar[int] = 21
    grant_id: int
    trip_no: int
    day: int
    seats: tuple[tuple[int, int], ...]
    counts: tuple[tuple[int, int], ...]
