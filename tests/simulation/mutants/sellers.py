"""A hub that sells for others, and forgets a part of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from cloud.domains.inventory import service as seats
from cloud.domains.sellers import apply as accounts
from cloud.domains.sellers.apply import SellersApplier
from cloud.domains.sellers.books import bookings
from cloud.domains.sellers.service import Selling


@contextlib.contextmanager
def held_place_kept() -> Iterator[None]:
    """A booking that is let go is marked so, and its places stay with the hub's own node."""

    def let_go(self: Selling, tx: Any, found: Any, state: str) -> None:
        bookings.set_state(tx, found.booking_no, state)

    with mock.patch.object(Selling, "_let_go", let_go):
        yield


@contextlib.contextmanager
def seller_refund_unbooked() -> Iterator[None]:
    """What a seller gives back does not come off what it owes."""
    enter = SellersApplier._enter

    def sales_only(self: SellersApplier, received: Any, event: Any, kind: str, *more: Any) -> None:
        if kind == accounts.SALE:
            enter(self, received, event, kind, *more)

    with mock.patch.object(SellersApplier, "_enter", sales_only):
        yield


@contextlib.contextmanager
def hub_sells_what_boxes_hold() -> Iterator[None]:
    """The hub's own sale looks at what is sold, and not at what the boxes hold."""
    chosen = seats._cells_for

    def greedy(book: Any, wish: Any) -> Any:
        if book.reserved and wish.seat is not None:
            return {wish.seat: (1 << wish.to_idx) - (1 << wish.from_idx)}
        return chosen(book, wish)

    with mock.patch.object(seats, "_cells_for", greedy):
        yield


@contextlib.contextmanager
def seller_refund_keeps_place() -> Iterator[None]:
    """A ticket of a seller is given back, and its place goes back to nobody."""
    refund = Selling._refund

    def kept(self: Selling, tx: Any, *words: Any) -> int:
        own = self._parts.own
        record = type(own).record
        with mock.patch.object(type(own), "record", lambda mine, tx, info, events: record(mine, tx, info, events[:1])):
            return refund(self, tx, *words)

    with mock.patch.object(Selling, "_refund", kept):
        yield


MUTANTS: Final = {
    "held_place_kept": held_place_kept,
    "seller_refund_unbooked": seller_refund_unbooked,
    "hub_sells_what_boxes_hold": hub_sells_what_boxes_hold,
    "seller_refund_keeps_place": seller_refund_keeps_place,
}
