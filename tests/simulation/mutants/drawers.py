"""Shifts whose sums are not those of their events."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Final
from unittest import mock

from edge.domains.shifts import service
from sync.domains.shifts import rules
from sync.domains.ticketing.events import BookingSold, RefundPaid


@contextlib.contextmanager
def extras_outside_drawer() -> Iterator[None]:
    """What extras cost is in no drawer, neither at the box nor at the hub."""
    movement = rules.movement

    def without(event: Any) -> Any:
        return None if isinstance(event, BookingSold) else movement(event)

    with mock.patch.object(rules, "movement", without):
        yield


@contextlib.contextmanager
def payout_outside_drawer() -> Iterator[None]:
    """What was paid out on the hub's word is in no drawer."""
    movement = rules.movement

    def without(event: Any) -> Any:
        return None if isinstance(event, RefundPaid) else movement(event)

    with mock.patch.object(rules, "movement", without):
        yield


@contextlib.contextmanager
def drawer_of_all() -> Iterator[None]:
    """What any clerk takes, or a passenger pays by phone with no clerk about, goes into every drawer that is open."""
    add = rules.Drawer.add

    def everything(self: Any, event: Any) -> None:
        moved = rules.movement(event)
        add(self, event)
        if moved is not None and moved.clerk_no != self.clerk_no:
            self._count(moved)

    with mock.patch.object(rules.Drawer, "add", everything):
        yield


@contextlib.contextmanager
def drawer_taken_over_empty() -> Iterator[None]:
    """A clerk who takes a drawer over begins with an empty one."""
    opened = service.Shifts._open

    def empty(self: Any, unit: Any, clerk_no: int, amounts: Any, taken_from: int) -> int:
        return opened(self, unit, clerk_no, () if taken_from else amounts, taken_from)

    with mock.patch.object(service.Shifts, "_open", empty):
        yield


MUTANTS: Final = {
    "extras_outside_drawer": extras_outside_drawer,
    "payout_outside_drawer": payout_outside_drawer,
    "drawer_of_all": drawer_of_all,
    "drawer_taken_over_empty": drawer_taken_over_empty,
}
