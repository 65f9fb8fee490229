"""The books of dated trips: what was granted to whom, returned, released at risk and sold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books.cells import Cells
from cloud.kernel.database import chunks, select_pairs
from sync.domains.inventory.rules import RESERVED
from sync.kernel import cbor
from sync.kernel.ticket import TicketId

Where = tuple[int, int]
Holder = tuple[int, int]


@dataclass(slots=True)
class GrantLine:
    """One grant. ``holder``: (node_no, epoch of its log). ``releases``: (release_id, cells). ``moved``: the position at which
    it came from another box with a trip, 0 for a grant of the hub's own. ``fewer_laps``: leg → children, off the
    tenth of its holder."""

    grant_id: int
    holder: Holder
    sell_until_ms: int
    cells: Cells
    returned: Cells = field(default_factory=dict)
    releases: list[tuple[int, Cells]] = field(default_factory=list)
    moved: int = 0
    fewer_laps: Cells = field(default_factory=dict)

    @property
    def made(self) -> int:
        """The position since when its holder has it."""
        return self.moved or self.grant_id

    def released(self, reserved: bool) -> Cells:
        """All that was released at risk."""
        found: Cells = {}
        for _, some in self.releases:
            c.add(found, some, reserved)
        return found


@dataclass(slots=True)
class FreedLine:
    """What a passenger left: ``seat`` (0: a place) from stop ``at_idx`` to ``to_idx`` of a ticket that boarded at
    ``from_idx``. ``holder``: the log that may sell it on; ``deducted``: it is out of what the ticket's seller sold."""

    ticket_id: bytes
    pos: int
    holder: Holder
    seat: int
    from_idx: int
    at_idx: int
    to_idx: int
    deducted: bool

    @property
    def seller(self) -> Holder:
        """The log that sold the ticket."""
        found = TicketId.from_bytes(self.ticket_id)
        return found.node_no, found.epoch

    @property
    def own(self) -> bool:
        """Whether the same log sold the ticket and may sell what its passenger left."""
        return self.seller == self.holder

    @property
    def cells(self) -> Cells:
        """The cells that were left."""
        return c.ride(self.seat, self.at_idx, self.to_idx)


