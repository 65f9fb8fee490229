"""The books of dated trips: what was granted to whom, returned, released at risk and sold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from cloud.domains.inventory import cells as c
from cloud.domains.inventory.cells import Cells
from cloud.domains.inventory.tables import dated_trip, grant_returned, risk_release, seat_grant, seat_sold
from cloud.kernel.database import chunks
from sync.domains.inventory.rules import RESERVED
from sync.kernel import cbor

Where = tuple[int, int]
Holder = tuple[int, int]


@dataclass(slots=True)
class GrantLine:
    """One grant. ``holder``: (node_no, epoch of its log). ``releases``: (release_id, cells)."""

    grant_id: int
    holder: Holder
    sell_until_ms: int
    cells: Cells
    returned: Cells = field(default_factory=dict)
    releases: list[tuple[int, Cells]] = field(default_factory=list)

    def released(self, reserved: bool) -> Cells:
        """All that was released at risk."""
        found: Cells = {}
        for _, some in self.releases:
            c.add(found, some, reserved)
        return found


@dataclass(slots=True)
class Book:
    """One dated trip. ``opened``: the position since when the hub sells it, 0 for not yet. ``calls_ms``: departure from
    each stop, and arrival at the last."""

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

    @property
    def departs_ms(self) -> int:
        """Departure from the first stop."""
        return self.calls_ms[0] if self.calls_ms else 0

    @property
    def ends_ms(self) -> int:
        """Arrival at the last stop."""
        return self.calls_ms[-1] if self.calls_ms else 0

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
        return found

    def holders(self) -> list[Holder]:
        """Everybody who was granted or sold anything, in order."""
        sellers = {holder for holder, free in self.sales if free != self.reserved}
        return sorted({grant.holder for grant in self.grants} | sellers)

    def open(self, holder: Holder) -> Cells:
        """What a log can still sell for sure: held, not sold by it, not given away at risk."""
        return c.minus(self.held(holder, with_released=False), self.sold(holder), self.reserved)

    def taken(self) -> Cells:
        """All that is not free: held by somebody, or sold whoever had the right to."""
        found: Cells = {}
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
        return sum(c.places_on(self.open(holder), leg, self.reserved) for holder in self.holders())


def load(tx: Connection, places: Iterable[Where]) -> dict[Where, Book]:
    """The books of some dated trips, in a handful of statements. Trips that are not opened come with empty books."""
    books = {where: Book(*where) for where in dict.fromkeys(places)}
    for some in chunks(books, 200):
        _load_trips(tx, books, some)
        _load_grants(tx, books, some)
        _load_sales(tx, books, some)
    return books


def _load_trips(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    for row in tx.execute(sa.select(dated_trip).where(_at(dated_trip, some))):
        book = books[row.trip_no, row.day]
        book.opened, book.reserved, book.capacity, book.legs = row.pos, row.kind == RESERVED, row.capacity, row.legs
        book.calls_ms, book.grant_epoch = tuple(cbor.decode(row.calls_ms)), row.grant_epoch


def _load_grants(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    lines: dict[int, GrantLine] = {}
    column = seat_grant.c
    rows = tx.execute(
        sa.select(
            column.grant_id, column.trip_no, column.day, column.node_no, column.node_epoch, column.sell_until_ms,
            column.cells, grant_returned.c.cells.label("returned"),
        )
        .outerjoin(grant_returned, grant_returned.c.grant_id == column.grant_id)
        .where(_at(seat_grant, some))
        .order_by(column.grant_id)
    )  # fmt: skip
    for row in rows:
        returned = c.decode(row.returned) if row.returned is not None else {}
        holder = (row.node_no, row.node_epoch)
        line = GrantLine(row.grant_id, holder, row.sell_until_ms, c.decode(row.cells), returned)
        lines[row.grant_id] = line
        books[row.trip_no, row.day].grants.append(line)
    released = risk_release.c
    columns = (released.release_id, released.grant_id, released.cells)
    query = sa.select(*columns).where(_at(risk_release, some)).order_by(released.release_id)
    for release_id, grant_id, cells in tx.execute(query):
        lines[grant_id].releases.append((release_id, c.decode(cells)))


def _load_sales(tx: Connection, books: dict[Where, Book], some: list[Where]) -> None:
    for row in tx.execute(sa.select(seat_sold).where(_at(seat_sold, some))):
        holder = (row.node_no, row.node_epoch)
        books[row.trip_no, row.day].sales[holder, row.free] = c.decode(row.cells)


def _at(table: sa.Table, some: list[Where]) -> sa.ColumnElement[bool]:
    return sa.tuple_(table.c.trip_no, table.c.day).in_(some)
