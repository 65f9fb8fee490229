"""Events that broke a rule, and passengers who met because of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.tables import boarded, boarded_twice, void_boarded
from cloud.domains.inventory.tables import seat_clash
from cloud.kernel.tables import event_log, node, quarantine_note
from cloud.kernel.tables import quarantine as quarantine_table

SEAT = "seat"
BOARDING = "boarding"
REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two tickets for one seat, one ticket let in twice, or one let in and refunded. ``node_no`` is where the second of
    both happened; ``pos`` its event."""

    kind: str
    pos: int
    node_no: int
    node_name: str
    trip_no: int
    day: int
    seat: int
    from_idx: int
    to_idx: int
    at_risk: bool
    other: str
    seen: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A quarantined event with its bytes, and what a person said of it."""

    pos: int
    node_no: int
    epoch: int
    seq: int
    code: str
    detail: str
    event: bytes
    note: str
    by: str
    resolved_ms: int | None


def _held() -> sa.Select[Any]:
    column = quarantine_table.c
    names = (quarantine_note.c.note, quarantine_note.c.by, quarantine_note.c.resolved_ms, node.c.name)
    return (
        sa.select(quarantine_table, *names)
        .outerjoin(quarantine_note, quarantine_note.c.pos == column.pos)
        .outerjoin(node, node.c.node_no == column.node_no)
    )


def quarantine_unseen(tx: Connection, node_no: int | None = None) -> int:
    """How many nobody looked at yet."""
    column = quarantine_table.c
    query = sa.select(sa.func.count()).select_from(quarantine_table)
    query = query.outerjoin(quarantine_note, quarantine_note.c.pos == column.pos).where(quarantine_note.c.pos.is_(None))
    return tx.execute(query if node_no is None else query.where(column.node_no == node_no)).scalar_one()


def quarantined(tx: Connection, pos: int) -> Held | None:
    """One quarantined event."""
    row = tx.execute(_held().where(quarantine_table.c.pos == pos)).first()
    if row is None:
        return None
    event = tx.execute(sa.select(event_log.c.bytes).where(event_log.c.pos == pos)).scalar() or b""
    log = (row.pos, row.node_no, row.epoch, row.seq)
    return Held(*log, row.code, row.detail, bytes(event), row.note or "", row.by or "", row.resolved_ms)


def conflict_count(tx: Connection) -> int:
    """Conflicts that nobody looked at yet."""
    counts = (
        sa.select(sa.func.count())
        .select_from(table)
        .outerjoin(quarantine_note, quarantine_note.c.pos == table.c.pos)
        .where(quarantine_note.c.pos.is_(None))
        for table in (seat_clash, boarded_twice, void_boarded)
    )
    return sum(tx.execute(count).scalar_one() for count in counts)


def conflicts(tx: Connection, limit: int, offset: int) -> list[Conflict]:
    """Seats sold twice, tickets boarded twice, and tickets both boarded and refunded, the newest first."""
    reach = limit + offset
    twice = _boarding_conflicts(tx, BOARDING, boarded_twice, reach)
    found = _seat_conflicts(tx, reach) + twice + _boarding_conflicts(tx, REFUND, void_boarded, reach)
    return sorted(found, key=lambda item: -item.pos)[offset:reach]


def _seat_conflicts(tx: Connection, reach: int) -> list[Conflict]:
    query = (
        sa.select(seat_clash, node.c.name, quarantine_note.c.note)
        .outerjoin(node, node.c.node_no == seat_clash.c.node_no)
        .outerjoin(quarantine_note, quarantine_note.c.pos == seat_clash.c.pos)
    )
    rows = tx.execute(query.order_by(seat_clash.c.pos.desc()).limit(reach))
    return [
        Conflict(
            SEAT, row.pos, row.node_no, row.name or "", row.trip_no, row.day, row.seat, row.from_idx, row.to_idx,
            row.at_risk, "", row.note is not None,
        )
        for row in rows
    ]  # fmt: skip


def _boarding_conflicts(tx: Connection, kind: str, table: sa.Table, reach: int) -> list[Conflict]:
    first_node = node.alias("first_node")
    query = (
        sa.select(table, node.c.name, quarantine_note.c.note, first_node.c.name.label("first_name"))
        .add_columns(boarded.c.seat, boarded.c.from_idx, boarded.c.to_idx)
        .outerjoin(boarded, boarded.c.ticket_id == table.c.ticket_id)
        .outerjoin(first_node, first_node.c.node_no == boarded.c.node_no)
        .outerjoin(node, node.c.node_no == table.c.node_no)
        .outerjoin(quarantine_note, quarantine_note.c.pos == table.c.pos)
    )
    rows = tx.execute(query.order_by(table.c.pos.desc()).limit(reach))
    return [
        Conflict(
            kind, row.pos, row.node_no, row.name or "", row.trip_no, row.day, row.seat or 0, row.from_idx or 0,
            row.to_idx or 0, False, row.first_name or "", row.note is not None,
        )
        for row in rows
    ]  # fmt: skip
