"""Seats that passengers left on the way: whose they are from there on, and what was wrong with saying so.

A box takes over what another sold only where the hub had made it the trip's one seller before, since from then on nobody
else is granted seats of that trip. It stays that box's for the rest of the trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.ledger import Book, FreedLine, Holder, Where
from cloud.domains.inventory.books.sole import Owners, owner_at, owners
from cloud.domains.inventory.tables import seat_freed
from cloud.kernel.database import chunks, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import (
    ABSENCE,
    ALIGHTING,
    OWN,
    TAKEN_OVER,
    MarkUndone,
    NoShowMarked,
    PassengerAlighted,
)
from sync.domains.inventory.rules import LAP, MAX_LEGS
from sync.domains.ticketing.events import TicketSold
from sync.kernel.ticket import TicketId

# Ticket id → (trip_no, day, from_idx, to_idx, seat).
Ride = tuple[int, int, int, int, int]
Rides = Mapping[bytes, Ride]
FindRides = Callable[[Connection, Sequence[bytes]], Rides]
TICKET_ID_BYTES: Final = 8
MAX_SERIAL: Final = (1 << 32) - 1
_ROW: Final = (
    "ticket_id", "pos", "trip_no", "day", "node_no", "node_epoch", "seat", "from_idx", "at_idx", "to_idx", "deducted",
)  # fmt: skip
_GONE: Final = sa.delete(seat_freed).where(seat_freed.c.ticket_id.in_(sa.bindparam("ids", expanding=True)))


class Freed:
    """What one batch says of seats that were left; without a mark nothing is read."""

    def __init__(self, tx: Connection, rides: FindRides) -> None:
        self._tx, self._find, self._busy = tx, rides, False
        self._rides: dict[bytes, Ride] = {}
        self._sole: dict[Where, Owners] = {}
        self._changed: dict[bytes, Where] = {}

    def prepare(self, marks: Sequence[PassengerAlighted | NoShowMarked]) -> None:
        """Read what the marks of a batch will need."""
        if not marks:
            return
        self._busy = True
        self._rides |= self._find(self._tx, sorted({event.ticket_id for event in marks}))
        self._sole |= owners(self._tx, sorted({(event.trip_no, event.day) for event in marks}))

    def sold(self, received: Received, event: TicketSold) -> None:
        """Remember a ride of this batch, for marks behind it."""
        if self._busy:
            ride = (event.trip_no, event.day, event.from_idx, event.to_idx, event.seat)
            self._rides.setdefault(_id_of(received, event), ride)

    def left_of(self, book: Book, holder: Holder, event: TicketSold, wanted: Cells) -> Cells | None:
        """What still counts of a sale of which some was left and taken over before it was heard of; None: all of it.

        That is of the ticket itself, and of any that its seller sold in its place: whoever was to board by the same stop
        did not.
        """
        found = None
        for line in book.freed.values():
            if line.own or line.seller != holder or line.seat != event.seat or event.from_idx > line.from_idx:
                continue
            line.deducted = True
            self._changed[line.ticket_id] = (book.trip_no, book.day)
            found = c.minus(wanted if found is None else found, line.cells, book.reserved)
        return found

    def refunded(self, line: FreedLine | None, where: Where) -> None:
        """The ticket of ``line`` was given back: nothing of it is its seller's sale any more."""
        if line is not None and line.deducted:
            line.deducted = False
            self._changed[line.ticket_id] = where

    def change(
        self, received: Received, event: PassengerAlighted | NoShowMarked | MarkUndone, book: Book
    ) -> tuple[FreedLine, bool] | None:
        """The line that a mark adds (True) to the book, or takes out of it (False); None where it moves no seat.

        Raises :class:`Quarantine`: ``ticket_id``, ``freed_shape``, ``freed_twice``, ``freed_differs``, ``freed_not_own``,
        ``freed_not_sole``, ``undo_unknown``, ``undo_sold``.
        """
        if len(event.ticket_id) != TICKET_ID_BYTES:
            raise Quarantine("ticket_id", f"{len(event.ticket_id)} bytes")
        if isinstance(event, MarkUndone):
            return self._undo(received, event, book)
        if event.frees not in (OWN, TAKEN_OVER):
            return None
        self._judge(received, event, book)
        ride = (event.seat, event.from_idx, event.at_idx, event.to_idx)
        line = FreedLine(event.ticket_id, received.pos, received.log, *ride, False)
        line.deducted = c.covers(book.sales.get((line.seller, not event.seat), {}), line.cells, bool(event.seat))
        book.freed[event.ticket_id] = line
        self._changed[event.ticket_id] = (event.trip_no, event.day)
        return line, True

    def flush(self, books: Iterable[Book]) -> None:
        """Write the outcome."""
        if not self._changed:
            return
        lines = {key: line for book in books for key, line in book.freed.items()}
        gone = [key for key in self._changed if key not in lines]
        for some in chunks(gone):
            self._tx.execute(_GONE, {"ids": some})
        rows = [
            (key, line.pos, *where, *line.holder, line.seat, line.from_idx, line.at_idx, line.to_idx, line.deducted)
            for key, where in sorted(self._changed.items())
            if (line := lines.get(key)) is not None
        ]
        upsert_rows(self._tx, seat_freed, _ROW[:1], _ROW, rows)

    def _judge(self, received: Received, event: PassengerAlighted | NoShowMarked, book: Book) -> None:
        anywhere = event.frees == TAKEN_OVER and not event.seat  # of places without numbers nobody knows which was left
        if not event.from_idx <= event.at_idx < event.to_idx <= MAX_LEGS or event.seat == LAP or anywhere:
            raise Quarantine("freed_shape", f"{event.from_idx}, {event.at_idx}, {event.to_idx}, seat {event.seat}")
        if event.ticket_id in book.freed:
            raise Quarantine("freed_twice", TicketId.from_bytes(event.ticket_id).number)
        ride = (event.trip_no, event.day, event.from_idx, event.to_idx, event.seat)
        if self._rides.get(event.ticket_id, ride) != ride:
            raise Quarantine("freed_differs", f"sold for {self._rides[event.ticket_id]}")
        found = TicketId.from_bytes(event.ticket_id)
        if ((found.node_no, found.epoch) == received.log) != (event.frees == OWN):
            raise Quarantine("freed_not_own", found.number)
        owner = owner_at(self._sole.get((event.trip_no, event.day), []), received.pos)
        if event.frees == TAKEN_OVER and (owner != received.node_no or received.amended):
            raise Quarantine("freed_not_sole", found.number)

    def _undo(self, received: Received, event: MarkUndone, book: Book) -> tuple[FreedLine, bool] | None:
        line = book.freed.get(event.ticket_id)
        if event.kind not in (ABSENCE, ALIGHTING) or line is None:
            return None
        if line.holder != received.log:
            raise Quarantine("undo_unknown", TicketId.from_bytes(event.ticket_id).number)
        sold = book.sold(line.holder)
        if line.seat and sold.get(line.seat, 0) & line.cells[line.seat]:
            raise Quarantine("undo_sold", f"seat {line.seat}")
        del book.freed[event.ticket_id]
        self._changed[event.ticket_id] = (event.trip_no, event.day)
        return line, False


def _id_of(received: Received, event: TicketSold) -> bytes:
    return TicketId(*received.log, min(event.serial, MAX_SERIAL)).to_bytes()
