"""Rows of bookings, and of the riders that an order of several waits with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from edge.kernel import log
from sync.domains.ticketing.events import CASH, BookingSold
from sync.kernel import hlc
from sync.kernel.errors import broken
from sync.kernel.events import Stamp

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("booking", "past_booking")


class RiderRow(NamedTuple):
    """One rider of an order on one of its rides, with the seat that is held. ``rider`` indexes RIDERS, ``proof`` PROOFS."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    proof: int
    price_minor: int

    @property
    def where(self) -> tuple[int, int, int, int]:
        """(trip_no, day, from_idx, to_idx)."""
        return self[:4]


@dataclass(frozen=True)
class ExtraRow:
    """``count`` of an extra for ``price_minor`` together."""

    code: str
    count: int
    price_minor: int


def apply_booked(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: BookingSold) -> None:
    """Tickets were paid together. A second booking from the same ticket on changes nothing here: the hub speaks of it."""
    connection.execute(
        "INSERT OR IGNORE INTO booking (first_serial, seq, sold_ms, clerk_no, currency, extras_minor) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.first_serial, seq, hlc.wall_ms_of(stamp.hlc), event.clerk_no, event.currency,
            sum(price for _, _, price in event.extras),
        ),
    )  # fmt: skip


APPLIERS = {BookingSold: apply_booked}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that wrote these bookings ended."""
    connection.execute(
        "INSERT INTO past_booking (epoch, first_serial, seq, sold_ms, clerk_no, currency, extras_minor) "
        "SELECT ?, first_serial, seq, sold_ms, clerk_no, currency, extras_minor FROM booking",
        (epoch,),
    )
    connection.execute("DELETE FROM booking")


def booking_of(connection: sqlite3.Connection, serial: int, epoch: int | None) -> BookingSold | None:
    """The booking to which a ticket of the present log, or of that of ``epoch``, belongs."""
    if epoch is None:
        query = "SELECT seq FROM booking WHERE first_serial <= ? ORDER BY first_serial DESC LIMIT 1"
        row = connection.execute(query, (serial,)).fetchone()
    else:
        query = "SELECT seq FROM past_booking WHERE epoch = ? AND first_serial <= ? ORDER BY first_serial DESC LIMIT 1"
        row = connection.execute(query, (epoch, serial)).fetchone()
    if row is None:
        return None
    _, found = next(log.envelopes(connection, [row[0]], epoch))
    if not isinstance(found.event, BookingSold):
        broken(f"a booking was made of event {row[0]}, which is none")
    return found.event if serial < found.event.first_serial + found.event.count else None


def several_since(connection: sqlite3.Connection, from_ms: int) -> list[tuple[int, int]]:
    """``(first serial, count)`` of the present log's bookings from a moment on, oldest first."""
    rows = connection.execute("SELECT seq FROM booking WHERE sold_ms >= ? ORDER BY first_serial", (from_ms,)).fetchall()
    events = [found.event for _, found in log.envelopes(connection, [row[0] for row in rows], None)]
    return [(one.first_serial, one.count) for one in events if isinstance(one, BookingSold)]


def extra_sums(
    connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None
) -> list[tuple[str, int]]:
    """``(currency, minor units)`` taken for extras in a span of time, in all logs, by one clerk or by all."""
    rows = connection.execute(
        "SELECT currency, sum(extras_minor) FROM (SELECT sold_ms, clerk_no, currency, extras_minor FROM booking UNION ALL "
        "SELECT sold_ms, clerk_no, currency, extras_minor FROM past_booking) WHERE sold_ms >= ? AND sold_ms < ? "
        "AND (? IS NULL OR clerk_no = ?) AND extras_minor > 0 GROUP BY currency ORDER BY currency",
        (from_ms, until_ms, clerk_no, clerk_no),
    )
    return rows.fetchall()


def cash_extras(connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None) -> dict[str, int]:
    """Currency → minor units taken in cash for extras in a span of time, in all logs, by one clerk or by all."""
    found: dict[str, int] = {}
    rows = connection.execute(
        "SELECT seq, epoch, currency, extras_minor FROM (SELECT seq, NULL AS epoch, sold_ms, clerk_no, currency, extras_minor "
        "FROM booking UNION ALL SELECT seq, epoch, sold_ms, clerk_no, currency, extras_minor FROM past_booking) "
        "WHERE sold_ms >= ? AND sold_ms < ? AND (? IS NULL OR clerk_no = ?) AND extras_minor > 0",
        (from_ms, until_ms, clerk_no, clerk_no),
    )
    for seq, epoch, currency, minor in rows.fetchall():
        _, envelope = next(log.envelopes(connection, [seq], epoch))
        if isinstance(envelope.event, BookingSold) and envelope.event.payment == CASH:
            found[currency] = found.get(currency, 0) + minor
    return found


def keep_riders(connection: sqlite3.Connection, order_no: int, rows: Iterable[RiderRow]) -> None:
    """Who rides by an order."""
    connection.executemany(
        "INSERT INTO order_rider (order_no, item, trip_no, day, from_idx, to_idx, seat, rider, proof, price_minor) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(order_no, item, *row) for item, row in enumerate(rows)],
    )


def keep_extras(connection: sqlite3.Connection, order_no: int, rows: Iterable[ExtraRow]) -> None:
    """What goes along by an order."""
    connection.executemany(
        "INSERT INTO order_extra (order_no, code, count, price_minor) VALUES (?, ?, ?, ?)",
        [(order_no, row.code, row.count, row.price_minor) for row in rows],
    )


def riders_of(connection: sqlite3.Connection, order_no: int) -> list[RiderRow]:
    """Riders of an order of several; empty for an order of one."""
    rows = connection.execute(
        "SELECT trip_no, day, from_idx, to_idx, seat, rider, proof, price_minor FROM order_rider WHERE order_no = ? "
        "ORDER BY item",
        (order_no,),
    )
    return [RiderRow(*row) for row in rows]


def extras_of(connection: sqlite3.Connection, order_no: int) -> list[ExtraRow]:
    """Extras of an order."""
    query = "SELECT code, count, price_minor FROM order_extra WHERE order_no = ? ORDER BY code"
    return [ExtraRow(*row) for row in connection.execute(query, (order_no,))]
