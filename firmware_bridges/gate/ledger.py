"""What a gate was told and what it did, durable before it moves."""

from __future__ import annotations

import sqlite3

from sync.kernel.devices import Open, Result

MAX_KEPT = 100_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS command (
    command_no INTEGER PRIMARY KEY AUTOINCREMENT,
    cmd_id TEXT NOT NULL UNIQUE,
    result TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS opening (
    opening_no INTEGER PRIMARY KEY AUTOINCREMENT,
    verdict_id TEXT NOT NULL UNIQUE,
    cmd_id TEXT NOT NULL,
    opened_ms INTEGER NOT NULL
) STRICT;
"""


def result_of(db: sqlite3.Connection, cmd_id: str) -> Result | None:
    """What became of a command that was seen before."""
    found = db.execute("SELECT result FROM command WHERE cmd_id = ?", (cmd_id,)).fetchone()
    return found[0] if found else None


def keep_result(db: sqlite3.Connection, cmd_id: str, result: Result) -> None:
    """For good, as far as memory goes: of the oldest commands nothing can come any more."""
    number = db.execute("INSERT INTO command (cmd_id, result) VALUES (?, ?)", (cmd_id, result)).lastrowid or 0
    db.execute("DELETE FROM command WHERE command_no <= ?", (number - MAX_KEPT,))


def keep_opening(db: sqlite3.Connection, order: Open, wall_ms: int) -> bool:
    """One row an opening; False when this verdict has opened the gate already."""
    sql = "INSERT INTO opening (verdict_id, cmd_id, opened_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
    written = db.execute(sql, (order.verdict_id, order.cmd_id, wall_ms))
    if written.rowcount == 1:
        db.execute("DELETE FROM opening WHERE opening_no <= ?", ((written.lastrowid or 0) - MAX_KEPT,))
    return written.rowcount == 1
