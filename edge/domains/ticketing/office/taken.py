"""Rows of seats that were taken back because the hub has the tickets paid out elsewhere."""

from __future__ import annotations

import sqlite3

from edge.domains.ticketing import store as sales
from sync.domains.ticketing.events import SeatTakenBack
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("taken_back",)


def apply_taken(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: SeatTakenBack) -> None:
    """The tickets that are sold for this seat from now on name the old one as void."""
    connection.execute(
        "INSERT OR IGNORE INTO taken_back (serial, after_serial, trip_no, day, from_idx, to_idx, seat) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            TicketId.from_bytes(event.ticket_id).serial, sales.next_serial(connection) - 1, event.trip_no, event.day,
            event.from_idx, event.to_idx, event.seat,
        ),
    )  # fmt: skip


APPLIERS = {SeatTakenBack: apply_taken}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The log ended: its serials mean nothing in the next one."""
    connection.execute("DELETE FROM taken_back")


def is_taken(connection: sqlite3.Connection, serial: int) -> bool:
    """Whether the seat of a ticket of the present log was taken back."""
    return connection.execute("SELECT 1 FROM taken_back WHERE serial = ?", (serial,)).fetchone() is not None
