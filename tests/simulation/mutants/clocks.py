"""The rules that take seats back by a clock: each looks safe, and each sells a seat twice."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Final
from unittest import mock

from cloud.domains.inventory.books.cells import Cells
from cloud.domains.inventory.books.grants import GrantBatch
from cloud.domains.inventory.books.ledger import Book
from cloud.domains.inventory.service import InventoryService
from edge.kernel.clock import TimeKeeper
from sync.kernel import hlc
from tests.simulation.times import HOUR_MS, MINUTE_MS

LEASE_MS = 3 * HOUR_MS


@contextlib.contextmanager
def lease_with_epoch(margin_ms: int = 0) -> Iterator[None]:
    """A grant ends by time: the hub grants its unsold seats again, and puts late sales aside by their epoch."""
    now = [0]
    add, taken = GrantBatch.add, Book.taken

    def short(self: GrantBatch, book: Any, info: Any, cells: Any, purpose: str, until_ms: int) -> Any:
        return add(self, book, info, cells, purpose, min(until_ms, self._now_ms + LEASE_MS))

    def expired(self: Book) -> Cells:
        kept = self.grants
        self.grants = [line for line in kept if line.sell_until_ms + margin_ms > now[0]]
        try:
            return taken(self)
        finally:
            self.grants = kept

    with contextlib.ExitStack() as planted:
        for name in ("decide", "provision", "grant"):
            planted.enter_context(mock.patch.object(InventoryService, name, _at_its_time(name, now)))
        planted.enter_context(mock.patch.object(GrantBatch, "add", short))
        planted.enter_context(mock.patch.object(Book, "taken", expired))
        yield


def lease_with_margins() -> AbstractContextManager[object]:
    """The same, but the hub waits thirty-five minutes longer than the node sells."""
    return lease_with_epoch(35 * MINUTE_MS)


@contextlib.contextmanager
def lease_by_monotonic_clock() -> Iterator[None]:
    """The same, but the node counts by its monotonic clock, which begins anew with each boot."""

    def counted(self: TimeKeeper) -> int:
        return self._floor_ms + self.since_start_ms()

    with lease_with_epoch(), mock.patch.object(TimeKeeper, "wall_ms", counted):
        yield


@contextlib.contextmanager
def stamp_is_the_wall_clock() -> Iterator[None]:
    """What is written down carries the wall clock's time as it stands, not a time that only grows."""
    with mock.patch.object(hlc, "following", lambda _last, wall_ms: max(wall_ms, 0) << hlc.COUNTER_BITS):
        yield


def _at_its_time(name: str, now: list[int]) -> Callable[..., Any]:
    original = getattr(InventoryService, name)

    def timed(self: InventoryService, *words: Any, **named: Any) -> Any:
        now[0] = self._parts.clock.wall_ms()
        return original(self, *words, **named)

    return timed


MUTANTS: Final = {
    "lease_with_epoch": lease_with_epoch,
    "lease_with_margins": lease_with_margins,
    "lease_by_monotonic_clock": lease_by_monotonic_clock,
    "stamp_is_the_wall_clock": stamp_is_the_wall_clock,
}
