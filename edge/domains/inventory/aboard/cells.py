"""Cells of what was sold: one ticket's put in and taken out again."""

from __future__ import annotations

import sqlite3

from edge.kernel.database import mask_in, mask_out
from sync.domains.inventory import rules


def sell(connection: sqlite3.Connection, trip_no: int, day: int, seat: int, from_idx: int, to_idx: int) -> None:
    """Take the cells of a ride; ``seat`` 0 is a place."""
    where = (trip_no, day)
    if not seat:
        connection.executemany(
            "INSERT INTO sold_place (trip_no, day, leg, places) VALUES (?, ?, ?, 1) "
            "ON CONFLICT (trip_no, day, leg) DO UPDATE SET places = places + 1",
            [(*where, leg) for leg in range(from_idx, to_idx)],
        )
        return
    mask = _sold(connection, trip_no, day, seat) | rules.legs_mask(from_idx, to_idx)
    connection.execute(
        "INSERT INTO sold_seat (trip_no, day, seat, mask) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (trip_no, day, seat) DO UPDATE SET mask = excluded.mask",
        (*where, seat, mask_out(mask)),
    )


def unsell(connection: sqlite3.Connection, trip_no: int, day: int, seat: int, from_idx: int, to_idx: int) -> None:
    """Give the cells of a ride back."""
    where = (trip_no, day)
    if not seat:
        connection.executemany(
            "UPDATE sold_place SET places = places - 1 WHERE trip_no = ? AND day = ? AND leg = ? AND places > 0",
            [(*where, leg) for leg in range(from_idx, to_idx)],
        )
        return
    mask = _sold(connection, trip_no, day, seat) & ~rules.legs_mask(from_idx, to_idx)
    connection.execute(
        "UPDATE sold_seat SET mask = ? WHERE trip_no = ? AND day = ? AND seat = ?", (mask_out(mask), *where, seat)
    )


def kept_until(connection: sqlite3.Connection, ticket_id: bytes, to_idx: int) -> int:
    """The stop from which on a ticket's cells are its own no more: ``to_idx``, unless its passenger left before."""
    row = connection.execute("SELECT at_idx FROM freed_cell WHERE ticket_id = ?", (ticket_id,)).fetchone()
    return to_idx if row is None else int(row[0])


def _sold(connection: sqlite3.Connection, trip_no: int, day: int, seat: int) -> int:
    row = connection.execute(
        "SELECT mask FROM sold_seat WHERE trip_no = ? AND day = ? AND seat = ?", (trip_no, day, seat)
    ).fetchone()
    return mask_in(row[0]) if row else 0
