"""Seats that leave a hand too early."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from unittest import mock

import sqlalchemy as sa

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.service import InventoryService
from cloud.domains.inventory.tables import ask_waiting
from edge.domains.inventory import store as seats
from edge.domains.ticketing import store as tickets
from edge.domains.ticketing.service import Ticketing
from edge.kernel.exchange import Exchanger
from edge.kernel.scribe import UnitOfWork
from sync.domains.inventory.events import GrantReturned
from sync.domains.ticketing.events import COUNTER
from sync.kernel.events import Stamp


@contextlib.contextmanager
def return_before_block() -> Iterator[None]:
    """Returned seats are blocked at the node only after the return was sent."""
    waiting: dict[int, list[GrantReturned]] = {}
    visit = Exchanger.visit

    def later(connection: Any, _seq: int, _stamp: Any, event: GrantReturned) -> None:
        waiting.setdefault(id(connection), []).append(event)

    def visited(self: Exchanger) -> Any:
        outcome = visit(self)
        for event in waiting.pop(id(self._scribe.connection), []):
            self._scribe.write(partial(_block, event=event))
        return outcome

    with mock.patch.dict(seats.APPLIERS, {GrantReturned: later}), mock.patch.object(Exchanger, "visit", visited):
        yield


@contextlib.contextmanager
def refill_forgets_return() -> Iterator[None]:
    """Seats that the hub has asked back count as returned before they are."""
    answer = InventoryService._answer

    def hasty(self: InventoryService, tx: Any, batch: Any, books: Any, info: Any, pos: int, ask: Any) -> None:
        answer(self, tx, batch, books, info, pos, ask)
        book = books.get((ask.trip_no, ask.day))
        lacking = tx.execute(sa.select(ask_waiting.c.places).where(ask_waiting.c.pos == pos)).scalar()
        if book is None or not lacking:
            return
        for line in book.grants:
            if line.holder[0] != info.node_no and line.holder[1]:
                open_cells = {key: some & line.cells.get(key, 0) for key, some in book.open(line.holder).items()}
                if book.reserved:
                    c.add(line.returned, c.exact(open_cells, ask.from_idx, ask.to_idx, lacking, True), True)
        self._give_ride(batch, book, info, ask.from_idx, ask.to_idx, lacking)

    with mock.patch.object(InventoryService, "_answer", hasty):
        yield


@contextlib.contextmanager
def sale_checked_outside() -> Iterator[None]:
    """Whether a seat is open is looked up before the transaction that sells it."""

    def sell(
        self: Ticketing, trip_no: int, day: int, from_idx: int, to_idx: int, seat: Any, clerk_no: int, key: str,
        tendered_minor: Any = None, rider: str = "adult", proof: str = "", document: Any = None,
    ) -> Any:  # fmt: skip
        sale = tickets.serial_of_key(self._database.read(), key)
        if sale is None:
            ride = self.for_sale(trip_no, day, from_idx, to_idx)
            taken = self._inventory.take(self._database.read(), ride.where, ride.seat_kind, seat)
            self._keeper.wall_ms()
            fare, until_s = self._fares.of(ride, rider, proof), self._until_s(ride)
            named = self._travellers.prepare(trip_no, day, document)

            def work(unit: Any) -> tuple[int, int | None]:
                known = tickets.serial_of_key(unit.connection, key)
                if known is not None:
                    return known
                sold = self._record(unit, ride, taken, fare, clerk_no, COUNTER, until_s, tendered_minor, named)
                tickets.keep_key(unit.connection, key, sold.event.serial)
                return sold.event.serial, None

            sale = self._scribe.record(work)
        return self.ticket(*sale)

    with mock.patch.object(Ticketing, "sell", sell):
        yield


def _block(unit: UnitOfWork, event: GrantReturned) -> None:
    seats.apply_returned(unit.connection, 0, Stamp(0, 0, 0), event)


MUTANTS: Final = {
    "return_before_block": return_before_block,
    "refill_forgets_return": refill_forgets_return,
    "sale_checked_outside": sale_checked_outside,
}
