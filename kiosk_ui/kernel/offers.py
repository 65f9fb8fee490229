"""The rides of a day as a page lists them: each with its places and what a person can do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kiosk_ui.kernel.forms import RideKey

if TYPE_CHECKING:
    from edge.bootstrap import Node
    from edge.domains.inventory.service import Availability, SeatCell
    from edge.domains.timetable.service import Ride

OPEN = "open"
SOLD_OUT = "sold_out"
ASK = "ask"
NOT_FOR_SALE = "not_for_sale"
FEW = 5
PAGE = 24


@dataclass(frozen=True)
class Offer:
    """``state``: open, sold_out, ask (this box holds no place, the hub may), not_for_sale."""

    ride: Ride
    places: int
    state: str

    @property
    def few(self) -> bool:
        """Whether it is worth saying that places are running out."""
        return self.state == OPEN and self.places <= FEW

    @property
    def key(self) -> RideKey:
        """The ride as parameters of an address."""
        return key_of(self.ride)


def key_of(ride: Ride) -> RideKey:
    """What names ``ride`` in an address."""
    return RideKey(ride.trip_no, ride.day, ride.from_idx, ride.to_idx)


def offers(node: Node, to_stop_no: int, day: int, from_stop_no: int | None = None) -> list[Offer]:
    """Rides to a stop on a service date, earliest first."""
    return [offer_of(node, ride) for ride in node.timetable.rides(to_stop_no, day, from_stop_no)]


def offer_of(node: Node, ride: Ride) -> Offer:
    """One ride with its places now."""
    if ride.price_minor is None:
        return Offer(ride, 0, NOT_FOR_SALE)
    found = node.inventory.availability(ride.trip_no, ride.day, ride.from_idx, ride.to_idx)
    return Offer(ride, found.places, _state(node, ride, found))


def _state(node: Node, ride: Ride, found: Availability) -> str:
    if found.places > 0:
        return OPEN
    if ride.seat_kind != "reserved":
        return ASK
    cells = node.inventory.seat_map(ride.trip_no, ride.day, ride.from_idx, ride.to_idx)
    return ASK if any(cell.state in ("elsewhere", "held") for cell in cells) else SOLD_OUT


def seat_rows(cells: Sequence[SeatCell]) -> list[list[SeatCell | None]]:
    """Seats as the vehicle has them, front first; None is an aisle or a gap.

    Every row has as many places as the widest one, so that the drawing needs no positions of its own.
    """
    widest = max((cell.column for cell in cells), default=0)
    first = min((cell.column for cell in cells), default=0)
    ordered = sorted(cells, key=lambda cell: (cell.row, cell.column))
    rows = []
    for _, group in groupby(ordered, key=lambda cell: cell.row):
        by_column = {cell.column: cell for cell in group}
        rows.append([by_column.get(column) for column in range(first, widest + 1)])
    return rows
