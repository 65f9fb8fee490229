"""Rows of duties: what the hub gave this box to run, and what its drivers said of it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from sync.domains.boarding.operations import Duty
from sync.domains.duties.events import DutyTaken, TripStarted
from sync.domains.duties.operations import open_handover
from sync.domains.duties.rest.operations import Driven, RestRules
from sync.domains.duties.rules import WORDS
from sync.kernel import cbor, hlc, records
from sync.kernel.events import Event, Stamp

REFERENCE_TABLES: tuple[str, ...] = ("trip_duty", "handover_told", "rest_rules", "driven_told")
STATE_TABLES: tuple[str, ...] = ("trip_word",)
_KINDS = {kind.TYPE: kind for kind in WORDS}


class DutyRow(NamedTuple):
    """A dated trip that this box runs, in which vehicle, and the drivers whom the hub named for it."""

    trip_no: int
    day: int
    vehicle: str
    drivers: tuple[int, ...]


def keep_duty(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``duty/TRIP/DAY``."""
    where = (int(rest[0]), int(rest[1]))
    connection.execute("DELETE FROM trip_duty WHERE trip_no = ? AND day = ?", where)
    if body is not None:
        said = Duty.from_bytes(body)
        row = (*where, said.vehicle, " ".join(map(str, said.drivers)))
        connection.execute("INSERT INTO trip_duty (trip_no, day, vehicle, drivers) VALUES (?, ?, ?, ?)", row)


def keep_handover(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``handover/NUMBER``: believed when it is taken."""
    connection.execute("DELETE FROM handover_told WHERE number = ?", (int(rest[0]),))
    if body is not None and open_handover(body).number == int(rest[0]):
        connection.execute("INSERT INTO handover_told (number, signed) VALUES (?, ?)", (int(rest[0]), body))


def keep_rest_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``rest/all/DAY``."""
    connection.execute("DELETE FROM rest_rules WHERE from_day = ?", (int(rest[1]),))
    if body is not None:
        RestRules.from_bytes(body)
        connection.execute("INSERT INTO rest_rules (from_day, body) VALUES (?, ?)", (int(rest[1]), body))


def keep_driven(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``driven/DRIVER``."""
    connection.execute("DELETE FROM driven_told WHERE driver_no = ?", (int(rest[0]),))
    if body is not None:
        Driven.from_bytes(body)
        connection.execute("INSERT INTO driven_told (driver_no, body) VALUES (?, ?)", (int(rest[0]), body))


PROJECTIONS = {
    "duty": keep_duty, "handover": keep_handover, RestRules.PREFIX: keep_rest_rules, Driven.PREFIX: keep_driven,
}  # fmt: skip


def apply_word(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: Event) -> None:
    """One more word of a trip."""
    where = (event.trip_no, event.day)  # type: ignore[attr-defined]
    body = cbor.encode(records.short_body(event))
    connection.execute(
        "INSERT INTO trip_word (epoch, seq, trip_no, day, at_ms, type, body) VALUES (0, ?, ?, ?, ?, ?, ?)",
        (seq, *where, hlc.wall_ms_of(stamp.hlc), event.TYPE, body),
    )


APPLIERS = dict.fromkeys(WORDS, apply_word)


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that said this ended: the next one counts from 1 again, and goes on with its trips from where they stand."""
    connection.execute("UPDATE trip_word SET epoch = ? WHERE epoch = 0", (epoch,))


def duties(connection: sqlite3.Connection, from_day: int) -> list[DutyRow]:
    """What this box runs on service dates from ``from_day`` on."""
    query = "SELECT trip_no, day, vehicle, drivers FROM trip_duty WHERE day >= ? ORDER BY day, trip_no"
    return [_duty(row) for row in connection.execute(query, (from_day,))]


def duty(connection: sqlite3.Connection, trip_no: int, day: int) -> DutyRow | None:
    """What the hub said of one dated trip."""
    query = "SELECT trip_no, day, vehicle, drivers FROM trip_duty WHERE trip_no = ? AND day = ?"
    row = connection.execute(query, (trip_no, day)).fetchone()
    return _duty(row) if row else None


def words(connection: sqlite3.Connection, trip_no: int, day: int) -> list[tuple[int, int, Event]]:
    """``(seq, ms, event)`` of one trip, in order; those of older logs first."""
    rows = connection.execute(
        "SELECT seq, at_ms, type, body FROM trip_word WHERE trip_no = ? AND day = ? ORDER BY epoch = 0, epoch, seq",
        (trip_no, day),
    )
    return [(seq, at_ms, _event(kind, body)) for seq, at_ms, kind, body in rows]


def published_rest_rules(connection: sqlite3.Connection) -> list[RestRules]:
    """All sets of rules of rest that the hub has told of."""
    return [RestRules.from_bytes(row[0]) for row in connection.execute("SELECT body FROM rest_rules ORDER BY from_day")]


def driven_told(connection: sqlite3.Connection, driver_no: int) -> Driven | None:
    """What somebody drove on any box, as the hub told it last."""
    row = connection.execute("SELECT body FROM driven_told WHERE driver_no = ?", (driver_no,)).fetchone()
    return Driven.from_bytes(row[0]) if row else None


def handovers_told(connection: sqlite3.Connection) -> list[bytes]:
    """What other boxes handed over to this one, as the hub passed it on."""
    return [row[0] for row in connection.execute("SELECT signed FROM handover_told ORDER BY number")]


def last_vehicle(connection: sqlite3.Connection) -> str:
    """The plate that the hub last named for this box; empty for none."""
    row = connection.execute(
        "SELECT vehicle FROM trip_duty WHERE vehicle <> '' ORDER BY day DESC, trip_no DESC LIMIT 1"
    ).fetchone()
    return row[0] if row else ""


def spoken_of(connection: sqlite3.Connection, from_day: int) -> list[tuple[int, int]]:
    """Dated trips from ``from_day`` on of which somebody said something here."""
    query = "SELECT DISTINCT trip_no, day FROM trip_word WHERE day >= ? ORDER BY day, trip_no"
    return connection.execute(query, (from_day,)).fetchall()


def driven(connection: sqlite3.Connection, driver_no: int, from_day: int) -> list[tuple[int, int]]:
    """Dated trips from ``from_day`` on at whose wheel a driver was."""
    query = "SELECT trip_no, day, type, body FROM trip_word WHERE day >= ? AND type IN (?, ?)"
    rows = connection.execute(query, (from_day, DutyTaken.TYPE, TripStarted.TYPE))
    found = {(trip_no, day) for trip_no, day, kind, body in rows if _drives(_event(kind, body), driver_no)}
    return sorted(found)


def _drives(event: Event, driver_no: int) -> bool:
    return isinstance(event, DutyTaken | TripStarted) and event.driver_no == driver_no


def _duty(row: tuple[int, int, str, str]) -> DutyRow:
    return DutyRow(row[0], row[1], row[2], tuple(int(number) for number in row[3].split()))


def _event(kind: int, body: bytes) -> Event:
    return records.from_body(_KINDS[kind], cbor.decode(body))
