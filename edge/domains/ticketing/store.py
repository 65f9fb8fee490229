"""Rows of sales and orders. What was sold stands in the log alone: a ticket's row says where."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from edge.domains.ticketing.office import store as office
from edge.kernel import log
from sync.domains.ticketing.events import CASH, TicketRefunded, TicketSold
from sync.domains.ticketing.operations import RefundRules
from sync.kernel import hlc
from sync.kernel.errors import broken
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId

REFERENCE_TABLES = ("refund_rules",)
STATE_TABLES = ("ticket", "past_ticket", "refund", "past_refund")

_REFUND = "serial, fee_minor, refunded_minor, currency, reason, rule, clerk_no, refunded_ms"
_REFUNDS = f"(SELECT {_REFUND}, NULL AS epoch FROM refund UNION ALL SELECT {_REFUND}, epoch FROM past_refund)"
_PLACE = "serial, after_serial"
_SAME_PLACE = "trip_no = ?1 AND day = ?2 AND seat = ?3 AND from_idx < ?4 AND to_idx > ?5 AND after_serial < ?6"
_HANDED_BACK = (
    f"(SELECT currency, refunded_minor, clerk_no, refunded_ms FROM {_REFUNDS} UNION ALL "
    "SELECT currency, paid_minor, paid_clerk_no, paid_ms FROM refund_request WHERE paid_ms IS NOT NULL)"
)


def apply_sold(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: TicketSold) -> None:
    """A sale becomes a ticket."""
    connection.execute(
        "INSERT INTO ticket (serial, seq, sold_ms) VALUES (?, ?, ?)", (event.serial, seq, hlc.wall_ms_of(stamp.hlc))
    )


def apply_refunded(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: TicketRefunded) -> None:
    """A ticket was given back. A second refund of it changes nothing here: the hub speaks of it."""
    connection.execute(
        "INSERT OR IGNORE INTO refund (serial, after_serial, trip_no, day, from_idx, to_idx, seat, fee_minor, "
        "refunded_minor, currency, reason, rule, clerk_no, refunded_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            TicketId.from_bytes(event.ticket_id).serial, next_serial(connection) - 1, event.trip_no, event.day,
            event.from_idx, event.to_idx, event.seat, event.fee_minor, event.refunded_minor, event.currency,
            event.reason, event.rule, event.clerk_no, hlc.wall_ms_of(stamp.hlc),
        ),
    )  # fmt: skip


APPLIERS = {TicketSold: apply_sold, TicketRefunded: apply_refunded}


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``ruleset/KIND/SCOPE/DAY``; sets of an unknown kind are for newer software."""
    if rest[0] in office.RULES:
        office.keep_rules(connection, rest, body)
    if rest[0] != "refund":
        return
    where = (rest[1], int(rest[2]))
    connection.execute("DELETE FROM refund_rules WHERE scope = ? AND from_day = ?", where)
    if body is not None:
        RefundRules.from_bytes(body)
        connection.execute("INSERT INTO refund_rules (scope, from_day, body) VALUES (?, ?, ?)", (*where, body))


PROJECTIONS = {"ruleset": keep_rules}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that wrote these tickets ended: the next one counts from 1 again."""
    connection.execute(
        "INSERT INTO past_ticket (epoch, serial, seq, sold_ms) SELECT ?, serial, seq, sold_ms FROM ticket", (epoch,)
    )
    connection.execute(f"INSERT INTO past_refund (epoch, {_REFUND}) SELECT ?, {_REFUND} FROM refund", (epoch,))
    connection.execute("DELETE FROM ticket")
    connection.execute("DELETE FROM refund")


def end_orders(connection: sqlite3.Connection, epoch: int) -> None:
    """Orders and keys of a log that ended: what was sold stays known; what waits can't be sold any more."""
    connection.execute("UPDATE sale_key SET epoch = ? WHERE epoch IS NULL", (epoch,))
    connection.execute("DELETE FROM refund_key")
    connection.execute("UPDATE sale_order SET epoch = ? WHERE epoch IS NULL AND state = 'sold'", (epoch,))
    connection.execute("UPDATE sale_order SET state = 'cancelled' WHERE state = 'waiting'")


