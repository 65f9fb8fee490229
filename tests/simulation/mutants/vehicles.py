"""A hub that sends another vehicle and forgets who sits in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from cloud.domains.disruption.service import Disruptions
from cloud.domains.inventory.books import vehicles
from cloud.domains.inventory.books.ledger import Book
from cloud.domains.inventory.books.vehicles import Vehicles
from sync.domains.disruption import rules


@contextlib.contextmanager
def told_at_one_place() -> Iterator[None]:
    """Where passengers sit now is told to the first place on the way, and not to the others."""
    places = Disruptions._places

    def first(self: Disruptions, tx: Any, facts: Any) -> list[int]:
        return places(self, tx, facts)[:1]

    with mock.patch.object(Disruptions, "_places", first):
        yield


@contextlib.contextmanager
def seated_only_once() -> Iterator[None]:
    """Who stands when the vehicle comes stands for good, whoever gives seats back."""
    settle, done = Vehicles.settle, set()

    def once(self: Vehicles, tx: Any, book: Book) -> bool:
        this = (id(self), book.trip_no, book.day, book.vehicles)
        if this in done:
            return False
        done.add(this)
        return settle(self, tx, book)

    with mock.patch.object(Vehicles, "settle", once):
        yield


@contextlib.contextmanager
def gone_seats_kept() -> Iterator[None]:
    """Whoever has a seat keeps its number, whether the new vehicle has such a seat or not."""
    reseat = rules.reseat

    def kept(passengers: Any, free: Any, old: Any, new: Any) -> Any:
        return reseat(passengers, free, old, old if new.seats else new)

    with mock.patch.object(vehicles.rules, "reseat", kept):
        yield


@contextlib.contextmanager
def standing_costs_a_fee() -> Iterator[None]:
    """Who has no seat is listed as such, and pays the fee all the same when giving the ticket back."""
    with mock.patch.object(vehicles.rules, "at_fault", lambda _passengers, _places: set()):
        yield


MUTANTS: Final = {
    "told_at_one_place": told_at_one_place,
    "seated_only_once": seated_only_once,
    "gone_seats_kept": gone_seats_kept,
    "standing_costs_a_fee": standing_costs_a_fee,
}
