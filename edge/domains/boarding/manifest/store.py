"""Rows of the manifest: marks of passengers by events, the vehicle's place by its crew."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sync.domains.boarding.events import (
    ABSENCE,
    ALIGHTING,
    BOARDING,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
)
from sync.kernel import hlc
from sync.kernel.events import Stamp

REFERENCE_TABLES = ()
STATE_TABLES = ("ticket_mark",)


class MarkRow(NamedTuple):
    """``kind``: ALIGHTING or ABSENCE; ``frees`` as in the event."""

    kind: int
    at_idx: int
    frees: int
    marked_ms: int


class Known(NamedTuple):
    """A ticket of a dated trip, from whichever source. ``boarded_ms`` None: not boarded here."""

    ticket_id: bytes
    from_idx: int
    to_idx: int
    seat: int
    rider: int
    boarded_ms: int | None


def apply_mark(
    connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: PassengerAlighted | NoShowMarked
) -> None:
    """A passenger did not come, or got off."""
    kind = ABSENCE if isinstance(event, NoShowMarked) else ALIGHTING
    connection.execute(
        "INSERT OR IGNORE INTO ticket_mark (ticket_id, trip_no, day, from_idx, to_idx, seat, kind, at_idx, frees, marked_ms, "
        "clerk_no) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.ticket_id, event.trip_no, event.day, event.from_idx, event.to_idx, event.seat, kind, event.at_idx,
            event.frees, hlc.wall_ms_of(stamp.hlc), event.clerk_no,
        ),
    )  # fmt: skip


def apply_undone(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: MarkUndone) -> None:
    """A mark, or a boarding, was a mistake."""
    if event.kind == BOARDING:
        connection.execute("DELETE FROM boarded WHERE ticket_id = ?", (event.ticket_id,))
    else:
        connection.execute("DELETE FROM ticket_mark WHERE ticket_id = ? AND kind = ?", (event.ticket_id, event.kind))


APPLIERS = {PassengerAlighted: apply_mark, NoShowMarked: apply_mark, MarkUndone: apply_undone}


def mark(connection: sqlite3.Connection, ticket_id: bytes) -> MarkRow | None:
    """What was marked of a ticket."""
    row = connection.execute(
        "SELECT kind, at_idx, frees, marked_ms FROM ticket_mark WHERE ticket_id = ?", (ticket_id,)
    ).fetchone()
    return None if row is None else MarkRow(*row)


def marks(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[bytes, MarkRow]:
    """Ticket id → what was marked, for a dated trip."""
    rows = connection.execute(
        "SELECT ticket_id, kind, at_idx, frees, marked_ms FROM ticket_mark WHERE trip_no = ? AND day = ?",
        (trip_no, day),
    )
    return {row[0]: MarkRow(*row[1:]) for row in rows}


def known(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[bytes, Known]:
    """Ticket id → ride, of every ticket of a dated trip that the hub told of, or that was boarded or marked here."""
    where = (trip_no, day)
    found: dict[bytes, Known] = {}
    for query in (
        "SELECT ticket_id, from_idx, to_idx, seat, rider, NULL FROM manifest WHERE trip_no = ? AND day = ?",
        "SELECT ticket_id, from_idx, to_idx, seat, 0, NULL FROM ticket_mark WHERE trip_no = ? AND day = ?",
        "SELECT ticket_id, from_idx, to_idx, seat, rider, boarded_ms FROM boarded WHERE trip_no = ? AND day = ?",
    ):
        for row in connection.execute(query, where):
            one = Known(*row)
            older = found.get(one.ticket_id)
            if older is None or one.boarded_ms is not None:
                found[one.ticket_id] = one
    return found


def voids(connection: sqlite3.Connection, ticket_ids: list[bytes]) -> set[bytes]:
    """Those of the tickets that are void as far as this node knows."""
    found: set[bytes] = set()
    for start in range(0, len(ticket_ids), 500):
        some = ticket_ids[start : start + 500]
        marks_text = ",".join("?" * len(some))
        for table in ("void_told", "void_seen"):
            rows = connection.execute(f"SELECT ticket_id FROM {table} WHERE ticket_id IN ({marks_text})", some)
            found |= {row[0] for row in rows}
    return found


def left(connection: sqlite3.Connection, trip_no: int, day: int) -> int | None:
    """The last stop that the vehicle left; None while nobody said."""
    row = connection.execute("SELECT idx FROM left_stop WHERE trip_no = ? AND day = ?", (trip_no, day)).fetchone()
    return None if row is None else int(row[0])


def set_left(connection: sqlite3.Connection, trip_no: int, day: int, idx: int | None) -> None:
    """The vehicle left stop ``idx`` (local); None: it stands at its first."""
    connection.execute("DELETE FROM left_stop WHERE trip_no = ? AND day = ?", (trip_no, day))
    if idx is not None:
        connection.execute("INSERT INTO left_stop (trip_no, day, idx) VALUES (?, ?, ?)", (trip_no, day, idx))
