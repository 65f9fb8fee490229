"""What is paid back where a trip ended before the end of a ride: all of it, or the part that was not carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.engine import Connection

Where = tuple[int, int]


class Fares(Protocol):
    """What the timetable says of a trip."""

    def fare_minor(self, from_idx: int, to_idx: int) -> int | None:
        """The full fare of a ride; None where it is not for sale."""


class BrokenOff:
    """``ends``: at which stop a dated trip ends before its last one; ``place``: the last stops that its vehicle (reached, left),
    -1 for none; ``boarded``: whether a ticket was let in."""

    def __init__(
        self, ends: Callable[[Connection, Where], int | None], place: Callable[[Connection, Where], tuple[int, int]],
        boarded: Callable[[Connection, bytes], bool], lines: Callable[[Connection, Sequence[int]], Mapping[int, Fares]],
    ) -> None:  # fmt: skip
        self._ends, self._place, self._boarded, self._lines = ends, place, boarded, lines

    def concerns(self, tx: Connection, sale: Any) -> bool:
        """Whether the ride of a sale is not made to its end."""
        ends = self._ends(tx, (sale.trip_no, sale.day))
        return ends is not None and sale.to_idx > ends

    def fee_minor(self, tx: Connection, sale: Any) -> int | None:
        """What the passenger pays for the part that was carried, 0 for none. None where a person has to decide: the vehicle is
        not there yet, who was to board was not seen, or the part has no fare."""
        where = (sale.trip_no, sale.day)
        ends = self._ends(tx, where)
        if ends is None or sale.to_idx <= ends:
            return None
        reached, left = self._place(tx, where)
        boarded = self._boarded(tx, bytes(sale.ticket_id))
        if sale.from_idx >= ends or (not boarded and left < sale.from_idx):
            return 0
        return self._carried(tx, sale, ends) if boarded and reached >= ends else None

    def _carried(self, tx: Connection, sale: Any, ends: int) -> int | None:
        """The share of the price that the fare of the part has in the fare of the ride, half a unit rounded up."""
        line = self._lines(tx, [sale.trip_no]).get(sale.trip_no)
        part = line.fare_minor(sale.from_idx, ends) if line else None
        whole = line.fare_minor(sale.from_idx, sale.to_idx) if line else None
        if part is None or not whole or part > whole:
            return None
        return min((2 * int(sale.price_minor) * part + whole) // (2 * whole), int(sale.price_minor))
