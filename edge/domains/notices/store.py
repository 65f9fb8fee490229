"""Rows of announcements."""

from __future__ import annotations

import sqlite3

from sync.domains.notices.operations import Notice

REFERENCE_TABLES = ("notice",)
STATE_TABLES: tuple[str, ...] = ()


def keep_notice(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``notice/NUMBER``."""
    number, said = int(rest[0]), Notice.from_bytes(body) if body is not None else None
    connection.execute("DELETE FROM notice WHERE number = ?", (number,))
    if said is not None:
        row = (number, said.operator_no, said.until_day, body)
        connection.execute("INSERT INTO notice (number, operator_no, until_day, body) VALUES (?, ?, ?, ?)", row)


PROJECTIONS = {"notice": keep_notice}


def every(connection: sqlite3.Connection) -> list[tuple[int, bytes]]:
    """``(operator_no, body)`` of each."""
    return connection.execute("SELECT operator_no, body FROM notice ORDER BY number").fetchall()