@dataclass(slots=True)
class Book:
    """One dated trip. ``opened``: the position since when the hub sells it, 0 for not yet. ``calls_ms``: departure from
    each stop, and arrival at the last. ``laps``: leg → children on laps that a log sold;
    ``promised``: those of the hub's own node ``own_no``, sold or still held. ``vehicles``: how often the
    vehicle was changed, and ``changes``: (position, capacity before, capacity since) of each; ``moved``: cells in which the
    hub has seated passengers whose own seats, ``left_behind``, are gone. ``unheard``: handovers that their takers have told of
    and their givers not yet: who gave which cells. ``late_ms``: so much later
    than planned it comes, where somebody has looked that up."""

    trip_no: int
    day: int
    opened: int = 0
    reserved: bool = True
    capacity: int = 0
    legs: int = 0
    calls_ms: tuple[int, ...] = ()
    grant_epoch: int = 0
    grants: list[GrantLine] = field(default_factory=list)
    sales: dict[tuple[Holder, bool], Cells] = field(default_factory=dict)
    laps: dict[Holder, Cells] = field(default_factory=dict)
    promised: Cells = field(default_factory=dict)
    own_no: int = 0
    vehicles: int = 0
    changes: list[tuple[int, int, int]] = field(default_factory=list)
    moved: Cells = field(default_factory=dict)
    left_behind: Cells = field(default_factory=dict)
    late_ms: int = 0
    freed: dict[bytes, FreedLine] = field(default_factory=dict)
    unheard: dict[int, tuple[Holder, Cells]] = field(default_factory=dict)

    @property
    def departs_ms(self) -> int:
        """Departure from the first stop."""
        return self.calls_ms[0] if self.calls_ms else 0

    @property
    def ends_ms(self) -> int:
        """Arrival at the last stop."""
        return self.calls_ms[-1] if self.calls_ms else 0

    def most_until(self, pos: int) -> int:
        """The largest capacity that the trip had before a position: no sale up to that was anybody's mistake."""
        if not self.changes:
            return self.capacity
        return max([self.changes[0][1], *(since for number, _, since in self.changes if number < pos)])

    def least(self) -> int:
        """The smallest capacity that the trip ever had."""
        if not self.changes:
            return self.capacity
        return min([self.capacity, *(min(before, since) for _, before, since in self.changes)])

    def sold(self, holder: Holder) -> Cells:
        """What one log sold."""
        return self.sales.get((holder, not self.reserved), {})

    def sold_by_all(self) -> Cells:
        """What was sold by anybody."""
        found: Cells = {}
        for (_, free), some in self.sales.items():
            if free != self.reserved:
                c.add(found, some, self.reserved)
        return found

    def held(self, holder: Holder, with_released: bool = True) -> Cells:
        """What one log may have sold or sell: granted and not returned; without what was given away at risk if asked."""
        found: Cells = {}
        for grant in self.grants:
            if grant.holder == holder:
                left = c.minus(grant.cells, grant.returned, self.reserved)
                if not with_released:
                    left = c.minus(left, grant.released(self.reserved), self.reserved)
                c.add(found, left, self.reserved)
        c.add(found, self.taken_over(holder), self.reserved)
        return found

    def taken_over(self, holder: Holder) -> Cells:
        """What passengers of other sellers left for a log to sell on. It stays that log's for the rest of the trip, whoever
        returns the same cells later: see the decision on seats that are left on the way."""
        found: Cells = {}
        for line in self.freed.values():
            if line.holder == holder and not line.own and self.reserved == bool(line.seat):
                c.add(found, line.cells, self.reserved)
        return found

    def holders(self) -> list[Holder]:
        """Everybody who was granted or sold anything, in order."""
        sellers = {holder for holder, free in self.sales if free != self.reserved}
        return sorted({grant.holder for grant in self.grants} | sellers | {one.holder for one in self.freed.values()})

    def open(self, holder: Holder) -> Cells:
        """What a log can still sell for sure: held, not sold by it, not given away at risk."""
        return c.minus(self.held(holder, with_released=False), self.sold(holder), self.reserved)

    def open_on(self, holder: Holder, leg: int, enough: int | None = None) -> int:
        """Seats or places of one leg that a log can still sell: the size of :meth:`open` there, in one pass; which ends
        where ``enough`` were found."""
        sold = self.sold(holder)
        if not self.reserved:
            return c.places_on(self.open(holder), leg, False)
        seats: set[int] = set()
        for seat, mask in self.taken_over(holder).items():
            if (mask & ~sold.get(seat, 0)) >> leg & 1:
                seats.add(seat)
        for grant in self.grants:
            if grant.holder != holder:
                continue
            gone, released = grant.returned, grant.released(True) if grant.releases else {}
            for seat, mask in grant.cells.items():
                if (mask & ~gone.get(seat, 0) & ~released.get(seat, 0) & ~sold.get(seat, 0)) >> leg & 1:
                    seats.add(seat)
                    if enough is not None and len(seats) >= enough:
                        return len(seats)
        return len(seats)

    def taken(self) -> Cells:
        """All that is not free: held by somebody, or sold whoever had the right to."""
        found: Cells = {}
        c.add(found, self.moved, self.reserved)
        for holder in self.holders():
            held, sold = self.held(holder, with_released=False), self.sold(holder)
            if self.reserved:
                c.add(found, held, True)
                c.add(found, sold, True)
            else:
                c.add(found, {leg: max(held.get(leg, 0), sold.get(leg, 0)) for leg in held | sold}, False)
        return found

    def free(self) -> Cells:
        """What the hub may grant."""
        return c.minus(c.whole(self.reserved, self.capacity, self.legs), self.taken(), self.reserved)

    def open_places(self, leg: int) -> int:
        """Seats or places of one leg that nodes hold and have not sold."""
        return sum(self.open_on(holder, leg) for holder in self.holders())


_TRIPS: Final = (
    "SELECT trip_no, day, pos, kind, capacity, legs, calls_ms, grant_epoch, vehicles FROM dated_trip "
    "WHERE (trip_no, day) IN {pairs}"
)
_GRANTS: Final = (
    "SELECT g.grant_id, g.trip_no, g.day, g.node_no, g.node_epoch, g.sell_until_ms, g.cells, r.cells, g.fewer_laps "
    "FROM seat_grant g LEFT JOIN grant_returned r ON r.grant_id = g.grant_id "
    "WHERE (g.trip_no, g.day) IN {pairs} ORDER BY g.grant_id"
)
_HANDED: Final = (
    "SELECT m.number, m.pos, m.trip_no, m.day, m.node_no, m.node_epoch, m.sell_until_ms, m.cells, r.cells, "
    "m.from_node_no, m.from_epoch, m.given "
    "FROM grant_moved m LEFT JOIN grant_returned r ON r.grant_id = m.number "
    "WHERE (m.trip_no, m.day) IN {pairs} ORDER BY m.pos"
)
_RELEASES: Final = (
    "SELECT release_id, grant_id, cells FROM risk_release WHERE (trip_no, day) IN {pairs} ORDER BY release_id"
)
_CHANGES: Final = (
    "SELECT trip_no, day, number, before, capacity FROM vehicle_change WHERE (trip_no, day) IN {pairs} ORDER BY number"
)
_MOVED: Final = (
    "SELECT trip_no, day, was, seat, from_idx, to_idx FROM reseat "
    "WHERE seat > 0 AND seat <> was AND (trip_no, day) IN {pairs}"
)
_FREED: Final = (
    "SELECT ticket_id, pos, trip_no, day, node_no, node_epoch, seat, from_idx, at_idx, to_idx, deducted FROM seat_freed "
    "WHERE (trip_no, day) IN {pairs} ORDER BY pos"
)
# A promise stands under a log that nobody has.
_LAPS: Final = (
    "SELECT trip_no, day, node_no, node_epoch, cells FROM lap_sold WHERE (trip_no, day) IN {pairs} UNION ALL "
    "SELECT trip_no, day, node_no, -1, cells FROM lap_promised WHERE (trip_no, day) IN {pairs}"
)
_SALES: Final = "SELECT trip_no, day, node_no, node_epoch, free, cells FROM seat_sold WHERE (trip_no, day) IN {pairs}"


