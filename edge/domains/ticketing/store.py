"""Rows of sales and orders."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sync.domains.ticketing.events import TicketSold
from sync.kernel import hlc
from sync.kernel.events import Stamp

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("ticket",)
_COLUMNS = (
    "serial, trip_no, day, from_idx, to_idx, seat, rider, price_minor, currency, payment, clerk_no, channel, until_s"
)


def apply_sold(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: TicketSold) -> None:
    """A sale becomes a ticket."""
    connection.execute(
        f"INSERT INTO ticket ({_COLUMNS}, seq, sold_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.serial, event.trip_no, event.day, event.from_idx, event.to_idx, event.seat, event.rider,
            event.price_minor, event.currency, event.payment, event.clerk_no, event.channel, event.until_s,
            seq, hlc.wall_ms_of(stamp.hlc),
        ),
    )  # fmt: skip


APPLIERS = {TicketSold: apply_sold}


@dataclass(frozen=True)
class OrderRow:
    """An order as stored."""

    order_no: int
    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    seat: int
    price_minor: int
    currency: str
    channel: int
    state: str
    serial: int | None
    boot: bytes
    mono_ms: int

    @property
    def where(self) -> tuple[int, int, int, int]:
        """(trip_no, day, from_idx, to_idx)."""
        return self.trip_no, self.day, self.from_idx, self.to_idx


_ORDER = "order_no, trip_no, day, from_idx, to_idx, seat, price_minor, currency, channel, state, serial, boot, mono_ms"


def next_serial(connection: sqlite3.Connection) -> int:
    """The serial after the last ticket's."""
    return (connection.execute("SELECT max(serial) FROM ticket").fetchone()[0] or 0) + 1


def sold(connection: sqlite3.Connection, serial: int) -> tuple[TicketSold, int] | None:
    """A sale by its serial, and when it was made (ms)."""
    row = connection.execute(f"SELECT {_COLUMNS}, sold_ms FROM ticket WHERE serial = ?", (serial,)).fetchone()
    return (TicketSold(*row[:-1]), row[-1]) if row else None


def sold_between(
    connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None, limit: int
) -> list[tuple[TicketSold, int]]:
    """Sales of a span of time, newest first, of one clerk or of all."""
    rows = connection.execute(
        f"SELECT {_COLUMNS}, sold_ms FROM ticket WHERE sold_ms >= ? AND sold_ms < ? AND (? IS NULL OR clerk_no = ?) "
        "ORDER BY sold_ms DESC, serial DESC LIMIT ?",
        (from_ms, until_ms, clerk_no, clerk_no, limit),
    )
    return [(TicketSold(*row[:-1]), row[-1]) for row in rows]


def sums(
    connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None
) -> list[tuple[str, int, int]]:
    """``(currency, tickets, minor units)`` of a span of time."""
    rows = connection.execute(
        "SELECT currency, count(*), sum(price_minor) FROM ticket "
        "WHERE sold_ms >= ? AND sold_ms < ? AND (? IS NULL OR clerk_no = ?) GROUP BY currency ORDER BY currency",
        (from_ms, until_ms, clerk_no, clerk_no),
    )
    return rows.fetchall()


def serial_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """The ticket that was sold under an idempotency key."""
    row = connection.execute("SELECT serial FROM sale_key WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def keep_key(connection: sqlite3.Connection, key: str, serial: int) -> None:
    """Remember under which key a ticket was sold."""
    connection.execute("INSERT INTO sale_key (key, serial) VALUES (?, ?)", (key, serial))


def add_order(connection: sqlite3.Connection, row: OrderRow) -> int:
    """Store a new order; gives its number."""
    values = (
        row.trip_no, row.day, row.from_idx, row.to_idx, row.seat, row.price_minor, row.currency, row.channel,
        row.state, row.boot, row.mono_ms,
    )  # fmt: skip
    cursor = connection.execute(
        "INSERT INTO sale_order (trip_no, day, from_idx, to_idx, seat, price_minor, currency, channel, state, boot, mono_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    return int(cursor.lastrowid or 0)


def order(connection: sqlite3.Connection, order_no: int) -> OrderRow | None:
    """An order by its number."""
    row = connection.execute(f"SELECT {_ORDER} FROM sale_order WHERE order_no = ?", (order_no,)).fetchone()
    return OrderRow(*row) if row else None


def waiting_orders(connection: sqlite3.Connection, limit: int = 100) -> list[OrderRow]:
    """The newest orders that wait for cash, oldest of them first: many are left standing and never paid."""
    rows = connection.execute(
        f"SELECT {_ORDER} FROM sale_order WHERE state = 'waiting' ORDER BY order_no DESC LIMIT ?", (limit,)
    )
    return [OrderRow(*row) for row in rows][::-1]


def set_order(connection: sqlite3.Connection, order_no: int, state: str, serial: int | None = None) -> None:
    """Move an order on."""
    connection.execute("UPDATE sale_order SET state = ?, serial = ? WHERE order_no = ?", (state, serial, order_no))
