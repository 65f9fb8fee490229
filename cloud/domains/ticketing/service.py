"""Questions about tickets."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import OK
from cloud.domains.ticketing.tables import sale_sum, serial_end, ticket
from sync.kernel.errors import Refusal
from sync.kernel.ticket import TicketId


@dataclass(frozen=True, slots=True)
class SaleLine:
    """What one node sold of one dated trip. ``state``: ok or quarantined."""

    trip_no: int
    day: int
    node_no: int
    currency: str
    state: str
    tickets: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One sale as the hub holds it; ``number`` is what stands on paper."""

    number: str
    pos: int
    node_no: int
    epoch: int
    serial: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    price_minor: int
    currency: str
    clerk_no: int
    channel: int
    sold_hlc: int
    state: str


def good_tickets(tx: Connection, trip_no: int, day: int) -> dict[bytes, tuple[int, int, int]]:
    """Ticket id → (from_idx, to_idx, seat) of the tickets of a dated trip that are not quarantined."""
    column = ticket.c
    mine = (column.trip_no == trip_no, column.day == day, column.state == OK)
    columns = (column.ticket_id, column.from_idx, column.to_idx, column.seat)
    rows = tx.execute(sa.select(*columns).where(*mine).order_by(column.pos))
    return {bytes(row.ticket_id): (row.from_idx, row.to_idx, row.seat) for row in rows}


def last_serial(tx: Connection, node_no: int, epoch: int) -> int:
    """The highest ticket serial accepted from a log; 0 for none."""
    mine = (serial_end.c.node_no == node_no, serial_end.c.epoch == epoch)
    return tx.execute(sa.select(serial_end.c.last_serial).where(*mine)).scalar() or 0


def sales(
    tx: Connection, *, day: int | None = None, trip_no: int | None = None, node_no: int | None = None,
    limit: int = 1_000, offset: int = 0,
) -> list[SaleLine]:  # fmt: skip
    """Takings by trip, service day, node, currency and state, the newest day first."""
    column = sale_sum.c
    wanted = [
        one == value
        for one, value in ((column.day, day), (column.trip_no, trip_no), (column.node_no, node_no))
        if value is not None
    ]
    order = (column.day.desc(), column.trip_no, column.node_no, column.currency, column.state)
    rows = tx.execute(sa.select(sale_sum).where(*wanted).order_by(*order).limit(limit).offset(offset))
    return [SaleLine(**row._mapping) for row in rows]


def totals(tx: Connection) -> dict[str, tuple[int, int]]:
    """Currency → (tickets, minor units) of everything sold, quarantined sales included: the money was taken."""
    column = sale_sum.c
    counts = (sa.func.sum(column.tickets), sa.func.sum(column.amount_minor))
    rows = tx.execute(sa.select(column.currency, *counts).group_by(column.currency).order_by(column.currency))
    return {currency: (int(tickets), int(amount)) for currency, tickets, amount in rows}


def tickets_of(tx: Connection, trip_no: int, day: int, limit: int = 1_000, offset: int = 0) -> list[TicketLine]:
    """The tickets of a dated trip in the order in which the hub received them."""
    mine = (ticket.c.trip_no == trip_no, ticket.c.day == day)
    rows = tx.execute(sa.select(ticket).where(*mine).order_by(ticket.c.pos).limit(limit).offset(offset))
    return [_line(row) for row in rows]


def find_ticket(tx: Connection, number: str) -> TicketLine:
    """A ticket by the number on its paper. Raises :class:`Refusal`: ``ticket_number_form``, ``ticket_unknown``."""
    wanted = TicketId.from_number(number)
    if wanted is None:
        raise Refusal("ticket_number_form", status=422, field="number")
    row = tx.execute(sa.select(ticket).where(ticket.c.ticket_id == wanted.to_bytes()).order_by(ticket.c.pos)).first()
    if row is None:
        raise Refusal("ticket_unknown", status=404)
    return _line(row)


def _line(row: sa.Row[tuple[object, ...]]) -> TicketLine:
    known = {name: value for name, value in row._mapping.items() if name in TicketLine.__dataclass_fields__}
    return TicketLine(number=TicketId.from_bytes(row.ticket_id).number, **known)
