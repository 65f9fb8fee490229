"""Sales, refunds and returns folded into the books. A seat is checked against the grants that its log held at that moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.cells import Cells
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
from cloud.kernel.database import chunks, insert_rows, upsert_rows
from cloud.kernel.fold import Quarantine, Received
from sync.domains.boarding.events import MarkUndone, NoShowMarked, PassengerAlighted
from sync.domains.duties.events import TripHandedOver, TripTakenOver
from sync.domains.inventory.events import GrantReturned, SeatsAsked
from sync.domains.inventory.rules import LAP, MAX_LEGS, free_children, legs_mask
from sync.domains.ticketing.events import TicketRefunded, TicketSold
from sync.kernel.events import Event

_FREEING: Final = frozenset({NoShowMarked, PassengerAlighted})
_MARKS: Final = (NoShowMarked, PassengerAlighted, MarkUndone)
_MOVES: Final = (
    TicketSold,
    TicketRefunded,
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
        {TicketSold, TicketRefunded, SeatsAsked, GrantReturned, TripHandedOver, TripTakenOver, *_MARKS}
    )

    def __init__(self, tx: Connection) -> None:
        self._tx = tx
        self._desks: dict[Where, _Desk] = {}
        self._grants: dict[int, tuple[Where, GrantLine]] = {}
        self._sold: set[tuple[Where, Holder, bool]] = set()
        self._laps: set[tuple[Where, Holder]] = set()
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
            if isinstance(event, _MOVES):
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
            self._desks[where] = _Desk(book)
            self._grants |= {line.grant_id: (where, line) for line in book.grants}

    def apply(self, received: Received) -> None:
        event = received.event
        if isinstance(event, TicketSold):
            self._sell(received, event)
        elif isinstance(event, TicketRefunded):
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

    def _sell_left(self, desk: _Desk, received: Received, event: TicketSold) -> bool:
        """The sale of a ride of which a box has said meanwhile that its passenger left it: only the rest still counts."""
        wanted = c.ride(event.seat, event.from_idx, event.to_idx)
        left = self._freed.left_of(desk.book, received.log, event, wanted)
        if left is None:
            return False
        self._sell_closely(desk, received, event, wanted, left)
        return True

    def _sell_closely(self, desk: _Desk, received: Received, event: TicketSold, wanted: Cells, counted: Cells) -> None:
        """A sale that had to be looked at: ``wanted`` are its cells, ``counted`` those that nobody took over."""
        where, holder = (event.trip_no, event.day), received.log
        inside = desk.may_sell(holder, event.seat, wanted)
        clash = desk.clashes(received.pos, event.seat, counted)
        desk.sell(holder, event.seat, counted)
        wanted = counted
        if clash:
            at_risk = desk.at_risk(received.pos, event.seat, wanted)
            ride = (event.seat, event.from_idx, event.to_idx)
            self._clashes.append((received.pos, received.node_no, *where, *ride, at_risk))
            raise Quarantine("at_risk_clash" if at_risk else "seat_sold_twice", f"seat {event.seat}")
        if not inside:
            raise Quarantine("outside_grant", f"seat {event.seat}")

    def _sell_lap(self, pos: int, desk: _Desk, holder: Holder, event: TicketSold) -> None:
        """A child on a lap takes no cell; how many there may be goes by the seats that the log holds."""
        self._laps.add(((event.trip_no, event.day), holder))
        if desk.sell_lap(pos, holder, range(event.from_idx, event.to_idx)):
            raise Quarantine("free_children_over", f"from {event.from_idx} to {event.to_idx}")

    def _refund(self, received: Received, event: TicketRefunded) -> None:
        """A good refund: its cells are the same log's to sell or to return again."""
        if received.held is not None or not event.from_idx < event.to_idx <= MAX_LEGS:
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
        if self._handovers.known(given.number, event.signed):
            return
        where = (given.trip_no, given.day)
        self._desks[where].see_grants(received.pos)
        moved = self._handovers.move(received, given, event.signed, self._desks[where], self._grants)
        self._returned |= {grant_id for grant_id, _, _ in given.grants}
        self._grants[given.number] = where, moved


