"""Binding a ticket of the hub's own node to the key of a passenger's phone: from then on the phone shows it, and nothing else.

A place may be bound before it is paid; then its ticket is issued bound. One that was shown on a page before is bound
afterwards: gates are told that its older form is good no longer, as they are told of a refund.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from cloud.domains.sellers.books import bookings
from cloud.domains.sellers.books.bookings import HELD, TICKETED, Item
from cloud.domains.sellers.service import Parts
from cloud.kernel.ports import NewPlace
from sync.kernel import holder as holders
from sync.kernel import ticket
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ticket import TicketId


@dataclass(frozen=True, slots=True)
class Bound:
    """A place that belongs to a phone. ``text`` is the signed ticket; empty until it is paid. ``now``: what another vehicle
    means to it, None for nothing; ``labels``: seat → what stands on it there."""

    item: Item
    text: str
    now: NewPlace | None
    labels: Mapping[int, str]


class Holding:
    """Binds. Every method is part of the caller's transaction, and safe to repeat."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def bind_place(self, tx: Connection, booking_id: str, idx: int, holder: bytes) -> Bound:
        """Bind a place of a booking, paid or not, for whoever knows the booking.

        Raises :class:`Refusal`: ``booking_unknown``, ``booking_over_…``, and as :meth:`bind_ticket`.
        """
        found = bookings.find(tx, booking_id)
        item = next((item for item in found.items if item.idx == idx), None)
        if item is None:
            raise Refusal("booking_unknown", status=404)
        if found.state not in (HELD, TICKETED):
            raise bookings.over(found.state)
        return self._bind(tx, item, holder)

    def bind_ticket(self, tx: Connection, ticket_id: TicketId, short_code: str, holder: bytes) -> Bound:
        """Bind a ticket for whoever has its number and short code.

        Raises :class:`Refusal`: ``wallet_unknown`` (no ticket of the hub's, or another code), ``wallet_bound`` (to another
        phone), ``wallet_used`` (boarded or given back), ``wallet_key`` (no key of a phone).
        """
        item = next(iter(bookings.items_of(tx, [ticket_id.to_bytes()])), None)
        if item is None:
            raise Refusal("wallet_unknown", status=404)
        # The code of the paper form, or of the form that this phone has already.
        known = {ticket.short_code(self._text(tx, item, form)) for form in (b"", item.holder or b"")}
        if short_code not in known:
            raise Refusal("wallet_unknown", status=404)
        return self._bind(tx, item, holder)

    def look(self, tx: Connection, holders: Sequence[tuple[TicketId, bytes]]) -> list[Bound]:
        """Those of these tickets that belong to the keys named with them. A key of a phone can't be guessed, so whoever names
        it is that phone, or read its code. They come without their text."""
        wanted = {ticket_id.to_bytes(): holder for ticket_id, holder in holders}
        sold = bookings.items_of(tx, list(wanted))
        return self._now(tx, [one for one in sold if one.holder and one.holder == wanted[one.ticket_id or b""]])

    def _now(self, tx: Connection, items: Sequence[Item]) -> list[Bound]:
        seats, good = self._parts.seats, [one.ticket_id for one in items if one.ticket_id and one.refunded_ms is None]
        moved, trips = seats.moved(tx, good), {(one.trip_no, one.day) for one in items}
        labels = {where: seats.labels(tx, where) for where in trips}
        return [Bound(one, "", moved.get(one.ticket_id or b""), labels[one.trip_no, one.day]) for one in items]

    def _bind(self, tx: Connection, item: Item, holder: bytes) -> Bound:
        try:
            holders.check_key(holder)
        except Malformed:
            raise Refusal("wallet_key", status=422) from None
        if item.holder not in (None, holder):
            raise Refusal("wallet_bound")
        if item.refunded_ms is not None:
            raise Refusal("wallet_used")
        if item.holder is None:
            if item.ticket_id is not None:
                self._tell(tx, item.ticket_id, item)
            bookings.set_item(tx, item, holder=holder)
        text = self._text(tx, item, holder) if item.ticket_id is not None else ""
        return replace(self._now(tx, [item])[0], text=text)

    def _tell(self, tx: Connection, ticket_id: bytes, item: Item) -> None:
        if self._parts.boardings.has_boarded(tx, ticket_id):
            raise Refusal("wallet_used")
        self._parts.boardings.tell_bound(tx, ticket_id, item.trip_no, item.day, self._parts.clock.wall_ms())

    def _text(self, tx: Connection, item: Item, holder: bytes) -> str:
        return self._parts.own.code(tx, item.claims(holder), item.sold_ms or 0)
