"""Selling for others at the hub: hold places, put them on the seller's account, issue tickets, take tickets back.

Each act is one transaction of the hub's one writer: a grant to the hub's own node of exactly the cells that are needed,
the seller's credit, and the events in the own node's log stand or fall together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.engine import Connection

from cloud.domains.sellers.books import accounts, bookings
from cloud.domains.sellers.books.accounts import Seller
from cloud.domains.sellers.books.bookings import CANCELLED, HELD, LAPSED, TICKETED, Booking, Item
from cloud.domains.sellers.books.naming import Naming, Shown
from cloud.domains.sellers.books.places import place_of, return_of, sale_of
from cloud.domains.sellers.books.proofs import Proofs
from cloud.kernel.database import next_pos
from cloud.kernel.nodes import NodeInfo
from cloud.kernel.ownnode import OwnNode
from cloud.kernel.ports import Boardings, Fare, Faults, NewPlace, Office, Ride, Seats, Timetable
from cloud.kernel.settings import Settings
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import ACCOUNT, PASSENGER, TicketRefunded, TravellerNamed
from sync.kernel import days, hlc
from sync.kernel.errors import Refusal
from sync.kernel.events import Event
from sync.kernel.ports import Clock, Ids
from sync.kernel.ticket import RIDERS, TicketId

MAX_PLACES: Final = 20
BOOKABLE_MS: Final = 60 * days.DAY_MS
_LAPSED_AT_ONCE: Final = 50
_ID_BYTES: Final = 16
# Dated trip → seat → what stands on it.
Labels = Mapping[tuple[int, int], Mapping[int, str]]


@dataclass(frozen=True, slots=True)
class Wish:
    """A ride as it was offered to an adult, the seat that was chosen, if any, who rides, and what was seen of that.
    ``document``: where the line wants a name."""

    trip_no: int
    day: int
    from_idx: int
    to_idx: int
    price_minor: int
    currency: str
    seat: int | None = None
    rider: str = RIDERS[0]
    proof: str = ""
    document: Shown | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """What makes a request the same one when it comes again: ``key`` of the caller's choice, and a digest of the rest."""

    key: str
    request: bytes