class _Desk:
    """A book while a batch is folded into it: grants come into sight in order of position."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self._seen = 0
        self.more_grants = bool(book.grants)
        self._held: dict[Holder, Cells] = {}
        self._all = {False: _total(book, False), True: _total(book, True)}
        self._least = book.least()
        for line in book.freed.values():
            if not line.own and book.reserved == bool(line.seat):
                c.add(self._held.setdefault(line.holder, {}), line.cells, book.reserved)

    def see_grants(self, pos: int) -> None:
        """Take account of the grants made before ``pos``."""
        grants = self.book.grants
        while self._seen < len(grants) and grants[self._seen].made < pos:
            line = grants[self._seen]
            left = c.minus(line.cells, line.returned, self.book.reserved)
            c.add(self._held.setdefault(line.holder, {}), left, self.book.reserved)
            self._seen += 1
        self.more_grants = self._seen < len(grants)

    def take_in(self, line: GrantLine) -> None:
        """Cells that came from another box: in sight for all that comes behind the position at which they came."""
        self.book.grants.insert(self._seen, line)
        self.more_grants = True

    def sell_open(self, holder: Holder, seat: int, mask: int) -> bool:
        """Count the sale of a seat that the log held and nobody had sold, which most are; False: look at it closely."""
        held, sold = self._held.get(holder), self._all[False].get(seat, 0)
        if held is None or not self.book.reserved or held.get(seat, 0) & ~sold & mask != mask:
            return False
        mine = self.book.sales.setdefault((holder, False), {})
        mine[seat] = mine.get(seat, 0) | mask
        self._all[False][seat] = sold | mask
        return True

    def place_open(self, holder: Holder, legs: range) -> bool:
        """As :meth:`sell_open`, for a place without a number."""
        held, book, sold = self._held.get(holder), self.book, self._all[True]
        if held is None or book.reserved:
            return False
        mine = book.sales.setdefault((holder, True), {})
        for leg in legs:
            if held.get(leg, 0) <= mine.get(leg, 0) or sold.get(leg, 0) >= self._least:
                return False
        for leg in legs:
            mine[leg] = mine.get(leg, 0) + 1
            sold[leg] = sold.get(leg, 0) + 1
        return True

    def may_sell(self, holder: Holder, seat: int, wanted: Cells) -> bool:
        """Whether the log held all of ``wanted`` and had not sold it."""
        held, sold = self._held.get(holder), self.book.sold(holder)
        if held is None or self.book.reserved != bool(seat):
            return False
        if seat:
            return held.get(seat, 0) & ~sold.get(seat, 0) & wanted[seat] == wanted[seat]
        return all(held.get(leg, 0) > sold.get(leg, 0) for leg in wanted)

    def unsold(self, holder: Holder) -> Cells:
        """What the log holds and has not sold."""
        return c.minus(self._held.get(holder, {}), self.book.sold(holder), self.book.reserved)

    def clashes(self, pos: int, seat: int, wanted: Cells) -> bool:
        """Whether somebody sold these seats before, or more places than there are."""
        sold = self._all[seat == 0]
        if seat:
            return bool(sold.get(seat, 0) & wanted.get(seat, 0))
        book = self.book
        bounded = not book.reserved and 0 < book.opened < pos
        return bounded and any(sold.get(leg, 0) + 1 > book.most_until(pos) for leg in wanted)

    def at_risk(self, pos: int, seat: int, wanted: Cells) -> bool:
        """Whether any of ``wanted`` was released at risk before ``pos``."""
        released = [some for line in self.book.grants for made, some in line.releases if made < pos]
        if not seat:
            return any(some.get(leg, 0) for some in released for leg in wanted)
        return any(some.get(key, 0) & value for some in released for key, value in wanted.items())

    def sell(self, holder: Holder, seat: int, wanted: Cells) -> None:
        """Count a sale, right or wrong: somebody holds the ticket."""
        mine, everybodys = self.book.sales.setdefault((holder, seat == 0), {}), self._all[seat == 0]
        if seat:
            mine[seat] = mine.get(seat, 0) | wanted.get(seat, 0)
            everybodys[seat] = everybodys.get(seat, 0) | wanted.get(seat, 0)
        else:
            c.add(mine, wanted, False)
            c.add(everybodys, wanted, False)

    def sell_lap(self, pos: int, holder: Holder, legs: range) -> bool:
        """Count a child on a lap; whether these are now more than the log's seats allow, or those of the vehicle."""
        book, held = self.book, self._held.get(holder, {})
        c.add(book.laps.setdefault(holder, {}), dict.fromkeys(legs, 1), False)
        for leg in legs:
            everybodys = sum(laps.get(leg, 0) for laps in book.laps.values())
            if book.laps[holder][leg] > free_children(c.places_on(held, leg, book.reserved)):
                return True
            if book.opened and everybodys > free_children(book.most_until(pos)):
                return True
        return False

    def refund(self, holder: Holder, seat: int, back: Cells) -> None:
        """Take a sale out again. Where another log sold the same seat, that stays sold."""
        mine = self.book.sales.get((holder, seat == 0), {})
        self.book.sales[holder, seat == 0] = c.minus(mine, back, seat != 0)
        self._all[seat == 0] = _total(self.book, seat == 0)

    def give_back(self, holder: Holder, back: Cells, pos: int) -> None:
        """Count a return; another grant may still cover the same seat."""
        held, reserved = self._held[holder], self.book.reserved
        if not reserved:
            self._held[holder] = c.minus(held, back, False)
            return
        for seat in back:
            lines = [line for line in self.book.grants if line.holder == holder and line.made < pos]
            held[seat] = 0
            for line in lines:
                held[seat] |= line.cells.get(seat, 0) & ~line.returned.get(seat, 0)
            held[seat] |= self.book.taken_over(holder).get(seat, 0)

    def take_over(self, holder: Holder, cells: Cells, frees: bool) -> None:
        """Cells that were left are another log's now; ``frees`` False: they are not, after all."""
        reserved = self.book.reserved
        if frees:
            c.add(self._held.setdefault(holder, {}), cells, reserved)
        else:
            self._held[holder] = c.minus(self._held.get(holder, {}), cells, reserved)


def _total(book: Book, free: bool) -> Cells:
    found: Cells = {}
    for (_, kind), some in book.sales.items():
        if kind == free:
            c.add(found, some, not free)
    return found


def _cells_of(event: GrantReturned, reserved: bool) -> Cells | None:
    """The cells of a return; None when they are of the other kind, negative or empty."""
    return pairs_of(event.seats, event.counts, reserved)
