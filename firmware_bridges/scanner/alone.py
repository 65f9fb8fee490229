"""A scanner that cannot reach its node: the book that it was given beforehand, and whom it let in by itself.

Both are durable: a scanner whose plug is pulled while it is cut off still knows the trip, and lets nobody in twice.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from sync.domains.boarding import rules
from sync.domains.boarding.cutoff.apart import Book, judge
from sync.kernel.devices import decode
from sync.kernel.errors import Malformed

MAX_KEPT: Final = 100_000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS book (one INTEGER PRIMARY KEY CHECK (one = 1), payload BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS let_in (
    let_in_no INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id BLOB NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL
) STRICT;
"""


def keep_book(db: sqlite3.Connection, payload: bytes) -> Book:
    """The node's newest word. Raises :class:`Malformed`."""
    book = decode(Book, payload)
    db.execute("INSERT OR REPLACE INTO book (one, payload) VALUES (1, ?)", (payload,))
    return book


def kept_book(db: sqlite3.Connection) -> Book | None:
    """What was kept, None where the node has never said anything."""
    row = db.execute("SELECT payload FROM book").fetchone()
    try:
        return decode(Book, row[0]) if row else None
    except Malformed:
        return None


def decide(db: sqlite3.Connection, code: str, book: Book, at_ms: int) -> str:
    """Let in, once, or refuse, inside a transaction of the caller; gives the reason, empty for who is let in."""
    judged = judge(code, book)
    if judged.reason is not None or judged.claims is None:
        return judged.reason or rules.DAMAGED
    ticket_id = judged.claims.ticket_id.to_bytes()
    sql = "INSERT INTO let_in (ticket_id, at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING"
    written = db.execute(sql, (ticket_id, at_ms))
    if written.rowcount != 1:
        return rules.ALREADY_USED
    db.execute("DELETE FROM let_in WHERE let_in_no <= ?", ((written.lastrowid or 0) - MAX_KEPT,))
    return ""
