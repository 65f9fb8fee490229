"""Passengers who were absent or got off early, folded into a table; absent here and let in there is kept aside for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.boarding.apply import NO_SHOW_BOARDED
from cloud.domains.boarding.tables import ticket_mark
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import (
    ABSENCE,
    ALIGHTING,
    BOARDING,
    BoardedApart,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
    TicketBoarded,
)
from sync.kernel.events import Event

TICKET_ID_BYTES: Final = 8
_NAMED: Final = (PassengerAlighted, NoShowMarked, MarkUndone, TicketBoarded, BoardedApart)
_ROW: Final = ("ticket_id", "pos", "node_no", "trip_no", "day", "kind", "at_idx", "frees", "clerk_no")
_MARKS: Final = sa.select(ticket_mark).where(ticket_mark.c.ticket_id.in_(sa.bindparam("tickets", expanding=True)))
_GONE: Final = sa.delete(ticket_mark).where(ticket_mark.c.ticket_id.in_(sa.bindparam("tickets", expanding=True)))


class MarkApplier:
    """One batch. It comes behind boarding, which has said of absent passengers whether another box let them in."""

    HANDLES: frozenset[type[Event]] = frozenset(_NAMED)

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._marks: dict[bytes, tuple[object, ...]] = {}
        self._changed: set[bytes] = set()

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [one.envelope.event for one in batch if one.envelope is not None]
        tickets = sorted({event.ticket_id for event in events if isinstance(event, _NAMED)})
        for some in chunks(tickets):
            for row in self._tx.execute(_MARKS, {"tickets": some}):
                self._marks[bytes(row.ticket_id)] = (bytes(row.ticket_id), *row[1:])

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if isinstance(event, TicketBoarded | BoardedApart):
            self._board(received, event)
        elif isinstance(event, PassengerAlighted | NoShowMarked) and _counts(received):
            self._mark(received, event)
        elif isinstance(event, MarkUndone) and event.kind != BOARDING and received.held is None:
            self._undo(received, event)

    def flush(self) -> None:
        for some in chunks(sorted(self._changed)):
            self._tx.execute(_GONE, {"tickets": some})
        insert_rows(self._tx, ticket_mark, _ROW, [self._marks[key] for key in sorted(self._changed & set(self._marks))])

    def _mark(self, received: Received, event: PassengerAlighted | NoShowMarked) -> None:
        if len(event.ticket_id) != TICKET_ID_BYTES:
            raise Quarantine("ticket_id", f"{len(event.ticket_id)} bytes")
        there = self._marks.get(event.ticket_id)
        if there is not None:
            raise Quarantine("marked_twice", f"first at {there[1]}")
        kind = ABSENCE if isinstance(event, NoShowMarked) else ALIGHTING
        who = (received.node_no, event.trip_no, event.day)
        row = (event.ticket_id, received.pos, *who, kind, event.at_idx, event.frees, event.clerk_no)
        self._marks[event.ticket_id] = row
        self._changed.add(event.ticket_id)

    def _board(self, received: Received, event: TicketBoarded | BoardedApart) -> None:
        there = self._marks.get(event.ticket_id)
        if there is not None and there[5] == ABSENCE and there[2] != received.node_no:
            raise Quarantine(NO_SHOW_BOARDED, f"first at {there[1]}")

    def _undo(self, received: Received, event: MarkUndone) -> None:
        there = self._marks.get(event.ticket_id)
        if there is None or there[2] != received.node_no or there[5] != event.kind:
            raise Quarantine("undo_unknown", event.ticket_id.hex())
        del self._marks[event.ticket_id]
        self._changed.add(event.ticket_id)


def _counts(received: Received) -> bool:
    """Whether a mark is kept: one that another box's boarding speaks against is, beside what speaks against it."""
    return received.held is None or received.held.code == NO_SHOW_BOARDED
