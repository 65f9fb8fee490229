"""What a gate decided and did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

# What a seat's being left makes of it (``frees`` of a mark): nothing, cells of the node's own sale that it may sell again,
# or cells that another node sold and that this one, which alone is granted seats of the trip, takes over.
KEEPS, OWN, TAKEN_OVER = 0, 1, 2
# What a :class:`MarkUndone` takes back.
BOARDING, ALIGHTING, ABSENCE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TicketBoarded(Event):
    """A ticket was accepted for this trip. ``clock_sure`` False: its validity in time was not checked. ``rider`` indexes
    :data:`sync.kernel.ticket.RIDERS`."""

    TYPE: ClassVar[int] = 30
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    gate: str
    clerk_no: int
    short_code: str
    clock_sure: bool
    rider: int = 0


@dataclass(frozen=True, slots=True)
class BoardingRefused(Event):
    """A code was refused. ``ticket_id`` is empty when the code could not be read as a ticket; ``reason`` as in rules."""

    TYPE: ClassVar[int] = 31
    reason: str
    ticket_id: bytes
    trip_no: int
    day: int
    gate: str
    clerk_no: int


@dataclass(frozen=True, slots=True)
class GateOpened(Event):
    """The gate device says that it opened for this boarding."""

    TYPE: ClassVar[int] = 32
    ticket_id: bytes
    gate: str


@dataclass(frozen=True, slots=True)
class TicketSuperseded(Event):
    """A gate read ticket ``by_id``, which says that ticket ``ticket_id`` was refunded before it was sold: that is void."""

    TYPE: ClassVar[int] = 33
    ticket_id: bytes
    by_id: bytes


@dataclass(frozen=True, slots=True)
class BoardedApart(Event):
    """A gate that was cut off from its node let a ticket in by itself, and told of it afterwards.

    ``reason`` is what the node has against it (as in rules), empty for nothing; ``at_ms`` the gate's claim of when.
    """

    TYPE: ClassVar[int] = 37
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    gate: str
    short_code: str
    reason: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class PassengerAlighted(Event):
    """Somebody who had boarded got off at stop ``at_idx``, before the end of the ride.

    ``frees`` says whose the legs from ``at_idx`` on are now: KEEPS, OWN or TAKEN_OVER. ``seat`` as in the ticket.
    """

    TYPE: ClassVar[int] = 34
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    at_idx: int
    frees: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class NoShowMarked(Event):
    """The vehicle left stop ``from_idx`` and the holder of this ticket was not on it; the seat is empty from ``at_idx`` on.

    ``frees`` as in :class:`PassengerAlighted`.
    """

    TYPE: ClassVar[int] = 35
    ticket_id: bytes
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    at_idx: int
    frees: int
    clerk_no: int


@dataclass(frozen=True, slots=True)
class MarkUndone(Event):
    """What was marked by mistake is taken back: ``kind`` is BOARDING, ALIGHTING or ABSENCE. What was said stays said."""

    TYPE: ClassVar[int] = 36
    ticket_id: bytes
    trip_no: int
    day: int
    kind: int
    clerk_no: int
