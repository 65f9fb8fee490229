"""What a seller sold, gave back and keeps in a span of time. Every amount is a sum of entries, and the commission of each
entry is rounded by itself: so statements of any spans add up to the fen, with each other and with the books."""

from __future__ import annotations

import bisect
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.sellers.apply import SALE
from cloud.domains.sellers.tables import seller_entry, seller_payment, seller_terms
from sync.kernel.days import date_of, local_time
from sync.kernel.ticket import TicketId

_COLUMNS: Final = (
    "at", "kind", "ticket", "trip_no", "service_date", "amount_minor", "fee_minor", "commission_minor", "currency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One sale or refund. ``amount_minor``: the price, or what went back; ``commission_minor`` is below zero where it is
    taken back with a refund."""

    kind: str
    ticket_id: bytes
    trip_no: int
    day: int
    amount_minor: int
    fee_minor: int
    commission_minor: int
    currency: str
    at_ms: int


@dataclass(slots=True)
class Statement:
    """One currency. ``fees_minor`` is part of what was sold and did not go back; ``paid_minor`` came in the same span."""

    currency: str
    tickets: int = 0
    sold_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0
    fees_minor: int = 0
    commission_minor: int = 0
    paid_minor: int = 0

    @property
    def due_minor(self) -> int:
        """What the seller owes for this span, without what it paid."""
        return self.sold_minor - self.refunded_minor - self.commission_minor


def entries(tx: Connection, seller_no: int, from_ms: int, until_ms: int) -> Iterator[Entry]:
    """Sales and refunds of a seller in a span, the end not included, in the order of the log. The terms are those of the
    moment of the sale, also for a refund."""
    column = seller_entry.c
    mine = (column.seller_no == seller_no, column.at_ms >= from_ms, column.at_ms < until_ms)
    terms = _terms(tx, seller_no)
    for row in tx.execute(sa.select(seller_entry).where(*mine).order_by(column.pos)):
        commission = commission_minor(row.amount_minor, _rate(terms, row.sold_ms))
        yield Entry(
            row.kind, bytes(row.ticket_id), row.trip_no, row.day, row.amount_minor, row.fee_minor,
            commission if row.kind == SALE else -commission, row.currency, row.at_ms,
        )  # fmt: skip


def statement(tx: Connection, seller_no: int, from_ms: int, until_ms: int) -> list[Statement]:
    """The sums of a span by currency."""
    found: dict[str, Statement] = {}
    for one in entries(tx, seller_no, from_ms, until_ms):
        line = found.setdefault(one.currency, Statement(one.currency))
        line.commission_minor += one.commission_minor
        if one.kind == SALE:
            line.tickets += 1
            line.sold_minor += one.amount_minor
        else:
            line.refunds += 1
            line.refunded_minor += one.amount_minor
            line.fees_minor += one.fee_minor
    column = seller_payment.c
    span = (column.seller_no == seller_no, column.paid_ms >= from_ms, column.paid_ms < until_ms)
    query = sa.select(column.currency, sa.func.sum(column.amount_minor)).where(*span).group_by(column.currency)
    for currency, amount in tx.execute(query):
        found.setdefault(currency, Statement(currency)).paid_minor = int(amount)
    return [found[currency] for currency in sorted(found)]


def as_csv(lines: Iterator[Entry], zone: str) -> str:
    """The entries as a table for a spreadsheet: numbers and codes only, moments in ``zone``."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for one in lines:
        at = local_time(one.at_ms, zone).isoformat(timespec="seconds")
        amounts = (one.amount_minor, one.fee_minor, one.commission_minor, one.currency)
        number = TicketId.from_bytes(one.ticket_id).number
        writer.writerow((at, one.kind, number, one.trip_no, date_of(one.day).isoformat(), *amounts))
    return text.getvalue()


def commission_minor(amount_minor: int, per_mille: int) -> int:
    """A seller's part of an amount, half a unit rounded up."""
    return (2 * amount_minor * per_mille + 1000) // 2000


def _terms(tx: Connection, seller_no: int) -> list[tuple[int, int]]:
    column = seller_terms.c
    query = sa.select(column.from_ms, column.commission_per_mille).where(column.seller_no == seller_no)
    return [(from_ms, rate) for from_ms, rate in tx.execute(query.order_by(column.from_ms))]


def _rate(terms: Sequence[tuple[int, int]], at_ms: int) -> int:
    """The rate that held at a moment; a sale is never before the first, but by a clock that went back."""
    place = bisect.bisect_right(terms, (at_ms, 1 << 30)) - 1
    return terms[max(place, 0)][1] if terms else 0
