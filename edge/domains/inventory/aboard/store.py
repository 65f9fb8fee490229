"""Rows of cells that came free on the way: left by passengers, or refunded; and of who alone is granted seats of a trip."""

from __future__ import annotations

import sqlite3

from edge.domains.inventory.aboard import cells
from sync.domains.boarding.events import (
    ABSENCE,
    ALIGHTING,
    OWN,
    TAKEN_OVER,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
)
from sync.domains.inventory import rules
from sync.domains.inventory.operations import SoleSeller
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded
from sync.kernel.events import Stamp

REFERENCE_TABLES = ("sole_seller", "sole_left")
STATE_TABLES = ("freed_cell", "given_back")


def keep_sole(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``sole/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    for table in REFERENCE_TABLES:
        connection.execute(f"DELETE FROM {table} WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        said = SoleSeller.from_bytes(body)
        connection.execute("INSERT INTO sole_seller (trip_no, day, node_no) VALUES (?, ?, ?)", (*where, said.node_no))
        rows = [(*where, ticket_id) for ticket_id in said.left]
        connection.executemany("INSERT INTO sole_left (trip_no, day, ticket_id) VALUES (?, ?, ?)", rows)


PROJECTIONS = {SoleSeller.PREFIX: keep_sole}


def apply_freed(
    connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: PassengerAlighted | NoShowMarked
) -> None:
    """A seat was left. What this node had sold itself is unsold again from there on; what another sold is added."""
    if event.frees not in (OWN, TAKEN_OVER) or event.seat == rules.LAP or event.at_idx >= event.to_idx:
        return
    where = (event.trip_no, event.day, event.seat, event.at_idx, event.to_idx)
    made = connection.execute(
        "INSERT OR IGNORE INTO freed_cell (ticket_id, trip_no, day, seat, at_idx, to_idx, frees) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.ticket_id, *where, event.frees),
    )
    if made.rowcount and event.frees == OWN:
        cells.unsell(connection, *where)


def apply_undone(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: MarkUndone) -> None:
    """The seat is its passenger's again."""
    if event.kind not in (ABSENCE, ALIGHTING):
        return
    row = connection.execute(
        "SELECT trip_no, day, seat, at_idx, to_idx, frees FROM freed_cell WHERE ticket_id = ?", (event.ticket_id,)
    ).fetchone()
    if row is None:
        return
    connection.execute("DELETE FROM freed_cell WHERE ticket_id = ?", (event.ticket_id,))
    if row[5] == OWN:
        cells.sell(connection, *row[:5])


def apply_refunded(
    connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: TicketRefunded | SeatTakenBack
) -> None:
    """Remember by where whoever takes its place has to board."""
    if event.seat != rules.LAP:
        connection.execute(
            "INSERT OR IGNORE INTO given_back (ticket_id, trip_no, day, seat, from_idx, to_idx) VALUES (?, ?, ?, ?, ?, ?)",
            (event.ticket_id, event.trip_no, event.day, event.seat, event.from_idx, event.to_idx),
        )


APPLIERS = {
    PassengerAlighted: apply_freed,
    NoShowMarked: apply_freed,
    MarkUndone: apply_undone,
    TicketRefunded: apply_refunded,
    SeatTakenBack: apply_refunded,
}


def end_log(connection: sqlite3.Connection, _epoch: int) -> None:
    """The log ended: what it took over from others is not the next one's to sell."""
    connection.execute("DELETE FROM freed_cell WHERE frees = ?", (TAKEN_OVER,))


def sole(connection: sqlite3.Connection, trip_no: int, day: int) -> int | None:
    """The node that alone is granted seats of a dated trip; None while others are, too."""
    row = connection.execute("SELECT node_no FROM sole_seller WHERE trip_no = ? AND day = ?", (trip_no, day)).fetchone()
    return None if row is None else int(row[0])


def left_before(connection: sqlite3.Connection, trip_no: int, day: int, ticket_id: bytes) -> bool:
    """Whether another box took the seat of a ticket over, which ran the trip before."""
    mine = (trip_no, day, ticket_id)
    query = "SELECT 1 FROM sole_left WHERE trip_no = ? AND day = ? AND ticket_id = ?"
    return connection.execute(query, mine).fetchone() is not None


def taken_over(connection: sqlite3.Connection, trip_no: int, day: int) -> list[tuple[int, int, int]]:
    """``(seat, at_idx, to_idx)`` of what passengers of other sellers left."""
    return connection.execute(
        "SELECT seat, at_idx, to_idx FROM freed_cell WHERE trip_no = ? AND day = ? AND frees = ?",
        (trip_no, day, TAKEN_OVER),
    ).fetchall()


def too_late(connection: sqlite3.Connection, trip_no: int, day: int, boards_idx: int) -> list[tuple[int, int, int]]:
    """``(seat, from_idx, to_idx)`` of refunded rides that began before stop ``boards_idx``."""
    return connection.execute(
        "SELECT seat, from_idx, to_idx FROM given_back WHERE trip_no = ? AND day = ? AND from_idx < ?",
        (trip_no, day, boards_idx),
    ).fetchall()
