"""What a passenger said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class TripRated(Event):
    """One rating a ticket. ``ticket_id`` proves that once; no page shows it beside the words."""

    TYPE: ClassVar[int] = 40
    ticket_id: bytes
    trip_no: int
    day: int
    level: int
    tags: tuple[str, ...]
    comment: str
    language: str