def keep_codes(connection: sqlite3.Connection, epoch: int, codes: Iterable[tuple[int, str]]) -> None:
    """Keep ``(serial, code)`` of tickets whose key is about to leave this box."""
    rows = ((epoch, serial, code) for serial, code in codes)
    connection.executemany("INSERT INTO past_code (epoch, serial, code) VALUES (?, ?, ?)", rows)


def code_of(connection: sqlite3.Connection, epoch: int, serial: int) -> str:
    """The code of a ticket of an earlier log."""
    row = connection.execute("SELECT code FROM past_code WHERE epoch = ? AND serial = ?", (epoch, serial)).fetchone()
    return row[0] if row else ""


class SoldRow(NamedTuple):
    """A sale, when it was made, and the epoch of its log (None: the present one)."""

    event: TicketSold
    sold_ms: int
    epoch: int | None


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
    epoch: int | None = None

    @property
    def where(self) -> tuple[int, int, int, int]:
        """(trip_no, day, from_idx, to_idx)."""
        return self.trip_no, self.day, self.from_idx, self.to_idx


_ORDER = "order_no, trip_no, day, from_idx, to_idx, seat, price_minor, currency, channel, state, serial, boot, mono_ms, epoch"


def next_serial(connection: sqlite3.Connection) -> int:
    """The serial after the last ticket's."""
    return (connection.execute("SELECT max(serial) FROM ticket").fetchone()[0] or 0) + 1


def sold(connection: sqlite3.Connection, serial: int, epoch: int | None = None) -> SoldRow | None:
    """A sale of the present log, or of that of ``epoch``, by its serial."""
    if epoch is None:
        rows = connection.execute("SELECT seq FROM ticket WHERE serial = ?", (serial,)).fetchall()
    else:
        query = "SELECT seq FROM past_ticket WHERE epoch = ? AND serial = ?"
        rows = connection.execute(query, (epoch, serial)).fetchall()
    return next(_sales(connection, rows, epoch), None)


def all_sold(connection: sqlite3.Connection) -> Iterator[SoldRow]:
    """Every sale of the present log."""
    return _sales(connection, connection.execute("SELECT seq FROM ticket ORDER BY serial").fetchall(), None)


def sold_after(connection: sqlite3.Connection, serial: int) -> Iterator[SoldRow]:
    """Sales of the present log behind that of ``serial``, in order."""
    found = connection.execute("SELECT seq FROM ticket WHERE serial > ? ORDER BY serial", (serial,))
    return _sales(connection, found.fetchall(), None)


def serial_before(connection: sqlite3.Connection, at_ms: int) -> int:
    """Serial of the last ticket of the present log that was sold before ``at_ms``; 0 for none."""
    return _first_since(connection, at_ms) - 1


def newest_ends(connection: sqlite3.Connection, limit: int) -> list[tuple[int, int]]:
    """``(trip_no, to_idx)`` of the last sales of the present log."""
    rows = connection.execute("SELECT seq FROM ticket ORDER BY serial DESC LIMIT ?", (limit,)).fetchall()
    return [(one.event.trip_no, one.event.to_idx) for one in _sales(connection, rows[::-1], None)]


def sold_between(connection: sqlite3.Connection, from_ms: int, until_ms: int) -> Iterator[SoldRow]:
    """Sales of a span of time, of all logs, oldest first."""
    query = "SELECT epoch, seq FROM past_ticket WHERE sold_ms >= ? AND sold_ms < ? ORDER BY epoch, serial"
    for epoch, rows in groupby(connection.execute(query, (from_ms, until_ms)).fetchall(), key=itemgetter(0)):
        yield from _sales(connection, [row[1:] for row in rows], epoch)
    span = _first_since(connection, from_ms), _first_since(connection, until_ms)
    found = connection.execute("SELECT seq FROM ticket WHERE serial >= ? AND serial < ? ORDER BY serial", span)
    yield from _sales(connection, found.fetchall(), None)


def _sales(connection: sqlite3.Connection, rows: list[tuple[int]], epoch: int | None) -> Iterator[SoldRow]:
    for seq, found in log.envelopes(connection, [row[0] for row in rows], epoch):
        if not isinstance(found.event, TicketSold):
            broken(f"a ticket was made of event {seq}, which is no sale")
        yield SoldRow(found.event, hlc.wall_ms_of(found.stamp.hlc), epoch)


