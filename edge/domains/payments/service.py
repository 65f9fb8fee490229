"""Paying by phone. The gateway's verified word decides, and nothing else: no browser, no callback that is not signed, no time.

A payment is *asked* for in the log before the gateway hears of it. From there it goes one of three ways, each one commit:
*taken* with its tickets, *ended* (the gateway has closed it without money), or *back* (there is money and can be no ticket:
it goes back). What goes back is asked for until the gateway says that it went. So whatever fails, and wherever this box is
killed, the log knows each payment of which something is still to be found out, and the rounds find it out.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from edge.domains.payments import store
from edge.domains.payments.gateway.client import Gateway
from edge.domains.payments.store import PaymentRow, RepaymentRow
from edge.kernel import meta
from edge.kernel.clock import TimeKeeper
from edge.kernel.database import Database
from edge.kernel.fleet import Issue
from edge.kernel.scribe import DISK_FULL, Scribe, UnitOfWork
from sync.domains.payments import rules
from sync.domains.payments.events import (
    GIVEN_BACK,
    LATE,
    NOT_SOLD,
    OTHER_AMOUNT,
    PaymentAsked,
    PaymentEnded,
    PaymentTaken,
    RepaymentAsked,
    RepaymentMade,
)
from sync.domains.payments.rules import Said
from sync.domains.ticketing.events import CASH, MOBILE
from sync.kernel.errors import Fault, Refusal, broken, invariant
from sync.kernel.ports import Ids
from sync.kernel.ticket import TicketId

# How long after its last good answer the gateway counts as reached; the rounds ask it more often than that.
REACHED_FOR_MS = 150_000
HANGS_AFTER_MS = 30 * 60_000
# Not the sale's fault: there the box could write nothing at all, and it is tried again.
_NOT_NOW = (DISK_FULL, "box_stopped")


class Orders(Protocol):
    """What the ticket office does with the orders that are paid for here."""

    def waits(self, connection: sqlite3.Connection, order_no: int) -> bool:
        """Whether an order still waits for its money."""

    def begin(self, unit: UnitOfWork, order_no: int) -> tuple[int, str]:
        """Hold what is to be paid for; what is due, and in which currency. Raises :class:`Refusal`."""

    def next_serial(self, connection: sqlite3.Connection) -> int:
        """The serial of the next ticket of this log."""

    def sell(self, unit: UnitOfWork, order_no: int, clerk_no: int, amount_minor: int) -> None:
        """The money is here: sell. Raises :class:`Refusal` where no ticket can come of it any more."""


@dataclass(frozen=True)
class Payment:
    """A payment as people see it. ``state``: asked, taken, ended, back; ``code_url`` is what its QR says while it is asked for.

    ``returned``: of what went back, all of it has been confirmed by the gateway.
    """

    order_no: str
    sale_no: int
    amount_minor: int
    currency: str
    state: str
    code_url: str
    back_minor: int
    returned: bool


class Payments:
    """Payments of a node. Without a ``gateway`` nothing is offered."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        keeper: TimeKeeper,
        ids: Ids,
        orders: Orders,
        gateway: Gateway | None,
    ) -> None:
        self._database, self._scribe, self._keeper, self._ids = database, scribe, keeper, ids
        self._orders, self.gateway = orders, gateway

    def refused(self) -> str | None:
        """Why paying by phone can't be offered now: ``payment_off``, ``payment_away``; None when it can."""
        if self.gateway is None:
            return "payment_off"
        reached = self.gateway.reached_ms
        fresh = reached is not None and self._keeper.clock.mono_ms() - reached <= REACHED_FOR_MS
        return None if fresh else "payment_away"

    def ask(self, sale_no: int, clerk_no: int = 0) -> Payment:
        """Let somebody pay for a waiting order: a payment that is asked for already is the same again.

        Raises :class:`Refusal`: ``payment_off``, ``payment_away`` (the gateway gave no answer: nothing is paid, and cash is
        as good as before), ``order_sold``, ``order_cancelled``, ``seat_taken``, ``departed``, …
        """
        reason = self.refused()
        if reason or self.gateway is None:
            raise Refusal(reason or "payment_off", status=424)
        row = self._scribe.record(lambda unit: self._ask(unit, sale_no, clerk_no))
        try:
            said, code_url = self.gateway.create(row.order_no, row.amount_minor, row.currency, self._subject())
        except Fault:
            raise Refusal("payment_away", status=424) from None
        if rules.meaning(said, row.amount_minor, row.currency) == rules.OPEN:
            self._scribe.record(lambda unit: store.keep_code(unit.connection, row.order_no, code_url))
        else:
            self.settle(said)
        return self._view(row.order_no)

    def of_sale(self, sale_no: int) -> Payment | None:
        """The newest payment for an order."""
        row = store.payment_of_sale(self._database.read(), sale_no)
        return self._view(row.order_no) if row else None

    def heard(self, data: bytes) -> None:
        """A callback. What it says of money other than was asked for is believed only when a question gives the same.

        Raises :class:`sync.kernel.errors.Malformed` when it is not the gateway's.
        """
        if self.gateway is None:
            raise Refusal("payment_off", status=424)
        said = self.gateway.heard(data)
        row = store.payment(self._database.read(), said.order_no)
        if row is not None and rules.meaning(said, row.amount_minor, row.currency) == rules.ODD:
            said = self.gateway.query(said.order_no)
        self.settle(said)

    def settle(self, said: Said) -> None:
        """Act on a verified word of the gateway. The same word again changes nothing."""
        try:
            self._scribe.record(lambda unit: self._settle(unit, said, sell=True))
        except Refusal as refusal:
            if refusal.code in _NOT_NOW:
                raise
            # There is money, and no ticket can come of it any more: the passenger gets it back.
            self._scribe.record(lambda unit: self._settle(unit, said, sell=False))

    def returned(self, refund_no: str, gateway_no: str) -> None:
        """The gateway says that money went back."""

        def work(unit: UnitOfWork) -> None:
            row = store.repayment(unit.connection, refund_no)
            if row is not None and row.made_ms is None:
                unit.append(RepaymentMade(row.order_no, refund_no, gateway_no, row.amount_minor))

        self._scribe.record(work)

    def give_back(self, unit: UnitOfWork, ticket_id: TicketId, amount_minor: int) -> int:
        """A ticket is about to be refunded: the way back of its money (of PAYMENTS), in the caller's transaction.

        What was paid by phone goes back there, and is asked for from this commit on.
        """
        row = store.payment_of_ticket(unit.connection, ticket_id.serial)
        if row is None:
            return CASH
        if amount_minor:
            self._repay(unit, row, amount_minor, GIVEN_BACK, ticket_id.to_bytes(), "")
        return MOBILE

    def back_of(self, ticket_id: TicketId) -> RepaymentRow | None:
        """What goes back by the gateway for a refunded ticket."""
        return store.repayment_of_ticket(self._database.read(), ticket_id.to_bytes())

    def unsettled(self) -> tuple[list[PaymentRow], list[RepaymentRow]]:
        """Payments of which nothing is decided, and what the gateway has still to give back."""
        connection = self._database.read()
        return store.open_payments(connection), store.open_repayments(connection)

    def wanted(self, row: PaymentRow) -> bool:
        """Whether the order of a payment still waits for its money."""
        return self._orders.waits(self._database.read(), row.sale_no)

    def ended_since(self, since_ms: int) -> list[PaymentRow]:
        """Payments that the gateway has closed since then."""
        return store.ended_since(self._database.read(), since_ms)

    def issues(self, connection: sqlite3.Connection) -> list[Issue]:
        """For the status page: payments and repayments that have been open for too long."""
        count = store.hanging(connection, self._keeper.wall_ms() - HANGS_AFTER_MS)
        return [Issue("payment_hangs", {"count": count})] if count else []

    def _ask(self, unit: UnitOfWork, sale_no: int, clerk_no: int) -> PaymentRow:
        amount_minor, currency = self._orders.begin(unit, sale_no)
        known = store.payment_of_sale(unit.connection, sale_no)
        if known is not None and known.state == store.ASKED:
            return known
        identity = meta.identity(unit.connection)
        if identity is None:
            raise Refusal("not_enrolled", status=503)
        # Drawn, not counted: a box that was put back from a backup must not meet a number that was paid before.
        order_no = f"{identity.node_no}-{sale_no}-{self._ids.token(8)[2:].hex()}"
        invariant(store.payment(unit.connection, order_no) is None, "the same payment number was drawn twice")
        unit.append(PaymentAsked(order_no, sale_no, amount_minor, currency, clerk_no))
        return store.payment(unit.connection, order_no) or broken("a payment that was asked for is not there")

    def _settle(self, unit: UnitOfWork, said: Said, sell: bool) -> None:
        row = store.payment(unit.connection, said.order_no)
        if row is None or row.state in (store.TAKEN, store.BACK):
            return
        meant = rules.meaning(said, row.amount_minor, row.currency)
        if meant == rules.OPEN:
            return
        store.forget_code(unit.connection, row.order_no)
        if meant == rules.OVER:
            if row.state == store.ASKED:
                unit.append(PaymentEnded(row.order_no))
        elif meant == rules.GOOD and row.state == store.ASKED and sell:
            self._sell(unit, row, said)
        else:
            cause = OTHER_AMOUNT if meant == rules.ODD else LATE if row.state == store.ENDED else NOT_SOLD
            self._repay(unit, row, said.paid_minor, cause, b"", said.gateway_no, said.currency)

    def _sell(self, unit: UnitOfWork, row: PaymentRow, said: Said) -> None:
        """The money's event and its tickets, in one commit; the event comes first, so that the hub knows each ticket's
        payment when it sees the ticket."""
        first = self._orders.next_serial(unit.connection)
        unit.append(PaymentTaken(row.order_no, said.gateway_no, said.paid_minor, said.currency, first, said.paid_ms))
        self._orders.sell(unit, row.sale_no, row.clerk_no, row.amount_minor)

    def _repay(
        self, unit: UnitOfWork, row: PaymentRow, amount_minor: int, cause: int, ticket_id: bytes, gateway_no: str,
        currency: str = "",
    ) -> None:  # fmt: skip
        refund_no = f"{row.order_no}-r{len(store.repayments_of(unit.connection, row.order_no)) + 1}"
        unit.append(
            RepaymentAsked(
                row.order_no, refund_no, amount_minor, currency or row.currency, cause, ticket_id, gateway_no
            )
        )

    def _subject(self) -> str:
        identity = meta.known_identity(self._database)
        return identity.name if identity else ""

    def _view(self, order_no: str) -> Payment:
        connection = self._database.read()
        row = store.payment(connection, order_no) or broken(f"payment {order_no} is gone")
        back = store.repayments_of(connection, order_no)
        return Payment(
            order_no=order_no,
            sale_no=row.sale_no,
            amount_minor=row.amount_minor,
            currency=row.currency,
            state=row.state,
            code_url=store.code(connection, order_no) if row.state == store.ASKED else "",
            back_minor=sum(one.amount_minor for one in back),
            returned=all(one.made_ms is not None for one in back),
        )
