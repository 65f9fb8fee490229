"""Exchanging a ticket for another ride on the seller's account: the old one void, the new one issued, in one commit or not
at all. By the rules of the day of the old one's sale, as at a counter."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection

from cloud.domains.sellers.books import bookings
from cloud.domains.sellers.books.accounts import Seller
from cloud.domains.sellers.books.bookings import Booking, Item
from cloud.domains.sellers.books.places import place_of, sale_of
from cloud.domains.sellers.service import Once, Parts, Selling, Wish, check_credit
from cloud.kernel.ports import ExchangeAsked, ExchangeTerms, Fare, Ride
from sync.domains.ticketing.events import ACCOUNT, PROOFS, REBOOKED, TicketRebooked, TicketRefunded
from sync.kernel import days, hlc
from sync.kernel.errors import Refusal
from sync.kernel.ticket import RIDERS, TicketId


@dataclass(frozen=True, slots=True)
class ExchangeOffer:
    """What exchanging one ticket for a ride costs now."""

    item: Item
    ride: Ride
    terms: ExchangeTerms

    @property
    def due_minor(self) -> int:
        """What the seller's account is charged; below 0: gets back."""
        return self.terms.price_minor - self.terms.back_minor


class Exchanges:
    """Exchanges at the hub. Every method is part of the caller's transaction."""

    def __init__(self, parts: Parts, selling: Selling) -> None:
        self._parts, self._selling = parts, selling

    def offer(self, tx: Connection, found: Booking, idx: int, wish: Wish) -> ExchangeOffer:
        """What exchanging one ticket for another ride would cost now; nothing is changed.

        Raises :class:`Refusal` as :meth:`Selling.refund_offer` and :meth:`Office.exchange_terms`, ``rebook_same``,
        ``exchange_named`` (it is given back and booked anew), and what a booking of that ride would raise.
        """
        item = self._selling.good(tx, found, idx)
        ride = self._selling.ride(tx, wish)
        line = (ride.agency_no, ride.route_no, ride.route_type, days.day_at(self._parts.clock.wall_ms(), ride.zone))
        if item.named or self._parts.office.demands_name(tx, *line):
            raise Refusal("exchange_named")
        if item.ride == (ride.trip_no, ride.day, ride.from_idx, ride.to_idx):
            raise Refusal("rebook_same")
        timetable = self._parts.timetable
        fault = self._parts.faults.fault_of(tx, item.ticket_id or b"", item.trip_no, item.day)
        _, zone = timetable.operator(tx, item.trip_no)
        fare = self._selling.fare(tx, ride, replace(wish, rider=RIDERS[item.rider], proof=PROOFS[item.proof]))
        asked = ExchangeAsked(
            item.ticket_id or b"", days.day_at(item.sold_ms or 0, zone),
            (timetable.way(tx, item.trip_no), timetable.way(tx, ride.trip_no)), (item.price_minor, fare.minor),
            item.departs_ms - self._parts.clock.wall_ms(), fault,
        )  # fmt: skip
        return ExchangeOffer(item, ride, self._parts.office.exchange_terms(tx, asked))

    def exchange(
        self, tx: Connection, seller: Seller, booking_id: str, idx: int, wish: Wish, due_minor: int, once: Once
    ) -> Booking:
        """Take the offer that was shown: ``due_minor`` is still what changes hands, or nothing happens. The new ticket is
        another place of the same booking. The same ``once`` again gives the same booking.

        Raises :class:`Refusal` as :meth:`offer`, and ``rebook_due_changed``, ``credit_short``, ``no_seat``, ``seat_taken``,
        ``free_children_full``.
        """
        return self._selling.once(
            tx, seller, once, lambda: self._exchange(tx, seller, booking_id, idx, wish, due_minor)
        )

    def _exchange(self, tx: Connection, seller: Seller, booking_id: str, idx: int, wish: Wish, due_minor: int) -> int:
        found = bookings.find(tx, booking_id, seller.seller_no)
        offer = self.offer(tx, found, idx, wish)
        if offer.due_minor != due_minor:
            raise Refusal("rebook_due_changed")
        item, ride, terms, info = offer.item, offer.ride, offer.terms, self._parts.own.open(tx)
        check_credit(tx, seller, {item.currency: max(due_minor, 0)})
        serial = self._parts.office.last_serial(tx, info.node_no, info.epoch) + 1
        old_id, who = item.ticket_id or b"", (seller.seller_no, True)
        said = TicketRebooked(old_id, serial, terms.fee_minor, terms.reason, terms.rule, terms.times, *who)
        back = TicketRefunded(
            old_id, *item.ride, item.seat, terms.fee_minor, terms.back_minor, item.currency, ACCOUNT, REBOOKED, terms.rule,
            *who,
        )  # fmt: skip
        gone = self._parts.own.record(tx, info, [said, back, *self._selling.returned(tx, item)])
        values = {"refunded_minor": terms.back_minor, "fee_minor": terms.fee_minor, "rule": terms.rule}
        bookings.set_item(tx, item, **values, refunded_ms=hlc.wall_ms_of(gone[0]))
        fare = Fare(terms.price_minor, item.rider, item.proof)
        (grant,) = self._parts.seats.take(tx, info, [place_of(ride, fare, wish.seat)])
        fresh = bookings.item(found.booking_no, len(found.items), grant, info.epoch, ride, fare)
        sold = replace(fresh, ticket_id=TicketId(info.node_no, info.epoch, serial).to_bytes())
        (time,) = self._parts.own.record(tx, info, [sale_of(sold, seller.seller_no)])
        bookings.add_items(tx, [fresh])
        sale = {"ticket_id": sold.ticket_id, "sold_ms": hlc.wall_ms_of(time)}
        bookings.set_item(tx, sold, **sale, supersedes=bookings.superseded(tx, sold))
        return found.booking_no