def _first_since(connection: sqlite3.Connection, at_ms: int) -> int:
    """Serial of the first ticket that was not sold before ``at_ms``; one past the last when there is none."""
    low, high = 1, next_serial(connection)
    while low < high:
        middle = (low + high) // 2
        row = connection.execute("SELECT sold_ms FROM ticket WHERE serial >= ? LIMIT 1", (middle,)).fetchone()
        if row[0] < at_ms:
            low = middle + 1
        else:
            high = middle
    return low


@dataclass(frozen=True)
class RefundRow:
    """A refund as stored."""

    serial: int
    fee_minor: int
    refunded_minor: int
    currency: str
    reason: int
    rule: str
    clerk_no: int
    refunded_ms: int
    epoch: int | None


def refund(connection: sqlite3.Connection, serial: int, epoch: int | None = None) -> RefundRow | None:
    """The refund of a ticket of the present log, or of that of ``epoch``."""
    row = connection.execute(
        f"SELECT {_REFUND}, epoch FROM {_REFUNDS} WHERE serial = ? AND epoch IS ?", (serial, epoch)
    ).fetchone()
    return RefundRow(*row) if row else None


def refunds_between(
    connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None, limit: int
) -> list[RefundRow]:
    """Refunds of a span of time, of all logs, newest first, made by one clerk or by all."""
    rows = connection.execute(
        f"SELECT {_REFUND}, epoch FROM {_REFUNDS} WHERE refunded_ms >= ? AND refunded_ms < ? "
        "AND (? IS NULL OR clerk_no = ?) ORDER BY refunded_ms DESC, serial DESC LIMIT ?",
        (from_ms, until_ms, clerk_no, clerk_no, limit),
    )
    return [RefundRow(*row) for row in rows]


def refund_sums(
    connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None
) -> list[tuple[str, int, int]]:
    """``(currency, refunds, minor units handed back)`` of a span of time, of all logs, what was paid out on the hub's
    word with it."""
    rows = connection.execute(
        f"SELECT currency, count(*), sum(refunded_minor) FROM {_HANDED_BACK} WHERE refunded_ms >= ? AND refunded_ms < ? "
        "AND (? IS NULL OR clerk_no = ?) GROUP BY currency ORDER BY currency",
        (from_ms, until_ms, clerk_no, clerk_no),
    )
    return rows.fetchall()


def cash_refunds(connection: sqlite3.Connection, from_ms: int, until_ms: int, clerk_no: int | None) -> dict[str, int]:
    """Currency → minor units handed back in cash in a span of time, in all logs, what was paid out on the hub's word with it.
    Money goes back by the way it came, so the sale says which way that was."""
    found: dict[str, int] = {}
    for row in refunds_between(connection, from_ms, until_ms, clerk_no, -1):
        sale = sold(connection, row.serial, row.epoch)
        if sale is not None and sale.event.payment == CASH:
            found[row.currency] = found.get(row.currency, 0) + row.refunded_minor
    query = (
        "SELECT currency, sum(paid_minor) FROM refund_request WHERE paid_ms >= ? AND paid_ms < ? "
        "AND (? IS NULL OR paid_clerk_no = ?) GROUP BY currency"
    )
    for currency, minor in connection.execute(query, (from_ms, until_ms, clerk_no, clerk_no)):
        found[currency] = found.get(currency, 0) + minor
    return found


def superseded_by(connection: sqlite3.Connection, sold: TicketSold, most: int) -> list[int]:
    """Serials of earlier tickets that are void because of ``sold``: first the one whose place it took, then those of the
    same seat (or of free seating) on one of the same legs that were given back before it, the newest first."""
    replaced = office.replaces(connection, sold.serial)
    rows = connection.execute(
        f"SELECT {_PLACE} FROM refund WHERE {_SAME_PLACE} UNION ALL SELECT {_PLACE} FROM taken_back WHERE {_SAME_PLACE} "
        "ORDER BY after_serial DESC, serial DESC LIMIT ?7",
        (sold.trip_no, sold.day, sold.seat, sold.to_idx, sold.from_idx, sold.serial, most),
    )
    first = [replaced.serial] if replaced else []
    return list(dict.fromkeys([*first, *(row[0] for row in rows)]))[:most]


def published_rules(connection: sqlite3.Connection) -> list[RefundRules]:
    """All sets of refund rules that the hub has told of."""
    rows = connection.execute("SELECT body FROM refund_rules ORDER BY scope, from_day")
    return [RefundRules.from_bytes(row[0]) for row in rows]


