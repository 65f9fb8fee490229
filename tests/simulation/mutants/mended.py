"""Bugs that seeds found in this code, planted again: see ``regressions.toml``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from cloud.domains.inventory.service import InventoryService
from cloud.kernel import nodes
from cloud.kernel.exchange import Exchange
from edge.kernel.scribe import Scribe
from sync.kernel.errors import Refusal


@contextlib.contextmanager
def waits_for_what_left() -> Iterator[None]:
    """Who waits for seats of a trip gets them when some come back, although the trip has left: the box returns them at
    its next visit, which serves the next who waits, and so on."""

    def serve(self: InventoryService, tx: Any, batch: Any, books: Any, back: Any) -> None:
        for where in sorted(back & set(books)):
            for row in self._recalls.waiting(tx, where):
                info = nodes.find(tx, row.node_no)
                given = self._give_ride(batch, books[where], info, row.from_idx, row.to_idx, row.places)
                self._recalls.served(tx, row.pos, row.places - given)

    with mock.patch.object(InventoryService, "_serve_waiting", serve):
        yield


@contextlib.contextmanager
def stopped_by_full_disk() -> Iterator[None]:
    """A box that comes up while its disk is full stays stopped when there is room again."""

    def begin(self: Scribe, first: Any = None) -> None:
        if first is None:
            return
        try:
            self.write(lambda unit: unit.append(first))
        except Refusal as error:
            self.stopped = error.code

    with mock.patch.object(Scribe, "begin", begin):
        yield


@contextlib.contextmanager
def old_log_only_counted() -> Iterator[None]:
    """What a replaced log brings late is counted, and nothing follows from it: nobody is seated, and no gate is told."""
    decide = Exchange._decide

    def deaf(self: Exchange, tx: Any, who: Any, taken: Any, now: int) -> None:
        if who.status != nodes.REPLACED:
            decide(self, tx, who, taken, now)

    with mock.patch.object(Exchange, "_decide", deaf):
        yield


MUTANTS: Final = {
    "waits_for_what_left": waits_for_what_left,
    "stopped_by_full_disk": stopped_by_full_disk,
    "old_log_only_counted": old_log_only_counted,
}
