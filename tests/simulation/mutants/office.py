"""Refunds that break a promise."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.boarding import store as gates
from edge.domains.inventory import store as seats
from edge.domains.ticketing.office.refunds import Refunds
from sync.domains.ticketing.events import TicketRefunded


@contextlib.contextmanager
def refund_twice() -> Iterator[None]:
    """Whether a ticket was given back already is not looked up."""
    offer = Refunds._offer

    def careless(self: Refunds, connection: Any, ticket: Any, reason: str) -> Any:
        with mock.patch("edge.domains.ticketing.store.refund", lambda *_: None):
            return offer(self, connection, ticket, reason)

    with mock.patch.object(Refunds, "_offer", careless):
        yield


@contextlib.contextmanager
def refunded_still_boards() -> Iterator[None]:
    """A gate asks whether a ticket was used, and not whether it was given back."""
    with mock.patch.object(gates, "void", lambda *_: None):
        yield


@contextlib.contextmanager
def refund_frees_returned_seat() -> Iterator[None]:
    """A refund makes the whole seat free here, also the legs that went back to the hub."""
    refunded = seats.apply_refunded

    def generous(connection: Any, seq: int, stamp: Any, event: TicketRefunded) -> None:
        refunded(connection, seq, stamp, event)
        where = (event.trip_no, event.day, event.seat)
        query = "SELECT grant_id FROM grant_seat WHERE trip_no = ? AND day = ? AND seat = ?"
        for (grant_id,) in connection.execute(query, where).fetchall():
            gone = (grant_id, event.seat)
            connection.execute("DELETE FROM returned_seat WHERE grant_id = ? AND seat = ?", gone)

    with mock.patch.dict(seats.APPLIERS, {TicketRefunded: generous}):
        yield


MUTANTS: Final = {
    "refund_twice": refund_twice,
    "refunded_still_boards": refunded_still_boards,
    "refund_frees_returned_seat": refund_frees_returned_seat,
}
