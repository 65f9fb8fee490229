"""Rows of disruptions."""

from __future__ import annotations

import sqlite3

from sync.domains.disruption.operations import Disruption

REFERENCE_TABLES = ("disruption",)
STATE_TABLES: tuple[str, ...] = ()
_COLUMNS = "kind, minutes, note, at_ms"


def keep_disruption(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``disruption/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM disruption WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        said = Disruption.from_bytes(body)
        row = (*where, said.kind, said.minutes, said.note, said.at_ms)
        connection.execute(f"INSERT INTO disruption (trip_no, day, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)


PROJECTIONS = {"disruption": keep_disruption}


def of(connection: sqlite3.Connection, trip_no: int, day: int) -> Disruption | None:
    """What was said of a dated trip."""
    query = f"SELECT {_COLUMNS} FROM disruption WHERE trip_no = ? AND day = ?"
    row = connection.execute(query, (trip_no, day)).fetchone()
    return Disruption(*row) if row else None


def since(connection: sqlite3.Connection, day: int) -> list[tuple[int, int, Disruption]]:
    """``(trip_no, day, what was said)`` of service dates from ``day`` on, the soonest first."""
    query = f"SELECT trip_no, day, {_COLUMNS} FROM disruption WHERE day >= ? ORDER BY day, trip_no"
    return [(row[0], row[1], Disruption(*row[2:])) for row in connection.execute(query, (day,))]