@dataclass(frozen=True, slots=True)
class RefundOffer:
    """What giving one ticket back costs now. ``rule`` names set and band, ``reason`` is one of REASONS:
    a fault of the carrier counts where the hub itself said so."""

    item: Item
    fee_minor: int
    refunded_minor: int
    rule: str
    reason: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service stands on."""

    own: OwnNode
    seats: Seats
    timetable: Timetable
    office: Office
    boardings: Boardings
    faults: Faults
    settings: Settings
    clock: Clock
    ids: Ids


class Selling:
    """The hub as a place of sale. Every method is part of the caller's transaction."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._naming = Naming(parts.office, parts.ids)
        self._proofs = Proofs(parts.office, parts.timetable, parts.clock)

    def book(
        self, tx: Connection, seller: Seller, wishes: Sequence[Wish], reference: str, once: Once, proved: bool = True
    ) -> Booking:
        """Hold a place for each wish, for a while: all of them, or none. The same ``once`` again gives the same booking.
        ``proved`` False: nobody can look at the proofs of concessions yet, so :meth:`ticket` asks for them.

        Raises :class:`Refusal`: ``key_form``, ``key_differs``, ``booking_size``, ``offer_changed``, ``not_bookable``,
        ``places_held``, ``child_needs_adult``, and as :meth:`fare`, :meth:`Naming.prepare`, :meth:`OwnNode.open` and
        :meth:`Seats.take`.
        """
        return self.once(tx, seller, once, lambda: self._book(tx, seller, wishes, reference, proved))

    def ticket(
        self, tx: Connection, seller: Seller, booking_id: str, once: Once, proofs: Mapping[int, str] | None = None
    ) -> Booking:
        """Put a held booking on the seller's account and issue its tickets. A ticketed one stays as it is. ``proofs``: place →
        what a person saw of it, where that was not seen before.

        Raises :class:`Refusal`: ``booking_unknown``, ``booking_over_…``, ``departed``, ``credit_short``, ``proof_needed``, and
        as :meth:`book`.
        """
        return self.once(tx, seller, once, lambda: self._ticket(tx, seller, booking_id, proofs or {}))

    def lacking(self, tx: Connection, found: Booking) -> dict[int, tuple[str, ...]]:
        """As :meth:`Proofs.lacking`."""
        return self._proofs.lacking(tx, found)

    def cancel(self, tx: Connection, seller: Seller, booking_id: str) -> Booking:
        """Let held places go. Raises :class:`Refusal`: ``booking_unknown``, ``booking_over_…`` (ticketed ones are refunded)."""
        found = bookings.find(tx, booking_id, seller.seller_no)
        if found.state == HELD:
            self._let_go(tx, found, CANCELLED)
        elif found.state != CANCELLED:
            raise bookings.over(found.state)
        return bookings.by_number(tx, found.booking_no)

    def refund_offers(self, tx: Connection, seller: Seller, booking_id: str) -> list[RefundOffer]:
        """What each ticket of a booking would cost to give back now; those that can't be are left out.

        Raises :class:`Refusal`: ``booking_unknown``, and when there is no offer at all what stands against the first.
        """
        found = bookings.find(tx, booking_id, seller.seller_no)
        offers, wrong = [], bookings.over(found.state)
        for item in found.items:
            try:
                offers.append(self.refund_offer(tx, found, item.idx))
            except Refusal as refusal:
                wrong = refusal
        if not offers:
            raise wrong
        return offers

    def refund(self, tx: Connection, seller: Seller, booking_id: str, idx: int, fee_minor: int, once: Once) -> Booking:
        """Take the offer that was shown for one ticket: the fee is still ``fee_minor``, or nothing happens. What goes back
        goes to the seller's account, the place to the hub.

        Raises :class:`Refusal`: ``booking_unknown``, ``ticket_unknown``, ``refund_fee_changed``, ``refund_done``,
        ``refund_past``, ``refund_boarded``, ``refund_departed``, ``refund_by_operator``, and as :meth:`book`.
        """
        return self.once(tx, seller, once, lambda: self._refund(tx, seller, booking_id, idx, fee_minor))

    def lapse(self, tx: Connection) -> int:
        """Let go what was held too long; gives the number of bookings. By the hub's clock alone, and in the log of the
        hub's own node: nobody else's seats are touched."""
        late = bookings.overdue(tx, self._parts.clock.wall_ms(), _LAPSED_AT_ONCE)
        for one in late:
            self._let_go(tx, one, LAPSED)
        return len(late)

    def codes(self, tx: Connection, found: Booking) -> dict[int, str]:
        """Index → signed text of the tickets of a booking that are still good."""
        return {
            item.idx: self._parts.own.code(tx, item.claims(item.holder or b""), item.sold_ms or 0)
            for item in found.items
            if item.ticket_id is not None and item.refunded_ms is None
        }

    def moved(self, tx: Connection, found: Sequence[Booking]) -> dict[bytes, NewPlace]:
        """Ticket → where its passenger sits now, of those tickets of bookings to which another vehicle means something."""
        sold = [item.ticket_id for one in found for item in one.items if item.ticket_id and item.refunded_ms is None]
        return dict(self._parts.seats.moved(tx, sold))

    def labels(self, tx: Connection, found: Sequence[Booking]) -> Labels:
        """Dated trip → seat → what stands on it, of all trips on which bookings have numbered seats."""
        trips = {(item.trip_no, item.day) for one in found for item in one.items if item.seat_no}
        return {where: self._parts.seats.labels(tx, where) for where in sorted(trips)}

    def once(self, tx: Connection, seller: Seller, once: Once, act: Callable[[], int]) -> Booking:
        """Do ``act``, which gives a booking's number, unless it was done under the same key before."""
        if not 8 <= len(once.key) <= 80 or not once.key.isascii():
            raise Refusal("key_form", status=422, field="Idempotency-Key")
        number = bookings.answered(tx, seller.seller_no, once.key, once.request)
        if number is None:
            number = act()
            now = self._parts.clock.wall_ms()
            bookings.keep_answer(tx, seller.seller_no, once.key, once.request, number, now)
        return bookings.by_number(tx, number)

    def _book(self, tx: Connection, seller: Seller, wishes: Sequence[Wish], reference: str, proved: bool) -> int:
        if not 1 <= len(wishes) <= MAX_PLACES:
            raise Refusal("booking_size", status=422, field="offers", most=MAX_PLACES)
        if bookings.places_held(tx, seller.seller_no) + len(wishes) > self._parts.settings.held_places:
            raise Refusal("places_held", most=self._parts.settings.held_places)
        rides = [self.ride(tx, wish) for wish in wishes]
        self._check_riders(wishes)
        fares = [self.fare(tx, ride, wish, proved) for ride, wish in zip(rides, wishes, strict=True)]
        names = self._names(tx, rides, wishes)
        info = self._parts.own.open(tx)
        wanted = [place_of(ride, fare, wish.seat) for ride, fare, wish in zip(rides, fares, wishes, strict=True)]
        grants = self._parts.seats.take(tx, info, wanted)
        now, number = self._parts.clock.wall_ms(), next_pos(tx)
        items = tuple(
            replace(bookings.item(number, idx, grant, info.epoch, ride, fare), named=bookings.kept(named))
            for idx, (ride, grant, fare, named) in enumerate(zip(rides, grants, fares, names, strict=True))
        )
        booking_id = self._parts.ids.token(_ID_BYTES).hex()
        expires_ms = now + self._parts.settings.hold_minutes * 60_000
        bookings.add(tx, Booking(number, booking_id, seller.seller_no, reference, HELD, now, expires_ms, items))
        return number

    def _check_riders(self, wishes: Sequence[Wish]) -> None:
        riders: dict[tuple[int, int, int, int], list[str]] = {}
        for wish in wishes:
            riders.setdefault((wish.trip_no, wish.day, wish.from_idx, wish.to_idx), []).append(wish.rider)
        for some in riders.values():
            self._parts.office.check_children(some)

    def _names(self, tx: Connection, rides: Sequence[Ride], wishes: Sequence[Wish]) -> list[TravellerNamed | None]:
        """What names the traveller of each place; nobody has two of the same trip."""
        now = self._parts.clock.wall_ms()
        found: list[TravellerNamed | None] = []
        for ride, wish in zip(rides, wishes, strict=True):
            named = self._naming.prepare(tx, ride, wish.document, days.day_at(now, ride.zone))
            same = [one for one in found if one and named and (one.trip_no, one.day, one.check) == _who(named)]
            if same:
                raise Refusal("document_used", field="document_number")
            found.append(named)
        return found

    def ride(self, tx: Connection, wish: Wish) -> Ride:
        """A ride at the price that was shown, if it can be booked now. Raises :class:`Refusal` as :meth:`book`."""
        ride = self._parts.timetable.ride(tx, wish.trip_no, wish.day, wish.from_idx, wish.to_idx)
        if (ride.price_minor, ride.currency) != (wish.price_minor, wish.currency):
            raise Refusal("offer_changed")
        now = self._parts.clock.wall_ms()
        if ride.departs_ms <= now:
            raise Refusal("departed")
        if ride.departs_ms > now + BOOKABLE_MS:
            raise Refusal("not_bookable")
        return ride

    def fare(self, tx: Connection, ride: Ride, wish: Wish, proved: bool = True) -> Fare:
        """What the rider pays now. Raises :class:`Refusal`: ``rider_unknown``, ``rider_not_here``, ``proof_needed``."""
        today = days.day_at(self._parts.clock.wall_ms(), ride.zone)
        if not proved:
            return self._parts.office.unproved(tx, ride, wish.rider, today)
        return self._parts.office.fare_for(tx, ride, wish.rider, wish.proof, today)

    def _ticket(self, tx: Connection, seller: Seller, booking_id: str, proofs: Mapping[int, str]) -> int:
        found, now = bookings.find(tx, booking_id, seller.seller_no), self._parts.clock.wall_ms()
        if found.state == TICKETED:
            return found.booking_no
        if found.state != HELD or now >= found.expires_ms:
            raise bookings.over(LAPSED if found.state == HELD else found.state)
        if any(item.departs_ms <= now for item in found.items):
            raise Refusal("departed")
        found = self._proofs.seen(tx, found, proofs)
        check_credit(tx, seller, found.totals)
        info = self._parts.own.open(tx)
        if any(item.epoch != info.epoch for item in found.items):
            raise bookings.over(LAPSED)  # what it held went with the log that held it
        self._sell(tx, info, found)
        bookings.set_state(tx, found.booking_no, TICKETED)
        return found.booking_no

    def _sell(self, tx: Connection, info: NodeInfo, found: Booking) -> None:
        first = self._parts.office.last_serial(tx, info.node_no, info.epoch) + 1
        items = [
            replace(item, ticket_id=TicketId(info.node_no, info.epoch, first + item.idx).to_bytes())
            for item in found.items
        ]
        named = [replace(bookings.traveller_of(item.named), serial=first + item.idx) for item in items if item.named]
        for one in named:
            self._naming.check_unused(tx, one)  # a counter may have sold to the same document since
        sold: list[Event] = [sale_of(item, found.seller_no) for item in items]
        for item, time in zip(items, self._parts.own.record(tx, info, [*sold, *named]), strict=False):
            values = {"ticket_id": item.ticket_id, "sold_ms": hlc.wall_ms_of(time), "proof": item.proof}
            bookings.set_item(tx, item, **values, supersedes=bookings.superseded(tx, item))

    def _let_go(self, tx: Connection, found: Booking, state: str) -> None:
        """Return what a booking holds. Grants of a log that ended are held for ever: its end is not known."""
        info = self._parts.own.open(tx)
        back = [event for item in found.items if item.epoch == info.epoch for event in self.returned(tx, item)]
        if back:
            self._parts.own.record(tx, info, back)
        bookings.set_state(tx, found.booking_no, state)

    def returned(self, tx: Connection, item: Item) -> list[Event]:
        """The place goes back to the hub; a lap is nobody's place, and only promised no more."""
        if item.seat == LAP:
            self._parts.seats.free_lap(tx, (item.trip_no, item.day), item.from_idx, item.to_idx)
            return []
        return [return_of(item)]

    def good(self, tx: Connection, found: Booking, idx: int) -> Item:
        """A ticket that can still be given back. Raises as :meth:`refund`."""
        item = next((item for item in found.items if item.idx == idx), None)
        if item is None or item.ticket_id is None or item.sold_ms is None:
            raise Refusal("ticket_unknown", status=404)
        if item.refunded_ms is not None:
            raise Refusal("refund_done")
        if item.epoch != self._parts.own.open(tx).epoch:
            raise Refusal("refund_past")
        if self._parts.boardings.has_boarded(tx, item.ticket_id):
            raise Refusal("refund_boarded")
        return item

    def refund_agreed(self, tx: Connection, booking_id: str, idx: int) -> RefundOffer:
        """Give a ticket back that only the network's operator may agree to, whoever sold it, for what it costs now.

        Raises :class:`Refusal`: ``booking_unknown``, and as :meth:`refund_offer`.
        """
        found = bookings.find(tx, booking_id)
        offer = self.refund_offer(tx, found, idx, agreed=True)
        self._give_back(tx, found.seller_no, offer)
        return offer

    def refund_offer(self, tx: Connection, found: Booking, idx: int, agreed: bool = False) -> RefundOffer:
        """What one ticket would cost to give back now; ``agreed``: the operator has looked at it. Raises as :meth:`refund`."""
        item = self.good(tx, found, idx)
        agency_no, zone = self._parts.timetable.operator(tx, item.trip_no)
        published = self._parts.office.published_refund_rules(tx)
        given = rules.refund_rules(published, agency_no, days.day_at(item.sold_ms or 0, zone))
        left_ms = item.departs_ms - self._parts.clock.wall_ms()
        fault = self._parts.faults.fault_of(tx, item.ticket_id or b"", item.trip_no, item.day)
        reason = rules.reason_index(fault) if fault else PASSENGER
        offer = rules.refund_offer(given, item.price_minor, item.currency, reason, left_ms, True, bool(fault))
        if offer.second and not agreed:
            raise Refusal("refund_by_operator")
        return RefundOffer(item, offer.fee_minor, offer.refunded_minor, offer.rule, reason)

    def _refund(self, tx: Connection, seller: Seller, booking_id: str, idx: int, fee_minor: int) -> int:
        found = bookings.find(tx, booking_id, seller.seller_no)
        offer = self.refund_offer(tx, found, idx)
        if offer.fee_minor != fee_minor:
            raise Refusal("refund_fee_changed", field="fee_minor")
        self._give_back(tx, seller.seller_no, offer)
        return found.booking_no

    def _give_back(self, tx: Connection, seller_no: int, offer: RefundOffer) -> None:
        item = offer.item
        back: list[Event] = [
            TicketRefunded(
                item.ticket_id or b"", *item.ride, item.seat, offer.fee_minor, offer.refunded_minor, item.currency,
                ACCOUNT, offer.reason, offer.rule, seller_no, True,
            ),
            *self.returned(tx, item),
        ]  # fmt: skip
        times = self._parts.own.record(tx, self._parts.own.open(tx), back)
        values = {"refunded_minor": offer.refunded_minor, "fee_minor": offer.fee_minor, "rule": offer.rule}
        bookings.set_item(tx, item, **values, refunded_ms=hlc.wall_ms_of(times[0]))


def check_credit(tx: Connection, seller: Seller, totals: dict[str, int]) -> None:
    """Refuse (``credit_short``) what would lift a seller's debt above its limit, in any currency."""
    owed = {line.currency: line.owed_minor for line in accounts.balances(tx, seller.seller_no)}
    for currency, total in totals.items():
        if owed.get(currency, 0) + total > seller.limit_minor:
            raise Refusal("credit_short")


def _who(named: TravellerNamed) -> tuple[int, int, bytes]:
    return named.trip_no, named.day, named.check
