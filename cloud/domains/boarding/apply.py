"""Boardings, refusals, gate openings and refunds folded into tables. A ticket boards once; a second boarding is kept aside,
and so is whatever comes second of a boarding and a refund."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.tables import (
    boarded,
    boarded_twice,
    gate_opening,
    refusal_sum,
    void_boarded,
    void_ticket,
)  # fmt: skip
from cloud.kernel.database import add_to_rows, chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import (
    BOARDING,
    BoardedApart,
    BoardingRefused,
    GateOpened,
    MarkUndone,
    NoShowMarked,
    TicketBoarded,
)
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded
from sync.kernel import hlc
from sync.kernel.events import Event

TICKET_ID_BYTES = 8
MAX_TEXT = 60
REFUND_BOARDED = "refund_boarded"
NO_SHOW_BOARDED = "no_show_boarded"
_Boarded = TicketBoarded | BoardedApart
_Back = TicketRefunded | SeatTakenBack
_BACK: Final = (TicketRefunded, SeatTakenBack)
_BOARDED = (
    "ticket_id", "pos", "node_no", "trip_no", "day", "from_idx", "to_idx", "seat", "gate", "clerk_no", "clock_sure",
    "boarded_hlc",
)  # fmt: skip
_TWICE = ("pos", "ticket_id", "first_pos", "node_no", "trip_no", "day", "gate")
_REFUSED = ("trip_no", "day", "node_no", "reason", "count")
_FIRST: Final = sa.select(boarded.c.ticket_id, boarded.c.pos, boarded.c.node_no).where(
    boarded.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)
_VOIDED: Final = sa.select(void_ticket.c.ticket_id, void_ticket.c.pos).where(
    void_ticket.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)
_UNDONE: Final = sa.delete(boarded).where(boarded.c.ticket_id.in_(sa.bindparam("tickets", expanding=True)))
_VOID = ("ticket_id", "pos", "trip_no", "day", "at_ms")
_VOID_BOARDED = ("pos", "ticket_id", "first_pos", "node_no", "trip_no", "day")
_OPENED = ("pos", "ticket_id", "node_no", "gate")


class BoardingApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {TicketBoarded, BoardedApart, BoardingRefused, GateOpened, *_BACK, MarkUndone, NoShowMarked}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._first: dict[bytes, int] = {}
        self._gates: dict[bytes, int] = {}
        self._undone: list[bytes] = []
        self._void: dict[bytes, int] = {}
        self._voided: list[tuple[object, ...]] = []
        self._void_boarded: list[tuple[object, ...]] = []
        self._boarded: list[tuple[object, ...]] = []
        self._twice: list[tuple[object, ...]] = []
        self._opened: list[tuple[object, ...]] = []
        self._refused: Counter[tuple[int, int, int, str]] = Counter()

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [one.envelope.event for one in batch if one.envelope is not None]
        named = (TicketBoarded, BoardedApart, *_BACK, MarkUndone, NoShowMarked)
        tickets = sorted({event.ticket_id for event in events if isinstance(event, named)})
        for some in chunks(tickets):
            for ticket_id, pos, node_no in self._tx.execute(_FIRST, {"tickets": some}):
                self._first[bytes(ticket_id)], self._gates[bytes(ticket_id)] = pos, node_no
            rows = self._tx.execute(_VOIDED, {"tickets": some})
            self._void |= {bytes(row.ticket_id): row.pos for row in rows}

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if isinstance(event, _Boarded):
            self._board(received, event)
        elif isinstance(event, _Back):
            self._refund(received, event)
        elif isinstance(event, GateOpened):
            _check_id(event.ticket_id)
            self._opened.append((received.pos, event.ticket_id, received.node_no, event.gate[:MAX_TEXT]))
        elif isinstance(event, MarkUndone):
            self._undo(received, event)
        elif isinstance(event, NoShowMarked) and received.held is None:
            self._miss(received, event)
        elif isinstance(event, BoardingRefused):
            self._refused[event.trip_no, event.day, received.node_no, event.reason[:MAX_TEXT]] += 1

    def flush(self) -> None:
        for some in chunks(self._undone):
            self._tx.execute(_UNDONE, {"tickets": some})
        insert_rows(self._tx, boarded, _BOARDED, self._boarded)
        insert_rows(self._tx, boarded_twice, _TWICE, self._twice)
        insert_rows(self._tx, void_ticket, _VOID, self._voided)
        insert_rows(self._tx, void_boarded, _VOID_BOARDED, self._void_boarded)
        insert_rows(self._tx, gate_opening, _OPENED, self._opened)
        refused = [(*key, count) for key, count in sorted(self._refused.items())]
        add_to_rows(self._tx, refusal_sum, _REFUSED[:4], _REFUSED, refused)

    def _board(self, received: Received, event: TicketBoarded | BoardedApart) -> None:
        _check_id(event.ticket_id)
        where, gate = (received.node_no, event.trip_no, event.day), event.gate[:MAX_TEXT]
        first = self._first.get(event.ticket_id)
        if first is not None:
            self._twice.append((received.pos, event.ticket_id, first, *where, gate))
            raise Quarantine("boarded_twice", f"first at {first}")
        self._first[event.ticket_id], self._gates[event.ticket_id] = received.pos, received.node_no
        ride = (event.from_idx, event.to_idx, event.seat)
        stamp = received.envelope.stamp.hlc if received.envelope else 0
        # A gate that was cut off has nobody signed in, and its time was not checked.
        seen = (0, False) if isinstance(event, BoardedApart) else (event.clerk_no, event.clock_sure)
        self._boarded.append((event.ticket_id, received.pos, *where, *ride, gate, *seen, stamp))
        if event.ticket_id in self._void:
            self._clash(received, event, self._void[event.ticket_id], "boarded_refunded")

    def _undo(self, received: Received, event: MarkUndone) -> None:
        """A boarding that the same node takes back: the ticket may board again."""
        if event.kind != BOARDING:
            return
        _check_id(event.ticket_id)
        if self._gates.pop(event.ticket_id, None) != received.node_no:
            raise Quarantine("undo_unknown", event.ticket_id.hex())
        del self._first[event.ticket_id]
        self._boarded = [row for row in self._boarded if row[0] != event.ticket_id]
        self._undone.append(event.ticket_id)

    def _miss(self, received: Received, event: NoShowMarked) -> None:
        """Absent here, and let in at another box before: asked here, where boardings are known as of this event."""
        node_no = self._gates.get(event.ticket_id, received.node_no)
        if node_no != received.node_no:
            raise Quarantine(NO_SHOW_BOARDED, f"first at {self._first[event.ticket_id]}")

    def _refund(self, received: Received, event: _Back) -> None:
        """A refund that broke a rule of its own has made nothing void."""
        if received.held is not None or event.ticket_id in self._void:
            return
        self._void[event.ticket_id] = received.pos
        at_ms = hlc.wall_ms_of(received.envelope.stamp.hlc) if received.envelope else 0
        self._voided.append((event.ticket_id, received.pos, event.trip_no, event.day, at_ms))
        if event.ticket_id in self._first:
            self._clash(received, event, self._first[event.ticket_id], REFUND_BOARDED)

    def _clash(self, received: Received, event: TicketBoarded | BoardedApart | _Back, first: int, code: str) -> None:
        row = (received.pos, event.ticket_id, first, received.node_no, event.trip_no, event.day)
        self._void_boarded.append(row)
        raise Quarantine(code, f"first at {first}")


def _check_id(ticket_id: bytes) -> None:
    if len(ticket_id) != TICKET_ID_BYTES:
        raise Quarantine("ticket_id", f"{len(ticket_id)} bytes")
