"""Rows of shifts. What happened in a shift stands in the log alone: its row says from where to where."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from edge.kernel import log
from sync.domains.shifts.events import ShiftClosed, ShiftOpened
from sync.domains.shifts.operations import OfficeRules
from sync.kernel import hlc
from sync.kernel.events import Event, Stamp

REFERENCE_TABLES = ("counter_rules",)
STATE_TABLES = ("shift",)
_SHIFT = "epoch, shift_no, clerk_no, opened_seq, opened_ms, closed_seq, closed_ms"


class ShiftRow(NamedTuple):
    """A shift as stored. ``epoch`` 0: of the present log; ``closed_seq`` None: still open, or its log ended first."""

    epoch: int
    shift_no: int
    clerk_no: int
    opened_seq: int
    opened_ms: int
    closed_seq: int | None
    closed_ms: int | None


def apply_opened(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: ShiftOpened) -> None:
    """A shift begins."""
    connection.execute(
        "INSERT OR IGNORE INTO shift (epoch, shift_no, clerk_no, opened_seq, opened_ms) VALUES (0, ?, ?, ?, ?)",
        (event.shift_no, event.clerk_no, seq, hlc.wall_ms_of(stamp.hlc)),
    )


def apply_closed(connection: sqlite3.Connection, seq: int, stamp: Stamp, event: ShiftClosed) -> None:
    """A shift ends, once."""
    connection.execute(
        "UPDATE shift SET closed_seq = ?, closed_ms = ? WHERE epoch = 0 AND shift_no = ? AND closed_seq IS NULL",
        (seq, hlc.wall_ms_of(stamp.hlc), event.shift_no),
    )


APPLIERS = {ShiftOpened: apply_opened, ShiftClosed: apply_closed}


def keep_rules(connection: sqlite3.Connection, rest: tuple[str, ...], body: bytes | None) -> None:
    """Operation ``office/SCOPE/DAY``."""
    where = (rest[0], int(rest[1]))
    connection.execute("DELETE FROM counter_rules WHERE scope = ? AND from_day = ?", where)
    if body is not None:
        OfficeRules.from_bytes(body)
        connection.execute("INSERT INTO counter_rules (scope, from_day, body) VALUES (?, ?, ?)", (*where, body))


PROJECTIONS = {"office": keep_rules}


def end_log(connection: sqlite3.Connection, epoch: int) -> None:
    """The log that wrote these shifts ended: the next one counts from 1 again, and nobody has a shift in it yet."""
    connection.execute("UPDATE shift SET epoch = ? WHERE epoch = 0", (epoch,))


def published_rules(connection: sqlite3.Connection) -> list[OfficeRules]:
    """All sets of office rules that the hub has told of."""
    rows = connection.execute("SELECT body FROM counter_rules ORDER BY scope, from_day")
    return [OfficeRules.from_bytes(row[0]) for row in rows]


def next_shift_no(connection: sqlite3.Connection) -> int:
    """The number after the last shift's."""
    return (connection.execute("SELECT max(shift_no) FROM shift WHERE epoch = 0").fetchone()[0] or 0) + 1


def open_shift(connection: sqlite3.Connection, clerk_no: int) -> ShiftRow | None:
    """The shift that a clerk has open."""
    row = connection.execute(
        f"SELECT {_SHIFT} FROM shift WHERE clerk_no = ? AND epoch = 0 AND closed_seq IS NULL", (clerk_no,)
    ).fetchone()
    return ShiftRow(*row) if row else None


def shift(connection: sqlite3.Connection, shift_no: int, epoch: int = 0) -> ShiftRow | None:
    """A shift by its number, of the present log or of that of ``epoch``."""
    where = (epoch, shift_no)
    row = connection.execute(f"SELECT {_SHIFT} FROM shift WHERE epoch = ? AND shift_no = ?", where).fetchone()
    return ShiftRow(*row) if row else None


def newest(connection: sqlite3.Connection, clerk_no: int | None, limit: int) -> list[ShiftRow]:
    """The last shifts of the present log, of one clerk or of all, the newest first."""
    rows = connection.execute(
        f"SELECT {_SHIFT} FROM shift WHERE epoch = 0 AND (? IS NULL OR clerk_no = ?) ORDER BY shift_no DESC LIMIT ?",
        (clerk_no, clerk_no, limit),
    )
    return [ShiftRow(*row) for row in rows]


def events_after(
    connection: sqlite3.Connection, after_seq: int, until_seq: int | None = None
) -> Iterator[tuple[int, Event]]:
    """``(seq, event)`` of the present log as far as this software knows them, up to ``until_seq`` where that is given."""
    for seq, envelope in log.envelopes_after(connection, after_seq, until_seq):
        if envelope.event is not None:
            yield seq, envelope.event


def cash_of_key(connection: sqlite3.Connection, key: str) -> int | None:
    """Sequence of the movement of cash that was made under an idempotency key."""
    row = connection.execute("SELECT seq FROM cash_key WHERE digest = ?", (_digest(key),)).fetchone()
    return row[0] if row else None


def keep_cash_key(connection: sqlite3.Connection, key: str, seq: int) -> None:
    """Remember under which key cash was moved."""
    connection.execute("INSERT INTO cash_key (digest, seq) VALUES (?, ?)", (_digest(key), seq))


def _digest(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big", signed=True)
