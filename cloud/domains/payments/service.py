"""What nodes took by phone, beside what the gateway says: to the fen, payment by payment."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.payments.apply import ASKED, BACK, TAKEN
from cloud.domains.payments.tables import payment, reconciliation, repayment
from sync.kernel.errors import Refusal

PAYMENT, REFUND = "payment", "refund"
HEAD: Final = ("kind", "order_no", "refund_no", "amount_minor", "currency", "at_ms")
MOST_LINES: Final = 1_000_000
_LISTED: Final = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a gateway's statement; ``refund_no`` is empty for a payment, ``at_ms`` the gateway's time."""

    kind: str
    order_no: str
    refund_no: str
    amount_minor: int
    currency: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the two differ by ``amount_minor``. ``code``:

    * ``not_asked``: the gateway has money that no node asked for, or whose node has not been heard since;
    * ``paid_without_ticket``: a node asked for it, and has neither tickets nor a repayment;
    * ``not_at_gateway``: a node has tickets for money that the gateway does not have;
    * ``amount_differs``; ``refund_unknown``: the gateway gave back what nobody asked it to;
    * ``refund_not_made``: a node was told that it went, and the statement does not have it.
    """

    code: str
    order_no: str
    refund_no: str
    node_no: int
    amount_minor: int
    currency: str


@dataclass(slots=True)
class Compared:
    """A day: sums by currency in minor units, and every difference. ``fen_difference`` is the sum of their amounts."""

    day: int
    payments: int = 0
    refunds: int = 0
    paid_minor: dict[str, int] = field(default_factory=dict)
    refunded_minor: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    @property
    def fen_difference(self) -> int:
        """By how much the two differ in all."""
        return sum(one.amount_minor for one in self.differences)

    def as_found(self) -> dict[str, Any]:
        """As it is printed and kept."""
        return {
            "payments": self.payments, "refunds": self.refunds, "paid_minor": self.paid_minor,
            "refunded_minor": self.refunded_minor, "fen_difference": self.fen_difference,
            "paid_without_ticket": sum(one.code == "paid_without_ticket" for one in self.differences),
            "differences": [asdict(one) for one in self.differences],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sum:
    """Payments of one node in one currency: how many and how much in each state, and what is still open."""

    node_no: int
    currency: str
    taken: int
    taken_minor: int
    back_minor: int
    open: int
    without_ticket: int
    not_returned: int


def read_statement(text: str) -> list[Line]:
    """A statement as CSV, with the columns HEAD. Raises :class:`Refusal` ``statement_form``, naming the line."""
    found = []
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    for number, row in enumerate(rows, 1):
        if number == 1 and tuple(row) == HEAD:
            continue
        found.append(read_line(row, number))
    return found


def read_line(row: Sequence[Any], number: int) -> Line:
    """One line of a statement. Raises :class:`Refusal` ``statement_form``."""
    try:
        kind, order_no, refund_no, amount, currency, at_ms = row
        line = Line(str(kind), str(order_no), str(refund_no), int(amount), str(currency), int(at_ms))
    except (TypeError, ValueError):
        raise Refusal("statement_form", status=422, line=number) from None
    if line.kind not in (PAYMENT, REFUND) or line.amount_minor < 0 or not line.order_no or number > MOST_LINES:
        raise Refusal("statement_form", status=422, line=number)
    return line


def compare(tx: Connection, day: int, from_ms: int, until_ms: int, lines: Iterable[Line]) -> Compared:
    """A day of the gateway's beside what nodes reported. Lines of other times only match what was found late."""
    found, all_lines = Compared(day), list(lines)
    today = [line for line in all_lines if from_ms <= line.at_ms < until_ms]
    paid: Counter[str] = Counter()
    back: Counter[str] = Counter()
    known = _payments(tx, {line.order_no for line in today})
    asked = _repayments(tx, {line.order_no for line in today})
    for line in today:
        if line.kind == PAYMENT:
            found.payments += 1
            paid[line.currency] += line.amount_minor
            found.differences += _of_payment(line, known.get(line.order_no))
        else:
            found.refunds += 1
            back[line.currency] += line.amount_minor
            found.differences += _of_refund(line, asked.get((line.order_no, line.refund_no)))
    there = {(line.kind, line.refund_no or line.order_no) for line in all_lines}
    found.differences += _missing(tx, from_ms, until_ms, there)
    found.paid_minor, found.refunded_minor = dict(sorted(paid.items())), dict(sorted(back.items()))
    return found


def keep(tx: Connection, compared: Compared, now_ms: int) -> None:
    """Remember what was found, for the console."""
    values = {"day": compared.day, "made_ms": now_ms, "found": compared.as_found()}
    tx.execute(sa.insert(reconciliation).values(**values))


def comparisons(tx: Connection, limit: int = 30) -> list[sa.Row[Any]]:
    """The last comparisons, the newest first."""
    return list(tx.execute(sa.select(reconciliation).order_by(reconciliation.c.number.desc()).limit(limit)))


