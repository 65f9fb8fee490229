"""One conflict with both of its events, what was lost by it, and what a person decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from cloud.console.queries.wrong import BOARDING, REFUND, SEAT
from cloud.domains.boarding.tables import boarded_twice, conflict_word, void_boarded
from cloud.domains.inventory.tables import seat_clash
from cloud.domains.ticketing.tables import ticket
from cloud.kernel.tables import event_log, node
from sync.domains import EVENTS
from sync.kernel.errors import Malformed
from sync.kernel.hlc import wall_ms_of
from sync.kernel.ticket import TicketId


@dataclass(frozen=True, slots=True)
class Side:
    """One of both events. ``gate`` and ``clerk_no`` as it says, ``at_ms`` as its node's clock had it; ``apart``: the gate was
    cut off from its node."""

    pos: int
    node_no: int
    node_name: str
    kind: str
    gate: str
    clerk_no: int
    at_ms: int
    apart: bool


@dataclass(frozen=True, slots=True)
class Word:
    """What was decided."""

    outcome: str
    reason: str
    by: str
    decided_ms: int


@dataclass(frozen=True, slots=True)
class ConflictRecord:
    """``sides`` in the order in which the hub heard them; of a seat sold twice the second alone. ``fare_minor``: what one of
    both passengers did not pay, None where the hub does not know the sale."""

    kind: str
    pos: int
    trip_no: int
    day: int
    number: str
    sides: tuple[Side, ...]
    fare_minor: int | None
    currency: str
    word: Word | None


def conflict_record(tx: Connection, pos: int) -> ConflictRecord | None:
    """The conflict whose second event stands at ``pos``."""
    for kind, table in ((BOARDING, boarded_twice), (REFUND, void_boarded), (SEAT, seat_clash)):
        row = tx.execute(sa.select(table).where(table.c.pos == pos)).first()
        if row is not None:
            return _record(tx, kind, row)
    return None


def _record(tx: Connection, kind: str, row: Row[Any]) -> ConflictRecord:
    places = (row.pos,) if kind == SEAT else (row.first_pos, row.pos)
    ticket_id = _sold_by(tx, row.pos) if kind == SEAT else bytes(row.ticket_id)
    sale = tx.execute(sa.select(ticket).where(ticket.c.ticket_id == ticket_id).limit(1)).first()
    word = tx.execute(sa.select(conflict_word).where(conflict_word.c.pos == row.pos)).first()
    return ConflictRecord(
        kind, row.pos, row.trip_no, row.day, TicketId.from_bytes(ticket_id).number if len(ticket_id) == 8 else "",
        tuple(side for place in places for side in _sides(tx, place)),
        sale.price_minor if sale else None, sale.currency if sale else "",
        Word(word.outcome, word.reason, word.by, word.decided_ms) if word else None,
    )  # fmt: skip


def _sold_by(tx: Connection, pos: int) -> bytes:
    found = tx.execute(sa.select(ticket.c.ticket_id).where(ticket.c.pos == pos)).scalar()
    return bytes(found) if found else b""


def _sides(tx: Connection, pos: int) -> list[Side]:
    query = sa.select(event_log, node.c.name).outerjoin(node, node.c.node_no == event_log.c.node_no)
    row = tx.execute(query.where(event_log.c.pos == pos)).first()
    if row is None:
        return []
    try:
        envelope = EVENTS.decode(bytes(row.bytes))
    except Malformed:
        return []
    event: Any = envelope.event
    kind = type(event).__name__
    said = (kind, getattr(event, "gate", ""), getattr(event, "clerk_no", 0), wall_ms_of(envelope.stamp.hlc))
    return [Side(pos, row.node_no, row.name or str(row.node_no), *said, apart=kind == "BoardedApart")]
