"""Rows of disruptions."""

from __future__ import annotations

import sqlite3

from sync.domains.disruption.operations import Disruption, Reseated, ShortTurn, VehicleChange

REFERENCE_TABLES = ("disruption", "vehicle_change", "reseat", "short_turn")
STATE_TABLES: tuple[str, ...] = ()
_COLUMNS = "kind, minutes, note, at_ms"
_RESEAT = "trip_no, day, was, seat, placed, fault"


def keep_disruption(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``disruption/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM disruption WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        said = Disruption.from_bytes(body)
        row = (*where, said.kind, said.minutes, said.note, said.at_ms)
        connection.execute(f"INSERT INTO disruption (trip_no, day, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", row)


def keep_vehicle(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``vehicle-change/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM vehicle_change WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        VehicleChange.from_bytes(body)
        connection.execute("INSERT INTO vehicle_change (trip_no, day, body) VALUES (?, ?, ?)", (*where, body))


def keep_reseat(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``reseat/<ticket id>``."""
    ticket_id = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM reseat WHERE ticket_id = ?", (ticket_id,))
    if body is not None:
        said = Reseated.from_bytes(body)
        row = (ticket_id, said.trip_no, said.day, said.was, said.seat, said.placed, said.fault)
        connection.execute(f"INSERT INTO reseat (ticket_id, {_RESEAT}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def keep_short_turn(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``short-turn/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM short_turn WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        ShortTurn.from_bytes(body)
        connection.execute("INSERT INTO short_turn (trip_no, day, body) VALUES (?, ?, ?)", (*where, body))


PROJECTIONS = {
    "disruption": keep_disruption, "vehicle-change": keep_vehicle, "reseat": keep_reseat,
    ShortTurn.PREFIX: keep_short_turn,
}  # fmt: skip


def of(connection: sqlite3.Connection, trip_no: int, day: int) -> Disruption | None:
    """What was said of a dated trip."""
    query = f"SELECT {_COLUMNS} FROM disruption WHERE trip_no = ? AND day = ?"
    row = connection.execute(query, (trip_no, day)).fetchone()
    return Disruption(*row) if row else None


def since(connection: sqlite3.Connection, day: int) -> list[tuple[int, int, Disruption]]:
    """``(trip_no, day, what was said)`` of service dates from ``day`` on, the soonest first."""
    query = f"SELECT trip_no, day, {_COLUMNS} FROM disruption WHERE day >= ? ORDER BY day, trip_no"
    return [(row[0], row[1], Disruption(*row[2:])) for row in connection.execute(query, (day,))]


def vehicles(connection: sqlite3.Connection) -> dict[tuple[int, int], VehicleChange]:
    """Dated trip → the vehicle that took the place of the planned one."""
    rows = connection.execute("SELECT trip_no, day, body FROM vehicle_change ORDER BY day, trip_no")
    return {(row[0], row[1]): VehicleChange.from_bytes(row[2]) for row in rows}


def short_turns(connection: sqlite3.Connection) -> dict[tuple[int, int], ShortTurn]:
    """Dated trip → where it ends before its last stop, as the hub told."""
    rows = connection.execute("SELECT trip_no, day, body FROM short_turn ORDER BY day, trip_no")
    return {(row[0], row[1]): ShortTurn.from_bytes(row[2]) for row in rows}


def reseated(connection: sqlite3.Connection, ticket_id: bytes) -> Reseated | None:
    """What another vehicle means to a ticket."""
    row = connection.execute(f"SELECT {_RESEAT} FROM reseat WHERE ticket_id = ?", (ticket_id,)).fetchone()
    return _reseated(row) if row else None


def anybody_reseated(connection: sqlite3.Connection) -> bool:
    """Whether another vehicle means anything to any ticket."""
    return connection.execute("SELECT 1 FROM reseat").fetchone() is not None


def reseated_on(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[bytes, Reseated]:
    """Ticket id → the same, for all of a dated trip; those without a place first."""
    query = f"SELECT ticket_id, {_RESEAT} FROM reseat WHERE trip_no = ? AND day = ? ORDER BY placed, was, ticket_id"
    rows = connection.execute(query, (trip_no, day))
    return {row[0]: _reseated(row[1:]) for row in rows}


def _reseated(row: tuple[int, int, int, int, int, int]) -> Reseated:
    trip_no, day, was, seat, placed, fault = row
    return Reseated(trip_no, day, was, seat, bool(placed), bool(fault))
