"""What clerks do with a drawer of cash: open it, put in and take out, count it and hand it over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sync.kernel.events import Event

# Why cash goes in or out beside sales and refunds.
CASH_REASONS = ("change", "deposit", "expense", "correction")


@dataclass(frozen=True, slots=True)
class ShiftOpened(Event):
    """A clerk begins to sell. ``shift_no`` counts this log's shifts from 1; a clerk has one at a time on a node.

    ``float_minor``: (currency, minor units) that lie in the drawer already. ``taken_from``: the shift of this log whose
    drawer it is, 0 for a drawer of its own. ``rule`` names the office rules that asked for a shift, empty for none.
    """

    TYPE: ClassVar[int] = 60
    shift_no: int
    clerk_no: int
    float_minor: tuple[tuple[str, int], ...]
    taken_from: int
    rule: str


@dataclass(frozen=True, slots=True)
class CashMoved(Event):
    """Cash that was put into the drawer (``into``) or taken out of it; ``reason`` indexes CASH_REASONS."""

    TYPE: ClassVar[int] = 61
    shift_no: int
    clerk_no: int
    into: bool
    currency: str
    amount_minor: int
    reason: int


@dataclass(frozen=True, slots=True)
class ShiftClosed(Event):
    """The drawer was counted. ``lines``: (currency, payment, minor units expected, minor units counted or None where
    there is nothing to count), ``payment`` indexing :data:`sync.domains.ticketing.events.PAYMENTS`.

    ``pieces``: (currency, minor units of a note or coin, how many) as far as they were told. ``taken_by``: the clerk
    who signed for the drawer and goes on with it, 0 for nobody.
    """

    TYPE: ClassVar[int] = 62
    shift_no: int
    clerk_no: int
    lines: tuple[tuple[str, int, int, int | None], ...]
    pieces: tuple[tuple[str, int, int], ...]
    taken_by: int