def refund_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Serial of the ticket that was refunded under an idempotency key."""
    row = connection.execute("SELECT serial FROM refund_key WHERE digest = ?", (_digest(key),)).fetchone()
    return row[0] if row else None


def keep_refund_key(connection: sqlite3.Connection, key: str, serial: int) -> None:
    """Remember under which key a ticket was refunded."""
    connection.execute("INSERT INTO refund_key (digest, serial) VALUES (?, ?)", (_digest(key), serial))


def order_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Number of the order that was made under an idempotency key."""
    row = connection.execute("SELECT order_no FROM order_key WHERE digest = ?", (_digest(key),)).fetchone()
    return row[0] if row else None


def keep_order_key(connection: sqlite3.Connection, key: str, order_no: int) -> None:
    """Remember under which key an order was made."""
    connection.execute("INSERT INTO order_key (digest, order_no) VALUES (?, ?)", (_digest(key), order_no))


def serial_of_key(connection: sqlite3.Connection, key: str) -> tuple[int, int | None] | None:
    """(serial, epoch of its log or None for the present) of the ticket that was sold under an idempotency key."""
    return connection.execute("SELECT serial, epoch FROM sale_key WHERE digest = ?", (_digest(key),)).fetchone()


def keep_key(connection: sqlite3.Connection, key: str, serial: int) -> None:
    """Remember under which key a ticket was sold."""
    connection.execute("INSERT INTO sale_key (digest, serial) VALUES (?, ?)", (_digest(key), serial))


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)


def make_small(connection: sqlite3.Connection) -> None:
    """Migration of databases from before 0.2: tickets held the whole sale, and keys stood in full."""
    columns = {row[1] for row in connection.execute("PRAGMA table_info(ticket)")}
    if "price_minor" not in columns:
        return
    for statement in (
        "CREATE TABLE ticket_small (serial INTEGER PRIMARY KEY, seq INTEGER NOT NULL, sold_ms INTEGER NOT NULL)",
        "INSERT INTO ticket_small SELECT serial, seq, sold_ms FROM ticket ORDER BY serial",
        "DROP TABLE ticket",
        "ALTER TABLE ticket_small RENAME TO ticket",
        "CREATE TABLE sale_digest (digest INTEGER PRIMARY KEY, serial INTEGER NOT NULL)",
    ):
        connection.execute(statement)
    keys = connection.execute("SELECT key, serial FROM sale_key").fetchall()
    connection.executemany("INSERT INTO sale_digest VALUES (?, ?)", sorted((_digest(key), n) for key, n in keys))
    connection.execute("DROP TABLE sale_key")
    connection.execute("ALTER TABLE sale_digest RENAME TO sale_key")


def add_past(connection: sqlite3.Connection) -> None:
    """Rows of earlier logs of this box, whose serials began at 1 as well: tickets and refunds (state), and the codes of the
    tickets, signed while the key of that log was still here (local). ``epoch`` NULL: of the present log."""
    for statement in (
        "CREATE TABLE IF NOT EXISTS past_ticket (epoch INTEGER NOT NULL, serial INTEGER NOT NULL, seq INTEGER NOT NULL, "
        "sold_ms INTEGER NOT NULL, PRIMARY KEY (epoch, serial)) WITHOUT ROWID",
        "CREATE INDEX IF NOT EXISTS past_ticket_sold ON past_ticket (sold_ms)",
        "CREATE TABLE IF NOT EXISTS past_code (epoch INTEGER NOT NULL, serial INTEGER NOT NULL, code TEXT NOT NULL, "
        "PRIMARY KEY (epoch, serial)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS past_refund (epoch INTEGER NOT NULL, serial INTEGER NOT NULL, fee_minor INTEGER NOT NULL, "
        "refunded_minor INTEGER NOT NULL, currency TEXT NOT NULL, reason INTEGER NOT NULL, rule TEXT NOT NULL, "
        "clerk_no INTEGER NOT NULL, refunded_ms INTEGER NOT NULL, PRIMARY KEY (epoch, serial)) WITHOUT ROWID",
    ):
        connection.execute(statement)
    for table in ("sale_order", "sale_key"):
        if "epoch" not in {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN epoch INTEGER")


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
