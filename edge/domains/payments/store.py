"""Rows of payments and of what goes back."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sync.domains.payments.events import (
    GIVEN_BACK,
    PaymentAsked,
    PaymentEnded,
    PaymentTaken,
    RepaymentAsked,
    RepaymentMade,
)
from sync.domains.ticketing.events import MOBILE, TicketReissued, TicketSold
from sync.kernel import hlc
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("payment", "paid_ticket", "repayment")
ASKED, TAKEN, ENDED, BACK = "asked", "taken", "ended", "back"

_PAYMENT = "order_no, sale_no, amount_minor, currency, clerk_no, state, asked_ms, changed_ms"
_REPAYMENT = "refund_no, order_no, amount_minor, currency, cause, ticket_id, asked_ms, made_ms"


@dataclass(frozen=True)
class PaymentRow:
    """A payment as stored."""

    order_no: str
    sale_no: int
    amount_minor: int
    currency: str
    clerk_no: int
    state: str
    asked_ms: int
    changed_ms: int


@dataclass(frozen=True)
class RepaymentRow:
    """Money that goes back. ``made_ms`` None: the gateway has not said yet that it does."""

    refund_no: str
    order_no: str
    amount_minor: int
    currency: str
    cause: int
    ticket_id: bytes
    asked_ms: int
    made_ms: int | None


def apply_asked(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: PaymentAsked) -> None:
    """Somebody is about to pay."""
    at_ms = hlc.wall_ms_of(stamp.hlc)
    connection.execute(
        "INSERT OR IGNORE INTO payment (order_no, sale_no, amount_minor, currency, clerk_no, state, first_serial, asked_ms, "
        "changed_ms) VALUES (?, ?, ?, ?, ?, 'asked', 0, ?, ?)",
        (event.order_no, event.sale_no, event.amount_minor, event.currency, event.clerk_no, at_ms, at_ms),
    )


def apply_taken(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: PaymentTaken) -> None:
    """The money is here; its tickets follow."""
    _move(connection, event.order_no, TAKEN, stamp, event.first_serial)


def apply_ended(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: PaymentEnded) -> None:
    """No money."""
    _move(connection, event.order_no, ENDED, stamp)


def apply_back_asked(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: RepaymentAsked) -> None:
    """Money is to go back."""
    connection.execute(
        f"INSERT OR IGNORE INTO repayment ({_REPAYMENT}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            event.refund_no, event.order_no, event.amount_minor, event.currency, event.cause, event.ticket_id,
            hlc.wall_ms_of(stamp.hlc),
        ),
    )  # fmt: skip
    if event.cause != GIVEN_BACK:
        _move(connection, event.order_no, BACK, stamp)


def apply_back_made(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: RepaymentMade) -> None:
    """Money went back."""
    connection.execute(
        "UPDATE repayment SET made_ms = ? WHERE refund_no = ? AND made_ms IS NULL",
        (hlc.wall_ms_of(stamp.hlc), event.refund_no),
    )


def apply_sold(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketSold) -> None:
    """A ticket that was paid by phone belongs to the newest payment before it: both stand in one commit."""
    if event.payment != MOBILE:
        return
    connection.execute(
        "INSERT OR IGNORE INTO paid_ticket (serial, order_no) SELECT ?, order_no FROM payment "
        "WHERE state = 'taken' AND first_serial BETWEEN 1 AND ? ORDER BY first_serial DESC LIMIT 1",
        (event.serial, event.serial),
    )


def apply_reissued(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketReissued) -> None:
    """A new paper is paid for as the old one was; its sale follows."""
    old = TicketId.from_bytes(event.ticket_id).serial
    connection.execute(
        "INSERT OR IGNORE INTO paid_ticket (serial, order_no) SELECT ?, order_no FROM paid_ticket WHERE serial = ?",
        (event.serial, old),
    )


APPLIERS = {
    PaymentAsked: apply_asked,
    PaymentTaken: apply_taken,
    PaymentEnded: apply_ended,
    RepaymentAsked: apply_back_asked,
    RepaymentMade: apply_back_made,
    TicketReissued: apply_reissued,
    TicketSold: apply_sold,
}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The next log counts its tickets from 1 again; what the gateway owes or is owed goes on."""
    connection.execute("UPDATE payment SET first_serial = 0 WHERE first_serial > 0")
    connection.execute("DELETE FROM paid_ticket")


def _move(connection: sqlite3.Connection, order_no: str, state: str, stamp: Stamp, first_serial: int = 0) -> None:
    connection.execute(
        "UPDATE payment SET state = ?, first_serial = ?, changed_ms = ? WHERE order_no = ?",
        (state, first_serial, hlc.wall_ms_of(stamp.hlc), order_no),
    )


