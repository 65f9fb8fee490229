"""A place of a booking: what it takes out of the inventory, and what the hub's own log says of it."""

from __future__ import annotations

from typing import Final

from cloud.domains.sellers.books.bookings import Item
from cloud.kernel.ports import Fare, Ride, RideWish
from sync.domains.inventory.events import GrantReturned
from sync.domains.inventory.rules import LAP, legs_mask
from sync.domains.ticketing.events import ACCOUNT, TicketSold
from sync.domains.ticketing.events import SELLER as CHANNEL
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS, TicketId

CHILD_FREE: Final = RIDERS.index("child_free")


def place_of(ride: Ride, fare: Fare, seat: int | None) -> RideWish:
    """What a rider takes: a seat, if one was chosen this one; or a lap. Raises :class:`Refusal` ``seat_taken``."""
    if seat == LAP:
        raise Refusal("seat_taken", field="seat", seat=seat)
    return RideWish(ride.where, ride.from_idx, ride.to_idx, LAP if fare.rider == CHILD_FREE else seat)


def sale_of(item: Item, seller_no: int) -> TicketSold:
    """The sale of a place whose ticket's number is known."""
    serial = TicketId.from_bytes(item.ticket_id or b"").serial
    return TicketSold(
        serial, *item.ride, item.seat, item.rider, item.price_minor, item.currency, ACCOUNT, seller_no, CHANNEL,
        item.until_s, item.proof,
    )  # fmt: skip


def return_of(item: Item) -> GrantReturned:
    """The place goes back to the hub."""
    if item.seat:
        mask = legs_mask(item.from_idx, item.to_idx)
        return GrantReturned(item.grant_id, item.trip_no, item.day, ((item.seat, mask),), ())
    places = tuple((leg, 1) for leg in range(item.from_idx, item.to_idx))
    return GrantReturned(item.grant_id, item.trip_no, item.day, (), places)
