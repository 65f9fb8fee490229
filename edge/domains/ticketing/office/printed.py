"""Rows of prints: how often a ticket was put on paper."""

from __future__ import annotations

import sqlite3

from sync.domains.ticketing.events import TicketPrinted
from sync.kernel.events import Stamp

REFERENCE_TABLES: tuple[str, ...] = ()
STATE_TABLES = ("printed",)


def apply_printed(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketPrinted) -> None:
    """One more paper of a ticket."""
    connection.execute(
        "INSERT INTO printed (ticket_id, copies) VALUES (?, 1) ON CONFLICT (ticket_id) DO UPDATE SET copies = copies + 1",
        (event.ticket_id,),
    )


APPLIERS = {TicketPrinted: apply_printed}


def copies(connection: sqlite3.Connection, ticket_id: bytes) -> int:
    """How often a ticket was printed."""
    row = connection.execute("SELECT copies FROM printed WHERE ticket_id = ?", (ticket_id,)).fetchone()
    return row[0] if row else 0
