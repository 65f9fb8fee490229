"""What the ticket office shows: orders, tickets, takings. Views, made anew from log and rows each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from edge.domains.ticketing import store
from edge.domains.timetable.service import Ride
from sync.domains.disruption.operations import Reseated
from sync.domains.ticketing.events import GIVEN_BACK
from sync.kernel.documents import Masked
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId

Row = TypeVar("Row")
Shown = TypeVar("Shown")
NO_SEAT = "—"  # in the place of a seat's label where another vehicle has no seat


@dataclass(frozen=True)
class Extra:
    """``count`` of something that goes along, for ``price_minor`` together."""

    code: str
    names: dict[str, str]
    count: int
    price_minor: int


@dataclass(frozen=True)
class OrderRider:
    """One rider of an order on one ride, with the seat that is held. ``rider``: of RIDERS, ``proof``: of PROOFS."""

    ride: Ride
    seat: int
    seat_label: str
    rider: str
    proof: str
    price_minor: int


@dataclass(frozen=True)
class Order:
    """A ride chosen and a seat held until somebody pays. ``state``: waiting, sold, cancelled; ``named``: whether the line
    wants a document with the payment. Of several riders, ``ride`` and ``seat`` are those of the first, ``price_minor`` is what
    all of it costs."""

    order_no: int
    ride: Ride
    seat: int
    seat_label: str
    price_minor: int
    currency: str
    channel: str
    state: str
    ticket_number: str | None
    age_s: int
    named: bool
    riders: tuple[OrderRider, ...] = ()
    extras: tuple[Extra, ...] = ()

    @property
    def people(self) -> int:
        """How many riders it is for: those of the first leg."""
        return sum(one.ride == self.ride for one in self.riders) or 1


@dataclass(frozen=True)
class Refunded:
    """How a ticket was given back. ``reason`` is one of :data:`sync.domains.ticketing.events.GIVEN_BACK`."""

    refunded_ms: int
    fee_minor: int
    refunded_minor: int
    reason: str
    rule: str
    clerk_no: int


@dataclass(frozen=True)
class Ticket:
    """A ticket that was sold here. ``text`` is the signed code; ``short_code`` shows that one holds it; ``rider`` is one of
    RIDERS, ``proof`` one of PROOFS, ``payment`` one of PAYMENTS. ``paper_number``: as printed, with area and station.
    ``reseated``: what another vehicle means to it; ``seat_label`` is where its passenger sits now, ``old_seat_label`` what
    its paper says."""

    number: str
    short_code: str
    text: str
    ticket_id: TicketId
    ride: Ride
    seat: int
    seat_label: str
    rider: str
    proof: str
    price_minor: int
    currency: str
    sold_ms: int
    clerk_no: int
    channel: str
    boarded: tuple[int, str] | None
    refunded: Refunded | None
    past: bool = False
    payment: str = "cash"
    traveller: Masked | None = None
    paper_number: str = ""
    reseated: Reseated | None = None
    old_seat_label: str = ""


@dataclass(frozen=True)
class Booking:
    """Tickets that were paid together, leg by leg, and what went along; a ticket sold by itself is a booking of one."""

    tickets: tuple[Ticket, ...]
    extras: tuple[Extra, ...]
    total_minor: int
    currency: str

    @property
    def number(self) -> str:
        """That of its first ticket."""
        return self.tickets[0].number


@dataclass(frozen=True)
class Takings:
    """Of a day: tickets sold and ``totals`` currency → minor units taken, ``extras`` among them; ``refunds`` and what was
    ``handed_back``, what cash is left of both ``in_hand``, and the newest of each."""

    count: int
    totals: dict[str, int]
    extras: dict[str, int]
    refunds: int
    handed_back: dict[str, int]
    in_hand: dict[str, int]
    tickets: list[Ticket]
    returned: list[Ticket]


def showable(view: Callable[[Row], Shown], rows: Iterable[Row]) -> list[Shown]:
    """What can be shown of ``rows``: one whose trip has left the timetable hides no other."""
    found = []
    for row in rows:
        try:
            found.append(view(row))
        except Refusal:
            continue
    return found


@dataclass(frozen=True)
class Since:
    """What has become of a ticket since its sale, and of whose document it is; of one that was just sold, nothing yet."""

    boarded: tuple[int, str] | None = None
    refunded: Refunded | None = None
    traveller: Masked | None = None
    check: bytes = b""


def refunded_of(row: store.RefundRow | None) -> Refunded | None:
    """How a ticket was given back, None for one that was not."""
    if row is None:
        return None
    reason = GIVEN_BACK[row.reason]
    return Refunded(row.refunded_ms, row.fee_minor, row.refunded_minor, reason, row.rule, row.clerk_no)
