"""What may be done with seats that passengers left on the way, and with those that were given back at a counter."""

from __future__ import annotations

import sqlite3

from edge.domains.inventory.aboard import store
from edge.domains.inventory.store import GrantRow
from sync.domains.boarding.events import KEEPS, OWN, TAKEN_OVER
from sync.domains.inventory import rules
from sync.kernel.ticket import TicketId

_ALWAYS = 1 << 62
Where = tuple[int, int]


def claim(connection: sqlite3.Connection, ticket_id: TicketId, where: Where, seat: int, log: tuple[int, int]) -> int:
    """Whether the node of ``log`` may sell on what the holder of a ticket leaves: KEEPS (no), OWN or TAKEN_OVER.

    A place without a number that another sold is not taken over: nobody knows which one was left. Nor is a seat that the box
    took over which ran the trip before.
    """
    if (ticket_id.node_no, ticket_id.epoch) == log:
        return OWN
    mine = seat and store.sole(connection, *where) == log[0]
    return TAKEN_OVER if mine and not store.left_before(connection, *where, ticket_id.to_bytes()) else KEEPS


def taken_over(connection: sqlite3.Connection, trip_no: int, day: int) -> list[GrantRow]:
    """What passengers of other sellers left, as if it had been granted: to this box, until the trip ends."""
    seats: dict[int, int] = {}
    for seat, at_idx, to_idx in store.taken_over(connection, trip_no, day):
        seats[seat] = seats.get(seat, 0) | rules.legs_mask(at_idx, to_idx)
    return [GrantRow(0, _ALWAYS, seats, {})] if seats else []


def leave_given_back(
    connection: sqlite3.Connection, where: Where, boards_idx: int, node_no: int, seats: dict[int, int],
    places: dict[int, int],
) -> None:  # fmt: skip
    """Take out of ``seats`` and ``places`` what was refunded of rides that began before stop ``boards_idx``.

    The vehicle's box may not know of the refund. It takes a seat for left when whoever was to board by then did not, so
    nobody else may be promised it from a stop behind. The box itself (``node_no``) knows its own refunds.
    """
    found = store.too_late(connection, *where, boards_idx)
    if not found or store.sole(connection, *where) == node_no:
        return
    for seat, from_idx, to_idx in found:
        if seat:
            seats[seat] = seats.get(seat, 0) & ~rules.legs_mask(from_idx, to_idx)
        for leg in range(from_idx, to_idx) if not seat else ():
            places[leg] = max(places.get(leg, 0) - 1, 0)
