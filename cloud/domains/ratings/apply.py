"""Ratings folded into their table: one a ticket, the first counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ratings.tables import rating
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ratings.events import TripRated
from sync.domains.ratings.rules import LEVELS, MAX_COMMENT
from sync.kernel.events import Event

TICKET_ID_BYTES = 8
_RATING = ("ticket_id", "pos", "node_no", "trip_no", "day", "level", "tags", "comment", "language")
_FIRST: Final = sa.select(rating.c.ticket_id, rating.c.pos).where(
    rating.c.ticket_id.in_(sa.bindparam("tickets", expanding=True))
)


class RatingsApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset({TripRated})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._first: dict[bytes, int] = {}
        self._rows: list[tuple[object, ...]] = []

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [one.envelope.event for one in batch if one.envelope is not None]
        tickets = sorted({event.ticket_id for event in events if isinstance(event, TripRated)})
        for some in chunks(tickets):
            rows = self._tx.execute(_FIRST, {"tickets": some})
            self._first |= {bytes(row.ticket_id): row.pos for row in rows}

    def apply(self, received: Received) -> None:
        event = received.envelope and received.envelope.event
        if not isinstance(event, TripRated):
            return
        if len(event.ticket_id) != TICKET_ID_BYTES:
            raise Quarantine("ticket_id", f"{len(event.ticket_id)} bytes")
        if event.level not in LEVELS or len(event.comment) > MAX_COMMENT:
            raise Quarantine("rating_range", f"level {event.level}, {len(event.comment)} characters")
        first = self._first.get(event.ticket_id)
        if first is not None:
            raise Quarantine("rated_twice", f"first at {first}")
        self._first[event.ticket_id] = received.pos
        said = (event.level, " ".join(event.tags), event.comment, event.language)
        self._rows.append((event.ticket_id, received.pos, received.node_no, event.trip_no, event.day, *said))

    def flush(self) -> None:
        insert_rows(self._tx, rating, _RATING, self._rows)
