"""Refunds that this box may not make by itself: taken down here, decided by the hub, paid here, once.

The passenger leaves with a paper that says so. A ticket of another box, one of an earlier log of this one, one that has left:
which of these are taken down, and which are refused for good, is said by the refund rules.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass

from edge.domains.ticketing import store as sales
from edge.domains.ticketing.office import asked
from edge.domains.ticketing.office.refunds import Refunds
from edge.domains.ticketing.service import Ticketing, check_key
from edge.domains.timetable.service import Timetable
from edge.kernel import meta
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.ticketing.events import CASH, GIVEN_BACK, PAYMENTS, RefundAsked, RefundPaid
from sync.domains.ticketing.operations import RefundWord
from sync.domains.ticketing.rules import ASKED, reason_index, refund_rules
from sync.kernel import ticket
from sync.kernel.errors import Malformed, Refusal
from sync.kernel.ticket import TicketId

WAITING, APPROVED, DENIED, PAID = "waiting", "approved", "denied", "paid"
_LISTED = 100
_NUMBER = re.compile(r"R([0-9]{5})-([0-9]{2,3})-([0-9]{5,10})")
# What a box says of a ticket that it will not take back itself → the kind of request that is left.
_KINDS = {
    "refund_departed": "departed", "refund_broken_off": "departed", "refund_clock_unsure": "clock_unsure",
    "refund_past": "past_log",
}  # fmt: skip


@dataclass(frozen=True)
class Request:
    """A request for a refund. ``number`` stands on its paper. ``word``: what the hub said; ``payment``: the way back, of
    PAYMENTS."""

    number: str
    ticket_number: str
    reason: str
    kind: str
    clerk_no: int
    asked_ms: int
    state: str
    word: RefundWord | None
    paid_ms: int | None
    paid_minor: int | None
    currency: str | None
    payment: str


class Requests:
    """Requests of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        timetable: Timetable,
        ticketing: Ticketing,
        refunds: Refunds,
    ) -> None:
        self._database, self._scribe, self._timetable = database, scribe, timetable
        self._ticketing, self._refunds = ticketing, refunds

    def ask(self, text: str, reason: str, clerk_no: int, key: str) -> Request:
        """Take a request down for the ticket with this number or code; the same ``key`` again gives the same request, and so
        does the same ticket. Durable when this returns.

        Raises :class:`Refusal`: ``ticket_form``, ``refund_reason``, ``request_needless`` (it can be given back here and now),
        ``request_not_taken`` (the rules want it refused), ``key_form``, and why an own ticket is not taken back at all.
        """
        check_key(key)
        index, ticket_id = reason_index(reason), _id_of(text)
        kind = self._kind(ticket_id, reason)
        made = self._scribe.record(lambda unit: self._ask(unit, ticket_id, index, kind, clerk_no, key))
        return self._find(*made)

    def find(self, number: str) -> Request:
        """A request of this node by the number on its paper. Raises :class:`Refusal` ``no_such_request``."""
        return self._find(*self._meant(number))

    def newest(self) -> list[Request]:
        """The last requests, those that wait first."""
        return [self._view(row) for row in asked.newest(self._database.read(), _LISTED)]

    def pay(self, number: str, clerk_no: int) -> Request:
        """Give back what the hub approved: in cash, or by phone what this box sold by phone. Again: nothing more happens.
        Durable when this returns.

        Raises :class:`Refusal`: ``no_such_request``, ``request_waiting``, ``request_denied``, ``shift_needed``, …, and
        ``request_ticket_other_way`` where it was paid by phone in a log that has ended since: this box knows no more how.
        """
        epoch, request_no = self._meant(number)
        self._scribe.record(lambda unit: self._pay(unit, epoch, request_no, clerk_no))
        return self._find(epoch, request_no)

    def _meant(self, number: str) -> tuple[int, int]:
        """(epoch, request_no) of a number on paper; 0 for the present log."""
        found, identity = _NUMBER.fullmatch(number), meta.known_identity(self._database)
        if found is None or identity is None or int(found[1]) != identity.node_no:
            raise Refusal("no_such_request", status=404)
        return 0 if int(found[2]) == identity.epoch else int(found[2]), int(found[3])

    def _find(self, epoch: int, request_no: int) -> Request:
        row = asked.request(self._database.read(), epoch, request_no)
        if row is None:
            raise Refusal("no_such_request", status=404)
        return self._view(row)

    def _kind(self, ticket_id: TicketId, reason: str) -> int:
        identity = meta.known_identity(self._database)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        agency_no, kind = 0, "other_box"
        if ticket_id.node_no == identity.node_no:
            found = self._ticketing.find(ticket_id.number)
            agency_no = self._timetable.agency_no(found.ride.trip_no)
            kind = self._own_kind(found.number, reason)
        given = refund_rules(sales.published_rules(self._database.read()), agency_no, self._timetable.today())
        if kind not in given.hub_decides:
            raise Refusal("request_not_taken", field="ticket")
        return ASKED.index(kind)

    def _own_kind(self, number: str, reason: str) -> str:
        """Why this box does not take its own ticket back now. Raises what forbids a refund altogether."""
        try:
            self._refunds.offer(number, reason)
        except Refusal as refusal:
            if refusal.code in _KINDS:
                return _KINDS[refusal.code]
            raise
        raise Refusal("request_needless", field="ticket")

    def _ask(
        self, unit: UnitOfWork, ticket_id: TicketId, reason: int, kind: int, clerk_no: int, key: str
    ) -> tuple[int, int]:
        meta.require_log(self._database, unit.connection)
        known = asked.no_of_key(unit.connection, key)
        there = asked.of_ticket(unit.connection, ticket_id.to_bytes())
        if known is not None and (there is None or there.request_no != known):
            raise Refusal("key_form", status=422, field="key")
        if there is not None:
            return there.epoch, there.request_no
        request_no = asked.next_no(unit.connection)
        unit.append(RefundAsked(request_no, ticket_id.to_bytes(), reason, kind, clerk_no))
        asked.keep_key(unit.connection, key, request_no)
        return 0, request_no

    def _pay(self, unit: UnitOfWork, epoch: int, request_no: int, clerk_no: int) -> None:
        row = asked.request(unit.connection, epoch, request_no)
        if row is None:
            raise Refusal("no_such_request", status=404)
        if row.paid_ms is not None:
            return
        self._ticketing.require_duty(unit.connection, clerk_no)
        word = asked.word(unit.connection, epoch or self._epoch(), request_no)
        if word is None:
            raise Refusal("request_waiting")
        if not word.approved or word.ticket_id != row.ticket_id:
            raise Refusal("request_denied")
        payment = self._way_back(unit, TicketId.from_bytes(row.ticket_id), word.refunded_minor)
        unit.append(
            RefundPaid(
                epoch, request_no, row.ticket_id, word.trip_no, word.day, word.fee_minor, word.refunded_minor,
                word.currency, row.reason, clerk_no, payment,
            )
        )  # fmt: skip

    def _way_back(self, unit: UnitOfWork, ticket_id: TicketId, amount_minor: int) -> int:
        """The way (of PAYMENTS) by which the money goes back: what others sold, they sold for cash, or the hub had said no."""
        identity = meta.known_identity(self._database)
        if identity is None or self._paid_by(unit.connection, ticket_id, identity) == CASH:
            return CASH
        if ticket_id.epoch != identity.epoch:
            raise Refusal("request_ticket_other_way")
        return self._refunds.way_back(unit, ticket_id, amount_minor)

    def _paid_by(self, connection: sqlite3.Connection, ticket_id: TicketId, identity: meta.Identity) -> int:
        """How a ticket was paid for that this node sold; CASH for one of another node."""
        if ticket_id.node_no != identity.node_no:
            return CASH
        sold = sales.sold(connection, ticket_id.serial, None if ticket_id.epoch == identity.epoch else ticket_id.epoch)
        return CASH if sold is None else sold.event.payment

    def _epoch(self) -> int:
        identity = meta.known_identity(self._database)
        return identity.epoch if identity else 0

    def _view(self, row: asked.RequestRow) -> Request:
        identity = meta.known_identity(self._database)
        node_no, epoch = (identity.node_no, row.epoch or identity.epoch) if identity else (0, row.epoch)
        word = asked.word(self._database.read(), epoch, row.request_no)
        state = WAITING if word is None else APPROVED if word.approved else DENIED
        ticket_id = TicketId.from_bytes(row.ticket_id)
        payment = CASH if identity is None else self._paid_by(self._database.read(), ticket_id, identity)
        return Request(
            f"R{node_no:05d}-{epoch:02d}-{row.request_no:05d}",
            ticket_id.number, GIVEN_BACK[row.reason], ASKED[row.kind], row.clerk_no, row.asked_ms,
            PAID if row.paid_ms is not None else state, word, row.paid_ms, row.paid_minor, row.currency,
            PAYMENTS[payment],
        )  # fmt: skip


def _id_of(text: str) -> TicketId:
    found = TicketId.from_number(text)
    if found is not None:
        return found
    try:
        return ticket.parse(text).claims.ticket_id
    except Malformed:
        raise Refusal("ticket_form", status=422, field="ticket") from None