def load(tx: Connection, places: Iterable[Where]) -> dict[Where, Book]:
    """The books of some dated trips, in a handful of statements. Trips that are not opened come with empty books."""
    books = {where: Book(*where) for where in dict.fromkeys(places)}
    for some in chunks(books, 200):
        _load_trips(tx, books, some)
        changed = [where for where in some if books[where].vehicles]
        if changed:
            _load_vehicles(tx, books, changed)
        _load_grants(tx, books, some)
        _load_sales(tx, books, some)
    return books


def _load_trips(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    for trip_no, day, pos, kind, capacity, legs, calls_ms, epoch, vehicles in select_pairs(tx, _TRIPS, some):
        book = books[trip_no, day]
        book.vehicles = vehicles
        book.opened, book.reserved, book.capacity, book.legs = pos, kind == RESERVED, capacity, legs
        book.calls_ms, book.grant_epoch = _calls(calls_ms), epoch


@lru_cache(1_024)
def _calls(data: bytes) -> tuple[int, ...]:
    """A trip's calls stay as they were written when it was opened."""
    return tuple(cbor.decode(data))


def _load_vehicles(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    for trip_no, day, number, before, since in select_pairs(tx, _CHANGES, some):
        books[trip_no, day].changes.append((number, before, since))
    for trip_no, day, was, seat, from_idx, to_idx in select_pairs(tx, _MOVED, some):
        c.add(books[trip_no, day].moved, c.ride(seat, from_idx, to_idx), True)
        c.add(books[trip_no, day].left_behind, c.ride(was, from_idx, to_idx), True)


def _load_grants(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    lines: dict[int, GrantLine] = {}
    rows = select_pairs(tx, _GRANTS, some)
    for grant_id, trip_no, day, node_no, epoch, until_ms, cells, returned, fewer in rows:
        back = c.decode(returned) if returned is not None else {}
        lines[grant_id] = line = GrantLine(grant_id, (node_no, epoch), until_ms, c.decode(cells), back)
        line.fewer_laps = c.decode(fewer) if fewer is not None else {}
        books[trip_no, day].grants.append(lines[grant_id])
    for number, pos, trip_no, day, node_no, epoch, until_ms, cells, returned, *giver in select_pairs(tx, _HANDED, some):
        back, book = c.decode(returned) if returned is not None else {}, books[trip_no, day]
        book.grants.append(GrantLine(number, (node_no, epoch), until_ms, c.decode(cells), back, moved=pos))
        book.grants.sort(key=lambda one: one.made)
        if not giver[2]:
            book.unheard[number] = (giver[0], giver[1]), c.decode(cells)
    if lines:
        for release_id, grant_id, cells in select_pairs(tx, _RELEASES, some):
            lines[grant_id].releases.append((release_id, c.decode(cells)))


def _load_sales(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    for trip_no, day, node_no, epoch, free, cells in select_pairs(tx, _SALES, some):
        books[trip_no, day].sales[(node_no, epoch), bool(free)] = c.decode(cells)
    for trip_no, day, node_no, epoch, cells in select_pairs(tx, _LAPS, some):
        book = books[trip_no, day]
        if epoch < 0:
            book.promised, book.own_no = c.decode(cells), node_no
        else:
            book.laps[node_no, epoch] = c.decode(cells)
    for ticket_id, pos, trip_no, day, node_no, epoch, seat, from_idx, at_idx, to_idx, deducted in select_pairs(
        tx, _FREED, some
    ):
        line = FreedLine(bytes(ticket_id), pos, (node_no, epoch), seat, from_idx, at_idx, to_idx, bool(deducted))
        books[trip_no, day].freed[line.ticket_id] = line
