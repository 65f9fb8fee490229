"""Rows of ratings. The words themselves stand in the log alone: nobody on the box reads who wrote them."""

from __future__ import annotations

import sqlite3

from sync.domains.ratings.events import TripRated
from sync.kernel.events import Stamp

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("rating",)


def apply_rated(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TripRated) -> None:
    """A ticket has said its word."""
    connection.execute(
        "INSERT OR IGNORE INTO rating (ticket_id, trip_no, day, level) VALUES (?, ?, ?, ?)",
        (event.ticket_id, event.trip_no, event.day, event.level),
    )


APPLIERS = {TripRated: apply_rated}


def rated(connection: sqlite3.Connection, ticket_id: bytes) -> bool:
    """Whether a ticket was used to rate."""
    return connection.execute("SELECT 1 FROM rating WHERE ticket_id = ?", (ticket_id,)).fetchone() is not None


def summary(connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[int, int]:
    """(count, sum of levels) of a dated trip."""
    return connection.execute(
        "SELECT count(*), coalesce(sum(level), 0) FROM rating WHERE trip_no = ? AND day = ?", (trip_no, day)
    ).fetchone()
