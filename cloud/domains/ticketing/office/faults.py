"""Faults of the carrier that only the hub's word gives, held against what the hub told: who gives a ticket back, or another
one for it, because of another vehicle or a missed connection, must have been told of it.

The money has left the drawer and the ticket is void either way, so it counts, and is told as an alert. Positions decide, no
clock: what the hub told before it took the event in may have been known, whatever it said since. What a driver said on the
box that claims it counts as well, since that box need not wait for the hub. All that is read grows only at its end, so a
log folded anew says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import MAX_PRICE_MINOR
from cloud.domains.ticketing.tables import booking_sold, refund, replacement, ticket
from cloud.kernel.fold import Alert, Received
from cloud.kernel.recovery import Restored
from sync.domains.ticketing.events import (
    EXCHANGED,
    GIVEN_BACK,
    PASSENGER,
    TOLD,
    TicketRebooked,
    TicketRefunded,
)
from sync.domains.ticketing.office.bookings import MOST_TICKETS
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

_CLAIMS: Final = frozenset(GIVEN_BACK.index(name) for name in TOLD)
_MISSED: Final = GIVEN_BACK.index("connection_missed")
# What is no fault of the carrier's, and halves of exchanges, whose reason stands with the other half.
_OWN: Final = (PASSENGER, GIVEN_BACK.index("station_error"), *EXCHANGED)
_BEFORE: Final[sa.BindParameter[int]] = sa.bindparam("pos")
_OLD: Final = sa.select(replacement.c.old_id).where(
    replacement.c.new_id == sa.bindparam("ticket_id"), replacement.c.pos < _BEFORE
)
_NEWER: Final = sa.select(replacement.c.new_id, replacement.c.kind, replacement.c.reason).where(
    replacement.c.old_id.in_(sa.bindparam("ids", expanding=True)), replacement.c.pos < _BEFORE
)
_BACK: Final = sa.select(refund.c.pos).where(
    refund.c.ticket_id.in_(sa.bindparam("ids", expanding=True)), refund.c.pos < _BEFORE, refund.c.reason.not_in(_OWN)
)
_TRIPS: Final = (
    sa.select(ticket.c.trip_no, ticket.c.day)
    .where(ticket.c.ticket_id.in_(sa.bindparam("ids", expanding=True)), ticket.c.pos < _BEFORE)
    .distinct()
)
_BOOKING: Final = sa.select(booking_sold.c.first_serial).where(
    booking_sold.c.node_no == sa.bindparam("node_no"), booking_sold.c.epoch == sa.bindparam("epoch"),
    booking_sold.c.first_serial <= sa.bindparam("serial"),
    booking_sold.c.first_serial + booking_sold.c.count > sa.bindparam("serial"), booking_sold.c.pos < _BEFORE,
)  # fmt: skip
Where = tuple[int, int]


class FaultApplier:
    """One batch. It comes behind those that keep tickets, bookings, refunds and drivers' words: of what they wrote, only what
    stands before a claim counts."""

    HANDLES: frozenset[type[Event]] = frozenset({TicketRefunded, TicketRebooked})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._restored = Restored(tx)

    @staticmethod
    def told_of_ticket(_tx: Connection, _ticket_id: bytes) -> int | None:
        """The position since when it was told that another vehicle has no place for a ticket, or for one that was paid with
        it; None for never. The list of domains knows."""
        return None

    @staticmethod
    def told_of_trips(_tx: Connection, _trips: Sequence[Where], _node_no: int) -> int | None:
        """The first position at which any of these dated trips was told to be late or cancelled, by the hub or by a driver on
        that node; None for never."""
        return None

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received]:
        return [one for one in batch if getattr(one.event, "reason", PASSENGER) in _CLAIMS]

    def apply(self, received: Received) -> None:
        event = received.event
        if received.held is not None or not isinstance(event, TicketRefunded | TicketRebooked):
            return
        if self._told(received, event.ticket_id, event.reason) or self._restored.forgot(received):
            return
        number, money = TicketId.from_bytes(event.ticket_id).number, ("", 0)
        if isinstance(event, TicketRefunded):
            money = (event.currency, min(event.refunded_minor, MAX_PRICE_MINOR))
        received.alerts += (Alert("fault_untold", event.clerk_no, f"{number} {GIVEN_BACK[event.reason]}", *money),)

    def flush(self) -> None:
        """Nothing is kept."""

    def _told(self, received: Received, ticket_id: bytes, reason: int) -> bool:
        since = self.told_of_ticket(self._tx, ticket_id)
        if since is not None and since < received.pos:
            return True
        return reason == _MISSED and self._may_have_missed(received, ticket_id)

    def _may_have_missed(self, received: Received, ticket_id: bytes) -> bool:
        """Whether the rides that were sold together with this one, as they were or in the place of others, were disturbed by
        any fault of the carrier's before this. How late is too late is for the box to say."""
        before = self._earlier(received, ticket_id)
        if not before:
            return False
        found, chosen = set(before), before
        while chosen:
            newer = list(self._tx.execute(_NEWER, {"ids": sorted(chosen), "pos": received.pos}))
            if any(row.kind == EXCHANGED[0] and row.reason not in _OWN for row in newer):
                return True
            chosen = {bytes(row.new_id) for row in newer} - found
            found |= chosen
        ids = sorted(found | {ticket_id})
        if self._tx.execute(_BACK, {"ids": sorted(found), "pos": received.pos}).first() is not None:
            return True
        trips = [(row.trip_no, row.day) for row in self._tx.execute(_TRIPS, {"ids": ids, "pos": received.pos})]
        since = self.told_of_trips(self._tx, trips, received.node_no)
        return since is not None and since < received.pos

    def _earlier(self, received: Received, ticket_id: bytes) -> set[bytes]:
        """The tickets that were sold before this one in its booking, by its first paper; none for a ticket by itself."""
        for _ in range(MOST_TICKETS):
            old = self._tx.execute(_OLD, {"ticket_id": ticket_id, "pos": received.pos}).scalar()
            if old is None:
                break
            ticket_id = bytes(old)
        serial, log = TicketId.from_bytes(ticket_id).serial, received.log
        asked = {"node_no": log[0], "epoch": log[1], "serial": serial, "pos": received.pos}
        first = self._tx.execute(_BOOKING, asked).scalar()
        return set() if first is None else {TicketId(*log, other).to_bytes() for other in range(first, serial)}
