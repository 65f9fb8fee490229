"""Rows of boarding."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from sync.domains.boarding.events import (
    BoardedApart,
    BoardingRefused,
    GateOpened,
    TicketBoarded,
    TicketSuperseded,
)
from sync.domains.boarding.operations import BoundTicket, GateRules, ManifestEntry, VoidTicket
from sync.domains.duties.events import TripTakenOver
from sync.domains.duties.operations import open_handover
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded
from sync.kernel import hlc
from sync.kernel.events import Stamp

REFERENCE_TABLES = ("manifest", "void_told", "gate_rules", "bound_told")
MAX_UNKNOWN = 50
# In the place of a gate: the vehicle that a trip came from.
HANDED_OVER = "handed_over"
STATE_TABLES = ("boarded", "refused", "gate_opened", "void_seen")


def keep_manifest(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``manifest/<ticket id>``."""
    ticket_id = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM manifest WHERE ticket_id = ?", (ticket_id,))
    if body is not None:
        entry = ManifestEntry.from_bytes(body)
        connection.execute(
            "INSERT INTO manifest (ticket_id, trip_no, day, from_idx, to_idx, seat, rider) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (ticket_id, entry.trip_no, entry.day, entry.from_idx, entry.to_idx, entry.seat, entry.rider),
        )


