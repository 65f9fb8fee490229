"""Seats that a seller took back because the hub has the ticket paid out elsewhere. A box can say so of no other ticket."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.tables import refund_decision, taken_back
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import SeatTakenBack
from sync.kernel.ticket import TicketId

_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_TAKEN = sa.select(taken_back.c.ticket_id).where(taken_back.c.ticket_id.in_(_IDS))
_DECIDED = (
    sa.select(refund_decision.c.ticket_id, sa.func.min(refund_decision.c.made_pos))
    .where(refund_decision.c.ticket_id.in_(_IDS), refund_decision.c.approved)
    .group_by(refund_decision.c.ticket_id)
)
# (trip_no, day, from_idx, to_idx, seat) as a ticket of the log that speaks was sold; None: it has sold no such ticket.
Sold = Callable[[Received, bytes], tuple[object, ...] | None]


class TakenBack:
    """Those of one batch, and what was taken back before."""

    def __init__(self, tx: Connection, sold: Sold) -> None:
        self._tx, self._sold = tx, sold
        self._taken: set[bytes] = set()
        self._decided: dict[bytes, int] = {}
        self._rows: list[tuple[object, ...]] = []

    def load(self, ids: Sequence[bytes], events: Sequence[SeatTakenBack]) -> None:
        """Read which of these tickets' seats were taken back, and what was decided on those of ``events``."""
        for some in chunks(ids):
            self._taken |= {bytes(one) for one in self._tx.execute(_TAKEN, {"ids": some}).scalars()}
        for some in chunks(sorted({event.ticket_id for event in events})):
            self._decided |= {bytes(one): pos for one, pos in self._tx.execute(_DECIDED, {"ids": some})}

    def has(self, ticket_id: bytes) -> bool:
        """Whether the seat of a ticket was taken back."""
        return ticket_id in self._taken

    def take(self, received: Received, event: SeatTakenBack, given_back: bool) -> None:
        """Count one in; ``given_back``: its seller gave the money back itself, and the seat with it.

        Raises :class:`Quarantine`: ``taken_unknown_ticket``, ``taken_undecided``, ``taken_twice``, ``taken_differs``.
        """
        sold = self._sold(received, event.ticket_id)
        if sold is None:
            raise Quarantine("taken_unknown_ticket", event.ticket_id.hex()[:40])
        number = TicketId.from_bytes(event.ticket_id).number
        # Who speaks before the word has no word, however often the books are folded again.
        if not self._decided.get(event.ticket_id, received.pos) < received.pos:
            raise Quarantine("taken_undecided", number)
        if given_back or event.ticket_id in self._taken:
            raise Quarantine("taken_twice", number)
        if (event.trip_no, event.day, event.from_idx, event.to_idx, event.seat) != sold:
            raise Quarantine("taken_differs", f"sold for {sold}")
        self._taken.add(event.ticket_id)
        self._rows.append((event.ticket_id, received.pos))

    def flush(self) -> None:
        """Write the outcome."""
        insert_rows(self._tx, taken_back, ("ticket_id", "pos"), self._rows)
