"""A hub that trusts its memory, or a new box, too much."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

import sqlalchemy as sa

from cloud.domains.inventory.books import cells as c
from cloud.domains.inventory.books import ledger
from cloud.domains.inventory.books.ledger import Book, Where
from cloud.domains.inventory.service import InventoryService
from cloud.domains.inventory.tables import grant_returned, seat_grant
from cloud.kernel.database import upsert_rows


@contextlib.contextmanager
def books_remembered() -> Iterator[None]:
    """A process keeps the books that it read, and does not see what another one granted."""
    load = ledger.load
    known: dict[tuple[int, Where], Book] = {}

    def remembered(tx: Any, places: Any) -> dict[Where, Book]:
        wanted = list(places)
        fresh = [where for where in wanted if (id(tx.engine), where) not in known]
        for where, book in load(tx, fresh).items():
            if book.opened:
                known[id(tx.engine), where] = book
        return {where: known.get((id(tx.engine), where)) or load(tx, [where])[where] for where in wanted}

    with mock.patch.object(ledger, "load", remembered):
        yield


@contextlib.contextmanager
def new_log_frees_grants() -> Iterator[None]:
    """A box that was enrolled again counts as empty: what its old log was granted is given to others."""
    withdraw = InventoryService.withdraw_older

    def free(self: InventoryService, tx: Any, info: Any) -> None:
        withdraw(self, tx, info)
        mine = (seat_grant.c.node_no == info.node_no, seat_grant.c.node_epoch < info.epoch)
        for row in tx.execute(sa.select(seat_grant).where(*mine)).all():
            book = ledger.load(tx, [(row.trip_no, row.day)])[row.trip_no, row.day]
            holder = (row.node_no, row.node_epoch)
            left = c.minus(c.decode(row.cells), book.sold(holder), book.reserved)
            upsert_rows(tx, grant_returned, ("grant_id",), ("grant_id", "cells"), [(row.grant_id, c.encode(left))])

    with mock.patch.object(InventoryService, "withdraw_older", free):
        yield


MUTANTS: Final = {
    "books_remembered": books_remembered,
    "new_log_frees_grants": new_log_frees_grants,
}
