"""Sales, dated trips and days in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.domains.boarding.tables import boarded
from cloud.domains.inventory.tables import dated_trip, seat_grant
from cloud.domains.ratings.tables import rating
from cloud.domains.ticketing.apply import QUARANTINED
from cloud.domains.ticketing.tables import refund_sum, sale_sum
from cloud.domains.timetable.tables import feed_import, trip
from cloud.kernel.database import among, chunks


@dataclass(slots=True)
class SoldTrip:
    """Sales of one dated trip. ``sums``: currency → minor units; ``held`` tickets are quarantined, and counted too.

    ``refunds`` with ``back``, currency → minor units handed back.
    """

    trip_no: int
    day: int
    tickets: int = 0
    held: int = 0
    boarded: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    refunds: int = 0
    back: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayNumbers:
    """One service date."""

    sold: int
    sums: dict[str, int]
    boarded: int
    rated: int


def day_in_numbers(tx: Connection, day: int) -> DayNumbers:
    """What happened on the trips of service date ``day``."""
    sums = sale_totals(tx, day, day, None)
    counts = [
        tx.execute(sa.select(sa.func.count()).select_from(table).where(table.c.day == day)).scalar_one()
        for table in (boarded, rating)
    ]
    sold = sum(tickets for tickets, _ in sums.values())
    return DayNumbers(sold, {currency: amount for currency, (_, amount) in sums.items()}, counts[0], counts[1])


def sale_totals(tx: Connection, first: int, last: int, node_no: int | None) -> dict[str, tuple[int, int]]:
    """Currency → (tickets, minor units) of service dates ``first`` to ``last``, quarantined sales included."""
    column = sale_sum.c
    counts = (sa.func.sum(column.tickets), sa.func.sum(column.amount_minor))
    query = sa.select(column.currency, *counts).where(*_in(sale_sum, first, last, node_no))
    rows = tx.execute(query.group_by(column.currency).order_by(column.currency))
    return {currency: (int(tickets), int(amount)) for currency, tickets, amount in rows}


def refund_totals(tx: Connection, first: int, last: int, node_no: int | None) -> dict[str, tuple[int, int]]:
    """Currency → (refunds, minor units handed back) of service dates ``first`` to ``last``, quarantined ones included."""
    column = refund_sum.c
    counts = (sa.func.sum(column.refunds), sa.func.sum(column.refunded_minor))
    query = sa.select(column.currency, *counts).where(*_in(refund_sum, first, last, node_no))
    rows = tx.execute(query.group_by(column.currency).order_by(column.currency))
    return {currency: (int(refunds), int(amount)) for currency, refunds, amount in rows}


def sold_trips(tx: Connection, first: int, last: int, node_no: int | None, limit: int, offset: int) -> list[SoldTrip]:
    """Dated trips with sales, the newest service date first."""
    column = sale_sum.c
    wanted = _in(sale_sum, first, last, node_no)
    keys = sa.select(column.day, column.trip_no, trip.c.start_s).where(*wanted).distinct()
    keys = keys.outerjoin(trip, trip.c.trip_no == column.trip_no)
    order = (column.day.desc(), trip.c.start_s, column.trip_no)
    rows = tx.execute(keys.order_by(*order).limit(limit).offset(offset))
    found = {(trip_no, day): SoldTrip(trip_no, day) for day, trip_no, _ in rows}
    for some in chunks(found, 200):
        mine = among((column.trip_no, column.day), some)
        for row in tx.execute(sa.select(sale_sum).where(*wanted, mine).order_by(column.currency)):
            line = found[row.trip_no, row.day]
            line.tickets += row.tickets
            line.held += row.tickets if row.state == QUARANTINED else 0
            line.sums[row.currency] = line.sums.get(row.currency, 0) + row.amount_minor
        count = sa.select(boarded.c.trip_no, boarded.c.day, sa.func.count()).where(
            among((boarded.c.trip_no, boarded.c.day), some)
        )
        for trip_no, day, number in tx.execute(count.group_by(boarded.c.trip_no, boarded.c.day)):
            found[trip_no, day].boarded = number
        _add_refunds(tx, found, some, _in(refund_sum, first, last, node_no))
    return list(found.values())


def _add_refunds(tx: Connection, found: dict[tuple[int, int], SoldTrip], some: list[Any], wanted: Any) -> None:
    column = refund_sum.c
    mine = among((column.trip_no, column.day), some)
    for row in tx.execute(sa.select(refund_sum).where(*wanted, mine).order_by(column.currency)):
        line = found[row.trip_no, row.day]
        line.refunds += row.refunds
        line.back[row.currency] = line.back.get(row.currency, 0) + row.refunded_minor


def _in(table: sa.Table, first: int, last: int, node_no: int | None) -> list[sa.ColumnElement[bool]]:
    column = table.c
    return [column.day.between(first, last)] + ([] if node_no is None else [column.node_no == node_no])


def dated_trips(tx: Connection, day: int, limit: int, offset: int) -> Sequence[Row[Any]]:
    """Trips of a service date that the hub opened for sale, by departure."""
    column = dated_trip.c
    query = sa.select(dated_trip).where(column.day == day).order_by(column.departs_ms, column.trip_no)
    return tx.execute(query.limit(limit).offset(offset)).all()


def suspect_grants(tx: Connection, trip_no: int, day: int, holders: set[tuple[int, int]]) -> Sequence[Row[Any]]:
    """Grants of a dated trip whose holders (node, log epoch) are among ``holders``."""
    column = seat_grant.c
    rows = tx.execute(sa.select(seat_grant).where(column.trip_no == trip_no, column.day == day)).all()
    return [row for row in rows if (row.node_no, row.node_epoch) in holders]


def feed_end(tx: Connection) -> tuple[int | None, bool]:
    """Last day of the newest feed, and whether there is any."""
    newest = sa.select(feed_import.c.end_day).order_by(feed_import.c.import_no.desc()).limit(1)
    row = tx.execute(newest).first()
    return (None, False) if row is None else (row.end_day, True)
