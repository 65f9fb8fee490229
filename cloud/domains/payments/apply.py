"""Payments folded into the books: is each ticket that was paid by phone backed by money, and each sum by tickets?

A node writes a payment's money before its tickets, in one commit, so a ticket without payment is known when it is seen.
Whether money has its tickets shows in ``left_minor``, which they bring down to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.payments.tables import paid_ticket, payment, repayment
from cloud.kernel.database import chunks, insert_rows, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.payments.events import (
    CAUSES,
    GIVEN_BACK,
    PaymentAsked,
    PaymentEnded,
    PaymentTaken,
    RepaymentAsked,
    RepaymentMade,
)
from sync.domains.ticketing.events import (
    MOBILE,
    REISSUED,
    BookingSold,
    RefundPaid,
    TicketRefunded,
    TicketReissued,
    TicketSold,
)
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

ASKED, TAKEN, ENDED, BACK = "asked", "taken", "ended", "back"
MAX_AMOUNT_MINOR: Final = 1 << 40
_MAX_SERIAL: Final = (1 << 32) - 1
_PAYMENT = tuple(column.name for column in payment.c)
_REPAYMENT = tuple(column.name for column in repayment.c)
_OF_PAYMENTS = (PaymentAsked, PaymentTaken, PaymentEnded, RepaymentAsked, RepaymentMade)
Key = tuple[int, str]
Log = tuple[int, int]


@dataclass(slots=True)
class _Payment:
    node_no: int
    order_no: str
    epoch: int
    pos: int
    amount_minor: int
    currency: str
    state: str
    gateway_no: str
    first_serial: int
    left_minor: int
    back_minor: int
    paid_ms: int
    asked_hlc: int


@dataclass(slots=True)
class _Repayment:
    node_no: int
    refund_no: str
    order_no: str
    amount_minor: int
    currency: str
    cause: int
    ticket_id: bytes
    made: bool
    asked_hlc: int


class PaymentApplier:
    """One batch; without anything that was paid by phone, or given back, nothing is done."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {*_OF_PAYMENTS, TicketSold, BookingSold, TicketRefunded, TicketReissued, RefundPaid}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._payments: dict[Key, _Payment] = {}
        self._repayments: dict[Key, _Repayment] = {}
        self._current: dict[Log, _Payment] = {}
        self._paid: dict[bytes, str] = {}
        self._repaid: dict[bytes, int] = {}
        self._changed: dict[Key, None] = {}
        self._changed_back: dict[Key, None] = {}
        self._new: list[tuple[bytes, str]] = []

    def prepare(self, batch: Sequence[Received]) -> Sequence[Received]:
        seen = [one for one in batch if type(one.event) is not TicketSold or one.event.payment == MOBILE]
        if seen:
            self._load(seen)
        return seen

    def _load(self, batch: Sequence[Received]) -> None:
        mine = [(one, one.event) for one in batch]
        numbers = {event.order_no for _, event in mine if isinstance(event, _OF_PAYMENTS)}
        sold = {
            (one.log, event.serial) for one, event in mine if isinstance(event, TicketSold) and event.payment == MOBILE
        }
        booked = {one.log for one, event in mine if isinstance(event, BookingSold) and event.payment == MOBILE}
        given = {
            event.ticket_id for _, event in mine if isinstance(event, TicketRefunded | TicketReissued | RefundPaid)
        }
        self._load_payments(numbers)
        for log in {*booked, *(log for log, _ in sold)}:
            self._load_current(log)
        self._load_tickets({*given, *(_id(log, serial) for log, serial in sold)})

    def apply(self, received: Received) -> None:
        event = received.event
        if isinstance(event, PaymentAsked):
            self._asked(received, event)
        elif isinstance(event, PaymentTaken):
            self._taken(received, event)
        elif isinstance(event, PaymentEnded):
            self._move(received, event.order_no, (ASKED,), ENDED)
        elif isinstance(event, RepaymentAsked):
            self._back(received, event)
        elif isinstance(event, RepaymentMade):
            self._made(received, event)
        elif isinstance(event, TicketSold) and event.payment == MOBILE:
            self._sold(received.log, event)
        elif isinstance(event, BookingSold) and event.payment == MOBILE:
            self._cover(received.log, event.currency, sum(price for _, _, price in event.extras), event.first_serial)
        elif isinstance(event, TicketReissued) and event.ticket_id in self._paid:
            self._keep(_id(received.log, event.serial), self._paid[event.ticket_id])
        elif isinstance(event, TicketRefunded):
            self._went_back(event, event.refunded_minor if event.reason != REISSUED else 0)
        elif isinstance(event, RefundPaid):
            self._went_back(event, event.paid_minor)

    def flush(self) -> None:
        rows = [tuple(getattr(self._payments[key], name) for name in _PAYMENT) for key in self._changed]
        upsert_rows(self._tx, payment, _PAYMENT[:2], _PAYMENT, rows)
        back = [tuple(getattr(self._repayments[key], name) for name in _REPAYMENT) for key in self._changed_back]
        upsert_rows(self._tx, repayment, _REPAYMENT[:2], _REPAYMENT, back)
        insert_rows(self._tx, paid_ticket, ("ticket_id", "order_no"), self._new)

    def _asked(self, received: Received, event: PaymentAsked) -> None:
        key = (received.node_no, event.order_no)
        if key in self._payments:
            raise Quarantine("payment_twice", event.order_no)
        if not 1 <= event.amount_minor <= MAX_AMOUNT_MINOR:
            raise Quarantine("price_range", str(event.amount_minor))
        self._payments[key] = _Payment(
            *key, received.log[1], received.pos, event.amount_minor, event.currency, ASKED, "", 0, 0, 0, 0,
            _hlc(received),
        )  # fmt: skip
        self._changed[key] = None

    def _taken(self, received: Received, event: PaymentTaken) -> None:
        known = self._known(received, event.order_no)
        if (known.amount_minor, known.currency) != (event.amount_minor, event.currency):
            raise Quarantine("payment_differs", f"{event.amount_minor} of {known.amount_minor} {known.currency}")
        self._move(received, event.order_no, (ASKED,), TAKEN)
        known.gateway_no, known.paid_ms = event.gateway_no, event.paid_ms
        known.first_serial, known.left_minor, known.epoch = event.first_serial, event.amount_minor, received.log[1]
        self._current[received.log] = known

    def _back(self, received: Received, event: RepaymentAsked) -> None:
        known, key = self._known(received, event.order_no), (received.node_no, event.refund_no)
        if key in self._repayments:
            raise Quarantine("payment_twice", event.refund_no)
        if not 1 <= event.amount_minor <= MAX_AMOUNT_MINOR or event.cause >= len(CAUSES):
            raise Quarantine("price_range", str(event.amount_minor))
        if event.cause == GIVEN_BACK:
            whose = self._paid.get(event.ticket_id) or self._paid_with(event.ticket_id)
            if (
                known.state != TAKEN
                or whose != event.order_no
                or known.back_minor + event.amount_minor > known.amount_minor
            ):
                raise Quarantine("repayment_above", f"{event.amount_minor} of {known.amount_minor - known.back_minor}")
            self._repaid[event.ticket_id] = self._repaid.get(event.ticket_id, 0) + event.amount_minor
        elif known.state not in (ASKED, ENDED):
            raise Quarantine("repayment_above", f"{event.order_no} is {known.state}")
        else:
            self._move(received, event.order_no, (ASKED, ENDED), BACK)
            known.gateway_no = event.gateway_no
        known.back_minor += event.amount_minor
        self._changed[received.node_no, event.order_no] = None
        self._repayments[key] = _Repayment(
            *key,
            event.order_no,
            event.amount_minor,
            event.currency,
            event.cause,
            event.ticket_id,
            False,
            _hlc(received),
        )
        self._changed_back[key] = None

    def _made(self, received: Received, event: RepaymentMade) -> None:
        key = (received.node_no, event.refund_no)
        known = self._repayments.get(key)
        if known is None or known.order_no != event.order_no:
            raise Quarantine("payment_unknown", event.refund_no)
        if known.amount_minor != event.amount_minor:
            raise Quarantine("payment_differs", f"{event.amount_minor} of {known.amount_minor}")
        known.made = True
        self._changed_back[key] = None

    def _sold(self, log: Log, event: TicketSold) -> None:
        ticket_id = _id(log, event.serial)
        if ticket_id not in self._paid:
            order_no = self._cover(log, event.currency, event.price_minor, event.serial)
            self._keep(ticket_id, order_no)

    def _cover(self, log: Log, currency: str, minor: int, serial: int) -> str:
        """Take ``minor`` from the money that was taken last in this log; gives its number."""
        known = self._current.get(log)
        if (
            known is None
            or not 1 <= known.first_serial <= serial
            or known.currency != currency
            or known.left_minor < minor
        ):
            raise Quarantine("ticket_without_payment", str(serial))
        known.left_minor -= minor
        self._changed[known.node_no, known.order_no] = None
        return known.order_no

    def _went_back(self, event: TicketRefunded | RefundPaid, moves: int) -> None:
        phone = event.ticket_id in self._paid
        asked = self._repaid.get(event.ticket_id, 0)
        if phone != (event.payment == MOBILE) or (phone and asked != moves):
            raise Quarantine("refund_other_way", f"{moves}, asked of the gateway {asked}")

    def _move(self, received: Received, order_no: str, froms: tuple[str, ...], state: str) -> None:
        known = self._known(received, order_no)
        if known.state not in froms:
            raise Quarantine("payment_twice", f"{order_no} is {known.state}")
        known.state, known.pos = state, received.pos
        self._changed[received.node_no, order_no] = None

    def _known(self, received: Received, order_no: str) -> _Payment:
        known = self._payments.get((received.node_no, order_no))
        if known is None:
            raise Quarantine("payment_unknown", order_no)
        return known

    def _keep(self, ticket_id: bytes, order_no: str) -> None:
        if ticket_id not in self._paid:
            self._paid[ticket_id] = order_no
            self._new.append((ticket_id, order_no))

    def _load_payments(self, numbers: Iterable[str]) -> None:
        for some in chunks(sorted(numbers)):
            for row in self._tx.execute(sa.select(payment).where(payment.c.order_no.in_(some))):
                self._payments[row.node_no, row.order_no] = _Payment(*row)
            for row in self._tx.execute(sa.select(repayment).where(repayment.c.order_no.in_(some))):
                self._repayments[row.node_no, row.refund_no] = _Repayment(*row)

    def _load_current(self, log: Log) -> None:
        mine = (payment.c.node_no == log[0], payment.c.epoch == log[1], payment.c.left_minor > 0)
        row = self._tx.execute(sa.select(payment).where(*mine).order_by(payment.c.pos.desc()).limit(1)).first()
        if row is not None:
            self._current[log] = self._payments.setdefault((row.node_no, row.order_no), _Payment(*row))

    def _load_tickets(self, ids: Iterable[bytes]) -> None:
        for some in chunks(sorted(ids)):
            for ticket_id, order_no in self._tx.execute(
                sa.select(paid_ticket).where(paid_ticket.c.ticket_id.in_(some))
            ):
                self._paid[bytes(ticket_id)] = order_no
            sums = (repayment.c.ticket_id, sa.func.sum(repayment.c.amount_minor))
            query = sa.select(*sums).where(repayment.c.ticket_id.in_(some)).group_by(repayment.c.ticket_id)
            for ticket_id, minor in self._tx.execute(query):
                self._repaid[bytes(ticket_id)] = int(minor)

    def _paid_with(self, ticket_id: bytes) -> str | None:
        query = sa.select(paid_ticket.c.order_no).where(paid_ticket.c.ticket_id == ticket_id)
        return self._tx.execute(query).scalar()


def _id(log: Log, serial: int) -> bytes:
    return TicketId(*log, min(serial, _MAX_SERIAL)).to_bytes()


def _hlc(received: Received) -> int:
    return received.envelope.stamp.hlc if received.envelope else 0
