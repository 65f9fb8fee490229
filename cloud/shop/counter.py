"""What the shop's pages work with: the seller on whose account it sells, and how often one address may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from cloud.domains.sellers.api.calls import Rate
from cloud.domains.sellers.books import accounts, bookings
from cloud.domains.sellers.books.accounts import Seller
from cloud.domains.sellers.books.bookings import Booking
from sync.kernel.errors import Refusal

if TYPE_CHECKING:
    from cloud.bootstrap import Hub

PAGES_PER_MINUTE: Final = 60
BOOKINGS_PER_MINUTE: Final = 4
# Forms of a ride that are sent, most of them refused for what was typed: slips cost no booking.
TRIES_PER_MINUTE: Final = 20
TOO_OFTEN: Final = "shop_too_often"
# What people say at the desk: no letter or digit that is taken for another.
_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 6


class Counter:
    """One shop."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.asked = Rate(hub.clock, PAGES_PER_MINUTE, TOO_OFTEN)
        self.tried = Rate(hub.clock, TRIES_PER_MINUTE, TOO_OFTEN)
        self.booked = Rate(hub.clock, BOOKINGS_PER_MINUTE, "shop_booked_often")

    def seller(self, tx: Connection) -> Seller:
        """Who takes the money. Raises :class:`Refusal` ``shop_closed``."""
        name = self.hub.settings.shop_seller
        found = accounts.named(tx, name) if name else None
        if found is None or found.closed_ms is not None:
            raise Refusal("shop_closed", status=404)
        return found

    def booking(self, tx: Connection, booking_id: str) -> Booking:
        """A booking of this shop. Raises :class:`Refusal`: ``shop_closed``, ``booking_unknown``."""
        return bookings.find(tx, booking_id, self.seller(tx).seller_no)

    def pick_up_number(self) -> str:
        """What the passenger says where it is paid."""
        number = int.from_bytes(self.hub.ids.token(8), "big")
        return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(_LENGTH))