def payment(connection: sqlite3.Connection, order_no: str) -> PaymentRow | None:
    """A payment by the number that was drawn for it."""
    row = connection.execute(f"SELECT {_PAYMENT} FROM payment WHERE order_no = ?", (order_no,)).fetchone()
    return PaymentRow(*row) if row else None


def payment_of_sale(connection: sqlite3.Connection, sale_no: int) -> PaymentRow | None:
    """The newest payment for an order of this box."""
    row = connection.execute(
        f"SELECT {_PAYMENT} FROM payment WHERE sale_no = ? ORDER BY asked_ms DESC, order_no DESC LIMIT 1", (sale_no,)
    ).fetchone()
    return PaymentRow(*row) if row else None


def open_payments(connection: sqlite3.Connection, limit: int = 200) -> list[PaymentRow]:
    """Payments of which nothing is decided, oldest first."""
    rows = connection.execute(
        f"SELECT {_PAYMENT} FROM payment WHERE state = 'asked' ORDER BY changed_ms LIMIT ?", (limit,)
    )
    return [PaymentRow(*row) for row in rows]


def ended_since(connection: sqlite3.Connection, since_ms: int, limit: int = 200) -> list[PaymentRow]:
    """Payments that were closed without money since then, the newest first."""
    rows = connection.execute(
        f"SELECT {_PAYMENT} FROM payment WHERE state = 'ended' AND changed_ms >= ? ORDER BY changed_ms DESC LIMIT ?",
        (since_ms, limit),
    )
    return [PaymentRow(*row) for row in rows]


def payment_of_ticket(connection: sqlite3.Connection, serial: int) -> PaymentRow | None:
    """The payment that a ticket of the present log was paid with."""
    row = connection.execute(
        f"SELECT {_PAYMENT} FROM payment WHERE order_no = (SELECT order_no FROM paid_ticket WHERE serial = ?)",
        (serial,),
    ).fetchone()
    return PaymentRow(*row) if row else None


def open_repayments(connection: sqlite3.Connection, limit: int = 200) -> list[RepaymentRow]:
    """What the gateway has not given back yet, oldest first."""
    rows = connection.execute(
        f"SELECT {_REPAYMENT} FROM repayment WHERE made_ms IS NULL ORDER BY asked_ms, refund_no LIMIT ?", (limit,)
    )
    return [RepaymentRow(*row) for row in rows]


def repayment(connection: sqlite3.Connection, refund_no: str) -> RepaymentRow | None:
    """One repayment by this box's number for it."""
    row = connection.execute(f"SELECT {_REPAYMENT} FROM repayment WHERE refund_no = ?", (refund_no,)).fetchone()
    return RepaymentRow(*row) if row else None


def repayments_of(connection: sqlite3.Connection, order_no: str) -> list[RepaymentRow]:
    """What goes back of one payment."""
    rows = connection.execute(
        f"SELECT {_REPAYMENT} FROM repayment WHERE order_no = ? ORDER BY asked_ms, refund_no", (order_no,)
    )
    return [RepaymentRow(*row) for row in rows]


def repayment_of_ticket(connection: sqlite3.Connection, ticket_id: bytes) -> RepaymentRow | None:
    """What goes back for a ticket."""
    row = connection.execute(f"SELECT {_REPAYMENT} FROM repayment WHERE ticket_id = ? LIMIT 1", (ticket_id,)).fetchone()
    return RepaymentRow(*row) if row else None


def hanging(connection: sqlite3.Connection, before_ms: int) -> int:
    """How many payments and repayments have been open since before then."""
    return int(
        connection.execute(
            "SELECT (SELECT count(*) FROM payment WHERE state = 'asked' AND changed_ms < ?) "
            "+ (SELECT count(*) FROM repayment WHERE made_ms IS NULL AND asked_ms < ?)",
            (before_ms, before_ms),
        ).fetchone()[0]
    )


def keep_code(connection: sqlite3.Connection, order_no: str, code_url: str) -> None:
    """Remember what the QR says."""
    connection.execute("INSERT OR REPLACE INTO payment_code (order_no, code_url) VALUES (?, ?)", (order_no, code_url))


def forget_code(connection: sqlite3.Connection, order_no: str) -> None:
    """Nobody is to scan it any more."""
    connection.execute("DELETE FROM payment_code WHERE order_no = ?", (order_no,))


def code(connection: sqlite3.Connection, order_no: str) -> str:
    """What the QR of a payment says; empty where there is none."""
    row = connection.execute("SELECT code_url FROM payment_code WHERE order_no = ?", (order_no,)).fetchone()
    return row[0] if row else ""
