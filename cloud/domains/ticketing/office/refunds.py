"""Refunds and exchanges folded into the books. This comes before the seats: a refund that breaks a rule frees no seat.

Like a sale, one that breaks a rule still counts, marked as quarantined: the money has left the drawer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import MAX_PRICE_MINOR, MAX_SERIAL, OK, QUARANTINED
from cloud.domains.ticketing.office.replacements import Replacements
from cloud.domains.ticketing.office.requests import Requests
from cloud.domains.ticketing.office.taken import TakenBack
from cloud.domains.ticketing.tables import refund, refund_sum, ticket
from cloud.kernel.database import add_to_rows, chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received, of
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import (
    EXCHANGED,
    RefundAsked,
    RefundPaid,
    SeatTakenBack,
    TicketRebooked,
    TicketRefunded,
    TicketReissued,
    TicketSold,
)
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

_REFUND = (
    "pos", "ticket_id", "node_no", "trip_no", "day", "fee_minor", "refunded_minor", "currency", "payment", "reason",
    "rule", "clerk_no", "clock_sure", "refunded_hlc", "approver_no", "state",
)  # fmt: skip
_SUM = ("trip_no", "day", "node_no", "currency", "state", "refunds", "refunded_minor")
_SALES = (
    sa.select(
        ticket.c.ticket_id, ticket.c.trip_no, ticket.c.day, ticket.c.from_idx, ticket.c.to_idx, ticket.c.seat,
        ticket.c.currency, ticket.c.price_minor,
    )
    .where(ticket.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(ticket.c.pos)
)  # fmt: skip
# A seller gave back what it could not know to be paid out elsewhere: money went out twice, and the seat is the seller's again.
UNAWARE = "unaware"

_DONE = sa.select(refund.c.ticket_id, refund.c.rule).where(
    refund.c.ticket_id.in_(sa.bindparam("ids", expanding=True)), refund.c.state.in_([OK, UNAWARE])
)

_EXCHANGES = (TicketRebooked, TicketReissued)
_GIVEN = (TicketRefunded, *_EXCHANGES, RefundPaid, SeatTakenBack)
_BACK = (*_GIVEN, RefundAsked)

# The rule of a refund that was paid on the hub's word.
PAID_OUT = "hub"


class RefundApplier:
    """One batch. Sales of the same batch count from where they stand in it; without a refund nothing is done."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {TicketSold, TicketRefunded, TicketRebooked, TicketReissued, RefundAsked, RefundPaid, SeatTakenBack}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._replaced, self._requests, self._taken = Replacements(tx), Requests(tx), TakenBack(tx, self._ride_of)
        self._sold: dict[bytes, tuple[object, ...]] = {}
        # Ticket → whether its seller gave the money back, and not another box on the hub's word.
        self._done: dict[bytes, bool] = {}
        self._rows: list[tuple[object, ...]] = []
        self._sums: Counter[tuple[object, ...]] = Counter()
        self._amounts: Counter[tuple[object, ...]] = Counter()

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received] | None:
        back = of(batch, *_BACK)
        if not back:
            return ()
        old = {one.event.ticket_id for one in back if isinstance(one.event, _GIVEN)}
        ids = sorted(old | {_new_id_of(one) for one in of(back, *_EXCHANGES)})
        self._replaced.load(ids)
        self._taken.load(ids, [one.event for one in back if isinstance(one.event, SeatTakenBack)])
        for some in chunks(ids):
            for ticket_id, *sale in self._tx.execute(_SALES, {"ids": some}):
                self._sold.setdefault(bytes(ticket_id), tuple(sale))
            for one, rule in self._tx.execute(_DONE, {"ids": some}):
                self._done[bytes(one)] = self._done.get(bytes(one), False) or rule != PAID_OUT
        return None

    def apply(self, received: Received) -> None:
        event = received.event
        if isinstance(event, TicketSold):
            sale = (event.trip_no, event.day, event.from_idx, event.to_idx, event.seat, event.currency)
            self._sold.setdefault(_id_of(received, event), (*sale, event.price_minor))
        elif isinstance(event, TicketRefunded):
            self._refund(received, event)
        elif isinstance(event, RefundAsked):
            self._requests.ask(received, event)
        elif isinstance(event, RefundPaid):
            self._pay_out(received, event)
        elif isinstance(event, SeatTakenBack):
            self._taken.take(received, event, self._done.get(event.ticket_id, False))
        elif isinstance(event, _EXCHANGES):
            good = _is_of(received, event.ticket_id) and not self._gone(event.ticket_id)
            old = self._sold.get(event.ticket_id) if good else None
            price = None if old is None else int(str(old[6]))
            self._replaced.take(received, event, price, _new_id_of(received) in self._sold)

    def flush(self) -> None:
        self._replaced.flush()
        self._requests.flush()
        self._taken.flush()
        insert_rows(self._tx, refund, _REFUND, self._rows)
        sums = [(*key, count, self._amounts[key]) for key, count in sorted(self._sums.items(), key=str)]
        add_to_rows(self._tx, refund_sum, _SUM[:5], _SUM, sums)

    def _gone(self, ticket_id: bytes) -> bool:
        """Whether a ticket was given back, or its seat was taken back because it will be."""
        return ticket_id in self._done or self._taken.has(ticket_id)

    def _ride_of(self, received: Received, ticket_id: bytes) -> tuple[object, ...] | None:
        """What a ticket of the log that speaks was sold for."""
        sale = self._sold.get(ticket_id) if _is_of(received, ticket_id) else None
        return None if sale is None else sale[:5]

    def _pay_out(self, received: Received, event: RefundPaid) -> None:
        """What is paid on the hub's word is a refund by who paid it, whoever had sold the ticket."""
        wrong = self._requests.wrong_payout(received, event)
        if wrong is None and event.ticket_id in self._done:
            wrong = Quarantine("payout_twice", TicketId.from_bytes(event.ticket_id).number)
        paid = TicketRefunded(
            event.ticket_id, event.trip_no, event.day, 0, 0, 0, event.fee_minor, event.paid_minor, event.currency, event.payment,
            event.reason, PAID_OUT, event.clerk_no, True,
        )  # fmt: skip
        self._count(received, paid, wrong)

    def _refund(self, received: Received, event: TicketRefunded) -> None:
        self._count(received, event, self._wrong(received, event))

    def _count(self, received: Received, event: TicketRefunded, wrong: Quarantine | None) -> None:
        state = OK if wrong is None else UNAWARE if wrong.code == rules.REFUND_PAID_OUT else QUARANTINED
        where = (received.node_no, event.trip_no, event.day)
        hlc = received.envelope.stamp.hlc if received.envelope else 0
        self._rows.append(
            (
                received.pos, event.ticket_id, *where, event.fee_minor, event.refunded_minor, event.currency,
                event.payment, event.reason, event.rule, event.clerk_no, event.clock_sure, hlc,
                event.approver_no, state,
            )
        )  # fmt: skip
        key = (event.trip_no, event.day, received.node_no, event.currency, state)
        self._sums[key] += 1
        # One absurd amount must not spoil a sum of everybody's.
        self._amounts[key] += event.refunded_minor if event.refunded_minor <= MAX_PRICE_MINOR else 0
        if state != QUARANTINED:
            self._done[event.ticket_id] = event.rule != PAID_OUT
        if wrong is not None:
            raise wrong

    def _wrong(self, received: Received, event: TicketRefunded) -> Quarantine | None:
        sale = self._sold.get(event.ticket_id)
        if sale is None or not _is_of(received, event.ticket_id):
            return Quarantine("refund_unknown_ticket", event.ticket_id.hex())
        number = TicketId.from_bytes(event.ticket_id).number
        paid_elsewhere = self._done.get(event.ticket_id) is False and not self._taken.has(event.ticket_id)
        if self._gone(event.ticket_id) and not paid_elsewhere:
            return Quarantine("refund_twice", number)
        ride = (event.trip_no, event.day, event.from_idx, event.to_idx, event.seat, event.currency)
        if ride != sale[:6]:
            return Quarantine("refund_differs", f"sold for {sale[:6]}")
        if event.fee_minor + event.refunded_minor != sale[6]:
            return Quarantine("refund_not_price", f"{event.fee_minor} + {event.refunded_minor} of {sale[6]}")
        if event.approver_no and event.approver_no == event.clerk_no:
            return Quarantine("refund_self_approved", str(event.clerk_no))
        if paid_elsewhere:
            return Quarantine(rules.REFUND_PAID_OUT, number)
        if event.reason in EXCHANGED and not self._replaced.covers(event.ticket_id, event.reason, event.fee_minor):
            return Quarantine("refund_no_exchange", number)
        return None


def _is_of(received: Received, ticket_id: bytes) -> bool:
    """Whether a ticket is one of the log that speaks."""
    node_no, epoch = received.log
    return len(ticket_id) == 8 and ticket_id[:4] == node_no.to_bytes(3, "big") + epoch.to_bytes(1, "big")


def _new_id_of(received: Received) -> bytes:
    """Id of the ticket that an exchange brings."""
    event = received.envelope.event if received.envelope else None
    serial = event.serial if isinstance(event, TicketRebooked | TicketReissued) else 0
    return TicketId(*received.log, min(serial, MAX_SERIAL)).to_bytes()


def _id_of(received: Received, event: TicketSold) -> bytes:
    return TicketId(*received.log, min(event.serial, MAX_SERIAL)).to_bytes()
