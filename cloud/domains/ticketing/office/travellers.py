"""Named travellers folded into the books: one name a ticket, one ticket a document on a trip.

A ticket whose name breaks a rule stays sold: somebody paid. What is put aside is the name, for a person to look at.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.ticketing.apply import MAX_SERIAL, OK, QUARANTINED
from cloud.domains.ticketing.tables import refund, taken_back, ticket, traveller
from cloud.kernel.database import chunks, insert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.ticketing.events import TravellerNamed
from sync.domains.ticketing.office.sealing import wrong_form
from sync.kernel.events import Event
from sync.kernel.ticket import TicketId

_COLUMNS = ("pos", "ticket_id", "trip_no", "day", "document_type", "period", "check_value", "state")
_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_TICKETS = (
    sa.select(ticket.c.ticket_id, ticket.c.pos, ticket.c.trip_no, ticket.c.day)
    .where(ticket.c.ticket_id.in_(_IDS))
    .order_by(ticket.c.pos.desc())
)
_NAMED = sa.select(traveller.c.ticket_id).where(traveller.c.ticket_id.in_(_IDS), traveller.c.state == OK)
_ALIKE = sa.select(traveller.c.ticket_id, traveller.c.trip_no, traveller.c.day, traveller.c.check_value).where(
    traveller.c.check_value.in_(sa.bindparam("checks", expanding=True)), traveller.c.state == OK
)
_FREED = (
    sa.select(refund.c.ticket_id, sa.func.min(refund.c.pos))
    .where(refund.c.ticket_id.in_(_IDS), refund.c.state == OK)
    .group_by(refund.c.ticket_id)
)

_TAKEN = sa.select(taken_back.c.ticket_id, taken_back.c.pos).where(taken_back.c.ticket_id.in_(_IDS))

Who = tuple[int, int, bytes]


class TravellerApplier:
    """One batch. Sales and refunds of it are in their tables already; where they stand in the log decides."""

    HANDLES: frozenset[type[Event]] = frozenset({TravellerNamed})

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        # ticket id → (pos, trip_no, day) of its sale; ticket id → where it was given back, or its seat taken back
        self._sales: dict[bytes, tuple[int, int, int]] = {}
        self._freed: dict[bytes, int] = {}
        self._named: set[bytes] = set()
        self._alike: dict[Who, list[bytes]] = {}
        self._rows: list[tuple[object, ...]] = []

    def prepare(self, batch: Sequence[Received]) -> None:
        events = [(one, event) for one in batch if (event := _event_of(one)) is not None]
        ids = {_id_of(one, event) for one, event in events}
        for some in chunks(sorted({event.check for _, event in events})):
            for ticket_id, trip_no, day, check in self._tx.execute(_ALIKE, {"checks": some}):
                self._alike.setdefault((trip_no, day, bytes(check)), []).append(bytes(ticket_id))
        for some in chunks(sorted(ids)):
            for ticket_id, *sale in self._tx.execute(_TICKETS, {"ids": some}):
                self._sales[bytes(ticket_id)] = (sale[0], sale[1], sale[2])
            self._named |= {bytes(found) for found in self._tx.execute(_NAMED, {"ids": some}).scalars()}
        for some in chunks(sorted(ids.union(*self._alike.values()))):
            for query in (_FREED, _TAKEN):
                for ticket_id, pos in self._tx.execute(query, {"ids": some}):
                    self._freed[bytes(ticket_id)] = min(pos, self._freed.get(bytes(ticket_id), pos))

    def apply(self, received: Received) -> None:
        event = _event_of(received)
        if event is None:
            return
        ticket_id = _id_of(received, event)
        wrong = self._wrong(received.pos, ticket_id, event)
        self._rows.append(
            (
                received.pos, ticket_id, event.trip_no, event.day, event.document_type, event.period, event.check,
                QUARANTINED if wrong else OK,
            )
        )  # fmt: skip
        if wrong is not None:
            raise wrong
        self._named.add(ticket_id)
        self._alike.setdefault((event.trip_no, event.day, event.check), []).append(ticket_id)

    def flush(self) -> None:
        insert_rows(self._tx, traveller, _COLUMNS, self._rows)

    def _wrong(self, pos: int, ticket_id: bytes, event: TravellerNamed) -> Quarantine | None:
        what = wrong_form(event)
        if what is not None:
            return Quarantine("traveller_form", what)
        sale = self._sales.get(ticket_id)
        if sale is None or sale[0] > pos:
            return Quarantine("traveller_unknown_ticket", str(event.serial))
        if ticket_id in self._named:
            return Quarantine("traveller_twice", str(event.serial))
        if (event.trip_no, event.day) != sale[1:]:
            return Quarantine("traveller_differs", f"sold for {sale[1:]}")
        for other in self._alike.get((event.trip_no, event.day, event.check), ()):
            if not self._freed.get(other, pos) < pos:
                return Quarantine("document_twice", TicketId.from_bytes(other).number)
        return None


def _event_of(received: Received) -> TravellerNamed | None:
    event = received.envelope.event if received.envelope else None
    return event if isinstance(event, TravellerNamed) else None


def _id_of(received: Received, event: TravellerNamed) -> bytes:
    return TicketId(*received.log, min(event.serial, MAX_SERIAL)).to_bytes()
