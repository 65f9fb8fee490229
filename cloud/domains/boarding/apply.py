"""Boardings, refusals and gate openings folded into tables. A ticket boards once; a second boarding is kept aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.tables import boarded, boarded_twice, gate_opening, refusal_sum
from cloud.kernel.database import add_to_rows, chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import BoardingRefused, GateOpened, TicketBoarded
from sync.kernel.events import Event

TICKET_ID_BYTES = 8
MAX_TEXT = 60
_BOARDED = (
    "ticket_id", "pos", "node_no", "trip_no", "day", "from_idx", "to_idx", "seat", "gate", "clerk_no", "clock_sure",
    "boarded_hlc",
)  # fmt: skip
_TWICE = ("pos", "ticket_id", "first_pos", "node_no", "trip_no", "day", "gate")
_REFUSED = ("trip_no", "day", "node_no", "reason", "count")
_FIRST: Final = sa.select(boarded.c.ticket_id, boarded.c.pos).where(
    boarded.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)
_OPENED = ("pos", "ticket_id", "node_no", "gate")


class BoardingApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({TicketBoarded, BoardingRefused, GateOpened})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._first: dict[bytes, int] = {}
        self._boarded: list[tuple[object, ...]] = []
        self._twice: list[tuple[object, ...]] = []
        self._opened: list[tuple[object, ...]] = []
        self._refused: Counter[tuple[int, int, int, str]] = Counter()

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [one.envelope.event for one in batch if one.envelope is not None]
        tickets = sorted({event.ticket_id for event in events if isinstance(event, TicketBoarded)})
        for some in chunks(tickets):
            rows = self._tx.execute(_FIRST, {"tickets": some})
            self._first |= {bytes(row.ticket_id): row.pos for row in rows}

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if isinstance(event, TicketBoarded):
            self._board(received, event)
        elif isinstance(event, GateOpened):
            _check_id(event.ticket_id)
            self._opened.append((received.pos, event.ticket_id, received.node_no, event.gate[:MAX_TEXT]))
        elif isinstance(event, BoardingRefused):
            self._refused[event.trip_no, event.day, received.node_no, event.reason[:MAX_TEXT]] += 1

    def flush(self) -> None:
        insert_rows(self._tx, boarded, _BOARDED, self._boarded)
        insert_rows(self._tx, boarded_twice, _TWICE, self._twice)
        insert_rows(self._tx, gate_opening, _OPENED, self._opened)
        refused = [(*key, count) for key, count in sorted(self._refused.items())]
        add_to_rows(self._tx, refusal_sum, _REFUSED[:4], _REFUSED, refused)

    def _board(self, received: Received, event: TicketBoarded) -> None:
        _check_id(event.ticket_id)
        where, gate = (received.node_no, event.trip_no, event.day), event.gate[:MAX_TEXT]
        first = self._first.get(event.ticket_id)
        if first is not None:
            self._twice.append((received.pos, event.ticket_id, first, *where, gate))
            raise Quarantine("boarded_twice", f"first at {first}")
        self._first[event.ticket_id] = received.pos
        ride = (event.from_idx, event.to_idx, event.seat)
        hlc = received.envelope.stamp.hlc if received.envelope else 0
        self._boarded.append(
            (event.ticket_id, received.pos, *where, *ride, gate, event.clerk_no, event.clock_sure, hlc)
        )


def _check_id(ticket_id: bytes) -> None:
    if len(ticket_id) != TICKET_ID_BYTES:
        raise Quarantine("ticket_id", f"{len(ticket_id)} bytes")
