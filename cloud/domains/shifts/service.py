"""Questions about shifts, and which alerts are worth a person's time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.shifts.tables import shift, shift_line
from cloud.kernel.database import among
from cloud.kernel.tables import alert, node, operation
from sync.domains.shifts.operations import OfficeRules
from sync.domains.shifts.rules import office_rules
from sync.domains.ticketing.events import PAYMENTS
from sync.kernel.operations import NET

DIFFERENCE: Final = "cash_difference"


@dataclass(frozen=True, slots=True)
class LineSums:
    """One currency and kind of payment of a closed shift. ``expected_minor`` is the hub's own sum."""

    currency: str
    payment: str
    sold: int
    sold_minor: int
    refunds: int
    refunded_minor: int
    expected_minor: int
    claimed_minor: int
    counted_minor: int | None

    @property
    def difference_minor(self) -> int | None:
        """Counted less expected; None where nothing was counted."""
        return None if self.counted_minor is None else self.counted_minor - self.expected_minor


@dataclass(slots=True)
class ShiftLine:
    """A shift as the hub holds it. ``state``: open, closed, or differs."""

    node_no: int
    epoch: int
    shift_no: int
    clerk_no: int
    rule: str
    opened_ms: int
    closed_ms: int | None
    taken_from: int
    taken_by: int
    state: str
    node_name: str
    lines: list[LineSums] = field(default_factory=list)


def shifts(
    tx: Connection, *, node_no: int | None = None, clerk_no: int | None = None, state: str = "", limit: int = 100,
    offset: int = 0,
) -> list[ShiftLine]:  # fmt: skip
    """Shifts with their sums, the newest first."""
    column = shift.c
    names = [name for name in ShiftLine.__dataclass_fields__ if name in column]
    query = sa.select(*(column[name] for name in names), node.c.name.label("node_name"))
    query = query.outerjoin(node, node.c.node_no == column.node_no)
    for one, value in ((column.node_no, node_no), (column.clerk_no, clerk_no), (column.state, state or None)):
        query = query if value is None else query.where(one == value)
    rows = tx.execute(query.order_by(column.opened_pos.desc()).limit(limit).offset(offset)).mappings()
    found = {}
    for row in rows:
        line = ShiftLine(**{**row, "node_name": row["node_name"] or str(row["node_no"])})
        found[line.node_no, line.epoch, line.shift_no] = line
    if not found:
        return []
    of = shift_line.c
    keys = of.node_no, of.epoch, of.shift_no
    sums = sa.select(shift_line).where(among(keys, found)).order_by(of.currency, of.payment)
    for row in tx.execute(sums).mappings():
        payment = PAYMENTS[row["payment"]] if row["payment"] < len(PAYMENTS) else str(row["payment"])
        rest = {name: row[name] for name in LineSums.__dataclass_fields__ if name != "payment"}
        found[row["node_no"], row["epoch"], row["shift_no"]].lines.append(LineSums(payment=payment, **rest))
    return list(found.values())


def published_rules(tx: Connection) -> list[OfficeRules]:
    """All sets of office rules that the hub tells of."""
    column = operation.c
    query = sa.select(column.body).where(column.stream == NET, column.key >= "office/", column.key < "office0")
    return [OfficeRules.from_bytes(bytes(body)) for body in tx.execute(query).scalars() if body is not None]


def worth_telling(tx: Connection, day: int) -> sa.ColumnElement[bool]:
    """Which alerts are shown: all but differences of a count within the limit of the rules that hold on ``day``."""
    published = published_rules(tx)
    of_places: dict[tuple[str, int], list[int]] = {}
    for node_no, place_no in tx.execute(sa.select(node.c.node_no, node.c.place_no)):
        given = office_rules(published, place_no, day)
        of_places.setdefault((given.currency, given.difference_limit_minor), []).append(node_no)
    column = alert.c
    small = [
        sa.and_(column.currency == currency, sa.func.abs(column.amount_minor) <= limit, column.node_no.in_(numbers))
        for (currency, limit), numbers in sorted(of_places.items())
        if limit
    ]
    return sa.not_(sa.and_(column.code == DIFFERENCE, sa.or_(sa.false(), *small)))
