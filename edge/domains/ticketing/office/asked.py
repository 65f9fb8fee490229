"""Rows of requests for refunds that the hub decides."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import NamedTuple

from sync.domains.ticketing.events import RefundAsked, RefundPaid
from sync.domains.ticketing.operations import RefundWord
from sync.kernel import hlc
from sync.kernel.events import Stamp

REFERENCE_TABLES = ("refund_word",)
STATE_TABLES = ("refund_request",)
_COLUMNS = (
    "epoch, request_no, ticket_id, reason, kind, clerk_no, asked_ms, paid_ms, paid_minor, currency, paid_clerk_no"
)


class RequestRow(NamedTuple):
    """A request as stored, in the order of its columns. ``epoch`` 0: of the present log; the last four are
    None until money was handed out."""

    epoch: int
    request_no: int
    ticket_id: bytes
    reason: int
    kind: int
    clerk_no: int
    asked_ms: int
    paid_ms: int | None
    paid_minor: int | None
    currency: str | None
    paid_clerk_no: int | None


def keep_word(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``refund/EPOCH/REQUEST``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM refund_word WHERE epoch = ? AND request_no = ?", where)
    if body is not None:
        RefundWord.from_bytes(body)
        connection.execute("INSERT INTO refund_word (epoch, request_no, body) VALUES (?, ?, ?)", (*where, body))


PROJECTIONS = {RefundWord.PREFIX: keep_word}


def apply_asked(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: RefundAsked) -> None:
    """Somebody waits for the hub's word."""
    connection.execute(
        "INSERT OR IGNORE INTO refund_request (epoch, request_no, ticket_id, reason, kind, clerk_no, asked_ms) "
        "VALUES (0, ?, ?, ?, ?, ?, ?)",
        (event.request_no, event.ticket_id, event.reason, event.kind, event.clerk_no, hlc.wall_ms_of(stamp.hlc)),
    )


def apply_paid(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: RefundPaid) -> None:
    """Money was handed out; ``epoch`` of the event is 0 for a request of its own log."""
    connection.execute(
        "UPDATE refund_request SET paid_ms = ?, paid_minor = ?, currency = ?, paid_clerk_no = ? "
        "WHERE epoch = ? AND request_no = ? AND paid_ms IS NULL",
        (
            hlc.wall_ms_of(stamp.hlc), event.paid_minor, event.currency, event.clerk_no, event.epoch, event.request_no,
        ),
    )  # fmt: skip


APPLIERS = {RefundAsked: apply_asked, RefundPaid: apply_paid}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that holds these requests ended; who asked is paid all the same."""
    connection.execute("UPDATE refund_request SET epoch = ? WHERE epoch = 0", (epoch,))


def next_no(connection: sqlite3.Connection) -> int:
    """The number after the last request's."""
    row = connection.execute("SELECT max(request_no) FROM refund_request WHERE epoch = 0").fetchone()
    return (row[0] or 0) + 1


def request(connection: sqlite3.Connection, epoch: int, request_no: int) -> RequestRow | None:
    """A request of the present log (``epoch`` 0) or of an earlier one."""
    query = "SELECT * FROM refund_request WHERE epoch = ? AND request_no = ?"
    row = connection.execute(query, (epoch, request_no)).fetchone()
    return RequestRow(*row) if row else None


def newest(connection: sqlite3.Connection, limit: int) -> list[RequestRow]:
    """The last requests, those that wait first."""
    query = "SELECT * FROM refund_request ORDER BY paid_ms IS NOT NULL, asked_ms DESC LIMIT ?"
    return [RequestRow(*row) for row in connection.execute(query, (limit,))]


def of_ticket(connection: sqlite3.Connection, ticket_id: bytes) -> RequestRow | None:
    """The first request for a ticket."""
    query = "SELECT * FROM refund_request WHERE ticket_id = ? ORDER BY asked_ms LIMIT 1"
    row = connection.execute(query, (ticket_id,)).fetchone()
    return RequestRow(*row) if row else None


def word(connection: sqlite3.Connection, epoch: int, request_no: int) -> RefundWord | None:
    """What the hub decided; ``epoch`` is the log's own number, also for the present one."""
    query = "SELECT body FROM refund_word WHERE epoch = ? AND request_no = ?"
    row = connection.execute(query, (epoch, request_no)).fetchone()
    return RefundWord.from_bytes(row[0]) if row else None


def no_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Number of the request that was taken down under an idempotency key."""
    row = connection.execute("SELECT request_no FROM request_key WHERE digest = ?", (_digest(key),)).fetchone()
    return row[0] if row else None


def keep_key(connection: sqlite3.Connection, key: str, request_no: int) -> None:
    """Remember under which key a request was taken down."""
    connection.execute("INSERT INTO request_key (digest, request_no) VALUES (?, ?)", (_digest(key), request_no))


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
