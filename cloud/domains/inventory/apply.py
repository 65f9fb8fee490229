"""Sales, refunds and returns folded into the books. A seat is checked against the grants that its log held at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.desk import Desk
from cloud.domains.inventory.books.freed import Freed, Rides
from cloud.domains.inventory.books.handovers import HANDED, HandoverBooks, pairs_of
from cloud.domains.inventory.books.ledger import Book, GrantLine, Holder, Where
from cloud.domains.inventory.tables import (
    grant_moved,
    grant_returned,
    lap_sold,
    seat_ask,
    seat_clash,
    seat_grant,
    seat_sold,
)
from cloud.kernel import nodes
from cloud.kernel.database import chunks, insert_rows, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import MarkUndone, NoShowMarked, PassengerAlighted
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.inventory.rules import LAP, MAX_LEGS, legs_mask
from sync.domains.ticketing.events import SeatTakenBack, TicketRefunded, TicketSold
from sync.domains.ticketing.rules import REFUND_PAID_OUT
from sync.kernel.events import Event

_FREEING: Final = frozenset({NoShowMarked, PassengerAlighted})
_MARKS: Final = (NoShowMarked, PassengerAlighted, MarkUndone)
_BACK: Final = (TicketRefunded, SeatTakenBack)
_MOVES: Final = (
    TicketSold,
    *_BACK,
    *_MARKS,
)  # as a tuple: a union is made anew, and looked at, for every event
_TRIPS_MOVED: Final = sa.select(grant_moved.c.trip_no, grant_moved.c.day).where(
    grant_moved.c.number.in_(sa.bindparam("grants", expanding=True))
)
_LAP = ("trip_no", "day", "node_no", "node_epoch", "cells")
_SOLD = ("trip_no", "day", "node_no", "node_epoch", "free", "cells")
_CLASH = ("pos", "node_no", "trip_no", "day", "seat", "from_idx", "to_idx", "at_risk")
_TRIPS_OF: Final = sa.select(seat_grant.c.trip_no, seat_grant.c.day).where(
    seat_grant.c.grant_id.in_(sa.bindparam("grants", expanding=True))
)
_ASK = ("pos", "node_no", "trip_no", "day", "from_idx", "to_idx", "count")


class InventoryApplier:
    """One batch."""

    HANDLES: frozenset[type[Event]] = frozenset(
        {TicketSold, *_BACK, SeatsAsked, GrantReturned, TripHandedOver, TripTakenOver, *_MARKS}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._desks: dict[Where, Desk] = {}
        self._grants: dict[int, tuple[Where, GrantLine]] = {}
        self._sold: set[tuple[Where, Holder, bool]] = set()
        self._laps: set[tuple[Where, Holder]] = set()
        self._own_no: int | None = None
        self._returned: set[int] = set()
        self._clashes: list[tuple[object, ...]] = []
        self._asks: list[tuple[object, ...]] = []
        self._freed = Freed(tx, self.rides)
        self._handovers = HandoverBooks(tx)

    @staticmethod
    def rides(_tx: Connection, _ticket_ids: Sequence[bytes]) -> Rides:
        """What the hub knows of tickets, which the list of domains gives; without it a mark's ride is believed."""
        return {}

    def prepare(self, batch: Sequence[Received]) -> None:
        wanted: set[Where] = set()
        returned: set[int] = set()
        marks: list[PassengerAlighted | NoShowMarked] = []
        for received in batch:
            event = received.event
            if type(event) is TicketSold:  # which most are, and an event has no subclasses
                wanted.add((event.trip_no, event.day))
            elif isinstance(event, _MOVES):
                wanted.add((event.trip_no, event.day))
                if type(event) in _FREEING:
                    marks.append(event)  # type: ignore[arg-type]
            elif isinstance(event, GrantReturned):
                returned.add(event.grant_id)
            elif isinstance(event, HANDED):
                wanted |= self._handovers.expect(event.signed)
        self._freed.prepare(marks)
        for some in chunks(returned):
            for query in (_TRIPS_OF, _TRIPS_MOVED):
                wanted |= {(row.trip_no, row.day) for row in self._tx.execute(query, {"grants": some})}
        for where, book in ledger.load(self._tx, sorted(wanted)).items():
            self._desks[where] = Desk(book)
            self._grants |= {line.grant_id: (where, line) for line in book.grants}

    def apply(self, received: Received) -> None:
        event = received.event
        if isinstance(event, TicketSold):
            self._sell(received, event)
        elif isinstance(event, _BACK):
            self._refund(received, event)
        elif isinstance(event, GrantReturned):
            self._return(received, event)
        elif isinstance(event, _MARKS):
            self._mark(received, event)
        elif isinstance(event, HANDED):
            self._hand_over(received, event)
        elif isinstance(event, SeatsAsked):
            ride = (event.trip_no, event.day, event.from_idx, event.to_idx, event.count)
            self._asks.append((received.pos, received.node_no, *ride))

    def flush(self) -> None:
        sold = [
            (*where, *holder, free, c.encode(self._desks[where].book.sales[holder, free]))
            for where, holder, free in sorted(self._sold)
        ]
        upsert_rows(self._tx, seat_sold, _SOLD[:5], _SOLD, sold)
        laps = [
            (*where, *holder, c.encode(self._desks[where].book.laps[holder])) for where, holder in sorted(self._laps)
        ]
        upsert_rows(self._tx, lap_sold, _LAP[:4], _LAP, laps)
        self._freed.flush(desk.book for desk in self._desks.values())
        returned = [(grant_id, c.encode(self._grants[grant_id][1].returned)) for grant_id in sorted(self._returned)]
        upsert_rows(self._tx, grant_returned, ("grant_id",), ("grant_id", "cells"), returned)
        insert_rows(self._tx, seat_clash, _CLASH, self._clashes)
        insert_rows(self._tx, seat_ask, _ASK, self._asks)
        self._handovers.flush()

    def books(self) -> dict[Where, Book]:
        """The books that this batch touched, as they stand now."""
        return {where: desk.book for where, desk in self._desks.items()}

    def _sell(self, received: Received, event: TicketSold) -> None:
        if not event.from_idx < event.to_idx <= MAX_LEGS:
            raise Quarantine("ride_order", f"from {event.from_idx} to {event.to_idx}")
        where, holder = (event.trip_no, event.day), received.log
        desk = self._desks[where]
        if desk.more_grants:
            desk.see_grants(received.pos)
        if event.seat == LAP:
            self._sell_lap(received.pos, desk, holder, event)
            return
        self._sold.add((where, holder, event.seat == 0))
        self._freed.sold(received, event)
        if desk.book.freed and self._sell_left(desk, received, event):
            return
        if event.seat:
            if desk.sell_open(holder, event.seat, legs_mask(event.from_idx, event.to_idx)):
                return
        elif desk.place_open(holder, range(event.from_idx, event.to_idx)):
            return
        wanted = c.ride(event.seat, event.from_idx, event.to_idx)
        self._sell_closely(desk, received, event, wanted, wanted)

    def _sell_left(self, desk: Desk, received: Received, event: TicketSold) -> bool:
        """The sale of a ride of which a box has said meanwhile that its passenger left it: only the rest still counts."""
        wanted = c.ride(event.seat, event.from_idx, event.to_idx)
        left = self._freed.left_of(desk.book, received.log, event, wanted)
        if left is None:
            return False
        self._sell_closely(desk, received, event, wanted, left)
        return True

    def _sell_closely(self, desk: Desk, received: Received, event: TicketSold, wanted: Cells, counted: Cells) -> None:
        """A sale that had to be looked at: ``wanted`` are its cells, ``counted`` those that nobody took over."""
        where, holder = (event.trip_no, event.day), received.log
        inside = desk.may_sell(holder, event.seat, wanted)
        early = desk.not_yet_given(holder)
        clash = desk.clashes(received.pos, event.seat, c.minus(counted, early, bool(event.seat)) if early else counted)
        desk.sell(holder, event.seat, counted)
        wanted = counted
        if clash:
            at_risk = desk.at_risk(received.pos, event.seat, wanted)
            ride = (event.seat, event.from_idx, event.to_idx)
            self._clashes.append((received.pos, received.node_no, *where, *ride, at_risk))
            raise Quarantine("at_risk_clash" if at_risk else "seat_sold_twice", f"seat {event.seat}")
        if not inside:
            raise Quarantine("outside_grant", f"seat {event.seat}")

    def _sell_lap(self, pos: int, desk: Desk, holder: Holder, event: TicketSold) -> None:
        """A child on a lap takes no cell; how many there may be goes by the seats that the log holds."""
        self._laps.add(((event.trip_no, event.day), holder))
        if self._own_no is None:
            own = nodes.own(self._tx)
            self._own_no = own.node_no if own else 0
        if desk.sell_lap(pos, holder, range(event.from_idx, event.to_idx), holder[0] == self._own_no):
            raise Quarantine("free_children_over", f"from {event.from_idx} to {event.to_idx}")

    def _refund(self, received: Received, event: TicketRefunded | SeatTakenBack) -> None:
        """A good refund, or one by a seller who could not know that the ticket was paid out elsewhere: its cells are the same
        log's to sell or to return again."""
        good = received.held is None or received.held.code == REFUND_PAID_OUT
        if not good or not event.from_idx < event.to_idx <= MAX_LEGS:
            return
        where, holder = (event.trip_no, event.day), received.log
        if event.seat == LAP:
            legs = dict.fromkeys(range(event.from_idx, event.to_idx), 1)
            laps = self._desks[where].book.laps
            laps[holder] = c.minus(laps.get(holder, {}), legs, False)
            self._laps.add((where, holder))
            return
        line = self._desks[where].book.freed.get(event.ticket_id)
        until = event.to_idx if line is None else line.at_idx
        self._freed.refunded(line, where)
        self._desks[where].refund(holder, event.seat, c.ride(event.seat, event.from_idx, until))
        self._sold.add((where, holder, event.seat == 0))

    def _mark(self, received: Received, event: PassengerAlighted | NoShowMarked | MarkUndone) -> None:
        """A seat that was left goes over to the box that runs the trip, or back."""
        desk = self._desks[event.trip_no, event.day]
        change = self._freed.change(received, event, desk.book)
        if change is None:
            return
        line, frees = change
        desk.see_grants(received.pos)
        if line.deducted:
            (desk.refund if frees else desk.sell)(line.seller, line.seat, line.cells)
            self._sold.add(((event.trip_no, event.day), line.seller, line.seat == 0))
        if not line.own:
            desk.take_over(line.holder, line.cells, frees)

    def _return(self, received: Received, event: GrantReturned) -> None:
        where, line = self._grants.get(event.grant_id, (None, None))
        if where is None or line is None or line.made >= received.pos:
            raise Quarantine("return_unknown_grant", str(event.grant_id))
        if received.amended:
            # Another end of the same log may have sold these seats: they stay held.
            raise Quarantine("return_amended", str(event.grant_id))
        holder, desk = received.log, self._desks[where]
        if line.holder != holder or where != (event.trip_no, event.day):
            raise Quarantine("return_not_held", str(event.grant_id))
        desk.see_grants(received.pos)
        back = _cells_of(event, desk.book.reserved)
        if back is None or not c.covers(
            c.minus(line.cells, line.returned, desk.book.reserved), back, desk.book.reserved
        ):
            raise Quarantine("return_not_held", str(event.grant_id))
        if not c.covers(desk.unsold(holder), back, desk.book.reserved):
            raise Quarantine("return_sold", str(event.grant_id))
        c.add(line.returned, back, desk.book.reserved)
        desk.give_back(holder, back, received.pos)
        self._returned.add(line.grant_id)

    def _hand_over(self, received: Received, event: TripHandedOver | TripTakenOver) -> None:
        """Cells go from the giver to the taker whom it signed them to, when either of them is heard first."""
        given = self._handovers.believed(received, event)
        where = (given.trip_no, given.day)
        self._desks[where].see_grants(received.pos)
        if self._handovers.known(given.number, event.signed):
            self._handovers.heard(event, given, self._desks[where])
            return
        moved = self._handovers.move(received, given, event.signed, self._desks[where], self._grants)
        self._returned |= {grant_id for grant_id, _, _ in given.grants}
        self._grants[given.number] = where, moved


def _cells_of(event: GrantReturned, reserved: bool) -> Cells | None:
    """The cells of a return; None when they are of the other kind, negative or empty."""
    return pairs_of(event.seats, event.counts, reserved)
