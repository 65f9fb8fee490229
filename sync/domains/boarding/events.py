"""What a gate decided and did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event


@dataclass(frozen=True, slots=True)
class TicketBoarded(Event):
    """A ticket was accepted for this trip. ``clock_sure`` False: its validity in time was not checked."""

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