def keep_void(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``void/<ticket id>``."""
    ticket_id = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM void_told WHERE ticket_id = ?", (ticket_id,))
    if body is not None:
        at_ms = VoidTicket.from_bytes(body).at_ms
        connection.execute("INSERT INTO void_told (ticket_id, at_ms) VALUES (?, ?)", (ticket_id, at_ms))


def keep_bound(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``bound/<ticket id>``."""
    ticket_id = bytes.fromhex(rest[0])
    connection.execute("DELETE FROM bound_told WHERE ticket_id = ?", (ticket_id,))
    if body is not None:
        BoundTicket.from_bytes(body)
        connection.execute("INSERT INTO bound_told (ticket_id) VALUES (?)", (ticket_id,))


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``gate/all/DAY``."""
    day = int(rest[1])
    connection.execute("DELETE FROM gate_rules WHERE from_day = ?", (day,))
    if body is not None:
        GateRules.from_bytes(body)
        connection.execute("INSERT INTO gate_rules (from_day, body) VALUES (?, ?)", (day, body))


PROJECTIONS = {
    "manifest": keep_manifest,
    "void": keep_void,
    BoundTicket.PREFIX: keep_bound,
    GateRules.PREFIX: keep_rules,
}


def published_rules(connection: sqlite3.Connection) -> list[GateRules]:
    """All sets of gate rules that the hub has told of."""
    return [GateRules.from_bytes(row[0]) for row in connection.execute("SELECT body FROM gate_rules")]


def apply_boarded(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: TicketBoarded | BoardedApart) -> None:
    """A ticket is used up on this node."""
    connection.execute(
        "INSERT OR IGNORE INTO boarded (ticket_id, trip_no, day, from_idx, to_idx, seat, gate, short_code, boarded_ms, "
        "rider) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.ticket_id, event.trip_no, event.day, event.from_idx, event.to_idx, event.seat, event.gate,
            event.short_code, hlc.wall_ms_of(stamp.hlc), event.rider if isinstance(event, TicketBoarded) else 0,
        ),
    )  # fmt: skip


def apply_taken_over(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: TripTakenOver) -> None:
    """Who was aboard when another box handed its trip over is aboard."""
    given = open_handover(event.signed)
    connection.executemany(
        "INSERT OR IGNORE INTO boarded (ticket_id, trip_no, day, from_idx, to_idx, seat, gate, short_code, rider, "
        "boarded_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (ticket_id, given.trip_no, given.day, *ride, HANDED_OVER, short, rider, hlc.wall_ms_of(stamp.hlc))
            for ticket_id, *ride, short, rider in given.boarded
        ],
    )


def aboard(connection: sqlite3.Connection, trip_no: int, day: int) -> list[tuple[bytes, int, int, int, str, int]]:
    """(ticket id, from_idx, to_idx, seat, short code, rider) of everybody who boarded a dated trip here."""
    query = "SELECT ticket_id, from_idx, to_idx, seat, short_code, rider FROM boarded WHERE trip_no = ? AND day = ? ORDER BY 1"
    return connection.execute(query, (trip_no, day)).fetchall()


def apply_refused(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: BoardingRefused) -> None:
    """Refusals are counted by reason."""
    connection.execute(
        "INSERT INTO refused (trip_no, day, reason, count) VALUES (?, ?, ?, 1) "
        "ON CONFLICT (trip_no, day, reason) DO UPDATE SET count = count + 1",
        (event.trip_no, event.day, event.reason),
    )


def apply_opened(connection: sqlite3.Connection, _seq: int, _stamp: Stamp, event: GateOpened) -> None:
    """The gate opened for a ticket."""
    connection.execute(
        "INSERT OR IGNORE INTO gate_opened (ticket_id, gate) VALUES (?, ?)", (event.ticket_id, event.gate)
    )


_VOID = "INSERT OR IGNORE INTO void_seen (ticket_id, by_id, at_ms) VALUES (?, ?, ?)"


def apply_refunded(
    connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: TicketRefunded | SeatTakenBack
) -> None:
    """A ticket that was refunded on this node, or of which it took the seat back, boards nowhere on it."""
    connection.execute(_VOID, (event.ticket_id, b"", hlc.wall_ms_of(stamp.hlc)))


def apply_superseded(connection: sqlite3.Connection, _seq: int, stamp: Stamp, event: TicketSuperseded) -> None:
    """A newer ticket says that this one is void."""
    connection.execute(_VOID, (event.ticket_id, event.by_id, hlc.wall_ms_of(stamp.hlc)))


APPLIERS = {
    TicketBoarded: apply_boarded,
    BoardedApart: apply_boarded,
    BoardingRefused: apply_refused,
    TripTakenOver: apply_taken_over,
    GateOpened: apply_opened,
    TicketRefunded: apply_refunded,
    SeatTakenBack: apply_refunded,
    TicketSuperseded: apply_superseded,
}


def void(connection: sqlite3.Connection, ticket_id: bytes) -> tuple[int, bytes] | None:
    """Since when (ms) a ticket is void, and which ticket supersedes it (empty: it was refunded here, or the hub says so)."""
    return connection.execute(
        "SELECT at_ms, x'' FROM void_told WHERE ticket_id = ?1 UNION ALL "
        "SELECT at_ms, by_id FROM void_seen WHERE ticket_id = ?1 LIMIT 1",
        (ticket_id,),
    ).fetchone()


def told_void(connection: sqlite3.Connection, ticket_id: bytes) -> bool:
    """Whether the hub said that a ticket is void: it does, or it did and its seat was taken back here since."""
    found = void(connection, ticket_id)
    return found is not None and not found[1]


def void_of(connection: sqlite3.Connection, head: bytes) -> list[bytes]:
    """Tickets whose ids begin with ``head`` (a log's node and epoch) and that the hub says are void, but for those that were
    settled here since."""
    query = (
        "SELECT ticket_id FROM void_told AS told WHERE ticket_id >= ? AND ticket_id <= ? AND NOT EXISTS "
        "(SELECT 1 FROM void_seen AS seen WHERE seen.ticket_id = told.ticket_id AND seen.by_id = x'') ORDER BY ticket_id"
    )
    return [row[0] for row in connection.execute(query, (head, head + b"\xff" * 4))]


def told_bound(connection: sqlite3.Connection, ticket_id: bytes) -> bool:
    """Whether the hub said that a ticket belongs to a phone."""
    return connection.execute("SELECT 1 FROM bound_told WHERE ticket_id = ?", (ticket_id,)).fetchone() is not None


def boarded(connection: sqlite3.Connection, ticket_id: bytes) -> tuple[int, str] | None:
    """When (ms) and at which gate a ticket was boarded here."""
    return connection.execute("SELECT boarded_ms, gate FROM boarded WHERE ticket_id = ?", (ticket_id,)).fetchone()


def boarded_ride(connection: sqlite3.Connection, ticket_id: bytes) -> tuple[int, int, int, int, str] | None:
    """(trip_no, day, from_idx, to_idx, short code) of a ticket that was boarded here."""
    return connection.execute(
        "SELECT trip_no, day, from_idx, to_idx, short_code FROM boarded WHERE ticket_id = ?", (ticket_id,)
    ).fetchone()


def counts(connection: sqlite3.Connection, trip_no: int, day: int) -> tuple[int, int]:
    """(boarded here, known to the hub as sold) of a dated trip."""
    where = (trip_no, day)
    count = connection.execute("SELECT count(*) FROM boarded WHERE trip_no = ? AND day = ?", where).fetchone()[0]
    known = connection.execute("SELECT count(*) FROM manifest WHERE trip_no = ? AND day = ?", where).fetchone()[0]
    return count, known


def expected(connection: sqlite3.Connection, trip_no: int, day: int) -> list[tuple[bytes, int, int, int]]:
    """(ticket id, from_idx, to_idx, seat) of what the hub knows as sold of a dated trip."""
    query = "SELECT ticket_id, from_idx, to_idx, seat FROM manifest WHERE trip_no = ? AND day = ? ORDER BY ticket_id"
    return connection.execute(query, (trip_no, day)).fetchall()


def sellers(connection: sqlite3.Connection, trip_no: int, day: int) -> set[tuple[int, int]]:
    """(node_no, epoch) of the logs that sold for a dated trip, as far as the hub has told."""
    query = "SELECT DISTINCT substr(ticket_id, 1, 4) FROM manifest WHERE trip_no = ? AND day = ?"
    rows = connection.execute(query, (trip_no, day))
    return {(int.from_bytes(head[:3], "big"), head[3]) for (head,) in rows}


def refusals(connection: sqlite3.Connection, trip_no: int, day: int) -> dict[str, int]:
    """Reason → how often."""
    rows = connection.execute("SELECT reason, count FROM refused WHERE trip_no = ? AND day = ?", (trip_no, day))
    return dict(rows)


def answer(connection: sqlite3.Connection, scan: tuple[str, int, int]) -> tuple[str, str, str] | None:
    """(verdict, code, title) that a scan got."""
    return connection.execute(
        "SELECT verdict, code, title FROM scan_answer WHERE device = ? AND bseq = ? AND seq = ?", scan
    ).fetchone()


def keep_answer(connection: sqlite3.Connection, scan: tuple[str, int, int], said: tuple[str, str, str]) -> None:
    """Remember what a scan was told."""
    connection.execute(
        "INSERT OR REPLACE INTO scan_answer (device, bseq, seq, verdict, code, title) VALUES (?, ?, ?, ?, ?, ?)",
        (*scan, *said),
    )


@dataclass(frozen=True)
class CommandRow:
    """A command to a gate."""

    cmd_id: str
    device: str
    verdict_id: str
    trace_id: str
    expires_at_ms: int


def add_command(connection: sqlite3.Connection, row: CommandRow) -> None:
    """Once for each verdict: a second try changes nothing."""
    connection.execute(
        "INSERT OR IGNORE INTO gate_command (cmd_id, device, verdict_id, trace_id, expires_at_ms) VALUES (?, ?, ?, ?, ?)",
        (row.cmd_id, row.device, row.verdict_id, row.trace_id, row.expires_at_ms),
    )


def pending_commands(connection: sqlite3.Connection, limit: int = 200) -> list[CommandRow]:
    """Commands without an outcome, oldest first."""
    rows = connection.execute(
        "SELECT cmd_id, device, verdict_id, trace_id, expires_at_ms FROM gate_command WHERE outcome IS NULL "
        "ORDER BY expires_at_ms LIMIT ?",
        (limit,),
    )
    return [CommandRow(*row) for row in rows]


def finish_command(connection: sqlite3.Connection, cmd_id: str, outcome: str) -> None:
    """The command's end."""
    connection.execute("UPDATE gate_command SET outcome = ? WHERE cmd_id = ?", (outcome, cmd_id))


def add_unknown(connection: sqlite3.Connection) -> None:
    """Sellers that the gate met and did not know (local)."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS unknown_issuer (kid BLOB PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID"
    )


def saw_unknown(connection: sqlite3.Connection, kid: bytes) -> None:
    """Count a ticket of an issuer that is not in the directory; anybody can make up names, so only the first so many."""
    connection.execute(
        "INSERT INTO unknown_issuer (kid, count) SELECT ?1, 1 WHERE (SELECT count(*) FROM unknown_issuer) < ?2 "
        "OR EXISTS (SELECT 1 FROM unknown_issuer WHERE kid = ?1) ON CONFLICT (kid) DO UPDATE SET count = count + 1",
        (kid, MAX_UNKNOWN),
    )


def unknown_issuers(connection: sqlite3.Connection) -> int:
    """Tickets that the gate met of issuers that are not in the directory to this day."""
    query = "SELECT coalesce(sum(count), 0) FROM unknown_issuer WHERE kid NOT IN (SELECT kid FROM issuer)"
    return int(connection.execute(query).fetchone()[0])