def sums(tx: Connection) -> list[Sum]:
    """What nodes took by phone, by node and currency."""
    column = payment.c
    taken = column.state == TAKEN

    def minor(of: sa.ColumnElement[Any], when: sa.ColumnElement[bool]) -> sa.ColumnElement[Any]:
        return sa.func.coalesce(sa.func.sum(sa.case((when, of), else_=0)), 0)

    one = sa.literal(1)
    query = (
        sa.select(
            column.node_no, column.currency, minor(one, taken), minor(column.amount_minor, taken),
            minor(column.back_minor, sa.true()), minor(one, column.state == ASKED), minor(one, column.left_minor > 0),
        )
        .group_by(column.node_no, column.currency)
        .order_by(column.node_no, column.currency)
    )  # fmt: skip
    open_back = sa.select(repayment.c.node_no, repayment.c.currency, sa.func.count()).where(~repayment.c.made)
    waiting = {
        (node_no, currency): count
        for node_no, currency, count in tx.execute(open_back.group_by(repayment.c.node_no, repayment.c.currency))
    }
    found = []
    for node_no, currency, taken_count, taken_minor, back_minor, open_count, lacking in tx.execute(query):
        owed = waiting.get((node_no, currency), 0)
        counts = (int(taken_count), int(taken_minor), int(back_minor), int(open_count), int(lacking), owed)
        found.append(Sum(node_no, currency, *counts))
    return found


def without_ticket(tx: Connection, limit: int = _LISTED) -> list[sa.Row[Any]]:
    """Money that a node took and whose tickets have not come."""
    query = sa.select(payment).where(payment.c.left_minor > 0).order_by(payment.c.pos).limit(limit)
    return list(tx.execute(query))


def _of_payment(line: Line, known: sa.Row[Any] | None) -> list[Difference]:
    def differs(code: str, node_no: int, amount_minor: int) -> list[Difference]:
        return [Difference(code, line.order_no, "", node_no, amount_minor, line.currency)]

    if known is None:
        return differs("not_asked", 0, line.amount_minor)
    if known.state == TAKEN and known.left_minor:
        return differs("paid_without_ticket", known.node_no, known.left_minor)
    if known.state not in (TAKEN, BACK):
        return differs("paid_without_ticket", known.node_no, line.amount_minor)
    amount_minor = known.amount_minor if known.state == TAKEN else known.back_minor
    if amount_minor != line.amount_minor or (known.state == TAKEN and known.currency != line.currency):
        return differs("amount_differs", known.node_no, abs(amount_minor - line.amount_minor) or line.amount_minor)
    return []


def _of_refund(line: Line, known: sa.Row[Any] | None) -> list[Difference]:
    if known is None:
        return [Difference("refund_unknown", line.order_no, line.refund_no, 0, line.amount_minor, line.currency)]
    if known.amount_minor != line.amount_minor:
        amount_minor = abs(known.amount_minor - line.amount_minor)
        return [Difference("amount_differs", line.order_no, line.refund_no, known.node_no, amount_minor, line.currency)]
    return []


def _missing(tx: Connection, from_ms: int, until_ms: int, there: set[tuple[str, str]]) -> list[Difference]:
    """What nodes say of the day's payments, and the statement does not have."""
    column = payment.c
    mine = (column.state == TAKEN, column.paid_ms >= from_ms, column.paid_ms < until_ms)
    taken = tx.execute(sa.select(payment).where(*mine).order_by(column.pos))
    found = [
        Difference("not_at_gateway", row.order_no, "", row.node_no, row.amount_minor, row.currency)
        for row in taken
        if (PAYMENT, row.order_no) not in there
    ]
    span = (repayment.c.made, repayment.c.asked_hlc >= from_ms << 16, repayment.c.asked_hlc < until_ms << 16)
    made = tx.execute(sa.select(repayment).where(*span).order_by(repayment.c.asked_hlc, repayment.c.refund_no))
    return found + [
        Difference("refund_not_made", row.order_no, row.refund_no, row.node_no, row.amount_minor, row.currency)
        for row in made
        if (REFUND, row.refund_no) not in there
    ]


def _payments(tx: Connection, numbers: set[str]) -> Mapping[str, sa.Row[Any]]:
    rows = _by_number(tx, payment, numbers)
    return {row.order_no: row for row in rows}


def _repayments(tx: Connection, numbers: set[str]) -> Mapping[tuple[str, str], sa.Row[Any]]:
    return {(row.order_no, row.refund_no): row for row in _by_number(tx, repayment, numbers)}


def _by_number(tx: Connection, table: sa.Table, numbers: set[str]) -> list[sa.Row[Any]]:
    ordered = sorted(numbers)
    found: list[sa.Row[Any]] = []
    for start in range(0, len(ordered), 500):
        found += tx.execute(sa.select(table).where(table.c.order_no.in_(ordered[start : start + 500])))
    return found
