"""What a node sold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

CASH = 0
PAYMENTS = ("cash",)
COUNTER = 0
KIOSK = 1
CHANNELS = ("counter", "kiosk")


@dataclass(frozen=True, slots=True)
class TicketSold(Event):
    """One ticket, paid. Everything in the signed ticket can be made again from this and the node's key.

    ``serial`` counts this node's tickets of this log epoch from 1 without gaps. ``rider`` indexes
    :data:`sync.kernel.ticket.RIDERS`, ``payment`` PAYMENTS, ``channel`` CHANNELS. ``until_s``: seconds since 1970.
    """

    TYPE: ClassVar[int] = 10
    serial: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    price_minor: int
    currency: str
    payment: int
    clerk_no: int
    channel: int
    until_s: int
