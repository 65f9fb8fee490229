"""A node's database as the first version kept it: whole sales in the tickets, keys in full, every event a row."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import cbor2

_TICKET = """
CREATE TABLE ticket (
    serial      INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL,
    trip_no     INTEGER NOT NULL,
    day         INTEGER NOT NULL,
    from_idx    INTEGER NOT NULL,
    to_idx      INTEGER NOT NULL,
    seat        INTEGER NOT NULL,
    rider       INTEGER NOT NULL,
    price_minor INTEGER NOT NULL,
    currency    TEXT NOT NULL,
    payment     INTEGER NOT NULL,
    clerk_no    INTEGER NOT NULL,
    channel     INTEGER NOT NULL,
    until_s     INTEGER NOT NULL,
    sold_ms     INTEGER NOT NULL
)"""
_KEY = "CREATE TABLE sale_key (key TEXT PRIMARY KEY, serial INTEGER NOT NULL) WITHOUT ROWID"
SOLD = 10


def make_old(path: Path, keys: dict[int, str]) -> None:
    """Turn a database of today, closed, with all events still rows, into an old one. ``keys``: serial → key."""
    connection = sqlite3.connect(path, isolation_level=None)
    events = connection.execute("SELECT seq, event FROM event_log ORDER BY seq").fetchall()
    for statement in ("DROP TABLE log_segment", "DROP TABLE transfer", "DROP TABLE ticket", "DROP TABLE sale_key", _TICKET, _KEY,
                      "CREATE INDEX ticket_sold ON ticket (sold_ms)"):  # fmt: skip
        connection.execute(statement)
    for seq, data in events:
        number, _, hlc, _, _, body = cbor2.loads(data)
        if number == SOLD:
            row = (body[0], seq, *body[1:], hlc >> 16)
            connection.execute(f"INSERT INTO ticket VALUES ({', '.join('?' * len(row))})", row)
    connection.executemany("INSERT INTO sale_key VALUES (?, ?)", [(key, serial) for serial, key in keys.items()])
    older = "'log_segment', 'ticket_small', 'timetable_2', 'past_log', 'past_ticket'"
    connection.execute(f"DELETE FROM _sqlite_migrations WHERE name IN ({older})")
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA auto_vacuum=NONE")
    connection.execute("VACUUM")
    connection.close()
