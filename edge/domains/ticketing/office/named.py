"""Rows of travellers who were named, and of the keys of the months."""

from __future__ import annotations

import sqlite3

from edge.kernel import log
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded, TravellerNamed
from sync.domains.ticketing.operations import SealingKey
from sync.kernel.errors import broken
from sync.kernel.events import Stamp
from sync.kernel.ticket import TicketId

REFERENCE_TABLES = ("sealing_key",)
STATE_TABLES = ("traveller", "past_traveller")


def apply_named(connection: sqlite3.Connection, seq: int, _stamp: Stamp, event: TravellerNamed) -> None:
    """A ticket has a traveller. A second name for it changes nothing here: the hub speaks of it."""
    connection.execute(
        "INSERT OR IGNORE INTO traveller (serial, seq, trip_no, day, check_value) VALUES (?, ?, ?, ?, ?)",
        (event.serial, seq, event.trip_no, event.day, event.check),
    )


def apply_refunded(
    connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketRefunded | SeatTakenBack
) -> None:
    """The ticket is void, also where another took its place: its traveller may have one on this trip again."""
    connection.execute("UPDATE traveller SET gone = 1 WHERE serial = ?", (TicketId.from_bytes(event.ticket_id).serial,))


APPLIERS = {TravellerNamed: apply_named, TicketRefunded: apply_refunded, SeatTakenBack: apply_refunded}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that named these ended: the next one counts from 1 again."""
    connection.execute(
        "INSERT INTO past_traveller (epoch, serial, seq, trip_no, day, check_value, gone) "
        "SELECT ?, serial, seq, trip_no, day, check_value, gone FROM traveller",
        (epoch,),
    )
    connection.execute("DELETE FROM traveller")


def keep_key(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``sealing/PERIOD``."""
    period = int(rest[0])
    connection.execute("DELETE FROM sealing_key WHERE period = ?", (period,))
    if body is not None:
        SealingKey.from_bytes(body)
        connection.execute("INSERT INTO sealing_key (period, body) VALUES (?, ?)", (period, body))


PROJECTIONS = {SealingKey.PREFIX: keep_key}


def sealing_key(connection: sqlite3.Connection, period: int) -> SealingKey | None:
    """The keys of a month."""
    row = connection.execute("SELECT body FROM sealing_key WHERE period = ?", (period,)).fetchone()
    return SealingKey.from_bytes(row[0]) if row else None


def serial_with(connection: sqlite3.Connection, trip_no: int, day: int, check: bytes) -> tuple[int, int | None] | None:
    """(serial, epoch of its log or None for the present) of a good ticket of this traveller on this trip."""
    row = connection.execute(
        "SELECT serial, NULL FROM traveller WHERE check_value = ?1 AND trip_no = ?2 AND day = ?3 AND gone = 0 "
        "UNION ALL SELECT serial, epoch FROM past_traveller WHERE check_value = ?1 AND trip_no = ?2 AND day = ?3 AND gone = 0",
        (check, trip_no, day),
    ).fetchone()
    return (row[0], row[1]) if row else None


def check_of(connection: sqlite3.Connection, serial: int) -> bytes:
    """The check value of the traveller of a ticket of the present log; empty for one without a name."""
    row = connection.execute("SELECT check_value FROM traveller WHERE serial = ?", (serial,)).fetchone()
    return row[0] if row else b""


def event_of(connection: sqlite3.Connection, serial: int, epoch: int | None) -> TravellerNamed | None:
    """What was written of a ticket's traveller, of the present log or of that of ``epoch``."""
    if epoch is None:
        rows = connection.execute("SELECT seq FROM traveller WHERE serial = ?", (serial,)).fetchall()
    else:
        query = "SELECT seq FROM past_traveller WHERE epoch = ? AND serial = ?"
        rows = connection.execute(query, (epoch, serial)).fetchall()
    for seq, found in log.envelopes(connection, [row[0] for row in rows], epoch):
        if not isinstance(found.event, TravellerNamed):
            broken(f"a traveller was made of event {seq}, which names none")
        return found.event
    return None
