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


@dataclass(frozen=True, slots=True)
class SessionRated(Event):
    """A rating by somebody on the box's WiFi who showed no ticket: kept apart, in no score.

    ``session``: 16 bytes that the box makes of a phone's cookie and the dated trip with a key of its own. They say once
    a session and trip, and neither the phone nor what else it rated.
    """

    TYPE: ClassVar[int] = 41
    session: bytes
    trip_no: int
    day: int
    level: int
    tags: tuple[str, ...]
    comment: str
    language: str


@dataclass(frozen=True, slots=True)
class RatingFollowed(Event):
    """What a passenger who was not content says afterwards, once a ticket: how the answer to a bad rating was."""

    TYPE: ClassVar[int] = 42
    ticket_id: bytes
    level: int
    comment: str
    language: str
