"""Rows of clearances and counts. A form stands in the log alone: its row says where."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from edge.kernel import log
from sync.domains.clearance.events import ClearanceUndone, DepartureCleared, DepartureRefused, PassengersCounted
from sync.domains.clearance.operations import ClearanceRules
from sync.kernel import hlc
from sync.kernel.events import Stamp

REFERENCE_TABLES = ("clearance_rules",)
STATE_TABLES = ("clearance", "passenger_count")


class Said(NamedTuple):
    """What was said of a departure last: ``form`` is None where it was taken back, or stands in an earlier log."""

    cleared: bool
    refusals: int
    form: DepartureCleared | DepartureRefused | None
    said_ms: int


class Count(NamedTuple):
    """People counted, and how many of them this node had boarded."""

    on_board: bool
    counted: int
    known: int
    counted_ms: int


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``clearance-rules/DAY``."""
    from_day = int(rest[0])
    connection.execute("DELETE FROM clearance_rules WHERE from_day = ?", (from_day,))
    if body is not None:
        ClearanceRules.from_bytes(body)
        connection.execute("INSERT INTO clearance_rules (from_day, body) VALUES (?, ?)", (from_day, body))


_PUT = (
    "INSERT INTO clearance (trip_no, day, cleared, refusals, seq) VALUES (?1, ?2, ?3, ?4, ?5) "
    "ON CONFLICT (trip_no, day) DO UPDATE SET cleared = ?3, refusals = refusals + ?4, seq = ?5"
)


def apply_refused(connection: sqlite3.Connection, seq: int, _stamp: Stamp, event: DepartureRefused) -> None:
    """A departure was refused."""
    connection.execute(_PUT, (event.trip_no, event.day, 0, 1, seq))


def apply_cleared(connection: sqlite3.Connection, seq: int, _stamp: Stamp, event: DepartureCleared) -> None:
    """A vehicle may leave."""
    connection.execute(_PUT, (event.trip_no, event.day, 1, 0, seq))


def apply_undone(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: ClearanceUndone) -> None:
    """It may not, after all."""
    connection.execute(_PUT, (event.trip_no, event.day, 0, 0, 0))


def apply_counted(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: PassengersCounted) -> None:
    """Somebody counted; the last count stands."""
    connection.execute(
        "INSERT OR REPLACE INTO passenger_count (trip_no, day, on_board, counted, known, counted_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (event.trip_no, event.day, event.on_board, event.counted, event.known, hlc.wall_ms_of(stamp.hlc)),
    )


PROJECTIONS = {ClearanceRules.PREFIX: keep_rules}

APPLIERS = {
    DepartureRefused: apply_refused,
    DepartureCleared: apply_cleared,
    ClearanceUndone: apply_undone,
    PassengersCounted: apply_counted,
}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The log ended: what stands in it is not found by its number any more."""
    connection.execute("UPDATE clearance SET seq = 0")


def rules(connection: sqlite3.Connection) -> list[ClearanceRules]:
    """All sets that the hub published."""
    return [ClearanceRules.from_bytes(row[0]) for row in connection.execute("SELECT body FROM clearance_rules")]


def said(connection: sqlite3.Connection, trip_no: int, day: int) -> Said | None:
    """What was said of a departure."""
    row = connection.execute(
        "SELECT cleared, refusals, seq FROM clearance WHERE trip_no = ? AND day = ?", (trip_no, day)
    ).fetchone()
    if row is None:
        return None
    for _, found in log.envelopes(connection, [row[2]] if row[2] else []):
        if isinstance(found.event, DepartureCleared | DepartureRefused):
            return Said(bool(row[0]), row[1], found.event, hlc.wall_ms_of(found.stamp.hlc))
    return Said(bool(row[0]), row[1], None, 0)


def counts(connection: sqlite3.Connection, trip_no: int, day: int) -> list[Count]:
    """What was counted of a dated trip here."""
    rows = connection.execute(
        "SELECT on_board, counted, known, counted_ms FROM passenger_count WHERE trip_no = ? AND day = ? ORDER BY on_board",
        (trip_no, day),
    )
    return [Count(bool(row[0]), *row[1:]) for row in rows]
