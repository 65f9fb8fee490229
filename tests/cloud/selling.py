"""A seller that books, tickets and refunds at the hub of a test's world."""

from __future__ import annotations

import hashlib

from cloud.domains.sellers.books import accounts, bookings
from cloud.domains.sellers.books.bookings import Booking
from cloud.domains.sellers.books.exchanges import ExchangeOffer
from cloud.domains.sellers.service import Once, RefundOffer, Wish
from sync.kernel.ticket import TicketId
from tests.cloud.world import DAY, FARE_MINOR, World

LIMIT_MINOR = 1_000_000


class Shopper:
    """One seller at one hub process. Requests get keys of their own unless told otherwise."""

    def __init__(self, world: World, name: str = "Bamboo Travel", limit_minor: int = LIMIT_MINOR, per_mille: int = 50):
        self.world, self._count = world, 0
        with world.hub.database.write() as tx:
            known = accounts.named(tx, name)
            number = known.seller_no if known else world.hub.sellers.add(tx, name, limit_minor, per_mille)
            self.seller = accounts.find(tx, number)

    def once(self, key: str | None = None, request: str = "") -> Once:
        self._count += 1
        said = key or f"{self.seller.name}-{id(self)}-{self._count}"
        return Once(said[-80:], hashlib.sha256(request.encode()).digest())

    def book(
        self, *rides: tuple[int, int, int | None], trip_no: int = 7, day: int = DAY, key: str | None = None,
        request: str = "",
    ) -> Booking:  # fmt: skip
        """Hold places; each ride is (from_idx, to_idx, seat)."""
        wishes = [Wish(trip_no, day, a, b, FARE_MINOR * (b - a), "CNY", seat) for a, b, seat in rides]
        with self.world.hub.database.write() as tx:
            return self.world.hub.selling.book(tx, self.seller, wishes, "", self.once(key, request))

    def ticket(self, made: Booking, key: str | None = None) -> Booking:
        with self.world.hub.database.write() as tx:
            return self.world.hub.selling.ticket(tx, self.seller, made.booking_id, self.once(key))

    def buy(self, *rides: tuple[int, int, int | None], trip_no: int = 7, day: int = DAY) -> Booking:
        return self.ticket(self.book(*rides, trip_no=trip_no, day=day))

    def cancel(self, made: Booking) -> Booking:
        with self.world.hub.database.write() as tx:
            return self.world.hub.selling.cancel(tx, self.seller, made.booking_id)

    def offers(self, made: Booking) -> list[RefundOffer]:
        with self.world.hub.database.write() as tx:
            return self.world.hub.selling.refund_offers(tx, self.seller, made.booking_id)

    def refund(self, made: Booking, idx: int = 0, fee_minor: int | None = None, key: str | None = None) -> Booking:
        if fee_minor is None:
            # What can't be given back any more has no offer: the refund itself says why.
            fee_minor = next((offer.fee_minor for offer in self.offers(made) if offer.item.idx == idx), 0)
        with self.world.hub.database.write() as tx:
            return self.world.hub.selling.refund(tx, self.seller, made.booking_id, idx, fee_minor, self.once(key))

    def wish(self, ride: tuple[int, int, int | None], trip_no: int = 7, day: int = DAY) -> Wish:
        return Wish(trip_no, day, *ride[:2], FARE_MINOR * (ride[1] - ride[0]), "CNY", ride[2])

    def exchange_offer(self, made: Booking, idx: int, wish: Wish) -> ExchangeOffer:
        with self.world.hub.database.write() as tx:
            return self.world.hub.exchanges.offer(tx, bookings.find(tx, made.booking_id), idx, wish)

    def exchange(
        self, made: Booking, idx: int, wish: Wish, due_minor: int | None = None, key: str | None = None
    ) -> Booking:
        due = self.exchange_offer(made, idx, wish).due_minor if due_minor is None else due_minor
        with self.world.hub.database.write() as tx:
            one = (made.booking_id, idx, wish, due, self.once(key))
            return self.world.hub.exchanges.exchange(tx, self.seller, *one)

    def now(self, made: Booking) -> Booking:
        with self.world.hub.database.read() as tx:
            return bookings.find(tx, made.booking_id)

    def texts(self, made: Booking) -> dict[int, str]:
        with self.world.hub.database.read() as tx:
            return self.world.hub.selling.codes(tx, bookings.find(tx, made.booking_id))

    def owed(self) -> int:
        with self.world.hub.database.read() as tx:
            return sum(line.owed_minor for line in accounts.balances(tx, self.seller.seller_no))

    def numbers(self, made: Booking) -> list[str]:
        return [TicketId.from_bytes(item.ticket_id or b"").number for item in self.now(made).items]
