"""Several riders, several legs, extras: one payment, one receipt, and all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from edge.domains.inventory.service import Inventory
from edge.domains.ticketing import store
from edge.domains.ticketing.office import booked
from edge.domains.ticketing.office.booked import ExtraRow, RiderRow
from edge.domains.ticketing.office.fares import Fare, Fares
from edge.domains.ticketing.office.shown import Booking, Extra, Order, Ticket
from edge.domains.ticketing.office.travellers import ShownDocument, Travellers
from edge.domains.ticketing.service import Ticketing, check_key
from edge.domains.timetable.service import Ride
from edge.kernel.database import Database
from edge.kernel.scribe import Scribe, UnitOfWork
from sync.domains.inventory.rules import LAP
from sync.domains.ticketing import rules
from sync.domains.ticketing.events import CASH, CHANNELS, COUNTER, BookingSold, TravellerNamed
from sync.domains.ticketing.office import fares as fare_rules
from sync.domains.ticketing.office.bookings import check_shape
from sync.domains.ticketing.operations import SealingKey
from sync.kernel.errors import Refusal
from sync.kernel.seal import Sealer
from sync.kernel.ticket import RIDERS

RideKey = tuple[int, int, int, int]
# One a ticket: what names its traveller.
Names = tuple[TravellerNamed | None, ...]
# What keeps one leg of a journey from being sold here.
_NOT_HERE = frozenset({"no_seat", "seat_taken", "grant_past"})


@dataclass(frozen=True)
class Rider:
    """Who wants to ride: one of RIDERS, with the proof that was seen (of PROOFS), the seat wanted on each leg (missing
    or None: the box chooses), and the document where a line wants a name."""

    rider: str = RIDERS[0]
    seats: tuple[int | None, ...] = ()
    proof: str = ""
    document: ShownDocument | None = None


@dataclass(frozen=True)
class Wish:
    """A booking as it is asked for. ``legs`` are (trip_no, day, from_idx, to_idx) in order; ``extras`` code → how many."""

    legs: tuple[RideKey, ...]
    riders: tuple[Rider, ...]
    extras: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Line:
    """One rider on one ride, with what that costs. ``leg`` counts from 0; ``seat`` None: the box chooses."""

    leg: int
    ride: Ride
    seat: int | None
    fare: Fare


@dataclass(frozen=True)
class Quote:
    """What a booking costs now."""

    lines: tuple[Line, ...]
    extras: tuple[ExtraRow, ...]
    total_minor: int
    currency: str


@dataclass(frozen=True)
class _Sold:
    """What was written of a booking; ``together``: of more than one plain ticket."""

    rows: list[store.SoldRow]
    together: BookingSold | None


class Bookings:
    """Bookings of a node."""

    def __init__(
        self,
        database: Database,
        scribe: Scribe,
        inventory: Inventory,
        fares: Fares,
        ticketing: Ticketing,
        travellers: Travellers,
        connects: Callable[[Ride, Ride], bool],
    ) -> None:
        self._database, self._scribe, self._inventory = database, scribe, inventory
        self._fares, self._ticketing, self._travellers, self._connects = fares, ticketing, travellers, connects

    def quote(self, wish: Wish, proved: bool = True) -> Quote:
        """What ``wish`` costs now; nothing is changed. ``proved`` False: the proofs of concessions are not asked for.

        Raises :class:`Refusal`: ``booking_riders``, ``booking_legs``, ``child_needs_adult``, ``legs_apart``,
        ``currencies_differ``, ``extra_unknown``, ``extra_count``, and as :meth:`Ticketing.for_sale` and :meth:`Fares.of`.
        """
        check_shape(len(wish.legs), [one.rider for one in wish.riders])
        rides = [self._ticketing.for_sale(*leg) for leg in wish.legs]
        self._check_journey(rides)
        lines = tuple(self._line(leg, ride, one, proved) for leg, ride in enumerate(rides) for one in wish.riders)
        given, currency = self._fares.rules(rides[0].trip_no), rides[0].currency
        extras = tuple(
            ExtraRow(code, count, fare_rules.extra_minor(given, code, count, currency))
            for code, count in sorted(dict(wish.extras).items())
        )
        total = sum(line.fare.minor for line in lines) + sum(extra.price_minor for extra in extras)
        return Quote(lines, extras, total, currency)

    def hold(self, wish: Wish, channel: str) -> Order:
        """Keep a seat for each rider on each leg until somebody has paid. At a kiosk nobody looks at a proof yet: whoever takes
        the money does. Raises as :meth:`quote`, and ``no_seat``,
        ``seat_taken``, ``free_children_full``; ``leg_not_here`` for a leg of a journey."""
        quote = self.quote(wish, proved=channel != "kiosk")
        order_no = self._scribe.record(lambda unit: self._hold(unit, quote, CHANNELS.index(channel)))
        return self._ticketing.order_view(order_no)

    def sell(self, wish: Wish, clerk_no: int, key: str, tendered_minor: int | None = None) -> Booking:
        """Sell across the counter; durable when this returns. The same ``key`` again gives the same booking.

        Raises as :meth:`hold`, and ``key_form``, ``cash_short``, and as :meth:`Travellers.prepare` and :meth:`Travellers.add`.
        """
        check_key(key)
        known = store.serial_of_key(self._database.read(), key)
        if known is None:
            quote = self.quote(wish)
            names = self._named([line.ride for line in quote.lines], [one.document for one in wish.riders])

            def work(unit: UnitOfWork) -> _Sold | tuple[int, int | None]:
                again = store.serial_of_key(unit.connection, key)
                if again is not None:
                    return again
                sold = self._record(unit, quote, names, clerk_no, COUNTER, tendered_minor)
                store.keep_key(unit.connection, key, sold.rows[0].event.serial)
                return sold

            done = self._scribe.record(work)
            if isinstance(done, _Sold):
                tickets = map(self._ticketing.just_sold, done.rows, [line.ride for line in quote.lines], names)
                return self._shown(tuple(tickets), done.together)
            known = done
        return self._booking(*known)

    def pay(
        self, order_no: int, clerk_no: int, tendered_minor: int | None = None,
        documents: Sequence[ShownDocument | None] = (), proofs: Sequence[str] = (),
    ) -> Booking:  # fmt: skip
        """The cash for an order is here, of one rider or of several: sell. Paying a sold order again gives the same booking.

        ``documents``: one a rider, where the line wants names; ``proofs``: one a rider, of those who held a concession at a
        kiosk. Raises :class:`Refusal`: ``no_such_order``,
        ``order_cancelled``, ``seat_taken``, ``no_seat``, ``cash_short``, and as :meth:`Travellers.prepare`.
        """
        order, names = self._ticketing.order_view(order_no), None
        if order.state == "waiting":
            rides = [one.ride for one in order.riders] or [order.ride]
            names = self._named(rides, documents)
        first = self._scribe.record(
            lambda unit: self.sell_order(unit, order_no, clerk_no, tendered_minor, CASH, names, proofs)
        )
        return self._booking(*first)

    def find(self, number: str) -> Booking:
        """The booking of a ticket, by number or code; a ticket sold by itself is a booking of one. Raises as
        :meth:`Ticketing.find`."""
        found = self._ticketing.find(number)
        return self._booking(found.ticket_id.serial, found.ticket_id.epoch if found.past else None)

    def _check_journey(self, rides: Sequence[Ride]) -> None:
        if any(not self._connects(one, other) for one, other in pairwise(rides)):
            raise Refusal("legs_apart", status=422, field="legs")
        if len({ride.currency for ride in rides}) > 1:
            raise Refusal("currencies_differ", status=422, field="legs")

    def _named(self, rides: Sequence[Ride], documents: Sequence[ShownDocument | None]) -> Names:
        """What names the traveller of each ticket: riders in turn, leg by leg. ``documents`` has one a rider at most."""
        riders = sum(ride.where == rides[0].where for ride in rides)
        shown = [*documents, *[None] * riders][:riders]
        sealers: dict[SealingKey, Sealer] = {}
        return tuple(
            self._travellers.prepare(ride.trip_no, ride.day, shown[place % riders], sealers)
            for place, ride in enumerate(rides)
        )

    def _line(self, leg: int, ride: Ride, one: Rider, proved: bool) -> Line:
        fare = self._fares.of(ride, one.rider, one.proof) if proved else self._fares.unproved(ride, one.rider)
        seat = one.seats[leg] if leg < len(one.seats) else None
        return Line(leg, ride, LAP if fare.rider == fare_rules.CHILD_FREE else seat, fare)

    def _hold(self, unit: UnitOfWork, quote: Quote, channel: int) -> int:
        connection, first = unit.connection, quote.lines[0].ride
        order_no = self._ticketing.add_order(unit, first, quote.total_minor, channel)
        rows = []
        for item, (line, seat) in enumerate(zip(quote.lines, self._seats(unit, quote), strict=True)):
            where = line.ride.where
            self._inventory.hold(connection, order_no, where, seat, item)
            rows.append(RiderRow(*where, seat, line.fare.rider, line.fare.proof, line.fare.minor))
        booked.keep_riders(connection, order_no, rows)
        booked.keep_extras(connection, order_no, quote.extras)
        return order_no

    def sell_order(
        self, unit: UnitOfWork, order_no: int, clerk_no: int, tendered_minor: int | None, payment: int = CASH,
        names: Names | None = None, proofs: Sequence[str] = (),
    ) -> tuple[int, int | None]:  # fmt: skip
        """As :meth:`pay`, in the caller's transaction: the first serial, and epoch of its log (None: the present one)."""
        riders = booked.riders_of(unit.connection, order_no)
        if not riders:
            one_name = names[0] if names else None
            return self._ticketing.sell_order(unit, order_no, clerk_no, tendered_minor, payment, one_name)
        row = self._ticketing.order_row(unit, order_no)
        if row.serial is not None:
            return row.serial, row.epoch
        if row.state == "cancelled":
            raise Refusal("order_cancelled")
        # Seats and prices are what the passengers were shown, also where the timetable has changed since.
        lines = []
        people = sum(one.where == riders[0].where for one in riders)
        for place, one in enumerate(riders):
            ride = replace(self._ticketing.for_sale(*one.where), currency=row.currency)
            proof = one.proof or self._fares.proof(ride, one.rider, [*proofs, *[""] * people][place % people])
            lines.append(Line(0, ride, one.seat or None, Fare(one.rider, proof, one.price_minor, "")))
        quote = Quote(tuple(lines), tuple(booked.extras_of(unit.connection, order_no)), row.price_minor, row.currency)
        names = names or (None,) * len(lines)
        sold = self._record(unit, quote, names, clerk_no, row.channel, tendered_minor, order_no, payment)
        first = sold.rows[0].event.serial
        store.set_order(unit.connection, order_no, "sold", first)
        self._inventory.release(unit.connection, order_no)
        return first, None

    def _record(
        self, unit: UnitOfWork, quote: Quote, names: Names, clerk_no: int, channel: int, tendered_minor: int | None,
        own_hold: int = 0, payment: int = CASH,
    ) -> _Sold:  # fmt: skip
        """A ticket a line, and the booking behind them unless one plain ticket says it all."""
        if tendered_minor is not None:
            rules.change_minor(quote.total_minor, tendered_minor)
        rows = []
        for line, seat, named in zip(quote.lines, self._seats(unit, quote, own_hold), names, strict=True):
            rows.append(self._ticketing.record(unit, line.ride, seat, line.fare, named, clerk_no, channel, payment))
        if len(rows) == 1 and not quote.extras:
            return _Sold(rows, None)
        together = BookingSold(
            rows[0].event.serial, len(rows), quote.total_minor, quote.currency, payment, clerk_no, channel,
            tuple((extra.code, extra.count, extra.price_minor) for extra in quote.extras),
        )  # fmt: skip
        unit.append(together)
        return _Sold(rows, together)

    def _seats(self, unit: UnitOfWork, quote: Quote, own_hold: int = 0) -> list[int]:
        """A seat a line, of all that is open; nobody has them before their sale is recorded."""
        found = [0] * len(quote.lines)
        together: dict[RideKey, list[int]] = {}
        for place, line in enumerate(quote.lines):
            together.setdefault(line.ride.where, []).append(place)
        for where, places in together.items():
            line, wishes = quote.lines[places[0]], [quote.lines[place].seat for place in places]
            try:
                taken = self._inventory.take_all(unit.connection, where, line.ride.seat_kind, wishes, own_hold)
            except Refusal as refusal:
                raise _of_leg(refusal, quote, line) from None
            for place, seat in zip(places, taken, strict=True):
                found[place] = seat
        return found

    def _booking(self, serial: int, epoch: int | None) -> Booking:
        event = booked.booking_of(self._database.read(), serial, epoch)
        first, count = (event.first_serial, event.count) if event else (serial, 1)
        return self._shown(tuple(self._ticketing.ticket(first + n, epoch) for n in range(count)), event)

    def _shown(self, tickets: tuple[Ticket, ...], event: BookingSold | None) -> Booking:
        names = {code: names for code, _, names in self._fares.rules(tickets[0].ride.trip_no).extras} if event else {}
        extras = tuple(
            Extra(code, names.get(code, {"en": code}), *both) for code, *both in (event.extras if event else ())
        )
        total = event.total_minor if event else tickets[0].price_minor
        return Booking(tickets, extras, total, tickets[0].currency)


def _of_leg(refusal: Refusal, quote: Quote, line: Line) -> Refusal:
    """Of a journey, which of its legs this box can't sell: none of it is sold then."""
    if refusal.code not in _NOT_HERE or quote.lines[-1].leg == 0:
        return refusal
    return Refusal("leg_not_here", status=refusal.status, field="legs", leg=line.leg + 1)
