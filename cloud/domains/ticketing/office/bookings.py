"""Bookings folded into the books, behind the sales of their tickets: do they add up, and were the extras sold rightly?

The money of extras goes to the trips of the booking by the fares of its legs, so that takings by trip add up to what was
paid. Like a sale, a booking that breaks a rule still counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import MAX_PRICE_MINOR, MAX_SERIAL, OK, QUARANTINED
from cloud.domains.ticketing.office.prices import Line, Prices
from cloud.domains.ticketing.tables import booking_sold, sale_sum, ticket
from cloud.kernel.database import add_to_rows, chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import BookingSold
from sync.domains.ticketing.office.bookings import MOST_TICKETS
from sync.domains.ticketing.office.fares import shares
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

_BOOKING = (
    "pos", "node_no", "epoch", "first_serial", "count", "total_minor", "extras_minor", "currency", "payment",
    "clerk_no", "channel", "sold_hlc", "state",
)  # fmt: skip
_SUM = ("trip_no", "day", "node_no", "currency", "state", "tickets", "amount_minor")
_TICKETS: Final = (
    sa.select(ticket.c.ticket_id, ticket.c.pos, ticket.c.trip_no, ticket.c.day, ticket.c.price_minor, ticket.c.currency)
    .where(ticket.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ticket.c.pos)
)


@dataclass(frozen=True, slots=True)
class _Sold:
    pos: int
    trip_no: int
    day: int
    price_minor: int
    currency: str


class BookingApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({BookingSold})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._prices = Prices(tx, self.lines)
        self._sold: dict[bytes, _Sold] = {}
        self._taken: dict[tuple[int, int], list[tuple[int, int]]] = {}
        self._rows: list[tuple[object, ...]] = []
        self._sums: Counter[tuple[object, ...]] = Counter()

    @staticmethod
    def lines(_tx: Connection, _trip_nos: Sequence[int]) -> Mapping[int, Line]:
        """The timetable's word on trips, which the list of domains gives; without it no price is looked at."""
        return {}

    def prepare(self, batch: Sequence[Received]) -> None:
        mine = [(one.log, one.envelope.event) for one in batch if one.envelope is not None]
        booked = [(log, event) for log, event in mine if isinstance(event, BookingSold)]
        ids = sorted({ticket_id for log, event in booked for ticket_id in _ids(log, event)})
        for some in chunks(ids):
            for ticket_id, *sale in self._tx.execute(_TICKETS, {"ids": some}):
                self._sold.setdefault(bytes(ticket_id), _Sold(*sale))
        self._prices.prepare({sold.trip_no for sold in self._sold.values()})
        for log in {log for log, _ in booked}:
            self._load_taken(log, [event.first_serial for other, event in booked if other == log])

    def apply(self, received: Received) -> None:
        event = received.envelope.event if received.envelope else None
        if received.envelope is None or not isinstance(event, BookingSold):
            return
        found = [self._sold.get(ticket_id) for ticket_id in _ids(received.log, event)]
        tickets = [one for one in found if one is not None and one.pos < received.pos]
        whole = 0 < len(tickets) == len(found) == event.count
        wrong = self._wrong(received, event, tickets, whole)
        state = QUARANTINED if received.held or wrong else OK
        extras = _money(event)
        self._rows.append(
            (
                received.pos, *received.log, event.first_serial, event.count, event.total_minor, extras, event.currency,
                event.payment, event.clerk_no, event.channel, received.envelope.stamp.hlc, state,
            )
        )  # fmt: skip
        for (trip_no, day), minor in _by_trip(extras, tickets):
            self._sums[trip_no, day, received.node_no, event.currency, state] += minor
        if wrong is not None:
            raise wrong
        self._taken.setdefault(received.log, []).append((event.first_serial, event.count))

    def flush(self) -> None:
        insert_rows(self._tx, booking_sold, _BOOKING, self._rows)
        sums = [(*key, 0, minor) for key, minor in sorted(self._sums.items(), key=str) if minor]
        add_to_rows(self._tx, sale_sum, _SUM[:5], _SUM, sums)

    def _wrong(
        self, received: Received, event: BookingSold, tickets: Sequence[_Sold], whole: bool
    ) -> Quarantine | None:
        if not whole or any(one.currency != event.currency for one in tickets):
            return Quarantine("booking_tickets", f"{len(tickets)} of {event.count}")
        if any(first < event.first_serial + event.count and event.first_serial < first + count
               for first, count in self._taken.get(received.log, ())):  # fmt: skip
            return Quarantine("booking_twice", str(event.first_serial))
        total = sum(one.price_minor for one in tickets) + sum(price for _, _, price in event.extras)
        if total != event.total_minor:
            return Quarantine("booking_total", f"{event.total_minor} of {total}")
        return self._prices.wrong_extras(received, tickets[0].trip_no, event.extras, event.currency)

    def _load_taken(self, log: tuple[int, int], firsts: list[int]) -> None:
        """Good bookings of a log around these serials."""
        column = booking_sold.c
        low, high = min(firsts) - MOST_TICKETS, max(firsts) + MOST_TICKETS
        mine = (column.node_no == log[0], column.epoch == log[1], column.state == OK)
        query = sa.select(column.first_serial, column.count).where(*mine, column.first_serial.between(low, high))
        self._taken[log] = [(first, count) for first, count in self._tx.execute(query.order_by(column.pos))]


def _ids(log: tuple[int, int], event: BookingSold) -> list[bytes]:
    """Ids of a booking's tickets; none of one that can't be."""
    if not 1 <= event.count <= MOST_TICKETS or not 1 <= event.first_serial <= MAX_SERIAL - event.count:
        return []
    return [TicketId(*log, event.first_serial + n).to_bytes() for n in range(event.count)]


def _money(event: BookingSold) -> int:
    """What the extras cost; one absurd price must not spoil a sum of everybody's."""
    total = sum(price for _, _, price in event.extras)
    return total if 0 <= total <= MAX_PRICE_MINOR else 0


def _by_trip(extras_minor: int, tickets: Sequence[_Sold]) -> list[tuple[tuple[int, int], int]]:
    """The money of extras by (trip, day); where no ticket is known under trip 0."""
    fares: dict[tuple[int, int], int] = {}
    for one in tickets:
        fares[one.trip_no, one.day] = fares.get((one.trip_no, one.day), 0) + one.price_minor
    if not fares:
        return [((0, 0), extras_minor)]
    return list(zip(fares, shares(extras_minor, list(fares.values())), strict=True))
